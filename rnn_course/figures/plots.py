"""The plots that chapters share: functions that take data and return matplotlib's Axes.

Each draws into `ax`, or into a new figure if there is none; none calls `plt.show()`. The background
is white whatever the page's theme. `unfolded` draws a network, `learning_curves` its training,
`accuracies` and `confusion_matrix` its results; `alt` describes a figure in words.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes

from rnn_course.figures.alternative import alt
from rnn_course.figures.confusion import confusion_counts, confusion_matrix
from rnn_course.figures.curves import by_name, every_seed, learning_curves
from rnn_course.figures.drawing import unfolded
from rnn_course.figures.style import (
    COLOURS,
    DASHES,
    INK,
    NETWORKS,
    PALE,
    SIZE,
    Style,
    name_axes,
    styles,
    white_axes,
)

__all__ = [
    "COLOURS",
    "DASHES",
    "NETWORKS",
    "accuracies",
    "alt",
    "confusion_counts",
    "confusion_matrix",
    "dots",
    "every_seed",
    "learning_curves",
    "seeds",
    "seeds_and_line",
    "styles",
    "unfolded",
]


def accuracies(
    results: Mapping[str, Sequence[float]],
    baselines: Mapping[str, float] | None = None,
    ax: Axes | None = None,
    *,
    xlabel: str = "accuracy (share correct)",
) -> Axes:
    """Draw shares between 0 and 1 as `dots`.

    Raises:
        ValueError: If something is empty or not a share; the message names it.
    """
    results = {
        name: [_share(f"results[{name!r}][{seed}]", value) for seed, value in enumerate(seeds)]
        for name, seeds in by_name("results", results).items()
    }
    baselines = {
        name: _share(f"baselines[{name!r}]", value) for name, value in (baselines or {}).items()
    }
    return dots(results, baselines, ax, xlabel=xlabel)


def seeds(
    ax: Axes,
    place: float,
    values: Sequence[float],
    style: Style,
    *,
    label: str = "",
    mark: str = "o",
    size: float = 7,
    spread: float = 0.18,
    upright: bool = False,
    mean: bool = True,
) -> None:
    """Draw one dot per seed and a bar at their mean, in the row at height `place`.

    The dots are spread by up to `spread` to either side so that they do not hide one another.
    `upright` makes the row a column at x = `place`. `label` is hidden from legends.
    """
    aside = place + np.linspace(-spread, spread, len(values) + 2)[1:-1]
    bar = [place - 0.3, place + 0.3], [float(np.mean(values))] * 2
    points = aside, values
    ax.plot(
        *(points if upright else points[::-1]),
        mark,
        color=style.colour,
        alpha=0.7,
        markersize=size,
        markeredgewidth=0,
        label=f"_{label}",
    )
    if mean:
        ax.plot(*(bar if upright else bar[::-1]), color=INK, linewidth=2.2, label=f"_{label}, mean")


def seeds_and_line(
    ax: Axes,
    found: Mapping[int, Sequence[float]],
    middle: Callable[[Sequence[float]], float],
    style: Style,
    *,
    label: str,
    shift: float = 1.0,
) -> None:
    """Draw a dot per seed above each place, and a line through the `middle` of the seeds.

    `found` has the seeds for each place on the x axis; `shift` multiplies the places, so that the
    dots of several names do not hide one another on a logarithmic scale.
    """
    for place, values in found.items():
        seeds(
            ax,
            place * shift,
            values,
            style,
            label=f"{label}, {place}",
            mark=style.mark,
            size=5,
            spread=0,
            upright=True,
            mean=False,
        )
    ax.plot(
        [place * shift for place in found],
        [middle(values) for values in found.values()],
        style.mark + style.dashes,
        color=style.colour,
        linewidth=2,
        label=label,
        markersize=7,
        markerfacecolor="none",
    )


def dots(
    results: Mapping[str, Sequence[float]],
    baselines: Mapping[str, float] | None = None,
    ax: Axes | None = None,
    *,
    xlabel: str,
    spec: str = ".3f",
    log: bool = False,
) -> Axes:
    """Draw for each name one dot per seed and their mean, and a line for each baseline.

    Each name has a row; baselines (or ceilings) come last. On the right is the mean, with the
    lowest and highest in brackets, formatted by `spec`. `log` makes the scale logarithmic.

    Raises:
        ValueError: If there is nothing to draw, or a baseline has the name of a result.
    """
    results, baselines = by_name("results", results), dict(baselines or {})
    if both := sorted(set(results) & set(baselines)):
        raise ValueError(f"baselines: expected names that are not in results, got {both[0]!r}")
    names = [*results, *baselines]
    ax = white_axes(ax, 6, 1.1 + 0.48 * len(names))
    numbers = []
    for row, (name, style) in enumerate(styles(results).items()):
        values = results[name]
        seeds(ax, row, values, style, label=name)
        ends = f" ({min(values):{spec}}–{max(values):{spec}})" if len(values) > 1 else ""
        numbers.append(f"{float(np.mean(values)):{spec}}{ends}")
    for row, (name, value) in enumerate(baselines.items(), start=len(results)):
        ax.axvline(
            value, color=PALE, linestyle="--", linewidth=1.2, zorder=0, label=f"_{name}, line"
        )
        ax.plot([value], [row], "D", color=PALE, markersize=7, label=f"_{name}")
        numbers.append(f"{value:{spec}}")
    if log:
        ax.set_xscale("log")
    ax.set_yticks(range(len(names)), names)
    ax.set_ylim(len(names) - 0.4, -0.6)
    right = ax.secondary_yaxis("right")
    right.set_yticks(range(len(names)), numbers)
    right.tick_params(length=0, colors=INK, labelsize=SIZE - 1)
    right.spines["right"].set_visible(False)
    name_axes(ax, f"{xlabel}\ndot: a seed, bar: their mean", "")
    return ax


def _share(name: str, value: float) -> float:
    value = float(value)
    if not 0 <= value <= 1:
        raise ValueError(f"{name}: expected a share between 0 and 1, got {value!r}")
    return value

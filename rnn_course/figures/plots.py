"""The plots that chapters share: functions that take data and return matplotlib's Axes.

Each draws into `ax`, or into a new figure if there is none; none calls `plt.show()`. The background
is white whatever the page's theme. `unfolded` draws a network, `learning_curves` its training,
`accuracies` and `confusion_matrix` its results; `alt` describes a figure in words.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from rnn_course import checks
from rnn_course.figures.alternative import alt
from rnn_course.figures.confusion import confusion_counts, confusion_matrix
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


def learning_curves(
    runs: Mapping[str, Sequence[Any]],
    ax: Axes | None = None,
    *,
    values: str = "loss",
    xlabel: str | None = None,
    ylabel: str | None = None,
    smooth: int = 1,
    spread: str = "range",
    log: bool = False,
) -> Axes:
    """Draw for each name the mean over its seeds, their spread as a band, and each seed faintly.

    Mean and band end with the shortest curve.

    Args:
        runs: For each name one entry per seed: a sequence of numbers, or a `History`.
        values: Which numbers of a `History`: "loss" and "grad_norm" are per step, "valid_loss" and
            "valid_metric" per epoch.
        smooth: The number of values in a moving average, which is drawn at the last of them.
        spread: "range" (lowest to highest) or "sd" (one sample standard deviation).

    Raises:
        ValueError: If something is empty, not finite or too short to smooth, or is not one of the
            choices; the message names it.
    """
    runs = _by_name("runs", runs)
    checks.positive("smooth", smooth)
    checks.one_of("spread", spread, ("range", "sd"))
    ax = white_axes(ax, 6, 4)
    for name, style in styles(runs).items():
        entries = runs[name]
        curves = [
            _curve(f"runs[{name!r}][{seed}]", entry, values, smooth)
            for seed, entry in enumerate(entries)
        ]
        for curve in curves:
            ax.plot(
                smooth + np.arange(len(curve)),
                curve,
                color=style.colour,
                alpha=0.3,
                linewidth=0.8,
                label=f"_{name}",
            )
        common = np.stack([curve[: min(map(len, curves))] for curve in curves])
        steps, mean = smooth + np.arange(common.shape[1]), common.mean(0)
        ax.plot(
            steps,
            mean,
            style.dashes,
            color=style.colour,
            linewidth=2.2,
            label=f"{name}, {len(curves)} seed{'' if len(curves) == 1 else 's'}",
        )
        if len(curves) > 1:
            sd = common.std(0, ddof=1)
            low, high = (
                (common.min(0), common.max(0)) if spread == "range" else (mean - sd, mean + sd)
            )
            ax.fill_between(steps, low, high, color=style.colour, alpha=0.18, linewidth=0)
    if log:
        ax.set_yscale("log")
    band = "lowest to highest seed" if spread == "range" else "mean ± 1 standard deviation"
    several = any(len(entries) > 1 for entries in runs.values())
    legend = ax.legend(
        title=f"band: {band}" if several else None,
        frameon=False,
        labelcolor=INK,
        fontsize=SIZE - 1,
        title_fontsize=SIZE - 1,
    )
    legend.get_title().set_color(INK)
    xlabel = xlabel or ("epoch" if values.startswith("valid") else "step")
    ylabel = ylabel or values.replace("valid_", "validation ").replace("_", " ")
    name_axes(ax, xlabel if smooth == 1 else f"{xlabel} (means over the last {smooth})", ylabel)
    return ax


def _by_name(argument: str, runs: Mapping[str, Iterable[Any]]) -> dict[str, list[Any]]:
    """A list of the seeds of each name."""
    if not isinstance(runs, Mapping) or not runs:
        raise ValueError(f"{argument}: expected {{name: [one entry per seed]}}, got {runs!r}")
    for name, entries in runs.items():
        if isinstance(entries, str) or not isinstance(entries, Iterable):
            raise TypeError(
                f"{argument}[{name!r}]: expected a list with an entry per seed, "
                f"got {type(entries).__name__}"
            )
    found = {name: list(entries) for name, entries in runs.items()}
    for name, entries in found.items():
        if not entries:
            raise ValueError(f"{argument}[{name!r}]: expected at least one seed, got none")
    return found


def _curve(name: str, entry: Any, values: str, smooth: int) -> np.ndarray:
    """The values of one seed, smoothed."""
    try:
        curve = np.asarray(getattr(entry, values, entry), dtype=float)
    except (TypeError, ValueError):
        raise TypeError(
            f"{name}: expected a sequence of numbers, or something that has them as "
            f".{values}, got {type(entry).__name__}"
        ) from None
    if curve.ndim != 1 or len(curve) < smooth:
        raise ValueError(
            f"{name}: expected a sequence of at least {smooth} numbers (smooth), "
            f"got shape {curve.shape}"
        )
    if not np.isfinite(curve).all():
        first = int(np.flatnonzero(~np.isfinite(curve))[0])
        raise ValueError(f"{name}: expected finite numbers, got {curve[first]} at index {first}")
    return np.convolve(curve, np.full(smooth, 1 / smooth), mode="valid")


def every_seed(ax: Axes, runs: Mapping[str, Sequence[Sequence[float]]], every: int) -> None:
    """Draw a thin line for each seed of each name: values after every `every` updates."""
    for name, style in styles(runs).items():
        for seed, values in enumerate(runs[name]):
            updates = every * (1 + np.arange(len(values)))
            label = name if seed == 0 else f"_{name}"
            ax.plot(updates, values, style.dashes, color=style.colour, linewidth=1.4, label=label)


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
        for name, seeds in _by_name("results", results).items()
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
    results, baselines = _by_name("results", results), dict(baselines or {})
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

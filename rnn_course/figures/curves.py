"""Learning curves: one name a network, one curve a seed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from rnn_course import checks
from rnn_course.figures.style import INK, SIZE, name_axes, styles, white_axes


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
    runs = by_name("runs", runs)
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


def by_name(argument: str, runs: Mapping[str, Iterable[Any]]) -> dict[str, list[Any]]:
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


def marked(
    ax: Axes, lines: Mapping[str, tuple[Sequence[float], Sequence[float]]], size: float = 6
) -> None:
    """Draw a line with a mark at each point for each name: its x and its y."""
    for name, style in styles(lines).items():
        ax.plot(
            *lines[name],
            style.dashes,
            marker=style.mark,
            markersize=size,
            color=style.colour,
            linewidth=1.8,
            label=name,
        )


def every_seed(ax: Axes, runs: Mapping[str, Sequence[Sequence[float]]], every: int) -> None:
    """Draw a thin line for each seed of each name: values after every `every` updates."""
    for name, style in styles(runs).items():
        for seed, values in enumerate(runs[name]):
            updates = every * (1 + np.arange(len(values)))
            label = name if seed == 0 else f"_{name}"
            ax.plot(updates, values, style.dashes, color=style.colour, linewidth=1.4, label=label)

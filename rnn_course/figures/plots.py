"""Figures: functions that take data and return matplotlib's Axes.

Each draws into `ax`, or into a new figure where there is none; none of them calls `plt.show()`. The
background is white whatever the page's theme; lines differ in their dashes as well as in colour.
`unfolded` draws a network, `learning_curves` its training, `accuracies` and `confusion_matrix`
what came of it; `alt` puts a figure in words.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch

from rnn_course import checks
from rnn_course.figures.drawing import COLOURS, INK, PALE, SIZE, name_axes, unfolded, white_axes

__all__ = [
    "COLOURS",
    "DASHES",
    "accuracies",
    "alt",
    "confusion_counts",
    "confusion_matrix",
    "dots",
    "learning_curves",
    "unfolded",
]

DASHES = ("-", "--", "-.", ":")


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
    """Draw for each name the mean over its seeds, their spread as a band, and each seed, faint.

    `runs[name]` has an entry a seed: a sequence of numbers, or a `History`, of which `values` is
    taken ("loss" and "grad_norm" a step, "valid_loss" and "valid_metric" an epoch). `smooth` is
    the number of values in a moving average, drawn at its last. `spread` is "range" (lowest to
    highest) or "sd" (one standard deviation, of the sample). Mean and band end with the shortest.

    Raises `ValueError` that names what is empty, not finite, too short to smooth, or no choice.
    """
    runs = _by_name("runs", runs)
    checks.positive("smooth", smooth)
    checks.one_of("spread", spread, ("range", "sd"))
    ax = white_axes(ax, 6, 4)
    for i, (name, entries) in enumerate(runs.items()):
        curves = [
            _curve(f"runs[{name!r}][{seed}]", entry, values, smooth)
            for seed, entry in enumerate(entries)
        ]
        colour, dashes = COLOURS[i % len(COLOURS)], DASHES[i % len(DASHES)]
        for curve in curves:
            ax.plot(
                smooth + np.arange(len(curve)),
                curve,
                color=colour,
                alpha=0.3,
                linewidth=0.8,
                label=f"_{name}",
            )
        common = np.stack([curve[: min(map(len, curves))] for curve in curves])
        steps, mean = smooth + np.arange(common.shape[1]), common.mean(0)
        ax.plot(
            steps,
            mean,
            dashes,
            color=colour,
            linewidth=2.2,
            label=f"{name}, {len(curves)} seed{'' if len(curves) == 1 else 's'}",
        )
        if len(curves) > 1:
            sd = common.std(0, ddof=1)
            low, high = (
                (common.min(0), common.max(0)) if spread == "range" else (mean - sd, mean + sd)
            )
            ax.fill_between(steps, low, high, color=colour, alpha=0.18, linewidth=0)
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
    """A list of its seeds for each name."""
    if not isinstance(runs, Mapping) or not runs:
        raise ValueError(f"{argument}: expected {{name: [one entry a seed]}}, got {runs!r}")
    for name, entries in runs.items():
        if isinstance(entries, str) or not isinstance(entries, Iterable):
            raise TypeError(
                f"{argument}[{name!r}]: expected a list with an entry a seed, "
                f"got {type(entries).__name__}"
            )
    found = {name: list(entries) for name, entries in runs.items()}
    for name, entries in found.items():
        if not entries:
            raise ValueError(f"{argument}[{name!r}]: expected at least one seed, got none")
    return found


def _curve(name: str, entry: Any, values: str, smooth: int) -> np.ndarray:
    """One seed's values, smoothed."""
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


def accuracies(
    results: Mapping[str, Sequence[float]],
    baselines: Mapping[str, float] | None = None,
    ax: Axes | None = None,
    *,
    xlabel: str = "accuracy (share correct)",
) -> Axes:
    """Draw for each name a dot a seed and their mean, and a line across for each baseline.

    Names stand on the left, one row each, baselines (or ceilings) below; at the right the mean with
    the lowest and highest in brackets. All numbers are shares between 0 and 1.

    Raises `ValueError` that names what is empty or no share.
    """
    results = {
        name: [_share(f"results[{name!r}][{seed}]", value) for seed, value in enumerate(seeds)]
        for name, seeds in _by_name("results", results).items()
    }
    baselines = {
        name: _share(f"baselines[{name!r}]", value) for name, value in (baselines or {}).items()
    }
    return dots(results, baselines, ax, xlabel=xlabel)


def dots(
    results: Mapping[str, Sequence[float]],
    baselines: Mapping[str, float] | None = None,
    ax: Axes | None = None,
    *,
    xlabel: str,
    spec: str = ".3f",
    log: bool = False,
) -> Axes:
    """`accuracies` of any numbers: of errors, or nats. `spec` formats those at the right."""
    results, baselines = _by_name("results", results), dict(baselines or {})
    if both := sorted(set(results) & set(baselines)):
        raise ValueError(f"baselines: expected names that results has not, got {both[0]!r}")
    names = [*results, *baselines]
    ax = white_axes(ax, 6, 1.1 + 0.48 * len(names))
    numbers = []
    for row, (name, seeds) in enumerate(results.items()):
        mean, colour = float(np.mean(seeds)), COLOURS[row % len(COLOURS)]
        heights = row + np.linspace(-0.18, 0.18, len(seeds) + 2)[1:-1]
        ax.plot(
            seeds,
            heights,
            "o",
            color=colour,
            alpha=0.7,
            markersize=7,
            markeredgewidth=0,
            label=f"_{name}",
        )
        ax.plot(
            [mean, mean], [row - 0.3, row + 0.3], color=INK, linewidth=2.2, label=f"_{name}, mean"
        )
        ends = f" ({min(seeds):{spec}}–{max(seeds):{spec}})" if len(seeds) > 1 else ""
        numbers.append(f"{mean:{spec}}{ends}")
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


def confusion_counts(truth: Sequence[int], predicted: Sequence[int], n: int) -> np.ndarray:
    """How often class i (row) was predicted as class j (column): (n, n) whole numbers.

    Raises `ValueError` for different lengths, none at all, or a class outside 0 … n-1.
    """
    pair = []
    for name, values in (("truth", truth), ("predicted", predicted)):
        found = np.asarray(values)
        if found.ndim != 1 or not len(found) or not np.issubdtype(found.dtype, np.integer):
            raise ValueError(
                f"{name}: expected a sequence of classes, not empty, got shape "
                f"{found.shape} of {found.dtype}"
            )
        if found.min() < 0 or found.max() >= n:
            raise ValueError(
                f"{name}: expected classes 0 … {n - 1} (one for each label), got "
                f"{found.min()} … {found.max()}"
            )
        pair.append(found)
    if len(pair[0]) != len(pair[1]):
        raise ValueError(
            f"predicted: expected as many classes as truth has, {len(pair[0])}, got {len(pair[1])}"
        )
    return np.bincount(pair[0] * n + pair[1], minlength=n * n).reshape(n, n)


def confusion_matrix(
    truth: Sequence[int], predicted: Sequence[int], labels: Sequence[str], ax: Axes | None = None
) -> Axes:
    """Draw of each true class (row) the share that was predicted as each class (column).

    A row's number of examples stands after its label; a class without any has a grey row. Up to
    8 classes, the shares are written in. The counts themselves: `confusion_counts`.

    Raises what `confusion_counts` raises.
    """
    counts = confusion_counts(truth, predicted, len(labels))
    n, examples = len(labels), counts.sum(1)
    empty = np.broadcast_to(examples[:, None] == 0, counts.shape)
    shares = np.ma.masked_array(counts / np.maximum(examples, 1)[:, None], empty)
    ax = white_axes(ax, 3.0 + max(2.4, 0.21 * n), 1.4 + max(2.4, 0.21 * n))
    image = ax.imshow(
        shares, vmin=0, vmax=1, cmap=mpl.colormaps["Blues"].with_extremes(bad="#DDDDDD")
    )
    ax.set_xticks(range(n), labels, rotation=90)
    ax.set_yticks(range(n), [f"{name} ({k})" for name, k in zip(labels, examples, strict=True)])
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    if n <= 8:
        for (i, j), share in np.ndenumerate(shares.filled(np.nan)):
            if share > 0:
                ax.text(
                    j,
                    i,
                    f"{share:.2f}",
                    ha="center",
                    va="center",
                    fontsize=SIZE - 3,
                    color="white" if share > 0.5 else INK,
                )
    bar = ax.figure.colorbar(image, ax=ax, shrink=0.7)
    bar.ax.tick_params(colors=INK, labelsize=SIZE - 1)
    bar.set_label("share of the true class", fontsize=SIZE, color=INK)
    name_axes(ax, "predicted", "true (number of examples)")
    return ax


def alt(figure: Axes | Figure) -> str:
    """A figure in words, for those who cannot see it: title, axes, and what each series shows."""
    if not isinstance(figure, Axes | Figure):
        raise TypeError(f"figure: expected Axes or a Figure, got {type(figure).__name__}")
    words: list[str] = []
    for ax in [figure] if isinstance(figure, Axes) else figure.axes:
        words += [ax.get_title()]
        words += [
            f"{which}: {text}"
            for which, text in (("across", ax.get_xlabel()), ("upwards", ax.get_ylabel()))
            if text
        ]
        words += [
            f"{line.get_label()}: from {line.get_ydata()[0]:.3g} to {line.get_ydata()[-1]:.3g}"
            for line in ax.lines
            if not line.get_label().startswith("_") and len(line.get_ydata())
        ]
        names = [text.get_text() for text in ax.get_yticklabels()]
        for right in ax.child_axes:  # the numbers beside `accuracies`
            numbers = [text.get_text() for text in right.get_yticklabels()]
            words += [f"{name}: {number}" for name, number in zip(names, numbers, strict=False)]
        for image in ax.images:  # `confusion_matrix`
            diagonal = np.ma.diagonal(image.get_array())
            words += [
                f"{name}, predicted rightly: {share:.2f}"
                for name, share in zip(names, diagonal, strict=False)
                if share is not np.ma.masked
            ]
        edges: dict[str, list[str]] = {}
        for arrow in ax.patches:  # `unfolded`
            if isinstance(arrow, FancyArrowPatch) and arrow.get_gid():
                edges.setdefault(arrow.get_gid(), []).append(arrow.get_label())
        words += [f"edges {letters}: {', '.join(ends)}" for letters, ends in edges.items()]
    return ". ".join(word.replace("\n", "; ").replace("$", "") for word in words if word) + "."

"""Figures for the chapter on long gaps: how far a gradient reaches, and what is learnt from it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import median

from matplotlib.axes import Axes
from torch import Tensor

from rnn_course.figures.plots import seeds_and_line
from rnn_course.figures.style import INK, PALE, SIZE, name_axes, styles, white_axes


def norms_over_gap(
    norms: Mapping[str, Tensor],
    bounds: Mapping[str, Tensor] | None = None,
    ax: Axes | None = None,
    *,
    ylim: tuple[float, float] = (1e-9, 1e5),
) -> Axes:
    """Draw the norms of `dependence.gradient_norms` against the gap T - t, on a logarithmic scale.

    `norms` has for each name (T + 1,) numbers, for t = 0 … T; `bounds` has the same for all or some
    of the names, drawn as thin lines. Anything outside `ylim` is cut off.
    """
    ax, style = white_axes(ax, 6, 4), styles(norms)
    for name, values in norms.items():
        ax.plot(
            range(len(values)),
            values.flip(0),
            style[name].dashes,
            color=style[name].colour,
            linewidth=2.2,
            label=name,
        )
    for name, values in (bounds or {}).items():
        ax.plot(
            range(len(values)),
            values.flip(0),
            color=style[name].colour,
            linewidth=0.9,
            label=f"_{name}, bound",
        )
    ax.axhline(1, color=PALE, linewidth=0.8, zorder=0)
    ax.set(yscale="log", ylim=ylim)
    ax.legend(frameon=False, fontsize=SIZE - 1, labelcolor=INK)
    name_axes(ax, "gap T − t (steps)", "norm of ∂h(T)/∂h(t)")
    return ax


def norms_over_radius(
    radii: Sequence[float],
    norms: Mapping[str, Sequence[float]],
    ax: Axes | None = None,
    *,
    ylim: tuple[float, float] = (1e-9, 1e5),
) -> Axes:
    """Draw the norm over one gap against the spectral radius of W, a line for each name."""
    ax = white_axes(ax, 6, 4)
    for name, style in styles(norms).items():
        ax.plot(
            radii,
            norms[name],
            style.mark + style.dashes,
            color=style.colour,
            linewidth=2.2,
            label=name,
        )
    ax.axhline(1, color=PALE, linewidth=0.8, zorder=0)
    ax.set(yscale="log", ylim=ylim, xticks=radii)
    ax.legend(frameon=False, fontsize=SIZE - 1, labelcolor=INK, loc="upper left")
    name_axes(ax, "spectral radius of W", "norm of ∂h(T)/∂h(t)")
    return ax


def accuracy_over_gap(
    found: Mapping[str, Mapping[int, Sequence[float]]],
    chance: float,
    ceiling: float,
    ax: Axes | None = None,
) -> Axes:
    """Draw accuracy against the gap: for each name a dot per seed, and a line through the medians.

    `found` has for each name and gap the accuracies of the seeds. The dashed lines are chance and
    the ceiling, the dotted one is half-way between them (`experiments.long_gaps.outcome`).
    """
    ax = white_axes(ax, 6.4, 4.2)
    for i, (name, style) in enumerate(styles(found).items()):
        shift = 1.03 ** (i - (len(found) - 1) / 2)  # or the dots would hide one another
        seeds_and_line(ax, found[name], median, style, label=name, shift=shift)
    for height, dashes in ((chance, "--"), (ceiling, "--"), ((chance + ceiling) / 2, ":")):
        ax.axhline(height, color=PALE, linestyle=dashes, linewidth=1.2, zorder=0, label="_level")
    gaps = sorted({gap for at in found.values() for gap in at})
    ax.set(xscale="log", ylim=(-0.02, 1.04))
    ax.set_xticks(gaps, [str(gap) for gap in gaps])
    ax.minorticks_off()
    ax.legend(
        frameon=False, fontsize=SIZE - 1, labelcolor=INK, loc="lower left", bbox_to_anchor=(0, 0.05)
    )
    name_axes(ax, "words from the country to “fluent” (the gap)", "accuracy")
    return ax


def accuracy_over_norm(
    found: Mapping[str, Mapping[int, Sequence[float]]],
    norms: Mapping[str, Mapping[int, Sequence[float]]],
    ax: Axes | None = None,
) -> Axes:
    """Draw each network's accuracy against a norm, on a logarithmic scale, with a dot per seed.

    `found` and `norms` have for each name and gap the numbers of the seeds, in the same order. The
    gap is written next to the medians, except at the top, where there is no room.
    """
    ax = white_axes(ax, 6.4, 4.2)
    for name, style in styles(found).items():
        for j, (gap, seeds) in enumerate(found[name].items()):
            ax.plot(
                norms[name][gap],
                seeds,
                style.mark,
                color=style.colour,
                alpha=0.6,
                markersize=6,
                markeredgewidth=0,
                label="_" * (j > 0) + name,
            )
            if median(seeds) < 0.95:
                ax.annotate(
                    str(gap),
                    (median(norms[name][gap]), median(seeds)),
                    (8, 0),
                    textcoords="offset points",
                    fontsize=SIZE - 1,
                    color=INK,
                )
    ax.set(xscale="log", ylim=(-0.02, 1.04))
    ax.legend(frameon=False, fontsize=SIZE - 1, labelcolor=INK)
    name_axes(ax, "norm before training, over the gap", "accuracy")
    return ax

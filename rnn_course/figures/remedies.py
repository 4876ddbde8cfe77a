"""Figures for the chapter on remedies: a cliff with a descent, and gradients over a training."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import torch
from matplotlib.axes import Axes
from torch import Tensor

from rnn_course.figures.curves import every_seed
from rnn_course.figures.style import COLOURS, PALE, SIZE, name_axes, white_axes


def cliff(
    ax: Axes,
    loss: Callable[[Tensor, Tensor], Tensor],
    path: Tensor,
    w: tuple[float, float] = (3, 8),
    b: tuple[float, float] = (-4, 2),
) -> Axes:
    """Draw a loss over two weights as contours, and on it the points (n, 2) of a descent."""
    white_axes(ax, 5.5, 4.5)
    across, up = (torch.linspace(*ends, 160).double() for ends in (w, b))
    W, B = torch.meshgrid(across, up, indexing="xy")
    ax.contourf(across, up, loss(W, B).numpy(), 24, cmap="Greys")
    ax.plot(*path.T.numpy(), "o-", color=COLOURS[1], markersize=4, linewidth=1.4)
    ax.plot(*path[0].numpy(), "s", color=COLOURS[0], markersize=8)
    ax.plot(*path[-1].numpy(), "D", color=COLOURS[2], markersize=8)
    ax.set(xlim=w, ylim=b)
    name_axes(ax, "W (one number)", "b")
    return ax


def lengths_of_gradients(
    norms: Mapping[str, Sequence[Sequence[float]]],
    every: int,
    threshold: float,
    ax: Axes | None = None,
) -> Axes:
    """Draw norms of gradients over the updates, a thin line per seed, and a line at the threshold.

    `norms[name]` has for each seed the longest gradient of each `every` updates.

    Raises:
        ValueError: If a norm is not positive: the scale is logarithmic.
    """
    ax = white_axes(ax, 6, 4)
    for name, seeds in norms.items():
        for seed, values in enumerate(seeds):
            if not all(value > 0 for value in values):
                raise ValueError(f"norms[{name!r}][{seed}]: expected positive norms, got {values}")
    every_seed(ax, norms, every)
    ax.axhline(threshold, color=PALE, linestyle="--", linewidth=1.2, zorder=0)
    ax.annotate(
        "threshold", (1, threshold), xycoords=("axes fraction", "data"), ha="right", va="bottom",
        color=PALE, fontsize=SIZE - 1,
    )  # fmt: skip
    ax.set_yscale("log")
    ax.legend(frameon=False, fontsize=SIZE - 1)
    name_axes(ax, "updates", f"norm of the gradient, longest of {every}")
    return ax

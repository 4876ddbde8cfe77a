"""The figures of the last chapter: a cliff and a descent, errors by seed, and an alignment."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import torch
from matplotlib.axes import Axes
from torch import Tensor

from rnn_course.figures.drawing import COLOURS, INK, PALE, SIZE, name_axes, white_axes
from rnn_course.figures.plots import DASHES


def cliff(
    ax: Axes,
    loss: Callable[[Tensor, Tensor], Tensor],
    path: Tensor,
    w: tuple[float, float] = (3, 8),
    b: tuple[float, float] = (-4, 2),
) -> Axes:
    """Draw a loss over two weights as contours, and a descent's points (n, 2) on it, in order."""
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


def errors_by_seed(
    found: Mapping[str, Sequence[float]],
    lines: Mapping[str, float],
    ax: Axes | None = None,
    *,
    xlabel: str,
) -> Axes:
    """Draw a dot a seed for each name, on a logarithmic scale, and a labelled line across.

    `lines` are baselines: what can be had without memory.
    """
    ax = white_axes(ax, 6, 1.4 + 0.42 * len(found))
    for row, seeds in enumerate(found.values()):
        heights = row + np.linspace(-0.2, 0.2, len(seeds))
        ax.plot(seeds, heights, "o", color=COLOURS[row % len(COLOURS)], markersize=7, alpha=0.8)
    for i, (name, value) in enumerate(lines.items()):
        ax.axvline(
            value,
            color=INK if i == 0 else PALE,
            linestyle=DASHES[1 + i],
            linewidth=1.4,
            label=name,
            zorder=0,
        )
    ax.set_xscale("log")
    ax.set_yticks(range(len(found)), list(found))
    ax.set_ylim(len(found) - 0.5, -0.6)
    ax.legend(
        frameon=False,
        fontsize=SIZE - 1,
        labelcolor=INK,
        loc="lower center",
        bbox_to_anchor=(0.5, 1.0),
    )
    name_axes(ax, xlabel, "")
    return ax


def alignment(ax: Axes, alpha: Tensor, letters: Sequence[str], phones: Sequence[str]) -> Axes:
    """Draw which letters were looked at while each phone was written: α (phones, letters).

    Raises `ValueError` for an α of another shape.
    """
    if tuple(alpha.shape) != (len(phones), len(letters)):
        raise ValueError(
            f"alpha: expected shape ({len(phones)}, {len(letters)}), got {tuple(alpha.shape)}"
        )
    white_axes(ax, 5, 4)
    ax.imshow(alpha.numpy(), vmin=0, vmax=1, cmap="Blues", aspect="auto")
    ax.set_xticks(range(len(letters)), list(letters))
    ax.set_yticks(range(len(phones)), list(phones))
    ax.tick_params(length=0)
    for (row, column), value in np.ndenumerate(alpha.numpy()):
        if value >= 0.1:
            ax.text(
                column,
                row,
                f"{value:.1f}",
                ha="center",
                va="center",
                fontsize=SIZE - 3,
                color="white" if value > 0.5 else INK,
            )
    name_axes(ax, "letter looked at", "phone written")
    return ax

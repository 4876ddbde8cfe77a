"""A figure for the chapter on remedies: a cliff with a descent."""

from __future__ import annotations

from collections.abc import Callable

import torch
from matplotlib.axes import Axes
from torch import Tensor

from rnn_course.figures.style import COLOURS, name_axes, white_axes


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

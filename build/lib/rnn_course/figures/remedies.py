"""Figures for the chapter on remedies: a cliff with a descent, and an alignment."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from matplotlib.axes import Axes
from torch import Tensor

from rnn_course.figures.style import COLOURS, name_axes, white_axes, write_shares


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


def alignment(ax: Axes, alpha: Tensor, letters: Sequence[str], phones: Sequence[str]) -> Axes:
    """Draw how much the decoder looked at each letter for each phone: α (phones, letters).

    Raises:
        ValueError: If α has a different shape.
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
    write_shares(ax, alpha.numpy(), least=0.1, spec=".1f")
    name_axes(ax, "letter looked at", "phone written")
    return ax

"""A figure for the chapter on attention: an alignment."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.axes import Axes
from torch import Tensor

from rnn_course.figures.style import name_axes, white_axes, write_shares


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

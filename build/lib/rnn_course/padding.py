"""Which steps of a padded batch belong to their sequences: one mask for tasks and networks."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from rnn_course import checks

Lengths = Tensor | Sequence[int]


def inside(lengths: Tensor, steps: int) -> Tensor:
    """The mask (B, steps) of a padded batch: does this step belong to its sequence?"""
    return torch.arange(steps, device=lengths.device) < lengths.unsqueeze(1)


def blanked(x: Tensor, lengths: Tensor) -> Tensor:
    """x (B, T, ...) with zeros in its padding.

    To mask the gradient is not enough: a NaN in the padding would survive, since 0 · NaN is NaN.
    """
    mask = inside(lengths, x.shape[1])
    return torch.where(mask.view(*mask.shape, *[1] * (x.dim() - 2)), x, 0)


def reversed_inside(x: Tensor, lengths: Lengths | None = None) -> Tensor:
    """Each sequence from its own last step to its first, and its padding where it was.

    x (B, T, ...) and lengths (B,); None: all T steps belong to each. Done twice, it gives x back.
    If the padding were reversed as well, a network that runs backward would start on zeros.

    Raises:
        TypeError, ValueError: If lengths have a wrong count, type or range.
    """
    if lengths is None:
        return x.flip(1)
    lengths = checks.lengths(lengths, x.shape[0], x.shape[1], x.device).unsqueeze(1)
    t = torch.arange(x.shape[1], device=x.device)
    of = torch.where(t < lengths, lengths - 1 - t, t)
    return x[torch.arange(len(x), device=x.device).unsqueeze(1), of]

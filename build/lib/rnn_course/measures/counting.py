"""What the n-gram models share: contexts as numbers, and looking them up in a sorted table."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor

from rnn_course import padding
from rnn_course.tasks.base import Split


def inside(split: Split) -> Tensor:
    """The mask (N, T) of the steps that belong to their sequences."""
    return padding.inside(split.steps, split.x.shape[1])


def numbered(columns: Iterable[Tensor], n: int, mask: Tensor) -> list[Tensor]:
    """The contexts of 0, 1, 2, … symbols, each as one number in base n, at all steps in turn.

    Each of `columns` (N, T) holds one symbol of the context at each step; `mask` (N, T) selects the
    steps.
    """
    keys = [torch.zeros(int(mask.sum()), dtype=torch.int64)]
    for column in columns:
        keys.append(keys[-1] * n + column[mask])
    return keys


def looked_up(table: tuple[Tensor, Tensor], keys: Tensor, otherwise: Tensor | int) -> Tensor:
    """The table's value for each key, or `otherwise` for a key that it lacks.

    `table` is a pair (keys in ascending order, values).
    """
    known, values = table
    place = torch.searchsorted(known, keys).clamp(max=len(known) - 1)
    return torch.where(known[place] == keys, values[place], otherwise)

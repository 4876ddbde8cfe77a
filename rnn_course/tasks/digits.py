"""Scikit-learn's handwritten digits, for the tasks that are made from them."""

from __future__ import annotations

from functools import cache

import torch
from torch import Tensor

from rnn_course import checks
from rnn_course.tasks.base import SPLITS

FULL = 16
"""The most ink that a pixel can have."""


@cache
def every_digit() -> tuple[Tensor, Tensor]:
    """The 1,797 digits in the package's order: ink (N, 64), float32 from 0 to FULL, and (N,) int64.

    The 64 pixels come row by row, from the top, each row from the left. No two images are equal.
    Source: Alpaydin and Kaynak (1998), the test set of the UCI repository, by 13 writers.
    """
    from sklearn.datasets import load_digits

    digits = load_digits()
    return torch.tensor(digits.data, dtype=torch.float32), torch.tensor(digits.target)


@cache
def digit_images(train: float = 0.7) -> dict[str, tuple[Tensor, Tensor]]:
    """The digits by split: ink (N, 64) and digits (N,), as in `every_digit`.

    The share `train` is for training, half of the rest for validation and half for the test,
    shuffled with a seed of their own. All splits share the same 13 writers, since the package does
    not say which of them wrote which digit.

    Raises:
        ValueError: If the share is not between 0 and 1.
    """
    if not 0 < checks.real(train) < 1:
        raise ValueError(f"train: expected a share between 0 and 1, got {train!r}")
    ink, y = every_digit()
    order = torch.randperm(len(y), generator=torch.Generator().manual_seed(0))
    parts = torch.tensor_split(order, [int(train * len(y)), int((1 + train) / 2 * len(y))])
    return {side: (ink[part], y[part]) for side, part in zip(SPLITS, parts, strict=True)}

"""What a state knows about the symbols around it, as read by a linear classifier."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from rnn_course import checks
from rnn_course.measures.baselines import probe
from rnn_course.measures.counting import inside
from rnn_course.tasks.base import Split


def places(split: Split, reach: int, most: int) -> tuple[Tensor, Tensor]:
    """The first `most` places (row, t) of x that have `reach` steps of their sequence on each side.

    Two tensors (n,) int64, t counted from 0.

    Raises:
        ValueError: If `reach` or `most` is below 1, or there is no such place.
    """
    checks.positive("reach", reach)
    checks.positive("most", most)
    followed = inside(split)[:, reach:]  # at t: is t + reach still in the sequence?
    row, t = followed[:, reach:].nonzero()[:most].unbind(1)
    t = t + reach
    if len(row) == 0:
        raise ValueError(f"split: expected a sequence of more than {2 * reach} steps, got none")
    return row, t


def told(
    states: Callable[[Split], Tensor],
    train: Split,
    test: Split,
    offsets: Sequence[int],
    most: int = 6000,
) -> list[float]:
    """How often x^(t+k) can be read from the state at t, for each k of `offsets`, as shares.

    For each k a linear classifier (`baselines.probe`) is fitted on the states at up to `most`
    places of `train` and tested at up to as many of `test`. The places are the same for all k, so
    that only k changes. `states(split)` returns (N, T, n) floats. A symbol at fewer than two places
    of training cannot be learnt and counts as wrong.

    Raises:
        ValueError: If there are no such places, or no offset other than 0.
    """
    reach = max(map(abs, offsets), default=0)
    (row, t), (row_test, t_test) = (places(split, reach, most) for split in (train, test))
    with torch.no_grad():
        known, tried = states(train)[row, t], states(test)[row_test, t_test]
    shares = []
    for k in offsets:
        y = train.x[row, t + k]
        often = y.bincount()[y] > 1
        shares.append(probe(known[often], y[often], tried, test.x[row_test, t_test + k]))
    return shares

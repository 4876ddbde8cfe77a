"""What does a state know of the symbols around it? Ask it, with a linear classifier."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from rnn_course import checks
from rnn_course.measures.baselines import probe
from rnn_course.tasks.base import Split


def places(split: Split, reach: int, most: int) -> tuple[Tensor, Tensor]:
    """The first `most` places (row, t) of x that have `reach` steps of their sequence on each side.

    Two tensors (n,) int64, t counted from 0. Raises `ValueError` for a reach or a number below 1,
    and where there is no such place.
    """
    checks.positive("reach", reach)
    checks.positive("most", most)
    steps = split.x.shape[1]
    lengths = torch.full((len(split),), steps) if split.lengths is None else split.lengths
    t = torch.arange(steps)
    row, t = ((t >= reach) & (t < lengths.unsqueeze(1) - reach)).nonzero()[:most].unbind(1)
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
    """How often the state at t tells x^(t+k), for each k of `offsets`: shares between 0 and 1.

    For each k a linear classifier (`baselines.probe`) is fitted on the states at up to `most`
    places of `train`, and tried at as many of `test`. They are the same places for all k, so that
    nothing but k changes. states(split) gives (N, T, n) floats. A symbol that stands at less than
    two places of training cannot be learnt; where it comes up it is told wrong.

    Raises `ValueError` where there are no such places, and for no offset but 0.
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

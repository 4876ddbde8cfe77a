"""Fair comparisons: the number of parameters, and the widest network within a budget of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from torch import nn

from rnn_course import checks

M = TypeVar("M", bound=nn.Module)


def n_parameters(model: nn.Module, but: Sequence[str] = ()) -> int:
    """The number of parameters of a network, shared ones counted once, without the parts in `but`.

    >>> n_parameters(summariser, but=("embed", "V"))       # U, W and b
    """
    left_out = {id(p) for name in but for p in getattr(model, name).parameters()}
    return sum(p.numel() for p in model.parameters() if id(p) not in left_out)


def widest(make: Callable[[int], M], budget: int) -> M:
    """The network `make(n_hidden)` with the largest n_hidden that has at most `budget` parameters.

    The more hidden units, the more parameters: n_hidden is doubled, then bisected.

    Raises:
        ValueError: If one hidden unit is already too much.
    """
    checks.positive("budget", budget)
    if n_parameters(make(1)) > budget:
        raise ValueError(
            f"budget: expected at least {n_parameters(make(1))}, what one hidden unit "
            f"takes, got {budget}"
        )
    low, high = 1, 2
    while n_parameters(make(high)) <= budget:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if n_parameters(make(middle)) <= budget else (low, middle)
    return make(low)

"""An echo: at each step, which symbol came `lag` steps ago?"""

from __future__ import annotations

import torch
from torch import Tensor

from rnn_course import checks
from rnn_course.tasks.base import Split, Task, draw_splits

N_SYMBOLS = 8
CHANCE = 1 / N_SYMBOLS
"""The accuracy without memory: the symbols are independent and equally frequent."""


def make_echo(
    lag: int, steps: int = 40, n_train: int = 6400, *, n_test: int = 640, seed: int = 0
) -> Task:
    """The task: x (N, T) int64, fair draws of 8 symbols, and y^(t) = x^(t - lag).

    y is -1 for the first `lag` steps, which have no echo: leave them out of loss and score. The
    task needs memory and nothing else: a network that keeps the last `lag` symbols is always right.
    Source: S7.4, S7.6.

    Raises:
        ValueError: If the lag is not between 0 and steps - 1, or a count is not a positive integer.
    """
    _check_lag(lag, steps)

    def draw(count: int, generator: torch.Generator) -> Split:
        x = torch.randint(N_SYMBOLS, (count, steps), generator=generator)
        return Split(x, _delayed(x, lag))

    symbols = tuple("abcdefgh")
    return Task("echo", *draw_splits(draw, n_train, n_test, seed), symbols, symbols)


def make_echo_of_a_pair(
    lag: int,
    n_bits: int = 10,
    steps: int = 20,
    n_train: int = 6400,
    *,
    n_test: int = 640,
    seed: int = 0,
) -> Task:
    """The task: x (N, T, n_bits), fair draws of -1 and 1, and y (N, T, 2), each output 0 or 1:

        y_1^(t) = 1 if x_1^(t-lag) ≠ x_2^(t-lag), else 0
        y_2^(t) = 1 if x_3^(t-lag) = 1, else 0

    y is -1 for the first `lag` steps. The second output is memory of the input as it is. The first
    has two stages: whether the bits differ, which no single bit tells (given all bits but one, the
    probability is still 1/2), and memory of the answer.
    Source: S7.2.

    Raises:
        ValueError: If `make_echo` would raise it, or there are fewer than 3 bits.
    """
    if checks.whole("n_bits", n_bits) < 3:
        raise ValueError(f"n_bits: expected at least 3, got {n_bits}")
    _check_lag(lag, steps)

    def draw(count: int, generator: torch.Generator) -> Split:
        bits = torch.randint(2, (count, steps, n_bits), generator=generator)
        answers = torch.stack([bits[..., 0] != bits[..., 1], bits[..., 2] == 1], dim=2).float()
        return Split(2 * bits.float() - 1, _delayed(answers, lag))

    return Task("echo of a pair", *draw_splits(draw, n_train, n_test, seed))


def _check_lag(lag: int, steps: int) -> None:
    if not checks.whole("lag", lag) < checks.positive("steps", steps):
        raise ValueError(f"lag: expected 0 ≤ lag < {steps} (the number of steps), got {lag}")


def _delayed(values: Tensor, lag: int) -> Tensor:
    """values (N, T, ...) `lag` steps later, with -1 before the first."""
    y = torch.full_like(values, -1)
    y[:, lag:] = values[:, : values.shape[1] - lag]
    return y

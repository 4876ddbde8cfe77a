"""An echo: say at each step which symbol came `lag` steps ago."""

from __future__ import annotations

import torch

from rnn_course import checks
from rnn_course.tasks.base import Split, Task

N_SYMBOLS = 8
CHANCE = 1 / N_SYMBOLS
"""The accuracy of whoever remembers nothing: the symbols are independent and equally frequent."""


def make_echo(
    lag: int, steps: int = 40, n_train: int = 6400, *, n_test: int = 640, seed: int = 0
) -> Task:
    """The task: x (N, T) int64, fair draws of 8 symbols, and y^(t) = x^(t - lag).

    y is -1 for the first `lag` steps, which have no echo: leave them out of loss and score. It
    asks for memory and for nothing else: a network that keeps the last lag symbols answers all.
    Source: S7.4, S7.6. Raises `ValueError` for a lag that is not between 0 and steps - 1, and for
    counts that are no positive integers.
    """
    if not checks.whole("lag", lag) < checks.positive("steps", steps):
        raise ValueError(f"lag: expected 0 ≤ lag < {steps} (the number of steps), got {lag}")
    generator = torch.Generator().manual_seed(seed)

    def split(count: int) -> Split:
        x = torch.randint(N_SYMBOLS, (checks.positive("count", count), steps), generator=generator)
        y = torch.full_like(x, -1)
        y[:, lag:] = x[:, : steps - lag]
        return Split(x, y)

    symbols = tuple("abcdefgh")
    return Task("echo", split(n_train), split(n_test), split(n_test), symbols, symbols)


def make_echo_of_a_pair(
    lag: int,
    n_bits: int = 10,
    steps: int = 20,
    n_train: int = 6400,
    *,
    n_test: int = 640,
    seed: int = 0,
) -> Task:
    """The task: x (N, T, n_bits) fair draws of -1 and 1, and y (N, T, 2) of 0 and 1 by lag:

        y_1^(t) = 1 if x_1^(t-lag) ≠ x_2^(t-lag), else 0
        y_2^(t) = 1 if x_3^(t-lag) = 1, else 0

    y is -1 for the first `lag` steps. The second output is memory of the input as it stands. The
    first has two stages: whether the bits differ, which no single one of them tells (its chance is
    1/2 given all bits but one), and memory of the answer.
    Source: S7.2. Raises `ValueError` as `make_echo` does, and for fewer than 3 bits.
    """
    if checks.whole("n_bits", n_bits) < 3:
        raise ValueError(f"n_bits: expected at least 3, got {n_bits}")
    if not checks.whole("lag", lag) < checks.positive("steps", steps):
        raise ValueError(f"lag: expected 0 ≤ lag < {steps} (the number of steps), got {lag}")
    generator = torch.Generator().manual_seed(seed)

    def split(count: int) -> Split:
        bits = torch.randint(
            2, (checks.positive("count", count), steps, n_bits), generator=generator
        )
        said = torch.stack([bits[..., 0] != bits[..., 1], bits[..., 2] == 1], dim=2).float()
        y = torch.full_like(said, -1)
        y[:, lag:] = said[:, : steps - lag]
        return Split(2 * bits.float() - 1, y)

    return Task("echo of a pair", split(n_train), split(n_test), split(n_test))

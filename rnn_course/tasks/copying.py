"""Copy memory: ten letters are shown, then nothing for a long time; what were they?"""

from __future__ import annotations

import math

import torch

from rnn_course import checks
from rnn_course.tasks.base import Split, Task

LETTERS = "abcdefgh"
N_LETTERS = 10
"""So many letters, of these eight, are to be copied."""

SYMBOLS = ("·", "?", *LETTERS)
"""Nothing, the sign to write, and the letters: what x and y are made of."""


def forgetful(gap: int) -> float:
    """The least negative log-likelihood a step, in nats, of whoever knows when, but not what.

    The gap is silent, and each of ten letters is one of eight:

        10 ln 8 / (T + 20)
    """
    return N_LETTERS * math.log(len(LETTERS)) / (checks.positive("gap", gap) + 2 * N_LETTERS)


def make_copying(gap: int, n_train: int = 20_000, *, n_test: int = 1000, seed: int = 0) -> Task:
    """The task: x and y (N, T + 20) int64, indices into `SYMBOLS`, with T = `gap`.

        x   a b … c · · · · · · · · ? · · · ·    ten letters, T - 1 of nothing, ?, ten of nothing
        y   · · · · · · · · · · · · · a b … c    T + 10 of nothing, then the ten letters

    From a letter to its copy it is T + 10 steps.
    Source: Hochreiter and Schmidhuber (1997), section 5.1, in the form of Arjovsky et al. (2016);
    S8.3. Raises `ValueError` for a gap or counts that are no positive integers.
    """
    checks.positive("gap", gap)
    generator = torch.Generator().manual_seed(seed)

    def split(count: int) -> Split:
        shape = checks.positive("count", count), gap + 2 * N_LETTERS
        shown = torch.randint(2, len(SYMBOLS), (count, N_LETTERS), generator=generator)
        x, y = torch.zeros(shape, dtype=torch.int64), torch.zeros(shape, dtype=torch.int64)
        x[:, :N_LETTERS] = y[:, -N_LETTERS:] = shown
        x[:, -N_LETTERS - 1] = 1
        return Split(x, y)

    return Task("copying", split(n_train), split(n_test), split(n_test), SYMBOLS, SYMBOLS)

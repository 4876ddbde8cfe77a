"""Copy memory: ten letters are shown, then nothing for a long time; which were they?"""

from __future__ import annotations

import math

import torch

from rnn_course import checks
from rnn_course.tasks.base import Split, Task, draw_splits

LETTERS = "abcdefgh"
N_LETTERS = 10
"""The number of letters to copy."""

SYMBOLS = ("·", "?", *LETTERS)
"""What x and y are made of: a blank, the sign to start copying, and the letters."""


def forgetful(gap: int) -> float:
    """The least negative log-likelihood per step, in nats, of a model that forgets the letters.

    It knows that the gap is blank and when to copy, but each of ten letters may be any of eight:

        10 ln 8 / (T + 20)
    """
    return N_LETTERS * math.log(len(LETTERS)) / (checks.positive("gap", gap) + 2 * N_LETTERS)


def make_copying(gap: int, n_train: int = 20_000, *, n_test: int = 1000, seed: int = 0) -> Task:
    """The task: x and y (N, T + 20) int64, indices into `SYMBOLS`, with T = `gap`.

        x   a b … c · · · · · · · · ? · · · ·    ten letters, T - 1 blanks, ?, ten blanks
        y   · · · · · · · · · · · · · a b … c    T + 10 blanks, then the ten letters

    Each copy comes T + 10 steps after its letter.
    Source: Hochreiter and Schmidhuber (1997), section 5.1, in the form of Arjovsky et al. (2016);
    S8.3.

    Raises:
        ValueError: If the gap or a count is not a positive integer.
    """
    checks.positive("gap", gap)

    def draw(count: int, generator: torch.Generator) -> Split:
        shape = count, gap + 2 * N_LETTERS
        shown = torch.randint(2, len(SYMBOLS), (count, N_LETTERS), generator=generator)
        x, y = torch.zeros(shape, dtype=torch.int64), torch.zeros(shape, dtype=torch.int64)
        x[:, :N_LETTERS] = y[:, -N_LETTERS:] = shown
        x[:, -N_LETTERS - 1] = 1
        return Split(x, y)

    return Task("copying", *draw_splits(draw, n_train, n_test, seed), SYMBOLS, SYMBOLS)

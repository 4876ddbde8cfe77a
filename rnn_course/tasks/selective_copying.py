"""Selective copying: ten letters come one by one, with blanks between them; which were they?

As in `copying`, a letter must be kept until it is asked for. But how long is different for each.
"""

from __future__ import annotations

import torch

from rnn_course import checks
from rnn_course.tasks.base import Split, Task, draw_splits
from rnn_course.tasks.copying import N_LETTERS, SYMBOLS


def make_selective_copying(
    gap: int, n_train: int = 20_000, *, n_test: int = 1000, seed: int = 0
) -> Task:
    """The task: x and y (N, T + 20) int64, indices into `copying.SYMBOLS`, with T = `gap`.

        x   a · · b · … · c · · · · · · ? · · · ·    ten letters among T - 1 blanks, ?, ten blanks
        y   · · · · · · · · · · · · · · · a b … c    T + 10 blanks, then the ten letters

    It is `copying` with the letters at random places, in order. A model without memory does as
    well, or as badly, as there: `copying.forgetful`. A fixed delay no longer solves it: which of
    the inputs are to be kept depends on what they are.
    Source: Gu and Dao (2024), section 3.1, whose sequences are longer; statement M7.

    Raises:
        ValueError: If the gap or a count is not a positive integer.
    """
    before = checks.positive("gap", gap) - 1 + N_LETTERS  # the "?"

    def draw(count: int, generator: torch.Generator) -> Split:
        shown = torch.randint(2, len(SYMBOLS), (count, N_LETTERS), generator=generator)
        order = torch.rand(count, before, generator=generator).argsort(1)
        places = order[:, :N_LETTERS].sort(1).values
        x, y = torch.zeros(2, count, gap + 2 * N_LETTERS, dtype=torch.int64)
        x.scatter_(1, places, shown)
        x[:, before] = 1
        y[:, -N_LETTERS:] = shown
        return Split(x, y)

    return Task("selective copying", *draw_splits(draw, n_train, n_test, seed), SYMBOLS, SYMBOLS)

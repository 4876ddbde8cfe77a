"""Selective copying: ten letters stand anywhere among blanks; which were they, in this order?"""

from __future__ import annotations

import torch

from rnn_course import checks
from rnn_course.tasks.base import Split, Task, draw_splits
from rnn_course.tasks.copying import N_LETTERS, SYMBOLS


def make_selective_copying(
    gap: int, n_train: int = 20_000, *, n_test: int = 1000, seed: int = 0
) -> Task:
    """The task: x and y (N, T + 20) int64, indices into `copying.SYMBOLS`, with T = `gap`.

        x   · a · · b · … c · · ? · · · ·    ten letters among T - 1 blanks, ?, ten blanks
        y   · · · · · · … · · · · a b … c    T + 10 blanks, then the ten letters

    As in `make_copying`, but the letters stand at ten random steps of the first T + 9, in order.
    All choices of steps are equally probable, so the time from a letter to its copy differs: letter
    number i at step s is copied T + 10 + i - s steps later, which is 11 to T + 10. With T = 1 there
    is no choice, and the task is copying.

    The best score of a model that forgets the letters is that of copying, `copying.forgetful`: y is
    blank for T + 10 steps in any case, and the steps of the letters say nothing about them.

        10 ln 8 / (T + 20)

    Source: Gu and Dao (2023), section 3.1, who vary the places of the letters in copying, so that
    only its content tells what is to be remembered, not the time. They have 16 letters to remember,
    16 symbols with the blank, and 4,096 steps (appendix E.1); here the alphabet, the one sign "?"
    and the score over all steps are those of copying. M7.

    Raises:
        ValueError: If the gap or a count is not a positive integer.
    """
    before = checks.positive("gap", gap) + N_LETTERS - 1  # the steps before the sign

    def draw(count: int, generator: torch.Generator) -> Split:
        shape = count, gap + 2 * N_LETTERS
        shown = torch.randint(2, len(SYMBOLS), (count, N_LETTERS), generator=generator)
        order = torch.rand(count, before, generator=generator).argsort(1)
        x, y = torch.zeros(shape, dtype=torch.int64), torch.zeros(shape, dtype=torch.int64)
        x.scatter_(1, order[:, :N_LETTERS].sort(1).values, shown)
        x[:, before] = 1
        y[:, -N_LETTERS:] = shown
        return Split(x, y)

    return Task("selective copying", *draw_splits(draw, n_train, n_test, seed), SYMBOLS, SYMBOLS)

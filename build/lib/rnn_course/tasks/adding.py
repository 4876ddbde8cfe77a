"""The adding problem: two numbers of a long sequence are marked; what is their sum?

Only the memory is hard, and the best error without memory is known exactly.
"""

from __future__ import annotations

import torch

from rnn_course import checks
from rnn_course.tasks.base import Split, Task, draw_splits


def guessing() -> float:
    """The mean squared error of always answering 1, the expected sum: the variance of the sum.

    Var(u + v) = 1/12 + 1/12 = 1/6,    u and v uniform in 0 … 1
    """
    return 1 / 6


def memoryless(steps: int) -> float:
    """The least mean squared error of a model that sees only the last of T = `steps` steps.

    The last step is the marked one of the second half with probability 1/(T/2). Then one of the two
    numbers is known, and the variance of the other is left:

        1/6 - 1/12 · 1/(T - T//2)

    Raises:
        ValueError: If there are fewer than 2 steps.
    """
    return guessing() - 1 / 12 / (_steps(steps) - steps // 2)


def make_adding(steps: int, n_train: int = 20_000, *, n_test: int = 1000, seed: int = 0) -> Task:
    """The task: x (N, T, 2) numbers, each with its mark, and y (N, 1) the sum of the two marked.

        x^(t) = (u^(t), m^(t)),    y = Σ_t m^(t) u^(t)

    u^(t) are uniform in 0 … 1. m^(t) is 1 at one step of the first half and at one of the second,
    else 0; on average about half of the sequence lies between the two.
    Source: Hochreiter and Schmidhuber (1997), section 5.4, in the form of Le et al. (2015); S8.3.

    Raises:
        ValueError: If there are fewer than 2 steps, or a count is not a positive integer.
    """
    half = _steps(steps) // 2

    def draw(count: int, generator: torch.Generator) -> Split:
        u = torch.rand(count, steps, generator=generator)
        marked = torch.stack(
            [
                torch.randint(half, (count,), generator=generator),
                torch.randint(half, steps, (count,), generator=generator),
            ],
            dim=1,
        )
        m = torch.zeros(count, steps).scatter_(1, marked, 1.0)
        return Split(torch.stack([u, m], dim=2), u.gather(1, marked).sum(1, keepdim=True))

    return Task("adding", *draw_splits(draw, n_train, n_test, seed))


def _steps(steps: int) -> int:
    if checks.positive("steps", steps) < 2:
        raise ValueError(f"steps: expected at least 2, one for each number, got {steps}")
    return steps

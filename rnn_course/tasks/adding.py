"""The adding problem: two numbers of a long sequence are marked; what is their sum?

Nothing but memory is hard in it, and what can be had without memory is known exactly.
"""

from __future__ import annotations

import torch

from rnn_course import checks
from rnn_course.tasks.base import Split, Task


def guessing() -> float:
    """The mean squared error of always answering 1, the expected sum: that is its variance.

    Var(u + v) = 1/12 + 1/12 = 1/6,    u and v uniform in 0 … 1
    """
    return 1 / 6


def memoryless(steps: int) -> float:
    """The least mean squared error of whoever sees only the last step, for `steps` steps.

    The last step is the marked one of the second half with probability 1/(T/2). Then one of the two
    numbers is known, and the other's variance is left:

        1/6 - 1/12 · 1/(T - T//2)

    Raises `ValueError` for fewer than 2 steps.
    """
    return guessing() - 1 / 12 / (_steps(steps) - steps // 2)


def make_adding(steps: int, n_train: int = 20_000, *, n_test: int = 1000, seed: int = 0) -> Task:
    """The task: x (N, T, 2) numbers, each with its mark, and y (N, 1) the sum of the marked two.

        x^(t) = (u^(t), m^(t)),    y = Σ_t m^(t) u^(t)

    u^(t) are uniform in 0 … 1. m^(t) is 1 at one step of the first half and at one of the second,
    else 0; so about half of the sequence lies between them, on average.
    Source: Hochreiter and Schmidhuber (1997), section 5.4, in the form of Le et al. (2015);
    S8.3. Raises `ValueError` for fewer than 2 steps and counts that are no positive integers.
    """
    half = _steps(steps) // 2
    generator = torch.Generator().manual_seed(seed)

    def split(count: int) -> Split:
        u = torch.rand(checks.positive("count", count), steps, generator=generator)
        marked = torch.stack(
            [
                torch.randint(half, (count,), generator=generator),
                torch.randint(half, steps, (count,), generator=generator),
            ],
            dim=1,
        )
        m = torch.zeros(count, steps).scatter_(1, marked, 1.0)
        return Split(torch.stack([u, m], dim=2), u.gather(1, marked).sum(1, keepdim=True))

    return Task("adding", split(n_train), split(n_test), split(n_test))


def _steps(steps: int) -> int:
    if checks.positive("steps", steps) < 2:
        raise ValueError(f"steps: expected at least 2, one for each number, got {steps}")
    return steps

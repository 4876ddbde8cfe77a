"""Parity: was the number of ones so far odd? One bit of memory, which every one flips."""

from __future__ import annotations

import math

import torch

from rnn_course import checks
from rnn_course.tasks.base import Split, Task, draw_splits


def forgetful(steps: int) -> float:
    """The least negative log-likelihood per step, in nats, of a model that sees x^(t) and t alone.

    The first step's parity is its bit. Every other is even or odd with equal probability:

        (T - 1)/T · ln 2

    Raises:
        ValueError: If `steps` is not a positive integer.
    """
    return (checks.positive("steps", steps) - 1) / steps * math.log(2)


def make_parity(steps: int, n_train: int = 20_000, *, n_test: int = 1000, seed: int = 0) -> Task:
    """The task: x (N, T, 1) bits as floats, and y (N, T) int64, the parity so far, at every step.

        y^(t) = x^(1) ⊕ … ⊕ x^(t)

    The bits are independent, 0 or 1 with equal probability. The rule does not depend on T, so a
    network can be trained on short sequences and asked about long ones.
    Source: the example of Grazzi et al. (2025); statements M5 and M6.

    Raises:
        ValueError: If `steps` or a count is not a positive integer.
    """
    checks.positive("steps", steps)

    def draw(count: int, generator: torch.Generator) -> Split:
        bits = torch.randint(2, (count, steps), generator=generator)
        return Split(bits.unsqueeze(2).float(), bits.cumsum(1) % 2)

    return Task("parity", *draw_splits(draw, n_train, n_test, seed), labels=("even", "odd"))

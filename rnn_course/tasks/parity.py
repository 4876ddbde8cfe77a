"""Parity: is the number of ones so far odd? One bit to remember, and every input counts."""

from __future__ import annotations

import math

import torch

from rnn_course import checks
from rnn_course.tasks.base import Split, Task, draw_splits


def memoryless(steps: int) -> float:
    """The least negative log-likelihood per step, in nats, of a model that sees x^(t) only, not t.

    The first y is the first x. From then on y^(t) is a fair coin, whatever x^(t) is. So over all
    T = `steps` steps, y^(t) = x^(t) with probability p, and the best is to say so at each step:

        L = - p ln p - (1 - p) ln (1 - p),    p = (T + 1) / (2 T)

    It is 0 for T = 1, and about 1 / (2 T²) below ln 2 for long sequences. The best accuracy is p.

    Raises:
        ValueError: If the number of steps is not a positive integer.
    """
    p = (checks.positive("steps", steps) + 1) / (2 * steps)
    return -sum(q * math.log(q) for q in (p, 1 - p) if q)


def windowed(steps: int, window: int) -> float:
    """The least negative log-likelihood per step of a model that sees k = `window` steps, and t.

    It sees x^(t-k+1) … x^(t), so it knows the first k answers of T = `steps`, and none of those
    after: y^(t) is a fair coin as long as a single input is not known.

        L = (1 - k / T) ln 2

    The score, then, of a recurrent network that counts right for k steps and is lost from then on.
    The best accuracy is (1 + k / T) / 2. With k = 1, t is all that `memoryless` does not know.

    Raises:
        ValueError: If the steps are not a positive integer, or the window not between 0 and that.
    """
    if checks.whole("window", window) > checks.positive("steps", steps):
        raise ValueError(f"window: expected at most {steps} (the steps), got {window}")
    return (1 - window / steps) * math.log(2)


def make_parity(steps: int, n_train: int = 20_000, *, n_test: int = 1000, seed: int = 0) -> Task:
    """The task: x (N, T, 1) bits as floats, and y (N, T) int64 with the parity of x^(1) … x^(t).

        y^(t) = (x^(1) + … + x^(t)) mod 2,    so y^(t) = x^(t) XOR y^(t-1)

    x^(t) are fair coins. A model that learnt from T steps can be asked about longer sequences,
    `make_parity(10 * steps, 1).test`. Sequences are drawn independently: there are 2^T, so short
    ones occur in several splits, those of 40 steps or more hardly ever.

    Source: Grazzi et al. (2025), section 4.1; M5. In finite precision, linear recurrences
    h^(t) = A(x^(t)) h^(t-1) + b(x^(t)) in any number of layers cannot solve it for all lengths if
    the eigenvalues of all A are real and at least 0 (theorem 1). With a negative one, a single unit
    is the answer:

        h^(t) = (1 - 2 x^(t)) h^(t-1) + x^(t),    h^(0) = 0

    Raises:
        ValueError: If the number of steps or a count is not a positive integer.
    """
    checks.positive("steps", steps)

    def draw(count: int, generator: torch.Generator) -> Split:
        bits = torch.randint(2, (count, steps), generator=generator)
        return Split(bits.unsqueeze(2).float(), bits.cumsum(1) % 2)

    return Task("parity", *draw_splits(draw, n_train, n_test, seed), labels=("even", "odd"))

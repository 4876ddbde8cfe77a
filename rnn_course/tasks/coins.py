"""Two tasks whose best answer is known exactly: what the y^(t) say about each other, given x.

In both, each single y^(t) is a fair coin given x, so a network whose outputs are independent given
x cannot do better than T ln 2 nats. But together they are not T independent coins.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import product

import torch
from torch import Tensor

from rnn_course import checks
from rnn_course.tasks.base import Split, Task, draw_splits


@dataclass(frozen=True)
class Coins:
    """The law of y given x, both sequences of T zeros and ones:

        x^(t) fair coins,    y^(t) = x^(t)·[mixed] XOR z XOR n^(t)

    z is one fair coin per sequence, hidden from the network; n^(t) are coins that show 1 with
    probability `flip`. With mixed = False and flip = 0, y is all zeros or all ones and independent
    of x. With mixed = True, y^(t-1) says something about z only together with x^(t-1).

    Source: deck S3.2, S3.3.

    Raises:
        ValueError: If `steps` is not a positive integer or `flip` is not in 0 … 1/2.
    """

    steps: int
    mixed: bool = False
    flip: float = 0.0

    def __post_init__(self) -> None:
        checks.positive("steps", self.steps)
        if not 0 <= checks.real(self.flip) <= 0.5:
            raise ValueError(f"flip: expected a probability between 0 and 1/2, got {self.flip!r}")

    def log_prob(self, x: Tensor, y: Tensor) -> Tensor:
        """log P(y | x) in nats, (B,) float64: the sum over both values of z."""
        if x.shape != y.shape or x.shape[-1] != self.steps:
            raise ValueError(
                f"x, y: expected (B, {self.steps}) both, got {tuple(x.shape)} and {tuple(y.shape)}"
            )
        flips = (y ^ x if self.mixed else y).sum(1).double()  # the flips needed if z = 0
        p = torch.tensor([self.flip, 1 - self.flip], dtype=torch.float64)

        def given_z(n: Tensor) -> Tensor:
            return torch.special.xlogy(n, p[0]) + torch.special.xlogy(self.steps - n, p[1])

        return torch.logaddexp(given_z(flips), given_z(self.steps - flips)) - math.log(2)

    def entropy(self) -> float:
        """H(y | x), the least expected negative log-likelihood of any model, in nats.

        All y that need k flips if z = 0 have the same probability p_k, so the sum over 2^T
        sequences has T + 1 different terms:

            H = - Σ_k C(T, k) p_k ln p_k,  p_k = (q^k (1-q)^{T-k} + q^{T-k} (1-q)^k) / 2,  q = flip
        """
        T, q = self.steps, self.flip
        terms = []
        for k in range(T + 1):
            p = (q**k * (1 - q) ** (T - k) + q ** (T - k) * (1 - q) ** k) / 2
            terms.append(-math.comb(T, k) * p * math.log(p) if p else 0.0)
        return math.fsum(terms)

    def entropy_of_each(self) -> float:
        """Σ_t H(y^(t) | x), the least for a model whose outputs are independent given x, in nats.

        From the law itself: P(y^(t) = 1 | x) is summed over z and n^(t) for either x^(t).
        """
        total = 0.0
        for x_t in (0, 1):
            one = sum(
                0.5 * (self.flip if n else 1 - self.flip)
                for z, n in product((0, 1), (0, 1))
                if (x_t * self.mixed) ^ z ^ n
            )
            total += sum(-p * math.log(p) for p in (one, 1 - one) if p) / 2
        return self.steps * total

    def draw(self, count: int, generator: torch.Generator) -> Split:
        """`count` sequences x, with one y each."""
        shape = checks.positive("count", count), self.steps
        x = torch.randint(2, shape, generator=generator)
        z = torch.randint(2, (count, 1), generator=generator)
        flips = (torch.rand(shape, generator=generator) < self.flip).long()
        return Split(x, (x if self.mixed else 0) ^ z ^ flips)

    def every(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """All possible y of each x (B, T) with their probabilities: x, y, P(y | x).

        So an expectation over y is a sum, without noise. There are two y if y is constant, else
        2^T, so keep T small.

        Raises:
            ValueError: If there are 2^T sequences y and T > 15.
        """
        if self.mixed or self.flip:
            if self.steps > 15:
                raise ValueError(
                    f"steps: expected at most 15, to go through 2^T sequences, got {self.steps}"
                )
            ys = torch.cartesian_prod(*[torch.arange(2)] * self.steps).view(-1, self.steps)
        else:
            ys = torch.arange(2).unsqueeze(1).expand(2, self.steps)
        x, y = x.repeat_interleave(len(ys), dim=0), ys.repeat(len(x), 1)
        return x, y, self.log_prob(x, y).exp()


def make_coins(
    steps: int,
    *,
    mixed: bool = False,
    flip: float = 0.0,
    n_train: int = 20_000,
    n_test: int = 64,
    seed: int = 0,
) -> Task:
    """The task: x and y (N, T) int64 of zeros and ones, drawn from `Coins`.

    Few test sequences are enough: `Coins.every` gives all y of each x.
    """
    splits = draw_splits(Coins(steps, mixed, flip).draw, n_train, n_test, seed)
    return Task("coins", *splits, symbols=("0", "1"), labels=("0", "1"))

"""Two tasks whose best answer is known exactly: what y says about y, once x is known.

In both, each single y^(t) is a fair coin given x, so that a network whose outputs are independent
given x cannot do better than T ln 2 nats. But together the y are not T coins.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import product

import torch
from torch import Tensor

from rnn_course import checks
from rnn_course.tasks.base import Split, Task


@dataclass(frozen=True)
class Coins:
    """The law of y given x, both sequences of T zeros and ones:

        x^(t) fair coins,    y^(t) = x^(t)·[mixed] XOR z XOR n^(t)

    z is one fair coin a sequence, hidden from the network; n^(t) are coins that show 1 with
    probability `flip`. With mixed = False and flip = 0, y is all zeros or all ones and has nothing
    to do with x. With mixed = True, y^(t-1) says something of z only to who remembers x^(t-1).

    Source: deck S3.2, S3.3. Raises `ValueError` for a length that is no positive integer, and a
    flip outside 0 … 1/2.
    """

    steps: int
    mixed: bool = False
    flip: float = 0.0

    def __post_init__(self) -> None:
        checks.positive("steps", self.steps)
        if not 0 <= checks.real(self.flip) <= 0.5:
            raise ValueError(f"flip: expected a probability between 0 and 1/2, got {self.flip!r}")

    def log_prob(self, x: Tensor, y: Tensor) -> Tensor:
        """log P(y | x) in nats, (B,) float64: the two values of z, each with its flips, summed."""
        if x.shape != y.shape or x.shape[-1] != self.steps:
            raise ValueError(
                f"x, y: expected (B, {self.steps}) both, got {tuple(x.shape)} and {tuple(y.shape)}"
            )
        flips = (y ^ x if self.mixed else y).sum(1).double()  # those that z = 0 would take
        p = torch.tensor([self.flip, 1 - self.flip], dtype=torch.float64)

        def given_z(n: Tensor) -> Tensor:
            return torch.special.xlogy(n, p[0]) + torch.special.xlogy(self.steps - n, p[1])

        return torch.logaddexp(given_z(flips), given_z(self.steps - flips)) - math.log(2)

    def entropy(self) -> float:
        """H(y | x), the least expected negative log-likelihood of any model, in nats.

        All y that need k flips if z = 0 have the same probability p_k, so that the sum over 2^T
        sequences has T + 1 different terms:

            H = - Σ_k C(T, k) p_k ln p_k,  p_k = (q^k (1-q)^(T-k) + q^(T-k) (1-q)^k) / 2,  q = flip
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
        """`count` sequences x, and a y for each."""
        shape = checks.positive("count", count), self.steps
        x = torch.randint(2, shape, generator=generator)
        z = torch.randint(2, (count, 1), generator=generator)
        flips = (torch.rand(shape, generator=generator) < self.flip).long()
        return Split(x, (x if self.mixed else 0) ^ z ^ flips)

    def every(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """For each x (B, T) all y that there can be, and how probable they are: x, y, P(y | x).

        So an expectation over y is a sum, without noise. There are 2 y where y is constant, else
        2^T, so keep T small. Raises `ValueError` from T = 16 on.
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
    """The task: x and y (N, T) int64 of zeros and ones, as `Coins` says.

    Few test sequences are enough: `Coins.every` gives each x all of its y.
    """
    law = Coins(steps, mixed, flip)
    generator = torch.Generator().manual_seed(seed)
    train, valid, test = (law.draw(n, generator) for n in (n_train, n_test, n_test))
    return Task("coins", train, valid, test, symbols=("0", "1"), labels=("0", "1"))

"""A task that depends on what comes later, with the best accuracy of each direction known."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable
from dataclasses import dataclass
from itertools import product

import torch
from torch import Tensor
from torch.nn import functional as F

from rnn_course import checks, padding
from rnn_course.tasks.base import Split, Task, draw_splits

DIRECTIONS = ("forward", "backward", "both")


@dataclass(frozen=True)
class Futures:
    """The law of y given x, both sequences of zeros and ones:

        x^(t) fair coins,    y^(t) = the majority of x^(t-past), …, x^(t), …, x^(t+future)

    Before the first step and after the last, x counts as 0. The length τ of each sequence is drawn
    uniformly from `shortest` … `steps`; if `shortest` is None, all have `steps` steps.

    Source: deck S5.1.

    Raises:
        ValueError: If a length is not a positive integer, `shortest` is above `steps`, `past` or
            `future` is negative, or the number of voters is even.
    """

    steps: int
    past: int = 0
    future: int = 2
    shortest: int | None = None

    def __post_init__(self) -> None:
        checks.positive("steps", self.steps)
        if self.shortest is not None and checks.positive("shortest", self.shortest) > self.steps:
            raise ValueError(
                f"shortest: expected at most {self.steps} (the steps), got {self.shortest}"
            )
        for name, count in (("past", self.past), ("future", self.future)):
            checks.whole(name, count)
        if (self.past + self.future) % 2:
            raise ValueError(
                "past, future: expected an even sum, so that there is a majority, "
                f"got {self.past} and {self.future}"
            )

    def answers(self, x: Tensor, lengths: Tensor | None = None) -> Tensor:
        """y (N, T) int64 for x (N, T) int64 and lengths (N,); 0 after a sequence's end."""
        inside = (
            torch.ones_like(x) if lengths is None else padding.inside(lengths, x.shape[1]).long()
        )
        votes = F.pad(x * inside, (self.past, self.future)).unfold(1, self._voters, 1).sum(2)
        return (2 * votes > self._voters).long() * inside

    def ceiling(self, direction: str) -> float:
        """The best accuracy of a network that reads in one direction, or in both.

        "forward" knows x^(1) … x^(t) and t; "backward", x^(τ) … x^(t) and τ - t; "both", all of x.

        Enumerated: all lengths, all steps, all values of the voters. Cases that look the same in
        this direction get the same answer, at best the more probable one. (Of what has been read,
        only the voters matter, since all x^(t) are independent.)

        Raises:
            ValueError: If the direction is not one of these three.
        """
        checks.one_of("direction", direction, DIRECTIONS)
        cases: dict[Hashable, list[float]] = defaultdict(lambda: [0.0, 0.0])
        for length in range(self.shortest or self.steps, self.steps + 1):
            for t in range(length):
                voters = range(t - self.past, t + self.future + 1)
                coins = [(0, 1) if 0 <= s < length else (0,) for s in voters]
                for x in product(*coins):
                    seen = {
                        "forward": (t, x[: self.past + 1]),
                        "backward": (length - t, x[self.past :]),
                        "both": (t, length, x),
                    }[direction]
                    p = 0.5 ** sum(len(values) > 1 for values in coins)
                    cases[seen][2 * sum(x) > self._voters] += p
        return sum(map(max, cases.values())) / sum(map(sum, cases.values()))

    def draw(self, count: int, generator: torch.Generator) -> Split:
        """`count` sequences x with their y, both padded with zeros."""
        shape = checks.positive("count", count), self.steps
        x = torch.randint(2, shape, generator=generator)
        lengths = None
        if self.shortest is not None:
            lengths = torch.randint(self.shortest, self.steps + 1, (count,), generator=generator)
            x = x * padding.inside(lengths, self.steps)
        return Split(x, self.answers(x, lengths), lengths, lengths)

    @property
    def _voters(self) -> int:
        return self.past + 1 + self.future


def make_futures(
    steps: int,
    *,
    past: int = 0,
    future: int = 2,
    shortest: int | None = None,
    n_train: int = 20_000,
    n_test: int = 2_000,
    seed: int = 0,
) -> Task:
    """The task: x and y (N, T) int64 of zeros and ones, drawn from `Futures`."""
    splits = draw_splits(Futures(steps, past, future, shortest).draw, n_train, n_test, seed)
    return Task("futures", *splits, symbols=("0", "1"), labels=("0", "1"))

"""The tasks of chapters 10, 11 and 14 that need memory, each with its line and its budget.

The *line* is the error that can be had without memory. Examples are drawn anew, so that no network
sees one twice and none can learn them by heart; only the digits are the same in every pass.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache, partial
from typing import NamedTuple

import torch
from torch import Generator

from rnn_course.tasks.adding import make_adding, memoryless
from rnn_course.tasks.base import Batch, Split, Task
from rnn_course.tasks.copying import SYMBOLS, forgetful, make_copying
from rnn_course.tasks.fluent import languages, make_fluent
from rnn_course.tasks.parity import make_parity, windowed
from rnn_course.tasks.pixels import load_pixels
from rnn_course.tasks.selective_copying import make_selective_copying

PARITY, FURTHER = 40, 4000
"""The steps of the parity that is learnt, and of the one that is asked for afterwards."""


class Challenge(NamedTuple):
    """A task that needs memory, the error of a network without any, and the budget."""

    make: Callable[..., Task]
    steps: int
    line: float
    budget: int
    """The most updates of the weights."""
    parameters: int
    """The most parameters of a network."""


def _pixels(n_train: int = 1, n_test: int = 1000, seed: int = 0) -> Task:
    """The digits, with `n_train` drawn with replacement from those to learn from."""
    task = load_pixels()
    generator = torch.Generator().manual_seed(seed)
    drawn = torch.randint(len(task.train), (n_train,), generator=generator)
    return replace(task, train=Split(task.train.x[drawn], task.train.y[drawn]))


TASKS: Mapping[str, Challenge] = {
    "adding": Challenge(partial(make_adding, 200), 200, memoryless(200), 4_000, 5_500),
    "copying": Challenge(partial(make_copying, 50), 70, forgetful(50), 8_000, 5_500),
    "sentences": Challenge(
        partial(make_fluent, 80), 85, math.log(len(set(languages().values()))), 4_000, 40_000
    ),
}
"""Those of chapters 10 and 11."""

CHALLENGES: Mapping[str, Challenge] = {
    **TASKS,
    "parity": Challenge(
        partial(make_parity, PARITY), PARITY, windowed(PARITY, window=1), 4_000, 5_500
    ),
    "selective copying": Challenge(
        partial(make_selective_copying, 20), 40, forgetful(20), 4_000, 5_500
    ),
    "digits": Challenge(_pixels, 64, math.log(10), 4_000, 5_500),
}
"""All, with those of chapter 14."""

SIZES: Mapping[str, tuple[int, int]] = {
    "adding": (2, 1),
    "copying": (len(SYMBOLS), len(SYMBOLS)),
    "parity": (1, 2),
    "selective copying": (len(SYMBOLS), len(SYMBOLS)),
    "digits": (1, 10),
}
"""The numbers of inputs and outputs of a `Reader`."""


@dataclass(frozen=True)
class Anew:
    """Training examples that are drawn anew in each pass over them."""

    make: Callable[..., Task]
    count: int

    def __len__(self) -> int:
        return self.count

    def batches(self, batch_size: int, generator: Generator) -> Iterator[Batch]:
        """`count` examples of the task with a seed from the generator, in batches."""
        seed = int(torch.randint(2**31, (), generator=generator))
        train = self.make(n_train=self.count, n_test=1, seed=seed).train
        return train.batches(batch_size, generator)


@cache
def task_of(name: str) -> Task:
    """The validation and test examples of a task, 1,000 each."""
    return CHALLENGES[name].make(n_train=1, n_test=1000)

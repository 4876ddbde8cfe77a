"""What to beat on letters: what a letter says, told from the letters around it by counting."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from rnn_course import checks, padding
from rnn_course.tasks.base import Split, Task


@dataclass(frozen=True, eq=False)
class LetterNgram:
    """The label most frequent for a letter between the same neighbours, in the training split.

    window : where the letters of a context stand, 0 the letter itself, the most telling first. A
        context that training did not have is cut short from its end, until training had it; the
        letter alone always counts. Around the word stands the padding, as a letter of its own.
    tables : for 1, 2, … letters of the window the contexts of training, as numbers in rising order,
        and the label of each.
    """

    window: tuple[int, ...]
    tables: tuple[tuple[Tensor, Tensor], ...]
    n_symbols: int

    def predict(self, split: Split) -> Tensor:
        """A label for each letter, (N, T) int64, 0 in the padding."""
        inside = _inside(split)
        y = torch.zeros(int(inside.sum()), dtype=torch.int64)
        for keys, (known, labels) in zip(
            _keys(split, self.window, self.n_symbols), self.tables, strict=True
        ):
            place = torch.searchsorted(known, keys).clamp(max=len(known) - 1)
            y = torch.where(known[place] == keys, labels[place], y)
        return torch.zeros_like(split.x).masked_scatter(inside, y)

    def accuracy(self, split: Split) -> float:
        """The share of the letters whose label is right, between 0 and 1."""
        inside = _inside(split)
        return float((self.predict(split) == split.y)[inside].double().mean())


def letter_ngram(task: Task, past: int = 0, future: int = 0) -> LetterNgram:
    """Count, on the training split, what each letter says between `past` and `future` others.

    The letters nearest to it are the last to be given up, and of two equally near the later one.
    Of labels counted equally often it is the first.

    Raises `ValueError` for a task without a label a letter, and for counts of letters that are not
    whole numbers from 0, or so many that a context and its label are no 64-bit number any more.
    """
    for name, count in (("past", past), ("future", future)):
        checks.whole(name, count)
    train, n = task.train, len(task.labels)
    if train.lengths is None or train.y.shape != train.x.shape or not task.symbols or not n:
        raise ValueError(f"task: expected one with a label for each letter, got {task.name!r}")
    if len(task.symbols) ** (past + 1 + future) * n >= 2**63:
        raise ValueError(f"past, future: expected fewer letters together, got {past} and {future}")
    window = tuple(sorted(range(-past, future + 1), key=lambda at: (abs(at), -at)))
    y = train.y[_inside(train)]
    tables = tuple(_most_frequent(keys, y, n) for keys in _keys(train, window, len(task.symbols)))
    return LetterNgram(window, tables, len(task.symbols))


def _most_frequent(keys: Tensor, y: Tensor, n: int) -> tuple[Tensor, Tensor]:
    """Each key once, in rising order, and the label that comes with it most often."""
    pairs, counts = torch.unique(keys * n + y, return_counts=True)
    known, labels = pairs // n, pairs % n
    # By key, then by count; the pairs of a key come with rising labels, and the sorts are stable.
    order = torch.argsort(-counts, stable=True)
    order = order[torch.argsort(known[order], stable=True)]
    known, labels = known[order], labels[order]
    first = torch.ones_like(known, dtype=torch.bool)
    first[1:] = known[1:] != known[:-1]
    return known[first], labels[first]


def _keys(split: Split, window: tuple[int, ...], n_symbols: int) -> list[Tensor]:
    """The contexts of 1, 2, … letters of the window, as numbers, of all letters in turn."""
    inside = _inside(split)
    x = torch.where(inside, split.x, 0)
    reach = max(map(abs, window))
    padded = F.pad(x, (reach, reach))
    keys = [torch.zeros_like(x)]
    for at in window:
        keys.append(keys[-1] * n_symbols + padded[:, reach + at : reach + at + x.shape[1]])
    return [key[inside] for key in keys[1:]]


def _inside(split: Split) -> Tensor:
    return padding.inside(split.lengths, split.x.shape[1])

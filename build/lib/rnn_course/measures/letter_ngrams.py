"""What a network has to beat on letters: the label of a letter by counting its neighbours."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from rnn_course import checks
from rnn_course.measures.counting import inside, looked_up, numbered
from rnn_course.tasks.base import Split, Task


@dataclass(frozen=True, eq=False)
class LetterNgram:
    """The most frequent label of a letter with the same neighbours in the training split.

    Attributes:
        window: The positions of a context's letters, the most important first; 0 is the letter
            itself. A context that training lacks is shortened from its end until training has it;
            the letter itself is always kept. The padding around a word counts as a letter.
        tables: For 1, 2, … letters of the window the contexts of training, as numbers in
            ascending order, with the label of each.
    """

    window: tuple[int, ...]
    tables: tuple[tuple[Tensor, Tensor], ...]
    n_symbols: int

    def predict(self, split: Split) -> Tensor:
        """A label for each letter, (N, T) int64, 0 in the padding."""
        mask = inside(split)
        y = torch.zeros(int(mask.sum()), dtype=torch.int64)
        contexts = _keys(split, self.window, self.n_symbols)
        for keys, table in zip(contexts, self.tables, strict=True):
            y = looked_up(table, keys, y)
        return torch.zeros_like(split.x).masked_scatter(mask, y)

    def accuracy(self, split: Split) -> float:
        """The share of letters with the right label."""
        return float((self.predict(split) == split.y)[inside(split)].double().mean())


def letter_ngram(task: Task, past: int = 0, future: int = 0) -> LetterNgram:
    """Count the labels of each letter between `past` and `future` others, on the training split.

    The nearest letters of a context are the last to be dropped; of two equally near, the later one.
    Of labels counted equally often, the first is predicted.

    Raises:
        ValueError: If the task does not have a label per letter, or `past` or `future` is negative
            or so large that a context with its label does not fit into 64 bits.
    """
    for name, count in (("past", past), ("future", future)):
        checks.whole(name, count)
    train, n = task.train, len(task.labels)
    if train.lengths is None or train.y.shape != train.x.shape or not task.symbols or not n:
        raise ValueError(f"task: expected one with a label for each letter, got {task.name!r}")
    if len(task.symbols) ** (past + 1 + future) * n >= 2**63:
        raise ValueError(f"past, future: expected fewer letters together, got {past} and {future}")
    window = tuple(sorted(range(-past, future + 1), key=lambda at: (abs(at), -at)))
    y = train.y[inside(train)]
    tables = tuple(_most_frequent(keys, y, n) for keys in _keys(train, window, len(task.symbols)))
    return LetterNgram(window, tables, len(task.symbols))


def _most_frequent(keys: Tensor, y: Tensor, n: int) -> tuple[Tensor, Tensor]:
    """Each key once, in ascending order, and its most frequent label."""
    pairs, counts = torch.unique(keys * n + y, return_counts=True)
    known, labels = pairs // n, pairs % n
    # By key, then by count. The labels of a key are in ascending order; sorts are stable.
    order = torch.argsort(-counts, stable=True)
    order = order[torch.argsort(known[order], stable=True)]
    known, labels = known[order], labels[order]
    first = torch.ones_like(known, dtype=torch.bool)
    first[1:] = known[1:] != known[:-1]
    return known[first], labels[first]


def _keys(split: Split, window: tuple[int, ...], n_symbols: int) -> list[Tensor]:
    """The contexts of 1, 2, … letters of the window, as numbers, of all letters in turn."""
    mask = inside(split)
    reach, steps = max(map(abs, window)), split.x.shape[1]
    padded = F.pad(torch.where(mask, split.x, 0), (reach, reach))
    letters = [padded[:, reach + at : reach + at + steps] for at in window]
    return numbered(letters, n_symbols, mask)[1:]

"""What does each letter say? CMUdict as a task with an output for each input (S5.1)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor

from rnn_course import checks
from rnn_course.tasks.base import PADDING, SPLITS, Split, Task
from rnn_course.tasks.dictionary import Dictionary, Phones
from rnn_course.tasks.letters.alignment import Aligner, Words, learn
from rnn_course.tasks.pronunciations import Pronunciations, load_pronunciations

SILENT = "–"


@dataclass(frozen=True, eq=False)
class Letters(Task):
    """The task, with the alignment that its labels come from.

    Attributes:
        symbols: The letters in x.
        labels: What a letter can say: padding, unknown, nothing ("–"), then each single phone
            ("AA", …), then pairs ("K S").
        aligner: The table of costs, learnt from the training words.
        listed: The pronunciations of each word, all of them right.
        left_out: For "train", "valid" and "test", the words without alignment, in no split.
    """

    aligner: Aligner | None = None
    listed: Dictionary = field(default_factory=dict)
    left_out: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def said(self, y: Tensor, lengths: Tensor) -> list[Phones]:
        """The phones of each word: those of all labels in its row of y (N, T), in order.

        Raises:
            TypeError: If y or the lengths have the wrong type.
            ValueError: If y is not of labels, or the lengths do not fit.
        """
        checks.symbols("y", y, len(self.labels))
        N, T = y.shape
        lengths = checks.lengths(lengths, N, T, y.device)
        says = [() if label in ("", "�", SILENT) else tuple(label.split()) for label in self.labels]
        return [
            tuple(phone for label in row[:length] for phone in says[label])
            for row, length in zip(y.tolist(), lengths.tolist(), strict=True)
        ]


def load_letters(limit: int | None = None) -> Letters:
    """The task: a word's letters as x, and what each letter says as y, without stress (S5.1).

    Words and splits are those of `load_pronunciations(limit=limit)`. The alignment of letters and
    phones is learnt from the training words alone (`alignment.learn`) and applied to all. A word
    that cannot be aligned, because a letter would have to say what it never says in training, is
    left out (and listed in `left_out`).

    Raises:
        ValueError: If the limit is not a positive integer.
    """
    whole = load_pronunciations(limit=limit)
    aligner = learn(_words(whole, whole.train))
    # The pairs that the table knows, silent letters first, then single phones, then two.
    p, q = aligner.table.isfinite().any(0).nonzero().unbind(1)
    pairs = sorted(zip(p.tolist(), q.tolist(), strict=True), key=lambda pq: (pq[1] > 0, pq))
    label = torch.zeros(aligner.table.shape[1:], dtype=torch.int64)
    for i, pair in enumerate(pairs, start=2):
        label[pair] = i
    names = [" ".join(whole.phones[i] for i in pair if i != PADDING) or SILENT for pair in pairs]

    splits, left_out = {}, {}
    for name in SPLITS:
        split: Split = getattr(whole, name)
        phones, cost = aligner.align(_words(whole, split))
        known = cost.isfinite()
        y = torch.where(split.x != PADDING, label[phones[..., 0], phones[..., 1]], PADDING)
        splits[name] = Split(split.x[known], y[known], split.steps[known], split.steps[known])
        left_out[name] = tuple(whole.decode(split.x[~known])) if not known.all() else ()
    return Letters(
        "letters",
        **splits,
        symbols=whole.symbols,
        labels=("", "�", *names),
        aligner=aligner,
        listed=whole.listed,
        left_out=left_out,
    )


def _words(task: Pronunciations, split: Split) -> Words:
    """The words of a split, without the end symbol."""
    y = torch.where(split.y == task.end, PADDING, split.y)
    return Words(split.x, y, split.steps, split.y_steps - 1)

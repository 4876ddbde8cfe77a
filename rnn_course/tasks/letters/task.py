"""What does each letter say? CMUdict as a task with an output for each input (S5.1)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor

from rnn_course import checks
from rnn_course.tasks.base import PADDING, Split, Task
from rnn_course.tasks.dictionary import Dictionary, Phones
from rnn_course.tasks.letters.alignment import Aligner, Words, learn
from rnn_course.tasks.pronunciations import Pronunciations, load_pronunciations

SILENT = "–"


@dataclass(frozen=True, eq=False)
class Letters(Task):
    """The task, with what it was made from.

    symbols : the letters in x. labels : what a letter can say: "–" nothing, then the single
        phones ("AA", …), then two ("K S"); the first two are padding and unknown.
    aligner : the table that the labels come from, learnt from the training words.
    listed : each word's pronunciations, any of which is right.
    left_out : for "train", "valid" and "test" the words without alignment, which are in no split.
    """

    aligner: Aligner | None = None
    listed: Dictionary = field(default_factory=dict)
    left_out: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def said(self, y: Tensor, lengths: Tensor) -> list[Phones]:
        """The phones that rows of labels y (N, T) say together, one row's after another.

        Raises `TypeError` or `ValueError` for labels and lengths that do not fit.
        """
        checks.symbols("y", y, len(self.labels))
        lengths = checks.lengths(lengths, *y.shape, y.device)
        says = [() if label in ("", "�", SILENT) else tuple(label.split()) for label in self.labels]
        return [
            tuple(phone for label in row[:length] for phone in says[label])
            for row, length in zip(y.tolist(), lengths.tolist(), strict=True)
        ]


def load_letters(limit: int | None = None) -> Letters:
    """The task: a word's letters as x, and as y (as long as x) what each letter says, no stress.

    Words and sides are those of `load_pronunciations(limit=limit)`. How letters and phones belong
    together is learnt from the training words alone (`alignment.learn`) and applied to all;
    a word that cannot be aligned, because one of its letters would have to say what it never does
    in training, is left out and told.

    Raises `ValueError` for a limit that is no positive integer.
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
    for name in ("train", "valid", "test"):
        split = getattr(whole, name)
        phones, cost = aligner.align(_words(whole, split))
        known = cost.isfinite()
        y = torch.where(split.x != PADDING, label[phones[..., 0], phones[..., 1]], PADDING)
        splits[name] = Split(split.x[known], y[known], split.lengths[known], split.lengths[known])
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
    return Words(split.x, y, split.lengths, split.y_lengths - 1)

"""Which character of a tune comes next? Whole families of tunes on one side of the split.

The text of each tune, with a symbol of its own before and after it, is x and, one step on, y.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from torch import Tensor

from rnn_course import checks
from rnn_course.tasks.base import SPLITS, Split, Task, encode
from rnn_course.tasks.tunes.corpus import Tune, load_corpus

END = "¶"
"""The symbol that ends every tune, and also comes before its first character."""
RELATED = 16
"""Two tunes are related if they share as many letters of their melodies in a row."""


@dataclass(frozen=True, eq=False)
class Tunes(Task):
    """The task, with the tunes behind the rows of its splits.

    Attributes:
        members: The tunes of each split, in the order of its rows.
    """

    members: dict[str, list[Tune]] = field(default_factory=dict)

    @property
    def end(self) -> int:
        """The index of `END`."""
        return self.symbols.index(END)

    def texts(self, y: Tensor) -> list[str]:
        """The tunes that rows of y (N, T) encode, up to the end symbol."""
        return [text.partition(END)[0] for text in self.decode(y)]


def load_tunes(limit: int | None = None) -> Tunes:
    """The task: Irish tunes in ABC, a character per step, the next one as the target.

    x (N, T) int64 is `END` and then the tune, y (N, T) the tune and then `END`: what has to be
    predicted is every character of the tune and where it ends. lengths and y_lengths are the same,
    and labels are the symbols. Eight tenths of the families are for training, a tenth each for
    validation and test. The symbols are the characters of all tunes, some fifty. The task depends
    only on music21's version.

    A guess among all symbols costs log2 of their number, 5.7 bits per character; character n-grams
    (`measures.character_ngrams`), chosen on validation, take 2.2.

    Args:
        limit: The number of training tunes, from the first; None for all.

    Raises:
        ValueError: If the limit is not a positive integer.
        RuntimeError: If music21's corpus has no tunes.
    """
    members = split_tunes()
    known = sorted({character for tunes in members.values() for t in tunes for character in t.text})
    symbols = ("", "�", END, *known)
    if limit is not None:
        del members["train"][checks.positive("limit", limit) :]
    splits = {side: _split(members[side], symbols) for side in SPLITS}
    return Tunes("tunes", **splits, symbols=symbols, labels=symbols, members=members)


def split_tunes() -> dict[str, list[Tune]]:
    """The tunes of each split: "train", "valid" and "test".

    A family goes where a checksum of its first tune's notes says, so that no tune of one side has
    a relative on another.
    """
    tunes = load_corpus()
    sides: dict[str, list[Tune]] = {side: [] for side in SPLITS}
    first: dict[int, Tune] = {}
    for tune, family in zip(tunes, families([t.melody for t in tunes]), strict=True):
        head = first.setdefault(family, tune)
        sides[SPLITS[max(0, zlib.crc32(head.melody.encode()) % 10 - 7)]].append(tune)
    return sides


def families(melodies: Sequence[str], related: int = RELATED) -> list[int]:
    """The number of each melody's family: related ones, and the relatives of relatives.

    Two melodies are related if they share `related` letters in a row. Families are the connected
    components of a graph that joins each melody to all the rows of letters in it.
    """
    from scipy.sparse import coo_array  # takes a while: only where it is needed
    from scipy.sparse.csgraph import connected_components

    number: dict[str, int] = {}
    rows: list[int] = []
    columns: list[int] = []
    for i, melody in enumerate(melodies):
        for start in range(len(melody) - related + 1):
            rows.append(i)
            columns.append(number.setdefault(melody[start : start + related], len(number)))
    n = len(melodies) + len(number)
    places = (np.array(rows, int), np.array(columns, int) + len(melodies))
    graph = coo_array((np.ones(len(rows), bool), places), shape=(n, n))
    return connected_components(graph, directed=False)[1][: len(melodies)].tolist()


def _split(tunes: Sequence[Tune], symbols: Sequence[str]) -> Split:
    x, lengths = encode([END + tune.text for tune in tunes], symbols)
    y, _ = encode([tune.text + END for tune in tunes], symbols)
    return Split(x, y, lengths, lengths)

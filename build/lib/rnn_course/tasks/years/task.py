"""In which year? Sentences in many wordings, each with one year and often another number.

"I went to Nepal in 1999" and "In 1999, I went to Nepal": the answer is word 6 or word 2 (deck
S4.4). Here the position of the year and the length of the sentence are chosen, so that a network
can be tested where it was never trained. The countries and the formats of the dates are CLDR's;
they come with Babel, whose version fixes the data.
"""

from __future__ import annotations

import random
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache

import torch
from torch import Tensor

from rnn_course import checks
from rnn_course.tasks.base import SPLITS, Split, Task, encode
from rnn_course.tasks.years.wordings import DECK, YEARS, by_rule, sentence, vocabulary, words

__all__ = [
    "DECK",
    "FIRST",
    "LONGEST",
    "SHORTEST",
    "YEARS",
    "YearTask",
    "by_rule",
    "sentences",
    "make_years",
    "side",
]

SHORTEST, LONGEST = 6, 40
"""The fewest words that leave room for a year at every position from 2 on, and the most allowed."""

FIRST = 2
"""The first position of a year, counting words from 1."""


def side(text: str) -> str:
    """The split of a sentence: "train" for half of all possible ones, else "valid" or "test".

    It depends on the sentence as a network sees it: two sentences that differ only in unknown words
    are in the same split. The lecture's two sentences are in the test.
    """
    known = _known()
    seen = " ".join(word if word in known else "�" for word in words(text))
    if seen in {" ".join(words(sentence)) for sentence in DECK}:
        return "test"
    return ("train", "train", "valid", "test")[zlib.crc32(seen.encode()) % 4]


@cache
def _known() -> frozenset[str]:
    return frozenset(vocabulary())


@dataclass(frozen=True, eq=False)
class YearTask(Task):
    """The task, and sentences for any cell (number of words, position of the year).

    Attributes:
        lengths: The lengths of the training sentences, in words.
        positions: The positions of their years, counting words from 1.
    """

    separator = " "

    lengths: tuple[int, ...] = ()
    positions: tuple[int, ...] = ()

    @property
    def cells(self) -> tuple[tuple[int, int], ...]:
        """The cells (length, position) of the training sentences."""
        return _cells(self.lengths, self.positions)

    def encode(self, texts: Sequence[str]) -> tuple[Tensor, Tensor]:
        """Sentences as symbols, one per word: x (N, T) int64, padded, and lengths (N,) int64.

        Raises:
            TypeError: If texts is a bare string.
            ValueError: If there are no sentences, or one of them is empty.
        """
        return _encode(texts)

    def at(self, cells: Sequence[tuple[int, int]], each: int, seed: int = 0) -> Split:
        """Test sentences for each cell (length, position), `each` of them per cell, in order.

        Raises:
            ValueError: If there are no cells, a cell is impossible, or `each` is not a positive
                integer.
        """
        return _split(
            [pair for cell in _possible(cells) for pair in sentences([cell], each, "test", seed)]
        )


def make_years(
    n_train: int = 4000,
    *,
    lengths: Iterable[int] = range(6, 13),
    positions: Iterable[int] = (2, 3, 4, 7, 8, 9, 10, 11, 12),
    n_test: int = 1000,
    seed: int = 0,
) -> YearTask:
    """The task: a sentence as a sequence of words, its year as the target (deck S4.2 to S4.5).

    x is (N, T) int64, one symbol per word, and y (N,) int64, an index into `labels`, the years.
    Each sentence has one of the lengths and its year at one of the positions; all possible cells
    (length, position) are equally frequent. A sentence with room for it holds a second number in
    the same range that is not a year: "from gate 1987". Validation and test have n_test sentences
    each, from the same cells. A larger n_train adds sentences to those of a smaller one.

    Raises:
        ValueError: If a length is not in 6 … 40, a position is below 2 or beyond every length, or
            a count is not a positive integer.
    """
    lengths, positions = (tuple(sorted(set(values))) for values in (lengths, positions))
    cells = _cells(lengths, positions)
    splits = {
        name: _split(sentences(cells, count, name, seed))
        for name, count in (("train", n_train), ("valid", n_test), ("test", n_test))
    }
    return YearTask(
        "years",
        **splits,
        symbols=vocabulary(),
        labels=tuple(map(str, YEARS)),
        lengths=lengths,
        positions=positions,
    )


def sentences(
    cells: Sequence[tuple[int, int]], count: int, split: str, seed: int = 0
) -> list[tuple[str, int]]:
    """`count` different sentences of one split with their years, each from a random cell.

    Raises:
        ValueError: If the count is not a positive integer, the split is unknown, there are no
            cells or a cell is impossible, or there are too few different sentences.
    """
    checks.positive("count", count)
    checks.one_of("split", split, SPLITS)
    cells = _possible(cells)
    draw = random.Random(f"{seed} {split} {cells}")  # other cells, other countries and years
    found: dict[str, int] = {}
    for _ in range(200 * count):
        length, position = draw.choice(cells)
        text, year = sentence(length, position, split, draw)
        if text not in found and side(text) == split:
            found[text] = year
            if len(found) == count:
                return list(found.items())
    raise ValueError(f"count: expected fewer, since there are hardly {count} different sentences")


def _possible(cells: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    for length, position in cells:
        if not (SHORTEST <= length <= LONGEST and FIRST <= position <= length):
            raise ValueError(
                f"cells: expected {SHORTEST} ≤ length ≤ {LONGEST} and {FIRST} ≤ "
                f"position ≤ length, got ({length}, {position})"
            )
    if not cells:
        raise ValueError("cells: expected at least one (length, position), got none")
    return [(int(length), int(position)) for length, position in cells]


def _cells(lengths: Sequence[int], positions: Sequence[int]) -> tuple[tuple[int, int], ...]:
    """All (length, position) with the position inside the sentence."""
    return tuple((n, p) for n in lengths for p in positions if p <= n)


def _encode(texts: Sequence[str]) -> tuple[Tensor, Tensor]:
    if isinstance(texts, str):
        raise TypeError(f"texts: expected a sequence of strings, got the string {texts!r}")
    return encode([words(text) for text in texts], vocabulary())


def _split(drawn: Sequence[tuple[str, int]]) -> Split:
    """Sentences with their years as symbols and classes."""
    x, lengths = _encode([text for text, _ in drawn])
    return Split(x, torch.tensor([YEARS.index(year) for _, year in drawn]), lengths)

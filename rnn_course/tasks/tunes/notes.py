"""The notes that a tune's text stands for: which, how long, and in which bar."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fractions import Fraction
from typing import NamedTuple

from rnn_course.tasks.tunes.corpus import unit

LETTERS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
"""The semitones of each letter above C."""
MIDDLE_C = 60  # the capital C, as a MIDI number
ACCIDENTALS = {"^": 1, "^^": 2, "=": 0, "_": -1, "__": -2}
FIFTHS = {"": 0, "m": -3, "dor": -2, "mix": -1, "lyd": 1, "phr": -4}
"""How many more sharps a mode has than the major key on the same note."""

_HEADER = re.compile(r"M:(\S+)\nK:([A-G])([#b]?)([a-z]*)\n")
_TOKEN = re.compile(
    r"(?P<accidental>\^\^?|__?|=)?(?P<note>[A-Ga-gz])(?P<octave>[,']*)(?P<length>\d*(?:/\d*)?)"
    r"|(?P<broken>>+|<+)|(?P<triplet>\(3)|(?P<bar>[|:]+[12]?)|[ \n]+"
)


class Note(NamedTuple):
    """A MIDI number, or None for a rest, and how many units it lasts."""

    pitch: int | None
    length: Fraction


class Bar(NamedTuple):
    """The notes between two bar lines.

    Attributes:
        opened, closed: The bar lines, "" at the beginning and at an end without one.
    """

    notes: tuple[Note, ...]
    opened: str
    closed: str

    @property
    def length(self) -> Fraction:
        """The units that its notes last together."""
        return sum((note.length for note in self.notes), Fraction(0))


class Melody(NamedTuple):
    """A tune that has been read.

    Attributes:
        full: The units in a whole bar.
        unit: The length of a unit, as a part of a whole note.
        tonic: The note that the key is named after, in semitones above C.
        bars: The bars that have notes.
    """

    full: Fraction
    unit: Fraction
    tonic: int
    bars: list[Bar]

    @property
    def notes(self) -> list[Note]:
        """The notes of all bars."""
        return [note for bar in self.bars for note in bar.notes]


def read_melody(text: str) -> Melody:
    """Read a tune: the ABC that `corpus` keeps of it, or what a network has written.

    A note without a number lasts one unit, `a2` two, `a/` half, `a3/4` three quarters. In `a>b` the
    first lasts one and a half and the second half a unit, in `a<b` the other way round; the three
    notes after `(3` take the time of two. The key's sharps and flats hold throughout, and an
    accidental until the end of its bar. Repeats are not played.
    Source: the ABC standard 2.1, section 4.

    Raises:
        ValueError: If the text is not ABC of this kind; the message says from where on.
    """
    header = _HEADER.match(text)
    whole = None if header is None else unit(header[1])
    if header is None or whole is None or header[4] not in FIFTHS:
        raise ValueError(f"text: expected a metre M: and a key K: in two lines, got {text[:30]!r}")
    metre, letter, sign, mode = header.groups()
    bars = [
        Bar(tuple(notes), opened, closed)
        for notes, opened, closed in _bars(text, header.end(), _signature(letter, sign, mode))
        if notes
    ]
    length = Fraction(1) if metre in ("C", "C|") else Fraction(metre)
    tonic = (LETTERS[letter] + {"": 0, "#": 1, "b": -1}[sign]) % 12
    return Melody(length / Fraction(whole), Fraction(whole), tonic, bars)


def _signature(letter: str, sign: str, mode: str) -> dict[str, int]:
    """The letters that the key raises (1) or lowers (-1)."""
    sharps = "FCGDAEB".index(letter) - 1 + {"": 0, "#": 7, "b": -7}[sign] + FIFTHS[mode]
    raised, lowered = "FCGDAEB"[: max(sharps, 0)], "BEADGCF"[: max(-sharps, 0)]
    return {**dict.fromkeys(raised, 1), **dict.fromkeys(lowered, -1)}


def _bars(
    text: str, start: int, signature: dict[str, int]
) -> Iterator[tuple[list[Note], str, str]]:
    """The notes of each bar, and the bar lines before and after them."""
    notes: list[Note] = []
    bent: dict[str, int] = {}  # the accidentals so far in this bar
    opened, factor, in_triplet, at = "", Fraction(1), 0, start
    while at < len(text):
        token = _TOKEN.match(text, at)
        if token is None:
            raise ValueError(f"text: expected ABC, got {text[at : at + 10]!r} at character {at}")
        at = token.end()
        if token["note"]:
            length = _length(token["length"]) * factor * (Fraction(2, 3) if in_triplet else 1)
            notes.append(Note(_pitch(token, signature, bent), length))
            factor, in_triplet = Fraction(1), max(0, in_triplet - 1)
        elif token["triplet"]:
            in_triplet = 3
        elif token["broken"]:
            if not notes:
                raise ValueError(f"text: expected a note before {token[0]!r} at character {at}")
            short = Fraction(1, 2 ** len(token[0]))
            before, factor = (2 - short, short) if token[0][0] == ">" else (short, 2 - short)
            notes[-1] = notes[-1]._replace(length=notes[-1].length * before)
        elif token["bar"]:
            yield notes, opened, token["bar"]
            notes, bent, opened, in_triplet, factor = [], {}, token["bar"], 0, Fraction(1)
    yield notes, opened, ""


def _length(written: str) -> Fraction:
    """A length as ABC writes it: "", "2", "/", "3/", "/4" or "3/4"."""
    above, stroke, below = written.partition("/")
    if not (int(above or 1) and int(below or 1)):
        raise ValueError(f"text: expected lengths that are not 0, got {written!r}")
    return Fraction(int(above or 1), int(below or 2) if stroke else 1)


def _pitch(token: re.Match, signature: dict[str, int], bent: dict[str, int]) -> int | None:
    if token["note"] == "z":
        return None
    letter, place = token["note"].upper(), token["note"] + token["octave"]
    if token["accidental"]:
        bent[place] = ACCIDENTALS[token["accidental"]]
    octave = token["note"].islower() + token["octave"].count("'") - token["octave"].count(",")
    return MIDDLE_C + 12 * octave + LETTERS[letter] + bent.get(place, signature.get(letter, 0))

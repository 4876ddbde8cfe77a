"""How is this word pronounced? CMUdict's spellings, and the phones of their pronunciations."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from torch import Tensor

from rnn_course import checks
from rnn_course.tasks.base import PADDING, SPLITS, Split, Task, encode
from rnn_course.tasks.dictionary import LETTERS, Dictionary, Phones, all_phones, distinct, read

END = "."
SYMBOLS = ("", "�", *LETTERS)


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
        """The symbol of y that ends every pronunciation, and also comes before its first phone."""
        return self.labels.index(END)

    def said(self, y: Tensor) -> list[Phones]:
        """The phones that rows of y (N, T) encode, up to the end symbol."""
        rows = (row[: row.index(self.end)] if self.end in row else row for row in y.tolist())
        return [tuple(self.labels[i] for i in row if i != PADDING) for row in rows]


@dataclass(frozen=True)
class Inventory(Spoken):
    """The letters and phones of `load_pronunciations` without its words: enough to say a word."""

    symbols: tuple[str, ...]
    labels: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Pronunciations(Spoken, Task):
    """The task, with all pronunciations of each of its words.

    Attributes:
        symbols: The letters in x.
        labels: The phones in y, also called `phones`.
        listed: The pronunciations of each word, all of them right. In training each is a row; in
            validation and test a word is one row, with the first of them.
    """

    listed: Dictionary = field(default_factory=dict)


def side(word: str) -> str:
    """The split of a word: "train" (90 %), "valid" or "test" (5 % each), by its checksum."""
    at = zlib.crc32(word.encode()) % 100
    return "test" if at < 5 else "valid" if at < 10 else "train"


def sides(listed: Iterable[str], held_out: Dictionary | None = None) -> dict[str, list[str]]:
    """The listed words by split; if words are held out, they are the test.

    Raises:
        ValueError: If the words held out leave none for training or none for validation.
    """
    words: dict[str, list[str]] = {name: [] for name in SPLITS}
    for word in listed:
        words[side(word)].append(word)
    if held_out is not None:
        words = {
            "train": [w for s in ("train", "test") for w in words[s] if w not in held_out],
            "valid": [w for w in words["valid"] if w not in held_out],
            "test": list(held_out),
        }
        for name, purpose in (("train", "training"), ("valid", "validation")):
            if not words[name]:
                raise ValueError(
                    f"held_out: expected words that leave some of CMUdict's for training "
                    f"and for validation, got {len(held_out):,} that leave none for {purpose}"
                )
    return words


def load_pronunciations(
    stress: bool = False,
    limit: int | None = None,
    held_out: Dictionary | None = None,
    dictionary: Dictionary | None = None,
) -> Pronunciations:
    """The task: a word's letters as x, its phones and the end symbol "." as y (S6.1).

    Words are split, not pronunciations: all those of a word are on its `side`. Related words
    ("walk" and "walked") may be in different splits, as in the published ones.

    Args:
        stress: Whether the vowels in y keep the digits of their stress. If so, vowels of `held_out`
            without stress are unknown in y.
        limit: The number of training words, those with the lowest checksums; None for all.
        held_out: Words that become the test, scored by their pronunciations here. All others are
            for training, or for validation if that is their `side`.
        dictionary: Words in place of CMUdict's. With `stress`, it has to mark it on all vowels.

    Raises:
        ValueError: If the limit is not a positive integer, or the words held out leave none for
            training or none for validation.
    """
    listed = read(stress) if dictionary is None else _as_asked(dictionary, stress)
    words = sides(listed, held_out)
    if held_out is not None:
        listed = {**listed, **_as_asked(held_out, stress)}
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


def _as_asked(words: Dictionary, stress: bool) -> Dictionary:
    return distinct(((word, phones) for word, each in words.items() for phones in each), stress)


def inventory(stress: bool = False) -> Inventory:
    """The symbols and labels of `load_pronunciations(stress)`, without reading the dictionary."""
    return Inventory(SYMBOLS, ("", "�", END, *all_phones(stress)))


def _split(
    pairs: Sequence[tuple[str, Phones]], symbols: Sequence[str], phones: Sequence[str]
) -> Split:
    x, lengths = encode([word for word, _ in pairs], symbols)
    y, y_lengths = encode([(*said, END) for _, said in pairs], phones)
    return Split(x, y, lengths, y_lengths)

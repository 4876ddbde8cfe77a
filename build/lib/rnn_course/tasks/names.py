"""Which language is this name in? Names of places, languages, currencies and scripts from CLDR.

The Unicode Common Locale Data Repository lists what each language calls France, Swahili, the yen,
the Cyrillic script or Cairo. Babel ships the repository, so nothing is downloaded, and the version
of Babel fixes the data.
"""

from __future__ import annotations

import unicodedata
import zlib
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import torch

from rnn_course.tasks.base import SPLITS, Split, Task, encode

LANGUAGES = tuple("cs da de en es fi fr ga hu id is it nb nl pl pt ro sv sw tr".split())
"""Twenty languages written in the Latin script, as CLDR locale codes."""


class Name(NamedTuple):
    """One name: what it names (a CLDR category and code), the language's code, and the text."""

    category: str
    code: str
    language: str
    text: str


def cldr_names(language: str) -> Iterator[Name]:
    """All names in CLDR in one language, in Unicode's composed form (NFC).

    Raises:
        ValueError: If CLDR does not know the language.
    """
    from babel import Locale, UnknownLocaleError

    try:
        locale = Locale.parse(language)
    except (UnknownLocaleError, ValueError) as error:
        raise ValueError(f"languages: expected CLDR locale codes, got {language!r}") from error
    cities = {zone: names["city"] for zone, names in locale.time_zones.items() if "city" in names}
    categories = {
        "territory": locale.territories,
        "language": locale.languages,
        "currency": locale.currencies,
        "script": locale.scripts,
        "city": cities,
    }
    for category, entries in categories.items():
        for code, text in entries.items():
            yield Name(category, code, language, unicodedata.normalize("NFC", text))


def own_names(languages: Sequence[str]) -> list[Name]:
    """The names that belong to only one of the languages, sorted, each text once.

    Texts that differ only in capitals ("Afar", "afar") count as the same: the letters should
    decide. Names shared by several languages have no single right answer and are left out.
    """
    languages_of: dict[str, set[str]] = defaultdict(set)
    first: dict[str, Name] = {}
    for name in sorted(name for language in languages for name in cldr_names(language)):
        text = name.text.casefold()
        languages_of[text].add(name.language)
        first.setdefault(text, name)
    return [name for text, name in first.items() if len(languages_of[text]) == 1]


def side(name: Name) -> str:
    """The split of a name: "train" for eight tenths of all things named, else "valid" or "test".

    It depends on the thing named and not on the language, so all its translations are in the same
    split, and on no other name, so adding a language moves nothing.
    """
    tenth = zlib.crc32(f"{name.category}/{name.code}".encode()) % 10
    return SPLITS[max(0, tenth - 7)]


def load_names(languages: Sequence[str] = LANGUAGES, *, min_count: int = 2) -> Task:
    """The task: a name as a sequence of characters, its language as the target (slide S1.3).

    x is (N, T) int64, one symbol per character, and y is (N,) int64, an index into `labels`, the
    languages' English names. The symbols are the characters that occur in at least `min_count`
    training names; all others become the unknown symbol, in training too, so that it is learnt.
    The task depends only on Babel's version.

    Raises:
        ValueError: If there are fewer than two languages, a duplicate, or one unknown to CLDR.
    """
    from babel import Locale

    languages = tuple(languages)
    if len(languages) < 2 or len(set(languages)) < len(languages):
        raise ValueError(f"languages: expected two or more different codes, got {languages}")
    sides: dict[str, list[Name]] = {split: [] for split in SPLITS}
    for name in own_names(languages):
        sides[side(name)].append(name)

    counts = Counter(letter for name in sides["train"] for letter in set(name.text))
    known = sorted(letter for letter, count in counts.items() if count >= min_count)
    symbols = ("", "�", *known)
    number = {language: i for i, language in enumerate(languages)}
    splits = {}
    for split, members in sides.items():
        x, lengths = encode([name.text for name in members], symbols)
        y = torch.tensor([number[name.language] for name in members])
        splits[split] = Split(x, y, lengths)
    english = Locale("en").languages
    labels = tuple(english.get(language, language) for language in languages)
    return Task("names", **splits, symbols=symbols, labels=labels)

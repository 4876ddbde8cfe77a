"""Which language is this name in? Names of places, languages, currencies and scripts from CLDR.

The Unicode Common Locale Data Repository says what each language calls France, Swahili, the yen,
the Cyrillic script or Cairo. Babel ships the repository, so nothing is downloaded, and a version
of Babel fixes the data.
"""

from __future__ import annotations

import unicodedata
import zlib
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import torch

from rnn_course.tasks.base import Split, Task, encode

LANGUAGES = tuple("cs da de en es fi fr ga hu id is it nb nl pl pt ro sv sw tr".split())
"""Twenty languages that are written in the Latin script, as CLDR locale codes."""

SPLITS = ("train", "valid", "test")


class Name(NamedTuple):
    """One name: what it names, as a CLDR category and code, the language's code, and the text."""

    category: str
    code: str
    language: str
    text: str


def cldr_names(language: str) -> Iterator[Name]:
    """Every name that CLDR gives in one language, in Unicode's composed form (NFC).

    Raises ValueError for a language that CLDR does not know.
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
    """The names that belong to one of the languages alone, sorted, each text once.

    Two texts count as the same when they differ in capitals only ("Afar", "afar"): the language
    should be read off the letters. Names that several languages share have no one right answer.
    """
    languages_of: dict[str, set[str]] = defaultdict(set)
    first: dict[str, Name] = {}
    for name in sorted(name for language in languages for name in cldr_names(language)):
        text = name.text.casefold()
        languages_of[text].add(name.language)
        first.setdefault(text, name)
    return [name for text, name in first.items() if len(languages_of[text]) == 1]


def side(name: Name) -> str:
    """The split of a name: "train" for eight tenths of what can be named, else "valid" or "test".

    It depends on what is named and not on the language, so all the translations of one thing lie
    on one side, and on no other name, so adding a language moves nothing.
    """
    tenth = zlib.crc32(f"{name.category}/{name.code}".encode()) % 10
    return SPLITS[max(0, tenth - 7)]


def load_names(languages: Sequence[str] = LANGUAGES, *, min_count: int = 2) -> Task:
    """The task: a name as a sequence of characters, its language as the target (slide S1.3).

    x is (N, T) int64, one symbol a character, and y is (N,) int64, an index into `labels`, the
    languages' English names. The symbols are those characters that stand in at least `min_count`
    training names; every other one becomes the unknown symbol, in training too, so that the
    unknown symbol is learnt. The task is a function of Babel's version and of nothing else.

    Raises ValueError for fewer than two languages, for one twice, or for one unknown to CLDR.
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

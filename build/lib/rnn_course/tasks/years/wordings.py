"""Sentences that say in which year somebody went where, of any length, the year at any position.

A core, such as "i went to {country} in {year}", holds the year and a country; fillers before and
after it give the sentence its length and the year its position. One of the fillers holds a number
that is not a year.
"""

from __future__ import annotations

import random
import zlib
from collections.abc import Sequence
from datetime import date
from functools import cache

YEARS = range(1970, 2020)
"""The years to be found. The numbers that are not years lie in the same range."""

DECK = ("I went to Nepal in 1999", "In 1999, I went to Nepal")
"""The lecture's own two sentences: the year is word 6 in one and word 2 in the other."""

WITH_ARTICLE = frozenset("BS GM KM MV NL PH SC".split())  # the Netherlands; CLDR has no articles
NO_COUNTRY = frozenset("EZ XA XB".split())  # Eurozone, two for testing software

# Each core holds the year and a country. {to} and {saw} are verbs, {date} is three words.
CORES = (
    "{who} {to} to {country} in {year}",
    "in {year} {who} {to} to {country}",
    "{who} {saw} {country} in {year}",
    "in {year} {who} {saw} {country}",
    "{who} left in {year} for {country}",
    "the year {year} took {whom} to {country}",
    "{who} {to} to {country} on {date}",
    "on {date} {who} {to} to {country}",
)
SLOTS = {
    "who": "i we they she he".split(),
    "whom": "me us them her him".split(),
    "to": "went flew moved sailed came".split(),
    "saw": "saw visited toured crossed loved".split(),
}
BEFORE = (
    "well",
    "honestly",
    "yes",
    "so",
    "i think",
    "you know",
    "of course",
    "believe me",
    "as you know",
    "my aunt says",
    "to be honest",
    "to my surprise",
    "if i remember rightly",
    "as i told you",
    "the story goes that",
    "in a few words",
)
AFTER = (
    "again",
    "alone",
    "together",
    "gladly",
    "by train",
    "with friends",
    "for work",
    "at last",
    "for a week",
    "with my sister",
    "in the rain",
    "to our delight",
    "to see the mountains",
    "with nothing but luck",
    "and stayed for weeks",
    "because it was cheap",
)
NUMBERED = (
    "from gate {n}",
    "on flight {n}",
    "by bus {n}",
    "with ticket {n}",
    "in seat {n}",
    "in room {n}",
    "past kilometre {n}",
    "under number {n}",
)
NO_YEAR_AFTER = frozenset(phrase.split()[1] for phrase in NUMBERED)


@cache
def countries() -> dict[str, tuple[str, ...]]:
    """CLDR's English country names of one word without article, in lower case, in three groups.

    "known" have a symbol each. "unnamed" occur in training as well, but as the unknown symbol, so
    that it is learnt. "new" occur only in validation and test, where they are unknown.
    """
    from babel import Locale

    groups: dict[str, list[str]] = {"known": [], "unnamed": [], "new": []}
    for code, name in sorted(Locale("en").territories.items()):
        if (
            len(code) == 2
            and code.isalpha()
            and len(name.split()) == 1
            and code not in WITH_ARTICLE | NO_COUNTRY
        ):
            tenth = zlib.crc32(code.encode()) % 10
            groups["new" if tenth > 7 else "unnamed" if tenth == 7 else "known"].append(name)
    return {group: tuple(name.casefold() for name in names) for group, names in groups.items()}


@cache
def vocabulary() -> tuple[str, ...]:
    """The symbols: padding, unknown, and the words of the training sentences, sorted."""
    from babel import Locale

    phrases = [*CORES, *BEFORE, *AFTER, *NUMBERED, *(w for slot in SLOTS.values() for w in slot)]
    known = {word for phrase in phrases for word in phrase.split() if "{" not in word}
    known |= {
        *countries()["known"],
        *map(str, YEARS),
        *map(str, range(1, 29)),
        *(name.casefold() for name in Locale("en").months["format"]["wide"].values()),
    }
    return ("", "�", *sorted(known))


def words(text: str) -> list[str]:
    """The words of a sentence, in lower case and without punctuation.

    >>> words("In 1999, I went to Nepal.")
    ['in', '1999', 'i', 'went', 'to', 'nepal']
    """
    return text.casefold().translate(str.maketrans("", "", ".,;:!?")).split()


def by_rule(text: str) -> int:
    """The answer by a hand-written rule: the number in `YEARS` that is not a gate, flight, ….

    The rule is right for every sentence of the task, so the best possible accuracy is 1.

    Raises:
        ValueError: If the rule finds no year in the text, or several.
    """
    sentence = words(text)
    found = [
        int(word)
        for before, word in zip(["", *sentence], sentence, strict=False)
        if word.isdecimal() and int(word) in YEARS and before not in NO_YEAR_AFTER
    ]
    if len(found) != 1:
        raise ValueError(f"text: expected one year, got {found} in {text!r}")
    return found[0]


def sentence(length: int, position: int, split: str, draw: random.Random) -> tuple[str, int]:
    """One sentence of `length` words with its year at word `position`, and the year.

    The split decides which countries are possible.
    """
    from babel.dates import format_date

    known, other = (countries()[g] for g in ("known", "unnamed" if split == "train" else "new"))
    year, no_year = draw.sample(YEARS, 2)
    core, n_before, n_after = draw.choice(_fitting(length, position))
    slots = {name: draw.choice(values) for name, values in SLOTS.items()}
    if "{date}" in core:  # March 5, 1999 or 5 March 1999
        day = date(year, draw.randint(1, 12), draw.randint(1, 28))
        slots["date"] = format_date(day, "long", locale=draw.choice(("en_US", "en_GB")))
    core = core.format(year=year, country=draw.choice(known + other), **slots)
    number = draw.choice(NUMBERED).format(n=no_year)
    rooms = [room for room in (n_before, n_after) if room >= len(number.split())]
    first = len(rooms) == 2 and draw.random() < 0.5 or rooms == [n_before]
    before = _filler(BEFORE, n_before, number if rooms and first else "", draw)
    after = _filler(AFTER, n_after, number if rooms and not first else "", draw)
    return " ".join([*before, *words(core), *after]), year


@cache
def _fitting(length: int, position: int) -> list[tuple[str, int, int]]:
    """The cores that fit the cell, with the number of words before and after each."""
    found = []
    for core in CORES:
        pattern = core.replace("{date}", "day month {year}").split()
        before = position - 1 - pattern.index("{year}")
        after = length - before - len(pattern)
        if before >= 0 and after >= 0:
            found.append((core, before, after))
    return found


def _filler(phrases: Sequence[str], room: int, number: str, draw: random.Random) -> list[str]:
    """`room` words of phrases, with the number (if any) at a random place among them."""
    parts, left = [number] * bool(number), room - len(number.split())
    while left:
        fitting = [phrase for phrase in phrases if len(phrase.split()) <= left]
        phrase = draw.choice([phrase for phrase in fitting if phrase not in parts] or fitting)
        parts.insert(draw.randint(0, len(parts)), phrase)
        left -= len(phrase.split())
    return [word for part in parts for word in part.split()]

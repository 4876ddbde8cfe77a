"""Which language? "I grew up in France. … I speak fluent": so many words later, it is asked for.

The country is one of CLDR's that has one official language, and the words in between are sentences
of Python's own manual. All of a task's sentences have the same gap, which the caller chooses, so
that accuracy can be drawn against it. Babel's version and Python's fix the data.
"""

from __future__ import annotations

import random
import re
import zlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pydoc_data.topics import topics

import torch
from torch import Tensor

from rnn_course import checks
from rnn_course.tasks.base import PADDING, UNKNOWN, Split, Task

START, END = ("i", "grew", "up", "in"), ("i", "speak", "fluent")
SHORTEST = len(END)
"""The smallest gap: "i grew up in france i speak fluent"."""

N_FILLER = 500
"""So many different words of the training fillers have a symbol, the most frequent; others are
unknown."""


@cache
def languages() -> Mapping[str, str]:
    """CLDR's English names of countries with one official language, each with that language.

    The names are symbols, and so may have several words: "Costa Rica".
    """
    from babel import Locale
    from babel.languages import get_official_languages

    english, found = Locale("en"), {}
    for code, country in sorted(english.territories.items()):
        official = get_official_languages(code) if len(code) == 2 and code.isalpha() else ()
        if len(official) == 1:
            found[country] = english.languages[official[0].split("_")[0]]  # sr_Latn is Serbian
    return found


@cache
def fillers() -> Mapping[str, tuple[tuple[str, ...], ...]]:
    """The manual's sentences as words in small letters; of ten, eight are for training.

    Python's language reference, without its grammars and examples, which are indented.
    """
    sides: dict[str, set[tuple[str, ...]]] = {"train": set(), "valid": set(), "test": set()}
    for text in topics.values():
        for paragraph in re.split(r"\n\s*\n", text):
            if not paragraph[:1].isalpha() or "***" in paragraph or "===" in paragraph:
                continue
            for sentence in re.split(r"(?<=[.!?])\s+", paragraph):
                words = tuple(re.findall(r"[a-z]+", sentence.lower()))
                if len(words) >= 5 and re.fullmatch(r"[A-Z][\w\s,;:()\"*’'-]*[.!?]", sentence):
                    tenth = zlib.crc32(" ".join(words).encode()) % 10
                    sides["valid" if tenth == 8 else "test" if tenth == 9 else "train"].add(words)
    return {side: tuple(sorted(sentences)) for side, sentences in sides.items()}


@cache
def vocabulary() -> tuple[str, ...]:
    """The symbols: padding, unknown, the countries, the frame's words and `N_FILLER` of fillers."""
    counts = Counter(word for sentence in fillers()["train"] for word in sorted(sentence))
    frequent = sorted(counts, key=lambda word: (-counts[word], word))[:N_FILLER]
    return ("", "�", *languages(), *sorted({*START, *END, *frequent}))


def sentence(country: str, gap: int, side: str, draw: random.Random) -> tuple[str, ...]:
    """One sentence as words: the country, and `gap` words after it, the last of them "fluent".

    Raises `ValueError` for a country that `languages` does not have, a gap under 3 and an unknown
    side.
    """
    if country not in languages():
        raise ValueError(f"country: expected one with one official language, got {country!r}")
    if checks.whole("gap", gap) < SHORTEST:
        raise ValueError(
            f"gap: expected at least {SHORTEST}, since {' '.join(END)!r} is part of it, got {gap}"
        )
    checks.one_of("side", side, ("train", "valid", "test"))
    filler: list[str] = []
    while len(filler) < gap - len(END):
        filler += draw.choice(fillers()[side])
    # cut at the front, so that the last sentence is whole
    return (*START, country, *filler[len(filler) - (gap - len(END)) :], *END)


@dataclass(frozen=True, eq=False)
class FluentTask(Task):
    """The task, whose sentences have `gap` words between the country and its language."""

    gap: int = SHORTEST

    def decode(self, x: Tensor) -> list[str]:
        """The sentences behind x (N, T), a space between two words; an unknown word is "�"."""
        if x.dim() != 2:
            raise ValueError(f"x: expected (N, T) symbols, got shape {tuple(x.shape)}")
        return [" ".join(self.symbols[i] for i in row if i != PADDING) for row in x.tolist()]

    def encode(self, texts: Sequence[Sequence[str]]) -> tuple[Tensor, Tensor]:
        """Sentences, each a sequence of words, as symbols: x (N, T) int64, padded, and lengths.

        Raises ValueError where there is no sentence, or an empty one; TypeError for a bare string,
        which does not say where a country's name ends.
        """
        return encode(texts)

    def by_rule(self, x: Tensor) -> Tensor:
        """The answers to x (N, T), (N,) int64: the language of the country that a row holds.

        It looks at one word and needs no memory, so that the ceiling is an accuracy of 1 at every
        gap. Raises ValueError for a row without a country, or with several.
        """
        names = list(languages())
        is_country = (x > UNKNOWN) & (x < UNKNOWN + 1 + len(names))
        wrong = (is_country.sum(1) != 1).nonzero()
        if len(wrong):
            raise ValueError(
                f"x: expected one country a row, got {int(is_country[wrong[0]].sum())}"
                f" at index {int(wrong[0])}"
            )
        index = {language: i for i, language in enumerate(self.labels)}
        answers = torch.tensor([index[languages()[name]] for name in names])
        return answers[x[is_country] - UNKNOWN - 1]


def make_fluent(gap: int, n_train: int = 8000, *, n_test: int = 1000, seed: int = 0) -> FluentTask:
    """The task: a sentence of 5 + gap words, the language at its end as the target (S8.2, S8.3).

    x is (N, 5 + gap) int64, one symbol a word, and y (N,) int64, an index into `labels`. A
    language is drawn first, all equally often, then one of its countries; always answering the
    same is right once in `len(labels)`. All countries are in training; the fillers of validation
    and test are not.

    Raises `ValueError` for a gap under 3 and for counts that are no positive integers.
    """
    labels = tuple(sorted(set(languages().values())))
    countries = {
        label: [c for c, language in languages().items() if language == label] for label in labels
    }

    def split(side: str, count: int) -> Split:
        draw = random.Random(f"{seed} {side} {gap}")
        # whole rounds through the languages, so that they are balanced to within one
        answers = [i % len(labels) for i in range(checks.positive("count", count))]
        draw.shuffle(answers)
        x, _ = encode(
            [sentence(draw.choice(countries[labels[i]]), gap, side, draw) for i in answers]
        )
        return Split(x, torch.tensor(answers))

    return FluentTask(
        "fluent",
        split("train", n_train),
        split("valid", n_test),
        split("test", n_test),
        symbols=vocabulary(),
        labels=labels,
        gap=gap,
    )


def encode(texts: Sequence[Sequence[str]]) -> tuple[Tensor, Tensor]:
    """Sentences of words as rows of indices into `vocabulary()`, and their lengths."""
    if isinstance(texts, str) or any(isinstance(text, str) for text in texts):
        raise TypeError("texts: expected sentences as sequences of words, got a string")
    if not texts or not all(texts):
        raise ValueError("texts: expected at least one sentence, and none empty")
    index = {symbol: i for i, symbol in enumerate(vocabulary())}
    rows = [torch.tensor([index.get(word, UNKNOWN) for word in text]) for text in texts]
    lengths = torch.tensor([len(row) for row in rows])
    return torch.nn.utils.rnn.pad_sequence(rows, True, PADDING), lengths

"""Which language? "I grew up in France. … I speak fluent": the answer needs a word from long ago.

The countries are those in CLDR with one official language, and the words in between are sentences
from Python's own manual. All sentences of a task have the same gap, which the caller chooses, so
that accuracy can be plotted against it. The versions of Babel and Python fix the data.
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
from rnn_course.tasks.base import SPLITS, UNKNOWN, Split, Task, encode

START, END = ("i", "grew", "up", "in"), ("i", "speak", "fluent")
SHORTEST = len(END)
"""The smallest gap: "i grew up in France i speak fluent"."""

N_FILLER = 500
"""The number of words of the training fillers that have a symbol, the most frequent ones."""


@cache
def languages() -> Mapping[str, str]:
    """CLDR's English names of countries with one official language, each with that language.

    Each name is one symbol, even if it has several words: "Costa Rica".
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
    """The manual's sentences by split, as words in lower case; eight in ten are for training.

    Python's language reference, without its grammars and examples, which are indented.
    """
    sides: dict[str, set[tuple[str, ...]]] = {side: set() for side in SPLITS}
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
    """The symbols: padding, unknown, the countries, the frame's words and `N_FILLER` fillers."""
    counts = Counter(word for sentence in fillers()["train"] for word in sorted(sentence))
    frequent = sorted(counts, key=lambda word: (-counts[word], word))[:N_FILLER]
    return ("", "�", *languages(), *sorted({*START, *END, *frequent}))


def sentence(country: str, gap: int, side: str, draw: random.Random) -> tuple[str, ...]:
    """One sentence as words: the country, and `gap` words after it, the last of them "fluent".

    Raises:
        ValueError: If the country is not in `languages`, the gap is below 3 or the side is unknown.
    """
    if country not in languages():
        raise ValueError(f"country: expected one with one official language, got {country!r}")
    if checks.whole("gap", gap) < SHORTEST:
        raise ValueError(
            f"gap: expected at least {SHORTEST}, since {' '.join(END)!r} is part of it, got {gap}"
        )
    checks.one_of("side", side, SPLITS)
    filler: list[str] = []
    while len(filler) < gap - len(END):
        filler += draw.choice(fillers()[side])
    # Cut at the front, so that the last sentence is whole.
    return (*START, country, *filler[len(filler) - (gap - len(END)) :], *END)


@dataclass(frozen=True, eq=False)
class FluentTask(Task):
    """The task, with `gap` words from the country to the word before its language."""

    separator = " "

    gap: int = SHORTEST

    def encode(self, texts: Sequence[Sequence[str]]) -> tuple[Tensor, Tensor]:
        """Sentences, each a sequence of words, as symbols: x (N, T) int64, padded, and lengths.

        Raises:
            TypeError: If a sentence is a string, which does not say where a country's name ends.
            ValueError: If there are no sentences, or one of them is empty.
        """
        if any(isinstance(text, str) for text in texts):
            raise TypeError("texts: expected sentences as sequences of words, got a string")
        return encode(texts, self.symbols)

    def by_rule(self, x: Tensor) -> Tensor:
        """The answers to x (N, T), (N,) int64: the language of the country in each row.

        The rule looks at one word, so the best possible accuracy is 1 at every gap.

        Raises:
            ValueError: If a row has no country or several.
        """
        names = list(languages())
        is_country = (x > UNKNOWN) & (x < UNKNOWN + 1 + len(names))
        wrong = (is_country.sum(1) != 1).nonzero()
        if len(wrong):
            raise ValueError(
                f"x: expected one country per row, got {int(is_country[wrong[0]].sum())}"
                f" at index {int(wrong[0])}"
            )
        index = {language: i for i, language in enumerate(self.labels)}
        answers = torch.tensor([index[languages()[name]] for name in names])
        return answers[x[is_country] - UNKNOWN - 1]


def make_fluent(gap: int, n_train: int = 8000, *, n_test: int = 1000, seed: int = 0) -> FluentTask:
    """The task: a sentence of 5 + gap words, the language at its end as the target (S8.2, S8.3).

    x is (N, 5 + gap) int64, one symbol per word, and y (N,) int64, an index into `labels`. The
    language is drawn first, all equally often, then one of its countries, so a constant answer has
    an accuracy of 1/len(labels). All countries occur in training; the fillers of validation and
    test do not.

    Raises:
        ValueError: If the gap is below 3, or a count is not a positive integer.
    """
    labels = tuple(sorted(set(languages().values())))
    countries = {
        label: [c for c, language in languages().items() if language == label] for label in labels
    }

    def split(side: str, count: int) -> Split:
        draw = random.Random(f"{seed} {side} {gap}")
        # Whole rounds through the languages, so that they are balanced to within one.
        answers = [i % len(labels) for i in range(checks.positive("count", count))]
        draw.shuffle(answers)
        texts = [sentence(draw.choice(countries[labels[i]]), gap, side, draw) for i in answers]
        x, _ = encode(texts, vocabulary())
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

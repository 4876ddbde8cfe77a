"""Two pictures of digits and a language become a number, spelled out: "siebenundvierzig".

The pictures are scikit-learn's handwritten digits, the spelling is num2words'. Both ship with
their packages, so nothing is downloaded, and their versions fix the data.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from os.path import commonprefix

import torch
from threadpoolctl import threadpool_limits
from torch import Tensor
from torch.nn import functional as F

from rnn_course import checks
from rnn_course.tasks.base import Batch, Split, Task, encode

LANGUAGES = ("en", "de", "fr", "es")
"""English, German, French, Spanish, as num2words' codes. German says the units first."""

NUMBERS = range(100)
PIXELS = 64
END = "."


class MixedSplit(Split):
    """A split whose shuffled batches hold words of all lengths.

    Long and short words in one batch cost some padding. But there are few words of each length, so
    that a batch of one length would be about a few numbers only, and its gradient too.
    """

    def batches(self, batch_size: int, generator: torch.Generator | None = None) -> Iterator[Batch]:
        """As `Split.batches`, but what a generator shuffles is not sorted by length."""
        if generator is None:
            return super().batches(batch_size)
        checks.positive("batch_size", batch_size)
        order = torch.randperm(len(self), generator=generator)
        return (self._batch(index) for index in order.split(batch_size))


@dataclass(frozen=True, eq=False)
class NumberWords(Task):
    """The task with a fourth side, and the languages that its pairs are in.

    unseen : pictures of the test side, as numbers in languages in which training has not got them.
    languages : the codes, in the order of the last columns of x.
    """

    unseen: Split | None = None
    languages: tuple[str, ...] = LANGUAGES

    @property
    def end(self) -> int:
        """The symbol that closes every word, and that stands before its first letter as well."""
        return self.symbols.index(END)

    def language(self, x: Tensor) -> Tensor:
        """Which of `languages` each row of x (N, n_in) asks for: (N,) int64."""
        return x[:, 2 * PIXELS :].argmax(1)

    def number(self, split: Split) -> Tensor:
        """The number that each row of a split spells: (N,) int64."""
        numbers = {
            (word, language): n
            for language in range(len(self.languages))
            for n, word in enumerate(words(self.languages[language]))
        }
        pairs = zip(self.decode(split.y), self.language(split.x).tolist(), strict=True)
        return torch.tensor([numbers[text.removesuffix(END), i] for text, i in pairs])

    def pictures(self, x: Tensor) -> Tensor:
        """The two pictures in each row of x (N, n_in), tens and units: ink 0 … 16, (N, 2, 8, 8)."""
        mean, sd = _usual_ink()
        return (x[:, : 2 * PIXELS].unflatten(1, (2, PIXELS)) * sd + mean).unflatten(2, (8, 8))


@cache
def words(language: str) -> tuple[str, ...]:
    """The numbers 0 to 99 spelled out in one language.

    Raises ValueError for a language that num2words does not know.
    """
    from num2words import num2words

    try:
        return tuple(num2words(n, lang=language) for n in NUMBERS)
    except NotImplementedError as error:
        raise ValueError(f"languages: expected num2words' codes, got {language!r}") from error


def is_unseen(n: int, language: int) -> bool:
    """Is the number n kept out of training in language number 0, 1, …?

    From 21 on, each decade of each language misses one number: that with
    (tens + units) mod 9 = 2 language mod 9. Its decade and its units are in training in the same
    language, in other numbers; the number itself is, in the other languages.
    """
    tens, units = divmod(n, 10)
    return tens >= 2 and units >= 1 and (tens + units - 2 * language) % 9 == 0


def shared_letters(n: int, language: str) -> int:
    """How many first letters of n do not tell which of its decade's numbers 1 to 9 it is.

    In English the 7 of "twenty-", in German none: "einundzwanzig". So long the units are still to
    come, and whoever knows them has not read them off the letters.
    """
    first = n - n % 10
    return len(commonprefix(words(language)[first + 1 : first + 10]))


@cache
def digit_images() -> dict[str, tuple[Tensor, Tensor]]:
    """The 1,797 digits by side: ink (N, 64), float32 from 0 to 16, and digits (N,) int64.

    Seven tenths are for training, the rest in two halves: shuffled once, with a seed of their own.
    All sides have the same 13 writers, since the package does not tell who wrote which.
    """
    from sklearn.datasets import load_digits

    digits = load_digits()
    ink, y = torch.tensor(digits.data, dtype=torch.float32), torch.tensor(digits.target)
    order = torch.randperm(len(y), generator=torch.Generator().manual_seed(0))
    cuts = [int(0.7 * len(y)), int(0.85 * len(y))]
    parts = torch.tensor_split(order, cuts)
    return {
        side: (ink[part], y[part])
        for side, part in zip(("train", "valid", "test"), parts, strict=True)
    }


def _usual_ink() -> tuple[Tensor, Tensor]:
    """Of the training pictures: each pixel's mean (64,), and the standard deviation of all."""
    ink, _ = digit_images()["train"]
    return ink.mean(0), ink.std()


def make_number_words(
    languages: Sequence[str] = LANGUAGES,
    *,
    n_train: int = 20_000,
    n_test: int = 2_000,
    seed: int = 0,
) -> NumberWords:
    """The task: two digits and a language in one vector, the number's letters as the target (S2.4).

    x is (N, 128 + L) floats: the pixels of the tens, those of the units, and a 1 for one of L
    languages. A pixel is its ink less the mean ink of that pixel in the training pictures, in
    standard deviations of the ink of all their pixels. y is (N, T) int64, the letters and the end
    symbol ".", and y_lengths their number. The pictures are split first, and each side's pairs are
    drawn from its own: the number and the language evenly over all that the side may have, then a
    picture of each digit. Training, validation and test have the pairs of number and language for
    which `is_unseen` is false, and `unseen`, whose pictures are the test side's, has the others.
    There are n_train rows in training, n_test in the test, half of n_test in each of the other two.

    Raises ValueError for fewer than one or more than nine languages, one twice, one that num2words
    does not know, and for numbers of pairs that are no positive integers.
    """
    languages = tuple(languages)
    if not 1 <= len(languages) <= 9 or len(set(languages)) < len(languages):
        raise ValueError(f"languages: expected 1 to 9 different codes, got {languages}")
    checks.positive("n_train", n_train)
    if checks.positive("n_test", n_test) < 2:
        raise ValueError(f"n_test: expected at least 2, got {n_test}")
    pairs = [(n, language) for n in NUMBERS for language in range(len(languages))]
    seen = [pair for pair in pairs if not is_unseen(*pair)]
    letters = {letter for language in languages for word in words(language) for letter in word}
    symbols = ("", "�", END, *sorted(letters))
    generator = torch.Generator().manual_seed(seed)
    splits = {}
    for name, side, allowed, count in (
        ("train", "train", seen, n_train),
        ("valid", "valid", seen, n_test // 2),
        ("test", "test", seen, n_test),
        ("unseen", "test", sorted(set(pairs) - set(seen)), n_test // 2),
    ):
        splits[name] = _drawn(side, allowed, count, languages, symbols, generator)
    return NumberWords("number words", **splits, symbols=symbols, languages=languages)


def _drawn(
    side: str,
    allowed: list[tuple[int, int]],
    count: int,
    languages: tuple[str, ...],
    symbols: tuple[str, ...],
    generator: torch.Generator,
) -> Split:
    """`count` pairs of pictures of one side, their numbers and languages drawn from `allowed`."""
    ink, digits = digit_images()[side]
    mean, sd = _usual_ink()
    which = torch.randint(len(allowed), (count,), generator=generator)
    n, language = torch.tensor(allowed)[which].unbind(1)
    of_digit = [(digits == digit).nonzero().flatten() for digit in range(10)]

    def pictures(wanted: Tensor) -> Tensor:
        at = torch.rand(count, generator=generator)
        return ink[
            [
                of_digit[d][int(u * len(of_digit[d]))]
                for d, u in zip(wanted.tolist(), at.tolist(), strict=True)
            ]
        ]

    x = torch.cat(
        [
            (pictures(n // 10) - mean) / sd,
            (pictures(n % 10) - mean) / sd,
            F.one_hot(language, len(languages)).float(),
        ],
        dim=1,
    )
    texts = [
        words(languages[i])[k] + END for k, i in zip(n.tolist(), language.tolist(), strict=True)
    ]
    y, y_lengths = encode(texts, symbols)
    return MixedSplit(x, y, y_lengths=y_lengths)


def spelled_by_table(task: NumberWords, split: Split) -> list[str]:
    """The ceiling: a classifier reads both digits, and a table spells the number.

    A support vector machine (scikit-learn's, with its defaults) is fitted on the pictures of the
    training side, which a network of this task has as well. It is given what the network must
    find: that there are two digits, and how each number is spelled, unseen ones too.
    """
    from sklearn.svm import SVC

    ink, digits = digit_images()["train"]
    with threadpool_limits(1):
        classifier = SVC().fit(ink.numpy(), digits.numpy())
        tens, units = (
            classifier.predict(pictures.flatten(1).numpy())
            for pictures in task.pictures(split.x).unbind(1)
        )
    return [
        words(task.languages[i])[10 * a + b] + END
        for a, b, i in zip(tens, units, task.language(split.x).tolist(), strict=True)
    ]


def most_frequent_word(task: NumberWords, split: Split) -> list[str]:
    """The baseline that sees no picture: each language's most frequent word of training."""
    counts: dict[int, Counter[str]] = defaultdict(Counter)
    for text, i in zip(
        task.decode(task.train.y), task.language(task.train.x).tolist(), strict=True
    ):
        counts[i][text] += 1
    best = {i: min(c, key=lambda text: (-c[text], text)) for i, c in counts.items()}
    return [best[i] for i in task.language(split.x).tolist()]

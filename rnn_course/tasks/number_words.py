"""Two pictures of digits and a language become a number, spelled out: "siebenundvierzig".

The pictures are scikit-learn's handwritten digits, the spelling is num2words'. Nothing is
downloaded, and the versions of the two packages fix the data.
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
from rnn_course.tasks.digits import digit_images

LANGUAGES = ("en", "de", "fr", "es")
"""num2words' codes of English, German, French and Spanish. German says the units first."""

NUMBERS = range(100)
PIXELS = 64
END = "."


class MixedSplit(Split):
    """A split whose shuffled batches hold words of all lengths.

    Long and short words in one batch cost some padding. But there are few words of each length, so
    a batch of one length, and its gradient, would be about a few numbers only.
    """

    def batches(self, batch_size: int, generator: torch.Generator | None = None) -> Iterator[Batch]:
        """As `Split.batches`, but shuffled batches are not sorted by length."""
        if generator is None:
            return super().batches(batch_size)
        checks.positive("batch_size", batch_size)
        order = torch.randperm(len(self), generator=generator)
        return (self._batch(index) for index in order.split(batch_size))


@dataclass(frozen=True, eq=False)
class NumberWords(Task):
    """The task with a fourth split and its languages.

    Attributes:
        unseen: Test pictures, as numbers in languages in which training does not have them.
        languages: The codes, in the order of the last columns of x.
    """

    unseen: Split | None = None
    languages: tuple[str, ...] = LANGUAGES

    @property
    def end(self) -> int:
        """The symbol that ends every word, and also comes before its first letter."""
        return self.symbols.index(END)

    def language(self, x: Tensor) -> Tensor:
        """The index in `languages` that each row of x (N, n_in) asks for: (N,) int64."""
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
        """The pictures in each row of x (N, n_in), tens and units: ink 0 … 16, (N, 2, 8, 8)."""
        mean, sd = _usual_ink()
        return (x[:, : 2 * PIXELS].unflatten(1, (2, PIXELS)) * sd + mean).unflatten(2, (8, 8))


@cache
def words(language: str) -> tuple[str, ...]:
    """The numbers 0 to 99 spelled out in one language.

    Raises:
        ValueError: If num2words does not know the language.
    """
    from num2words import num2words

    try:
        return tuple(num2words(n, lang=language) for n in NUMBERS)
    except NotImplementedError as error:
        raise ValueError(f"languages: expected num2words' codes, got {language!r}") from error


def is_unseen(n: int, language: int) -> bool:
    """Whether the number n is kept out of training in language number 0, 1, ….

    From 21 on, each decade of each language lacks the number with
    (tens + units) mod 9 = 2 language mod 9. In training, the language has its tens and its units in
    other numbers, and the other languages have the number itself.
    """
    tens, units = divmod(n, 10)
    return tens >= 2 and units >= 1 and (tens + units - 2 * language) % 9 == 0


def shared_letters(n: int, language: str) -> int:
    """How many of n's first letters are shared by its decade's numbers with units 1 to 9.

    In English the 7 of "twenty-", in German none: "einundzwanzig". Until then the units are still
    to come, and a network that knows them has not read them off the letters.
    """
    first = n - n % 10
    return len(commonprefix(words(language)[first + 1 : first + 10]))


def _usual_ink() -> tuple[Tensor, Tensor]:
    """The mean ink of each pixel (64,) and the standard deviation of all, in training pictures."""
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

    x is (N, 128 + L) floats: the pixels of the tens, those of the units, and a one-hot code of the
    L languages. A pixel is its ink minus the pixel's mean ink in the training pictures, in standard
    deviations of the ink of all their pixels. y is (N, T) int64, the letters and the end symbol
    ".", and y_lengths their number. The pictures are split first; each split then draws the number
    and the language uniformly from all that it may have, and a picture of each digit from its own.
    Training, validation and test have the pairs of number and language for which `is_unseen` is
    false; `unseen`, with the pictures of the test, has the others.
    There are n_train rows in training, n_test in the test, half of n_test in each of the other two.

    Raises:
        ValueError: If there are not 1 to 9 different languages, num2words does not know one of
            them, or a count is not a positive integer (for n_test: at least 2).
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
    return NumberWords("number words", **splits, symbols=symbols, labels=(), languages=languages)


def _drawn(
    side: str,
    allowed: list[tuple[int, int]],
    count: int,
    languages: tuple[str, ...],
    symbols: tuple[str, ...],
    generator: torch.Generator,
) -> Split:
    """`count` pairs of pictures of one side, with numbers and languages drawn from `allowed`."""
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

    A support vector machine (scikit-learn's, with its defaults) is fitted to the training pictures,
    which a network of this task has as well. It is told what the network must find out: that there
    are two digits, and how each number is spelled, even the unseen ones.
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
    """The baseline that sees no picture: the most frequent training word of each language."""
    counts: dict[int, Counter[str]] = defaultdict(Counter)
    for text, i in zip(
        task.decode(task.train.y), task.language(task.train.x).tolist(), strict=True
    ):
        counts[i][text] += 1
    best = {i: min(c, key=lambda text: (-c[text], text)) for i, c in counts.items()}
    return [best[i] for i in task.language(split.x).tolist()]

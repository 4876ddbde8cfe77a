"""Letter n-grams: equal to counting by hand, blind beyond their window, and what they reach."""

from collections import Counter, defaultdict

import pytest
import torch

from rnn_course.measures.letter_ngrams import letter_ngram
from rnn_course.tasks.base import Split, Task
from rnn_course.tasks.coins import make_coins
from rnn_course.tasks.letters.task import load_letters

SYMBOLS, LABELS = ("", "�", "a", "b", "c"), ("", "�", "A", "B", "C", "D")


def spelling(count, steps, seed):
    """Random letters whose labels follow from the letter and the next one, with some luck."""
    generator = torch.Generator().manual_seed(seed)
    x = torch.randint(2, 5, (count, steps), generator=generator)
    lengths = torch.randint(1, steps + 1, (count,), generator=generator)
    lengths[0] = steps
    inside = torch.arange(steps) < lengths[:, None]
    x = torch.where(inside, x, 0)
    y = 2 + (x + torch.nn.functional.pad(x, (0, 1))[:, 1:]) % 4
    luck = torch.rand(x.shape, generator=generator) < 0.5
    y = torch.where(luck, y, torch.randint(2, 6, x.shape, generator=generator))
    return Split(x, torch.where(inside, y, 0), lengths, lengths)


@pytest.fixture(scope="module")
def task():
    return Task(
        "toy", *(spelling(n, 6, seed) for seed, n in enumerate((40, 30, 30))), SYMBOLS, LABELS
    )


def walk(split, past, future):
    """Each letter's contexts, the longest first, and its label."""
    order = sorted(range(-past, future + 1), key=lambda at: (abs(at), -at))
    for x, y, length in zip(
        split.x.tolist(), split.y.tolist(), split.lengths.tolist(), strict=True
    ):
        word = dict(enumerate(x[:length]))
        for t in range(length):
            around = tuple(word.get(t + at, 0) for at in order)
            yield [around[:n] for n in range(len(order), 0, -1)], y[t]


@pytest.mark.parametrize("past, future", [(0, 0), (1, 0), (0, 2), (1, 1), (3, 0), (2, 3)])
def test_it_is_counting_by_hand(task, past, future):
    counts = defaultdict(Counter)
    for contexts, y in walk(task.train, past, future):
        for context in contexts:
            counts[context][y] += 1
    expected, right = [], 0
    for contexts, y in walk(task.test, past, future):
        known = next(context for context in contexts if context in counts)
        expected.append(min(counts[known], key=lambda label: (-counts[known][label], label)))
        right += expected[-1] == y
    model = letter_ngram(task, past, future)
    found = model.predict(task.test)
    inside = torch.arange(6) < task.test.lengths[:, None]
    assert found[inside].tolist() == expected and not found[~inside].any()
    assert model.accuracy(task.test) == pytest.approx(right / len(expected), abs=1e-12)


@pytest.mark.parametrize("past, future", [(0, 0), (2, 0), (0, 2), (1, 1)])
def test_it_sees_its_window_and_nothing_else(task, past, future):
    model = letter_ngram(task, past, future)
    x = torch.cartesian_prod(*[torch.arange(2, 5)] * 6)  # all words of six letters
    lengths = torch.full((len(x),), 6)
    before = model.predict(Split(x, x, lengths))
    moved = set()
    for s in range(6):
        other = x.clone()
        other[:, s] = 2 + (x[:, s] - 1) % 3
        changed = (model.predict(Split(other, x, lengths)) != before).any(0)
        moved |= {s - t for t in changed.nonzero().flatten().tolist()}
    assert moved == set(range(-past, future + 1))


def test_padding_and_the_test_split_are_not_looked_at(task):
    def padded(split):
        x, y = (torch.nn.functional.pad(part, (0, 2)) for part in (split.x, split.y))
        outside = torch.arange(8) >= split.lengths[:, None]
        return Split(x.masked_fill(outside, 3), y.masked_fill(outside, 4), split.lengths)

    a = letter_ngram(task, 2, 2)
    strange = Task("toy", padded(task.train), task.test, spelling(5, 4, 9), SYMBOLS, LABELS)
    b = letter_ngram(strange, 2, 2)
    assert a.accuracy(task.test) == b.accuracy(padded(task.test))
    assert torch.equal(a.predict(task.test), b.predict(padded(task.test))[:, :6])


def test_what_the_letters_around_are_worth():
    """On words: the letters to come tell more than those that were, both more than either."""
    task = load_letters(limit=6000)
    alone, past, future, both = (
        letter_ngram(task, *window).accuracy(task.valid)
        for window in ((0, 0), (3, 0), (0, 3), (3, 3))
    )
    assert alone < past - 0.05 < past < future - 0.02 < future < both - 0.05
    counts = Counter(task.valid.y[task.valid.y > 0].tolist())
    assert max(counts.values()) / sum(counts.values()) < alone < 0.7
    assert both < letter_ngram(task, 3, 3).accuracy(task.train) < 1


@pytest.mark.parametrize(
    "past, future, message",
    [
        (-1, 0, "past: expected a whole number of at least 0, got -1"),
        (0, 1.5, "future: expected a whole number of at least 0, got 1.5"),
        (True, 0, "past: expected a whole number of at least 0, got True"),
        (12, 14, "past, future: expected fewer letters together, got 12 and 14"),
    ],
)
def test_wrong_windows_are_refused(task, past, future, message):
    with pytest.raises(ValueError, match=message):
        letter_ngram(task, past, future)


def test_a_task_without_a_label_a_letter_is_refused():
    with pytest.raises(ValueError, match="task: expected one with a label for each letter, got"):
        letter_ngram(make_coins(4, n_train=10, n_test=10))

"""Character n-grams: equal to counting by hand, probabilities that add up, and what they reach."""

import math
from collections import Counter, defaultdict

import pytest
import torch

from rnn_course.measures.character_ngrams import character_ngram
from rnn_course.tasks.base import Split, Task
from rnn_course.tasks.coins import make_coins
from rnn_course.tasks.tunes.task import load_tunes

SYMBOLS = ("", "�", "¶", "a", "b", "c")


def texts(count, steps, seed):
    """Random texts in which b mostly follows a, and c mostly follows two others alike."""
    generator = torch.Generator().manual_seed(seed)
    draws = torch.randint(3, 6, (count, steps), generator=generator)
    luck = torch.rand(count, steps, generator=generator)
    for t in range(1, steps):
        draws[:, t] = torch.where((draws[:, t - 1] == 3) & (luck[:, t] < 0.8), 4, draws[:, t])
    lengths = torch.randint(1, steps + 1, (count,), generator=generator)
    lengths[0] = steps
    inside = torch.arange(steps) < lengths[:, None]
    x = torch.cat([torch.full((count, 1), 2), draws[:, :-1]], dim=1)
    y = torch.where(torch.arange(steps) == lengths[:, None] - 1, 2, draws)
    return Split(torch.where(inside, x, 0), torch.where(inside, y, 0), lengths, lengths)


@pytest.fixture(scope="module")
def task():
    return Task("toy", *(texts(n, 9, i) for i, n in enumerate((60, 30, 30))), SYMBOLS, SYMBOLS)


def walk(split):
    """What came before each symbol, padded as the network's state is empty, and the symbol."""
    for x, y, length in zip(
        split.x.tolist(), split.y.tolist(), split.lengths.tolist(), strict=True
    ):
        for t in range(length):
            yield (0,) * 9 + tuple(x[: t + 1]), y[t]


def by_hand(train, order):
    """P(s | before) straight from the definition, with dictionaries."""
    counts = defaultdict(Counter)
    for before, y in walk(train):
        for k in range(order + 1):
            counts[before[len(before) - k :]][y] += 1

    def p(s, context):
        shorter = p(s, context[1:]) if context else 1 / (len(SYMBOLS) - 1)
        seen = counts.get(context)
        if not seen:
            return shorter
        return (seen[s] + len(seen) * shorter) / (seen.total() + len(seen))

    return lambda s, before: p(s, before[len(before) - order :])


@pytest.mark.parametrize("order", [0, 1, 2, 4])
def test_it_is_counting_by_hand(task, order):
    p = by_hand(task.train, order)
    expected = [math.log(p(y, before)) for before, y in walk(task.test)]
    model = character_ngram(task, [order])
    assert model.order == order
    torch.testing.assert_close(model.log_p(task.test), torch.tensor(expected).double())
    assert model.nll(task.test) == pytest.approx(-sum(expected) / len(expected))


@pytest.mark.parametrize("order", [0, 2, 3])
def test_the_probabilities_of_all_symbols_add_up_to_one(task, order):
    model, total = character_ngram(task, [order]), 0
    test = task.test
    for s in range(1, len(SYMBOLS)):
        y = torch.where(test.y > 0, s, 0)
        total = total + model.log_p(Split(test.x, y, test.lengths, test.lengths)).exp()
    torch.testing.assert_close(total, torch.ones_like(total))


@pytest.mark.parametrize("order", [0, 2, 3])
def test_what_may_come_next_is_the_same_as_what_comes(task, order):
    model, test = character_ngram(task, [order]), task.test
    expected = iter(model.log_p(test).exp().tolist())
    for x, y, n in zip(test.x[:12], test.y[:12], test.lengths[:12], strict=True):
        for t in range(n):
            p = model.next_p(x[None, : t + 1])
            assert p[0, y[t]].item() == pytest.approx(next(expected))
            assert p.sum().item() == pytest.approx(1) and p[0, 0] == 0


def test_it_writes_what_it_has_counted(task):
    """Bigrams: what it draws after a symbol comes as often as its probability says."""
    model = character_ngram(task, [1])
    y = model.write(torch.full((4000, 1), 2), 12, torch.Generator().manual_seed(0), end=2)
    first = torch.bincount(y[:, 0], minlength=6) / 4000
    torch.testing.assert_close(
        first.double(), model.next_p(torch.tensor([[2]]))[0], atol=0.03, rtol=0
    )
    after_a = y[:, 1:][y[:, :-1] == 3]
    shares = torch.bincount(after_a, minlength=6) / len(after_a)
    torch.testing.assert_close(
        shares.double(), model.next_p(torch.tensor([[3]]))[0], atol=0.03, rtol=0
    )
    ended = (y == 2).cumsum(1) - (y == 2).long() > 0
    assert (y[ended] == 0).all() and (y[~ended] > 0).all()


def test_a_shorter_context_of_a_longer_model_is_the_shorter_model(task):
    longer, shorter = character_ngram(task, [5]), character_ngram(task, [2])
    assert torch.equal(longer.log_p(task.test, 2), shorter.log_p(task.test))


def test_the_order_is_chosen_on_validation(task):
    model = character_ngram(task, range(6))
    costs = [character_ngram(task, [k]).nll(task.valid) for k in range(6)]
    assert model.order == costs.index(min(costs)) and 0 < model.order < 5


def test_it_learns_from_training_alone(task):
    swapped = Task("toy", task.train, task.valid, task.valid, SYMBOLS, SYMBOLS)
    assert character_ngram(swapped, [3]).nll(task.test) == character_ngram(task, [3]).nll(task.test)


def test_bad_arguments(task):
    with pytest.raises(ValueError, match="orders: expected at least one"):
        character_ngram(task, [])
    with pytest.raises(ValueError, match="orders"):
        character_ngram(task, [-1])
    with pytest.raises(ValueError, match="orders: expected fewer symbols"):
        character_ngram(task, [30])
    with pytest.raises(ValueError, match="task"):
        character_ngram(make_coins(5, n_train=4, n_test=4))


def test_what_it_reaches_on_tunes():
    tunes = load_tunes()
    model = character_ngram(tunes)
    assert model.order == 4
    assert 2.1 < model.nll(tunes.test) / math.log(2) < 2.25

"""The coins, whose best answer is known: their law against brute force."""

import math
from itertools import product

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from rnn_course.tasks.coins import Coins, make_coins

laws = st.builds(Coins, st.integers(1, 6), st.booleans(), st.sampled_from([0.0, 0.1, 0.3, 0.5]))


def brute(law, x):
    """P(y | x) as a dict, from all outcomes of z and of each n^(t)."""
    found = {}
    for z, *n in product((0, 1), repeat=law.steps + 1):
        p = 0.5 * math.prod(law.flip if flip else 1 - law.flip for flip in n)
        y = tuple((x_t if law.mixed else 0) ^ z ^ flip for x_t, flip in zip(x, n, strict=True))
        found[y] = found.get(y, 0) + p
    return found


@given(laws, st.integers(0, 63))
def test_the_law_agrees_with_enumerating_the_coins(law, number):
    x = [(number >> t) & 1 for t in range(law.steps)]
    truth = brute(law, x)
    ys = torch.tensor(list(truth))
    found = law.log_prob(torch.tensor([x]).expand(len(ys), -1), ys).exp()
    torch.testing.assert_close(
        found, torch.tensor(list(truth.values()), dtype=torch.float64), atol=1e-12, rtol=1e-9
    )


@given(laws)
def test_both_entropies(law):
    together = apart = 0.0
    xs = list(product((0, 1), repeat=law.steps))
    for x in xs:
        truth = brute(law, x)
        together -= sum(p * math.log(p) for p in truth.values() if p) / len(xs)
        for t in range(law.steps):
            one = sum(p for y, p in truth.items() if y[t])
            apart -= sum(p * math.log(p) for p in (one, 1 - one) if p > 1e-15) / len(xs)
    assert math.isclose(law.entropy(), together, abs_tol=1e-9)
    assert math.isclose(law.entropy_of_each(), apart, abs_tol=1e-9)
    assert law.entropy() <= law.entropy_of_each() + 1e-12


def test_the_numbers_in_the_chapter():
    assert math.isclose(Coins(10).entropy(), math.log(2))
    assert math.isclose(Coins(10).entropy_of_each(), 10 * math.log(2))
    assert round(Coins(10, mixed=True, flip=0.1).entropy(), 3) == 3.942


@pytest.mark.parametrize("law", [Coins(4), Coins(4, mixed=True), Coins(4, True, 0.2)])
def test_draws_follow_the_law(law):
    drawn = law.draw(40_000, torch.Generator().manual_seed(0))
    rows = torch.cat([drawn.x, drawn.y], 1).tolist()
    counts = {}
    for row in map(tuple, rows):
        counts[row] = counts.get(row, 0) + 1
    for x in product((0, 1), repeat=4):
        truth = brute(law, x)
        for y in product((0, 1), repeat=4):
            expected = truth.get(y, 0) / 16
            share = counts.get((*x, *y), 0) / len(rows)
            assert abs(share - expected) < 5 * math.sqrt(expected / len(rows)) + 1e-12


@given(laws)
def test_every_y_comes_once_with_its_probability(law):
    x = law.draw(3, torch.Generator().manual_seed(1)).x
    xs, ys, p = law.every(x)
    torch.testing.assert_close(p.view(3, -1).sum(1), torch.ones(3).double())
    assert len({(*a, *b) for a, b in zip(xs.tolist(), ys.tolist(), strict=True)}) == len(
        {tuple(row) for row in x.tolist()}
    ) * (len(p) // 3)
    expected = -float((p * law.log_prob(xs, ys).clamp(min=-1e9)).sum()) / 3
    assert math.isclose(expected, law.entropy(), abs_tol=1e-9)


def test_the_task():
    task = make_coins(6, mixed=True, flip=0.1, n_train=100, n_test=20, seed=3)
    assert task.train.x.shape == task.train.y.shape == (100, 6)
    assert len(task.test) == 20 and not torch.equal(task.test.x, task.valid.x)
    again = make_coins(6, mixed=True, flip=0.1, n_train=100, n_test=20, seed=3)
    assert torch.equal(task.train.y, again.train.y)
    other = make_coins(6, mixed=True, flip=0.1, n_train=100, n_test=20, seed=4)
    assert not torch.equal(task.train.y, other.train.y)


@pytest.mark.parametrize(
    "call, words",
    [
        (lambda: Coins(0), "steps: expected an integer of at least 1, got 0"),
        (lambda: Coins(3, flip=0.6), "flip: expected a probability between 0 and 1/2, got 0.6"),
        (lambda: Coins(3, flip="a"), "flip: .* got 'a'"),
        (
            lambda: Coins(3).log_prob(torch.zeros(2, 3).long(), torch.zeros(2, 4).long()),
            "x, y: exp",
        ),
        (lambda: Coins(16, True).every(torch.zeros(1, 16).long()), "steps: expected at most 15"),
        (lambda: make_coins(3, n_train=0), "count: expected an integer of at least 1, got 0"),
    ],
)
def test_bad_input_is_refused(call, words):
    with pytest.raises(ValueError, match=words):
        call()

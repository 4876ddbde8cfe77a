"""Selective copying: the task letter by letter, where the letters stand, and its baseline."""

from __future__ import annotations

import math
from collections import Counter
from itertools import combinations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from rnn_course.tasks.copying import SYMBOLS, forgetful, make_copying
from rnn_course.tasks.selective_copying import make_selective_copying


def texts(split):
    """x and y of each example, as strings."""
    for x, y in zip(split.x.tolist(), split.y.tolist(), strict=True):
        yield "".join(SYMBOLS[i] for i in x), "".join(SYMBOLS[i] for i in y)


def places(x):
    """The steps, from 1, at which the letters of x stand."""
    return tuple(t for t, symbol in enumerate(x, start=1) if symbol in "abcdefgh")


@given(gap=st.integers(1, 30), seed=st.integers(0, 99))
def test_the_letters_are_asked_for_in_their_order_after_the_sign(gap, seed):
    task = make_selective_copying(gap, n_train=6, n_test=2, seed=seed)
    for split, count in ((task.train, 6), (task.valid, 2), (task.test, 2)):
        assert split.x.shape == split.y.shape == (count, gap + 20)
        assert split.x.dtype == split.y.dtype == torch.int64
        for x, y in texts(split):
            assert x[gap + 9 :] == "?" + "·" * 10
            before = x[: gap + 9]
            assert before.count("·") == gap - 1 and set(before) <= set("·abcdefgh")
            letters = before.replace("·", "")
            assert len(letters) == 10
            assert y == "·" * (gap + 10) + letters


@given(gap=st.integers(2, 30), seed=st.integers(0, 99))
def test_the_time_from_a_letter_to_its_copy(gap, seed):
    train = make_selective_copying(gap, n_train=20, n_test=1, seed=seed).train
    for x, y in texts(train):
        for i, s in enumerate(places(x), start=1):
            later = gap + 10 + i - s
            assert 11 <= later <= gap + 10
            assert x[s - 1] == y[s - 1 + later]


def test_the_letters_are_spread_over_all_steps_before_the_sign():
    """Of ten steps drawn from n, the i-th is i (n + 1) / 11 on average: n = T + 9."""
    steps = torch.tensor([places(x) for x, _ in texts(make_selective_copying(50, 4000).train)])
    i = torch.arange(1, 11)
    off = steps.double().mean(0) - i * 60 / 11
    # The variance of an order statistic of a draw without replacement.
    sd = (i * (11 - i) * 60 * (59 - 10) / (11**2 * 12)).double().sqrt()
    assert (off.abs() < 5 * sd / math.sqrt(4000)).all()
    torch.testing.assert_close(steps.double().std(0), sd, rtol=0.1, atol=0)
    later = 60 + i - steps
    assert later.min() == 11 and later.max() == 60


def test_all_choices_of_places_are_equally_probable():
    """T = 3: ten letters and two blanks, so 66 choices."""
    n = 33_000
    train = make_selective_copying(3, n_train=n).train
    counts = Counter(places(x) for x, _ in texts(train))
    assert set(counts) == set(combinations(range(1, 13), 10))
    expected = n / 66
    chi2 = sum((count - expected) ** 2 / expected for count in counts.values())
    assert chi2 < 65 + 5 * math.sqrt(2 * 65)  # its mean, and five standard deviations


def test_with_a_gap_of_1_it_is_copying():
    x, y = next(texts(make_selective_copying(1, n_train=1).train))
    assert x == y[-10:] + "?" + "·" * 10
    rows = list(texts(make_copying(1, n_train=50).train))
    assert all(x == y[-10:] + "?" + "·" * 10 for x, y in rows)


def test_the_baseline_is_that_of_copying():
    """Certain of the blanks, and undecided among the letters, which the places do not tell."""
    gap = 7
    train = make_selective_copying(gap, n_train=20_000).train
    log_p = torch.where(torch.arange(gap + 20) < gap + 10, 0.0, -math.log(8))
    asked = train.y[:, -10:] - 2
    assert (train.y[:, :-10] == 0).all() and asked.min() == 0 and asked.max() == 7
    assert -log_p.mean().item() == pytest.approx(forgetful(gap))
    # For every letter number, and given whether a certain step is blank: each letter an eighth.
    for step in range(gap + 9):
        blank = train.x[:, step] == 0
        for which in (blank, ~blank):
            n = int(which.sum())
            assert n > 4000
            for each in asked[which].T:
                share = each.bincount(minlength=8) / n
                assert (share - 1 / 8).abs().max() < 5.5 * math.sqrt(7 / 64 / n)


@pytest.mark.parametrize("seed", range(3))
def test_no_example_is_in_two_splits(seed):
    task = make_selective_copying(50, seed=seed)
    train, valid, test = (
        {row.tobytes() for row in split.x.numpy()} for split in (task.train, task.valid, task.test)
    )
    assert (len(train), len(valid), len(test)) == (20_000, 1000, 1000)
    assert not train & valid and not train & test and not valid & test


def test_the_seed_fixes_the_task():
    one, same, other = (make_selective_copying(9, 50, n_test=9, seed=seed) for seed in (3, 3, 4))
    for side in ("train", "valid", "test"):
        assert torch.equal(getattr(one, side).x, getattr(same, side).x)
        assert torch.equal(getattr(one, side).y, getattr(same, side).y)
        assert not torch.equal(getattr(one, side).x, getattr(other, side).x)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: make_selective_copying(0), "gap: expected an integer of at least 1, got 0"),
        (lambda: make_selective_copying(True), "gap: expected an integer of at least 1, got True"),
        (lambda: make_selective_copying(3, 0), "count: expected an integer of at least 1, got 0"),
        (
            lambda: make_selective_copying(3, n_test=0),
            "count: expected an integer of at least 1, got 0",
        ),
    ],
)
def test_bad_numbers_are_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()

"""The adding problem and copy memory: the tasks, and their baselines against brute force."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from rnn_course.tasks.adding import guessing, make_adding, memoryless
from rnn_course.tasks.copying import SYMBOLS, forgetful, make_copying


@given(steps=st.integers(2, 40), seed=st.integers(0, 99))
def test_adding_marks_one_step_in_each_half_and_asks_for_their_sum(steps, seed):
    split = make_adding(steps, n_train=8, n_test=1, seed=seed).train
    u, m = split.x.unbind(2)
    assert u.min() >= 0 and u.max() < 1 and set(m.unique().tolist()) <= {0, 1}
    assert (m[:, : steps // 2].sum(1) == 1).all() and (m[:, steps // 2 :].sum(1) == 1).all()
    torch.testing.assert_close((u * m).sum(1, keepdim=True), split.y)


def test_the_baselines_of_the_adding_problem():
    task = make_adding(5, n_train=400_000)
    error = (task.train.y - 1).square().mean().item()
    assert error == pytest.approx(guessing(), rel=0.01)
    # From the last step alone, the best answer is 1/2 + u if it is marked, else 1.
    u, m = task.train.x[:, -1].unbind(1)
    best = torch.where(m == 1, 0.5 + u, 1.0)
    error = (task.train.y[:, 0] - best).square().mean().item()
    assert error == pytest.approx(memoryless(5), rel=0.01) and memoryless(5) < guessing()


@given(gap=st.integers(1, 30), seed=st.integers(0, 99))
def test_copying_asks_for_the_ten_letters_after_the_gap(gap, seed):
    split = make_copying(gap, n_train=6, n_test=1, seed=seed).train
    assert split.x.shape == split.y.shape == (6, gap + 20)
    for x, y in zip(split.x.tolist(), split.y.tolist(), strict=True):
        x, y = ("".join(SYMBOLS[i] for i in row) for row in (x, y))
        assert x[10:] == "·" * (gap - 1) + "?" + "·" * 10
        assert set(x[:10]) <= set("abcdefgh")
        assert y == "·" * (gap + 10) + x[:10]


def test_the_baseline_of_copy_memory():
    assert forgetful(50) == pytest.approx(0.2971, abs=1e-4)
    assert forgetful(100) == pytest.approx(0.1733, abs=1e-4)
    # Certain of the blanks, and undecided among the eight letters.
    y = make_copying(7, n_train=500).train.y
    log_p = torch.where(torch.arange(27) < 17, 0.0, -math.log(8))
    assert (y[:, :17] == 0).all() and (y[:, 17:] >= 2).all()
    assert -log_p.mean().item() == pytest.approx(forgetful(7))
    assert (
        torch.bincount(y[:, 17:].flatten(), minlength=10)[2:]
        .float()
        .div(5000)
        .sub(1 / 8)
        .abs()
        .max()
        < 0.02
    )


@pytest.mark.parametrize(
    "make",
    [lambda seed: make_adding(9, 50, seed=seed), lambda seed: make_copying(4, 50, seed=seed)],
)
def test_the_seed_fixes_the_task_and_the_splits_differ(make):
    assert torch.equal(make(0).train.x, make(0).train.x)
    assert not torch.equal(make(0).train.x, make(1).train.x)
    assert not torch.equal(make(0).valid.x, make(0).test.x)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: make_adding(1), "steps: expected at least 2, one for each number, got 1"),
        (lambda: make_adding(10, 0), "count: expected an integer of at least 1, got 0"),
        (lambda: memoryless(1), "steps: expected at least 2"),
        (lambda: make_copying(0), "gap: expected an integer of at least 1, got 0"),
        (lambda: make_copying(3, n_test=0), "count: expected an integer of at least 1, got 0"),
        (lambda: forgetful(0), "gap: expected an integer of at least 1, got 0"),
    ],
)
def test_bad_numbers_are_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()

"""Parity: the task by counting, and its baselines by going through all sequences."""

from __future__ import annotations

import math
from collections import defaultdict
from itertools import product

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from rnn_course.tasks.parity import make_parity, memoryless, windowed


@given(steps=st.integers(1, 40), seed=st.integers(0, 99))
def test_y_is_1_where_the_ones_so_far_are_odd(steps, seed):
    task = make_parity(steps, n_train=6, n_test=2, seed=seed)
    for split, count in ((task.train, 6), (task.valid, 2), (task.test, 2)):
        assert split.x.shape == (count, steps, 1) and split.x.dtype == torch.float32
        assert split.y.shape == (count, steps) and split.y.dtype == torch.int64
        for x, y in zip(split.x[..., 0].tolist(), split.y.tolist(), strict=True):
            assert set(x) <= {0, 1}
            for t in range(steps):
                assert y[t] == (1 if x[: t + 1].count(1) % 2 == 1 else 0)


def test_one_unit_with_a_negative_coefficient_holds_the_answer_at_400_steps():
    task = make_parity(400, n_train=1, n_test=50)
    h = torch.zeros(50)
    for x_t, y_t in zip(task.test.x[..., 0].unbind(1), task.test.y.unbind(1), strict=True):
        h = (1 - 2 * x_t) * h + x_t
        assert torch.equal(h, y_t.float())


def best(steps, seen):
    """The least loss per step and the best accuracy, given `seen(x, t)`, over all 2^T sequences."""
    cases = defaultdict(lambda: [0, 0])
    for x in product((0, 1), repeat=steps):
        for t in range(steps):
            cases[seen(x, t)][sum(x[: t + 1]) % 2] += 1
    total = steps * 2**steps
    loss = -sum(n * math.log(n / sum(case)) for case in cases.values() for n in case if n)
    return loss / total, sum(map(max, cases.values())) / total


@pytest.mark.parametrize("steps", range(1, 9))
def test_the_score_without_memory_by_going_through_all_sequences(steps):
    loss, accuracy = best(steps, lambda x, t: x[t])
    assert memoryless(steps) == pytest.approx(loss, abs=1e-12)
    assert accuracy == pytest.approx((steps + 1) / (2 * steps))


@pytest.mark.parametrize("steps", range(1, 9))
def test_the_score_of_a_window_by_going_through_all_sequences(steps):
    for window in range(steps + 1):
        loss, accuracy = best(steps, lambda x, t, k=window: (t, x[max(0, t + 1 - k) : t + 1]))
        assert windowed(steps, window) == pytest.approx(loss, abs=1e-12)
        assert accuracy == pytest.approx((1 + window / steps) / 2)


def test_the_scores_of_long_sequences():
    assert memoryless(1) == 0 and windowed(7, 7) == 0 and windowed(7, 0) == math.log(2)
    for steps in (40, 400):
        assert math.log(2) - memoryless(steps) == pytest.approx(1 / (2 * steps**2), rel=0.01)
        assert windowed(steps, 1) < memoryless(steps)  # t is worth something


def test_both_symbols_are_equally_frequent_at_each_step():
    train = make_parity(40).train
    for values in (train.x[..., 0], train.y):
        off = (values.double().mean(0) - 0.5).abs().max().item()
        assert off < 5 * 0.5 / math.sqrt(len(train))


@pytest.mark.parametrize("seed", range(3))
def test_no_sequence_of_40_steps_is_in_two_splits(seed):
    task = make_parity(40, seed=seed)
    train, valid, test = (
        {row.tobytes() for row in split.x.numpy()} for split in (task.train, task.valid, task.test)
    )
    assert (len(train), len(valid), len(test)) == (20_000, 1000, 1000)
    assert not train & valid and not train & test and not valid & test


def test_the_seed_fixes_the_task():
    one, same, other = (make_parity(30, 50, n_test=9, seed=seed) for seed in (3, 3, 4))
    for side in ("train", "valid", "test"):
        assert torch.equal(getattr(one, side).x, getattr(same, side).x)
        assert torch.equal(getattr(one, side).y, getattr(same, side).y)
        assert not torch.equal(getattr(one, side).x, getattr(other, side).x)


def test_the_classes_have_names():
    task = make_parity(5, 3, n_test=1)
    assert task.labels == ("even", "odd")


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: make_parity(0), "steps: expected an integer of at least 1, got 0"),
        (lambda: make_parity(2.5), "steps: expected an integer of at least 1, got 2.5"),
        (lambda: make_parity(9, 0), "count: expected an integer of at least 1, got 0"),
        (lambda: make_parity(9, n_test=0), "count: expected an integer of at least 1, got 0"),
        (lambda: memoryless(0), "steps: expected an integer of at least 1, got 0"),
        (lambda: windowed(0, 0), "steps: expected an integer of at least 1, got 0"),
        (lambda: windowed(5, -1), "window: expected a whole number of at least 0, got -1"),
        (lambda: windowed(5, 6), r"window: expected at most 5 \(the steps\), got 6"),
    ],
)
def test_bad_numbers_are_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()

"""Digits pixel by pixel: the task against the package's images, its splits and its baselines."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.optimize import minimize
from scipy.special import logsumexp
from sklearn.datasets import load_digits

from rnn_course.tasks.base import Split
from rnn_course.tasks.pixels import all_at_once, last_pixel, load_pixels, most_frequent

SIDES = ("train", "valid", "test")


@pytest.fixture(scope="module")
def task():
    return load_pixels()


def test_each_image_comes_pixel_by_pixel_with_its_digit(task):
    package = load_digits()
    left = Counter(
        (tuple(float(image[i, j]) for i in range(8) for j in range(8)), int(digit))
        for image, digit in zip(package.images, package.target, strict=True)
    )
    for side in SIDES:
        split = getattr(task, side)
        assert split.x.shape == (len(split), 64, 1) and split.x.dtype == torch.float32
        assert split.y.shape == (len(split),) and split.y.dtype == torch.int64
        assert split.x.min() == 0 and split.x.max() == 1
        left.subtract(
            (tuple(16 * pixel for (pixel,) in image), digit)
            for image, digit in zip(split.x.tolist(), split.y.tolist(), strict=True)
        )
    assert set(left.values()) == {0}


def test_six_tenths_are_for_training_and_nothing_is_in_two_splits(task):
    assert [len(getattr(task, side)) for side in SIDES] == [1078, 359, 360]
    rows = [{row.tobytes() for row in getattr(task, side).x.numpy()} for side in SIDES]
    assert sum(map(len, rows)) == len(set().union(*rows)) == 1797


def test_the_splits_are_fixed_and_each_has_all_digits(task):
    again = load_pixels()
    for side in SIDES:
        assert torch.equal(getattr(task, side).x, getattr(again, side).x)
        assert set(getattr(task, side).y.tolist()) == set(range(10))
    assert task.labels == tuple("0123456789") and task.symbols == ()


def test_the_most_frequent_digit_by_counting(task):
    (digit, count), *_ = Counter(task.train.y.tolist()).most_common()
    assert most_frequent(task, task.train) == pytest.approx(count / len(task.train))
    for split in (task.valid, task.test):
        share = split.y.tolist().count(digit) / len(split)
        assert most_frequent(task, split) == pytest.approx(share)
        assert 0.05 < share < 0.15


def test_the_score_without_memory_by_counting(task):
    """By a dictionary from the last pixel's ink to the digits with it."""
    known = {}
    for image, digit in zip(task.train.x.tolist(), task.train.y.tolist(), strict=True):
        known.setdefault(image[-1][0], Counter())[digit] += 1
    everywhere = sum(known.values(), Counter())
    assert known[0.0].total() > 0.9 * len(task.train)  # nearly always blank
    for split in (task.train, task.valid, task.test):
        right = 0
        for image, digit in zip(split.x.tolist(), split.y.tolist(), strict=True):
            counts = known.get(image[-1][0], everywhere)
            right += digit == min(counts, key=lambda d: (-counts[d], d))
        assert last_pixel(task, split) == pytest.approx(right / len(split))
        assert 0.1 < last_pixel(task, split) < 0.2


def test_a_last_pixel_that_training_lacks_counts_for_nothing(task):
    """Training has blank corners only, so all that is left is the most frequent digit."""
    blank = task.train.x[:, -1, 0] == 0
    half = replace(task, train=Split(task.train.x[blank], task.train.y[blank]))
    usual = int(half.train.y.mode().values)
    assert task.test.x[:, -1].max() > 0
    assert last_pixel(half, Split(task.test.x, torch.full_like(task.test.y, usual))) == 1


def test_logistic_regression_by_minimising_its_loss(task):
    """W (10, 64) and b with the least cross-entropy plus half the squares of W."""
    x, y = task.train.x[..., 0].double().numpy(), task.train.y.numpy()

    def loss(flat):
        W, b = flat[:640].reshape(10, 64), flat[640:]
        o = x @ W.T + b
        log_p = o - logsumexp(o, axis=1, keepdims=True)
        wrong = np.exp(log_p)
        wrong[np.arange(len(y)), y] -= 1
        gradient = np.concatenate([(wrong.T @ x + W).ravel(), wrong.sum(0)])
        return -log_p[np.arange(len(y)), y].sum() + (W**2).sum() / 2, gradient

    flat = minimize(loss, np.zeros(650), jac=True, method="L-BFGS-B", options={"maxiter": 2000}).x
    W, b = flat[:640].reshape(10, 64), flat[640:]
    for split in (task.valid, task.test):
        answers = (split.x[..., 0].double().numpy() @ W.T + b).argmax(1)
        right = float((answers == split.y.numpy()).mean())
        assert all_at_once(task, split) == pytest.approx(right, abs=1.5 / len(split))
        assert all_at_once(task, split) > 0.9 > most_frequent(task, split)

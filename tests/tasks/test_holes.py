"""Enclosed pixels by another method, the best guess from a part of an image, and the splits."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.datasets import load_digits
from sklearn.metrics import f1_score

from rnn_course.networks.two_dimensions import CORNERS, quadrants
from rnn_course.tasks.holes import (
    DARK,
    INK,
    RandomImages,
    best_threshold,
    digit_everywhere,
    enclosed,
    f1,
    load_holes,
    nll,
    orientations,
    targets,
)


def drawing(text):
    return torch.tensor([[c == "#" for c in line] for line in text.split()]).unsqueeze(0)


RING = drawing("""
.###..
.#.##.
.#..#.
.####.
......""")


def by_flood(ink):
    """Background that water from outside does not reach: spread until nothing changes."""
    rows, columns = len(ink), len(ink[0])
    wet = {
        (i, j)
        for i in range(-1, rows + 1)
        for j in range(-1, columns + 1)
        if not (0 <= i < rows and 0 <= j < columns)
    }
    while True:
        more = {
            (i + k, j + m)
            for i, j in wet
            for k, m in ((0, 1), (1, 0), (0, -1), (-1, 0))
            if 0 <= i + k < rows and 0 <= j + m < columns and not ink[i + k][j + m]
        } - wet
        if not more:
            break
        wet |= more
    return [[not ink[i][j] and (i, j) not in wet for j in range(columns)] for i in range(rows)]


@settings(deadline=None, max_examples=60)
@given(st.integers(1, 6), st.integers(1, 6), st.integers(0, 9999))
def test_enclosed_pixels_are_those_that_water_from_outside_does_not_reach(rows, columns, seed):
    ink = torch.rand(3, rows, columns, generator=torch.Generator().manual_seed(seed)) < 0.65
    found = enclosed(ink)
    assert found.tolist() == [by_flood(image) for image in ink.tolist()]
    y = targets(ink)
    assert torch.equal(y == INK, ink) and torch.equal(y == 1, found)


def test_a_ring_and_a_ring_with_a_gap():
    assert enclosed(RING).nonzero().tolist() == [[0, 1, 2], [0, 2, 2], [0, 2, 3]]
    broken = RING.clone()
    broken[0, 2, 4] = False  # one gap opens the whole ring
    assert not enclosed(broken).any()
    broken = RING.clone()
    broken[0, 3, 4] = False  # a corner: water does not flow diagonally
    assert torch.equal(enclosed(broken), enclosed(RING))
    both = torch.cat([RING, torch.zeros_like(RING), RING])  # nor between images
    assert enclosed(both).sum((1, 2)).tolist() == [3, 0, 3]


# --- the digits ---------------------------------------------------------------------------------


def test_no_pattern_of_ink_is_in_two_splits_in_any_orientation():
    task = load_holes()
    keys = {}
    for side in ("train", "valid", "test"):
        ink = getattr(task, side).y == INK
        assert torch.equal(ink, getattr(task, side).x[..., 0] >= 2 * DARK / 16 - 1)
        keys[side] = {row.tobytes() for row in orientations(ink).flatten(0, 1).numpy()}
    assert not keys["train"] & keys["valid"]
    assert not keys["train"] & keys["test"]
    assert not keys["valid"] & keys["test"]


def test_every_digit_occurs_once_and_in_training_in_all_orientations():
    task, named, images = load_holes(), digit_everywhere(), load_digits().images
    upright = torch.cat([named.train.x, named.valid.x, named.test.x])[..., 0]
    assert sorted(map(tuple, (upright.flatten(1) * 8 + 8).tolist())) == sorted(
        map(tuple, images.reshape(len(images), -1).tolist())
    )
    assert len(task.train) == 8 * len(named.train)
    assert torch.equal(task.train.x[: len(named.train)], named.train.x)
    assert torch.equal(task.test.x, named.test.x) and torch.equal(task.valid.x, named.valid.x)
    shares = [len(split) / len(upright) for split in (named.train, named.valid, named.test)]
    np.testing.assert_allclose(shares, [0.7, 0.15, 0.15], atol=0.02)
    rotated = orientations(named.train.x[:5, ..., 0])
    for i in range(5):
        assert len({image.numpy().tobytes() for image in rotated[:, i]}) == 8
        transposed = named.train.x[i, ..., 0].T
        assert any(torch.equal(image, transposed) for image in rotated[:, i])
    assert torch.equal(targets(rotated[3] >= -0.125), orientations(task.train.y[:5])[3])


def test_the_digits_named_are_those_of_the_package():
    named, digits = digit_everywhere(), load_digits()
    number = {
        image.tobytes(): int(y) for image, y in zip(digits.images, digits.target, strict=True)
    }
    for x, y in zip(named.test.x, named.test.y, strict=True):
        assert (y == number[(x[..., 0] * 8 + 8).double().numpy().tobytes()]).all()


def test_few_pixels_are_enclosed_and_none_at_the_edge():
    y = load_holes().test.y
    share = float((y == 1).sum() / (y != INK).sum())
    assert 0.02 < share < 0.05
    edges = y[:, 0], y[:, -1], y[..., 0], y[..., -1]
    assert not any((edge == 1).any() for edge in edges)


# --- random images ------------------------------------------------------------------------------


def test_every_image_once_with_its_probability():
    law = RandomImages(2, 3, 0.3)
    split, weight = law.every()
    ink = split.x[..., 0] > 0
    assert len({image.numpy().tobytes() for image in ink}) == len(split) == 64
    for image, w in zip(ink.tolist(), weight.tolist(), strict=True):
        dark = sum(map(sum, image))
        assert math.isclose(w, 0.3**dark * 0.7 ** (6 - dark))
    assert math.isclose(weight.sum(), 1)
    for number in (0, 1, 37):
        bits = [number >> k & 1 for k in range(6)]
        assert ink[number].flatten().long().tolist() == bits


def test_draws_follow_the_law():
    law = RandomImages(4, 4, 0.7)
    drawn = law.draw(20_000, torch.Generator().manual_seed(0))
    split, weight = law.every()
    for of in (lambda y: y == 1, lambda y: y == INK):
        expected = (weight[:, None, None] * of(split.y)).sum(0)
        found = of(drawn.y).double().mean(0)
        assert (found - expected).abs().max() < 5 * math.sqrt(0.25 / 20_000)
    assert torch.equal(drawn.y, targets(drawn.x[..., 0] > 0))


@pytest.mark.parametrize("corners", [["top left"], ["bottom right", "top left"], [*CORNERS][:3]])
def test_the_best_guess_is_the_share_among_images_that_look_alike(corners):
    law = RandomImages(3, 4, 0.6)
    split, weight = law.every()
    seen = quadrants(corners, 3, 4)
    guess = law.best_guess(seen)
    ink = split.x[..., 0] > 0
    for i, j in ((1, 1), (1, 2), (0, 2)):
        groups = {}
        for n, image in enumerate(ink[:, seen[i, j]].tolist()):
            groups.setdefault(tuple(image), []).append(n)
        for alike in groups.values():
            p = weight[alike]
            if not ink[alike[0], i, j]:
                share = float((p * (split.y[alike, i, j] == 1)).sum() / p.sum())
                assert torch.allclose(guess[alike, i, j], torch.tensor(share).double())
            else:
                assert (guess[alike, i, j] == 0).all()


def test_seeing_more_is_better_and_seeing_all_is_perfect():
    law = RandomImages(4, 4, 0.7)
    split, weight = law.every()
    best = []
    for corners in (["top left"], ["top left", "top right"], [*CORNERS][:3], [*CORNERS]):
        guess = law.best_guess(quadrants(corners, 4, 4))
        threshold = best_threshold(guess, split.y, weight)
        best.append((nll(guess, split.y, weight), f1(guess, split.y, threshold, weight)))
    losses, f1s = zip(*best, strict=True)
    assert all(a > b + 1e-3 for a, b in zip(losses, losses[1:], strict=False)) and losses[3] < 1e-12
    assert all(a < b - 1e-3 for a, b in zip(f1s, f1s[1:], strict=False)) and f1s[3] == 1


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 9999))
def test_no_function_of_the_part_seen_does_better(seed):
    law = RandomImages(3, 3, 0.7)
    split, weight = law.every()
    seen = quadrants(["top left"], 3, 3)
    guess = law.best_guess(seen)
    least = nll(guess, split.y, weight)
    most = f1(guess, split.y, best_threshold(guess, split.y, weight), weight)
    # A random function of what is seen at the middle pixel; the best guess elsewhere.
    generator = torch.Generator().manual_seed(seed)
    alike = torch.arange(512) & (2 ** torch.arange(9))[seen[1, 1].flatten()].sum()
    other = guess.clone()
    other[:, 1, 1] = torch.rand(512, generator=generator).double()[alike]
    assert nll(other.clip(1e-9, 1 - 1e-9), split.y, weight) > least
    assert f1(other, split.y, best_threshold(other, split.y, weight), weight) <= most + 1e-12


# --- scores -------------------------------------------------------------------------------------


def test_scores_by_hand():
    y = torch.tensor([[[1, 0], [INK, 1]], [[0, 0], [0, INK]]])
    p = torch.tensor([[[0.9, 0.2], [0.8, 0.3]], [[0.6, 0.1], [0.1, 0.99]]], dtype=torch.float64)
    right = [0.9, 0.8, 0.3, 0.4, 0.9, 0.9]
    assert math.isclose(nll(p, y), -sum(map(math.log, right)) / 6)
    assert math.isclose(f1(p, y), 2 * 1 / (2 + 2))  # one hit, two called, two enclosed
    assert math.isclose(f1(p, y, 0.3), 2 * 2 / (3 + 2))
    assert f1(p, y, 1.1) == 0
    assert math.isclose(best_threshold(p, y), 0.3)
    weight = torch.tensor([3.0, 1.0]).double()
    weighted = 3 * sum(map(math.log, right[:3])) + sum(map(math.log, right[3:]))
    assert math.isclose(nll(p, y, weight), -weighted / 12)
    assert math.isclose(f1(p, y, 0.5, weight), 2 * 3 / (4 + 6))


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 9999))
def test_no_other_threshold_is_better(seed):
    generator = torch.Generator().manual_seed(seed)
    p = torch.randint(6, (3, 3, 3), generator=generator).double() / 5
    y = torch.randint(2, (3, 3, 3), generator=generator)
    y[0, 0, 0], y[0, 0, 1] = 1, INK
    most = f1(p, y, best_threshold(p, y))
    for threshold in (0, 0.2, 0.4, 0.6, 0.8, 1):
        assert f1(p, y, threshold) <= most
    asked = y != INK
    assert math.isclose(f1(p, y, 0.4), f1_score(y[asked], p[asked] >= 0.4, zero_division=0))


# --- bad input ----------------------------------------------------------------------------------

P, Y = torch.zeros(2, 3, 3), torch.zeros(2, 3, 3).long()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: enclosed(RING[0]), r"ink: expected bool \(N, rows, columns\), got \(\(5, 6\)"),
        (lambda: enclosed(RING.float()), "ink: expected bool .* torch.float32"),
        (lambda: enclosed([[True]]), "ink: expected bool .* got list"),
        (lambda: RandomImages(0), "rows: expected an integer of at least 1, got 0"),
        (lambda: RandomImages(5, 5), "rows, columns: expected at most 20 pixels, .* got 25"),
        (lambda: RandomImages(p=1), "p: expected a probability between 0 and 1, got 1"),
        (lambda: RandomImages(p="a"), "p: .* got 'a'"),
        (
            lambda: RandomImages().draw(0, torch.Generator()),
            "count: expected an integer of at least",
        ),
        (lambda: RandomImages().best_guess(torch.ones(4, 4).bool()), r"seen: .* got \(4, 4\)"),
        (lambda: RandomImages().best_guess(None), "seen: expected bool .* got NoneType"),
        (lambda: f1(P[0], Y), r"p: expected a probability for each pixel of y, \(2, 3, 3\), got"),
        (lambda: nll(P[:1], Y), "p: expected a probability for each pixel of y"),
    ],
)
def test_bad_input_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()

"""Frames of chorales: the keys of the notes, and both baselines against counting by hand."""

from __future__ import annotations

import math

import pytest
import torch

from rnn_course.experiments.deep import (
    BUDGET,
    CELLS,
    MAJORITY,
    N_TRAIN,
    frame_nll,
    network,
    probes_by_level,
)
from rnn_course.networks.sizes import n_parameters
from rnn_course.padding import inside
from rnn_course.tasks.base import Split, Task
from rnn_course.tasks.chorales.corpus import Chorale
from rnn_course.tasks.chorales.frames import (
    LOWEST,
    N_KEYS,
    by_frame_before,
    by_key,
    keys,
    load_frames,
    log_odds,
)


@pytest.fixture(scope="module")
def task() -> Task:
    return load_frames(40, progress=False)


def test_keys_are_the_notes_of_all_parts():
    notes = torch.tensor([[72, 0, 74], [60, 60, 74], [0, 0, 21]])
    on = keys(Chorale("bwv0", "", ("a", "b", "c"), notes))
    assert on.shape == (3, N_KEYS)
    assert [(row.nonzero()[:, 0] + LOWEST).tolist() for row in on] == [[60, 72], [60], [21, 74]]


def test_y_is_the_next_frame(task):
    for split in (task.train, task.valid, task.test):
        assert split.x.shape == split.y.shape and split.x.shape[2] == N_KEYS
        assert set(split.x.unique().tolist()) == {0, 1}
        for x, y, length in zip(split.x, split.y, split.lengths, strict=True):
            assert torch.equal(y[: length - 1], x[1:length])
            assert not x[length:].any() and not y[length:].any()
            assert x[:length].sum(1).max() <= 12  # a frame may be silent


def by_hand(train: Split, split: Split, use_x: bool) -> float:
    """The smoothed counts and the sum of -log p, key by key, in plain loops."""
    total = steps = 0
    for row, length in enumerate(split.lengths):
        steps += int(length)
        for t in range(length):
            for k in (28, 40, 45):

                def same(r, s, k=k, row=row, t=t):
                    return not use_x or train.x[r, s, k] == split.x[row, t, k]

                seen = [
                    int(train.y[r, s, k])
                    for r in range(len(train))
                    for s in range(train.lengths[r])
                    if same(r, s)
                ]
                p = (sum(seen) + 0.5) / (len(seen) + 1)
                total -= math.log(p if split.y[row, t, k] else 1 - p)
    return total / steps


@pytest.mark.parametrize(("baseline", "use_x"), [(by_key, False), (by_frame_before, True)])
def test_the_baselines_agree_with_counting_by_hand(baseline, use_x):
    torch.manual_seed(0)
    x = torch.zeros(4, 6, N_KEYS)
    x[..., [28, 40, 45]] = (torch.rand(4, 6, 3) < 0.4).float()
    y = torch.zeros_like(x)
    y[..., [28, 40, 45]] = (torch.rand(4, 6, 3) < 0.4).float()
    train = Split(x[:3], y[:3], torch.tensor([6, 2, 4]), torch.tensor([6, 2, 4]))
    test = Split(x[3:], y[3:], torch.tensor([5]), torch.tensor([5]))
    # Keys that never sound cost the same small sum by either count.
    never = sum(-math.log(1 - 0.5 / (len_ + 1)) for len_ in [12]) * (N_KEYS - 3)
    assert baseline(train, test) == pytest.approx(by_hand(train, test, use_x) + never, rel=1e-4)


def test_knowing_the_frame_before_helps(task):
    known, told = by_key(task.train, task.test), by_frame_before(task.train, task.test)
    assert 5 < told < known < 20


@pytest.mark.parametrize("name", CELLS)
def test_networks_have_equal_size_and_start_at_the_frequencies_of_the_keys(task, name):
    model = network(task, name, seed=0)
    assert 0.95 * BUDGET < n_parameters(model) <= BUDGET
    torch.testing.assert_close(model.output[-1].bias, log_odds(task.train))
    batch = next(task.valid.batches(len(task.valid)))
    with torch.no_grad():
        nll = frame_nll(model, batch)
    assert nll.shape == (len(task.valid),)
    weighted = float((nll * batch.lengths).sum() / batch.lengths.sum())
    assert weighted == pytest.approx(by_key(task.train, task.valid), rel=0.1)


def test_each_level_is_probed(task):
    told = probes_by_level(network(task, "stack of 2", seed=0), task)
    assert {len(shares) for shares in told.values()} == {2} and set(told) == {"now", "next"}
    assert told["now"][0] > told["next"][0] > 0


def test_too_few_chorales_are_refused():
    with pytest.raises(ValueError, match="limit: expected enough chorales for each side, got 2"):
        load_frames(2, progress=False)


@pytest.mark.slow
@pytest.mark.parametrize(("which", "part"), [("now", "x"), ("next", "y")])
def test_the_share_of_the_most_frequent_lowest_key(which, part):
    task = load_frames(progress=False)
    assert len(task.train) == N_TRAIN
    train, test = (
        getattr(split, part)[inside(split.lengths, split.x.shape[1])].argmax(1)
        for split in (task.train, task.test)
    )
    share = (test == train.bincount().argmax()).double().mean().item()
    assert share == pytest.approx(MAJORITY[which], abs=5e-4)

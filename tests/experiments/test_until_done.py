"""How chapters 10, 11 and 14 train: equal networks, examples drawn anew, until they are done."""

from __future__ import annotations

import math

import pytest
import torch

from rnn_course.experiments import until_done
from rnn_course.experiments.challenges import CHALLENGES, TASKS, task_of
from rnn_course.experiments.until_done import (
    COMPARED,
    EVERY,
    LINEAR,
    errors,
    network,
    scores,
    train,
)
from rnn_course.networks.sizes import n_parameters
from rnn_course.tasks.adding import guessing, make_adding, memoryless
from rnn_course.tasks.copying import forgetful
from rnn_course.tasks.pixels import load_pixels


@pytest.mark.parametrize("task", CHALLENGES)
def test_all_networks_have_the_same_size(task):
    budget = CHALLENGES[task].parameters
    for name in EVERY if task in TASKS else (*COMPARED, *LINEAR):
        assert 0.93 * budget < n_parameters(network(task, name, 0)) <= budget, name


def test_the_lines_are_those_of_a_network_without_memory():
    assert TASKS["adding"].line == memoryless(200) < guessing()
    assert TASKS["copying"].line == forgetful(50)
    model = network("sentences", "GRU", 0)
    torch.nn.init.zeros_(model.V.weight)
    torch.nn.init.zeros_(model.V.bias)
    batch = next(task_of("sentences").test.batches(4))
    torch.testing.assert_close(errors(model, batch), torch.full((4,), TASKS["sentences"].line))
    assert TASKS["sentences"].line == math.log(57)


def test_errors_are_squares_of_sums_and_nats_of_symbols():
    model, batch = network("adding", "GRU", 0), next(task_of("adding").test.batches(4))
    torch.nn.init.zeros_(model.V.weight)
    torch.nn.init.ones_(model.V.bias)
    torch.testing.assert_close(errors(model, batch), (batch.y[:, 0] - 1) ** 2)
    model, batch = network("copying", "GRU", 0), next(task_of("copying").test.batches(4))
    torch.nn.init.zeros_(model.V.weight)
    torch.nn.init.zeros_(model.V.bias)
    torch.testing.assert_close(errors(model, batch), torch.full((4,), 10.0).log())


def test_digits_are_scored_by_what_is_said_after_the_last_pixel():
    """In nats, and by the most probable digit; a network that knows nothing is on the line."""
    task, model = task_of("digits"), network("digits", "GRU", 0)
    torch.nn.init.zeros_(model.V.weight)
    torch.nn.init.zeros_(model.V.bias)
    batch = next(task.test.batches(8))
    line = CHALLENGES["digits"].line
    torch.testing.assert_close(errors(model, batch), torch.full((8,), line))
    with torch.no_grad():
        model.V.bias[3] = 50
    found = scores(model, "digits", task.test)
    threes = (task.test.y == 3).float().mean().item()
    assert found["accuracy"] == pytest.approx(threes)
    assert found["error"] == pytest.approx(50 * (1 - threes), rel=1e-4)


def test_digits_are_drawn_from_those_for_training_alone():
    drawn = CHALLENGES["digits"].make(n_train=300, seed=1)
    assert len(drawn.train) == 300 and len(drawn.test) == len(task_of("digits").test)
    known = {tuple(image) for image in load_pixels().train.x.flatten(1).tolist()}
    assert all(tuple(image) in known for image in drawn.train.x.flatten(1).tolist())
    other = CHALLENGES["digits"].make(n_train=300, seed=2)
    assert not torch.equal(drawn.train.x, other.train.x)


def test_examples_are_drawn_anew_in_each_pass_and_are_the_same_from_the_same_seed():
    split = until_done.Anew(lambda **given: make_adding(6, **given), 10)
    first, second, again = (
        torch.cat([batch.x for batch in split.batches(4, torch.Generator().manual_seed(seed))])
        for seed in (0, 1, 0)
    )
    assert len(split) == len(first) == 10
    assert torch.equal(first, again) and not torch.isin(first[..., 0], second[..., 0]).any()


def test_a_run_ends_when_it_is_done():
    model = network("copying", "GRU", 0)
    done = TASKS["copying"]._replace(line=1e6)
    original, until_done.CHALLENGES = CHALLENGES, {**CHALLENGES, "copying": done}
    try:
        history = train(model, "copying", 3, 0, lr=1e-3, progress=False)
    finally:
        until_done.CHALLENGES = original
    assert len(history.loss) == 100 and history.stopped_early

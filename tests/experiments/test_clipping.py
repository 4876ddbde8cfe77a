"""The long run on clipping: what is clipped, what a run that diverges tells, and what was found."""

import math
from statistics import mean

import pytest
import torch

from rnn_course.experiments import clipping, results
from rnn_course.experiments.clipping import RATES, STEPS, THRESHOLD, in_tens, network, train, trial
from rnn_course.tasks.adding import make_adding, memoryless

EXPLODING = "identity, ReLU"
LINE = memoryless(STEPS)


def weights(model):
    return torch.cat([p.detach().flatten() for p in model.parameters()])


@pytest.mark.parametrize("clip", [True, False])
def test_a_clipped_step_is_no_longer_than_the_rate(clip):
    """Under plain descent a step is rate times gradient; the rate falls linearly to 0."""
    task, lr = make_adding(20, 250, n_test=4), 1e-3
    model = network(task, EXPLODING, seed=0)
    start = weights(model)
    history = train(
        model, task, 1, 0, lr=lr, clip=clip, optimiser="SGD", device="cpu", progress=False
    )
    assert max(history.grad_norm) > 5 * THRESHOLD  # norms are those before clipping
    moved = (weights(model) - start).norm().item()
    assert (moved <= 1.001 * THRESHOLD * sum(history.lr)) == clip


def test_numbers_are_put_together_in_tens():
    values = [float(n) for n in range(23)]
    assert in_tens(values, max) == [9, 19, 22]
    assert in_tens(values, mean) == [4.5, 14.5, 21]
    assert in_tens([1234.5], max) == [1230] and in_tens([], max) == []


def test_a_run_that_diverges_tells_what_happened_before(tmp_path, monkeypatch):
    monkeypatch.setattr(clipping, "task_of", lambda steps: make_adding(steps, 1000, n_test=50))
    found = trial(tmp_path / "c", False, "cpu", 30, EXPLODING, "SGD", 0.1, False, 0)
    assert found["diverged"] == 1 and "error" not in found
    assert 1 <= found["updates"] < 20
    assert all(map(math.isfinite, (*found["losses"], *found["norms"], found["longest"])))
    whole = trial(tmp_path / "d", False, "cpu", 30, EXPLODING, "AdamW", 1e-3, True, 0)
    assert whole["diverged"] == 0 and whole["updates"] == 20 and len(whole["norms"]) == 2
    assert max(whole["norms"]) == pytest.approx(whole["longest"], rel=0.01)


# --- what the chapter says ------------------------------------------------------------------------


def errors(**where):
    trials = sorted(results("clipping", steps=STEPS, **where), key=lambda t: t["setting"]["seed"])
    assert len(trials) == 5
    return [trial["figures"].get("error", math.inf) for trial in trials]


@pytest.mark.parametrize("lr", RATES[EXPLODING, "AdamW"][:3])
def test_clipped_each_seed_leaves_the_line_and_without_clipping_none(lr):
    where = dict(network_name=EXPLODING, optimiser="AdamW", lr=lr)
    assert max(errors(**where, clip=True)) < 0.9 * LINE < min(errors(**where, clip=False))


def test_at_the_largest_rate_the_same_networks_diverge_in_the_second_update():
    where = dict(network_name=EXPLODING, optimiser="AdamW", lr=1e-2, steps=STEPS)
    at_once = {
        clip: {
            trial["setting"]["seed"]
            for trial in results("clipping", **where, clip=clip)
            if trial["figures"]["updates"] == 1
        }
        for clip in (True, False)
    }
    assert at_once[True] == at_once[False] and len(at_once[True]) == 3


def test_the_gradients_of_the_gru_do_not_explode():
    for name, optimiser in RATES:
        norms = [
            trial["figures"]["longest"]
            for trial in results("clipping", steps=STEPS, network_name=name, optimiser=optimiser)
        ]
        assert max(norms) < 10 if name == "GRU" else min(norms) > 100


def test_plain_descent_survives_with_clipping_only_and_stays_on_the_line():
    for lr in RATES[EXPLODING, "SGD"]:
        where = dict(network_name=EXPLODING, optimiser="SGD", lr=lr)
        assert 0.9 * LINE < min(errors(**where, clip=True))
        assert max(errors(**where, clip=True)) < 1.1 * LINE
        assert sorted(errors(**where, clip=False))[1] == math.inf

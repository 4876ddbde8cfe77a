"""The transplant of S7.2: what is kept equal, and that the criterion can go either way."""

import copy

import pytest
import torch

from rnn_course.experiments import transplant
from rnn_course.experiments.transplant import BELOW, against_joint, donor, host, level, lowest
from rnn_course.tasks.echo import make_echo_of_a_pair
from rnn_course.training.fit import evaluate, fit


@pytest.fixture(scope="module")
def problem():
    return transplant.pairs()


def prepared(width):
    """A lower level set by hand: it gives whether the first two bits differ, and the third.

    Unit 0 is on only where both bits are 1, unit 1 only where both are -1; a linear function of the
    two, and so the new level, knows whether they differ. No memory: W is zero.
    """
    cell = level(width)
    with torch.no_grad():
        for p in cell.parameters():
            p.zero_()
        U, b = cell.input[0].weight, cell.input[0].bias
        U[0, :2], b[0] = 3.0, -3.0
        U[1, :2], b[1] = -3.0, -3.0
        U[2, 2] = 1.0
    return cell


def errors_on(problem, lower, seeds=(0, 1)):
    """The error rate on pairs of a new level, on the lower level of each seed."""
    found = []
    for seed in seeds:
        network = host(problem, lower(seed), seed)
        fit(network, problem.loss, problem.task.train, epochs=4, lr=1e-2, seed=seed, progress=False)
        assert evaluate(network, problem.task.test, problem.errors["bit"]) < 0.3  # it has learnt
        found.append(evaluate(network, problem.task.test, problem.errors["pair"]))
    return found


def test_the_criterion_tells_a_level_that_prepares_from_one_that_does_not(problem):
    """It holds for a level set by hand to prepare the input, not for one left as drawn."""
    n = problem.width
    drawn = errors_on(problem, lambda seed: lowest(donor(problem, "untrained", seed)))
    drawn_anew = errors_on(problem, lambda seed: lowest(donor(problem, "untrained", 50 + seed)))
    others = {"raw": errors_on(problem, lambda _: None), "untrained": drawn, "alone": drawn}
    holds = against_joint({**others, "joint": errors_on(problem, lambda _: prepared(n))})
    assert holds == {"raw": "worse", "untrained": "worse", "alone": "worse"}
    does_not = against_joint({**others, "joint": drawn_anew})
    assert does_not["untrained"] == "alike" and does_not["alone"] == "alike"


@pytest.mark.parametrize(
    ("joint", "verdict"),
    [([0.1, 0.2], "worse"), ([0.8, 0.9], "better"), ([0.1, 0.35], "alike"), ([0.3, 0.4], "alike")],
)
def test_each_seed_of_one_against_every_seed_of_the_other(joint, verdict):
    errors = dict.fromkeys(("raw", "untrained", "alone"), [0.3, 0.4])
    assert set(against_joint({**errors, "joint": joint}).values()) == {verdict}


def test_no_two_seeds_of_an_input_are_enough_to_hide_a_third():
    errors = {"raw": [0.3, 0.4, 0.05], "untrained": [0.3], "alone": [0.3], "joint": [0.1, 0.2]}
    assert against_joint(errors) == {"raw": "alike", "untrained": "worse", "alone": "worse"}


@pytest.mark.parametrize(
    "errors",
    [
        {},
        {"raw": [1.0]},
        {"joint": [1.0]},
        {"raw": [1.0], "joint": []},
        {"x": [1.0], "joint": [1.0]},
    ],
)
def test_errors_of_other_inputs_are_refused(errors):
    with pytest.raises(ValueError, match="errors: expected some for joint and others of raw"):
        against_joint(errors)


def test_what_is_trained_is_the_same_on_each_input_and_the_lower_level_is_left_as_it_was(problem):
    lower = lowest(donor(problem, "joint", seed=0))
    before = copy.deepcopy(lower.state_dict())
    networks = [host(problem, None, seed=0), host(problem, lower, seed=0)]
    on_raw, on_lower = (
        {name: p for name, p in network.named_parameters() if p.requires_grad}
        for network in networks
    )
    assert len(on_raw) == len(on_lower)
    for a, b in zip(on_raw.values(), on_lower.values(), strict=True):
        assert torch.equal(a, b)
    fit(networks[1], problem.loss, problem.task.train, epochs=1, lr=1e-2, progress=False)
    assert all(torch.equal(before[name], p) for name, p in lower.state_dict().items())
    frozen = networks[1].rnn.cell.cells[0].state_dict()
    assert all(torch.equal(before[name], p) for name, p in frozen.items())
    assert not all(
        torch.equal(a, b) for a, b in zip(on_raw.values(), on_lower.values(), strict=True)
    )
    assert all(p.requires_grad for p in lower.parameters())  # a copy was frozen, not this


def test_the_donors_lower_level_starts_alike_and_only_the_joint_one_has_a_level_above(problem):
    lowers = {below: lowest(donor(problem, below, seed=3)) for below in BELOW[1:]}
    for name, p in lowers["untrained"].named_parameters():
        assert torch.equal(p, dict(lowers["alone"].named_parameters())[name])
        assert torch.equal(p, dict(lowers["joint"].named_parameters())[name])
    assert len(donor(problem, "joint", 3).rnn.cell.cells) == 2
    assert donor(problem, "alone", 3).rnn.cell is not lowers["alone"]


def test_a_trial_that_was_killed_between_its_two_trainings_goes_on(tmp_path, monkeypatch):
    setting = {"task": "pairs", "below": "joint", "lr": 1e-2, "seed": 0, "epochs": 1, "limit": 64}
    whole = transplant.trial(tmp_path / "a.safetensors", False, "cpu", **setting)

    def killed(*_):
        raise KeyboardInterrupt

    path = tmp_path / "b.safetensors"
    with monkeypatch.context() as m:
        m.setattr(transplant, "host", killed)
        with pytest.raises(KeyboardInterrupt):
            transplant.trial(path, False, "cpu", **setting)
    assert path.with_suffix(".lower").exists()
    assert transplant.trial(path, False, "cpu", **setting) == whole
    assert not path.with_suffix(".lower").exists()


# --- the task -----------------------------------------------------------------------------------


def test_the_echo_of_a_pair_by_hand():
    split = make_echo_of_a_pair(3, n_bits=4, steps=8, n_train=6, n_test=1).train
    for x, y in zip(split.x.tolist(), split.y.tolist(), strict=True):
        assert y[:3] == [[-1, -1]] * 3
        for t in range(3, 8):
            first, second, third, _ = x[t - 3]
            assert y[t] == [first != second, third == 1]
    assert set(split.x.flatten().tolist()) == {-1, 1}


def test_no_single_bit_tells_whether_the_pair_differs():
    split = make_echo_of_a_pair(0, n_train=2000).train
    x, y = split.x.flatten(0, 1), split.y[..., 0].flatten()
    for bit in x.T:
        assert abs(y[bit == 1].mean() - 0.5) < 0.01 > abs(y[bit == -1].mean() - 0.5)
    assert torch.equal(y == 1, x[:, 0] * x[:, 1] < 0)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"lag": 20}, "lag: expected 0 ≤ lag < 20"),
        ({"lag": -1}, "lag: expected a whole number"),
        ({"lag": 1, "n_bits": 2}, "n_bits: expected at least 3, got 2"),
        ({"lag": 1, "n_test": 0}, "count: expected an integer of at least 1, got 0"),
    ],
)
def test_bad_arguments_are_named(given, message):
    with pytest.raises(ValueError, match=message):
        make_echo_of_a_pair(**given)

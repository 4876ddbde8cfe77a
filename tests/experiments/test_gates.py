"""The long run of chapters 10 and 11: equal networks, the same rates, and what is said of them."""

from __future__ import annotations

import math

import pytest
import torch

from rnn_course.experiments import figures, gates, results
from rnn_course.experiments.gates import CELLS, GATED, RATES, RATES_TRIED, REMOVED, SOLVED, TASKS
from rnn_course.networks.sizes import n_parameters
from rnn_course.tasks.adding import guessing, make_adding, memoryless
from rnn_course.tasks.copying import forgetful


@pytest.mark.parametrize("task", TASKS)
def test_all_networks_have_the_same_size(task):
    budget = TASKS[task].parameters
    for name in (*CELLS, *REMOVED):
        assert 0.93 * budget < n_parameters(gates.network(task, name, 0)) <= budget, name


def test_the_lines_are_those_of_a_network_without_memory():
    assert TASKS["adding"].line == memoryless(200) < guessing()
    assert TASKS["copying"].line == forgetful(50)
    model = gates.network("sentences", "GRU", 0)
    torch.nn.init.zeros_(model.V.weight)
    torch.nn.init.zeros_(model.V.bias)
    batch = next(gates.task_of("sentences").test.batches(4))
    torch.testing.assert_close(
        gates.errors(model, batch), torch.full((4,), TASKS["sentences"].line)
    )
    assert TASKS["sentences"].line == math.log(57)


def test_examples_are_drawn_anew_in_each_pass_and_are_the_same_from_the_same_seed():
    split = gates.Anew(lambda **given: make_adding(6, **given), 10)
    first, second, again = (
        torch.cat([batch.x for batch in split.batches(4, torch.Generator().manual_seed(seed))])
        for seed in (0, 1, 0)
    )
    assert len(split) == len(first) == 10
    assert torch.equal(first, again) and not torch.isin(first[..., 0], second[..., 0]).any()


def test_a_run_ends_when_it_is_done():
    model = gates.network("copying", "GRU", 0)
    done = TASKS["copying"]._replace(line=1e6)
    original, gates.TASKS = gates.TASKS, {**TASKS, "copying": done}
    try:
        history = gates.train(model, "copying", 3, 0, lr=1e-3, progress=False)
    finally:
        gates.TASKS = original
    assert len(history.loss) == 100 and history.stopped_early


@pytest.mark.parametrize("task", TASKS)
def test_the_rates_are_the_best_of_those_tried(task):
    """Of runs that are done, the one with the fewest updates; else the lowest error at the end."""
    for name in RATES[task]:
        tried = results("gates", task=task, network_name=name, seed=0, updates=TASKS[task].budget)
        assert {trial["setting"]["lr"] for trial in tried} == set(RATES_TRIED)
        assert RATES[task][name] == gates.best_rate(tried), name


@pytest.mark.parametrize("task", [task for task in TASKS if RATES[task]])
def test_a_run_is_done_or_its_budget_is_spent(task):
    for trial in results("gates", task=task, updates=TASKS[task].budget):
        valid = trial["figures"]["valid"]
        done = bool(valid) and valid[-1] <= SOLVED * TASKS[task].line
        assert done or trial["figures"]["diverged"] or len(valid) * 100 == TASKS[task].budget
        assert all(error > SOLVED * TASKS[task].line for error in valid[:-1])


def test_what_must_be_shown_of_the_adding_problem():
    for name in GATED[1], GATED[3]:
        error = figures(
            "error", "gates", task="adding", network_name=name, lr=RATES["adding"][name]
        )
        assert len(error) == 5 and max(error) < 0.1 * TASKS["adding"].line

"""The long runs of chapters 10, 11 and 14: the same rates for all, and what is said of them."""

import pytest

from rnn_course.experiments import figures, gates, results
from rnn_course.experiments.challenges import CHALLENGES, TASKS
from rnn_course.experiments.gates import WRITING
from rnn_course.experiments.rates import RATES, RATES_TRIED, best_rate
from rnn_course.experiments.until_done import CELLS, COMPARED, GATED, LEARNT, LINEAR, SOLVED

RUNS = ("gates", "remedies", "parity", "selective", "linear", "digits")
TRIALS = [trial for name in RUNS for trial in results(name)]
NETWORKS = {task: (*(CELLS if task in TASKS else COMPARED), *LINEAR) for task in RATES}


def trials_of(task, **where):
    """The trials of both runs on a task, with its whole budget."""
    where |= {"task": task, "updates": CHALLENGES[task].budget}
    return [trial for trial in TRIALS if where.items() <= trial["setting"].items()]


@pytest.mark.parametrize("task", RATES)
def test_the_rates_are_the_best_of_those_tried(task):
    """Of runs that are done, the one with the fewest updates; else the lowest error at the end."""
    assert set(RATES[task]) == set(NETWORKS[task])
    for name in NETWORKS[task]:
        tried = trials_of(task, network_name=name, seed=0)
        assert {trial["setting"]["lr"] for trial in tried} == set(RATES_TRIED)
        assert RATES[task][name] == best_rate(tried), name


@pytest.mark.parametrize("task", RATES)
def test_a_run_is_done_or_its_budget_is_spent(task):
    for trial in trials_of(task):
        valid = trial["figures"]["valid"]
        done = bool(valid) and valid[-1] <= SOLVED * CHALLENGES[task].line
        assert done or trial["figures"]["diverged"] or len(valid) * 100 == CHALLENGES[task].budget
        assert all(error > SOLVED * CHALLENGES[task].line for error in valid[:-1])


def test_what_must_be_shown_of_the_adding_problem():
    for name in GATED[1], GATED[3]:
        error = figures(
            "error", "gates", task="adding", network_name=name, lr=RATES["adding"][name]
        )
        assert len(error) == 5 and max(error) < 0.1 * CHALLENGES["adding"].line


@pytest.mark.parametrize("task", RATES)
def test_each_network_has_five_seeds(task):
    for name in NETWORKS[task]:
        found = gates.summary(task, name)
        assert {len(found[key]) for key in ("off", "done", "share")} == {5}


def test_without_the_gate_that_writes_no_rate_leads_off_the_line():
    for name in WRITING:
        tried = trials_of("adding", network_name=name, seed=0)
        assert {trial["setting"]["lr"] for trial in tried} == set(RATES_TRIED)
        for trial in tried:
            assert trial["figures"]["error"] > LEARNT * CHALLENGES["adding"].line


def test_a_table_says_when_and_how_many():
    assert gates.span([3, 1, 2.5], ".1f") == "2.5 (1.0–3.0)"
    assert gates.span([3, 1, float("inf")], ".1f") == "3.0 (1.0–∞)"
    assert gates.span([200, 200, 200], ",.0f") == "200"
    assert gates.in_words("copying", "tanh, orthogonal") == {
        "rate": "0.0005",
        "off": "not in 8,000",
        "done": "not in 8,000",
        "error": "not trained enough to tell",
    }
    without_o = gates.in_words("adding", "LSTM without o")
    assert without_o["done"] == "4 of 5 seeds" and without_o["rate"] == "0.032"

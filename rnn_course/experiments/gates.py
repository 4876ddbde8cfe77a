"""Chapters 10 and 11: one grid of rates for every network, and what became of them.

Here are the trials of chapter 10, adding and copying by the plain network and those with gates;
`remedies` has those of chapter 11. Both are read by the functions below.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from statistics import median
from typing import Any

from rnn_course.experiments.base import Experiment, figures, results
from rnn_course.experiments.until_done import (
    CELLS,
    GATED,
    LEARNT,
    REMOVED,
    SOLVED,
    TASKS,
    UPDATES,
    network,
    scores,
    train,
    trial,
)

KNOWN = ("tanh, orthogonal", *GATED)
"""The networks of chapter 10."""
UNGATED = tuple(name for name in CELLS if name not in KNOWN)
"""The networks of chapter 11."""


WRITING = ("LSTM without i", "GRU without z")
"""Those without the gate that writes, with one seed at the other rates as well."""

RATES_TRIED = (1e-4, 5e-4, 2e-3, 8e-3, 3.2e-2)
"""Each network is trained at all of these with seed 0, and at the best of them with four more."""

RATES: Mapping[str, Mapping[str, float]] = {
    "adding": {
        "tanh, orthogonal": 0.002,
        "ReLU, identity": 0.0001,
        "leaky units": 0.008,
        "skips over 10 steps": 0.002,
        "LSTM, forget bias 1": 0.032,
        "LSTM, biases for long gaps": 0.032,
        "GRU": 0.032,
        "GRU, biases for long gaps": 0.032,
    },
    "copying": {
        "tanh, orthogonal": 0.0005,
        "ReLU, identity": 0.0005,
        "leaky units": 0.008,
        "skips over 10 steps": 0.008,
        "LSTM, forget bias 1": 0.008,
        "LSTM, biases for long gaps": 0.008,
        "GRU": 0.032,
        "GRU, biases for long gaps": 0.032,
    },
    "sentences": {
        "tanh, orthogonal": 0.0005,
        "ReLU, identity": 0.0001,
        "leaky units": 0.008,
        "skips over 10 steps": 0.002,
        "LSTM, forget bias 1": 0.002,
        "LSTM, biases for long gaps": 0.032,
        "GRU": 0.0005,
        "GRU, biases for long gaps": 0.032,
    },
}
"""The rate with the lowest validation error in the fewest updates, as the results have it."""


def best_rate(trials: Sequence[Mapping[str, Any]]) -> float:
    """The rate of the trial that was done in the fewest updates; if none was, of the lowest error.

    The error is the mean of the last three on the validation examples. One that diverged is last.
    """

    def order(trial: Mapping[str, Any]) -> tuple[float, ...]:
        valid, line = trial["figures"]["valid"], TASKS[trial["setting"]["task"]].line
        if not valid:
            return (2,)
        if valid[-1] <= SOLVED * line:
            return 0, len(valid), valid[-1]
        return 1, sum(valid[-3:])

    return min(trials, key=order)["setting"]["lr"]


def rate_of(task: str, name: str) -> float:
    """The best rate of a network; without one of its gates it has the rate of the complete one."""
    whole = f"{name.split()[0]}, biases for long gaps" if name in REMOVED else name
    return RATES[task][whole]


def _run(task: str, name: str) -> str:
    """The experiment whose results have that network on that task."""
    return "remedies" if task == "sentences" or name in UNGATED else "gates"


def trials(task: str, name: str, **where: Any) -> list[dict[str, Any]]:
    """The trials of a network on a task with its whole budget."""
    return results(
        _run(task, name), task=task, network_name=name, updates=TASKS[task].budget, **where
    )


def summary(task: str, name: str) -> dict[str, Any]:
    """What became of a network's five seeds at its best rate, from the committed results.

    "lr", and for each seed "off" and "done", the updates after which it was off the line
    and solved (None: never), and "share", its test error as a share of the line (infinite if it
    diverged).
    """
    line, lr = TASKS[task].line, rate_of(task, name)

    def first(valid: Sequence[float], share: float) -> int | None:
        return next((UPDATES * k for k, e in enumerate(valid, 1) if e <= share * line), None)

    found = [trial["figures"] for trial in trials(task, name, lr=lr)]
    return {
        "lr": lr,
        "off": [first(figures["valid"], LEARNT) for figures in found],
        "done": [first(figures["valid"], SOLVED) for figures in found],
        "share": [figures.get("error", math.inf) / line for figures in found],
    }


def curves(task: str, names: Iterable[str]) -> dict[str, list[list[float]]]:
    """Of each network at its best rate, the validation errors of every seed."""
    return {
        name: figures("valid", _run(task, name), task=task, network_name=name,
                      lr=rate_of(task, name), updates=TASKS[task].budget)
        for name in names
    }  # fmt: skip


def span(values: Sequence[float], spec: str = "") -> str:
    """The median, and the lowest and the highest in brackets unless all are equal."""
    low, middle, high = (f"{of(values):{spec}}" for of in (min, median, max))
    return (middle if low == high else f"{middle} ({low}–{high})").replace("inf", "∞")


def in_words(task: str, name: str) -> dict[str, str]:
    """`summary` for a table: "rate", "off" and "done" as numbers of updates, and "error".

    Where not all seeds were off or done, it says how many were. The error is a share of the line;
    a network that was off it with no seed has none.
    """
    found, budget = summary(task, name), TASKS[task].budget

    def after(updates: Sequence[int | None]) -> str:
        at = [update for update in updates if update is not None]
        if len(at) == len(updates):
            return span(at, ",.0f")
        return f"{len(at)} of {len(updates)} seeds" if at else f"not in {budget:,}"

    learnt = any(update is not None for update in found["off"])
    return {
        "rate": f"{found['lr']:g}",
        "off": after(found["off"]),
        "done": after(found["done"]),
        "error": span(found["share"], ".2g") if learnt else "not trained enough to tell",
    }


def setting(task: str, name: str, lr: float, seed: int) -> dict[str, Any]:
    """The setting of a trial with the whole budget of its task."""
    return {
        "task": task,
        "network_name": name,
        "lr": lr,
        "updates": TASKS[task].budget,
        "seed": seed,
    }


def rates_and_seeds(task: str, names: Iterable[str]) -> Iterator[dict[str, Any]]:
    """For each network all rates with seed 0, and four more seeds at the best of them."""
    for seed in range(5):
        for name in names:
            for lr in [rate_of(task, name)] if seed else RATES_TRIED:
                yield setting(task, name, lr, seed)


_REHEARSAL = {"task": "copying", "network_name": "GRU", "lr": 2e-3, "updates": 100, "seed": 0}

EXPERIMENT = Experiment(
    name="gates",
    about="Adding over 200 steps and copying over 50, each network until it is done.",
    statements=("G3", "G4"),
    settings=(
        *(each for task in ("adding", "copying") for each in rates_and_seeds(task, KNOWN)),
        *(
            setting("adding", name, rate_of("adding", name), seed)
            for name in REMOVED
            for seed in range(5)
        ),
        *(  # not done at that rate, and at no other
            setting("adding", name, lr, 0)
            for name in WRITING
            for lr in RATES_TRIED
            if lr != rate_of("adding", name)
        ),
        _REHEARSAL,
    ),
    trial=trial,
    small=(_REHEARSAL,),
    tolerance={"error": 0.02, "valid": 0.05},
    packages=("babel",),
    network=network,
    train=train,
    scores=scores,
)

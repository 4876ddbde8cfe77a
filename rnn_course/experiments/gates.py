"""Chapters 10, 11 and 14: what became of the networks that were trained until done.

Here are the trials of chapter 10, adding and copying by the plain network and those with gates;
`remedies` has those of chapter 11, and `parity`, `selective`, `digits` and `linear` those of
chapter 14. All are read by the functions below.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from statistics import median
from typing import Any

from rnn_course.experiments.base import Experiment, figures, results
from rnn_course.experiments.challenges import CHALLENGES
from rnn_course.experiments.rates import RATES_TRIED, rate_of, rates_and_seeds, setting
from rnn_course.experiments.until_done import (
    CELLS,
    GATED,
    LEARNT,
    LINEAR,
    REMOVED,
    SOLVED,
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


NEW = {"parity": "parity", "selective copying": "selective", "digits": "digits"}
"""The experiments of chapter 14, by task; its networks on the older tasks are in `linear`."""

WRITING = ("LSTM without i", "GRU without z")
"""Those without the gate that writes, with one seed at the other rates as well."""


def _run(task: str, name: str) -> str:
    """The experiment whose results have that network on that task."""
    if task in NEW:
        return NEW[task]
    if name in LINEAR:
        return "linear"
    return "remedies" if task == "sentences" or name in UNGATED else "gates"


def trials(task: str, name: str, **where: Any) -> list[dict[str, Any]]:
    """The trials of a network on a task with its whole budget."""
    return results(
        _run(task, name), task=task, network_name=name, updates=CHALLENGES[task].budget, **where
    )


def summary(task: str, name: str) -> dict[str, Any]:
    """What became of a network's five seeds at its best rate, from the committed results.

    "lr", and for each seed "off" and "done", the updates after which it was off the line
    and solved (None: never), and "share", its test error as a share of the line (infinite if it
    diverged).
    """
    line, lr = CHALLENGES[task].line, rate_of(task, name)

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
                      lr=rate_of(task, name), updates=CHALLENGES[task].budget)
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
    found, budget = summary(task, name), CHALLENGES[task].budget

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


_REHEARSAL = setting("copying", "GRU", lr=2e-3, seed=0) | {"updates": 100}

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

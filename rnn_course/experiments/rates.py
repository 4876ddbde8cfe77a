"""One grid of rates for every network of chapters 10, 11 and 14, and the best rate of each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from rnn_course.experiments.challenges import CHALLENGES
from rnn_course.experiments.until_done import REMOVED, SOLVED

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
        "minGRU": 0.008,
        "signed minGRU": 0.008,
        "LRU": 0.008,
        "S4D-Lin": 0.008,
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
        "minGRU": 0.008,
        "signed minGRU": 0.008,
        "LRU": 0.008,
        "S4D-Lin": 0.002,
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
        "minGRU": 0.008,
        "signed minGRU": 0.008,
        "LRU": 0.008,
        "S4D-Lin": 0.008,
    },
    "parity": {
        "tanh, orthogonal": 0.002,
        "LSTM, biases for long gaps": 0.032,
        "GRU, biases for long gaps": 0.032,
        "minGRU": 0.002,
        "signed minGRU": 0.008,
        "LRU": 0.008,
        "S4D-Lin": 0.002,
    },
    "selective copying": {
        "tanh, orthogonal": 0.0005,
        "LSTM, biases for long gaps": 0.032,
        "GRU, biases for long gaps": 0.032,
        "minGRU": 0.008,
        "signed minGRU": 0.008,
        "LRU": 0.008,
        "S4D-Lin": 0.008,
    },
    "digits": {
        "tanh, orthogonal": 0.0005,
        "LSTM, biases for long gaps": 0.008,
        "GRU, biases for long gaps": 0.032,
        "minGRU": 0.002,
        "signed minGRU": 0.008,
        "LRU": 0.002,
        "S4D-Lin": 0.002,
    },
}
"""The rate with the lowest validation error in the fewest updates, as the results have it."""


def best_rate(trials: Sequence[Mapping[str, Any]]) -> float:
    """The rate of the trial that was done in the fewest updates; if none was, of the lowest error.

    The error is the mean of the last three on the validation examples. One that diverged is last.
    """

    def order(trial: Mapping[str, Any]) -> tuple[float, ...]:
        valid, line = trial["figures"]["valid"], CHALLENGES[trial["setting"]["task"]].line
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


def setting(task: str, name: str, lr: float, seed: int) -> dict[str, Any]:
    """The setting of a trial with the whole budget of its task."""
    return {
        "task": task,
        "network_name": name,
        "lr": lr,
        "updates": CHALLENGES[task].budget,
        "seed": seed,
    }


def rates_and_seeds(task: str, names: Iterable[str]) -> Iterator[dict[str, Any]]:
    """For each network all rates with seed 0, and four more seeds at the best of them.

    A network whose best rate is not in `RATES` yet has the rates alone: they are run to find it.
    """
    for seed in range(5):
        for name in names:
            best = [rate_of(task, name)] if name in RATES.get(task, {}) else []
            for lr in best if seed else RATES_TRIED:
                yield setting(task, name, lr, seed)

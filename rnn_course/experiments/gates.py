"""Chapters 10 and 11: every network trained until it is done, or until the budget is spent.

Networks of equal size, and the same five learning rates for each. Examples are drawn anew, so that
no network sees one twice and none can learn them by heart.
The results hold what chapter 10 shows: adding and copying, by the plain network and those with
gates. The sentences of chapter 9 and the cells of chapter 11 are ready to run, and have not been.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Generator, Tensor, nn

from rnn_course.cells import Cell, ElmanCell, GRUCell, LSTMCell
from rnn_course.devices import Device
from rnn_course.experiments.base import Experiment, results
from rnn_course.experiments.remedies import errors as errors_of_reader
from rnn_course.networks.gates import without
from rnn_course.networks.initial import chrono
from rnn_course.networks.reader import Reader
from rnn_course.networks.remedies import LeakyCell, ReLUCell, SkipCell
from rnn_course.networks.sizes import n_parameters, widest
from rnn_course.networks.summarise import Summariser
from rnn_course.tasks.adding import make_adding, memoryless
from rnn_course.tasks.base import Batch, Split, Task
from rnn_course.tasks.copying import SYMBOLS, forgetful, make_copying
from rnn_course.tasks.fluent import languages, make_fluent
from rnn_course.training.fit import History, evaluate, fit

BATCH_SIZE, UPDATES = 50, 100
"""An epoch is so many updates, after which the error on the validation examples is taken."""

SOLVED = 0.05
"""A run ends when its validation error is this share of the line."""

LEARNT = 0.9
"""A network is off the line once its error is under this share of it."""


class Challenge(NamedTuple):
    """A task that needs memory, the error of a network without any, and the budget."""

    make: Callable[..., Task]
    steps: int
    line: float
    budget: int
    """The most updates of the weights."""
    parameters: int
    """The most parameters of a network."""


TASKS: Mapping[str, Challenge] = {
    "adding": Challenge(partial(make_adding, 200), 200, memoryless(200), 4_000, 5_500),
    "copying": Challenge(partial(make_copying, 50), 70, forgetful(50), 8_000, 5_500),
    "sentences": Challenge(
        partial(make_fluent, 80), 85, math.log(len(set(languages().values()))), 4_000, 40_000
    ),
}

CELLS: Mapping[str, Callable[[int, int, int], Cell]] = {
    "tanh, orthogonal": lambda steps, n_in, H: ElmanCell(n_in, H),
    "ReLU, identity": lambda steps, n_in, H: ReLUCell(n_in, H),
    "leaky units": lambda steps, n_in, H: LeakyCell(n_in, H, slowest=steps),
    "skips over 10 steps": lambda steps, n_in, H: SkipCell(n_in, H, d=10),
    "LSTM, forget bias 1": lambda steps, n_in, H: LSTMCell(n_in, H),
    "LSTM, biases for long gaps": lambda steps, n_in, H: chrono(LSTMCell(n_in, H), steps),
    "GRU": lambda steps, n_in, H: GRUCell(n_in, H),
    "GRU, biases for long gaps": lambda steps, n_in, H: chrono(GRUCell(n_in, H), steps),
}
"""Each makes a cell from the number of steps, n_in and the number of hidden units H."""

GATED = tuple(name for name in CELLS if name.startswith(("LSTM", "GRU")))

REMOVED: Mapping[str, Callable[[int, int, int], Cell]] = {
    "LSTM without i": lambda steps, n_in, H: without(chrono(LSTMCell(n_in, H), steps), "i"),
    "LSTM without f": lambda steps, n_in, H: without(chrono(LSTMCell(n_in, H), steps), "f"),
    "LSTM without o": lambda steps, n_in, H: without(chrono(LSTMCell(n_in, H), steps), "o"),
    "GRU without r": lambda steps, n_in, H: without(chrono(GRUCell(n_in, H), steps), "r"),
    "GRU without z": lambda steps, n_in, H: without(chrono(GRUCell(n_in, H), steps), "z"),
}
"""The two with biases for long gaps and one gate removed: on the adding problem, at their rate."""

RATES_TRIED = (1e-4, 5e-4, 2e-3, 8e-3, 3.2e-2)
"""Each network is trained at all of these with seed 0, and at the best of them with four more."""

RATES: Mapping[str, Mapping[str, float]] = {
    "adding": {
        "tanh, orthogonal": 0.002,
        "LSTM, forget bias 1": 0.032,
        "LSTM, biases for long gaps": 0.032,
        "GRU": 0.032,
        "GRU, biases for long gaps": 0.032,
    },
    "copying": {
        "tanh, orthogonal": 0.0005,
        "LSTM, forget bias 1": 0.008,
        "LSTM, biases for long gaps": 0.008,
        "GRU": 0.032,
        "GRU, biases for long gaps": 0.032,
    },
    "sentences": {},
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


def summary(task: str, name: str) -> dict[str, Any]:
    """What became of a network's five seeds at its best rate, from the committed results.

    "lr", and for each seed "off" and "done", the updates after which it was off the line
    and solved (None: never), and "share", its test error as a share of the line (infinite if it
    diverged).
    """
    line, lr = TASKS[task].line, rate_of(task, name)

    def first(valid: Sequence[float], share: float) -> int | None:
        return next((UPDATES * k for k, e in enumerate(valid, 1) if e <= share * line), None)

    where: dict[str, Any] = {"task": task, "network_name": name, "lr": lr}
    found = [trial["figures"] for trial in results("gates", **where, updates=TASKS[task].budget)]
    return {
        "lr": lr,
        "off": [first(figures["valid"], LEARNT) for figures in found],
        "done": [first(figures["valid"], SOLVED) for figures in found],
        "share": [figures.get("error", math.inf) / line for figures in found],
    }


@dataclass(frozen=True)
class Anew:
    """Training examples that are drawn anew in each pass over them."""

    make: Callable[..., Task]
    count: int

    def __len__(self) -> int:
        return self.count

    def batches(self, batch_size: int, generator: Generator) -> Iterator[Batch]:
        """`count` examples of the task with a seed from the generator, in batches."""
        seed = int(torch.randint(2**31, (), generator=generator))
        train = self.make(n_train=self.count, n_test=1, seed=seed).train
        return train.batches(batch_size, generator)


@cache
def task_of(name: str) -> Task:
    """The validation and test examples of a task, 1,000 each."""
    return TASKS[name].make(n_train=1, n_test=1000)


def network(task: str, name: str, seed: int) -> nn.Module:
    """The network with a cell of `CELLS` or `REMOVED`, as wide as the task's parameters allow."""
    data, given = task_of(task), TASKS[task]
    cell = {**CELLS, **REMOVED}[name]

    def make(n_hidden: int) -> nn.Module:
        torch.manual_seed(seed)
        if task == "sentences":
            n_embed = 32
            made = cell(given.steps, n_embed, n_hidden)
            return Summariser(len(data.symbols), n_embed, made, len(data.labels))
        n_in, n_out = (2, 1) if task == "adding" else (len(SYMBOLS), len(SYMBOLS))
        return Reader(cell(given.steps, n_in, n_hidden), n_out)

    return widest(make, given.parameters)


def errors(model: Any, batch: Batch) -> Tensor:
    """(B,): the squared error of each sum, the nats per step of each copy, or of each answer."""
    if isinstance(model, Summariser):
        return nn.functional.cross_entropy(model(batch.x, batch.lengths), batch.y, reduction="none")
    return errors_of_reader(model, batch)


def train(
    model: nn.Module, task: str, epochs: int, seed: int, *, lr: float, **options: Any
) -> History:
    """`fit` at a constant rate, clipped at 1, until the task is solved or the epochs are over."""
    given = TASKS[task]
    return fit(
        model,
        lambda model, batch: errors(model, batch).mean(),
        Anew(given.make, UPDATES * BATCH_SIZE),
        task_of(task).valid,
        epochs=epochs,
        batch_size=BATCH_SIZE,
        lr=lr,
        decay=False,
        weight_decay=0.0,
        until=SOLVED * given.line,
        seed=seed,
        **options,
    )


def scores(model: nn.Module, task: str, split: Split, device: Device = None) -> dict[str, float]:
    """The mean of `errors`."""
    return {"error": evaluate(model, split, errors, device=device)}


def trial(
    checkpoint: Path,
    progress: bool,
    device: Device,
    task: str,
    network_name: str,
    lr: float,
    updates: int,
    seed: int,
) -> dict[str, Any]:
    """Train one network and score it on the test examples; its error after every 100 updates."""
    model = network(task, network_name, seed)
    found: dict[str, Any] = {"parameters": n_parameters(model)}
    try:
        history = train(
            model,
            task,
            updates // UPDATES,
            seed,
            lr=lr,
            device=device,
            checkpoint=checkpoint,
            progress=progress,
        )
    except FloatingPointError:  # a finding: at this rate it does not hold
        return {**found, "diverged": 1, "valid": [], "longest": 0.0}
    return {
        **found,
        "diverged": 0,
        **scores(model, task, task_of(task).test, device),
        "valid": history.valid_loss,
        "longest": max(history.grad_norm),
    }


def _settings() -> Iterator[dict[str, Any]]:
    """What chapter 10 shows: all rates with seed 0, then four more seeds at the best."""
    for seed in range(5):
        for task in ("adding", "copying"):
            for name in ("tanh, orthogonal", *GATED):
                for lr in [rate_of(task, name)] if seed else RATES_TRIED:
                    yield _setting(task, name, lr, seed)
    for name in REMOVED:
        for seed in range(5):
            yield _setting("adding", name, rate_of("adding", name), seed)


def _setting(task: str, name: str, lr: float, seed: int) -> dict[str, Any]:
    return {
        "task": task,
        "network_name": name,
        "lr": lr,
        "updates": TASKS[task].budget,
        "seed": seed,
    }


_REHEARSAL = {"task": "copying", "network_name": "GRU", "lr": 2e-3, "updates": 100, "seed": 0}

EXPERIMENT = Experiment(
    name="gates",
    about="Adding over 200 steps and copying over 50, each network until it is done.",
    statements=("G3", "G4"),
    settings=(*_settings(), _REHEARSAL),
    trial=trial,
    small=(_REHEARSAL,),
    tolerance={"error": 0.02, "valid": 0.05},
    packages=("babel",),
    network=network,
    train=train,
    scores=scores,
)

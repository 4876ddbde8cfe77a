"""How chapters 10 and 11 train: until a network is done, or its budget of updates is spent.

Networks of equal size on three tasks that need memory, for each of which the error that can be had
without any is known, the *line*. Examples are drawn anew, so that no network sees one twice and
none can learn them by heart.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Generator, Tensor, nn

from rnn_course.cells import Cell, ElmanCell, GRUCell, LSTMCell
from rnn_course.devices import Device
from rnn_course.networks.gates import without
from rnn_course.networks.initial import chrono
from rnn_course.networks.likelihood import log_likelihood
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
"""The two with biases for long gaps and one gate removed."""


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
    o = model(batch.x, batch.lengths)
    if batch.y.is_floating_point():
        return (o[:, -1] - batch.y).square().squeeze(1)  # o stays the same past each end
    steps = batch.y.shape[1] if batch.y_lengths is None else batch.y_lengths
    return -log_likelihood(o, batch.y, batch.y_lengths) / steps


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


def scores(model: nn.Module, task: Any, split: Split, device: Device = None) -> dict[str, float]:
    """The mean of `errors`, whatever the task."""
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

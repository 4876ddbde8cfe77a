"""Chapter 11, S8.3 and beyond the deck: each remedy on the adding problem and on copy memory."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from rnn_course.cells import Cell, ElmanCell, GRUCell, LSTMCell
from rnn_course.devices import Device
from rnn_course.experiments.base import Experiment
from rnn_course.networks import initial
from rnn_course.networks.likelihood import log_likelihood
from rnn_course.networks.reader import Reader
from rnn_course.networks.remedies import LeakyCell, ReLUCell, SkipCell
from rnn_course.networks.sizes import n_parameters, widest
from rnn_course.tasks.adding import make_adding
from rnn_course.tasks.base import Batch, Split, Task
from rnn_course.tasks.copying import SYMBOLS, make_copying
from rnn_course.training.fit import History, evaluate, fit

BUDGET = 5_500
"""The most parameters that a network may have."""

GAPS, EPOCHS = {"adding": 200, "copying": 50}, {"adding": 4, "copying": 6}
N_TRAIN, BATCH_SIZE = 10_000, 50

CELLS: Mapping[str, Callable[[int, int, int], Cell]] = {
    "tanh": lambda steps, n_in, H: initial.as_torch(ElmanCell(n_in, H)),
    "orthogonal W": lambda steps, n_in, H: ElmanCell(n_in, H),
    "identity, ReLU": lambda steps, n_in, H: ReLUCell(n_in, H),
    "leaky units": lambda steps, n_in, H: LeakyCell(n_in, H, slowest=steps),
    "skips": lambda steps, n_in, H: SkipCell(n_in, H, d=max(2, steps // 20)),
    "LSTM": lambda steps, n_in, H: LSTMCell(n_in, H),
    "LSTM, forget bias": lambda steps, n_in, H: LSTMCell(n_in, H, forget_bias=4.0),
    "GRU": lambda steps, n_in, H: GRUCell(n_in, H),
}
"""Each makes a cell from the number of steps, n_in and the number of hidden units H."""


def network(task: Task, name: str, seed: int) -> Reader:
    """The network with a cell of `CELLS`, as wide as `BUDGET` allows."""
    n_in, n_out = (2, 1) if task.name == "adding" else (len(SYMBOLS), len(SYMBOLS))
    steps = task.train.x.shape[1]

    def make(n_hidden: int) -> Reader:
        torch.manual_seed(seed)
        return Reader(CELLS[name](steps, n_in, n_hidden), n_out)

    return widest(make, BUDGET)


def errors(model: Reader, batch: Batch) -> Tensor:
    """(B,): the squared error of each sum, or the nats per step of each copy."""
    o = model(batch.x, batch.lengths)
    if batch.y.is_floating_point():
        return (o[:, -1] - batch.y).square().squeeze(1)  # o stays the same past each end
    steps = batch.y.shape[1] if batch.y_lengths is None else batch.y_lengths
    return -log_likelihood(o, batch.y, batch.y_lengths) / steps


def train(
    model: Reader,
    task: Task,
    epochs: int,
    seed: int,
    *,
    lr: float,
    clip: float | None = 1.0,
    **options: Any,
) -> History:
    """`fit` with this experiment's settings; the loss is the mean of `errors`."""
    return fit(
        model,
        lambda model, batch: errors(model, batch).mean(),
        task.train,
        task.valid,
        epochs=epochs,
        batch_size=BATCH_SIZE,
        lr=lr,
        weight_decay=0.0,
        clip=clip,
        seed=seed,
        **options,
    )


def scores(model: Reader, task: Task, split: Split, device: Device = None) -> dict[str, float]:
    """The mean of `errors`."""
    return {"error": evaluate(model, split, errors, device=device)}


RATES = {
    "adding": {
        "tanh": 2e-3,
        "orthogonal W": 2e-3,
        "identity, ReLU": 1e-4,
        "leaky units": 1e-3,
        "skips": 3e-3,
        "LSTM": 1e-2,
        "LSTM, forget bias": 1e-2,
        "GRU": 1e-2,
    },
    "copying": {
        "tanh": 5e-3,
        "orthogonal W": 2e-3,
        "identity, ReLU": 1e-3,
        "leaky units": 5e-3,
        "skips": 2e-3,
        "LSTM": 5e-3,
        "LSTM, forget bias": 5e-3,
        "GRU": 5e-3,
    },
}
"""The learning rates: the best on validation of a few (not recorded), tried with one seed."""

UNCLIPPED = ("identity, ReLU", "orthogonal W", "GRU")
"""The networks that are also trained to copy without clipping."""


@cache
def task_of(task: str, gap: int) -> Task:
    """The adding problem over `gap` steps, or copy memory with that gap: `N_TRAIN` examples."""
    make = {"adding": make_adding, "copying": make_copying}[task]
    return make(gap, n_train=N_TRAIN, n_test=1000)


def updates(task: str) -> int:
    """The number of updates of the weights in each trial on a task."""
    return EPOCHS[task] * math.ceil(N_TRAIN / BATCH_SIZE)


def trial(
    checkpoint: Path,
    progress: bool,
    device: Device,
    task: str,
    gap: int,
    network_name: str,
    clip: bool,
    epochs: int,
    seed: int,
) -> dict[str, Any]:
    """Train one network and score it on the test examples; it may diverge if it is not clipped."""
    data = task_of(task, gap)
    model = network(data, network_name, seed)
    figures: dict[str, Any] = {"parameters": n_parameters(model), "n_hidden": model.rnn.n_hidden}
    try:
        history = train(
            model,
            data,
            epochs,
            seed,
            lr=RATES[task][network_name],
            clip=1.0 if clip else None,
            device=device,
            checkpoint=checkpoint,
            progress=progress,
        )
    except FloatingPointError:  # a finding, where nothing is clipped
        return {**figures, "diverged": 1, "valid": [], "longest": 0.0}
    return {
        **figures,
        "diverged": 0,
        **scores(model, data, data.test, device),
        "valid": history.valid_loss,
        "longest": max(history.grad_norm),
    }


_REHEARSAL = {
    "task": "copying",
    "gap": 5,
    "network_name": "GRU",
    "clip": True,
    "epochs": 1,
    "seed": 0,
}

EXPERIMENT = Experiment(
    name="remedies",
    about="Adding over 200 steps and copying over 50: eight networks of equal size, five seeds.",
    statements=("S8.3",),
    settings=(
        *(
            {
                "task": task,
                "gap": gap,
                "network_name": name,
                "clip": clip,
                "epochs": EPOCHS[task],
                "seed": seed,
            }
            for seed in range(5)
            for task, gap in GAPS.items()
            for name in CELLS
            for clip in (True, False)
            if clip or (task == "copying" and name in UNCLIPPED)
        ),
        _REHEARSAL,
    ),
    trial=trial,
    small=(_REHEARSAL,),
    tolerance={"error": 0.05, "valid": 0.1},
    network=network,
    train=train,
    scores=scores,
)

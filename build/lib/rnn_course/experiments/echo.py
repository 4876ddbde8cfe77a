"""Chapter 8, S7.4 and S7.6: an echo through deep transitions, with skips, from two starts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from rnn_course.devices import Device
from rnn_course.experiments.base import Experiment
from rnn_course.networks import initial
from rnn_course.networks.deep import BlockCell, SkipTransition, ThreeBlocks, Transition, mlp
from rnn_course.networks.sizes import n_parameters, widest
from rnn_course.tasks.base import Batch, Split, Task
from rnn_course.tasks.echo import N_SYMBOLS, make_echo
from rnn_course.training.fit import History, evaluate, fit

BUDGET = 15_000
"""The most parameters that a network may have."""

TRANSITIONS: Mapping[str, Callable[[int], Transition]] = {
    "1 layer": Transition,
    "2 layers": lambda H: Transition(H, 2),
    "2 layers, skip": lambda H: SkipTransition(H, 2),
    "4 layers": lambda H: Transition(H, 4),
    "4 layers, skip": lambda H: SkipTransition(H, 4),
}
STARTS = ("orthogonal", "torch's default")
"""Initialisation: square matrices orthogonal, or all weights uniform in ±1/sqrt(n_hidden)."""

LAGS = (5, 10, 20)


def network(task: Task, transition: str, seed: int, start: str = STARTS[0]) -> ThreeBlocks:
    """The network with that transition and start, as wide as `BUDGET` allows."""
    n_symbols = len(task.symbols)

    def make(n_hidden: int) -> ThreeBlocks:
        torch.manual_seed(seed)
        cell = BlockCell(n_symbols, mlp(n_symbols, n_hidden), TRANSITIONS[transition](n_hidden))
        if start == STARTS[1]:
            initial.as_torch(cell)
        return ThreeBlocks(cell, mlp(n_hidden, n_symbols))

    return widest(make, BUDGET)


def outputs(model: ThreeBlocks, batch: Batch) -> Tensor:
    """o (B, T, 8) for the batch, its symbols read as one-hot vectors."""
    x = F.one_hot(batch.x, N_SYMBOLS).to(model.rnn.cell.like.dtype)
    return model(x, lengths=batch.lengths)[0]


def loss(model: ThreeBlocks, batch: Batch) -> Tensor:
    """Cross-entropy over the steps that have an echo, in nats per step."""
    return F.cross_entropy(outputs(model, batch).transpose(1, 2), batch.y, ignore_index=-1)


def right(model: ThreeBlocks, batch: Batch) -> Tensor:
    """Accuracy over the echoes of each sequence, (B,)."""
    asked = batch.y >= 0
    hits = (outputs(model, batch).argmax(2) == batch.y) & asked
    return hits.sum(1) / asked.sum(1)


def train(
    model: ThreeBlocks, task: Task, epochs: int, seed: int, *, lr: float = 2e-3, **options: Any
) -> History:
    """`fit` with this experiment's settings: an epoch is 100 steps."""
    return fit(
        model,
        loss,
        task.train,
        task.valid,
        epochs=epochs,
        lr=lr,
        metric=right,
        seed=seed,
        **options,
    )


def scores(model: ThreeBlocks, task: Task, split: Split, device: Device = None) -> dict[str, float]:
    """Accuracy over the echoes."""
    return {"accuracy": evaluate(model, split, right, device=device)}


@cache
def _task(lag: int) -> Task:
    return make_echo(lag)


def trial(
    checkpoint: Path,
    progress: bool,
    device: Device,
    transition: str,
    start: str,
    lag: int,
    seed: int,
    epochs: int,
) -> dict[str, Any]:
    """Train one network and score it on the test sequences."""
    task = _task(lag)
    model = network(task, transition, seed, start)
    history = train(
        model, task, epochs, seed, device=device, checkpoint=checkpoint, progress=progress
    )
    return {
        **scores(model, task, task.test, device),
        "curve": history.valid_metric,
        "parameters": n_parameters(model),
        "n_hidden": model.rnn.n_hidden,
    }


_REHEARSAL = {"transition": "2 layers, skip", "start": STARTS[0], "lag": 5, "seed": 0, "epochs": 1}

EXPERIMENT = Experiment(
    name="echo",
    about="The share of echoes that are right: depth of the transition, skips, beginnings, lags.",
    statements=("S7.4", "S7.6"),
    settings=(
        *(
            {"transition": transition, "start": start, "lag": lag, "seed": seed, "epochs": 5}
            for start in STARTS
            for lag in LAGS
            for transition in TRANSITIONS
            for seed in range(5)
        ),
        _REHEARSAL,
    ),
    trial=trial,
    small=(_REHEARSAL,),
    tolerance={"accuracy": 0.05, "curve": 0.05},
    network=network,
    train=train,
    scores=scores,
)

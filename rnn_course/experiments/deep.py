"""Chapter 8, S7.2 to S7.4: which block to make deep? Bach's next frame, at equal size."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from rnn_course.cells import Cell
from rnn_course.devices import Device
from rnn_course.experiments.base import Experiment
from rnn_course.measures.baselines import probe
from rnn_course.networks.deep import (
    BlockCell,
    SkipTransition,
    Stack,
    ThreeBlocks,
    Transition,
    levels,
    mlp,
)
from rnn_course.networks.sizes import n_parameters, widest
from rnn_course.padding import blanked, inside
from rnn_course.tasks.base import Batch, Split, Task
from rnn_course.tasks.chorales.frames import N_KEYS, by_frame_before, by_key, load_frames, log_odds
from rnn_course.training.fit import History, evaluate, fit

BUDGET = 40_000
"""The most parameters that a network may have."""


def _stack(n_levels: int) -> Callable[[int], Cell]:
    def make(H: int) -> Cell:
        sizes = [N_KEYS, *[H] * n_levels]
        return Stack(*(BlockCell(n, mlp(n, H), Transition(H)) for n in sizes[:-1]))

    return make


RATES = (3e-3, 8e-3)
"""Both learning rates are tried with each network; validation chooses."""

N_TRAIN, BATCH_SIZE = 230, 16
"""Training chorales (tested), and how many make a batch."""

MAJORITY = {"now": 0.131, "next": 0.130}
"""The share of test frames with the training chorales' most frequent lowest key (tested)."""

CELLS: Mapping[str, Callable[[int], Cell]] = {
    "shallow": lambda H: BlockCell(N_KEYS, mlp(N_KEYS, H), Transition(H)),
    "stack of 2": _stack(2),
    "stack of 3": _stack(3),
    "deep input": lambda H: BlockCell(N_KEYS, mlp(N_KEYS, H, H), Transition(H)),
    "deep transition": lambda H: BlockCell(N_KEYS, mlp(N_KEYS, H), Transition(H, 2)),
    "deep transition, skip": lambda H: BlockCell(N_KEYS, mlp(N_KEYS, H), SkipTransition(H, 2)),
    "deep output": lambda H: BlockCell(N_KEYS, mlp(N_KEYS, H), Transition(H)),
    "all three": lambda H: BlockCell(N_KEYS, mlp(N_KEYS, H, H), SkipTransition(H, 2)),
}
"""The first two blocks of each network. The third is deep in "deep output" and "all three"."""


def network(task: Task, name: str, seed: int) -> ThreeBlocks:
    """A network of `CELLS`, as wide as `BUDGET` allows.

    Its outputs start at the keys' own frequencies, so that no network has to learn these first.
    """

    def make(n_hidden: int) -> ThreeBlocks:
        torch.manual_seed(seed)
        cell = CELLS[name](n_hidden)
        deep = name in ("deep output", "all three")
        output = mlp(n_hidden, *[n_hidden] * deep, N_KEYS)
        start_small(output, log_odds(task.train))
        return ThreeBlocks(cell, output)

    return widest(make, BUDGET)


def start_small(output: nn.Sequential, bias: Tensor) -> None:
    """Give a readout's last layer this bias, and weights so small that it decides at first."""
    last = output[-1]
    assert isinstance(last, nn.Linear)
    nn.init.xavier_uniform_(last.weight, gain=0.1)
    with torch.no_grad():
        last.bias.copy_(bias)


def frame_nll(model: ThreeBlocks, batch: Batch) -> Tensor:
    """-log P(y | x) of each sequence in nats per frame, (B,): keys independent given the past."""
    assert batch.lengths is not None
    o, _ = model(batch.x, lengths=batch.lengths)
    y = blanked(batch.y, batch.lengths)
    nll = F.binary_cross_entropy_with_logits(o, y, reduction="none").sum(2)
    return blanked(nll, batch.lengths).sum(1) / batch.lengths


def train(
    model: ThreeBlocks, task: Task, epochs: int, seed: int, *, lr: float, **options: Any
) -> History:
    """`fit` with this experiment's settings; the best epoch on the validation chorales is kept."""
    return fit(
        model,
        lambda model, batch: frame_nll(model, batch).mean(),
        task.train,
        task.valid,
        epochs=epochs,
        batch_size=BATCH_SIZE,
        lr=lr,
        patience=epochs,
        seed=seed,
        **options,
    )


def scores(model: ThreeBlocks, task: Task, split: Split, device: Device = None) -> dict[str, float]:
    """The mean of `frame_nll`."""
    return {"nll": evaluate(model, split, frame_nll, device=device)}


def probes_by_level(model: ThreeBlocks, task: Task) -> dict[str, list[float]]:
    """How accurately a linear classifier reads the lowest key off each level: "now" and "next".

    "now" is the key in x^(t), "next" the one to be predicted. The classifier is fitted on training
    chorales and tested on the test chorales; accuracies, the lowest level first.
    """
    stack = model.rnn.cell
    assert isinstance(stack, Stack)

    def mask(split: Split) -> Tensor:
        assert split.lengths is not None
        return inside(split.lengths, split.x.shape[1])

    def states(split: Split) -> list[Tensor]:
        with torch.no_grad():
            return [h[mask(split)] for h in levels(stack, split.x, lengths=split.lengths)[0]]

    def lowest(split: Split, which: Tensor) -> Tensor:
        return which[mask(split)].argmax(1)  # the first that sounds

    known, tried = states(task.train), states(task.test)
    found = {}
    for name, part in (("now", "x"), ("next", "y")):
        y, y_test = (lowest(split, getattr(split, part)) for split in (task.train, task.test))
        often = y.bincount()[y] > 1
        found[name] = [
            probe(h[often][:6000], y[often][:6000], h_test, y_test)
            for h, h_test in zip(known, tried, strict=True)
        ]
    return found


@cache
def _task(limit: int | None) -> Task:
    return load_frames(limit)


def trial(
    checkpoint: Path,
    progress: bool,
    device: Device,
    name: str,
    lr: float,
    seed: int,
    epochs: int,
    limit: int | None,
) -> dict[str, Any]:
    """Train one network and score it on the test chorales; of a stack, what each level knows."""
    task = _task(limit)
    model = network(task, name, seed)
    figures: dict[str, Any] = {}
    is_stack = isinstance(model.rnn.cell, Stack)
    if is_stack:
        figures |= {f"untrained {k}": v for k, v in probes_by_level(model, task).items()}
    history = train(
        model, task, epochs, seed, lr=lr, device=device, checkpoint=checkpoint, progress=progress
    )
    if is_stack:
        figures |= probes_by_level(model, task)
    return {
        **scores(model, task, task.test, device),
        "valid": history.valid_loss,
        "best_epoch": history.best_epoch,
        "by_key": by_key(task.train, task.test),
        "by_frame_before": by_frame_before(task.train, task.test),
        "parameters": n_parameters(model),
        "n_hidden": model.rnn.n_hidden,
        **figures,
    }


_REHEARSAL = {"name": "stack of 2", "lr": 8e-3, "seed": 0, "epochs": 2, "limit": 40}

EXPERIMENT = Experiment(
    name="deep",
    about="The next frame of a chorale, in nats: depth in each block, and stacks, at equal size.",
    statements=("S7.2", "S7.3", "S7.4"),
    settings=(
        *(
            {"name": name, "lr": lr, "seed": seed, "epochs": 30, "limit": None}
            for name in CELLS
            for lr in RATES
            for seed in range(5)
        ),
        _REHEARSAL,
    ),
    trial=trial,
    small=(_REHEARSAL,),
    tolerance={
        "nll": 0.3,
        "valid": 0.3,
        "by_key": 1e-3,
        "by_frame_before": 1e-3,
        "now": 0.1,
        "next": 0.1,
    },
    packages=("music21",),
    network=network,
    train=train,
    scores=scores,
)

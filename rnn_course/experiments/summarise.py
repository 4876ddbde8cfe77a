"""S1.2, S1.3: the padding bug, trained with as well as read with; and gates, on the names."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from rnn_course.cells import Cell, ElmanCell, GRUCell
from rnn_course.devices import Device
from rnn_course.experiments.base import Experiment
from rnn_course.networks.sizes import n_parameters, widest
from rnn_course.networks.summarise import Summariser
from rnn_course.tasks.base import Batch, Split, Task
from rnn_course.tasks.names import load_names
from rnn_course.training.fit import fit

# Sizes and rates were chosen on validation names, the rate for each cell by itself.
N_EMBED, N_HIDDEN, BATCH_SIZE = 64, 96, 128
CELLS: dict[str, type[Cell]] = {"tanh": ElmanCell, "GRU": GRUCell}
LR = {"tanh": 8e-3, "GRU": 1.6e-2}
ENDS = ("own", "padded")
"""Where the summary is taken in training: at each name's own end, or where its batch ends."""
BATCHES = ("like lengths", "random")


@dataclass(frozen=True)
class AtRandom:
    """A split whose batches hold names of any lengths, as most programs draw them."""

    split: Split

    def __len__(self) -> int:
        return len(self.split)

    def batches(self, batch_size: int, generator: torch.Generator | None = None) -> Iterator[Batch]:
        """Once over all names: in random order with a generator, without one as they stand."""
        order = (
            torch.arange(len(self))
            if generator is None
            else torch.randperm(len(self), generator=generator)
        )
        for rows in order.split(batch_size):
            x, y, lengths = self.split.x[rows], self.split.y[rows], self.split.lengths[rows]
            yield Batch(x[:, : int(lengths.max())], y, lengths)


def network(task: Task, cell: str, seed: int) -> Summariser:
    """The summariser of chapter 1, or one of GRU cells with no more parameters than it has."""

    def make(n_hidden: int, kind: str = cell) -> Summariser:
        return Summariser(
            len(task.symbols), N_EMBED, CELLS[kind](N_EMBED, n_hidden), len(task.labels)
        )

    n_hidden = widest(make, n_parameters(make(N_HIDDEN, "tanh"))).rnn.n_hidden
    torch.manual_seed(seed)
    return make(n_hidden)


def output(model: Summariser, batch: Batch, end: str) -> Tensor:
    """o (B, n_out) from the summary taken at one of the `ENDS`."""
    if end == "own":
        return model(batch.x, batch.lengths)
    h, _ = model.rnn(model.embed(batch.x))
    return model.V(h[:, -1])


@torch.no_grad()
def accuracy(model: Summariser, split: Split | AtRandom, end: str, batch_size: int) -> float:
    """The share of names that get the right language; the summaries are taken at one of `ENDS`."""
    hits = sum(
        int((output(model, batch, end).argmax(1) == batch.y).sum())
        for batch in split.batches(batch_size)
    )
    return hits / len(split)


@cache
def _task() -> Task:
    return load_names()


def _trial(
    checkpoint: Path,
    progress: bool,
    device: Device,
    cell: str,
    end: str,
    batches: str,
    epochs: int,
    seed: int,
) -> dict[str, Any]:
    task, model = _task(), network(_task(), cell, seed)
    drawn = {"like lengths": lambda split: split, "random": AtRandom}[batches]
    fit(
        model,
        lambda model, batch: F.cross_entropy(output(model, batch, end), batch.y),
        drawn(task.train),
        epochs=epochs,
        batch_size=BATCH_SIZE,
        lr=LR[cell],
        seed=seed,
        checkpoint=checkpoint,
        progress=progress,
        device=device,
    )
    model.eval()
    return {
        **{
            side: accuracy(model, getattr(task, side), "own", 1000)
            for side in ("train", "valid", "test")
        },
        "as_trained": accuracy(model, drawn(task.test), end, BATCH_SIZE),
        "one_rectangle": accuracy(model, task.test, "padded", len(task.test)),
        "parameters": n_parameters(model),
        "n_hidden": model.rnn.n_hidden,
    }


_USUAL = {"cell": "tanh", "end": "own", "batches": "like lengths", "epochs": 6}
_REHEARSAL = {**_USUAL, "epochs": 1, "seed": 0}

EXPERIMENT = Experiment(
    name="summarise",
    about="The language of a name: the padding bug in training, in batches of like lengths and in "
    "random ones, and a GRU of the same size.",
    statements=("S1.2", "S1.3"),
    settings=(
        *(
            {**_USUAL, "end": end, "batches": batches, "seed": seed}
            for batches in BATCHES
            for end in ENDS
            for seed in range(5)
        ),
        *({**_USUAL, "cell": "GRU", "seed": seed} for seed in range(5)),
        _REHEARSAL,
    ),
    trial=_trial,
    small=(_REHEARSAL,),
    tolerance={"train": 0.03, "valid": 0.03, "test": 0.03},
    packages=("Babel",),
)

"""Chapter 1, S1.2 and S1.3: the padding bug, in training as well as in use; and gates."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
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
from rnn_course.training.fit import History, fit

# Sizes and rates were chosen on validation names, the rate separately for each cell.
N_EMBED, N_HIDDEN, BATCH_SIZE = 64, 96, 128
CELLS: dict[str, type[Cell]] = {"tanh": ElmanCell, "GRU": GRUCell}
LR = {"tanh": 8e-3, "GRU": 1.6e-2}
ENDS = ("own", "padded")
"""Where the summary is taken in training: at each name's own end, or at the end of its batch."""


@dataclass(frozen=True)
class AtRandom:
    """A split whose batches mix names of all lengths, as in most programs."""

    split: Split

    def __len__(self) -> int:
        return len(self.split)

    def batches(self, batch_size: int, generator: torch.Generator | None = None) -> Iterator[Batch]:
        """Go once over all names: in random order with a generator, else in their own order."""
        order = (
            torch.arange(len(self))
            if generator is None
            else torch.randperm(len(self), generator=generator)
        )
        assert self.split.lengths is not None
        for rows in order.split(batch_size):
            x, y, lengths = self.split.x[rows], self.split.y[rows], self.split.lengths[rows]
            yield Batch(x[:, : int(lengths.max())], y, lengths)


BATCHES: Mapping[str, Callable[[Split], Split | AtRandom]] = {
    "like lengths": lambda split: split,
    "random": AtRandom,
}
"""How batches are drawn."""


def network(task: Task, cell: str, seed: int) -> Summariser:
    """The summariser of chapter 1, or one with a GRU cell and no more parameters."""

    def make(n_hidden: int, kind: str = cell) -> Summariser:
        return Summariser(
            len(task.symbols), N_EMBED, CELLS[kind](N_EMBED, n_hidden), len(task.labels)
        )

    n_hidden = widest(make, n_parameters(make(N_HIDDEN, "tanh"))).rnn.n_hidden
    torch.manual_seed(seed)
    return make(n_hidden)


def output(model: Summariser, batch: Batch, end: str) -> Tensor:
    """o (B, n_out) from the summary taken at one of `ENDS`."""
    if end == "own":
        return model(batch.x, batch.lengths)
    h, _ = model.rnn(model.embed(batch.x))
    return model.V(h[:, -1])


@torch.no_grad()
def accuracy(model: Summariser, split: Split | AtRandom, end: str, batch_size: int) -> float:
    """Accuracy over the names, with the summaries taken at one of `ENDS`."""
    hits = sum(
        int((output(model, batch, end).argmax(1) == batch.y).sum())
        for batch in split.batches(batch_size)
    )
    return hits / len(split)


def train(
    model: Summariser,
    task: Task,
    epochs: int,
    seed: int,
    *,
    end: str = "own",
    batches: str = "like lengths",
    **options: Any,
) -> History:
    """`fit` with this experiment's settings; summaries and batches as in `ENDS` and `BATCHES`."""
    [cell] = [name for name, kind in CELLS.items() if type(model.rnn.cell) is kind]
    return fit(
        model,
        lambda model, batch: F.cross_entropy(output(model, batch, end), batch.y),
        BATCHES[batches](task.train),
        epochs=epochs,
        batch_size=BATCH_SIZE,
        lr=LR[cell],
        seed=seed,
        **options,
    )


def scores(model: Summariser, task: Task, split: Split) -> dict[str, float]:
    """Accuracy over the names, each read to its own end."""
    return {"accuracy": accuracy(model, split, "own", 1000)}


@cache
def _task() -> Task:
    return load_names()


def trial(
    checkpoint: Path,
    progress: bool,
    device: Device,
    cell: str,
    end: str,
    batches: str,
    epochs: int,
    seed: int,
) -> dict[str, Any]:
    """Train one network; its accuracy on each side, and with the summaries taken as in training."""
    task, model = _task(), network(_task(), cell, seed)
    train(
        model,
        task,
        epochs,
        seed,
        end=end,
        batches=batches,
        checkpoint=checkpoint,
        progress=progress,
        device=device,
    )
    model.eval()
    return {
        **{
            side: scores(model, task, getattr(task, side))["accuracy"]
            for side in ("train", "valid", "test")
        },
        "as_trained": accuracy(model, BATCHES[batches](task.test), end, BATCH_SIZE),
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
    trial=trial,
    small=(_REHEARSAL,),
    tolerance={"train": 0.03, "valid": 0.03, "test": 0.03},
    packages=("Babel",),
    network=network,
    train=train,
    scores=scores,
)

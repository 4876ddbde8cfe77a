"""How chapters 10, 11 and 14 train: until a network is done, or its budget of updates is spent.

Networks of equal size on the tasks of `challenges`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from rnn_course.cells import Cell, ElmanCell, GRUCell, LSTMCell
from rnn_course.devices import Device, device_for, lent
from rnn_course.experiments.challenges import CHALLENGES, FURTHER, PARITY, SIZES, Anew, task_of
from rnn_course.networks.gates import without
from rnn_course.networks.initial import chrono
from rnn_course.networks.likelihood import log_likelihood
from rnn_course.networks.linear import LRU, MinGRU, S4DLin, SignedMinGRU, layers
from rnn_course.networks.reader import Reader
from rnn_course.networks.remedies import LeakyCell, ReLUCell, SkipCell
from rnn_course.networks.sizes import n_parameters, widest
from rnn_course.networks.summarise import Summariser
from rnn_course.tasks.base import Batch, Split
from rnn_course.tasks.parity import make_parity
from rnn_course.training.fit import History, evaluate, fit

BATCH_SIZE, UPDATES = 50, 100
"""An epoch is so many updates, after which the error on the validation examples is taken."""

SOLVED = 0.05
"""A run ends when its validation error is this share of the line."""

LEARNT = 0.9
"""A network is off the line once its error is under this share of it."""


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


LINEAR: Mapping[str, Callable[[int, int, int], Cell]] = {
    "minGRU": lambda steps, n_in, H: layers(partial(MinGRU, longest=steps), n_in, H, depth=2),
    "signed minGRU": lambda steps, n_in, H: layers(
        partial(SignedMinGRU, longest=steps), n_in, H, depth=2
    ),
    "LRU": lambda steps, n_in, H: layers(
        lambda n_in, H: LRU(n_in, 2 * H, r_max=1 - 1 / steps), n_in, H, depth=2
    ),
    "S4D-Lin": lambda steps, n_in, H: layers(partial(S4DLin, longest=steps), n_in, H, depth=2),
}
"""The linear recurrences of chapter 14, in two layers."""

COMPARED = ("tanh, orthogonal", "LSTM, biases for long gaps", "GRU, biases for long gaps")
"""The networks beside which they stand."""

EVERY = {**CELLS, **REMOVED, **LINEAR}


def network(task: str, name: str, seed: int) -> nn.Module:
    """The network with a cell of `EVERY`, as wide as the task's parameters allow."""
    data, given = task_of(task), CHALLENGES[task]
    cell = EVERY[name]

    def make(n_hidden: int) -> nn.Module:
        torch.manual_seed(seed)
        if task == "sentences":
            n_embed = 32
            made = cell(given.steps, n_embed, n_hidden)
            return Summariser(len(data.symbols), n_embed, made, len(data.labels))
        n_in, n_out = SIZES[task]
        return Reader(cell(given.steps, n_in, n_hidden), n_out)

    return widest(make, given.parameters)


def errors(model: Any, batch: Batch) -> Tensor:
    """(B,): the squared error of each sum, the nats per step of each copy, or of each answer."""
    if isinstance(model, Summariser):
        return nn.functional.cross_entropy(model(batch.x, batch.lengths), batch.y, reduction="none")
    o = model(batch.x, batch.lengths)
    if batch.y.is_floating_point():
        return (o[:, -1] - batch.y).square().squeeze(1)  # o stays the same past each end
    if batch.y.dim() == 1:
        return nn.functional.cross_entropy(o[:, -1], batch.y, reduction="none")
    steps = batch.y.shape[1] if batch.y_lengths is None else batch.y_lengths
    return -log_likelihood(o, batch.y, batch.y_lengths) / steps


def train(
    model: nn.Module, task: str, epochs: int, seed: int, *, lr: float, **options: Any
) -> History:
    """`fit` at a constant rate, clipped at 1, until the task is solved or the epochs are over."""
    given = CHALLENGES[task]
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


def scores(model: nn.Module, task: Any, split: Split, device: Device = None) -> dict[str, Any]:
    """The mean of `errors`, whatever the task; of parity also the accuracy on long sequences."""
    found: dict[str, Any] = {"error": evaluate(model, split, errors, device=device)}
    if task == "parity":
        found["accuracy"] = further(model, device)
    if task == "digits":
        found["accuracy"] = evaluate(
            model,
            split,
            lambda model, b: (model(b.x)[:, -1].argmax(1) == b.y).float(),
            device=device,
        )
    return found


@torch.no_grad()
def further(model: nn.Module, device: Device = None) -> list[float]:
    """Of 100 sequences, the accuracy at steps 1 … 40, as in training, … 400 and … 4000."""
    device = device_for(model, device)
    batch = next(make_parity(FURTHER, 1, n_test=100).test.batches(100)).to(device)
    with lent(model.eval(), device):
        right = (model(batch.x).argmax(2) == batch.y).float().cpu()
    ends = [0, PARITY, 10 * PARITY, FURTHER]
    return [right[:, i:j].mean().item() for i, j in pairwise(ends)]


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

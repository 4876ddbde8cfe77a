"""Chapter 12: the next character of a tune, by networks that hand their state on."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import torch

from rnn_course.cells import Cell, ElmanCell, GRUCell, LSTMCell
from rnn_course.devices import Device
from rnn_course.experiments.base import FOLDER, Experiment
from rnn_course.networks.language_model import CarriedOver, LanguageModel, whole_nll
from rnn_course.networks.layer_norm import LayerNormCell, LayerNormGRUCell
from rnn_course.networks.sizes import n_parameters
from rnn_course.tasks.base import Split
from rnn_course.tasks.tunes.streams import Streams, pieces
from rnn_course.tasks.tunes.task import Tunes, load_tunes
from rnn_course.training.checkpoints import load_half, save_weights
from rnn_course.training.fit import History, evaluate, fit

CELLS: Mapping[str, Callable[[int, int], Cell]] = {
    "tanh": ElmanCell,
    "LSTM": LSTMCell,
    "GRU": GRUCell,
    "tanh, layer norm": LayerNormCell,
    "GRU, layer norm": LayerNormGRUCell,
}
N_EMBED = 32
SYMBOLS_PER_UPDATE, STEPS = 2048, 64
"""What a window has room for in all streams together, and in one: usually there are 32 streams."""


def network(
    task: Tunes, name: str, seed: int, n_hidden: int = 128, dropout: float = 0.0
) -> LanguageModel:
    """A language model with one of `CELLS`."""
    torch.manual_seed(seed)
    return LanguageModel(len(task.symbols), CELLS[name](N_EMBED, n_hidden), dropout)


def train(
    model: LanguageModel,
    task: Tunes,
    epochs: int,
    seed: int,
    *,
    lr: float,
    reach: int = STEPS,
    handed_on: bool = True,
    **options: Any,
) -> History:
    """`fit` by truncated back-propagation, and the weights of the epoch best on validation.

    The gradient reaches back `reach` steps. Windows are longer than usual if it is farther, and
    then there are fewer streams, so that an update sees as many symbols.
    """
    steps = max(STEPS, reach)
    rows = SYMBOLS_PER_UPDATE // steps
    return fit(
        model,
        CarriedOver(reach, handed_on),
        Streams(task.train, rows, steps),
        task.valid if handed_on else pieces(task.valid, reach)[0],
        epochs=epochs,
        batch_size=rows,
        lr=lr,
        seed=seed,
        patience=epochs,
        **options,
    )


def scores(
    model: LanguageModel, task: Tunes, split: Split, device: Device = None
) -> dict[str, float]:
    """The bits per character, each tune from the initial state on, its end included."""
    nats = evaluate(model, split, whole_nll, batch_size=64, device=device)
    return {"bits": nats / float(split.steps.double().mean()) / math.log(2)}


@cache
def _task(limit: int | None) -> Tunes:
    return load_tunes(limit)


def trained() -> tuple[LanguageModel, Tunes]:
    """The committed network, in eval mode, and its task."""
    task = _task(None)
    model = network(task, "GRU", 0, n_hidden=WIDE["n_hidden"])
    return load_half(model, FOLDER / "language_model.safetensors"), task


def trial(
    checkpoint: Path,
    progress: bool,
    device: Device,
    *,
    cell: str,
    n_hidden: int,
    dropout: float,
    lr: float,
    reach: int,
    handed_on: bool,
    epochs: int,
    limit: int | None,
    seed: int,
) -> dict[str, Any]:
    """Train one network, and score it on the test tunes."""
    task = _task(limit)
    model = network(task, cell, seed, n_hidden, dropout)
    history = train(
        model,
        task,
        epochs,
        seed,
        lr=lr,
        reach=reach,
        handed_on=handed_on,
        device=device,
        checkpoint=checkpoint,
        progress=progress,
    )
    some = slice(None, None, len(task.train) // len(task.test) or 1)  # training tunes, as many
    x, y, tau = (part[some] for part in (task.train.x, task.train.y, task.train.steps))
    figures = {
        **scores(model, task, task.test, device),
        "valid_bits": scores(model, task, task.valid, device)["bits"],
        "train_bits": scores(model, task, Split(x, y, tau, tau), device)["bits"],
        "curve": [nats / math.log(2) for nats in history.valid_loss],
        "best_epoch": history.best_epoch,
        "updates": len(history.loss),
        "parameters": n_parameters(model),
        "train_seconds": history.seconds,
    }
    if not handed_on:  # as it was trained
        figures["piece_bits"] = scores(model, task, pieces(task.test, reach)[0], device)["bits"]
    wide = {"n_hidden": n_hidden, "dropout": dropout, "lr": lr, "epochs": epochs}
    if wide == WIDE and seed == 0:  # for the chapter, in half precision
        save_weights(model.half(), checkpoint.with_suffix(".weights"))
    return figures


RATES = {
    "tanh": 8e-3,
    "LSTM": 16e-3,
    "GRU": 16e-3,
    "tanh, layer norm": 16e-3,
    "GRU, layer norm": 32e-3,
}
"""The rate of each cell: of those in `GRID`, the best on validation with seed 0."""
GRID = (2e-3, 4e-3, 8e-3, 16e-3, 32e-3)
NORMED_GRID = (8e-3, 16e-3, 32e-3, 64e-3)  # layer norm bears high rates: one beyond the grid
EPOCHS, SHORT_EPOCHS = 12, 6
REACHES = (1, 4, 16, 64, 256)
WIDE: dict[str, Any] = {"n_hidden": 256, "dropout": 0.2, "lr": 8e-3, "epochs": 20}
"""The long run, whose dropout is the best of `DROPOUTS` on validation with seed 0."""
DROPOUTS = (0.0, 0.2, 0.4)
DROPOUT = 0.2  # of the networks with 128 units, in the comparison with layer norm


def _setting(cell: str, seed: int, **different: Any) -> dict[str, Any]:
    usual = {"n_hidden": 128, "dropout": 0.0, "lr": RATES[cell], "reach": STEPS, "handed_on": True}
    return {"cell": cell, **usual, "epochs": EPOCHS, "limit": None, **different, "seed": seed}


_WIDE = [_setting("GRU", seed, **WIDE) for seed in range(5)]
_REHEARSAL = _setting("GRU", 0, n_hidden=16, lr=16e-3, epochs=6, limit=300)
_SETTINGS = [
    *(_setting(cell, 0, lr=lr) for cell in ("GRU", "LSTM", "tanh") for lr in GRID),
    *(_setting("GRU", 0, **{**WIDE, "dropout": dropout}) for dropout in DROPOUTS),
    *(_setting(cell, seed) for cell in ("GRU", "LSTM", "tanh") for seed in range(5)),
    *(
        _setting("GRU", seed, reach=reach, handed_on=handed_on, lr=8e-3, epochs=SHORT_EPOCHS)
        for reach in REACHES
        for handed_on in (True, False)
        for seed in range(3)
    ),
    *_WIDE,
    *(_setting("tanh, layer norm", 0, lr=lr) for lr in NORMED_GRID),
    *(_setting("GRU, layer norm", 0, lr=lr) for lr in NORMED_GRID),
    *(_setting(cell, seed, dropout=DROPOUT) for cell in ("GRU", "tanh") for seed in range(5)),
    *(
        _setting(f"{cell}, layer norm", seed, dropout=dropout)
        for cell in ("tanh", "GRU")
        for dropout in (0.0, DROPOUT)
        for seed in range(5)
    ),
    _REHEARSAL,
]

EXPERIMENT = Experiment(
    name="language_model",
    about="Bits per character of Irish tunes: cells, truncation, dropout and layer norm.",
    statements=("G6", "G7"),
    settings=tuple({str(setting): setting for setting in _SETTINGS}.values()),  # each once
    trial=trial,
    small=(_REHEARSAL,),
    tolerance={"bits": 0.05, "curve": 0.05},
    packages=("music21",),
    kept=_WIDE[0],
    network=network,
    train=train,
    scores=scores,
)

"""Chapter 13: the next character of a tune, by a recurrence and by attention, at equal size.

The transformer has its positions turned into its queries and keys ("rotary"), or added to what it
reads.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import torch

from rnn_course.devices import Device
from rnn_course.experiments import language_model
from rnn_course.experiments.base import Experiment
from rnn_course.experiments.language_model import scores, train
from rnn_course.networks.language_model import LanguageModel
from rnn_course.networks.self_attention import POSITIONS
from rnn_course.networks.sizes import n_parameters
from rnn_course.networks.transformer import Transformer
from rnn_course.tasks.tunes.task import Tunes

GRU_HIDDEN = language_model.WIDE["n_hidden"]
HEADS, BLOCKS, WINDOW = 4, 2, 256
MODELS = ("GRU", "transformer")


def network(
    task: Tunes, model: str, seed: int, n_hidden: int, dropout: float, positions: str | None
) -> LanguageModel:
    """One of `MODELS`. Of a transformer, `dropout` is in its blocks as well.

    Positions are those of a `Transformer`; a GRU has none.
    """
    if model == "GRU":
        return language_model.network(task, "GRU", seed, n_hidden, dropout)
    assert positions is not None
    torch.manual_seed(seed)
    blocks = Transformer(n_hidden, HEADS, BLOCKS, WINDOW, dropout, positions)
    return LanguageModel(len(task.symbols), blocks, dropout)


def trial(
    checkpoint: Path,
    progress: bool,
    device: Device,
    *,
    model: str,
    positions: str | None,
    n_hidden: int,
    dropout: float,
    lr: float,
    warm_up: int,
    epochs: int,
    limit: int | None,
    seed: int,
) -> dict[str, Any]:
    """Train one network by windows of 64 symbols, its state handed on, and score the test tunes.

    The gradient ends at the window's beginning; what the transformer looks at reaches back
    `WINDOW` symbols, as the GRU's state reaches back without an end.
    """
    task = language_model._task(limit)
    net = network(task, model, seed, n_hidden, dropout, positions)
    history = train(
        net,
        task,
        epochs,
        seed,
        lr=lr,
        warm_up=warm_up,
        device=device,
        checkpoint=checkpoint,
        progress=progress,
    )
    return {
        **scores(net, task, task.test, device),
        "valid_bits": scores(net, task, task.valid, device)["bits"],
        "curve": [nats / math.log(2) for nats in history.valid_loss],
        "best_epoch": history.best_epoch,
        "updates": len(history.loss),
        "parameters": n_parameters(net),
        "train_seconds": history.seconds,
    }


# the widest transformer that four heads allow and that is no larger than chapter 12's GRU
WIDTH = 96
RATES = {"rotary": (1e-3, 2e-3, 4e-3, 8e-3), "added": (5e-4, 1e-3, 2e-3, 4e-3, 8e-3)}
DROPOUTS, WARM_UP = (0.0, 0.1, 0.2), 250
BEST = {"rotary": {"lr": 4e-3, "dropout": 0.0}, "added": {"lr": 1e-3, "dropout": 0.0}}
"""What was best on validation with seed 0, in `EQUAL_TIME`: first the rate, then the dropout."""
EPOCHS, EQUAL_TIME = 20, 11
"""Of the GRU; of a transformer in about as many seconds."""


def _gru(seed: int, **different: Any) -> dict[str, Any]:
    usual = {"n_hidden": GRU_HIDDEN, "dropout": 0.2, "lr": 8e-3, "warm_up": 0, "epochs": EPOCHS}
    setting = {"model": "GRU", "positions": None, **usual, "limit": None}
    return {**setting, **different, "seed": seed}


def _transformer(positions: str, seed: int, **different: Any) -> dict[str, Any]:
    usual = {"n_hidden": WIDTH, **BEST[positions], "warm_up": WARM_UP, "epochs": EQUAL_TIME}
    setting = {"model": "transformer", "positions": positions, **usual, "limit": None}
    return {**setting, **different, "seed": seed}


_REHEARSAL = [
    _transformer("rotary", 0, n_hidden=16, dropout=0.1, lr=4e-3, warm_up=10, epochs=4, limit=300),
    _gru(0, n_hidden=16, lr=16e-3, epochs=4, limit=300),
]
_SETTINGS = [
    *_REHEARSAL,
    _gru(0),  # for its seconds: its five seeds are in `language_model`
    *(
        setting
        for positions in POSITIONS
        for setting in (
            *(_transformer(positions, 0, lr=lr, dropout=0.1) for lr in RATES[positions]),
            *(_transformer(positions, 0, dropout=dropout) for dropout in DROPOUTS),
            *(_transformer(positions, seed) for seed in range(5)),
        )
    ),
    *(_transformer("rotary", seed, epochs=EPOCHS) for seed in range(5)),
]

EXPERIMENT = Experiment(
    name="transformer",
    about="Bits per character of Irish tunes: a GRU, and a transformer in as many seconds.",
    statements=(),
    settings=tuple({str(setting): setting for setting in _SETTINGS}.values()),  # each once
    trial=trial,
    small=tuple(_REHEARSAL),
    tolerance={"bits": 0.05, "curve": 0.05},
    packages=("music21",),
    network=network,
    train=train,
    scores=scores,
)

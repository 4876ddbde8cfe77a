"""The bass under Bach's melodies: all chorales, the three networks, five seeds (S3.1, S3.3)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from rnn_course import padding
from rnn_course.devices import Device
from rnn_course.experiments.base import Experiment
from rnn_course.measures.note_ngrams import note_ngram
from rnn_course.networks.dashed_edges import EDGES, Tagger, tagging_loss, three_networks
from rnn_course.networks.likelihood import mean_nll
from rnn_course.tasks.base import Split, Task
from rnn_course.tasks.chorales.task import FIRST_NOTE, Crops, load_chorales
from rnn_course.training.fit import fit

WIDEST = 12  # semitones: an octave
CONTEXTS = {
    "unigram": (),
    "x_t, x_{t-1}": ("x_t", "x_{t-1}"),
    "y_{t-1}, x_t, x_{t-1}": ("y_{t-1}", "x_t", "x_{t-1}"),
}
"""The n-grams of notes that the networks stand beside, by name."""


def ngrams(task: Task) -> list[float]:
    """Nats a note on the test chorales; only the unigram, which would lose by it, hears one key."""
    return [
        note_ngram(task, context, semitones=5 if context else 0).nll(task.test)
        for context in CONTEXTS.values()
    ]


@torch.no_grad()
def forced_nll(model: Tagger, split: Split) -> float:
    """-log P(y^(t) | x, the true y before), the mean over all notes, in nats a note."""
    o = model.eval()(split.x, split.y, split.lengths)
    return float(mean_nll(o, split.y, split.lengths))


@torch.no_grad()
def free_running(model: Tagger, split: Split, seed: int, times: int = 4) -> tuple[float, Tensor]:
    """The same where the y before are the network's own samples: nats a note, and the samples.

        mean over t of -log P(y^(t) | x, ỹ^(1), …, ỹ^(t-1)),    ỹ written by the network itself

    Each melody is gone through `times` times: samples (times N, T).
    """
    generator = torch.Generator().manual_seed(seed)
    x, y, lengths = (
        part.repeat(times, *[1] * (part.dim() - 1)) for part in (split.x, split.y, split.lengths)
    )
    written = model.eval().write(x, generator).y
    return float(mean_nll(model(x, written, lengths), y, lengths)), written


def bass_steps(y: Tensor, lengths: Tensor) -> Tensor:
    """How often the bass goes by -12 … 12 semitones to the next note, as shares: (25,).

    Steps from or to a rest and those of more than an octave are left out; 0 is a repeated note.
    """
    lengths = lengths.repeat(len(y) // len(lengths))
    inside = padding.inside(lengths, y.shape[1])[:, 1:]
    inside &= (y[:, 1:] >= FIRST_NOTE) & (y[:, :-1] >= FIRST_NOTE)
    step = (y[:, 1:] - y[:, :-1])[inside]
    counts = torch.bincount(step[step.abs() <= WIDEST] + WIDEST, minlength=2 * WIDEST + 1)
    return counts / counts.sum()


def total_variation(p: Tensor, q: Tensor) -> float:
    """Half the summed absolute differences: by how much the probability of an event can differ."""
    return float((p - q).abs().sum() / 2)


def trial(
    checkpoint: Path, progress: bool, device: Device, edges: str, epochs: int, seed: int
) -> dict[str, Any]:
    """Train one network, keep its best epoch on the validation chorales, and try it on the test."""
    task = load_chorales(progress=progress)
    k = len(task.symbols)
    model = three_networks(k, k, n_embed=32, n_hidden=128, seed=seed, dropout=0.2)[edges]
    history = fit(
        model,
        tagging_loss,
        Crops(task.train, per_example=4),
        task.valid,
        epochs=epochs,
        batch_size=32,
        lr=8e-3,
        patience=epochs,
        seed=seed,
        device=device,
        checkpoint=checkpoint,
        progress=progress,
    )
    free, written = free_running(model, task.test, seed)
    steps, real = (bass_steps(y, task.test.lengths) for y in (written, task.test.y))
    return {
        "forced": forced_nll(model, task.test),
        "free": free,
        "total_variation": total_variation(steps, real),
        "repeated": float(steps[WIDEST]),
        "ngrams": ngrams(task),
        "valid": history.valid_loss,
    }


EXPERIMENT = Experiment(
    name="chorales",
    about="The bass of a chorale from its soprano: three networks with equally many parameters.",
    statements=("S3.1", "S3.2", "S3.3"),
    settings=(
        *({"edges": "both", "epochs": 1, "seed": seed} for seed in range(2)),
        *({"edges": edges, "epochs": 30, "seed": seed} for edges in EDGES for seed in range(5)),
    ),
    trial=trial,
    small=({"edges": "both", "epochs": 1, "seed": 0}, {"edges": "both", "epochs": 1, "seed": 1}),
    tolerance={
        "forced": 0.05,
        "free": 0.08,
        "total_variation": 0.05,
        "repeated": 0.05,
        "ngrams": 1e-3,
    },
    packages=("music21",),
)

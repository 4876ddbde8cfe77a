"""Chapter 3, S3.1 to S3.3: the bass under Bach's melodies, by three networks, on all chorales."""

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
from rnn_course.training.fit import History, fit

WIDEST = 12  # semitones: an octave
CONTEXTS = {
    "unigram": (),
    "x_t, x_{t-1}": ("x_t", "x_{t-1}"),
    "y_{t-1}, x_t, x_{t-1}": ("y_{t-1}", "x_t", "x_{t-1}"),
}
"""The n-grams of notes with which the networks are compared, by name."""


def ngrams(task: Task) -> list[float]:
    """Nats per note on the test chorales; all but the unigram, which would lose, are transposed."""
    return [
        note_ngram(task, context, semitones=5 if context else 0).nll(task.test)
        for context in CONTEXTS.values()
    ]


@torch.no_grad()
def forced_nll(model: Tagger, split: Split) -> float:
    """-log P(y^(t) | x, the true y before t), the mean over all notes, in nats."""
    o = model.eval()(split.x, split.y, split.lengths)
    return float(mean_nll(o, split.y, split.lengths))


@torch.no_grad()
def free_running(model: Tagger, split: Split, seed: int, times: int = 4) -> tuple[float, Tensor]:
    """The same given the network's own samples before t: nats per note, and the samples.

        mean over t of -log P(y^(t) | x, ỹ^(1), …, ỹ^(t-1)),    ỹ sampled from the network

    Each melody is used `times` times: the samples are (times · N, T).
    """
    assert split.lengths is not None
    generator = torch.Generator().manual_seed(seed)
    x, y, lengths = (
        part.repeat(times, *[1] * (part.dim() - 1)) for part in (split.x, split.y, split.lengths)
    )
    written = model.eval().write(x, generator=generator).y
    return float(mean_nll(model(x, written, lengths), y, lengths)), written


def bass_steps(y: Tensor, lengths: Tensor) -> Tensor:
    """The distribution of the bass's steps to the next note, -12 … 12 semitones: (25,).

    Steps from or to a rest or of more than an octave are left out; 0 is a repeated note.
    """
    lengths = lengths.repeat(len(y) // len(lengths))
    inside = padding.inside(lengths, y.shape[1])[:, 1:]
    inside &= (y[:, 1:] >= FIRST_NOTE) & (y[:, :-1] >= FIRST_NOTE)
    step = (y[:, 1:] - y[:, :-1])[inside]
    counts = torch.bincount(step[step.abs() <= WIDEST] + WIDEST, minlength=2 * WIDEST + 1)
    return counts / counts.sum()


def total_variation(p: Tensor, q: Tensor) -> float:
    """Half the sum of absolute differences: the most an event's probability can differ."""
    return float((p - q).abs().sum() / 2)


def network(task: Task, edges: str, seed: int) -> Tagger:
    """One of the three networks of `EDGES`, which have about as many parameters."""
    k = len(task.symbols)
    return three_networks(k, k, n_embed=32, n_hidden=128, seed=seed, dropout=0.2)[edges]


def train(model: Tagger, task: Task, epochs: int, seed: int, **options: Any) -> History:
    """`fit` with this experiment's settings; the best epoch on the validation chorales is kept."""
    return fit(
        model,
        tagging_loss,
        Crops(task.train, per_example=4),
        task.valid,
        epochs=epochs,
        batch_size=32,
        lr=8e-3,
        patience=epochs,
        seed=seed,
        **options,
    )


def scores(model: Tagger, task: Task, split: Split, seed: int = 0) -> dict[str, float]:
    """Nats per note, forced and free running; of the samples, the steps of the bass."""
    assert split.lengths is not None
    free, written = free_running(model, split, seed)
    steps, real = (bass_steps(y, split.lengths) for y in (written, split.y))
    return {
        "forced": forced_nll(model, split),
        "free": free,
        "total_variation": total_variation(steps, real),
        "repeated": float(steps[WIDEST]),
    }


def trial(
    checkpoint: Path, progress: bool, device: Device, edges: str, epochs: int, seed: int
) -> dict[str, Any]:
    """Train one network and score it on the test chorales, together with the n-grams."""
    task = load_chorales(progress=progress)
    model = network(task, edges, seed)
    history = train(
        model, task, epochs, seed, device=device, checkpoint=checkpoint, progress=progress
    )
    return {
        **scores(model, task, task.test, seed),
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
    network=network,
    train=train,
    scores=scores,
)

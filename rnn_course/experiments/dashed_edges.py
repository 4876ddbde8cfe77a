"""Chapter 3, S3.2 and S3.3: the hidden sign, with more seeds and lengths than the chapter has."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from rnn_course.devices import Device
from rnn_course.experiments.base import Experiment
from rnn_course.networks.dashed_edges import EDGES, Tagger, tagging_loss, three_networks
from rnn_course.networks.likelihood import log_likelihood
from rnn_course.tasks.base import Split, Task
from rnn_course.tasks.coins import Coins, make_coins
from rnn_course.training.fit import History, fit

MIXED, FLIP = True, 0.1
"""The law of the coins: a hidden sign decides y together with x, and one y in ten is flipped."""
N_TRAIN, EPOCHS, BATCH_SIZE = 50_000, 3, 128


@torch.no_grad()
def expected_nll(model: Tagger, law: Coins, x: torch.Tensor) -> float:
    """The model's expected -log P(y | x) when y follows the law, in nats per sequence.

    For each x (B, T) it is a sum over all y; only the choice of x is random.
    """
    x, y, p = law.every(x)
    log_p = [
        log_likelihood(model(*part), part[1])
        for part in zip(x.split(8192), y.split(8192), strict=True)
    ]
    return float(-(p * torch.cat(log_p)).sum() / p.sum())


def network(task: Task, edges: str, seed: int) -> Tagger:
    """One of the three networks of `EDGES`, which have about as many parameters."""
    n_in, n_out = len(task.symbols), len(task.labels)
    return three_networks(n_in, n_out, n_embed=8, n_hidden=44, seed=seed)[edges]


def train(model: Tagger, task: Task, epochs: int, seed: int, **options: Any) -> History:
    """`fit` with this experiment's settings."""
    return fit(
        model,
        tagging_loss,
        task.train,
        epochs=epochs,
        batch_size=BATCH_SIZE,
        lr=5e-3,
        weight_decay=0,
        seed=seed,
        **options,
    )


def scores(model: Tagger, task: Task, split: Split) -> dict[str, float]:
    """The expected loss on 16 of the split's x, and its two bounds."""
    law = Coins(split.x.shape[1], mixed=MIXED, flip=FLIP)
    return {
        "nll": expected_nll(model, law, split.x[:16]),
        "entropy": law.entropy(),
        "entropy_of_each": law.entropy_of_each(),
    }


def trial(
    checkpoint: Path, progress: bool, device: Device, edges: str, steps: int, seed: int
) -> dict[str, float]:
    """Train one of the three networks on the hidden sign and score it."""
    task = make_coins(steps, mixed=MIXED, flip=FLIP, n_train=N_TRAIN, seed=seed)
    model = network(task, edges, seed)
    train(model, task, EPOCHS, seed, device=device, checkpoint=checkpoint, progress=progress)
    return scores(model, task, task.test)


EXPERIMENT = Experiment(
    name="dashed_edges",
    about="A hidden sign decides y together with x: what each of the three networks can reach.",
    statements=("S3.2", "S3.3"),
    settings=tuple(
        {"edges": edges, "steps": steps, "seed": seed}
        for steps in (2, 5, 10)
        for edges in EDGES
        for seed in range(5)
    ),
    trial=trial,
    small=(
        {"edges": "both", "steps": 2, "seed": 0},
        {"edges": "output to hidden", "steps": 2, "seed": 0},
    ),
    tolerance={"nll": 0.03, "entropy": 1e-4, "entropy_of_each": 1e-4},
    network=network,
    train=train,
    scores=scores,
)

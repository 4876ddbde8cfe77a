"""The hidden sign, over more seeds and lengths than the chapter has time for (S3.2, S3.3)."""

from __future__ import annotations

from pathlib import Path

import torch

from rnn_course.devices import Device
from rnn_course.experiments.base import Experiment
from rnn_course.networks.dashed_edges import EDGES, Tagger, tagging_loss, three_networks
from rnn_course.networks.likelihood import log_likelihood
from rnn_course.tasks.coins import Coins, make_coins
from rnn_course.training.fit import fit

LAW = {"mixed": True, "flip": 0.1}


@torch.no_grad()
def expected_nll(model: Tagger, law: Coins, x: torch.Tensor) -> float:
    """The expected -log P(y | x) of the model when y follows the law, in nats a sequence.

    For each x (B, T) a sum over all its y. What is left to chance is which x are given.
    """
    x, y, p = law.every(x)
    log_p = [
        log_likelihood(model(*part), part[1])
        for part in zip(x.split(8192), y.split(8192), strict=True)
    ]
    return float(-(p * torch.cat(log_p)).sum() / p.sum())


def trial(
    checkpoint: Path, progress: bool, device: Device, edges: str, steps: int, seed: int
) -> dict[str, float]:
    """Train one of the three networks on the hidden sign; its expected loss and the two bounds."""
    law = Coins(steps, **LAW)
    task = make_coins(steps, **LAW, n_train=50_000, seed=seed)
    model = three_networks(2, 2, n_embed=8, n_hidden=44, seed=seed)[edges]
    fit(
        model,
        tagging_loss,
        task.train,
        epochs=3,
        batch_size=128,
        lr=5e-3,
        weight_decay=0,
        seed=seed,
        device=device,
        checkpoint=checkpoint,
        progress=progress,
    )
    return {
        "nll": expected_nll(model, law, task.test.x[:16]),
        "entropy": law.entropy(),
        "entropy_of_each": law.entropy_of_each(),
    }


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
)

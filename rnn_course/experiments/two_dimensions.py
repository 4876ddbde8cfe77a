"""One direction against two, three and four, at one size, on three tasks (S5.4)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from sklearn.neighbors import KNeighborsRegressor
from sklearn.svm import SVC
from threadpoolctl import threadpool_limits
from torch import Tensor

from rnn_course.devices import Device
from rnn_course.experiments.base import Experiment
from rnn_course.networks.sizes import n_parameters, widest
from rnn_course.networks.two_dimensions import (
    CORNERS,
    MDRNN,
    GridCell,
    PixelConvolution,
    PixelTagger,
    pixel_loss,
    quadrants,
)
from rnn_course.tasks.base import Split, Task
from rnn_course.tasks.holes import (
    RandomImages,
    best_threshold,
    digit_everywhere,
    f1,
    load_holes,
    nll,
)
from rnn_course.training.fit import fit

DIRECTIONS: dict[str, tuple[str, ...]] = {
    "one": ("top left",),
    "two": ("top left", "bottom right"),
    "three": ("top left", "top right", "bottom left"),
    "four": tuple(CORNERS),
}
"""The corners from which the networks run; two start at corners that face each other."""

CONVOLUTION, LAYERS = "convolution", 4
"""A network without recurrence, and its layers of filters. On the validation side of "holes", seven
layers, which see all of 8 × 8 pixels from each, did no better at this size."""

LAW = RandomImages()
BASELINES = ("nearest neighbours", "support vectors")

SETTINGS: dict[str, Mapping[str, Any]] = {
    "random": {"n_hidden": 12, "epochs": 4, "batch_size": 128, "lr": 0.02, "weight_decay": 0.0},
    "holes": {"n_hidden": 16, "epochs": 20, "batch_size": 64, "lr": 0.02, "weight_decay": 0.0},
    "digits": {"n_hidden": 24, "epochs": 30, "batch_size": 32, "lr": 0.01, "weight_decay": 0.01},
}
"""For each task the hidden units of each of the four networks, and how to train: chosen by the four
directions on the validation side (on random images, where all are scored, by seed 0)."""


def tagger(directions: str, n_hidden: int, n_out: int, seed: int) -> PixelTagger | PixelConvolution:
    """The network with the given directions, of (almost) one size whichever they are.

    Four networks have n_hidden hidden units each; fewer, and the `CONVOLUTION`, have as many as
    they can with no more parameters in all. The weights are drawn from the seed.
    """

    def make(corners: Sequence[str], n: int) -> PixelTagger:
        return PixelTagger(MDRNN({corner: GridCell(1, n) for corner in corners}), n_out)

    budget = n_parameters(make(DIRECTIONS["four"], n_hidden))
    if directions == CONVOLUTION:

        def build(n: int) -> PixelConvolution:
            return PixelConvolution(1, n, n_out, LAYERS)

        n = widest(build, budget).n_hidden
    else:
        build = partial(make, DIRECTIONS[directions])
        n = widest(build, budget).mdrnn.n_hidden // len(DIRECTIONS[directions])
    torch.manual_seed(seed)
    return build(n)


def trained(
    task: str, directions: str, seed: int, train: Split, n_out: int = 2, **changed: Any
) -> PixelTagger | PixelConvolution:
    """That network, trained with the task's `SETTINGS`, but for those that are `changed`.

    The convolution has a learning rate of its own, chosen on the validation side of "holes".
    """
    how = {**SETTINGS[task], **({"lr": 0.01} if directions == CONVOLUTION else {}), **changed}
    model = tagger(directions, how.pop("n_hidden"), n_out, seed)
    fit(
        model, pixel_loss, train, seed=seed, optimiser=partial(torch.optim.AdamW, fused=True), **how
    )
    return model


@torch.no_grad()
def p_enclosed(model: torch.nn.Module, x: Tensor) -> Tensor:
    """How probably each pixel is enclosed, by the model: (N, rows, columns) float64."""
    o = torch.cat([model(part) for part in x.split(4096)])
    return o.double().softmax(3)[..., 1]


def exact_scores(p: Tensor, split: Split, weight: Tensor) -> dict[str, float]:
    """Of answers for all random images: the expected loss in nats, and the highest F1."""
    threshold = best_threshold(p, split.y, weight)
    return {"nll": nll(p, split.y, weight), "f1": f1(p, split.y, threshold, weight)}


@cache
def ceiling(directions: str) -> Mapping[str, float]:
    """The same of the best answer of anyone who sees what these directions see."""
    split, weight = LAW.every()
    seen = quadrants(DIRECTIONS[directions], LAW.rows, LAW.columns)
    return exact_scores(LAW.best_guess(seen), split, weight)


def tuned_f1(scores: Mapping[str, Tensor], task: Task) -> dict[str, float]:
    """F1 on both sides, with the threshold that is best on the validation side."""
    threshold = best_threshold(scores["valid"], task.valid.y)
    return {
        "f1": f1(scores["test"], task.test.y, threshold),
        "f1_valid": f1(scores["valid"], task.valid.y, threshold),
    }


def baseline(name: str, task: Task) -> dict[str, Tensor]:
    """How far scikit-learn finds each pixel enclosed, by side: (N, 8, 8), to be thresholded.

    Both see the whole image as a row of 64 numbers. Nearest neighbours: the mean of the holes in
    the k most similar training images, the nearer counting more, k of 1, 3, 5 and 9 with the best
    F1 on the validation side. Support vectors: a classifier for each pixel.
    """
    X = task.train.x.flatten(1).numpy()
    Y = (task.train.y == 1).flatten(1).numpy()
    sides = {side: getattr(task, side).x.flatten(1).numpy() for side in ("valid", "test")}

    def answers(predict: Any) -> dict[str, Tensor]:
        return {side: torch.tensor(predict(x)).view(-1, 8, 8) for side, x in sides.items()}

    with threadpool_limits(1):
        if name == "nearest neighbours":
            found = [
                answers(KNeighborsRegressor(k, weights="distance").fit(X, Y.astype(float)).predict)
                for k in (1, 3, 5, 9)
            ]
            return max(found, key=lambda scores: tuned_f1(scores, task)["f1_valid"])
        machines = [SVC(C=10).fit(X, y) if y.any() else None for y in Y.T]
        return answers(
            lambda x: np.stack(
                [
                    np.full(len(x), -10.0) if machine is None else machine.decision_function(x)
                    for machine in machines
                ],
                axis=1,
            )
        )


def trial(
    checkpoint: Path, progress: bool, device: Device, task: str, model: str, seed: int
) -> dict[str, Any]:
    """Train one network on one task, or fit a baseline; its figures on images not trained with."""
    how = {"checkpoint": checkpoint, "progress": progress, "device": device}
    if task == "random":
        train = LAW.draw(25_600, torch.Generator().manual_seed(seed))
        network = trained(task, model, seed, train, **how)
        split, weight = LAW.every()
        best = ceiling(model)
        return {
            **exact_scores(p_enclosed(network, split.x), split, weight),
            "least_nll": best["nll"],
            "best_f1": best["f1"],
            "parameters": n_parameters(network),
        }
    if task == "holes":
        images = load_holes()
        if model in BASELINES:
            return tuned_f1(baseline(model, images), images)
        network = trained(task, model, seed, images.train, **how)
        scores = {side: p_enclosed(network, getattr(images, side).x) for side in ("valid", "test")}
        return {
            **tuned_f1(scores, images),
            "nll": nll(scores["test"], images.test.y),
            "parameters": n_parameters(network),
        }
    images = digit_everywhere()
    network = trained(task, model, seed, images.train, n_out=10, **how)
    with torch.no_grad():
        right = (network(images.test.x).argmax(3) == images.test.y).double().mean(0)
    return {
        "accuracy": right.mean().item(),
        "map": right.tolist(),
        "parameters": n_parameters(network),
    }


EXPERIMENT = Experiment(
    name="two_dimensions",
    about="Networks from one corner of an image, from two, three and four, and a convolution: "
    "enclosed pixels, on random images and on digits, and the digit's name at each pixel.",
    statements=("S5.4",),
    settings=(
        *(
            {"task": task, "model": model, "seed": seed}
            for task, models in (
                ("random", DIRECTIONS),
                ("digits", ("one", "four")),
                ("holes", ("one", "two", "four", CONVOLUTION)),
            )
            for model in models
            for seed in range(5)
        ),
        *({"task": "holes", "model": model, "seed": 0} for model in BASELINES),
    ),
    trial=trial,
    small=(
        {"task": "random", "model": "one", "seed": 0},
        {"task": "holes", "model": "nearest neighbours", "seed": 0},
    ),
    tolerance={"f1": 0.005},
)

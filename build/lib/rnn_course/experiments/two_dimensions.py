"""Chapter 6, S5.4: one direction against two, three and four, at equal size, on three tasks."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from sklearn.neighbors import KNeighborsRegressor
from sklearn.svm import SVC
from threadpoolctl import threadpool_limits
from torch import Tensor, nn

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
from rnn_course.training.fit import History, fit

DIRECTIONS: dict[str, tuple[str, ...]] = {
    "one": ("top left",),
    "two": ("top left", "bottom right"),
    "three": ("top left", "top right", "bottom left"),
    "four": tuple(CORNERS),
}
"""The corners from which the networks run; two start at opposite corners."""

CONVOLUTION, LAYERS = "convolution", 4
"""A network without recurrence, and its number of layers. On the validation side of "holes", seven
layers, with which each pixel sees all 8 × 8, did no better at this size."""

LAW = RandomImages()
BASELINES = ("nearest neighbours", "support vectors")

SETTINGS: dict[str, Mapping[str, Any]] = {
    "random": {"n_hidden": 12, "epochs": 4, "batch_size": 128, "lr": 0.02, "weight_decay": 0.0},
    "holes": {"n_hidden": 16, "epochs": 20, "batch_size": 64, "lr": 0.02, "weight_decay": 0.0},
    "digit everywhere": {
        "n_hidden": 24,
        "epochs": 30,
        "batch_size": 32,
        "lr": 0.01,
        "weight_decay": 0.01,
    },
}
"""By the task's name: hidden units of each of the four networks, and how to train. They were chosen
with four directions on the validation side (with seed 0 on random images, where all are scored)."""


def random_images(n_train: int, seed: int) -> Task:
    """A task of random images: n_train of them to learn from, and all of them on both other sides.

    To score on all, weight each by its probability: see `exact_scores`.
    """
    every, _ = LAW.every()
    drawn = LAW.draw(n_train, torch.Generator().manual_seed(seed))
    return Task("random", drawn, every, every, labels=("open", "enclosed"))


def network(task: Task, directions: str, seed: int) -> PixelTagger | PixelConvolution:
    """The network with these `DIRECTIONS`, all of almost the same size.

    With four, each has the hidden units of `SETTINGS`; fewer directions, and the `CONVOLUTION`,
    have as many units as they can with no more parameters in total.
    """
    n_out = len(task.labels)

    def tagger(corners: Sequence[str], n: int) -> PixelTagger:
        return PixelTagger(MDRNN({corner: GridCell(1, n) for corner in corners}), n_out)

    def convolution(n: int) -> PixelConvolution:
        return PixelConvolution(1, n, n_out, LAYERS)

    budget = n_parameters(tagger(DIRECTIONS["four"], SETTINGS[task.name]["n_hidden"]))
    if directions == CONVOLUTION:
        n = widest(convolution, budget).n_hidden
        torch.manual_seed(seed)
        return convolution(n)
    corners = DIRECTIONS[directions]
    n = widest(lambda n: tagger(corners, n), budget).mdrnn.n_hidden // len(corners)
    torch.manual_seed(seed)
    return tagger(corners, n)


def train(model: nn.Module, task: Task, epochs: int, seed: int, **options: Any) -> History:
    """`fit` with the task's `SETTINGS`.

    The convolution has a learning rate of its own, chosen on the validation side of "holes".
    """
    settings = dict(SETTINGS[task.name])
    del settings["n_hidden"], settings["epochs"]
    if isinstance(model, PixelConvolution):
        settings["lr"] = 0.01
    return fit(
        model,
        pixel_loss,
        task.train,
        epochs=epochs,
        seed=seed,
        optimiser=partial(torch.optim.AdamW, fused=True),
        **settings,
        **options,
    )


@torch.no_grad()
def p_enclosed(model: nn.Module, x: Tensor) -> Tensor:
    """The model's probability that each pixel is enclosed: (N, rows, columns) float64."""
    o = torch.cat([model(part) for part in x.split(4096)])
    return o.double().softmax(3)[..., 1]


def exact_scores(p: Tensor, split: Split, weight: Tensor) -> dict[str, float]:
    """The expected loss in nats, and the highest F1, of answers for all random images."""
    threshold = best_threshold(p, split.y, weight)
    return {"nll": nll(p, split.y, weight), "f1": f1(p, split.y, threshold, weight)}


@cache
def ceiling(directions: str) -> Mapping[str, float]:
    """The same for the best possible answer from what these directions see."""
    split, weight = LAW.every()
    seen = quadrants(DIRECTIONS[directions], LAW.rows, LAW.columns)
    return exact_scores(LAW.best_guess(seen), split, weight)


def tuned_f1(scores: Mapping[str, Tensor], task: Task) -> dict[str, float]:
    """F1 on the test and validation sides, with the threshold that is best on the latter."""
    threshold = best_threshold(scores["valid"], task.valid.y)
    return {
        "f1": f1(scores["test"], task.test.y, threshold),
        "f1_valid": f1(scores["valid"], task.valid.y, threshold),
    }


def baseline(name: str, task: Task) -> dict[str, Tensor]:
    """One of `BASELINES`: for each side, a score (N, 8, 8) that each pixel is enclosed.

    Both see the whole image as a row of 64 numbers. Nearest neighbours: the mean of the holes in
    the k most similar training images, weighted by nearness, with the k of 1, 3, 5 and 9 that has
    the best F1 on the validation side. Support vectors: a classifier for each pixel.
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


TASKS: Mapping[str, Callable[[int], Task]] = {
    "random": lambda seed: random_images(25_600, seed),
    "holes": lambda seed: load_holes(),
    "digits": lambda seed: digit_everywhere(),
}
"""The tasks as the settings name them; only random images depend on the seed."""


def trial(
    checkpoint: Path, progress: bool, device: Device, task: str, model: str, seed: int
) -> dict[str, Any]:
    """Train one network on one task, or fit a baseline; its figures on images not trained with."""
    data = TASKS[task](seed)
    if model in BASELINES:
        return tuned_f1(baseline(model, data), data)
    net = network(data, model, seed)
    epochs = SETTINGS[data.name]["epochs"]
    train(net, data, epochs, seed, checkpoint=checkpoint, progress=progress, device=device)
    figures: dict[str, Any] = {"parameters": n_parameters(net)}
    if task == "random":
        split, weight = LAW.every()
        best = ceiling(model)
        return {
            **exact_scores(p_enclosed(net, split.x), split, weight),
            "least_nll": best["nll"],
            "best_f1": best["f1"],
            **figures,
        }
    if task == "holes":
        p = {side: p_enclosed(net, getattr(data, side).x) for side in ("valid", "test")}
        return {**tuned_f1(p, data), "nll": nll(p["test"], data.test.y), **figures}
    with torch.no_grad():
        right = (net(data.test.x).argmax(3) == data.test.y).double().mean(0)
    return {"accuracy": right.mean().item(), "map": right.tolist(), **figures}


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
    network=network,
    train=train,
)

"""Chapter 8, S7.2: does a lower level prepare what the upper one needs?

A new upper level is trained on four inputs: x itself, and the outputs of three lower levels, each
trained or not and then frozen. The upper level and its readout always start the same; only what is
below them differs.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from functools import cache, partial
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from rnn_course import checks
from rnn_course.cells import Cell
from rnn_course.devices import Device
from rnn_course.experiments import deep
from rnn_course.experiments.base import Experiment
from rnn_course.networks.deep import BlockCell, Stack, ThreeBlocks, Transition, mlp
from rnn_course.tasks.base import Batch, Task
from rnn_course.tasks.chorales.frames import load_frames, log_odds
from rnn_course.tasks.echo import make_echo_of_a_pair
from rnn_course.training.fit import evaluate, fit

BELOW = ("raw", "untrained", "alone", "joint")
"""What is below the new level: x itself ("raw"), or a frozen lower level,

- untrained: as it was drawn;
- alone: trained for the same target, with a readout of its own and nothing above it;
- joint: trained for the same target under an upper level, which is then removed.
"""


class Problem(NamedTuple):
    """A task whose x is as wide as each level.

    Attributes:
        task: The data.
        loss: The loss to train with.
        errors: Scores by name; lower is better.
        bias: The readout's initial bias, the log-odds of each output.
        batch_size: Examples per batch.
    """

    task: Task
    loss: Callable[[ThreeBlocks, Batch], Tensor]
    errors: Mapping[str, Callable[[ThreeBlocks, Batch], Tensor]]
    bias: Tensor
    batch_size: int

    @property
    def width(self) -> int:
        """The number of inputs at each step, and of units in each level."""
        return self.task.train.x.shape[2]


def level(width: int) -> BlockCell:
    """A level with as many inputs as units: h^(t) = tanh(b + U x^(t) + W h^(t-1))."""
    return BlockCell(width, mlp(width, width), Transition(width))


def readout(problem: Problem) -> nn.Sequential:
    """From a level to the outputs, which start at their frequencies."""
    output = mlp(problem.width, len(problem.bias))
    deep.start_small(output, problem.bias)
    return output


def donor(problem: Problem, below: str, seed: int) -> ThreeBlocks:
    """The untrained network from which a lower level is taken: one level, or two.

    For a given seed its lower level starts the same for every `below`.
    """
    torch.manual_seed(seed)
    lower = level(problem.width)
    cell: Cell = Stack(lower, level(problem.width)) if below == "joint" else lower
    return ThreeBlocks(cell, readout(problem))


def lowest(network: ThreeBlocks) -> Cell:
    """The lowest level of a network."""
    cell = network.rnn.cell
    first = cell.cells[0] if isinstance(cell, Stack) else cell
    assert isinstance(first, Cell)
    return first


def host(problem: Problem, lower: Cell | None, seed: int) -> ThreeBlocks:
    """A new upper level and its readout, on a frozen copy of `lower`; None: on x itself.

    For a given seed the trained part starts the same, with as many parameters, whatever is below.
    """
    torch.manual_seed(1000 + seed)  # not the draw of any donor
    upper, output = level(problem.width), readout(problem)
    if lower is None:
        return ThreeBlocks(upper, output)
    return ThreeBlocks(Stack(copy.deepcopy(lower).requires_grad_(False), upper), output)


def against_joint(errors: Mapping[str, Sequence[float]]) -> dict[str, str]:
    """How each input serves a new level, compared with the jointly trained lower level.

    `errors` holds one number per seed, for "joint" and others of `BELOW`. The verdict is "worse" if
    every seed has a larger error than every seed of "joint", "better" if every seed has a smaller
    one, else "alike". If lower levels prepare the input for the higher ones, all are worse; if a
    lower level is only a random memory, "untrained" is alike; if training improves each level
    whatever is above it, "alone" is alike or better; if nothing needs preparing, so is "raw".

    Raises:
        ValueError: If a name is not in `BELOW`, "joint" or all others are missing, or one has no
            seeds.
    """
    known = set(errors) <= set(BELOW) and "joint" in errors and len(errors) > 1
    if not known or not all(map(len, errors.values())):
        raise ValueError(
            f"errors: expected some for joint and others of {', '.join(BELOW)}, got "
            f"{', '.join(f'{len(v)} of {k}' for k, v in errors.items()) or 'none'}"
        )
    joint = errors["joint"]
    return {
        name: "worse"
        if min(errors[name]) > max(joint)
        else "better"
        if max(errors[name]) < min(joint)
        else "alike"
        for name in errors
        if name != "joint"
    }


def _bits_loss(model: nn.Module, batch: Batch) -> Tensor:
    o, _ = model(batch.x, lengths=batch.lengths)
    asked = batch.y >= 0
    return F.binary_cross_entropy_with_logits(o[asked], batch.y[asked])


def _wrong(model: nn.Module, batch: Batch, output: int) -> Tensor:
    o, y = model(batch.x, lengths=batch.lengths)[0][..., output], batch.y[..., output]
    asked = y >= 0
    return (((o > 0).float() != y) & asked).sum(1) / asked.sum(1)


def pairs(limit: int | None = None) -> Problem:
    """The echo of a pair: the errors are the error rates of the pairs and of the bits.

    `limit` is the number of training sequences.
    """
    task = make_echo_of_a_pair(2, n_bits=8, steps=16, n_train=limit or 3200, n_test=320)
    return Problem(
        task,
        _bits_loss,
        {"pair": partial(_wrong, output=0), "bit": partial(_wrong, output=1)},
        torch.zeros(2),
        64,
    )


def chorales(limit: int | None = None) -> Problem:
    """The chorales' next frame, in nats, as in `experiments.deep`."""
    task = load_frames(limit)
    return Problem(
        task,
        lambda model, batch: deep.frame_nll(model, batch).mean(),
        {"nll": deep.frame_nll},
        log_odds(task.train),
        16,
    )


PROBLEMS: Mapping[str, Callable[[int | None], Problem]] = {
    "chorales": cache(chorales),
    "pairs": cache(pairs),
}
SETTING = {"lr": max(deep.RATES), "epochs": 16, "limit": None}
"""How every lower level and every new one is trained; the best epoch on validation is kept."""


def trial(
    checkpoint: Path,
    progress: bool,
    device: Device,
    task: str,
    below: str,
    seed: int,
    lr: float,
    epochs: int,
    limit: int | None,
) -> dict[str, Any]:
    """Train a lower level, if any, and then a new level on it; the errors of both."""
    problem = PROBLEMS[checks.one_of("task", task, tuple(PROBLEMS))](limit)

    def trained(network: ThreeBlocks, path: Path) -> tuple[list[float], dict[str, float]]:
        history = fit(
            network,
            problem.loss,
            problem.task.train,
            problem.task.valid,
            epochs=epochs,
            batch_size=problem.batch_size,
            lr=lr,
            patience=epochs,
            seed=seed,
            checkpoint=path,
            progress=progress,
            device=device,
        )
        return history.valid_loss, {
            name: evaluate(network, problem.task.test, error, device=device)
            for name, error in problem.errors.items()
        }

    figures: dict[str, Any] = {}
    lower = None
    first = checkpoint.with_suffix(".lower")  # the lower level's own training
    if checks.one_of("below", below, BELOW) != "raw":
        given = donor(problem, below, seed)
        if below != "untrained":
            figures |= {f"donor {name}": e for name, e in trained(given, first)[1].items()}
        lower = lowest(given)
    network = host(problem, lower, seed)
    valid, errors = trained(network, checkpoint)
    first.unlink(missing_ok=True)
    return {
        "valid": min(valid),
        **errors,
        **figures,
        "trained": sum(p.numel() for p in network.parameters() if p.requires_grad),
    }


_REHEARSAL = {"task": "chorales", "below": "joint", "seed": 0, **SETTING, "epochs": 2, "limit": 40}

EXPERIMENT = Experiment(
    name="transplant",
    about="A chorale's next frame, in nats: a new upper level on the raw input, and on a lower "
    "level that was not trained, trained alone, and trained under another upper level.",
    statements=("S7.2",),
    settings=(
        *(
            {"task": "chorales", "below": below, "seed": seed, **SETTING}
            for seed in range(5)
            for below in BELOW
        ),
        _REHEARSAL,
    ),
    trial=trial,
    small=(_REHEARSAL,),
    tolerance={"nll": 0.3, "valid": 0.3, "donor nll": 0.3},
    packages=("music21",),
)

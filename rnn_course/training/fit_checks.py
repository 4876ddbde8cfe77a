"""What `fit` refuses: bad input, and a run that has gone wrong."""

from __future__ import annotations

import math
from collections.abc import Callable
from os import PathLike
from typing import Any

import torch
from torch import Tensor, nn

from rnn_course.checks import integer, positive, real, whole


def check_arguments(given: dict[str, Any]) -> tuple[Any, ...]:
    """Check the arguments of `fit`, given by name.

    Returns:
        Its numbers as Python's: epochs, batch_size, patience, save_every, warm_up, seed, lr,
        weight_decay, clip, until.

    Raises:
        TypeError: If an argument is of the wrong type.
        ValueError: If its value makes no sense.
    """
    model, valid = given["model"], given["valid"]
    check_model(model)
    if not any(p.requires_grad for p in model.parameters()):
        raise ValueError(
            f"model: expected at least one trainable parameter, got none in {type(model).__name__}"
        )
    check_function("loss", given["loss"])
    if given["metric"] is not None:
        check_function("metric", given["metric"])
    check_split("train", given["train"])
    if valid is not None:
        check_split("valid", valid)

    path = given["checkpoint"]
    if path is not None and (not isinstance(path, str | PathLike) or not str(path)):
        raise TypeError(f"checkpoint: expected a path or None, got {path!r}")
    counts = [
        None
        if name in ("patience", "save_every") and given[name] is None
        else positive(name, given[name])
        for name in ("epochs", "batch_size", "patience", "save_every")
    ]
    counts.append(whole("warm_up", given["warm_up"]))
    for name in ("patience", "metric", "until"):
        if given[name] is not None and valid is None:
            raise ValueError(f"valid: expected one together with {name}, got None")
    seed = integer(given["seed"])
    if seed is None or not 0 <= seed < 2**32:
        raise ValueError(f"seed: expected an integer 0 ≤ seed < 2**32, got {given['seed']!r}")
    lr = _number("lr", given["lr"])
    weight_decay = _number("weight_decay", given["weight_decay"], zero=True)
    clip, until = (
        None if given[name] is None else _number(name, given[name]) for name in ("clip", "until")
    )
    for name in ("decay", "progress"):
        if not isinstance(given[name], bool):
            raise ValueError(f"{name}: expected True or False, got {given[name]!r}")
    return *counts, seed, lr, weight_decay, clip, until


def check_model(model: Any) -> None:
    """Raise `TypeError` if `model` is not a module."""
    if not isinstance(model, nn.Module):
        raise TypeError(f"model: expected a torch.nn.Module, got {type(model).__name__}")


def check_function(name: str, function: Any) -> None:
    """Raise `TypeError` if `function`, a loss or a metric, cannot be called."""
    if not callable(function):
        raise TypeError(f"{name}: expected a function of (model, batch), got {function!r}")


def check_split(name: str, split: Any) -> None:
    """Check that `split` is one, as a task's are, and has examples.

    Raises:
        TypeError: If it has no length or no method batches.
        ValueError: If it is empty.
    """
    if not hasattr(split, "__len__") or not callable(getattr(split, "batches", None)):
        raise TypeError(
            f"{name}: expected a split (a length, and .batches(batch_size, "
            f"generator)), got {type(split).__name__}"
        )
    if len(split) == 0:
        raise ValueError(f"{name}: expected at least one example, got none")


def make_optimiser(
    make: Callable[..., torch.optim.Optimizer],
    parameters: list[nn.Parameter],
    *,
    lr: float,
    weight_decay: float,
) -> torch.optim.Optimizer:
    """Make the optimiser of these parameters, all with one learning rate.

    Raises:
        TypeError: If `make` does not give such an optimiser.
    """
    expected = (
        "optimiser: expected a class, or a functools.partial of one, that is called with "
        "(parameters, lr=, weight_decay=) and gives an optimiser with one learning rate"
    )
    try:
        made = make(parameters, lr=lr, weight_decay=weight_decay)
    except TypeError as error:
        raise TypeError(f"{expected}, got {make!r} ({error})") from error
    if not isinstance(made, torch.optim.Optimizer) or len(made.param_groups) != 1:
        raise TypeError(f"{expected}, got {made!r}")
    return made


def check_batch(name: str, number: int, batch: Any) -> None:
    """Check one batch of a split.

    Raises:
        TypeError: If it is not a named tuple, as a task's batches are.
        ValueError: If one of its tensors contains NaN or an infinity.
    """
    if not all(hasattr(batch, needed) for needed in ("_asdict", "x", "to")):
        raise TypeError(
            f"{name}: expected batches that are named tuples with a field x and with "
            f".to(device), as rnn_course.tasks.base.Batch is, got "
            f"{type(batch).__name__} for batch {number}"
        )
    for part, value in batch._asdict().items():
        if isinstance(value, Tensor) and value.is_floating_point():
            wrong = (~value.isfinite()).nonzero()
            if len(wrong):
                index = tuple(wrong[0].tolist())
                raise ValueError(
                    f"{name}: expected finite numbers, got {value[index].item()} in "
                    f"{part} of batch {number} at index {index}"
                )


class Diverged(FloatingPointError):
    """The loss of a step or its gradient is not finite.

    Attributes:
        history: What happened in the steps before.
    """

    def __init__(self, message: str, history: Any) -> None:
        super().__init__(message)
        self.history = history


def check_loss(loss: Any, history: Any) -> None:
    """Check the loss of a step.

    Raises:
        ValueError: If it is not a scalar tensor, or has no gradient.
        Diverged: If it is not finite.
    """
    if not isinstance(loss, Tensor) or loss.dim() != 0 or not loss.is_floating_point():
        raise ValueError(f"loss: expected a scalar tensor (shape ()), got {form_of(loss)}")
    if not loss.isfinite():
        before = history.grad_norm[-1] if history.grad_norm else "none yet"
        raise Diverged(
            f"loss: expected a finite value, got {loss.item()} at step {len(history.loss)} "
            f"(epoch {history.epochs}); the last gradient norm was {before}. {_HINT}",
            history,
        )
    if not loss.requires_grad:
        raise ValueError(_NO_GRADIENT)


def check_gradient(norm: Tensor, parameters: list[nn.Parameter], history: Any) -> None:
    """Check the gradient of a step.

    Raises:
        ValueError: If no parameter has one.
        Diverged: If its norm is not finite.
    """
    if all(p.grad is None for p in parameters):
        raise ValueError(_NO_GRADIENT)
    if not norm.isfinite():
        raise Diverged(
            f"gradient: expected a finite norm, got {norm.item()} at step {len(history.loss)} "
            f"(epoch {history.epochs}), where the loss was still finite. {_HINT}",
            history,
        )


def check_scores(scores: Any, size: int) -> None:
    """Raise `ValueError` unless a metric gave one score per example of the batch."""
    if not isinstance(scores, Tensor) or scores.shape != (size,):
        raise ValueError(
            f"metric: expected one score per example, a tensor of shape ({size},), "
            f"got {form_of(scores)}"
        )


def check_epoch(split: Any, batch_size: int, history: Any) -> None:
    """Raise `ValueError` if an epoch's number of batches does not fit the split's length."""
    steps = len(history.loss) - history.epochs * history.steps_per_epoch
    if steps != history.steps_per_epoch:
        raise ValueError(
            f"train: expected {history.steps_per_epoch} batches of {batch_size} for "
            f"{len(split)} examples, got {steps}"
        )


def form_of(value: Any) -> str:
    """A tensor's dtype and shape, or another value's type."""
    return (
        f"{str(value.dtype).removeprefix('torch.')} {tuple(value.shape)}"
        if isinstance(value, Tensor)
        else type(value).__name__
    )


_HINT = "Try a lower lr, or a lower clip."
_NO_GRADIENT = (
    "loss: expected to depend on the model's trainable parameters, got no gradient "
    "(was something detached, or computed under torch.no_grad()?)"
)


def _number(name: str, value: Any, zero: bool = False) -> float:
    found = real(value)
    if not 0 <= found < math.inf or (found == 0 and not zero):
        raise ValueError(
            f"{name}: expected a finite number {'≥' if zero else '>'} 0, got {value!r}"
        )
    return found

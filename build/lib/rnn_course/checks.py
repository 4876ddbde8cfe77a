"""Checks of arguments, whose errors name the argument, what was expected and what was given.

Numbers may be Python's or NumPy's, and come back as Python's; True and False are not numbers.
"""

from __future__ import annotations

import math
import operator
import os
from collections.abc import Sequence
from numbers import Real
from typing import Any, TypeVar

import numpy as np
import torch
from torch import Tensor
from torch.autograd import forward_ad

T = TypeVar("T")


def integer(value: Any) -> int | None:
    """Return an integer of any library as an int, and None for anything else."""
    if isinstance(value, bool) or getattr(value, "dtype", None) == torch.bool:
        return None
    try:
        return operator.index(value)
    except TypeError:
        return None


def positive(name: str, value: int) -> int:
    """Return `value` if it is an integer of at least 1, else raise `ValueError`."""
    return _at_least(1, name, value, "an integer of at least 1")


def whole(name: str, value: int) -> int:
    """Return `value` if it is a whole number of at least 0, else raise `ValueError`."""
    return _at_least(0, name, value, "a whole number of at least 0")


def _at_least(least: int, name: str, value: int, expected: str) -> int:
    found = integer(value)
    if found is None or found < least:
        raise ValueError(f"{name}: expected {expected}, got {value!r}")
    return found


def symbol(name: str, value: int, n_symbols: int) -> int:
    """Return `value` if it is a symbol 0 ≤ value < n_symbols, else raise `ValueError`."""
    found = integer(value)
    if found is None or not 0 <= found < n_symbols:
        raise ValueError(f"{name}: expected a symbol 0 … {n_symbols - 1}, got {value!r}")
    return found


def real(value: Any) -> float:
    """Return a number of any library as a float, and NaN for anything else.

    Every comparison with NaN is false, so ask for what is right: `0 < real(value) < 1`.
    """
    return float(value) if isinstance(value, Real) and not isinstance(value, bool) else math.nan


def finite(name: str, value: float) -> float:
    """Return `value` if it is a finite number, else raise `ValueError`."""
    if not math.isfinite(real(value)):
        raise ValueError(f"{name}: expected a finite number, got {value!r}")
    return real(value)


def one_of(name: str, value: str, choices: Sequence[str]) -> str:
    """Return `value` if it is one of `choices`, else raise `ValueError`."""
    if value not in choices:
        raise ValueError(f"{name}: expected one of {', '.join(choices)}, got {value!r}")
    return value


def instance(name: str, value: object, kind: type[T]) -> T:
    """Return `value` if it is a `kind`, else raise `TypeError`."""
    if not isinstance(value, kind):
        raise TypeError(f"{name}: expected a {kind.__name__}, got {type(value).__name__}")
    return value


def path(name: str, value: object) -> str | os.PathLike[str]:
    """Return `value` if it can be a file's path, else raise `TypeError`."""
    if not isinstance(value, str | os.PathLike) or os.fspath(value) == "" or "\0" in str(value):
        raise TypeError(f"{name}: expected a path, got {value!r}")
    return value


def features(name: str, x: Tensor, like: Tensor, axes: str, width: int) -> Tensor:
    """Return `x` if its axes are those in `axes`, and the last one has `width` features.

    It must have no empty axis, and the dtype and device of the weights `like`.

    Raises:
        TypeError: If `x` is not a tensor, or has a different dtype.
        ValueError: If its shape or its device is wrong.
    """
    letters = axes.split()
    shape = f"({', '.join(letters)})"
    if not isinstance(x, Tensor):
        raise TypeError(f"{name}: expected a tensor of shape {shape}, got {type(x).__name__}")
    if x.dim() != len(letters):
        raise ValueError(f"{name}: expected shape {shape}, got {tuple(x.shape)}")
    if x.shape[-1] != width:
        raise ValueError(f"{name}: expected {letters[-1]} = {width} features, got {x.shape[-1]}")
    for letter, size in zip(letters[:-1], x.shape, strict=False):
        if size == 0:
            raise ValueError(f"{name}: expected {letter} of at least 1, got {tuple(x.shape)}")
    if x.dtype != like.dtype and not (x.is_floating_point() and autocast(x)):
        raise TypeError(f"{name}: expected the weights' dtype {like.dtype}, got {x.dtype}")
    if x.device != like.device:
        raise ValueError(f"{name}: expected the weights' device {like.device}, got {x.device}")
    return x


def autocast(x: Tensor) -> bool:
    """Does torch choose the precision of computations with x? Then x may have any precision."""
    return x.device.type != "meta" and torch.is_autocast_enabled(x.device.type)


def lengths(value: Tensor | Sequence[int], batch: int, steps: int, device: torch.device) -> Tensor:
    """Return the lengths as an int64 tensor (B,) on `device`, each between 1 and `steps`.

    Raises:
        TypeError: If they are not whole numbers.
        ValueError: If their number or their range is wrong (but see `transformed`).
    """
    if isinstance(value, np.ndarray) and np.issubdtype(value.dtype, np.integer):
        value = value.astype(np.int64, order="C")  # torch has no negative strides
    try:
        value = torch.as_tensor(value, device=device)
    except (TypeError, ValueError, RuntimeError) as error:
        raise TypeError(f"lengths: expected whole numbers, got {value!r}") from error
    if value.is_floating_point() or value.is_complex() or value.dtype == torch.bool:
        raise TypeError(f"lengths: expected whole numbers, got {value.dtype}")
    if value.shape != (batch,):
        raise ValueError(
            f"lengths: expected one for each of {batch} sequences, shape ({batch},), "
            f"got shape {tuple(value.shape)}"
        )
    if transformed():
        return value.long()
    wrong = ((value < 1) | (value > steps)).nonzero()
    if len(wrong):
        index = int(wrong[0])
        raise ValueError(
            f"lengths: expected 1 ≤ length ≤ {steps} (the number of steps in x), "
            f"got {int(value[index])} at index {index}"
        )
    return value.long()


def symbols(name: str, x: Tensor, n_symbols: int) -> Tensor:
    """Return `x` if it is an int64 tensor (B, T) of symbols 0 ≤ x < n_symbols, not empty.

    Raises:
        TypeError: If its type is wrong.
        ValueError: If its shape or its range is wrong (but see `transformed`).
    """
    if not isinstance(x, Tensor) or x.dtype != torch.int64:
        got = x.dtype if isinstance(x, Tensor) else type(x).__name__
        raise TypeError(f"{name}: expected an int64 tensor of symbols, got {got}")
    if x.dim() != 2 or x.numel() == 0:
        raise ValueError(f"{name}: expected shape (B, T), not empty, got {tuple(x.shape)}")
    return in_range(name, x, n_symbols, "symbols")


def in_range(name: str, x: Tensor, n: int, what: str) -> Tensor:
    """Return `x` if it holds whole numbers 0 ≤ x < n, else raise `ValueError`: see `transformed`.

    Args:
        what: What the error calls the numbers, such as symbols or classes.
    """
    if transformed():
        return x
    low, high = int(x.min()), int(x.max())
    if low < 0 or high >= n:
        raise ValueError(f"{name}: expected {what} 0 … {n - 1}, got {low} … {high}")
    return x


def transformed() -> bool:
    """Is a transform of torch.func (vmap, grad, jvp, …) or forward-mode differentiation active?

    A tensor then stands for many, or for more than its values. Its values cannot be inspected,
    so anything that depends on them goes unchecked.
    """
    return torch._C._are_functorch_transforms_active() or forward_ad._current_level >= 0

"""What checks are made of: `same`, `at_least` and `fails`, over random `cases`.

A check states what holds of a right answer, one sentence each, and the sentence that does not hold
is what the student reads: in the checks of homework, and in `check` for the chapters' exercises.
The grader of homework replaces these functions within check cells by ones that only report what
came, and compares it elsewhere: see `rnn_course.homework.grade`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from numbers import Number
from typing import Any

import numpy as np
import torch
from torch import Tensor

RTOL, ATOL = 1e-4, 1e-5


def cases() -> torch.Generator:
    """A generator for the random cases of a check, with another seed at each call."""
    generator = torch.Generator()
    generator.seed()
    return generator


def same(got: Any, want: Any, says: str, rtol: float = RTOL, atol: float = ATOL) -> None:
    """Assert that `got` equals `want`: tensors and numbers up to rounding, the rest exactly.

    Args:
        got: A tensor, an array, a number, a string, None, or lists, tuples and dictionaries of
            these.
        want: What it should be.
        says: The sentence that holds if they are equal; it opens the message if they are not.

    Raises:
        AssertionError: If they differ; the message says where.
    """
    wrong = difference(plain(got), plain(want), rtol, atol)
    if wrong:
        raise AssertionError(f"{says}: {wrong}")


def at_least(got: Any, bound: float, says: str) -> None:
    """Assert that a number is no smaller than `bound`.

    Raises:
        AssertionError: If it is smaller, or NaN; the message gives both.
    """
    wrong = shortfall(plain(got), bound)
    if wrong:
        raise AssertionError(f"{says}: {wrong}")


def fails(call: Callable[[], object], error: type[Exception], says: str) -> None:
    """Assert that a call raises an error of the kind `error`.

    Raises:
        AssertionError: If it raises nothing.
        Exception: Whatever else the call raises.
    """
    same(raised(call, error), error.__name__, says)


def raised(call: Callable[[], object], error: type[Exception]) -> str:
    """The name of the kind of error that a call raises, if it is `error`; else "no error"."""
    try:
        call()
    except NotImplementedError:
        raise
    except error:
        return error.__name__
    return "no error"


def plain(value: Any) -> Any:
    """A value without torch: tensors as arrays, in lists, tuples and dictionaries as well."""
    if isinstance(value, Tensor):
        return value.detach().cpu().numpy().copy()
    if isinstance(value, np.ndarray | np.generic):
        return np.array(value)
    if isinstance(value, Mapping):  # is an Iterable too, but of its names alone
        return {str(name): plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple) or (
        isinstance(value, Iterable) and not isinstance(value, str | bytes)
    ):
        return [plain(each) for each in value]
    return value


def difference(got: Any, want: Any, rtol: float = RTOL, atol: float = ATOL) -> str | None:
    """What tells two values of `plain` apart, as the end of a sentence; None if nothing does."""
    if isinstance(want, list):
        if not isinstance(got, list) or len(got) != len(want):
            return f"expected {_short(want)}, got {_short(got)}"
        pairs = zip(got, want, strict=True)
        return next((wrong for g, w in pairs if (wrong := difference(g, w, rtol, atol))), None)
    if isinstance(want, dict):
        if not isinstance(got, dict) or set(got) != set(want):
            given = sorted(got) if isinstance(got, dict) else got
            return f"expected the names {_short(sorted(want))}, got {_short(given)}"
        each = ((name, difference(got[name], want[name], rtol, atol)) for name in want)
        return next((f"{name}: {wrong}" for name, wrong in each if wrong), None)
    if isinstance(want, np.ndarray) or (isinstance(want, Number) and not isinstance(want, bool)):
        return _numbers(got, np.asarray(want), rtol, atol)
    if isinstance(got, np.ndarray) and got.ndim == 0:
        got = got.item()
    return None if type(got) is type(want) and got == want else f"expected {want}, got {got}"


def shortfall(got: Any, bound: float) -> str | None:
    """By what a number misses a lower bound, as the end of a sentence; None if it does not."""
    number = np.asarray(got)
    if number.shape != () or number.dtype.kind not in "biuf":
        return f"expected a number, got {_short(got)}"
    return None if number >= bound else f"expected at least {bound:.4g}, got {number:.4g}"


def _numbers(got: Any, want: np.ndarray, rtol: float, atol: float) -> str | None:
    """How an array or a number differs from the one expected."""
    if not isinstance(got, np.ndarray | Number):
        return f"expected {_shape(want)}, got {_short(got)}"
    array = np.asarray(got)
    if array.shape != want.shape:
        return f"expected {_shape(want)}, got {_shape(array)}"
    if array.dtype.kind not in "biufc":
        return f"expected numbers, got {_short(got)}"
    wrong = ~np.isclose(array, want, rtol=rtol, atol=atol, equal_nan=True)
    if not wrong.any():
        return None
    if want.shape == ():
        return f"expected {want.item():.6g}, got {array.item():.6g}"
    at = tuple(int(i) for i in np.argwhere(wrong)[0])
    return (
        f"{wrong.sum()} of {want.size} numbers differ, the first at {list(at)}: "
        f"expected {want[at]:.6g}, got {array[at]:.6g}"
    )


def _shape(array: np.ndarray) -> str:
    return f"an array of shape {array.shape}" if array.shape else "a number"


def _short(value: Any) -> str:
    if isinstance(value, np.ndarray):
        return _shape(value)
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."

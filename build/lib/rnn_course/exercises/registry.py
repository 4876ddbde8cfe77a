"""The exercises that can be checked: how an answer is asked for, called and judged.

A module for each chapter registers functions with `exercise`; each looks at an answer and raises an
`AssertionError` whose sentence names the mistake.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import nn

from rnn_course.compare import difference, plain, same

Look = Callable[[Any], None]


@dataclass(frozen=True)
class Exercise:
    """What there is to know of an exercise that can be checked.

    Attributes:
        takes: The arguments of the function asked for; "" if the answer is no function.
        gives: What the function gives, or what the answer is.
        seen: What the check looks at.
        look: Raises an `AssertionError` for a wrong answer.
    """

    label: str
    takes: str
    gives: str
    seen: str
    look: Look

    @property
    def asks(self) -> str:
        """What is expected, as the end of a sentence."""
        return f"a function of ({self.takes}) that gives {self.gives}" if self.takes else self.gives


# every exercise that can be checked, by its label
EXERCISES: dict[str, Exercise] = {}


def exercise(label: str, takes: str, gives: str) -> Callable[[Look], Look]:
    """Register what looks at the answers to an exercise: its docstring says what it looks at.

    Raises:
        ValueError: If the label is taken.
    """

    def register(look: Look) -> Look:
        if label in EXERCISES:
            raise ValueError(f"label: expected one that is not taken, got {label!r}")
        EXERCISES[label] = Exercise(label, takes, gives, inspect.getdoc(look) or "", look)
        return look

    return register


def check(label: str, answer: Any) -> None:
    """Look at an answer to an exercise of a chapter, and say that it passes, or what is wrong.

    The exercise says what the answer is: a function, a module, a number or a tensor. The cases are
    the same each time, and the random numbers of the notebook stay as they are.

    >>> check("ex-ch6-queue", lambda rows, columns: (steps, longest))

    Raises:
        AssertionError: If the answer is not right, or not done yet; the message is a hint.
        TypeError: If it is not the kind of thing that the exercise asks for.
        ValueError: If there is no exercise with this label; the message names those that there are.
    """
    asked = EXERCISES.get(label)
    if asked is None:
        raise ValueError(f"label: expected one of {', '.join(sorted(EXERCISES))}, got {label!r}")
    undone = f"{label} is not done yet: expected {asked.asks}"
    if answer is None:
        raise AssertionError(f"{undone}, got None")
    if inspect.isclass(answer):
        raise TypeError(f"{label}: expected {asked.asks}, got the class {answer.__name__} itself")
    if asked.takes:
        answer = _function(asked, answer, undone)
    elif inspect.isroutine(answer):
        raise TypeError(f"{label}: expected {asked.asks}, got a function")
    try:
        with torch.random.fork_rng(devices=[]), torch.enable_grad():
            torch.manual_seed(0)
            asked.look(answer)
    except NotImplementedError as error:
        raise AssertionError(undone) from error
    print(f"{label} passes. Looked at: {asked.seen[:1].lower()}{asked.seen[1:]}")


def _function(asked: Exercise, answer: Any, undone: str) -> Callable[..., Any]:
    """The answer as a function that gives something whenever it is called."""
    names = asked.takes.split(", ")
    if not callable(answer):
        raise TypeError(f"{asked.label}: expected {asked.asks}, got {type(answer).__name__}")
    try:
        signature = inspect.signature(answer.forward if isinstance(answer, nn.Module) else answer)
    except ValueError:  # some of those written in C have none
        signature = None
    try:
        if signature is not None:
            signature.bind(*names)
    except TypeError:
        raise TypeError(f"{asked.label}: expected {asked.asks}, got one of {signature}") from None

    def called(*given: Any) -> Any:
        result = answer(*given)
        if result is None:
            raise AssertionError(f"{undone}, got one that returns None")
        return result

    return called


# --- what the checks of the chapters say --------------------------------------------------------


def holds(condition: object, says: str) -> None:
    """Assert a condition, with a sentence that says what is wrong if it does not hold."""
    if not condition:
        raise AssertionError(says)


def agree(got: Any, want: Any, says: str, mistakes: Mapping[str, Any] | None = None) -> None:
    """Assert that `got` equals `want`, as `same` does, but name the mistake if it is known.

    Args:
        says: The sentence that holds if they are equal.
        mistakes: What a known mistake gives, by the hint to whoever made it.
    """
    if difference(plain(got), plain(want)):
        for hint, wrong in (mistakes or {}).items():
            holds(difference(plain(got), plain(wrong)), hint)
    same(got, want, says)


@dataclass(frozen=True)
class Part:
    """A part of what a formula gives.

    Attributes:
        name: What it is, such as "the number of steps".
        right: The right formula.
        mistakes: Known wrong formulas, by the hint to whoever made the mistake.
    """

    name: str
    right: Callable[..., Any]
    mistakes: Mapping[str, Callable[..., Any]] = field(default_factory=dict)


def formula(answer: Callable[..., Any], takes: str, cases: Iterable[Sequence[Any]], *parts: Part):
    """Assert that a formula is right in each part and in each case.

    Args:
        takes: The names of its arguments, for the message.
        cases: What it is called with.
        parts: What it gives: of one part, the value itself; else a tuple with a value of each.
    """
    cases = list(cases)
    given = [answer(*case) for case in cases]
    names = " and ".join(part.name for part in parts)
    for values in given if len(parts) > 1 else ():
        is_right = isinstance(values, tuple | list | torch.Tensor) and len(values) == len(parts)
        holds(is_right, f"the answer has {len(parts)} parts, in this order: {names}")
    for i, part in enumerate(parts):
        got = [values[i] if len(parts) > 1 else values for values in given]
        right = [part.right(*case) for case in cases]
        wrong = {
            hint: [formula(*case) for case in cases] for hint, formula in part.mistakes.items()
        }
        for case, value, want in zip(cases, got, right, strict=True):
            at = ", ".join(f"{n} = {v}" for n, v in zip(takes.split(", "), case, strict=True))
            if difference(plain(value), plain(want)):
                for hint, values in wrong.items():
                    holds(difference(plain(got), plain(values)), f"{part.name}: {hint}")
            same(value, want, f"{part.name}, for {at}")

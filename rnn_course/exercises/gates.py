"""Chapter 10: how long a forget gate keeps, coupled gates, and gates that look at the memory."""

from __future__ import annotations

import math
from typing import Any

from rnn_course.exercises.registry import Part, exercise, formula


def _sigmoid(a: float) -> float:
    return 1 / (1 + math.exp(-a))


@exercise("ex-ch10-half", "b", "the number of steps, from the bias of the forget gate")
def half(steps: Any) -> None:
    """Biases from 0 to 5."""
    formula(steps, "b", [(0.0,), (1.0,), (3.0,), (5.0,)], Part(
        "the number of steps",
        lambda b: math.log(2) / math.log(1 + math.exp(-b)),
        {
            "this is how long until 1/e is left, not 1/2": lambda b: (
                1 / math.log(1 + math.exp(-b))
            ),
            "the gate stands at σ(b), not at 1 - σ(b)": lambda b: (
                math.log(2) / math.log(1 + math.exp(b))
            ),
            "the logarithm of σ(b) is below zero": lambda b: (
                math.log(2) / math.log(_sigmoid(b))
            ),
            "the memory does not lose the same amount at each step, but the same share": lambda b: (
                0.5 / (1 - _sigmoid(b))
            ),
            "b is the bias, and the gate is σ(b)": lambda b: (
                math.log(2) / -math.log(b) if 0 < b < 1 else math.nan
            ),
        },
    ))  # fmt: skip


@exercise("ex-ch10-coupled", "f, candidate, c", "the new memory, from three numbers")
def coupled(memory: Any) -> None:
    """Gates from shut to open."""
    cases = [(0.0, 0.5, -2.0), (1.0, 0.5, -2.0), (0.9, -0.3, 1.5), (0.25, 0.8, 0.4)]
    formula(memory, "f, candidate, c", cases, Part(
        "the new memory",
        lambda f, candidate, c: f * c + (1 - f) * candidate,
        {
            "f says what is kept, so 1 - f is what is written": lambda f, candidate, c: (
                (1 - f) * c + f * candidate
            ),
            "what is written has a gate as well": lambda f, candidate, c: f * c + candidate,
            "one gate opens as far as the other shuts; here both open together": (
                lambda f, candidate, c: f * c + f * candidate
            ),
            "the candidate comes out of its tanh already": lambda f, candidate, c: (
                f * c + (1 - f) * math.tanh(candidate)
            ),
        },
    ))  # fmt: skip


@exercise("ex-ch10-peephole", "f, c, p", "∂c^(t)/∂c^(t-1), from f^(t), c^(t-1) and p")
def peephole(derivative: Any) -> None:
    """A peephole that opens the gate, one that shuts it, and none."""
    cases = [(0.5, 2.0, 1.0), (0.9, -1.0, 0.5), (0.9, 3.0, -0.7), (0.3, 1.0, 0.0)]
    formula(derivative, "f, c, p", cases, Part(
        "∂c^(t)/∂c^(t-1)",
        lambda f, c, p: f + c * p * f * (1 - f),
        {
            "c^(t-1) enters twice: the gate looks at it too": lambda f, c, p: f,
            "the slope of σ is f (1 - f)": lambda f, c, p: f + c * p,
            "the derivative of p c with respect to c is p": lambda f, c, p: f + c * f * (1 - f),
            "the gate multiplies c^(t-1), so its change does too": lambda f, c, p: (
                f + p * f * (1 - f)
            ),
            "the derivative of a product has two terms": lambda f, c, p: c * p * f * (1 - f),
        },
    ))  # fmt: skip

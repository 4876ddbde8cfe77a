"""Chapter 11: a gradient clipped to the wrong thing, the half-life of a leak, and skips."""

from __future__ import annotations

import math
from typing import Any

import torch

from rnn_course.exercises.registry import Part, exercise, formula, holds


@exercise("ex-ch11-clip", "", "a gradient of two numbers")
def clip(gradient: Any) -> None:
    """The angle between it and what clamp leaves of it."""
    try:
        g = torch.as_tensor(gradient).detach().double().flatten()
    except (TypeError, ValueError, RuntimeError):
        kind = type(gradient).__name__
        raise TypeError(f"ex-ch11-clip: expected a tensor of two numbers, got {kind}") from None
    holds(g.shape == (2,) and g.isfinite().all(), "the gradient has two numbers, neither infinite")
    holds(g.norm() > 0, "a gradient of zeros has no direction")
    clipped = g.clamp(-0.5, 0.5)
    angle = math.degrees(math.acos(min(torch.cosine_similarity(g, clipped, 0).item(), 1.0)))
    holds(not torch.equal(g, clipped), "both numbers are within ±0.5: nothing is clipped")
    turned = f"it is turned by {angle:.0f} degrees only: "
    low, high = g.abs().sort().values.tolist()
    holds(
        angle >= 44 or low >= 0.5,
        turned + "the smaller number is not clipped, so what is left leans on the larger one",
    )
    holds(angle >= 44 or low != high, turned + "it lies on the diagonal already")
    holds(angle >= 44, turned + "both numbers are cut to 0.5; how unequal can they be before?")


@exercise("ex-ch11-leak", "alpha", "the number of steps")
def leak(half_life: Any) -> None:
    """α from 0.5 to 0.999."""

    def right(a: float) -> float:
        return math.log(2) / -math.log(a)

    def exact(a: float) -> Any:
        """Whole steps, as the loop counts them, are right as well."""
        steps = half_life(a)
        return right(a) if steps == math.ceil(right(a) - 1e-9) else steps

    alphas = [(0.5,), (0.9,), (0.99,), (0.999,)]
    formula(exact, "alpha", alphas, Part("the number of steps", right, {
        "this is the time constant, not the half-life": lambda a: 1 / (1 - a),
        "after so many steps 1/e is left, not 1/2": lambda a: -1 / math.log(a),
        "the logarithm of α is below zero": lambda a: math.log(2) / math.log(a),
        "one step multiplies by α, not by 1 - α": lambda a: math.log(2) / -math.log(1 - a),
        "h does not fall by the same amount each step, but by the same factor": lambda a: (
            0.5 / (1 - a)
        ),
    }))  # fmt: skip


@exercise("ex-ch11-skip", "gap, d", "the fewest moves over the gap, each of one step or of d")
def skip(moves: Any) -> None:
    """Gaps of 1 to 80 steps, skips over 2 to 30."""
    cases = [(30, 30), (80, 10), (37, 10), (9, 10), (1, 2), (29, 3)]
    formula(moves, "gap, d", cases, Part("the number of moves", lambda T, d: T // d + T % d, {
        "what d does not divide is left over, and takes single steps": lambda T, d: T // d,
        "the last move must not go past the end: what is left takes single steps": lambda T, d: (
            -(-T // d)
        ),
        "a move is a whole one": lambda T, d: T / d,
        "without the skips it would be so many": lambda T, d: T,
    }))  # fmt: skip

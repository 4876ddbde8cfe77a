"""Chapter 14: steps that compose, the work of a scan, and a factor that counts modulo three."""

from __future__ import annotations

import cmath
import math
from typing import Any

from rnn_course.exercises.registry import Part, exercise, formula


@exercise("ex-ch14-compose", "a_1, b_1, a_2, b_2, a_3, b_3", "the b of the three steps in one")
def compose(b: Any) -> None:
    """Steps of both signs."""
    cases = [(0.5, 1.0, -2.0, 0.3, 0.7, -1.0), (1.0, 2.0, 0.0, 3.0, -1.0, 0.5)]
    formula(b, "a_1, b_1, a_2, b_2, a_3, b_3", cases, Part(
        "b of the three steps",
        lambda a_1, b_1, a_2, b_2, a_3, b_3: a_3 * (a_2 * b_1 + b_2) + b_3,
        {
            "what is added at a step is multiplied by all later factors": (
                lambda a_1, b_1, a_2, b_2, a_3, b_3: b_1 + b_2 + b_3
            ),
            "b_1 meets the factors after it, not its own": (
                lambda a_1, b_1, a_2, b_2, a_3, b_3: a_1 * b_1 + a_2 * b_2 + a_3 * b_3
            ),
            "b_1 is multiplied by a_2 and by a_3": (
                lambda a_1, b_1, a_2, b_2, a_3, b_3: a_2 * b_1 + a_3 * b_2 + b_3
            ),
            "the first step comes first": (
                lambda a_1, b_1, a_2, b_2, a_3, b_3: a_1 * (a_2 * b_3 + b_2) + b_1
            ),
        },
    ))  # fmt: skip


@exercise("ex-ch14-work", "T", "the number of products of `in_pairs`, for T a power of 2")
def work(products: Any) -> None:
    """From one step to a thousand."""
    formula(products, "T", [(1,), (2,), (8,), (1024,)], Part(
        "the number of products",
        lambda T: 3 * (T - 1),
        {
            "that is the first level alone; half as many steps are left for the next": (
                lambda T: 3 * T / 2
            ),
            "each level has half as many pairs as the one before": lambda T: (
                1.5 * T * math.log2(T)
            ),
            "the odd states take a product each as well": lambda T: 2 * (T - 1),
            "that is a scan by doubling, in which all T steps stay at each level": lambda T: (
                T * math.log2(T)
            ),
            "that is a scan by doubling, in which all T steps stay at each level; a and b both": (
                lambda T: 2 * T * math.log2(T)
            ),
        },
    ))  # fmt: skip


@exercise("ex-ch14-three", "x", "the complex factor a(x), for x = 0 and x = 1")
def three(a: Any) -> None:
    """Both bits; either way round the circle."""

    def once(x: Any) -> complex:
        return complex(a(x))

    assert abs(once(0) - 1) < 1e-6, "a zero has to leave the state as it is: a(0) = 1"
    turn = once(1)
    assert abs(abs(turn) - 1) < 1e-6, (
        f"|a(1)| is {abs(turn):.3g}: the state would grow or fade; it has to be 1"
    )
    assert abs(turn - 1) > 1e-6, "with a(1) = 1 a one changes nothing"
    assert abs(turn + 1) > 1e-6, "with a(1) = -1 the state is back after two ones, not three"
    assert abs(turn**2 + 1) > 1e-6, "with a(1) = ±i the state is back after four ones, not three"
    assert abs(turn**3 - 1) < 1e-6, (
        f"three ones have to bring the state back; a(1)³ has the angle {cmath.phase(turn**3):.2f}"
    )

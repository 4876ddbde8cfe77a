"""Chapter 5: late answers, a ceiling by hand, the last column, what two halves cost."""

from __future__ import annotations

from itertools import product
from typing import Any

import torch
from torch import Tensor

from rnn_course import checks
from rnn_course.cells import ElmanCell
from rnn_course.exercises.registry import Part, agree, exercise, formula, holds
from rnn_course.networks.both_directions import Bidirectional
from rnn_course.padding import inside


def _ceiling(known: int, unknown: int) -> float:
    """The best accuracy for the majority of fair coins of which some are known."""
    voters, best = known + unknown, 0.0
    for seen in product((0, 1), repeat=known):
        votes = [sum(seen) + sum(rest) for rest in product((0, 1), repeat=unknown)]
        ones = sum(2 * v > voters for v in votes) / len(votes)
        best += max(ones, 1 - ones) / 2**known
    return best


@exercise(
    "ex-ch5-delay",
    "delay",
    "the forward ceilings of the first task and of the second, in the middle of a long sequence",
)
def delay(ceilings: Any) -> None:
    """Delays of 0 to 3 steps."""

    def first(d: int) -> float:
        return _ceiling(1 + min(d, 2), 2 - min(d, 2))

    def second(d: int) -> float:
        return _ceiling(2 + min(d, 1), 1 - min(d, 1))

    def rounded(d: int) -> Any:
        given = ceilings(d)
        is_pair = isinstance(given, tuple | list) and len(given) == 2
        return [round(float(value), 2) for value in given] if is_pair else given

    never = "a delay tells the network more: which coins has it read when it answers?"
    formula(
        rounded,
        "delay",
        [(d,) for d in range(4)],
        Part("the first task", first, {
            never: lambda d: 0.75,
            "it is not linear: after one step, two coins of three are known, and decide "
            "only if they are alike": lambda d: 0.88 if d == 1 else first(d),
            "with two coins to come, one step of delay is not enough": lambda d: second(d),
        }),
        Part("the second task", second, {
            never: lambda d: 0.75,
            "there is one coin to come, not two": first,
        }),
    )  # fmt: skip


@exercise("ex-ch5-ceiling", "", "a number")
def ceiling(share: Any) -> None:
    """The 16 ways in which four coins can fall."""
    value = checks.finite("ex-ch5-ceiling", share)
    needs = "x^(t) has a vote as well: how many of the other four does it need to win?"
    holds(value not in (5 / 16, 1 / 2), needs)
    holds(value != 15 / 16, "one vote more is not enough: three of five make the majority")
    holds(0.5 <= value <= 1, "guessing already gives 1/2, and nothing passes 1")
    near = abs(value - 11 / 16)
    holds(
        near < 1e-4 or near > 0.005,
        "close to the computed one: that counts the last steps too, so compute it by hand",
    )
    holds(near < 1e-4, "let x^(t) be 1, and count the ways of the other four in which 1 wins")


@exercise(
    "ex-ch5-column",
    "states, lengths",
    "the summary of each word, (B, 2 n), where each half of the states has n numbers",
)
def column(summary: Any) -> None:
    """Words of 1 to 8 letters, in one batch."""
    net = Bidirectional(ElmanCell(3, 5), ElmanCell(3, 5)).double()
    lengths = torch.tensor([8, 1, 4, 6])
    states, _ = net(torch.randn(4, 8, 3).double() * inside(lengths, 8)[..., None], lengths=lengths)

    def picked(h_at: Tensor, g_at: Tensor) -> Tensor:
        rows = torch.arange(len(h_at))
        return torch.cat([states[rows, h_at, :5], states[rows, g_at, 5:]], 1)

    tau, last, zero = lengths - 1, torch.full((4,), 7), torch.zeros(4, dtype=torch.int64)
    got = summary(states, lengths)
    agree(got, net.summary(states), "h has read the word at its end, and g at its beginning", {
        "in the last column g has read nothing of the longest word but its last letter": picked(
            last, last
        ),
        "at its last letter g has read nothing else: where does g end?": picked(tau, tau),
        "in the first column h has read one letter only": picked(zero, zero),
        "h and g are the wrong way round": net.summary(states).roll(5, 1),
    })  # fmt: skip


@exercise(
    "ex-ch5-cost",
    "n",
    "the multiplications with W per step: forward with n units, and both with n/2 each",
)
def cost(multiplications: Any) -> None:
    """Networks of 2 to 64 hidden units."""
    formula(
        multiplications,
        "n",
        [(2,), (10,), (64,)],
        Part("the forward network", lambda n: n * n, {
            "each of the n units reads all n of the step before": lambda n: n,
            "this counts additions as well": lambda n: 2 * n * n,
        }),
        Part("both directions", lambda n: n * n / 2, {
            "half the units do not make the same W": lambda n: n * n,
            "this is one direction: there are two": lambda n: n * n / 4,
        }),
    )  # fmt: skip

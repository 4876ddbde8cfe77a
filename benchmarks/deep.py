"""A deep transition with a skip, forward and backward pass: the kernel against the plain loop."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch

from benchmarks.measure import milliseconds, trained
from benchmarks.tanh import SHAPES
from rnn_course import RNN, unroll
from rnn_course.deep import BlockCell, SkipTransition, mlp

GATE = 1.1


@dataclass(frozen=True)
class Row:
    """The medians, in milliseconds, at one shape and thread count."""

    shape: tuple[int, int, int, int]
    threads: int
    ours: float
    loop: float

    @property
    def speed_up(self) -> float:
        """How many times faster than the loop over time that is left to autograd."""
        return self.loop / self.ours

    @property
    def short_of(self) -> list[str]:
        """What this row fails to reach; only one thread gates."""
        if self.threads != 1 or self.speed_up >= GATE:
            return []
        return [f"{self.shape}: {self.speed_up:.2f} of the loop, deep transition, under {GATE}"]


def measure(shape: tuple[int, int, int, int], threads: int, seconds: float) -> Row:
    """Both at one shape, in turns, with the same weights, input and gradient."""
    return Row(shape, threads, **milliseconds(variants, shape, threads, seconds))


def variants(T: int, B: int, n_in: int, H: int) -> dict[str, Callable[[], object]]:
    """What is timed: each takes x to h, (B, T, H), and a gradient there to the weights."""
    x, g = torch.randn(B, T, n_in), torch.randn(B, T, H)
    cell = BlockCell(n_in, mlp(n_in, H), SkipTransition(H, 2))
    rnn = RNN(cell)
    runs = {"ours": trained(lambda: rnn(x)[0], cell, g),
            "loop": trained(lambda: unroll(cell, x)[0], cell, g)}
    torch.testing.assert_close(*(run() for run in runs.values()), atol=1e-4, rtol=1e-4)
    return runs


def markdown(rows: Sequence[Row]) -> str:
    """The table of the benchmarks' page."""
    lines = ["| threads | T, B, n_in, n_hidden | loop left to autograd, ms | this package, ms "
             "| speed-up |", "| ---: | --- | ---: | ---: | ---: |"]
    lines += [f"| {row.threads} | {', '.join(map(str, row.shape))} | {row.loop:.2f} "
              f"| {row.ours:.2f} | **{row.speed_up:.2f}** |" for row in rows]
    return "\n".join(lines)


__all__ = ["SHAPES", "Row", "markdown", "measure", "variants"]

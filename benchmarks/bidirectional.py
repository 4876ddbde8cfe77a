"""From both ends, forward and backward pass: this package against torch.nn.RNN(bidirectional)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import nn

from benchmarks.measure import milliseconds, trained
from benchmarks.tanh import SHAPES
from rnn_course import ElmanCell
from rnn_course.unroll import Bidirectional

GATE = 1.3


@dataclass(frozen=True)
class Row:
    """The medians, in milliseconds, at one shape and thread count."""

    shape: tuple[int, int, int, int]
    threads: int
    ours: float
    torch: float

    @property
    def speed_up(self) -> float:
        """How many times faster than torch.nn.RNN(bidirectional=True)."""
        return self.torch / self.ours

    @property
    def short_of(self) -> list[str]:
        """What this row fails to reach; only one thread gates."""
        if self.threads != 1 or self.speed_up >= GATE:
            return []
        return [f"{self.shape}: {self.speed_up:.2f} of torch.nn.RNN(bidirectional), under {GATE}"]


def measure(shape: tuple[int, int, int, int], threads: int, seconds: float) -> Row:
    """Both at one shape, in turns, with the same weights, input and gradient."""
    return Row(shape, threads, **milliseconds(variants, shape, threads, seconds))


def variants(T: int, B: int, n_in: int, H: int) -> dict[str, Callable[[], object]]:
    """What is timed: each takes x to [h, g], (B, T, 2 H), and a gradient there to the weights."""
    x, g = torch.randn(B, T, n_in), torch.randn(B, T, 2 * H)
    ours = Bidirectional(ElmanCell(n_in, H), ElmanCell(n_in, H))
    theirs = nn.RNN(n_in, H, batch_first=True, bidirectional=True)
    with torch.no_grad():
        for end, cell in (("", ours.forwards.cell), ("_reverse", ours.backwards.cell)):
            for name, value in (("weight_ih", cell.U), ("weight_hh", cell.W), ("bias_ih", cell.b)):
                getattr(theirs, f"{name}_l0{end}").copy_(value)
            getattr(theirs, f"bias_hh_l0{end}").zero_()
    runs = {"ours": trained(lambda: ours(x)[0], ours, g),
            "torch": trained(lambda: theirs(x)[0], theirs, g)}
    torch.testing.assert_close(*(run() for run in runs.values()), atol=1e-4, rtol=1e-4)
    return runs


def markdown(rows: Sequence[Row]) -> str:
    """The table of the benchmarks' page."""
    lines = ["| threads | T, B, n_in, n_hidden (of each) | torch.nn.RNN, both ways, ms "
             "| this package, ms | speed-up |", "| ---: | --- | ---: | ---: | ---: |"]
    lines += [f"| {row.threads} | {', '.join(map(str, row.shape))} | {row.torch:.2f} "
              f"| {row.ours:.2f} | **{row.speed_up:.2f}** |" for row in rows]
    return "\n".join(lines)


__all__ = ["SHAPES", "Row", "markdown", "measure", "variants"]

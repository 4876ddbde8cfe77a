"""Gated cells, forward and backward pass: this package against torch.nn.GRU and torch.nn.LSTM."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import nn

from benchmarks.measure import milliseconds, trained
from benchmarks.tanh import SHAPES
from rnn_course import RNN, GRUCell, LSTMCell

CELLS = {"GRU": (GRUCell, nn.GRU), "LSTM": (LSTMCell, nn.LSTM)}
GATES = {"GRU": 1.0, "LSTM": 0.95}
MEDIAN_GATES = {"GRU": 1.15}


@dataclass(frozen=True)
class Row:
    """The medians, in milliseconds, of one kind of cell at one shape and thread count."""

    kind: str
    shape: tuple[int, int, int, int]
    threads: int
    ours: float
    torch: float

    @property
    def speed_up(self) -> float:
        """How many times faster than torch.nn's."""
        return self.torch / self.ours

    @property
    def short_of(self) -> list[str]:
        """What this row fails to reach; only one thread gates."""
        gate = GATES[self.kind]
        if self.threads != 1 or self.speed_up >= gate:
            return []
        return [f"{self.shape}: {self.speed_up:.2f} of torch.nn.{self.kind}, under {gate}"]


def measure(kind: str, shape: tuple[int, int, int, int], threads: int, seconds: float) -> Row:
    """Both at one shape, in turns, with the same weights, input and gradient."""
    return Row(kind, shape, threads,
               **milliseconds(lambda *shape: variants(kind, *shape), shape, threads, seconds))


def variants(kind: str, T: int, B: int, n_in: int, H: int) -> dict[str, Callable[[], object]]:
    """What is timed: each takes x to h, (B, T, H), and a gradient there to the weights."""
    x, g = torch.randn(B, T, n_in), torch.randn(B, T, H)
    make, nn_make = CELLS[kind]
    ours, theirs = RNN(make(n_in, H)), nn_make(n_in, H, batch_first=True)
    cell = ours.cell
    with torch.no_grad():
        for name, value in (("weight_ih", cell.U), ("weight_hh", cell.W), ("bias_ih", cell.b)):
            getattr(theirs, f"{name}_l0").copy_(value)
        theirs.bias_hh_l0.zero_()                          # as b_r is before training
    runs = {"ours": trained(lambda: ours(x)[0], ours, g),
            "torch": trained(lambda: theirs(x)[0], theirs, g)}
    torch.testing.assert_close(*(run() for run in runs.values()), atol=1e-4, rtol=1e-4)
    return runs


def short_of(rows: Sequence[Row]) -> list[str]:
    """What all rows together fail to reach: the median over the shapes, on one thread."""
    missed = []
    for kind, gate in MEDIAN_GATES.items():
        median = statistics.median(r.speed_up for r in rows if r.kind == kind and r.threads == 1)
        if median < gate:
            missed.append(f"{kind}: {median:.2f} of torch.nn.{kind} in the median, under {gate}")
    return missed


def markdown(rows: Sequence[Row]) -> str:
    """The tables of the benchmarks' page."""
    lines = []
    for kind in CELLS:
        lines += ["", f"**{kind}**", "",
                  f"| threads | T, B, n_in, n_hidden | torch.nn.{kind}, ms | this package, ms "
                  "| speed-up |", "| ---: | --- | ---: | ---: | ---: |"]
        lines += [f"| {row.threads} | {', '.join(map(str, row.shape))} | {row.torch:.2f} "
                  f"| {row.ours:.2f} | **{row.speed_up:.2f}** |" for row in rows
                  if row.kind == kind]
    return "\n".join(lines[1:])


__all__ = ["CELLS", "SHAPES", "Row", "markdown", "measure", "short_of", "variants"]

"""This package against one peer, forward and backward pass: both ends, gates, deep transitions."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import nn

from benchmarks.measure import copy_weights, milliseconds, trained
from benchmarks.tanh import SHAPES
from rnn_course import RNN, ElmanCell, GRUCell, LSTMCell, unroll
from rnn_course.networks.both_directions import Bidirectional
from rnn_course.networks.deep import BlockCell, SkipTransition, mlp

Runs = dict[str, Callable[[], object]]


def both_ends(T: int, B: int, n_in: int, H: int) -> Runs:
    """Two tanh networks over one input, one from each end."""
    ours = Bidirectional(ElmanCell(n_in, H), ElmanCell(n_in, H))
    theirs = nn.RNN(n_in, H, batch_first=True, bidirectional=True)
    copy_weights(ours.forwards.cell, theirs)
    copy_weights(ours.backwards.cell, theirs, "_reverse")
    return _runs(ours, theirs, T, B, n_in, 2 * H)


def gru(T: int, B: int, n_in: int, H: int) -> Runs:
    """A GRU that resets after the matrix product, as torch's does."""
    ours, theirs = RNN(GRUCell(n_in, H)), nn.GRU(n_in, H, batch_first=True)
    copy_weights(ours.cell, theirs)  # b_r starts at zero
    return _runs(ours, theirs, T, B, n_in, H)


def lstm(T: int, B: int, n_in: int, H: int) -> Runs:
    """An LSTM, which this package delegates to torch."""
    ours, theirs = RNN(LSTMCell(n_in, H)), nn.LSTM(n_in, H, batch_first=True)
    copy_weights(ours.cell, theirs)
    return _runs(ours, theirs, T, B, n_in, H)


def deep_transition(T: int, B: int, n_in: int, H: int) -> Runs:
    """Two layers from state to state, with a skip: the kernel, and the plain loop."""
    cell = BlockCell(n_in, mlp(n_in, H), SkipTransition(H, 2))
    x, g = torch.randn(B, T, n_in), torch.randn(B, T, H)
    rnn = RNN(cell)
    return {
        "ours": trained(lambda: rnn(x)[0], cell, g),
        "theirs": trained(lambda: unroll(cell, x)[0], cell, g),
    }


@dataclass(frozen=True)
class Comparison:
    """What is compared, and with which peer.

    Attributes:
        gate: How many times faster each shape has to be, on one thread.
        median_gate: The same for the median over all shapes; 0 if there is no such gate.
    """

    title: str
    peer: str
    variants: Callable[[int, int, int, int], Runs]
    gate: float
    median_gate: float = 0.0


COMPARISONS = (
    Comparison("From both ends", "torch.nn.RNN(bidirectional)", both_ends, 1.3),
    Comparison("GRU", "torch.nn.GRU", gru, 1.0, median_gate=1.15),
    Comparison("LSTM", "torch.nn.LSTM", lstm, 0.95),
    Comparison("Deep transition", "the loop left to autograd", deep_transition, 1.1),
)


@dataclass(frozen=True)
class Row:
    """The medians, in milliseconds, of one comparison at one shape and thread count."""

    of: Comparison
    shape: tuple[int, int, int, int]
    threads: int
    ours: float
    theirs: float

    @property
    def speed_up(self) -> float:
        """How many times faster than the peer."""
        return self.theirs / self.ours

    @property
    def short_of(self) -> list[str]:
        """The gates that this row misses, on one thread only."""
        if self.threads != 1 or self.speed_up >= self.of.gate:
            return []
        return [
            f"{self.of.title}, {self.shape}: {self.speed_up:.2f} times as fast as "
            f"{self.of.peer}, under {self.of.gate}"
        ]


def measure(of: Comparison, shape: tuple[int, int, int, int], threads: int, seconds: float) -> Row:
    """Both at one shape, in turns, with the same weights, input and gradient."""

    def checked(*sizes: int) -> Runs:
        runs = of.variants(*sizes)
        torch.testing.assert_close(*(run() for run in runs.values()), atol=1e-4, rtol=1e-4)
        return runs

    return Row(of, shape, threads, **milliseconds(checked, shape, threads, seconds))


def short_of(rows: Sequence[Row]) -> list[str]:
    """The gates that the medians over the shapes miss, on one thread."""
    missed = []
    for of in dict.fromkeys(row.of for row in rows):
        median = statistics.median(r.speed_up for r in rows if r.of == of and r.threads == 1)
        if median < of.median_gate:
            missed.append(
                f"{of.title}: {median:.2f} times as fast as {of.peer} in the median, "
                f"under {of.median_gate}"
            )
    return missed


def markdown(rows: Sequence[Row]) -> str:
    """The tables of the benchmarks' page, one per comparison."""
    lines = []
    for of in dict.fromkeys(row.of for row in rows):
        lines += [
            "",
            f"**{of.title}**",
            "",
            f"| threads | T, B, n_in, n_hidden | speed-up | {of.peer}, ms | this package, ms |",
            "| ---: | --- | ---: | ---: | ---: |",
        ]
        lines += [
            f"| {row.threads} | {', '.join(map(str, row.shape))} | **{row.speed_up:.2f}** "
            f"| {row.theirs:.2f} | {row.ours:.2f} |"
            for row in rows
            if row.of == of
        ]
    return "\n".join(lines[1:])


def _runs(ours: nn.Module, theirs: nn.Module, T: int, B: int, n_in: int, n_out: int) -> Runs:
    """Both take x to h (B, T, n_out), and a gradient at h back to the weights."""
    x, g = torch.randn(B, T, n_in), torch.randn(B, T, n_out)
    return {
        "ours": trained(lambda: ours(x)[0], ours, g),
        "theirs": trained(lambda: theirs(x)[0], theirs, g),
    }


__all__ = ["COMPARISONS", "SHAPES", "Comparison", "Row", "markdown", "measure", "short_of"]

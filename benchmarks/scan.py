"""Linear recurrences: where the scan pays, and where the loop is as good or better."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import nn

from benchmarks.measure import milliseconds, trained
from rnn_course.experiments.scan import WAYS, inputs
from rnn_course.networks.linear import MinGRU
from rnn_course.rnn import RNN

SHAPES = [(1, 16, 3136), (8, 32, 784), (32, 64, 784), (128, 128, 784), (32, 64, 50)]  # (B, H, T)
GATES = {(8, 32, 784): 5.0}
"""How many times faster than the loop the scan has to be, on one thread."""
LAYER = (32, 64, 784)
"""Where a whole minGRU has to be at least as fast as torch's GRU."""


@dataclass(frozen=True)
class Row:
    """The medians, in milliseconds, at one shape (B, H, T) and thread count."""

    shape: tuple[int, int, int]
    threads: int
    loop: float
    scan: float
    doubling: float
    logarithms: float

    @property
    def speed_up(self) -> float:
        """How many times faster the scan is than the loop."""
        return self.loop / self.scan

    @property
    def short_of(self) -> list[str]:
        """The gate that this row misses, on one thread only."""
        gate = GATES.get(self.shape, 0.0) if self.threads == 1 else 0.0
        if self.speed_up >= gate:
            return []
        return [f"scan {self.shape}: {self.speed_up:.2f} times as fast as the loop, under {gate}"]


@dataclass(frozen=True)
class Layer:
    """The medians, in milliseconds, of a whole minGRU and of torch's GRU."""

    threads: int
    mingru: float
    gru: float

    @property
    def speed_up(self) -> float:
        """How many times faster the minGRU is."""
        return self.gru / self.mingru

    @property
    def short_of(self) -> list[str]:
        """The gate, on one thread only."""
        if self.threads != 1 or self.speed_up >= 1:
            return []
        return [f"minGRU {LAYER}: {self.speed_up:.2f} times as fast as torch.nn.GRU, under 1"]


def measure(shape: tuple[int, int, int], threads: int, seconds: float) -> Row:
    """All ways at one shape, in turns, with the same numbers and the same gradient."""
    return Row(shape, threads, **milliseconds(variants, shape, threads, seconds, at_least=3))


def variants(B: int, H: int, T: int) -> dict[str, Callable[[], object]]:
    """What is timed: each way takes a, b and h0 to h, and a gradient at h back to a and b."""
    *given, h0, g = inputs(B, H, T)
    both = nn.ParameterList(given)
    runs = {
        name: trained(lambda way=way: way(*both, h0), both, g)  # type: ignore[misc]
        for name, way in WAYS.items()
    }
    expected = runs["loop"]()
    for name, run in runs.items():  # a fast wrong answer is worth nothing
        close = 1e-2 if name == "logarithms" else 1e-4
        torch.testing.assert_close(run(), expected, atol=close, rtol=close)
    return runs


def measure_layer(threads: int, seconds: float) -> Layer:
    """A minGRU through its kernel and torch.nn.GRU, of one width, on one input."""

    def layers(B: int, H: int, T: int) -> dict[str, Callable[[], object]]:
        x, g = torch.randn(B, T, H), torch.randn(B, T, H)
        ours, theirs = RNN(MinGRU(H, H)), nn.GRU(H, H, batch_first=True)
        return {
            "mingru": trained(lambda: ours(x)[0], ours, g),
            "gru": trained(lambda: theirs(x)[0], theirs, g),
        }

    return Layer(threads, **milliseconds(layers, LAYER, threads, seconds, at_least=3))


def markdown(rows: Sequence[Row], layers: Sequence[Layer]) -> str:
    """The map as the page shows it: ratios to the loop, the losses included."""
    lines = [
        "**Linear recurrences**",
        "",
        "| threads | B, H, T | speed-up | loop, ms | scan of depth log T, speed-up "
        "| in logarithms, speed-up |",
        "| ---: | --- | ---: | ---: | ---: | ---: |",
    ]
    lines += [
        f"| {row.threads} | {', '.join(map(str, row.shape))} | **{row.speed_up:.2f}** "
        f"| {row.loop:.1f} | {row.loop / row.doubling:.2f} "
        f"| {row.loop / row.logarithms:.2f} |"
        for row in rows
    ]
    shape = ", ".join(map(str, LAYER))
    lines += [""] + [
        f"On {layer.threads} thread{'s' if layer.threads > 1 else ''}, a minGRU takes "
        f"{layer.mingru:.1f} ms at {shape}, torch.nn.GRU {layer.gru:.1f} ms: "
        f"**{layer.speed_up:.2f}** times as fast."
        for layer in layers
    ]
    return "\n".join(lines)

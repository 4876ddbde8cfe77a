"""The tanh recurrence, forward and backward: this package, torch.nn.RNN, a loop, and the limit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import nn

from benchmarks.measure import (
    alive_between_passes,
    copy_weights,
    interleaved,
    milliseconds,
    trained,
)
from rnn_course import RNN, ElmanCell, unroll

SHAPES = [
    (20, 64, 32, 64),
    (50, 32, 64, 128),
    (100, 64, 64, 128),  # (T, B, n_in, n_hidden)
    (200, 32, 128, 256),
    (784, 32, 1, 128),
    (1000, 16, 2, 128),
]


def gate(shape: tuple[int, ...]) -> float:
    """How many times as fast as torch.nn.RNN a shape has to be, on one thread."""
    return 1.4 if shape[0] >= 784 else 1.2


@dataclass(frozen=True)
class Row:
    """The medians, in milliseconds, at one shape and thread count."""

    shape: tuple[int, int, int, int]
    threads: int
    ours: float
    torch: float
    d2l: float
    limit: float

    @property
    def speed_up(self) -> float:
        """How many times faster than torch.nn.RNN."""
        return self.torch / self.ours

    @property
    def of_limit(self) -> float:
        """How many times as long as the matrix products alone."""
        return self.ours / self.limit

    @property
    def short_of(self) -> list[str]:
        """The gates that this row misses, on one thread only: two are too noisy."""
        if self.threads != 1:
            return []
        least, most = gate(self.shape), (1.25 if self.shape[3] == 256 else 1.9)
        missed = []
        if self.speed_up < least:
            missed.append(
                f"{self.shape}: {self.speed_up:.2f} times as fast as torch.nn.RNN, under {least}"
            )
        if self.of_limit > most:
            missed.append(f"{self.shape}: {self.of_limit:.2f} times the limit, over {most}")
        return missed


def measure(shape: tuple[int, int, int, int], threads: int, seconds: float) -> Row:
    """All four at one shape, in turns, with the same weights, input and gradient."""
    return Row(shape, threads, **milliseconds(variants, shape, threads, seconds))


def variants(T: int, B: int, n_in: int, H: int) -> dict[str, Callable[[], object]]:
    """What is timed: each takes x to h and a gradient at h back to the weights."""
    x, g = torch.randn(B, T, n_in), torch.randn(B, T, H)
    cell = ElmanCell(n_in, H)
    ours, theirs = RNN(cell), nn.RNN(n_in, H, batch_first=True)
    copy_weights(cell, theirs)

    def d2l() -> torch.Tensor:
        h, out = x.new_zeros(B, H), []
        for t in range(T):
            h = torch.tanh(x[:, t] @ cell.U.T + h @ cell.W.T + cell.b)
            out.append(h)
        return torch.stack(out, 1)

    runs = {
        "ours": trained(lambda: ours(x)[0], ours, g),
        "torch": trained(lambda: theirs(x)[0], theirs, g),
        "d2l": trained(d2l, ours, g),
    }
    results = [run() for run in runs.values()]
    for other in results[1:]:  # a fast wrong answer is worth nothing
        torch.testing.assert_close(other, results[0], atol=1e-4, rtol=1e-4)
    return {**runs, "limit": matrix_products(T, B, n_in, H)}


def matrix_products(T: int, B: int, n_in: int, H: int) -> Callable[[], object]:
    """The step's matrix products alone: no version with a BLAS call per step is much faster.

    T recurrent ones forward and T backward, and three for all steps: U x, ∂L/∂U and ∂L/∂W.
    """
    x, U, W = torch.randn(T * B, n_in), torch.randn(H, n_in), torch.randn(H, H)
    h, out, delta = torch.randn(3, T, B, H)

    def run() -> None:
        torch.mm(x, U.T, out=out.view(T * B, H))
        for h_t, out_t in zip(h.unbind(0), out.unbind(0), strict=True):
            torch.mm(h_t, W.T, out=out_t)
        for d_t, out_t in zip(delta.unbind(0), out.unbind(0), strict=True):
            torch.mm(d_t, W, out=out_t)
        delta.view(T * B, H).T @ h.view(T * B, H)
        delta.view(T * B, H).T @ x

    return run


@dataclass(frozen=True)
class Scaling:
    """How time and memory grow with the number of steps."""

    steps: list[int]
    milliseconds: list[float]
    exponent: float
    bytes_ours: int
    bytes_loop: int

    @property
    def short_of(self) -> list[str]:
        """The gates that these figures miss."""
        missed = []
        if abs(self.exponent - 1) > 0.1:
            missed.append(f"time grows as T^{self.exponent:.2f}, not as T^(1.0 ± 0.1)")
        if self.bytes_ours > self.bytes_loop:
            missed.append(f"{self.bytes_ours} bytes in use, {self.bytes_loop} in autograd's loop")
        return missed


def scaling(
    seconds: float,
    steps: Sequence[int] = (50, 100, 200, 400, 800, 1600, 3200),
    at_least: int = 15,
    B: int = 16,
    n_in: int = 32,
    H: int = 128,
) -> Scaling:
    """The exponent of time in T, fitted over `steps`, and the memory at T = 400."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    rnn = RNN(ElmanCell(n_in, H))

    def trained(T: int) -> Callable[[], object]:
        x, g = torch.randn(B, T, n_in), torch.randn(B, T, H)
        return lambda: rnn(x)[0].backward(g)

    medians = interleaved({str(T): trained(T) for T in steps}, seconds, at_least)
    log_T, log_time = torch.tensor(steps).log(), torch.tensor(list(medians.values())).log()
    exponent = (
        torch.linalg.lstsq(torch.stack([log_T, torch.ones(len(steps))], 1), log_time[:, None])
        .solution[0]
        .item()
    )
    x = torch.randn(B, 400, n_in)
    return Scaling(
        list(steps),
        [1e3 * value for value in medians.values()],
        exponent,
        alive_between_passes(lambda: rnn(x)[0]),
        alive_between_passes(lambda: unroll(rnn.cell, x)[0]),
    )

"""Chapter 14, M4: how long a linear recurrence takes in a loop and in three kinds of scan."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from statistics import median
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from rnn_course.devices import Device, find_device
from rnn_course.experiments.base import Experiment
from rnn_course.kernels.scan import scan


def unbound(a: Tensor, b: Tensor, h: Tensor) -> Tensor:
    """The loop, which autograd records: two operations per step."""
    out = []
    for a_t, b_t in zip(a.unbind(1), b.unbind(1), strict=True):
        h = a_t * h + b_t
        out.append(h)
    return torch.stack(out, dim=1)


def doubling(a: Tensor, b: Tensor, h0: Tensor) -> Tensor:
    """The textbook's scan, some 2 T log₂ T products in log₂ T rounds, each over twice the distance.

    Source: Hillis and Steele (1986).
    """
    d = 1
    while d < a.shape[1]:
        b = torch.cat([b[:, :d], b[:, d:] + a[:, d:] * b[:, :-d]], dim=1)
        a = torch.cat([a[:, :d], a[:, d:] * a[:, :-d]], dim=1)
        d *= 2
    return a * h0.unsqueeze(1) + b


def in_logarithms(a: Tensor, b: Tensor, h0: Tensor) -> Tensor:
    """A cumulative sum of logarithms, for a, b and h0 above zero.

    Source: Heinsen (2023), in the form of Feng et al. (2024).
    """
    log_a = F.pad(a.log().cumsum(1), (0, 0, 1, 0))
    log_b = torch.cat([h0.unsqueeze(1), b], dim=1).log()
    return (log_a + (log_b - log_a).logcumsumexp(1)).exp()[:, 1:]


WAYS: Mapping[str, Callable[[Tensor, Tensor, Tensor], Tensor]] = {
    "loop": unbound,
    "scan": scan,
    "doubling": doubling,
    "logarithms": in_logarithms,
}
"""All take a, b (B, T, H) and h0 (B, H) to h (B, T, H)."""

SHAPES = ((1, 16, 3136), (8, 32, 784), (32, 64, 784), (128, 128, 784))
"""B, H, T: from one sequence of few units to as many as keep a processor busy."""


def inputs(B: int, H: int, T: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """a, b, h0, and a gradient at h. a is between .05 and .95."""
    torch.manual_seed(0)
    a, b = torch.rand(B, T, H) * 0.9 + 0.05, torch.rand(B, T, H) + 0.01
    return a, b, torch.ones(B, H), torch.randn(B, T, H)


def trial(
    checkpoint: Path, progress: bool, device: Device, B: int, H: int, T: int, rounds: int
) -> dict[str, Any]:
    """Milliseconds forward and back, the median of `rounds` in turns, and the largest errors.

    An error is that of h, relative to the largest h, against the loop in double precision.
    """
    to = find_device(device)
    a, b, h0, g = inputs(B, H, T)
    exact = unbound(a.double(), b.double(), h0.double())
    a, b, h0, g = (each.to(to) for each in (a, b, h0, g))
    wanted = a.requires_grad_(), b.requires_grad_()
    seconds: dict[str, list[float]] = {name: [] for name in WAYS}
    found: dict[str, Any] = {}
    for _ in range(rounds + 1):  # the first warms up
        for name, way in WAYS.items():
            start = time.perf_counter()
            h = way(a, b, h0)
            grad, _ = torch.autograd.grad(h, wanted, g)
            grad[0, 0, 0].item()  # waits for a device that works on by itself
            seconds[name].append(time.perf_counter() - start)
            error = (h.detach().cpu() - exact).abs().max() / exact.abs().max()
            found[f"{name}_error"] = error.item()
    return {**{name: 1e3 * median(of[1:]) for name, of in seconds.items()}, **found}


_REHEARSAL = {"B": 2, "H": 4, "T": 50, "rounds": 2}

EXPERIMENT = Experiment(
    name="scan",
    about="Milliseconds of a linear recurrence, in a loop and in three kinds of scan.",
    statements=("M4",),
    settings=(*({"B": B, "H": H, "T": T, "rounds": 5} for B, H, T in SHAPES), _REHEARSAL),
    trial=trial,
    small=(_REHEARSAL,),
    tolerance={"loop_error": 1e-5, "scan_error": 1e-5, "doubling_error": 1e-5},
)

"""Chapter 9: the derivative of one unit over many steps, and back-propagation that is cut off."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from rnn_course.cells import ElmanCell
from rnn_course.exercises.registry import agree, exercise
from rnn_course.rnn import unroll


@exercise("ex-ch9-one", "w, h", "∂h^(T)/∂h^(t), where h holds h^(t), …, h^(T)")
def one(derivative: Any) -> None:
    """One step and seven, for two sizes of w."""
    for w, steps in ((1.2, 1), (1.2, 7), (-0.8, 7)):
        start = torch.tensor(0.3, dtype=torch.float64, requires_grad=True)
        h: list[Tensor] = [start]
        for _ in range(steps):
            h.append(torch.tanh(w * h[-1] + 0.5 * torch.randn((), dtype=torch.float64)))
        (want,) = torch.autograd.grad(h[-1], start)
        states = torch.stack(h).detach()
        slopes = 1 - states**2
        got = derivative(w, states)
        agree(got, want, f"over {steps} steps with w = {w} it is what autograd finds", {
            "the slopes are missing: tanh flattens each step": torch.tensor(w**steps),
            "the slope at h^(t) is not part of it: t is where the path begins": (
                w**steps * slopes.prod()
            ),
            "the slope at h^(T) is part of it: the path ends behind its tanh": (
                w**steps * slopes[:-1].prod()
            ),
            "each slope is there, but w is a factor of each step, not of one": (
                w * slopes[1:].prod()
            ) if steps > 1 else torch.nan,
            "w is missing": slopes[1:].prod(),
            "the slope of tanh is 1 - h², with h its output": (
                w**steps * (1 - torch.tanh(states[1:]) ** 2).prod()
            ),
            "one factor w for each step: from t to T there are T - t of them": (
                w ** (steps + 1) * slopes[1:].prod()
            ),
        })  # fmt: skip


@exercise(
    "ex-ch9-truncated",
    "cell, x, loss, k",
    "the gradient of loss(h^(T)) with respect to W, the state detached after every k steps",
)
def truncated(gradient: Any) -> None:
    """Ten and twelve steps, cut after every 3, 5 or 12."""
    cell, v = ElmanCell(3, 4).double(), torch.randn(4).double()

    def loss(h_T: Tensor) -> Tensor:
        return torch.tanh(h_T @ v).sum()

    def of(x: Tensor, state: Tensor | None = None) -> Tensor:
        return torch.autograd.grad(loss(unroll(cell, x, state)[1]), cell.W)[0]

    for steps, k in ((12, 3), (10, 5), (12, 12)):
        x = torch.randn(1, steps, 3).double()
        before = unroll(cell, x[:, :-k])[1].detach() if k < steps else None
        got = gradient(cell, x, loss, k)
        got = got[0] if isinstance(got, tuple) and len(got) == 1 else got
        agree(got, of(x[:, -k:], before), f"of {steps} steps the last {k} are left", {
            "this is the whole gradient: nothing has been cut off": of(x),
            "the state is to be handed on, detached, and not to start anew": of(x[:, -k:]),
            "these are the first k steps": of(x[:, :k]),
            "one step is left: detach after every k steps, not after each": of(
                x[:, -1:], unroll(cell, x[:, :-1])[1].detach()
            ),
        })  # fmt: skip

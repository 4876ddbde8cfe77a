"""Exhibits 1 to 3, without their bugs, and what the bugs cost: inside the recurrence."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from rnn_course.homework.museum.measuring import (
    N_SYMBOLS,
    Cost,
    compared,
    examples,
    learned,
    of_echo,
)

# --- 1: no non-linearity --------------------------------------------------------------------------


class WithTanh(nn.Module):
    """x (B, T, 3) to o (B, T, 2), an Elman network written as a loop."""

    def __init__(self, n_in: int = 3, n_hidden: int = 32, n_out: int = 2) -> None:
        super().__init__()
        self.n_hidden = n_hidden
        self.i2h = nn.Linear(n_in + n_hidden, n_hidden)
        self.h2o = nn.Linear(n_hidden, n_out)

    def forward(self, x: Tensor) -> Tensor:
        h, out = x.new_zeros(len(x), self.n_hidden), []
        for x_t in x.unbind(1):
            h = torch.tanh(self.i2h(torch.cat([x_t, h], dim=1)))
            out.append(self.h2o(h))
        return torch.stack(out, dim=1)


class WithReLU(nn.Module):
    """The same interface, of torch's own network, with another non-linearity."""

    def __init__(self, n_in: int = 3, n_hidden: int = 32, n_out: int = 2) -> None:
        super().__init__()
        self.rnn = nn.RNN(n_in, n_hidden, nonlinearity="relu", batch_first=True)
        self.h2o = nn.Linear(n_hidden, n_out)

    def forward(self, x: Tensor) -> Tensor:
        return self.h2o(self.rnn(x)[0])


def cost_of_no_nonlinearity(broken: Any) -> Cost:
    """Two questions about the step before: do its first two bits differ; what was the third?"""

    def draw(g: torch.Generator) -> tuple[Tensor, Tensor]:
        bits = torch.randint(2, (64, 8, 3), generator=g)
        answers = torch.stack([bits[..., 0] != bits[..., 1], bits[..., 2] == 1], dim=2)
        return 2 * bits.float() - 1, answers[:, :-1].float()

    def loss(model: nn.Module, x: Tensor, y: Tensor) -> Tensor:
        return F.binary_cross_entropy_with_logits(model(x)[:, 1:], y)

    figures = {}
    x, y = examples(draw)
    for name, make in ("with the bug", broken), ("repaired", WithTanh):
        right = (learned(make, loss, draw, 300)(x)[:, 1:] > 0) == (y > 0)
        figures[f"{name}: do they differ?"] = right[..., 0].double().mean().item()
        figures[f"{name}: what was it?"] = right[..., 1].double().mean().item()
    return Cost("Accuracy, one step back", {**figures, "a coin": 0.5})


# --- 2: the state detached at every step ----------------------------------------------------------


class Attached(nn.Module):
    """x (B, T, 8) to o (B, T, 8), an Elman network written as a loop."""

    def __init__(self, n_in: int = N_SYMBOLS, n_hidden: int = 32) -> None:
        super().__init__()
        self.cell = nn.RNNCell(n_in, n_hidden)
        self.V = nn.Linear(n_hidden, n_in)

    def forward(self, x: Tensor) -> Tensor:
        h, out = x.new_zeros(len(x), self.cell.hidden_size), []
        for x_t in x.unbind(1):
            h = self.cell(x_t, h)
            out.append(h)
        return self.V(torch.stack(out, dim=1))


class Whole(nn.Module):
    """The same interface; torch runs the loop."""

    def __init__(self, n_in: int = N_SYMBOLS, n_hidden: int = 32) -> None:
        super().__init__()
        self.rnn = nn.RNN(n_in, n_hidden, batch_first=True)
        self.V = nn.Linear(n_hidden, n_in)

    def forward(self, x: Tensor) -> Tensor:
        return self.V(self.rnn(x)[0])


def cost_of_detaching(broken: Any) -> Cost:
    """Which symbol came four steps ago?"""
    return Cost("Accuracy, four steps back", compared(broken, Attached, of_echo(4, 12), 400))


# --- 3: the state always read from the start ------------------------------------------------------


class HandedOn(nn.Module):
    """x (B, T, 8) and the state that the window before returned, to o (B, T, 8) and the next."""

    def __init__(self, n_in: int = N_SYMBOLS, n_hidden: int = 32) -> None:
        super().__init__()
        self.rnn = nn.GRU(n_in, n_hidden, batch_first=True)
        self.V = nn.Linear(n_hidden, n_in)

    def forward(self, x: Tensor, state: Tensor | None = None) -> tuple[Tensor, Tensor]:
        h, state = self.rnn(x, state)
        return self.V(h), state


class HandedOnByHand(nn.Module):
    """The same interface, step by step; its state has another shape."""

    def __init__(self, n_in: int = N_SYMBOLS, n_hidden: int = 32) -> None:
        super().__init__()
        self.cell = nn.GRUCell(n_in, n_hidden)
        self.V = nn.Linear(n_hidden, n_in)

    def forward(self, x: Tensor, state: Tensor | None = None) -> tuple[Tensor, Tensor]:
        h = x.new_zeros(len(x), self.cell.hidden_size) if state is None else state
        out = []
        for x_t in x.unbind(1):
            h = self.cell(x_t, h)
            out.append(self.V(h))
        return torch.stack(out, dim=1), h


class _InWindows(nn.Module):
    """A network run over windows of four steps, the state handed on from one to the next."""

    def __init__(self, kind: Any) -> None:
        super().__init__()
        self.network = kind()

    def forward(self, x: Tensor) -> Tensor:
        state, out = None, []
        for window in x.split(4, dim=1):
            o, state = self.network(window, state)
            out.append(o)
            state = state.detach()
        return torch.cat(out, dim=1)


def cost_of_starting_anew(broken: Any) -> Cost:
    """Which symbol came three steps ago, in a stream that is read in windows of four?"""
    figures = compared(
        lambda: _InWindows(broken), lambda: _InWindows(HandedOn), of_echo(3, 20), 250
    )
    return Cost("Accuracy, three steps back, in windows of four", figures)

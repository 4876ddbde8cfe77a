"""Exhibits 7 to 9, without their bugs, and what the bugs cost: which axis is which."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from rnn_course.homework.museum.measuring import N_SYMBOLS, Cost, compared, of_echo

# --- 7: view for transpose ------------------------------------------------------------------------


class Transposed(nn.Module):
    """x (B, T, 8) to o (B, T, 8), through a network that wants its time first."""

    def __init__(self, n_in: int = N_SYMBOLS, n_hidden: int = 32) -> None:
        super().__init__()
        self.rnn = nn.GRU(n_in, n_hidden)
        self.V = nn.Linear(n_hidden, n_in)

    def forward(self, x: Tensor) -> Tensor:
        h, _ = self.rnn(x.transpose(0, 1))
        return self.V(h.transpose(0, 1))


class BatchFirst(nn.Module):
    """The same interface, through one that wants its batch first."""

    def __init__(self, n_in: int = N_SYMBOLS, n_hidden: int = 32) -> None:
        super().__init__()
        self.rnn = nn.GRU(n_in, n_hidden, batch_first=True)
        self.V = nn.Linear(n_hidden, n_in)

    def forward(self, x: Tensor) -> Tensor:
        return self.V(self.rnn(x)[0])


def cost_of_view(broken: Any) -> Cost:
    """Which symbol came one step ago?"""
    return Cost("Accuracy, one step back", compared(broken, Transposed, of_echo(1, 10, 32), 200))


# --- 8: the final state under batch_first ---------------------------------------------------------


class BothLevels(nn.Module):
    """x (B, T, 8) to o (B, 8), from the final states of two levels."""

    def __init__(self, n_in: int = N_SYMBOLS, n_hidden: int = 16) -> None:
        super().__init__()
        self.rnn = nn.GRU(n_in, n_hidden, num_layers=2, batch_first=True)
        self.V = nn.Linear(2 * n_hidden, n_in)

    def forward(self, x: Tensor) -> Tensor:
        _, h_n = self.rnn(x)
        return self.V(h_n.transpose(0, 1).reshape(len(x), -1))


class OneByOne(BothLevels):
    """The same, level by level."""

    def forward(self, x: Tensor) -> Tensor:
        _, (lower, upper) = self.rnn(x)
        return self.V(torch.cat([lower, upper], dim=1))


def cost_of_the_final_state(broken: Any) -> Cost:
    """Which symbol came last but one?"""

    def draw(g: torch.Generator) -> tuple[Tensor, Tensor]:
        symbols = torch.randint(N_SYMBOLS, (64, 8), generator=g)
        return F.one_hot(symbols, N_SYMBOLS).float(), symbols[:, -2]

    return Cost("Which symbol came last but one?", compared(broken, BothLevels, draw, 200))


# --- 9: the final state handed to the next level --------------------------------------------------


class TwoLevels(nn.Module):
    """x (B, T, 8) to o (B, T, 8): the upper level reads what the lower one says at each step."""

    def __init__(self, n_in: int = N_SYMBOLS, n_hidden: int = 32) -> None:
        super().__init__()
        self.lower = nn.GRU(n_in, n_hidden, batch_first=True)
        self.upper = nn.GRU(n_hidden, n_hidden, batch_first=True)
        self.V = nn.Linear(n_hidden, n_in)

    def forward(self, x: Tensor) -> Tensor:
        return self.V(self.upper(self.lower(x)[0])[0])


class TwoCells(nn.Module):
    """The same interface, step by step, both levels at each step."""

    def __init__(self, n_in: int = N_SYMBOLS, n_hidden: int = 32) -> None:
        super().__init__()
        self.lower = nn.GRUCell(n_in, n_hidden)
        self.upper = nn.GRUCell(n_hidden, n_hidden)
        self.V = nn.Linear(n_hidden, n_in)

    def forward(self, x: Tensor) -> Tensor:
        low = high = x.new_zeros(len(x), self.lower.hidden_size)
        out = []
        for x_t in x.unbind(1):
            low = self.lower(x_t, low)
            high = self.upper(low, high)
            out.append(self.V(high))
        return torch.stack(out, dim=1)


def cost_of_the_final_state_handed_up(broken: Any) -> Cost:
    """Which symbol came one step ago?"""
    return Cost("Accuracy, one step back", compared(broken, TwoLevels, of_echo(1, 10), 200))

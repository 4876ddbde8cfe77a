"""Exhibits 4 to 6, without their bugs, and what the bugs cost: where a sequence ends."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.rnn import pack_padded_sequence

from rnn_course.homework.museum.measuring import (
    N_SYMBOLS,
    Cost,
    accuracy,
    compared,
    entropy,
    learned,
)
from rnn_course.padding import inside
from rnn_course.tasks.base import Split, Task
from rnn_course.tasks.names import load_names

LANGUAGES = "de", "es", "fi", "hu", "sw"
N_LETTERS = 128
"""No fewer than there are letters in the names."""


@cache
def names() -> Task:
    """Names in five languages."""
    return load_names(LANGUAGES)


def of_names(split: Split, batch: int = 64) -> Callable[[torch.Generator], tuple[Tensor, ...]]:
    """Draws names x (B, T), padded to the longest of the batch, with languages y and lengths."""
    assert split.lengths is not None
    lengths = split.lengths

    def draw(g: torch.Generator) -> tuple[Tensor, ...]:
        rows = torch.randint(len(split.x), (batch,), generator=g)
        return split.x[rows, : int(lengths[rows].max())], split.y[rows], lengths[rows]

    return draw


# --- 4: the summary read at the padding -----------------------------------------------------------


class OwnEnd(nn.Module):
    """Names x (B, T) and their lengths to o (B, 5), from the state at each name's own end."""

    def __init__(self, rnn: Any = nn.RNN, n_symbols: int = N_LETTERS, n_hidden: int = 32) -> None:
        super().__init__()
        self.embed = nn.Embedding(n_symbols, 16)
        self.rnn = rnn(16, n_hidden, batch_first=True)
        self.V = nn.Linear(n_hidden, len(LANGUAGES))

    def forward(self, x: Tensor, lengths: Tensor) -> Tensor:
        h, _ = self.rnn(self.embed(x))
        return self.V(h[torch.arange(len(x)), lengths - 1])


class Packed(OwnEnd):
    """The same, packed."""

    def forward(self, x: Tensor, lengths: Tensor) -> Tensor:
        packed = pack_padded_sequence(self.embed(x), lengths, True, enforce_sorted=False)
        return self.V(self.rnn(packed)[1][-1])


def cost_of_reading_the_padding(broken: Any) -> Cost:
    """Which of five languages is a name in? An Elman network and a GRU answer."""
    task = names()
    draw = of_names(task.train)
    x, y, lengths = of_names(task.test, 400)(torch.Generator().manual_seed(1))

    def loss(model: nn.Module, x: Tensor, y: Tensor, lengths: Tensor) -> Tensor:
        return entropy(model(x, lengths), y)

    figures = {}
    for kind, rnn in ("Elman", nn.RNN), ("GRU", nn.GRU):
        for name, make in ("with the bug", broken), ("repaired", OwnEnd):
            model = learned(partial(make, rnn), loss, draw, 250)
            figures[f"{kind}, {name}"] = accuracy(model(x, lengths), y)
    figures["the most frequent language"] = (y == task.train.y.mode().values).double().mean().item()
    return Cost("Accuracy: which of five languages is this name in?", figures)


# --- 5: the padding counted in the loss -----------------------------------------------------------


def masked_loss(o: Tensor, y: Tensor, lengths: Tensor) -> Tensor:
    """The mean cross-entropy per letter of o (B, T, n) for y (B, T), padding left out."""
    each = F.cross_entropy(o.transpose(1, 2), y, reduction="none")
    mask = inside(lengths, y.shape[1])
    return (each * mask).sum() / mask.sum()


def packed_loss(o: Tensor, y: Tensor, lengths: Tensor) -> Tensor:
    """The same, packed."""
    parts = (pack_padded_sequence(each, lengths, True, enforce_sorted=False) for each in (o, y))
    o_packed, y_packed = (part.data for part in parts)
    return F.cross_entropy(o_packed, y_packed)


class Speller(nn.Module):
    """Letters x (B, T) to o (B, T, n): what each letter is, given those before."""

    def __init__(self, n_symbols: int = N_LETTERS, n_hidden: int = 64) -> None:
        super().__init__()
        self.embed = nn.Embedding(n_symbols, 16)
        self.rnn = nn.GRU(16, n_hidden, batch_first=True)
        self.V = nn.Linear(n_hidden, n_symbols)

    def forward(self, x: Tensor) -> Tensor:
        before = F.pad(self.embed(x[:, :-1]), (0, 0, 1, 0))
        return self.V(self.rnn(before)[0])


def by_frequency(train: tuple[Tensor, Tensor], test: tuple[Tensor, Tensor]) -> float:
    """The perplexity of names and lengths for who knows how frequent each letter is, no more."""
    letters, asked = (x[inside(lengths, x.shape[1])] for x, lengths in (train, test))
    shares = letters.bincount(minlength=N_LETTERS) + 1
    return (-(shares / shares.sum()).log()[asked].mean()).exp().item()


def cost_of_counting_the_padding(broken: Any) -> Cost:
    """How many letters does a network waver between, and how many does it say it does?"""
    task = names()
    draw = of_names(task.train)
    x, _, lengths = of_names(task.test, 400)(torch.Generator().manual_seed(1))
    figures = {}
    for name, loss in ("with the bug", broken), ("repaired", masked_loss):
        model = learned(Speller, lambda m, x, y, n, loss=loss: loss(m(x), x, n), draw, 200)
        with torch.no_grad():
            o = model(x)
            figures[f"{name}, as it reports it"] = loss(o, x, lengths).exp().item()
            figures[f"{name}, per letter"] = masked_loss(o, x, lengths).exp().item()
    assert task.train.lengths is not None
    known = by_frequency((task.train.x, task.train.lengths), (x, lengths))
    figures["letters by their frequency alone"] = known
    return Cost("Perplexity on test names", figures, ".1f")


# --- 6: the last position of a bidirectional output -----------------------------------------------


class BothEnds(nn.Module):
    """x (B, T, 8) to o (B, 8), from a summary (B, 2 · 16): read forwards, then read backwards."""

    def __init__(self, n_in: int = N_SYMBOLS, n_hidden: int = 16) -> None:
        super().__init__()
        self.n_hidden = n_hidden
        self.rnn = nn.RNN(n_in, n_hidden, batch_first=True, bidirectional=True)
        self.V = nn.Linear(2 * n_hidden, n_in)

    def summary(self, x: Tensor) -> Tensor:
        h, _ = self.rnn(x)
        return torch.cat([h[:, -1, : self.n_hidden], h[:, 0, self.n_hidden :]], dim=1)

    def forward(self, x: Tensor) -> Tensor:
        return self.V(self.summary(x))


class FinalStates(BothEnds):
    """The same, from the states that torch returns."""

    def summary(self, x: Tensor) -> Tensor:
        _, (forwards, backwards) = self.rnn(x)
        return torch.cat([forwards, backwards], dim=1)


def cost_of_the_last_position(broken: Any) -> Cost:
    """Which symbol came first, of thirty?"""

    def draw(g: torch.Generator) -> tuple[Tensor, Tensor]:
        symbols = torch.randint(N_SYMBOLS, (64, 30), generator=g)
        return F.one_hot(symbols, N_SYMBOLS).float(), symbols[:, 0]

    return Cost("Which symbol came first, of thirty?", compared(broken, BothEnds, draw, 150))

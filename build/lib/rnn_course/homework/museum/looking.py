"""Exhibits 10 to 12, without their bugs, and what the bugs cost: what a network may look at."""

from __future__ import annotations

from functools import cache, partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from rnn_course.homework.museum.measuring import N_SYMBOLS, Cost, compared, entropy, learned

# --- 10: attention that ignores the encoder -------------------------------------------------------


class General(nn.Module):
    """A decoder's state s (B, 16) and the encoder's h (B, T, 16) to C (B, 16) and α (B, T)."""

    def __init__(self, n_s: int = 16, n_h: int = 16) -> None:
        super().__init__()
        self.K = nn.Linear(n_s, n_h, bias=False)

    def forward(self, s: Tensor, h: Tensor) -> tuple[Tensor, Tensor]:
        alpha = torch.einsum("bn,btn->bt", self.K(s), h).softmax(1)
        return torch.einsum("bt,btn->bn", alpha, h), alpha


class Additive(nn.Module):
    """The same interface; s and h are added, not multiplied."""

    def __init__(self, n_s: int = 16, n_h: int = 16, n: int = 32) -> None:
        super().__init__()
        self.of_s, self.of_h, self.score = nn.Linear(n_s, n), nn.Linear(n_h, n), nn.Linear(n, 1)

    def forward(self, s: Tensor, h: Tensor) -> tuple[Tensor, Tensor]:
        e = self.score(torch.tanh(self.of_s(s).unsqueeze(1) + self.of_h(h))).squeeze(2)
        alpha = e.softmax(1)
        return (alpha.unsqueeze(1) @ h).squeeze(1), alpha


class _LookUp(nn.Module):
    """x (B, 2 T + 1), T keys, their T values and a key that is asked for, to o (B, 8)."""

    def __init__(self, attention: Any) -> None:
        super().__init__()
        self.key, self.value = nn.Embedding(N_SYMBOLS, 16), nn.Embedding(N_SYMBOLS, 16)
        self.asked, self.attention = nn.Embedding(N_SYMBOLS, 16), attention()
        self.V = nn.Linear(16, N_SYMBOLS)

    def forward(self, x: Tensor) -> Tensor:
        keys, values = x[:, :-1].chunk(2, dim=1)
        C, _ = self.attention(self.asked(x[:, -1]), self.key(keys) + self.value(values))
        return self.V(C)


def cost_of_ignoring_the_encoder(broken: Any) -> Cost:
    """Eight pairs of a key and a value, in any order: which value belongs to this key?"""

    def draw(g: torch.Generator) -> tuple[Tensor, Tensor]:
        keys = torch.rand(64, N_SYMBOLS, generator=g).argsort(1)
        values = torch.randint(N_SYMBOLS, (64, N_SYMBOLS), generator=g)
        place = torch.randint(N_SYMBOLS, (64, 1), generator=g)
        return torch.cat([keys, values, keys.gather(1, place)], 1), values.gather(1, place)[:, 0]

    figures = compared(lambda: _LookUp(broken), lambda: _LookUp(General), draw, 500)
    return Cost("Which value belongs to this key?", figures)


# --- a chain of symbols, of which the least possible loss is known --------------------------------


@cache
def chain() -> Tensor:
    """The probabilities (8, 8) of the next symbol, given the last."""
    return (1.5 * torch.randn(8, 8, generator=torch.Generator().manual_seed(3))).softmax(1)


def of_chain(g: torch.Generator, batch: int = 64, steps: int = 12) -> tuple[Tensor]:
    """Draws sequences of the chain, x (B, T)."""
    x = [torch.randint(8, (batch,), generator=g)]
    for _ in range(steps - 1):
        x.append(torch.multinomial(chain()[x[-1]], 1, generator=g)[:, 0])
    return (torch.stack(x, dim=1),)


def least(x: Tensor) -> float:
    """The loss, per symbol after the first, of who knows the chain: no one is better on average."""
    return F.nll_loss(chain().log()[x[:, :-1]].flatten(0, 1), x[:, 1:].flatten()).item()


# --- 11: a mask that leaks the answer -------------------------------------------------------------


def lower_triangle(T: int) -> Tensor:
    """May step t, the row, look at step j, the column? (T, T) bool."""
    return torch.ones(T, T).tril().bool()


def not_later(T: int) -> Tensor:
    """The same, from the definition."""
    t = torch.arange(T)
    return t.unsqueeze(1) >= t


class _Looker(nn.Module):
    """Symbols x (B, T) to o (B, T, 8), the next symbol; each step looks where the mask lets it."""

    def __init__(self, mask: Any) -> None:
        super().__init__()
        self.embed, self.place = nn.Embedding(8, 32), nn.Embedding(12, 32)
        self.Q, self.K, self.mask = nn.Linear(32, 32), nn.Linear(32, 32), mask
        self.out = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 8))

    def forward(self, x: Tensor) -> Tensor:
        h = self.embed(x) + self.place.weight[: x.shape[1]]
        e = (self.Q(h) @ self.K(h).transpose(1, 2)) / 32**0.5
        alpha = e.masked_fill(~self.mask(x.shape[1]), -torch.inf).softmax(2)
        return self.out(torch.cat([h, alpha @ h], dim=2))


def cost_of_a_leak(broken: Any) -> Cost:
    """The loss with the whole sequence there, as in training, and with the future not yet there."""
    (x,) = of_chain(torch.Generator().manual_seed(1), 400)

    def loss(model: nn.Module, x: Tensor) -> Tensor:
        return entropy(model(x)[:, :-1], x[:, 1:])

    figures = {}
    for name, mask in ("with the bug", broken), ("repaired", lower_triangle):
        model = learned(partial(_Looker, mask), loss, of_chain, 400)
        with torch.no_grad():
            prefixes = torch.stack([model(x[:, :t])[:, -1] for t in range(1, x.shape[1])], dim=1)
            figures[f"{name}, in training"] = loss(model, x).item()
        figures[f"{name}, in use"] = entropy(prefixes, x[:, 1:]).item()
    return Cost("Loss per symbol, in nats", {**figures, "the least possible": least(x)}, ".3f")


# --- 12: targets not shifted ----------------------------------------------------------------------


def cut(x: Tensor) -> tuple[Tensor, Tensor]:
    """Sequences x (B, T) to what is read and what is predicted from it, (B, T - 1) each."""
    return x[:, :-1], x[:, 1:]


def moved(x: Tensor) -> tuple[Tensor, Tensor]:
    """The same with a symbol 0 put before the first: (B, T) each."""
    return torch.cat([torch.zeros_like(x[:, :1]), x[:, :-1]], dim=1), x


class _Predictor(nn.Module):
    """Symbols x (B, T) to o (B, T, 8)."""

    def __init__(self) -> None:
        super().__init__()
        self.embed, self.rnn = nn.Embedding(8, 16), nn.GRU(16, 32, batch_first=True)
        self.V = nn.Linear(32, 8)

    def forward(self, x: Tensor) -> Tensor:
        return self.V(self.rnn(self.embed(x))[0])


def cost_of_not_shifting(broken: Any) -> Cost:
    """The loss that training reports, and that of the next symbol, which is asked for in use."""
    (x,) = of_chain(torch.Generator().manual_seed(1), 400)

    def loss(model: nn.Module, x: Tensor, pairs: Any) -> Tensor:
        read, predicted = pairs(x)
        return entropy(model(read), predicted)

    figures = {}
    for name, pairs in ("with the bug", broken), ("repaired", cut):
        model = learned(_Predictor, lambda m, x, p=pairs: loss(m, x, p), of_chain, 250)
        with torch.no_grad():
            figures[f"{name}, in training"] = loss(model, x, pairs).item()
            figures[f"{name}, in use"] = loss(model, x, cut).item()
    return Cost("Loss per symbol, in nats", {**figures, "the least possible": least(x)}, ".3f")

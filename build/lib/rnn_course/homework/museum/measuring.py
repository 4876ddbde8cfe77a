"""What a bug costs: the same network trained with it and without it, beside a baseline."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils import clip_grad_norm_

N_SYMBOLS = 8
"""The synthetic tasks draw their symbols evenly from so many."""
Draw = Callable[[torch.Generator], tuple[Tensor, ...]]


@dataclass(frozen=True)
class Cost:
    """Figures by name, printed one below the other: a share, or a number if `form` says so."""

    what: str
    figures: Mapping[str, float]
    form: str = ".1%"

    def __str__(self) -> str:
        width = max(map(len, self.figures))
        values = {name: f"{value:{self.form}}" for name, value in self.figures.items()}
        wide = max(map(len, values.values()))
        rows = (f"    {name:{width}}  {value:>{wide}}" for name, value in values.items())
        return "\n".join([self.what, *rows])


def learned(
    make: Callable[[], Any],
    loss: Callable[..., Tensor],
    draw: Draw,
    steps: int,
    lr: float = 1e-2,
    seed: int = 0,
) -> Any:
    """A new network after so many steps of Adam, each on new examples from `draw`.

    The caller's random state stays as it was.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = make()
        g = torch.Generator().manual_seed(seed)
        optimiser = torch.optim.Adam(model.parameters(), lr=lr)
        for _ in range(steps):
            optimiser.zero_grad()
            loss(model, *draw(g)).backward()
            clip_grad_norm_(model.parameters(), 1.0)
            optimiser.step()
    return model


def of_echo(lag: int, steps: int, batch: int = 64) -> Draw:
    """Draws one-hot symbols x (B, T, 8), and y (B, T): the symbol `lag` steps ago, or -1."""

    def draw(g: torch.Generator) -> tuple[Tensor, Tensor]:
        symbols = torch.randint(N_SYMBOLS, (batch, steps), generator=g)
        y = torch.full_like(symbols, -1)
        y[:, lag:] = symbols[:, : steps - lag]
        return F.one_hot(symbols, N_SYMBOLS).float(), y

    return draw


def entropy(o: Tensor, y: Tensor) -> Tensor:
    """The mean cross-entropy of o (..., n) for targets y (...); those that are -1 are left out."""
    return F.cross_entropy(o.reshape(-1, o.shape[-1]), y.reshape(-1), ignore_index=-1)


@torch.no_grad()
def accuracy(o: Tensor, y: Tensor) -> float:
    """The share of right answers among the targets that are not -1."""
    return (o.argmax(-1) == y)[y >= 0].double().mean().item()


def examples(draw: Draw, times: int = 10) -> tuple[Tensor, ...]:
    """What is asked of the networks afterwards: so many batches, as one."""
    g = torch.Generator().manual_seed(1)
    return tuple(torch.cat(parts) for parts in zip(*(draw(g) for _ in range(times)), strict=True))


def compared(broken: Any, right: Any, draw: Draw, steps: int, lr: float = 1e-2) -> dict[str, float]:
    """The accuracies of a bug and its repair, trained alike on a classification, and of chance."""
    x, y = examples(draw)
    figures = {}
    for name, make in ("with the bug", broken), ("repaired", right):
        model: nn.Module = learned(make, lambda m, x, y: entropy(m(x), y), draw, steps, lr)
        figures[name] = accuracy(model(x), y)
    return {**figures, "chance": 1 / N_SYMBOLS}

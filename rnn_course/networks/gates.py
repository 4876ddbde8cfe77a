"""Chapter 10: a gated cell with one of its gates removed, to see what the gate was for."""

from __future__ import annotations

from typing import TypeVar

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

from rnn_course import checks
from rnn_course.cells import GRUCell, LSTMCell
from rnn_course.kernels.cells import SHUT

G = TypeVar("G", LSTMCell, GRUCell)

_GATES: dict[type, dict[str, tuple[int, float]]] = {
    LSTMCell: {"i": (0, SHUT), "f": (1, SHUT), "o": (3, SHUT)},
    GRUCell: {"r": (0, SHUT), "z": (1, -SHUT)},
}
"""By name, a gate's block of rows, and what its argument is held at."""


class Held(nn.Module):
    """A block of rows held at one number: what was there has no effect and gets no gradient."""

    held: Tensor

    def __init__(self, rows: Tensor, first: int, n: int, value: float) -> None:
        super().__init__()
        self.register_buffer("held", torch.zeros(len(rows), dtype=torch.bool))
        self.held[first : first + n] = True
        self.value = value

    def forward(self, rows: Tensor) -> Tensor:
        held = self.held.view(-1, *(1,) * (rows.dim() - 1))
        return rows.masked_fill(held, self.value)


def without(cell: G, gate: str) -> G:
    """Remove a gate from an LSTM or a GRU, and return the cell, changed in place.

        LSTM:  i = 1    all of each candidate is written: c^(t) = f ⊙ c^(t-1) + c̃
               f = 1    nothing is forgotten, as in 1997: c^(t) = c^(t-1) + i ⊙ c̃
               o = 1    the whole memory is shown: h^(t) = tanh(c^(t))
        GRU:   r = 1    the candidate always sees all of h^(t-1)
               z = 0    nothing is carried over: h^(t) = h̃

    The gate's rows of U and W are held at 0 and those of b at ±10,000, where σ is exactly 1 or 0.
    They stay among the parameters, without effect.
    Source: Greff et al. (2017) remove the parts of an LSTM one at a time.

    Raises:
        TypeError: If the cell is neither an LSTMCell nor a GRUCell.
        ValueError: If it has no gate of that name.
    """
    for kind, gates in _GATES.items():
        if isinstance(cell, kind):
            block, a = gates[checks.one_of("gate", gate, tuple(gates))]
            for name in ("U", "W", "b"):
                rows = getattr(cell, name)
                held = Held(rows, block * cell.n_hidden, cell.n_hidden, a if name == "b" else 0.0)
                parametrize.register_parametrization(cell, name, held)
            return cell
    raise TypeError(f"cell: expected an LSTMCell or a GRUCell, got {type(cell).__name__}")

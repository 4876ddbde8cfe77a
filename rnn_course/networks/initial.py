"""Chapters 9 to 11: how a cell's recurrent weights W start, and so whether it bridges long gaps.

Each function sets W in place, a block of n_hidden rows at a time (a gated cell has several), and
returns the cell. U and b stay as they are, except with `as_torch`; `chrono` sets b alone.
"""

from __future__ import annotations

import math
from typing import TypeVar

import torch
from torch import Tensor, nn

from rnn_course import checks
from rnn_course.cells import Cell, DenseCell, GRUCell, LSTMCell

C = TypeVar("C", bound=Cell)
D = TypeVar("D", bound=DenseCell)
G = TypeVar("G", LSTMCell, GRUCell)

LONGEST = 100
"""The memories of `chrono` last between 1 and this many steps, unless it is told otherwise."""


def orthogonal(cell: D, radius: float = 1.0) -> D:
    """W = radius · Q with Q orthogonal: all its singular values are `radius`, and
    so is the size of each eigenvalue.

    Source: Saxe et al. (2014).

    Raises:
        TypeError: If `cell` is not a `DenseCell`.
        ValueError: If the blocks of W are not square, or if the radius is not a positive number.
    """
    for block in _blocks(cell, "radius", radius):
        nn.init.orthogonal_(block, gain=radius)
    return cell


def gaussian(cell: D, radius: float = 1.0) -> D:
    """W of independent normally distributed numbers, scaled to the spectral radius `radius`.

    Its largest singular value is larger, about twice the radius. Raises as `orthogonal` does.
    """
    with torch.no_grad():
        for block in _blocks(cell, "radius", radius):
            nn.init.normal_(block)
            block *= radius / spectral_radius(block)
    return cell


def identity(cell: D, scale: float = 1.0) -> D:
    """W = scale · I: without input, a linear unit keeps its number.

    With ReLU it is the IRNN of Le et al. (2015). Raises as `orthogonal` does.
    """
    with torch.no_grad():
        for block in _blocks(cell, "scale", scale):
            nn.init.eye_(block)
            block *= scale
    return cell


def as_torch(cell: C) -> C:
    """All parameters uniform in ±1/sqrt(n_hidden), as torch.nn.RNN, LSTM and GRU start.

    W's spectral radius is then about 1/sqrt(3) = .58.

    Raises:
        TypeError: If `cell` is not a `Cell`.
    """
    checks.instance("cell", cell, Cell)
    for parameter in cell.parameters():
        nn.init.uniform_(parameter, -1 / math.sqrt(cell.n_hidden), 1 / math.sqrt(cell.n_hidden))
    return cell


def chrono(cell: G, longest: int = LONGEST) -> G:
    """Set the gates' biases so that each unit keeps its memory for its own time; return cell.

        LSTM: b_f = ln u, b_i = -ln u    GRU: b_z = ln u    u uniform in 1 … longest - 1

    With σ(b_f) = u / (1 + u), a memory shrinks to 1/e in about u steps, and each step overwrites
    little of it, since σ(b_i) = 1 - σ(b_f). A GRU's one update gate does both.
    Source: Tallec and Ollivier (2018).

    Raises:
        TypeError: If the cell is neither.
    """
    if not isinstance(cell, LSTMCell | GRUCell):
        raise TypeError(f"cell: expected an LSTMCell or a GRUCell, got {type(cell).__name__}")
    n = cell.n_hidden
    with torch.no_grad():
        cell.b[n : 2 * n] = torch.empty(n).uniform_(1, longest - 1).log()
        if isinstance(cell, LSTMCell):
            cell.b[:n] = -cell.b[n : 2 * n]
    return cell


def spectral_radius(W: Tensor) -> float:
    """The size of the largest eigenvalue of a square W, ρ(W)."""
    return torch.linalg.eigvals(W.detach().double()).abs().max().item()


def largest_singular_value(W: Tensor) -> float:
    """‖W‖₂, the most by which W can lengthen a vector. It is never less than ρ(W)."""
    return torch.linalg.matrix_norm(W.detach().double(), 2).item()


def _blocks(cell: DenseCell, name: str, value: float) -> tuple[Tensor, ...]:
    """The square blocks of W; checks the number that they are to be made with."""
    checks.instance("cell", cell, DenseCell)
    if not 0 < checks.real(value) < math.inf:
        raise ValueError(f"{name}: expected a positive number, got {value!r}")
    if cell.W.shape[1] != cell.n_hidden:
        raise ValueError(
            f"cell: expected W with {cell.n_hidden} columns, as many as hidden units, "
            f"got {cell.W.shape[1]}"
        )
    return cell.W.detach().split(cell.n_hidden)

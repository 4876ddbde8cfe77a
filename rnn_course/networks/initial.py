"""Chapters 9 and 11: how a cell's recurrent weights W start, and so whether it bridges long gaps.

Each function sets W in place, a block of n_hidden rows at a time (a gated cell has several), and
returns the cell. U and b stay as they are, except with `as_torch`.
"""

from __future__ import annotations

import math
from typing import TypeVar

import torch
from torch import Tensor, nn

from rnn_course import checks
from rnn_course.cells import Cell, DenseCell

C = TypeVar("C", bound=Cell)
D = TypeVar("D", bound=DenseCell)


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

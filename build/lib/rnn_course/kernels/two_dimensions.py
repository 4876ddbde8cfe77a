"""The recurrence of `networks.two_dimensions` along its diagonals, with the backward pass by hand.

Pixel (i, j) waits for (i-1, j) and (i, j-1). Both lie on the diagonal i + j - 1, so that all pixels
of one diagonal can be computed at once, and rows + columns - 1 steps are enough for all pixels.
The pixels are kept in this order, diagonal after diagonal: then a diagonal, the neighbours above it
and those to its left are three slices of memory, and a step is two matrix products.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

import torch
from torch import Tensor

from rnn_course.kernels.cells import tanh_backward
from rnn_course.kernels.kernel import first_derivative_only


class Plan(NamedTuple):
    """Where the pixels of a plane are kept, with a row and a column of zeros before it.

    Attributes:
        n: The number of places, (rows + 1) (columns + 1).
        pixels: (rows · columns,) int64, the place of each pixel, row by row as in x.
        edge: (rows + columns + 1,) int64, the places of the zeros.
        source: (n,) int64, the inverse: the pixel that is kept at each place (at the edge, where
            there is none, the first one: to be overwritten).
        diagonals: For each, the number of its pixels, and the first place of these, of those above
            them, and of those to their left.
    """

    n: int
    pixels: Tensor
    edge: Tensor
    source: Tensor
    diagonals: list[tuple[int, int, int, int]]

    def slices(self, B: int) -> list[tuple[slice, slice, slice]]:
        """The diagonals as rows of a matrix (n · B, H): their own, those above, those left."""
        return [
            (
                slice(own * B, (own + length) * B),
                slice(above * B, (above + length) * B),
                slice(left * B, (left + length) * B),
            )
            for length, own, above, left in self.diagonals
        ]


@lru_cache(maxsize=64)
def plan(rows: int, columns: int, turned: tuple[int, ...], device: torch.device) -> Plan:
    """The order of the pixels by i + j, counted from the corner that comes first once the axes
    `turned` (1: top and bottom, 2: left and right) are reversed."""
    number = torch.arange(rows + 1).unsqueeze(1) + torch.arange(columns + 1)  # i + j
    place = torch.empty(number.numel(), dtype=torch.int64)
    place[number.flatten().argsort(stable=True)] = torch.arange(number.numel())
    place = place.view(rows + 1, columns + 1)
    diagonals = []
    for d in range(2, rows + columns + 1):
        top, bottom = max(1, d - columns), min(rows, d - 1)
        own, above, left = place[top, d - top], place[top - 1, d - top], place[top, d - top - 1]
        diagonals.append((bottom + 1 - top, int(own), int(above), int(left)))
    pixels = place[1:, 1:].flip([axis - 1 for axis in turned]).flatten()
    source = torch.zeros(number.numel(), dtype=torch.int64)
    source[pixels] = torch.arange(len(pixels))
    edge = torch.cat([place[0], place[1:, 0]])
    return Plan(len(source), pixels.to(device), edge.to(device), source.to(device), diagonals)


class GridBPTT(torch.autograd.Function):
    """All pixels of the two-dimensional recurrence, and their gradient:

        h^(i,j) = tanh(b + U x^(i,j) + W_1 h^(i-1,j) + W_2 h^(i,j-1))

    With δ^(i,j) = ∂L/∂a^(i,j), a^(i,j) the argument of the tanh, and g^(i,j) the gradient that
    reaches h^(i,j) from outside the recurrence; beyond the edge h and δ are zero:

        δ^(i,j) = (g^(i,j) + W_1ᵀ δ^(i+1,j) + W_2ᵀ δ^(i,j+1)) ⊙ (1 - h^(i,j)²)
        ∂L/∂W_1 = Σ δ^(i,j) h^(i-1,j)ᵀ,    ∂L/∂W_2 = Σ δ^(i,j) h^(i,j-1)ᵀ
        ∂L/∂U = Σ δ^(i,j) x^(i,j)ᵀ,    ∂L/∂b = Σ δ^(i,j),    ∂L/∂x^(i,j) = Uᵀ δ^(i,j)

    It has only a first derivative, and raises `NotImplementedError` if asked for a second.
    Shapes: x (B, rows, columns, n_in), U (H, n_in), W_1 and W_2 (H, H), b (H); returns
    h (B, rows, columns, H). `turned` are the axes of x that are read from the other end, as in
    `networks.two_dimensions.CORNERS`.
    Source: Graves, Fernández and Schmidhuber (2007), algorithms 1 and 2; deck S5.4.
    """

    @staticmethod
    def forward(
        ctx: Any, x: Tensor, U: Tensor, W_1: Tensor, W_2: Tensor, b: Tensor, turned: tuple[int, ...]
    ) -> Tensor:
        B, rows, columns, n_in = x.shape
        H = len(b)
        ctx.plan = n, pixels, edge, source, _ = plan(rows, columns, turned, x.device)
        x_kept = x.permute(1, 2, 0, 3).flatten(0, 1).index_select(0, source)  # (n, B, n_in)
        h = x.new_empty(n * B, H)
        torch.addmm(b, x_kept.view(n * B, n_in), U.t(), out=h)  # b + U x, all pixels at once
        h.view(n, B, H).index_fill_(0, edge, 0)
        W_1t, W_2t = W_1.t(), W_2.t()
        for here, above, left in ctx.plan.slices(B):
            h[here].addmm_(h[above], W_1t).addmm_(h[left], W_2t).tanh_()
        ctx.save_for_backward(x_kept, h, U, W_1, W_2)
        return h.view(n, B, H).index_select(0, pixels).view(rows, columns, B, H).permute(2, 0, 1, 3)

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> tuple[Tensor | None, ...]:
        first_derivative_only("GridBPTT", g, "unroll_grid(cell, x)", "MDRNN(...)(x)")
        x, h, U, W_1, W_2 = ctx.saved_tensors
        (B, rows, columns, H), n_in = g.shape, x.shape[2]
        n, pixels, edge, source, _ = ctx.plan
        delta = g.permute(1, 2, 0, 3).flatten(0, 1).index_select(0, source).view(n * B, H)
        dW_1, dW_2 = torch.zeros_like(W_1), torch.zeros_like(W_2)
        for here, above, left in reversed(ctx.plan.slices(B)):
            z = delta[here]
            tanh_backward(z, h[here], grad_input=z)
            # The pixels above and to the left now receive δ. (Rows are
            # examples, hence W and not Wᵀ.) While it is in the cache, it is used for ∂L/∂W too.
            for before, W, dW in ((above, W_1, dW_1), (left, W_2, dW_2)):
                delta[before].addmm_(z, W)
                dW.addmm_(z.t(), h[before])
        delta.view(n, B, H).index_fill_(0, edge, 0)  # there is no pixel
        dx = None
        if ctx.needs_input_grad[0]:
            dx = (delta @ U).view(n, B, n_in).index_select(0, pixels)
            dx = dx.view(rows, columns, B, n_in).permute(2, 0, 1, 3)
        return dx, delta.t() @ x.view(n * B, n_in), dW_1, dW_2, delta.sum(0), None


def grid(
    x: Tensor, turned: tuple[int, ...], U: Tensor, W_1: Tensor, W_2: Tensor, b: Tensor
) -> Tensor:
    """`GridBPTT`, its weights last."""
    return GridBPTT.apply(x, U, W_1, W_2, b, turned)

"""Chapter 6: recurrence over an image; a pixel waits for the one above and the one to its left."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from rnn_course import checks
from rnn_course.kernels import two_dimensions as kernels
from rnn_course.kernels.kernel import Kernel, kernel_of, serves

#: each corner, and the axes of x (B, rows, columns, n_in) that are reversed to start there
CORNERS: dict[str, tuple[int, ...]] = {
    "top left": (),
    "top right": (2,),
    "bottom left": (1,),
    "bottom right": (1, 2),
}


class GridCell(nn.Module):
    """One pixel of the two-dimensional recurrence, from its input and its two neighbours:

        h^(i,j) = tanh(b + U x^(i,j) + W_1 h^(i-1,j) + W_2 h^(i,j-1))

    Parameters U (n_hidden, n_in), W_1 and W_2 (n_hidden, n_hidden), b (n_hidden). U starts
    Glorot-uniform, b zero, and W_1 and W_2 side by side with orthonormal rows: so the two
    neighbours together, and not each of them, are handed on at their full size. It has no
    `forward`, and so there is no call that a hook could wait for.
    Source: Graves, Fernández and Schmidhuber (2007), section 2; deck S5.4.

    Raises:
        ValueError: If a size is not a positive integer.
    """

    def __init__(self, n_in: int, n_hidden: int) -> None:
        super().__init__()
        self.n_in = n_in = checks.positive("n_in", n_in)
        self.n_hidden = n_hidden = checks.positive("n_hidden", n_hidden)
        self.U = nn.Parameter(torch.empty(n_hidden, n_in))
        self.W_1 = nn.Parameter(torch.empty(n_hidden, n_hidden))
        self.W_2 = nn.Parameter(torch.empty(n_hidden, n_hidden))
        self.b = nn.Parameter(torch.empty(n_hidden))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw U Glorot-uniform and the rows of [W_1, W_2] orthonormal; b = 0."""
        nn.init.xavier_uniform_(self.U)
        rows = nn.init.orthogonal_(self.b.new_empty(self.n_hidden, 2 * self.n_hidden))
        with torch.no_grad():
            self.W_1.copy_(rows[:, : self.n_hidden])
            self.W_2.copy_(rows[:, self.n_hidden :])
        nn.init.zeros_(self.b)

    def project(self, x: Tensor) -> Tensor:
        """Input to hidden, b + U x: (..., n_in) to (..., n_hidden). It involves no neighbour."""
        return F.linear(x, self.U, self.b)

    def step(self, a: Tensor, above: Tensor, left: Tensor) -> Tensor:
        """Hidden to hidden: from a pixel's projected input and its neighbours' h, all (B, H)."""
        return torch.tanh(a + above @ self.W_1.t() + left @ self.W_2.t())

    kernel = Kernel(kernels.grid, "U W_1 W_2 b", project, step)

    def extra_repr(self) -> str:
        return f"n_in={self.n_in}, n_hidden={self.n_hidden}"


def unroll_grid(cell: GridCell, x: Tensor) -> Tensor:
    """Run `cell` over the pixels of x from the top left corner, row by row: the definition.

        a = cell.project(x);    h^(i,j) = cell.step(a^(i,j), h^(i-1,j), h^(i,j-1))

    x (B, rows, columns, n_in), h (B, rows, columns, n_hidden); beyond the edge, h is zero.
    h^(i,j) depends on the pixels (k, l) with k ≤ i and l ≤ j, and on no other.

    Raises:
        TypeError, ValueError: If x has a wrong rank, width, dtype or device, or is empty.
    """
    cell, x = _checked(cell, x)
    a = cell.project(x)
    nothing = a.new_zeros(len(x), cell.n_hidden)
    above, rows = [nothing] * x.shape[2], []
    for row in a.unbind(1):
        left, out = nothing, []
        for a_ij, above_ij in zip(row.unbind(1), above, strict=True):
            left = cell.step(a_ij, above_ij, left)
            out.append(left)
        above = out
        rows.append(torch.stack(out, dim=1))
    return torch.stack(rows, dim=1)


class MDRNN(nn.Module):
    """Two-dimensional recurrent networks, each from a corner of its own, side by side.

        h = mdrnn(x)        x (B, rows, columns, n_in), h (B, rows, columns, Σ n_hidden)

    `cells` has a cell for each of one to four `CORNERS`, and h their outputs in the order in which
    they are given. From another corner, a network sees the image reversed: above and left
    in `GridCell` are then below or right. Each h^(i,j) sees one quadrant of
    x, whose corner is pixel (i, j); those of four networks together see all of it.
    `MDRNN.four(n_in, n_hidden)` makes the one with all four.

    It is the same function as `unroll_grid`, by the kernel of `kernels.two_dimensions`; a cell
    whose `project` or `step` has been overridden runs through the double loop, and so does every
    cell where a kernel cannot serve (`kernels.kernel.serves`). Code that needs a second derivative
    calls `unroll_grid`.
    Source: Graves, Fernández and Schmidhuber (2007), section 2.1 (multi-directional); deck S5.4.

    Raises:
        TypeError, ValueError: If there are no cells, if a key is not a corner or a value not a
            `GridCell`, or if cells read inputs of different sizes.
    """

    def __init__(self, cells: Mapping[str, GridCell]) -> None:
        super().__init__()
        if not isinstance(cells, Mapping) or not cells:
            raise ValueError(
                f"cells: expected a cell for one or more of {', '.join(CORNERS)}, got {cells!r}"
            )
        for corner, cell in cells.items():
            checks.one_of("cells", corner, tuple(CORNERS))
            checks.instance(f"cells[{corner!r}]", cell, GridCell)
        sizes = [cell.n_in for cell in cells.values()]
        if len(set(sizes)) > 1:
            raise ValueError(f"cells: expected one n_in for all, got {sizes}")
        self.cells = nn.ModuleDict(cells)
        self.n_in, self.n_hidden = sizes[0], sum(cell.n_hidden for cell in cells.values())

    @classmethod
    def four(cls, n_in: int, n_hidden: int) -> MDRNN:
        """A network of n_hidden units from each of the four corners."""
        return cls({corner: GridCell(n_in, n_hidden) for corner in CORNERS})

    def forward(self, x: Tensor) -> Tensor:
        """x (B, rows, columns, n_in) to h (B, rows, columns, n_hidden)."""
        return torch.cat([run_from(corner, cell, x) for corner, cell in self.cells.items()], dim=3)


class PixelTagger(nn.Module):
    """An output for each pixel, read from the networks at that same pixel:

        h = mdrnn(x),    o^(i,j) = c + V h^(i,j)

    Parameters `mdrnn` and `V` (its bias is c). x (B, rows, columns, n_in), o (B, rows, columns,
    n_out). No output reads another pixel's h, so that o^(i,j) knows the networks' quadrants and
    nothing else.
    Source: deck S5.4.
    """

    def __init__(self, mdrnn: MDRNN, n_out: int) -> None:
        super().__init__()
        self.mdrnn = checks.instance("mdrnn", mdrnn, MDRNN)
        self.V = nn.Linear(mdrnn.n_hidden, checks.positive("n_out", n_out))

    def forward(self, x: Tensor) -> Tensor:
        """x (B, rows, columns, n_in) to o (B, rows, columns, n_out)."""
        return self.V(self.mdrnn(x))


class PixelConvolution(nn.Module):
    """An output for each pixel without recurrence: `layers` of 3 × 3 filters, then the readout.

        h_k^(i,j) = relu(b_k + Σ_{|p| ≤ 1, |q| ≤ 1} U_k^(p,q) h_{k-1}^(i+p,j+q)),    h_0 = x
        o^(i,j) = c + V h_layers^(i,j)

    Beyond the edge, h is zero. o^(i,j) sees the pixels that are at most `layers` rows and columns
    away, on all sides. Parameters: `filters` (a `Conv2d` per layer: U_k and b_k) and `V` (its bias
    is c). x (B, rows, columns, n_in), o (B, rows, columns, n_out).
    Source: Goodfellow et al. (2016), section 9.1.

    Raises:
        TypeError, ValueError: If a size is not a positive integer, or if x has a wrong rank, width,
            dtype or device.
    """

    def __init__(self, n_in: int, n_hidden: int, n_out: int, layers: int) -> None:
        super().__init__()
        self.n_in = checks.positive("n_in", n_in)
        self.n_hidden = checks.positive("n_hidden", n_hidden)
        widths = [n_in, *[n_hidden] * checks.positive("layers", layers)]
        self.filters = nn.ModuleList(
            nn.Conv2d(n, m, 3, padding=1) for n, m in zip(widths, widths[1:], strict=False)
        )
        self.V = nn.Linear(n_hidden, checks.positive("n_out", n_out))

    def forward(self, x: Tensor) -> Tensor:
        """x (B, rows, columns, n_in) to o (B, rows, columns, n_out)."""
        checks.features("x", x, self.V.weight, "B rows columns n_in", self.n_in)
        h = x.movedim(3, 1)  # torch has channels before rows
        for layer in self.filters:
            h = torch.relu(layer(h))
        return self.V(h.movedim(1, 3))


def pixel_loss(model: nn.Module, batch: Any) -> Tensor:
    """The mean -log P of a pixel's class, in nats, over the pixels that have one: for `fit`.

    `model(batch.x)` gives o (B, rows, columns, n_out); batch.y (B, rows, columns) int64 holds
    classes, and -100 where there is no target.
    """
    return F.cross_entropy(model(batch.x).movedim(3, 1), batch.y)


def quadrants(corners: Iterable[str], rows: int, columns: int) -> Tensor:
    """Which pixels the networks from these corners see at each pixel, all of them together.

    Bool (rows, columns, rows, columns): [i, j, k, l] says whether h^(i,j) may depend on x^(k,l).
    From the top left, that is k ≤ i and l ≤ j.
    """
    down, right = (torch.arange(n).unsqueeze(1) >= torch.arange(n) for n in (rows, columns))
    seen = torch.zeros(rows, columns, rows, columns, dtype=torch.bool)
    for corner in corners:
        axes = CORNERS[checks.one_of("corners", corner, tuple(CORNERS))]
        vertical, horizontal = down.T if 1 in axes else down, right.T if 2 in axes else right
        seen |= vertical[:, None, :, None] & horizontal[None, :, None, :]
    return seen


def run_from(corner: str, cell: nn.Module, x: Tensor) -> Tensor:
    """Run `cell` over x (B, rows, columns, n_in) from one of the `CORNERS`:

        h = turn(unroll_grid(cell, turn(x))),    where turn reverses the axes that CORNERS names

    Raises:
        TypeError, ValueError: As `unroll_grid` does; and if `corner` is not a corner.
    """
    axes = CORNERS[checks.one_of("corner", corner, tuple(CORNERS))]
    cell, x = _checked(cell, x)
    kernel = kernel_of(cell) if serves(x) else None
    return unroll_grid(cell, x.flip(axes)).flip(axes) if kernel is None else kernel(x, axes)


def _checked(cell: nn.Module, x: Tensor) -> tuple[GridCell, Tensor]:
    cell = checks.instance("cell", cell, GridCell)
    return cell, checks.features("x", x, cell.U, "B rows columns n_in", cell.n_in)

"""Chapter 4: networks that differ only in what they share between steps.

The recurrent network written as a deep feed-forward network, its layers tied or each with weights
of its own; and three networks without recurrence, to separate sharing from recurrence.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from rnn_course import checks
from rnn_course.cells import Cell
from rnn_course.networks.embedding import symbol_table
from rnn_course.networks.summarise import Summariser
from rnn_course.padding import Lengths, inside


class Layers(nn.Module):
    """A deep feed-forward network with a layer for each time step: `h, state = layers(x, …)`.

        h^(t) = tanh(b^(t) + W^(t) h^(t-1) + U^(t) x^(t)),    t = 1 … τ

    Layer t has the weights of `cells[t - 1]`; it reads the output of the layer below it, and
    x^(t). With the *same* cell in each layer, `Layers([cell] * T)`, the layers are tied: this is
    `RNN(cell)`, value for value, and the gradient of a weight is the sum over the layers. With
    cells of their own, `Layers([ElmanCell(n_in, n_hidden) for _ in range(T)])`, they are untied.

    x (B, T, n_in), no sequence longer than there are layers, h (B, T, n_hidden). One shorter than
    T stops at its own end, as in `unroll`: h repeats h^(τ), and the layers above τ neither see
    the sequence nor get a gradient from it. A layer that no training sequence reaches therefore
    keeps the weights that it was made with.
    Source: Goodfellow et al. (2016), section 10.1 and equation 10.8; deck S4.1, S4.2.

    Raises:
        TypeError, ValueError: If the cells are not `Cell`s, differ in size or have a state that is
            not one tensor; if there are more steps than layers; and as `unroll` does.
    """

    def __init__(self, cells: Sequence[Cell]) -> None:
        super().__init__()
        if len(cells) == 0:
            raise ValueError("cells: expected one for each layer, got none")
        for i, cell in enumerate(cells):
            checks.instance(f"cells[{i}]", cell, Cell)
            if not isinstance(cell.initial_state(1), Tensor):
                raise TypeError(
                    f"cells[{i}]: expected a cell whose state is h alone, got {type(cell).__name__}"
                )
            if (cell.n_in, cell.n_hidden) != (cells[0].n_in, cells[0].n_hidden):
                raise ValueError(
                    f"cells: expected {cells[0].extra_repr()} as in the first layer, "
                    f"got {cell.extra_repr()} at index {i}"
                )
        self.cells = nn.ModuleList(cells)

    def forward(
        self, x: Tensor, state: Tensor | None = None, lengths: Lengths | None = None
    ) -> tuple[Tensor, Tensor]:
        """x (B, T, n_in) to h (B, T, n_hidden) and the state after the last layer used."""
        first = cast(Cell, self.cells[0])  # a ModuleList holds any modules, for mypy
        checks.features("x", x, first.like, "B T n_in", first.n_in)
        h = first.state_or_initial(state, len(x))
        mask = _inside(x, lengths)
        _fits("x", mask, len(self.cells), "one for each layer")
        mask = mask.unsqueeze(2)
        x, out = torch.where(mask, x, 0), []
        for cell, x_t, live in zip(self.cells, x.unbind(1), mask.unbind(1), strict=False):
            h_new, _ = cell(x_t, h)
            h = h_new if lengths is None else torch.where(live, h_new, h)
            out.append(h)
        out += [h] * (x.shape[1] - len(out))  # past the last layer, all is padding
        return torch.stack(out, dim=1), h.clone()

    def summary(self, h: Tensor) -> Tensor:
        """Of h (B, T, n_hidden) each sequence's last, h^(τ), as with an `RNN`."""
        return h[:, -1].clone()  # h stays as it is past each end


class DeepSummariser(Summariser):
    """The `Summariser` of chapter 1 as a deep feed-forward network: a layer for each time step.

        h^(t) = tanh(b^(t) + W^(t) h^(t-1) + U^(t) E x^(t)),    o = c + V h^(τ)

    The cells are those of `Layers`: the same one in each layer, or one of its own for each. The
    table E and the readout V are not part of a layer and serve all positions in any case, so tied
    and untied networks differ only in U, W and b.
    Source: deck S4.1 to S4.4.

    Raises:
        TypeError, ValueError: As `Summariser` and `Layers` do.
    """

    def __init__(self, n_symbols: int, n_embed: int, cells: Sequence[Cell], n_out: int) -> None:
        layers = Layers(cells)
        super().__init__(n_symbols, n_embed, cells[0], n_out)
        self.rnn = layers  # in place of the RNN


class WindowNetwork(nn.Module):
    """A feed-forward network over sentences of a fixed length, `window` words:

        h = tanh(b + Σ_t U^(t) E x^(t)),    k = tanh(d + W h),    o = c + V k

    where the sum runs over the places 1 … window. Each place has a matrix U^(t) of its own, all of
    them side by side in one layer `U`; a place past a sentence's end adds nothing. Parameters:
    `embed` (E), `U` (its bias is b), `W` (its bias is d), `V` (its bias is c).
    Source: Goodfellow et al. (2016), section 10 (opening); deck S4.5.

    Raises:
        ValueError: If a size is not a positive integer, or a sentence is longer than the window.
    """

    def __init__(
        self, n_symbols: int, n_embed: int, window: int, n_hidden: int, n_out: int
    ) -> None:
        super().__init__()
        self.window = checks.positive("window", window)
        self.embed = symbol_table("n_symbols", n_symbols, n_embed)
        n_hidden = checks.positive("n_hidden", n_hidden)
        self.U = nn.Linear(self.window * self.embed.embedding_dim, n_hidden)
        self.W = nn.Linear(n_hidden, n_hidden)
        self.V = nn.Linear(n_hidden, checks.positive("n_out", n_out))

    def forward(self, x: Tensor, lengths: Lengths | None = None) -> Tensor:
        """Symbols x (B, T) to o (B, n_out), not normalised; no sentence exceeds the window."""
        e = _embedded(self.embed, x, lengths)
        _fits("x", _inside(x, lengths), self.window, "the window")
        e = F.pad(e, (0, 0, 0, self.window - x.shape[1]))  # (B, window, n_embed): padded, or cut
        return self.V(torch.tanh(self.W(torch.tanh(self.U(e.flatten(1))))))


class Convolution(nn.Module):
    """Sharing without recurrence: one filter bank slides over the words, the maximum is kept.

        h^(t) = relu(b + Σ_k U_k E x^(t+k)),    k = -(width - 1)/2 … (width - 1)/2
        o = c + V max_t h^(t)

    The same U and b serve every position t of any sentence; no h^(t) depends on another, so nothing
    is carried from step to step. Outside the sentence E x is 0. Parameters: `embed` (E), `U` (a
    `Conv1d`, its bias is b), `V` (its bias is c).
    Source: Goodfellow et al. (2016), section 10 (opening: time-delay networks); Collobert et al.
    (2011) for the maximum over time; deck S4.4.

    Raises:
        ValueError: If a size is not a positive integer, or the width is even.
    """

    def __init__(
        self, n_symbols: int, n_embed: int, n_hidden: int, n_out: int, width: int = 3
    ) -> None:
        super().__init__()
        width, n_hidden = checks.positive("width", width), checks.positive("n_hidden", n_hidden)
        if width % 2 == 0:
            raise ValueError(f"width: expected an odd number, got {width}")
        self.embed = symbol_table("n_symbols", n_symbols, n_embed)
        self.U = nn.Conv1d(self.embed.embedding_dim, n_hidden, width, padding="same")
        self.V = nn.Linear(n_hidden, checks.positive("n_out", n_out))

    def forward(self, x: Tensor, lengths: Lengths | None = None) -> Tensor:
        """Symbols x (B, T) to o (B, n_out), not normalised."""
        e = _embedded(self.embed, x, lengths)
        h = torch.relu(self.U(e.transpose(1, 2)))  # (B, n_hidden, T)
        h = torch.where(_inside(x, lengths).unsqueeze(1), h, 0)
        return self.V(h.amax(2))  # h ≥ 0, so what is outside never wins


class BagOfWords(nn.Module):
    """The baseline without order: logistic regression on how often each word occurs.

        o = c + Σ_t V[x^(t)]

    Parameters: `V`, a table with a row of n_out numbers for each symbol, and `c`, both zero at the
    start.

    Raises:
        ValueError: If a size is not a positive integer.
    """

    def __init__(self, n_symbols: int, n_out: int) -> None:
        super().__init__()
        self.V = symbol_table("n_symbols", n_symbols, n_out, std=0)
        self.c = nn.Parameter(torch.zeros(self.V.embedding_dim))

    def forward(self, x: Tensor, lengths: Lengths | None = None) -> Tensor:
        """Symbols x (B, T) to o (B, n_out), not normalised."""
        return self.c + _embedded(self.V, x, lengths).sum(1)


def _inside(x: Tensor, lengths: Lengths | None) -> Tensor:
    """(B, T): is this step inside its sequence?"""
    B, T = x.shape[:2]
    if lengths is None:
        return x.new_ones(B, T, dtype=torch.bool)
    return inside(checks.lengths(lengths, B, T, x.device), T)


def _embedded(table: nn.Embedding, x: Tensor, lengths: Lengths | None) -> Tensor:
    """E x^(t) at each step, (B, T, n_embed), and 0 in the padding."""
    checks.symbols("x", x, table.num_embeddings)
    return torch.where(_inside(x, lengths).unsqueeze(2), table(x), 0)


def _fits(name: str, mask: Tensor, most: int, what: str) -> None:
    """Raise `ValueError` if a sequence has more than `most` steps; its padding may."""
    if mask.shape[1] > most and not checks.transformed() and mask[:, most:].any():
        longest = int(mask.sum(1).max())
        raise ValueError(f"{name}: expected at most {most} steps ({what}), got {longest}")

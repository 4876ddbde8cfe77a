"""Chapter 1: a sequence of symbols becomes one vector, and the vector an answer."""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn

from rnn_course import checks
from rnn_course.cells import Cell
from rnn_course.networks.embedding import symbol_table
from rnn_course.padding import Lengths
from rnn_course.rnn import RNN


class Summariser(nn.Module):
    """One output at the end of the sequence:

        h^(t), state = cell(E x^(t), state),    o = c + V h^(τ)

    E is a table with a row of `n_embed` numbers for each of `n_symbols` symbols, τ each sequence's
    own last step. Parameters: `embed` (E, drawn from a normal distribution of standard deviation
    0.2), `rnn` (around the cell: U, W, b), `V` (its bias is c).
    Source: Goodfellow et al. (2016), figure 10.5; deck S1.1 to S1.4.

    Raises:
        TypeError, ValueError: If a size is not a positive integer, or if the cell's n_in is not
            n_embed.
    """

    def __init__(self, n_symbols: int, n_embed: int, cell: Cell, n_out: int) -> None:
        super().__init__()
        self.rnn: Any = RNN(cell)  # or `Layers`, in networks.sharing
        if cell.n_in != checks.positive("n_embed", n_embed):
            raise ValueError(f"cell: expected n_in = n_embed = {n_embed}, got n_in = {cell.n_in}")
        self.embed = symbol_table("n_symbols", n_symbols, n_embed)
        self.V = nn.Linear(cell.n_hidden, checks.positive("n_out", n_out))

    def summary(self, x: Tensor, lengths: Lengths | None = None) -> Tensor:
        """Symbols x (B, T) to h^(τ) (B, n_hidden): the same size for every length."""
        checks.symbols("x", x, self.embed.num_embeddings)
        h, _ = self.rnn(self.embed(x), lengths=lengths)
        return self.rnn.summary(h)

    def forward(self, x: Tensor, lengths: Lengths | None = None) -> Tensor:
        """Symbols x (B, T) to o (B, n_out), not normalised."""
        return self.V(self.summary(x, lengths))

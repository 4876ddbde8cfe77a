"""A vector for each symbol: the table E of every network that reads symbols."""

from __future__ import annotations

from torch import nn

from rnn_course import checks

EMBEDDING_STD = 0.2  # with PyTorch's 1, tanh would start out saturated


def symbol_table(name: str, rows: int, n_embed: int, std: float = EMBEDDING_STD) -> nn.Embedding:
    """A table E with a row of `n_embed` numbers for each symbol, drawn with standard deviation std.

    Raises:
        ValueError: If a size is not a positive integer; the message has the `name` of the argument
            that gives the rows.
    """
    table = nn.Embedding(checks.positive(name, rows), checks.positive("n_embed", n_embed))
    nn.init.normal_(table.weight, std=std)
    return table

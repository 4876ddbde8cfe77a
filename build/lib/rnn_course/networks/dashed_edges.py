"""Chapter 3: an output for each input, and the dashed edges from an output to the next step."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from rnn_course import checks
from rnn_course.cells import Cell, ElmanCell, MemorylessCell
from rnn_course.networks.both_directions import Bidirectional, network_of
from rnn_course.networks.decoding import Generated, generate
from rnn_course.networks.embedding import symbol_table
from rnn_course.networks.likelihood import mean_nll, shifted
from rnn_course.networks.sizes import n_parameters, widest
from rnn_course.padding import Lengths, blanked
from rnn_course.rnn import RNN
from rnn_course.states import State

EDGES = ("hidden to hidden", "output to hidden", "both")
"""The edges from one step to the next, which are the names of `three_networks`."""


class Tagger(nn.Module):
    """A sequence y as long as x: one output per step, and no edge from y.

        h^(t), state = cell(E x^(t), state),    o^(t) = c + V h^(t)
        P(y^(1), …, y^(τ) | x) = Π_t softmax(o^(t))_{y^(t)}

    o^(t) knows x^(1) … x^(t) and no y at all, so that given x the y^(t) are independent. A network
    may take the place of the cell: with `Backwards(cell)`, o^(t) knows x^(t) … x^(τ); with a
    `Bidirectional`, which gives [h^(t), g^(t)] for h^(t), it knows all of x.
    Parameters: `embed` (E, a row of n_embed numbers for each of n_symbols, drawn from a normal
    distribution of standard deviation 0.2), `rnn` (around the cell), `V` (its bias is c). In
    train mode, a share `dropout` of what the cell reads and of h is set to zero, but never while
    the network writes.

    x holds symbols (B, T) int64, or floats (B, T, n_symbols), for which E x^(t) is the matrix
    product: a symbol is short for a one-hot vector.
    Source: Goodfellow et al. (2016), figure 10.3 and section 10.2.4; deck S3.1, S3.2.

    Raises:
        TypeError, ValueError: If a size is not a positive integer, if dropout is outside 0 … 1, or
            if the cell's n_in does not fit.
    """

    PARTS = 1  # columns of n_embed that the cell reads
    first = 0  # y^(0), which this network ignores

    def __init__(
        self,
        n_symbols: int,
        n_embed: int,
        cell: Cell | RNN | Bidirectional,
        n_out: int,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        self.rnn = network_of(cell)
        n_embed = checks.positive("n_embed", n_embed)
        if cell.n_in != self.PARTS * n_embed:
            raise ValueError(
                f"cell: expected n_in = {self.PARTS} · n_embed = "
                f"{self.PARTS * n_embed}, got n_in = {cell.n_in}"
            )
        self.embed = symbol_table("n_symbols", n_symbols, n_embed)
        self.V = nn.Linear(cell.n_hidden, checks.positive("n_out", n_out))
        self.dropout = nn.Dropout(dropout)

    def inputs(self, x: Tensor, before: Tensor | None = None) -> Tensor:
        """What the cell reads, (B, T, n_in): E x^(t), and nothing of `before`, the y^(t-1)."""
        return _looked_up("x", x, self.embed)

    def forward(self, x: Tensor, y: Tensor | None = None, lengths: Lengths | None = None) -> Tensor:
        """x to o (B, T, n_out). y is ignored: all taggers are called with it."""
        return self._outputs(self.inputs(_known(x, lengths)), lengths)

    def _outputs(self, inputs: Tensor, lengths: Lengths | None) -> Tensor:
        h, _ = self.rnn(self.dropout(inputs), lengths=lengths)
        return self.V(self.dropout(h))

    def write(
        self, x: Tensor, lengths: Lengths | None = None, *, generator: torch.Generator | None = None
    ) -> Generated:
        """The most probable y for x, or a sampled one: see `generate`.

        In the padding of x, y is 0.
        """
        with torch.no_grad():
            o = self.V(self.rnn(self.inputs(_known(x, lengths)), lengths=lengths)[0])
        first = torch.zeros(len(x), dtype=torch.int64, device=x.device)
        return generate(
            lambda t, before, state: (o[:, t], state),
            first,
            None,
            x.shape[1],
            lengths=_checked_lengths(x, lengths),
            generator=generator,
        )


class FeedbackTagger(Tagger):
    """The same with the dashed edges, from each y to the next step:

        h^(t), state = cell([E x^(t), F y^(t-1)], state),    o^(t) = c + V h^(t)
        P(y^(1), …, y^(τ) | x) = Π_t softmax(o^(t))_{y^(t)}

    Now o^(t) is the distribution of y^(t) given x up to t *and* the y before t, and the product is
    the chain rule of probability: no dependence is left out. F (`embed_y`) is a second table, with
    a row for each symbol of y and one for y^(0), when nothing has been written yet. In training the
    y^(t-1) are the true ones (teacher forcing); `write` gives the network its own.

    With a cell that has hidden-to-hidden weights there are two paths from step to step; with a
    `MemorylessCell` the y are the only one, and under teacher forcing no step waits for another.
    (A `JordanCell` feeds back o, not y: what the network thought, not what was drawn from it.)
    Source: Goodfellow et al. (2016), figures 10.4 and 10.10; Williams and Zipser (1989) for teacher
    forcing; deck S3.2, S3.3.

    Raises:
        TypeError, ValueError: As `Tagger` does.
    """

    PARTS = 2
    rnn: RNN

    def __init__(
        self, n_symbols: int, n_embed: int, cell: Cell, n_out: int, dropout: float = 0.0
    ) -> None:
        # a network that runs backward as well would be given each y before it writes it
        super().__init__(n_symbols, n_embed, checks.instance("cell", cell, Cell), n_out, dropout)
        self.first = self.V.out_features
        self.embed_y = symbol_table("n_out", self.first + 1, n_embed)

    def inputs(self, x: Tensor, before: Tensor | None = None) -> Tensor:
        """What the cell reads, (B, T, n_in): E x^(t) and F y^(t-1) side by side.

        `before` holds the y^(t-1), symbols (B, T) with n_out for y^(0), or floats
        (B, T, n_out + 1).
        """
        if before is None:
            raise ValueError(
                "y: expected the true outputs, for teacher forcing; got None "
                "(without them, let the network run freely: write(x))"
            )
        given = _looked_up("y", before, self.embed_y)
        if before.shape[:2] != x.shape[:2]:
            raise ValueError(
                f"y: expected a symbol for each in x, {tuple(x.shape[:2])}, "
                f"got {tuple(before.shape[:2])}"
            )
        return torch.cat([super().inputs(x), given], dim=2)

    def forward(self, x: Tensor, y: Tensor | None = None, lengths: Lengths | None = None) -> Tensor:
        """x and the true y, symbols (B, T) or one-hot (B, T, n_out), to o (B, T, n_out).

        o^(t) depends on the y before t only: they enter one step later than they are written.
        """
        before = None if y is None else self._before(_known(y, lengths))
        return self._outputs(self.inputs(_known(x, lengths), before), lengths)

    def write(
        self, x: Tensor, lengths: Lengths | None = None, *, generator: torch.Generator | None = None
    ) -> Generated:
        """Let the network run freely over x, one symbol per step: see `generate`.

        What it writes at one step is its own y^(t-1) at the next. In the padding of x, y is 0.
        """
        x = _known(x, lengths)

        def step(t: int, before: Tensor, state: State) -> tuple[Tensor, State]:
            inputs = self.inputs(x[:, t : t + 1], before.unsqueeze(1))
            h, state = self.rnn.cell(inputs.squeeze(1), state)
            return self.V(h), state

        first = torch.full((len(x),), self.first, device=x.device)
        return generate(
            step,
            first,
            self.rnn.cell.initial_state(len(x)),
            x.shape[1],
            lengths=_checked_lengths(x, lengths),
            generator=generator,
        )

    def _before(self, y: Tensor) -> Tensor:
        """y^(t-1) for each step t, where y^(0) is a symbol of its own."""
        if not y.is_floating_point():
            return shifted(y, self.first)
        checks.features("y", y, self.embed_y.weight, "B T n_out", self.first)
        nothing = y.new_tensor([*[0.0] * self.first, 1.0]).expand(len(y), 1, -1)
        return torch.cat([nothing, F.pad(y, (0, 1))[:, :-1]], dim=1)


def three_networks(
    n_symbols: int, n_out: int, *, n_embed: int, n_hidden: int, seed: int, dropout: float = 0.0
) -> dict[str, Tagger]:
    """Networks with one kind of edges, the other, and both, of (almost) the same size, by `EDGES`.

    The one with both has n_hidden hidden units; the others as many as they can have with no more
    parameters than that. The weights of each are drawn from the seed.
    """

    def hidden_to_hidden(n: int) -> Tagger:
        return Tagger(n_symbols, n_embed, ElmanCell(n_embed, n), n_out, dropout)

    def output_to_hidden(n: int) -> Tagger:
        return FeedbackTagger(n_symbols, n_embed, MemorylessCell(2 * n_embed, n), n_out, dropout)

    def both(n: int) -> Tagger:
        return FeedbackTagger(n_symbols, n_embed, ElmanCell(2 * n_embed, n), n_out, dropout)

    budget, networks = n_parameters(both(n_hidden)), {}
    for name, make in zip(EDGES, (hidden_to_hidden, output_to_hidden, both), strict=True):
        n = widest(make, budget).rnn.n_hidden
        torch.manual_seed(seed)
        networks[name] = make(n)
    return networks


def tagging_loss(model: nn.Module, batch: Any) -> Tensor:
    """The loss of every tagger: the mean -log P per step, in nats, under teacher forcing.

    A scalar, for `fit`.
    """
    return mean_nll(model(batch.x, batch.y, batch.lengths), batch.y, batch.lengths)


@torch.no_grad()
def enters(model: Tagger, steps: int) -> list[tuple[int, int]]:
    """The edges from y of a tagger, (s, t) where y^(s) enters h^(t): found by changing y^(s).

    Each y is replaced by each other symbol in turn, to see at which steps the cell then reads
    something different.
    """
    cell_reads: list[Tensor] = []
    hook = model.rnn.register_forward_pre_hook(lambda rnn, given: cell_reads.append(given[0]))
    n_out, found, training = model.V.out_features, set(), model.training
    x = torch.zeros(n_out, steps, dtype=torch.int64)
    try:
        for s in range(steps):
            y = torch.zeros_like(x)
            y[:, s] = torch.arange(n_out)
            model.eval()(x, y)
            reads = cell_reads.pop()
            reached = (reads != reads[:1]).any(2).any(0).nonzero().flatten().tolist()
            found |= {(s + 1, t + 1) for t in reached}
    finally:
        hook.remove()
        model.train(training)
    return sorted(found)


def _checked_lengths(x: Tensor, lengths: Lengths | None) -> Tensor | None:
    return None if lengths is None else checks.lengths(lengths, len(x), x.shape[1], x.device)


def _known(values: Tensor, lengths: Lengths | None) -> Tensor:
    """Floats (B, T, n) with zeros in their padding; symbols as they are, since any will do."""
    floats = isinstance(values, Tensor) and values.is_floating_point() and values.dim() == 3
    known = _checked_lengths(values, lengths) if floats else None
    return values if known is None else blanked(values, known)


def _looked_up(name: str, values: Tensor, table: nn.Embedding) -> Tensor:
    """The rows of a table for symbols (B, T); for floats (B, T, rows), the sum so weighted."""
    if isinstance(values, Tensor) and values.is_floating_point():
        checks.features(name, values, table.weight, "B T n", table.num_embeddings)
        return values @ table.weight
    return table(checks.symbols(name, values, table.num_embeddings))

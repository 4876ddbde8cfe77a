"""Chapter 2: a vector becomes a sequence; three ways of feeding the vector to the network."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from rnn_course import checks
from rnn_course.cells import Cell
from rnn_course.networks.decoding import Generated, generate
from rnn_course.networks.embedding import symbol_table
from rnn_course.networks.likelihood import shifted
from rnn_course.rnn import RNN
from rnn_course.states import State

CONDITIONINGS = ("each", "h0", "both")
"""x at each step, x as the initial state, both."""


class VectorToSequence(nn.Module):
    """A network that writes a sequence y about a fixed vector x, one symbol per step:

        h^(t), state = cell(E y^(t-1) + [each] R x, state),    h^(0) = tanh([h0] R x)
        o^(t) = c + V h^(t),    P(y^(t) | y^(1), …, y^(t-1), x) = softmax(o^(t))

    [each] is 1 where `conditioning` is "each" or "both", [h0] where it is "h0" or "both", and 0
    elsewhere. So x enters at each step, as the initial state, or both, through one matrix R of one
    size: the three have the same parameters, and the same number of them. For an `ElmanCell`,

        h^(t) = tanh(b + W h^(t-1) + U E y^(t-1) + U R x)

    where U R is what the book's figure 10.9 calls R. E is a table with a row for each symbol (drawn
    from a normal distribution of standard deviation 0.2), y^(0) the symbol `first`. Parameters:
    `embed` (E), `R` (n_hidden, n_x), `rnn` (around the cell), `V` (its bias is c).
    Source: Goodfellow et al. (2016), section 10.2.4 and figure 10.9; Vinyals et al. (2015) for
    captions; deck S2.1 to S2.4.

    Raises:
        TypeError, ValueError: If a size is not a positive integer, if the conditioning is unknown,
            if `first` is not a symbol, if the cell's n_in is not its n_hidden, or if its state has
            no h.
    """

    def __init__(self, n_x: int, n_symbols: int, cell: Cell, conditioning: str, first: int) -> None:
        super().__init__()
        self.conditioning = checks.one_of("conditioning", conditioning, CONDITIONINGS)
        n_symbols = checks.positive("n_symbols", n_symbols)
        self.first = checks.symbol("first", first, n_symbols)
        self.rnn = RNN(cell)
        if cell.n_in != cell.n_hidden:
            raise ValueError(
                "cell: expected n_in = n_hidden, since R x serves as input and as "
                f"state, got n_in = {cell.n_in} and n_hidden = {cell.n_hidden}"
            )
        _with_h(cell, torch.zeros(1, cell.n_hidden))
        self.embed = symbol_table("n_symbols", n_symbols, cell.n_in)
        self.R = nn.Linear(checks.positive("n_x", n_x), cell.n_hidden, bias=False)
        nn.init.xavier_uniform_(self.R.weight)
        self.V = nn.Linear(cell.n_hidden, n_symbols)

    def start(self, x: Tensor) -> State:
        """The state before the first step, h^(0) = tanh(R x) or zeros; x (B, n_x)."""
        checks.features("x", x, self.R.weight, "B n_x", self.R.in_features)
        if self.conditioning == "each":
            return self.rnn.cell.initial_state(len(x))
        return _with_h(self.rnn.cell, torch.tanh(self.R(x)))

    def inputs(self, x: Tensor, before: Tensor) -> Tensor:
        """What the cell reads, E y^(t-1) + [each] R x: `before` (B, T) to (B, T, n_in)."""
        checks.symbols("y", before, self.embed.num_embeddings)
        if len(before) != len(x):
            raise ValueError(
                f"y: expected a sequence for each of {len(x)} vectors in x, got {len(before)}"
            )
        e = self.embed(before)
        return e if self.conditioning == "h0" else e + self.R(x).unsqueeze(1)

    def hidden(self, x: Tensor, y: Tensor) -> Tensor:
        """h (B, T, n_hidden), where the teacher gives y^(t-1) at step t; y (B, T) int64."""
        start = self.start(x)
        h, _ = self.rnn(self.inputs(x, shifted(y, self.first)), start)
        return h

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        """x (B, n_x) and y (B, T) to o (B, T, n_symbols); o^(t) knows y before t, not y^(t).

        No lengths are needed: no step looks ahead, and what is computed past a sequence's end is
        left out of the loss (`mean_nll`).
        """
        return self.V(self.hidden(x, y))

    def write(
        self,
        x: Tensor,
        steps: int,
        *,
        end: int | None = None,
        generator: torch.Generator | None = None,
    ) -> Generated:
        """Let the network write about x (B, n_x): see `generate`."""

        def step(t: int, before: Tensor, state: State) -> tuple[Tensor, State]:
            h, state = self.rnn.cell(self.inputs(x, before.unsqueeze(1)).squeeze(1), state)
            return self.V(h), state

        start = self.start(x)
        first = torch.full((len(x),), self.first, device=x.device)
        return generate(step, first, start, steps, end=end, generator=generator)

    def extra_repr(self) -> str:
        return f"conditioning={self.conditioning!r}, first={self.first}"


def _with_h(cell: Cell, h: Tensor) -> State:
    """The cell's initial state with h in place of its zeros."""
    state = cell.initial_state(len(h))
    if isinstance(state, Tensor) and state.shape[1] == cell.n_hidden:
        return h
    if "h" in getattr(state, "_fields", ()):
        return state._replace(h=h)
    raise ValueError(f"cell: expected one whose state has h, got a {type(cell).__name__}")

"""Chapter 5: networks that run backwards through a sequence, or both ways."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from rnn_course.cells import Cell
from rnn_course.padding import Lengths, reversed_inside
from rnn_course.rnn import RNN
from rnn_course.states import State


class Backwards(RNN):
    """An `RNN` that runs from each sequence's own last step to its first:

        g^(t), state = cell(x^(t), state),    t = τ … 1

    It returns g (B, T, n_hidden), with g^(t) in the place of x^(t), and the state after step 1.
    """

    def forward(
        self, x: Tensor, state: State | None = None, lengths: Lengths | None = None
    ) -> tuple[Tensor, State]:
        """x (B, T, n_in) to g (B, T, n_hidden) and the state after the first step."""
        g, state = super().forward(reversed_inside(x, lengths), state, lengths)
        return reversed_inside(g, lengths), state

    def summary(self, g: Tensor) -> Tensor:
        """From g (B, T, n_hidden) the last state, g^(1), which has read the whole sequence."""
        return g[:, 0].clone()


class Bidirectional(nn.Module):
    """Two networks over one input, one from each end, called like an `RNN`:

        h^(t), state = forwards(x^(t), state),     t = 1 … τ
        g^(t), state = backwards(x^(t), state),    t = τ … 1

    It returns [h^(t), g^(t)] side by side, (B, T, n_hidden) where n_hidden is the sum of both, and
    a pair of states: that of `forwards` after step τ and that of `backwards` after step 1. With
    `lengths`, `backwards` starts at each sequence's own end. Each direction has its own cell, and
    neither sees the other's state.
    Source: Schuster and Paliwal (1997); Goodfellow et al. (2016), section 10.3 and figure 10.11;
    deck S5.1 to S5.3.

    Raises:
        TypeError: If one of them is not a `Cell`.
        ValueError: If the cells read inputs of different sizes, or are the same cell.
    """

    def __init__(self, forwards: Cell, backwards: Cell) -> None:
        super().__init__()
        self.forwards, self.backwards = RNN(forwards), Backwards(backwards)
        if forwards.n_in != backwards.n_in:
            raise ValueError(
                f"backwards: expected n_in = {forwards.n_in}, as forwards has, got {backwards.n_in}"
            )
        if forwards is backwards:
            raise ValueError("backwards: expected a cell of its own, got that of forwards")
        self.n_in, self.n_hidden = forwards.n_in, forwards.n_hidden + backwards.n_hidden

    def forward(
        self, x: Tensor, state: tuple[State, State] | None = None, lengths: Lengths | None = None
    ) -> tuple[Tensor, tuple[State, State]]:
        """x (B, T, n_in) to [h, g] (B, T, n_hidden) and the pair of last states; see `unroll`."""
        if state is None:
            state = None, None
        elif not isinstance(state, tuple) or len(state) != 2:
            raise TypeError(
                "state: expected a pair, that of forwards and that of backwards, "
                f"got {type(state).__name__}"
            )
        h, h_state = self.forwards(x, state[0], lengths)
        g, g_state = self.backwards(x, state[1], lengths)
        return torch.cat([h, g], dim=2), (h_state, g_state)

    def summary(self, h: Tensor) -> Tensor:
        """From [h, g] (B, T, n_hidden) what each direction ends with: [h^(τ), g^(1)]."""
        h, g = h.split([self.forwards.n_hidden, self.backwards.n_hidden], dim=2)
        return torch.cat([self.forwards.summary(h), self.backwards.summary(g)], dim=1)


def network_of(cell: Cell | RNN | Bidirectional) -> RNN | Bidirectional:
    """An RNN of a cell; a network, such as `Backwards` or `Bidirectional`, unchanged."""
    return cell if isinstance(cell, RNN | Bidirectional) else RNN(cell)

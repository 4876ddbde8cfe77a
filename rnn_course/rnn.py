"""All steps of a cell: the one place where the loop over time, lengths and masks live."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from rnn_course import checks
from rnn_course.cells import Cell
from rnn_course.kernels.kernel import kernel_of, serves
from rnn_course.padding import Lengths, blanked, reversed_inside
from rnn_course.states import State, each


def unroll(
    cell: Cell, x: Tensor, state: State | None = None, lengths: Lengths | None = None
) -> tuple[Tensor, State]:
    """Run `cell` over x step by step: the definition of a recurrent network.

        a = cell.project(x);    h^(t), state^(t) = cell.step(a^(t), state^(t-1))

    x (B, T, n_in), h (B, T, n_hidden); the state returned is the one after the last step.
    With `lengths` (B,), a sequence's state stands still after its own last step: h repeats h^(τ),
    the state returned is that at τ, and nothing in the padding is ever looked at.
    h and the state share no memory, neither with each other nor with anything else.

    A cell whose `forward` has been overridden, or that has hooks, is called at each step:
    h^(t), state^(t) = cell(x^(t), state^(t-1)).
    Source: Goodfellow et al. (2016), section 10.1; deck S1.1, S1.2.

    Raises:
        TypeError, ValueError: If x has another rank, width, dtype or device than the cell expects,
            or is empty; if the state has another form; if lengths have a wrong count, type or
            range. The message names the argument.
    """
    x, state, lengths = _checked(cell, x, state, lengths)
    a, step = (cell.project(x), cell.step) if cell.is_split else (x, cell)
    out: list[Tensor] = []
    for t, a_t in enumerate(a.unbind(1)):
        h, new = step(a_t, state)
        if lengths is None or t == 0:  # every sequence has a first step
            state = new
        else:
            live = (t < lengths).unsqueeze(1)
            h, state = torch.where(live, h, out[-1]), _where(live, new, state)
        out.append(h)
    return torch.stack(out, dim=1), each(torch.clone, state)


class RNN(nn.Module):
    """A recurrent network of any cell: `h, state = rnn(x, state=None, lengths=None)`.

    The same function as `unroll`. A cell that has a kernel (`rnn_course.kernels`: back-propagation
    through time by hand) runs through it. The plain loop runs

    - for every other cell, and for one whose `project`, `step` or `forward` has been overridden, or
      that has hooks;
    - for every cell where a kernel cannot serve (`kernels.kernel.serves`): under autocast, in the
      transforms of torch.func (vmap, per-sample gradients, …), in forward-mode differentiation.

    Code that needs a *second* derivative, or a batch of gradients in one backward pass, calls
    `unroll`: a kernel learns of it so late that all it can do is raise `NotImplementedError`.

    Raises:
        TypeError: If `cell` is not a `Cell`.
    """

    def __init__(self, cell: Cell) -> None:
        super().__init__()
        self.cell = checks.instance("cell", cell, Cell)
        self.n_in, self.n_hidden = cell.n_in, cell.n_hidden

    def forward(
        self, x: Tensor, state: State | None = None, lengths: Lengths | None = None
    ) -> tuple[Tensor, State]:
        """x (B, T, n_in) to h (B, T, n_hidden) and the state after the last step; see `unroll`."""
        kernel = kernel_of(self.cell) if self.cell.is_split and serves(x) else None
        if kernel is None:
            return unroll(self.cell, x, state, lengths)
        return kernel(*_checked(self.cell, x, state, lengths))

    def summary(self, h: Tensor) -> Tensor:
        """The last h of each sequence, h^(τ), from what `forward` returned, (B, T, n_hidden)."""
        return h[:, -1].clone()  # h stands still past each end


class Backwards(RNN):
    """An `RNN` that runs from each sequence's own last step to its first:

        g^(t), state = cell(x^(t), state),    t = τ … 1

    It returns g (B, T, n_hidden), g^(t) beside x^(t), and the state after step 1.
    """

    def forward(
        self, x: Tensor, state: State | None = None, lengths: Lengths | None = None
    ) -> tuple[Tensor, State]:
        """x (B, T, n_in) to g (B, T, n_hidden) and the state after the first step."""
        g, state = super().forward(reversed_inside(x, lengths), state, lengths)
        return reversed_inside(g, lengths), state

    def summary(self, g: Tensor) -> Tensor:
        """Of g (B, T, n_hidden) what was computed last, g^(1): it has read the whole sequence."""
        return g[:, 0].clone()


class Bidirectional(nn.Module):
    """Two networks over one input, one from each end, called like an `RNN`:

        h^(t), state = forwards(x^(t), state),     t = 1 … τ
        g^(t), state = backwards(x^(t), state),    t = τ … 1

    It returns [h^(t), g^(t)], side by side, (B, T, n_hidden) where n_hidden is the sum of both, and
    a pair of states: that of `forwards` after step τ, that of `backwards` after step 1. With
    `lengths`, `backwards` starts at each sequence's own end. Each direction has its own cell, and
    neither sees the other's state.
    Source: Schuster and Paliwal (1997); Goodfellow et al. (2016), section 10.3 and figure 10.11;
    deck S5.1 to S5.3.

    Raises:
        TypeError: If one of them is not a `Cell`.
        ValueError: If the cells read inputs of different sizes, or are one and the same.
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
        """Of [h, g] (B, T, n_hidden) what each direction ends with: [h^(τ), g^(1)]."""
        h, g = h.split([self.forwards.n_hidden, self.backwards.n_hidden], dim=2)
        return torch.cat([self.forwards.summary(h), self.backwards.summary(g)], dim=1)


def network_of(cell: Cell | RNN | Bidirectional) -> RNN | Bidirectional:
    """An RNN of a cell; a network, such as `Backwards` or `Bidirectional`, as it is."""
    return cell if isinstance(cell, RNN | Bidirectional) else RNN(cell)


def _where(live: Tensor, new: State, old: State) -> State:
    return each(lambda n, o: torch.where(live, n, o), new, old)


def _checked(
    cell: Cell, x: Tensor, state: State | None, lengths: Lengths | None
) -> tuple[Tensor, State, Tensor | None]:
    checks.instance("cell", cell, Cell)
    checks.features("x", x, cell.like, "B T n_in", cell.n_in)
    state = cell.state_or_initial(state, len(x))
    if lengths is None:
        return x, state, None
    tau = checks.lengths(lengths, x.shape[0], x.shape[1], x.device)
    if not checks.transformed() and (tau == x.shape[1]).all():
        return x, state, None  # nothing to hold back
    return blanked(x, tau), state, tau

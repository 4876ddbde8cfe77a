"""All steps of a cell: the one place where the loop over time, lengths and masks live."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from rnn_course import checks
from rnn_course.cells import Cell
from rnn_course.kernels.kernel import kernel_of, serves
from rnn_course.padding import Lengths, blanked
from rnn_course.states import State, each


def unroll(
    cell: Cell, x: Tensor, state: State | None = None, lengths: Lengths | None = None
) -> tuple[Tensor, State]:
    """Run `cell` over x step by step: the definition of a recurrent network.

        a = cell.project(x);    h^(t), state^(t) = cell.step(a^(t), state^(t-1))

    x (B, T, n_in), h (B, T, n_hidden); the state returned is the one after the last step.
    With `lengths` (B,), a sequence's state stays as it is after its own last step: h repeats h^(τ),
    the state returned is that at τ, and nothing in the padding is ever looked at.
    h and the state share no memory with each other or with anything else.

    A cell whose `forward` has been overridden, or that has hooks, is called at each step:
    h^(t), state^(t) = cell(x^(t), state^(t-1)).
    Source: Goodfellow et al. (2016), section 10.1; deck S1.1, S1.2.

    Raises:
        TypeError, ValueError: If x does not have the rank, width, dtype or device that the cell
            expects, or is empty; if the state has the wrong form; if lengths have the wrong count,
            type or range. The message names the argument.
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
        return h[:, -1].clone()  # h stays as it is past each end

    def initial_state(self, batch: int) -> State:
        """The cell's state before the first step."""
        return self.cell.initial_state(batch)

    def restarted(self, state: State, fresh: Tensor) -> State:
        """The state with its initial rows where `fresh` (B,) is true: there, a sequence begins."""
        return _where(fresh.unsqueeze(1), self.initial_state(len(fresh)), state)


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

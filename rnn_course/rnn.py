"""All steps of a cell: the one place where the loop over time, lengths and masks live."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from rnn_course import checks
from rnn_course.cells import Cell, ElmanCell, GRUCell, LSTMCell, MemorylessCell, State
from rnn_course.kernels import cells
from rnn_course.padding import Lengths, blanked, inside, reversed_inside


def unroll(
    cell: Cell, x: Tensor, state: State | None = None, lengths: Lengths | None = None
) -> tuple[Tensor, State]:
    """Run `cell` over x, a step at a time: the definition of a recurrent network.

        a = cell.project(x);    h^(t), state^(t) = cell.step(a^(t), state^(t-1))

    x (B, T, n_in), h (B, T, n_hidden); the state returned is the one after the last step.
    With `lengths` (B,), a sequence's state stands still after its own last step: h repeats h^(τ),
    the state returned is that at τ, and whatever stands in the padding is never looked at.
    h and the state share no memory, neither with each other nor with anything else.

    A cell whose `forward` has been written anew, and one that has hooks, is called at each step:
    h^(t), state^(t) = cell(x^(t), state^(t-1)).

    Raises `TypeError` or `ValueError` that names the argument: x of wrong rank, width, dtype or
    device, or empty; a state of another form; lengths of wrong count, type or range.
    Source: Goodfellow et al. (2016), section 10.1; deck S1.1, S1.2.
    """
    x, state, lengths = _checked(cell, x, state, lengths)
    a, step = (cell.project(x), cell.step) if cell.is_split else (x, cell)
    h, out = None, []
    for t, a_t in enumerate(a.unbind(1)):
        h_new, new = step(a_t, state)
        if lengths is None or t == 0:  # every sequence has a first step
            h, state = h_new, new
        else:
            live = (t < lengths).unsqueeze(1)
            h, state = torch.where(live, h_new, h), _where(live, new, state)
        out.append(h)
    return torch.stack(out, dim=1), _each(torch.clone, state)


class RNN(nn.Module):
    """A recurrent network of any cell: `h, state = rnn(x, state=None, lengths=None)`.

    The same function as `unroll`. A cell that has a kernel (`cells.py`: back-propagation
    through time by hand) runs through it; any other cell runs through the plain loop, and so does

    - one whose `project`, `step` or `forward` has been written anew, and one that has hooks;
    - every cell where a kernel cannot serve (`cells.serve`): under autocast, in the transforms of
      torch.func (vmap, per-sample gradients, …), in forward-mode differentiation.

    What needs a *second* derivative, or a batch of gradients in one backward pass, calls `unroll`:
    a kernel is told so late that all it can do is raise `NotImplementedError`.
    """

    def __init__(self, cell: Cell) -> None:
        super().__init__()
        self.cell = checks.instance("cell", cell, Cell)
        self.n_in, self.n_hidden = cell.n_in, cell.n_hidden

    def forward(
        self, x: Tensor, state: State | None = None, lengths: Lengths | None = None
    ) -> tuple[Tensor, State]:
        """x (B, T, n_in) to h (B, T, n_hidden) and the state after the last step; see `unroll`."""
        cell, kernel = self.cell, _kernel(self.cell)
        if kernel is None or not cells.serve(x):
            return unroll(cell, x, state, lengths)
        x, state, lengths = _checked(cell, x, state, lengths)
        return kernel(x, state, lengths)

    def summary(self, h: Tensor) -> Tensor:
        """Of what `forward` returned, h (B, T, n_hidden), each sequence's last: h^(τ)."""
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

    It returns [h^(t), g^(t)], side by side, (B, T, n_hidden) with the sum of both n_hidden, and a
    pair of states: that of `forwards` after step τ, that of `backwards` after step 1. With
    `lengths`, `backwards` starts at each sequence's own end. Each direction has its own cell, and
    neither sees the other's state.
    Source: Schuster and Paliwal (1997); Goodfellow et al. (2016), section 10.3 and figure 10.11;
    deck S5.1 to S5.3.

    Raises `TypeError` for what is no cell, `ValueError` for cells that read different inputs.
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
    """An RNN of a cell; what runs backward, or both ways, is a network already."""
    return cell if isinstance(cell, RNN | Bidirectional) else RNN(cell)


def with_states(kernel: Callable[..., Tensor]) -> Callable[..., tuple[Tensor, Tensor]]:
    """From a kernel whose state is h one that takes lengths, and returns h and the last state."""

    def run(
        x: Tensor, state: Tensor, lengths: Tensor | None, *weights: Tensor
    ) -> tuple[Tensor, Tensor]:
        h = kernel(x, state, *weights)
        if lengths is None:
            return h, (h[:, -1] if state.shape[1] else state).clone()
        # No step looks ahead, so the kernel may run on into the padding; what it wrote there is
        # replaced by the last h that counts.
        last = h.gather(1, (lengths - 1).view(-1, 1, 1).expand(-1, 1, h.shape[2]))
        h = torch.where(inside(lengths, x.shape[1]).unsqueeze(2), h, last)
        return h, last.squeeze(1) if state.shape[1] else state.clone()

    return run


_KERNELS: dict[tuple[Callable, Callable], tuple[Callable[..., tuple[Tensor, State]], str]] = {}


def register(cell: type[Cell], kernel: Callable[..., tuple[Tensor, State]], names: str) -> None:
    """Have an `RNN` of such a cell call `kernel(x, state, lengths, *attributes)` for h and state.

    The kernel computes the same as the cell's `project` and `step`, as these are now; `names` are
    the attributes that it takes, and where one of them is None the plain loop runs.
    """
    _KERNELS[cell.project, cell.step] = kernel, names


register(ElmanCell, with_states(cells.ElmanBPTT.apply), "U W b")
register(GRUCell, with_states(cells.GRUBPTT.apply), "U W b b_r")  # None if it resets before
register(LSTMCell, cells.lstm, "U W b")
register(MemorylessCell, with_states(cells.all_at_once), "U W b")


def _kernel(cell: Cell) -> Callable[..., tuple[Tensor, State]] | None:
    """The cell's kernel, unless a reader has written a part of the cell anew, or hooked it."""
    if not cell.is_split:
        return None
    methods = tuple(getattr(m, "__func__", None) for m in (cell.project, cell.step))
    kernel, names = _KERNELS.get(methods, (None, ""))
    weights = [getattr(cell, name) for name in names.split()]
    if kernel is None or any(w is None for w in weights):
        return None
    return lambda x, state, lengths: kernel(x, state, lengths, *weights)


def _checked(
    cell: Cell, x: Tensor, state: State | None, lengths: Lengths | None
) -> tuple[Tensor, State, Tensor | None]:
    checks.instance("cell", cell, Cell)
    checks.features("x", x, cell.like, "B T n_in", cell.n_in)
    state = cell.state_or_initial(state, len(x))
    if lengths is not None:
        lengths = checks.lengths(lengths, x.shape[0], x.shape[1], x.device)
        if not checks.transformed() and (lengths == x.shape[1]).all():
            return x, state, None  # nothing to hold back
        x = blanked(x, lengths)
    return x, state, lengths


def _where(live: Tensor, new: State, old: State) -> State:
    return _each(lambda n, o: torch.where(live, n, o), new, old)


def _each(function: Callable[..., Tensor], state: State, *others: State) -> State:
    """The function of each tensor in a state, or of those in the same place of several states."""
    if isinstance(state, Tensor):
        return function(state, *others)
    parts = [_each(function, *those) for those in zip(state, *others, strict=True)]
    return type(state)(*parts) if hasattr(state, "_fields") else tuple(parts)

"""One step of a recurrent network: from x^(t) and the state before to h^(t) and the state after.

A cell is split where time enters. `project` takes the input to the hidden layer. It does not depend
on the state, so all steps are done in one matrix product; `step` has to wait for the previous one.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from rnn_course import checks
from rnn_course.kernels import cells as kernels
from rnn_course.kernels.kernel import Kernel, as_written
from rnn_course.states import State


class Cell(nn.Module):
    """The contract of a cell: a projection of the input, a step, and the state to start from.

        h, state = cell(x_t, state)        x_t (B, n_in), h (B, n_hidden)

    A cell defines `project`, `step` and `initial_state`; code that takes one cell takes any. h and
    part of the state may be the same tensor, so code that goes step by step changes neither in
    place. (What `unroll` and `RNN` return shares no memory.)

    Attributes:
        n_in: The number of features that it reads.
        n_hidden: The number of its hidden units.
        kernel: What an `RNN` runs in place of `project` and `step`, if there is something faster.

    Raises:
        ValueError: If a size is not a positive integer.
    """

    kernel: Kernel | None = None

    def __init__(self, n_in: int, n_hidden: int) -> None:
        super().__init__()
        self.n_in = checks.positive("n_in", n_in)
        self.n_hidden = checks.positive("n_hidden", n_hidden)

    def project(self, x: Tensor) -> Tensor:
        """Input to hidden, for all steps at once: x (..., n_in). Independent of the state."""
        raise NotImplementedError(f"{type(self).__name__} must define project(x)")

    def step(self, a_t: Tensor, state: State) -> tuple[Tensor, State]:
        """Hidden to hidden: from the projected input a_t (B, ...) and the state to h, state."""
        raise NotImplementedError(f"{type(self).__name__} must define step(a_t, state)")

    def initial_state(self, batch: int) -> State:
        """The state before the first step, for a batch of this size."""
        raise NotImplementedError(f"{type(self).__name__} must define initial_state(batch)")

    def forward(self, x_t: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        """One step, `h, state = cell(x_t, state)`; no state means the initial one."""
        checks.features("x_t", x_t, self.like, "B n_in", self.n_in)
        return self.step(self.project(x_t), self.state_or_initial(state, len(x_t)))

    @property
    def like(self) -> Tensor:
        """One of the parameters: x must have its dtype and its device."""
        for parameter in self.parameters():
            return parameter
        raise NotImplementedError(f"{type(self).__name__} has no parameters: it must define like")

    @property
    def is_split(self) -> bool:
        """Whether a step is `project` and then `step`, and nothing else.

        It is not if `forward` has been overridden, or if a hook waits for the cell to be called.
        Then every step is a call of the whole cell.
        """
        return as_written(self, _FORWARD)

    def state_or_initial(self, state: State | None, batch: int) -> State:
        """The state if it has the initial state's form, the initial state if it is None.

        Raises:
            TypeError, ValueError: If a part of the state does not fit; the message names the part.
        """
        initial = self.initial_state(batch)
        if state is None:
            return initial
        if isinstance(initial, Tensor):
            return _same_form("state", state, initial)
        if not isinstance(state, tuple) or len(state) != len(initial):
            raise TypeError(
                f"state: expected {type(initial).__name__}{initial._fields}, "
                f"got {type(state).__name__}"
            )
        parts = zip(initial._fields, state, initial, strict=True)
        return type(initial)(*(_same_form(f"state.{name}", s, i) for name, s, i in parts))

    def extra_repr(self) -> str:
        return f"n_in={self.n_in}, n_hidden={self.n_hidden}"


#: a step that is split: noted now, before it can be overridden
_FORWARD = Cell.forward


def _same_form(name: str, value: Tensor, like: Tensor) -> Tensor:
    checks.features(name, value, like, "B n", like.shape[1])
    if len(value) != len(like):
        raise ValueError(f"{name}: expected B = {len(like)} sequences, as in x, got {len(value)}")
    return value


class DenseCell(Cell):
    """A cell with dense weights U (input to hidden), W (hidden to hidden) and b.

        a^(t) = b + U x^(t)

    A subclass defines `step`, and `initial_state` if its state is not one tensor of zeros. U, W and
    b have `rows` rows, n_hidden unless given (an LSTM has 4 n_hidden), and W has `n_state` columns,
    n_hidden unless given. Weights start as follows: U Glorot-uniform, each n_hidden rows of W
    orthogonal, b zero.

    Raises:
        ValueError: If a size is not a positive integer.
    """

    def __init__(
        self, n_in: int, n_hidden: int, rows: int | None = None, n_state: int | None = None
    ) -> None:
        super().__init__(n_in, n_hidden)
        rows, n_state = rows or self.n_hidden, self.n_hidden if n_state is None else n_state
        self.U = nn.Parameter(torch.empty(rows, self.n_in))
        self.W = nn.Parameter(torch.empty(rows, n_state))
        self.b = nn.Parameter(torch.empty(rows))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw U Glorot-uniform and W orthogonal (n_hidden rows at a time); b = 0."""
        for U, W in zip(self.U.split(self.n_hidden), self.W.split(self.n_hidden), strict=True):
            nn.init.xavier_uniform_(U)
            nn.init.orthogonal_(W)
        nn.init.zeros_(self.b)

    def project(self, x: Tensor) -> Tensor:
        """Input to hidden, b + U x: (..., n_in) to (..., rows). Independent of the state."""
        return F.linear(x, self.U, self.b)

    def initial_state(self, batch: int) -> State:
        """The state before the first step: zeros (batch, n_state) like the weights."""
        return self.W.new_zeros(batch, self.W.shape[1])


class ElmanCell(DenseCell):
    """The plain recurrence, hidden to hidden:

        h^(t) = tanh(b + W h^(t-1) + U x^(t))

    Parameters U (n_hidden, n_in), W (n_hidden, n_hidden), b (n_hidden). The state is h.
    Source: Elman (1990); Goodfellow et al. (2016), equations 10.8 and 10.9; deck S1.1.
    """

    def step(self, a_t: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        h = torch.tanh(torch.addmm(a_t, state, self.W.t()))
        return h, h

    kernel = Kernel(kernels.elman, "U W b", DenseCell.project, step)


class MemorylessCell(DenseCell):
    """A hidden layer that is not passed on to the next step:

        h^(t) = tanh(b + U x^(t))

    Parameters U (n_hidden, n_in) and b (n_hidden); W has no columns, and the state is an empty
    vector. No step waits for another, so all are done at once. With y^(t-1) next to x^(t) it is the
    recurrence that runs through the outputs alone (`networks.dashed_edges.FeedbackTagger`).
    Source: Goodfellow et al. (2016), section 10.2.1; deck S3.2, S3.3.
    """

    def __init__(self, n_in: int, n_hidden: int) -> None:
        super().__init__(n_in, n_hidden, n_state=0)

    def step(self, a_t: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        return torch.tanh(a_t), state

    kernel = Kernel(kernels.memoryless, "U W b", DenseCell.project, step)


class JordanCell(DenseCell):
    """The recurrence that runs through the output alone:

        h^(t) = tanh(b + W o^(t-1) + U x^(t)),    o^(t) = c + V h^(t)

    Parameters U (n_hidden, n_in), W (n_hidden, n_out), b (n_hidden), V a linear layer with the
    bias c. The state is o: all that one step passes on to the next.
    Source: Jordan (1986); Goodfellow et al. (2016), figure 10.4; deck S3.2, S3.3.
    """

    def __init__(self, n_in: int, n_hidden: int, n_out: int) -> None:
        n_out = checks.positive("n_out", n_out)
        super().__init__(n_in, n_hidden, n_state=n_out)
        self.V = nn.Linear(self.n_hidden, n_out)

    def step(self, a_t: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        h = torch.tanh(torch.addmm(a_t, state, self.W.t()))
        return h, self.V(h)


class LSTMState(NamedTuple):
    """What an LSTM carries over: its output h and its memory c, each (B, n_hidden)."""

    h: Tensor
    c: Tensor


class LSTMCell(DenseCell):
    """Long short-term memory. With i, f, o the input, forget and output gates, c̃ the candidate:

        i, f, o = σ(b + W h^(t-1) + U x^(t)),    c̃ = tanh(b + W h^(t-1) + U x^(t))
        c^(t) = f ⊙ c^(t-1) + i ⊙ c̃,    h^(t) = o ⊙ tanh(c^(t))

    each with rows of its own in U (4 n_hidden, n_in), W (4 n_hidden, n_hidden) and b (4 n_hidden),
    in torch's order i, f, c̃, o. The forget gate's bias starts at `forget_bias`, so that the memory
    is kept until training says otherwise.
    Source: Hochreiter and Schmidhuber (1997); Gers et al. (2000); Jozefowicz et al. (2015) for the
    bias; Goodfellow et al. (2016), section 10.10.1.

    Raises:
        ValueError: If `forget_bias` is not a finite number.
    """

    def __init__(self, n_in: int, n_hidden: int, forget_bias: float = 1.0) -> None:
        self.forget_bias = checks.finite("forget_bias", forget_bias)
        super().__init__(n_in, n_hidden, rows=4 * checks.positive("n_hidden", n_hidden))

    def reset_parameters(self) -> None:
        """As in `DenseCell`, but the forget gate's bias is `forget_bias`."""
        super().reset_parameters()
        with torch.no_grad():
            self.b[self.n_hidden : 2 * self.n_hidden] = self.forget_bias

    def initial_state(self, batch: int) -> LSTMState:
        return LSTMState(super().initial_state(batch), super().initial_state(batch))

    def step(self, a_t: Tensor, state: LSTMState) -> tuple[Tensor, LSTMState]:
        i, f, g, o = torch.addmm(a_t, state.h, self.W.t()).chunk(4, dim=1)
        c = f.sigmoid() * state.c + i.sigmoid() * g.tanh()
        h = o.sigmoid() * c.tanh()
        return h, LSTMState(h, c)

    kernel = Kernel(kernels.lstm, "U W b", DenseCell.project, step)


class GRUCell(DenseCell):
    """The gated recurrent unit. With r and z the reset and update gates, h̃ the candidate:

        r, z = σ(b + W h^(t-1) + U x^(t))
        h̃ = tanh(b + W (r ⊙ h^(t-1)) + U x^(t))            reset="before" the matrix product
        h̃ = tanh(b + r ⊙ (W h^(t-1) + b_r) + U x^(t))      reset="after" it
        h^(t) = z ⊙ h^(t-1) + (1 - z) ⊙ h̃

    each with rows of its own in U (3 n_hidden, n_in), W (3 n_hidden, n_hidden) and b (3 n_hidden),
    in torch's order r, z, h̃. Papers and the book reset before; torch and cuDNN after, which lets
    one matrix product serve all three and needs the second bias b_r (n_hidden).
    Source: Cho et al. (2014); Goodfellow et al. (2016), equations 10.45 to 10.47.

    Raises:
        ValueError: If `reset` is neither "after" nor "before".
    """

    def __init__(self, n_in: int, n_hidden: int, reset: str = "after") -> None:
        self.reset = checks.one_of("reset", reset, ("after", "before"))
        super().__init__(n_in, n_hidden, rows=3 * checks.positive("n_hidden", n_hidden))

    def reset_parameters(self) -> None:
        """As in `DenseCell`; b_r, where there is one, is zero."""
        super().reset_parameters()
        self.b_r = nn.Parameter(torch.zeros(self.n_hidden)) if self.reset == "after" else None

    def step(self, a_t: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        H = self.n_hidden
        a_gates, a_new = a_t.split([2 * H, H], dim=1)
        if self.reset == "after":
            gates, new = F.linear(state, self.W).split([2 * H, H], dim=1)
            r, z = (a_gates + gates).sigmoid().chunk(2, dim=1)
            candidate = torch.tanh(a_new + r * (new + self.b_r))
        else:
            r, z = torch.addmm(a_gates, state, self.W[: 2 * H].t()).sigmoid().chunk(2, dim=1)
            candidate = torch.tanh(torch.addmm(a_new, r * state, self.W[2 * H :].t()))
        h = candidate + z * (state - candidate)
        return h, h

    kernel = Kernel(kernels.gru, "U W b b_r", DenseCell.project, step)  # b_r is None: no kernel

    def extra_repr(self) -> str:
        return f"{super().extra_repr()}, reset={self.reset!r}"

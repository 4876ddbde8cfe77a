"""Chapter 11: cells without gates that were invented for long gaps.

Each is a `DenseCell`, so that any code that takes a cell takes these.
"""

from __future__ import annotations

import torch
from torch import Tensor

from rnn_course import checks
from rnn_course.cells import DenseCell
from rnn_course.networks import initial


class ReLUCell(DenseCell):
    """The plain recurrence with a rectifier, whose W starts as the identity (IRNN):

        h^(t) = max(0, b + W h^(t-1) + U x^(t))

    A unit that is on hands its number on unchanged, and its derivative is 1, until training moves
    W. Parameters as in `ElmanCell`. h has no bound: train it with a small learning rate, clipped.
    Source: Le, Jaitly and Hinton (2015); Goodfellow et al. (2016), section 10.7.
    """

    def reset_parameters(self) -> None:
        """As in `DenseCell`, but W is the identity."""
        super().reset_parameters()
        initial.identity(self)

    def step(self, a_t: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        h = torch.relu(torch.addmm(a_t, state, self.W.t()))
        return h, h


class LeakyCell(DenseCell):
    """Units that change slowly: running means, each with its own time constant:

        h^(t) = α ⊙ h^(t-1) + (1 - α) ⊙ tanh(b + W h^(t-1) + U x^(t))

    1/(1 - α) is a unit's time constant in steps: spread evenly on a logarithmic scale from 1 (a
    plain unit, α = 0) to `slowest`. α is fixed, not learnt. Parameters as in `ElmanCell`.
    Source: Jaeger et al. (2007); Goodfellow et al. (2016), section 10.9.2.

    Raises:
        ValueError: If `slowest` is not a number of at least 1.
    """

    alpha: Tensor

    def __init__(self, n_in: int, n_hidden: int, slowest: float) -> None:
        super().__init__(n_in, n_hidden)
        if not 1 <= checks.real(slowest) < float("inf"):
            raise ValueError(f"slowest: expected a number of steps of at least 1, got {slowest!r}")
        times = checks.real(slowest) ** torch.linspace(0, 1, self.n_hidden)
        self.register_buffer("alpha", 1 - 1 / times)

    def step(self, a_t: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        h = torch.tanh(torch.addmm(a_t, state, self.W.t()))
        h = torch.lerp(h, state, self.alpha)  # tanh + α (h^(t-1) - tanh)
        return h, h


class SkipCell(DenseCell):
    """A connection over d steps in addition to the one over one step:

        h^(t) = tanh(b + W h^(t-1) + W_d h^(t-d) + U x^(t))

    A gradient over T steps then has a path of T/d factors. W (n_hidden, 2 n_hidden) holds both
    matrices side by side, and its rows start orthonormal: the two together keep a signal's length.
    The state is h^(t-1) … h^(t-d), side by side, (B, d · n_hidden).
    Source: Lin et al. (1996); Goodfellow et al. (2016), section 10.9.1.

    Raises:
        ValueError: If d is under 2.
    """

    def __init__(self, n_in: int, n_hidden: int, d: int) -> None:
        d = checks.positive("d", d)
        if d < 2:
            raise ValueError(f"d: expected at least 2 steps, got {d}")
        super().__init__(n_in, n_hidden, n_state=2 * checks.positive("n_hidden", n_hidden))
        self.d = d

    def initial_state(self, batch: int) -> Tensor:
        return self.W.new_zeros(batch, self.d * self.n_hidden)

    def step(self, a_t: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        H = self.n_hidden
        both = torch.cat([state[:, :H], state[:, -H:]], dim=1)  # h^(t-1), h^(t-d)
        h = torch.tanh(torch.addmm(a_t, both, self.W.t()))
        return h, torch.cat([h, state[:, :-H]], dim=1)

"""Chapter 14: cells whose recurrence is linear, so that no step has to wait for the one before.

    h^(t) = a^(t) ⊙ h^(t-1) + b^(t)

a and b may depend on x^(t), but not on the state. What is not linear stands before or after the
recurrence, at each step: see `layers`.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from rnn_course import checks
from rnn_course.cells import Cell, MemorylessCell
from rnn_course.kernels import scan as kernels
from rnn_course.kernels.kernel import Kernel
from rnn_course.kernels.scan import as_complex, as_real
from rnn_course.networks.deep import Stack

LONGEST = 1000
"""Unless told otherwise, the memories of these cells last between 1 and this many steps."""


class LinearCell(Cell):
    """The contract of a cell with a linear recurrence, unit by unit:

        a^(t), b^(t) = project(x^(t)),    s^(t) = a^(t) ⊙ s^(t-1) + b^(t),    h^(t) = read(s^(t))

    A subclass defines `project`, which gives a and b side by side, and, if h is not the state
    itself, `read`. If a and b are complex, the state holds real and imaginary parts side by side.
    An `RNN` of it runs by the scan of `kernels.scan`.
    Shapes: x (..., n_in), a and b (..., n_state) each, state (B, n_state), h (B, n_hidden).
    Source: Martin and Cundy (2018); statements M1 to M4.
    """

    def __init__(self, n_in: int, n_hidden: int, n_state: int | None = None) -> None:
        super().__init__(n_in, n_hidden)
        self.n_state = self.n_hidden if n_state is None else n_state

    def step(self, a_t: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        a, b = a_t.chunk(2, dim=1)
        state = as_real(a * (as_complex(state) if a.is_complex() else state) + b)
        return self.read(state), state

    def read(self, state: Tensor) -> Tensor:
        """From states (..., n_state) to h (..., n_hidden): the states themselves."""
        return state

    def initial_state(self, batch: int) -> Tensor:
        """Zeros (batch, n_state)."""
        return self.like.new_zeros(batch, self.n_state)

    kernel = Kernel(kernels.linear, "project read", step)


class MinGRU(LinearCell):
    """A GRU whose gate and candidate see the input alone, and not the state:

        z = σ(b + U x^(t)),    h̃ = b + U x^(t),    h^(t) = z ⊙ h^(t-1) + (1 - z) ⊙ h̃

    each with rows of its own in U (2 n_hidden, n_in) and b (2 n_hidden), z first, as in `GRUCell`.
    z lies in 0 … 1, so each state is a weighted mean of candidates. U starts Glorot-uniform, b_z
    as in `initial.chrono`, ln u with u uniform in 1 … longest - 1, and the rest of b zero.
    Source: Feng et al. (2024), section 3.1, where z and 1 - z are exchanged.

    Raises:
        ValueError: If a size is not a positive integer, or if `longest` is not at least 2.
    """

    def __init__(self, n_in: int, n_hidden: int, longest: int = LONGEST) -> None:
        super().__init__(n_in, n_hidden)
        longest = _at_least_two(longest)
        self.U = nn.Parameter(torch.empty(2 * n_hidden, n_in))
        self.b = nn.Parameter(torch.zeros(2 * n_hidden))
        for block in self.U.detach().split(n_hidden):
            nn.init.xavier_uniform_(block)
        with torch.no_grad():
            u = torch.empty(n_hidden).uniform_(1, longest - 1)
            self.b[:n_hidden] = self.kept(u / (1 + u))

    def project(self, x: Tensor) -> Tensor:
        z, candidate = F.linear(x, self.U, self.b).chunk(2, dim=-1)
        z = self.gate(z)
        return torch.cat([z, (1 - z) * candidate], dim=-1)

    def gate(self, argument: Tensor) -> Tensor:
        """z, from its argument."""
        return argument.sigmoid()

    def kept(self, z: Tensor) -> Tensor:
        """The argument at which the gate is z."""
        return z.logit()


class SignedMinGRU(MinGRU):
    """A minGRU whose gate may be negative:

        z = tanh(b + U x^(t)),    h̃ = b + U x^(t),    h^(t) = z ⊙ h^(t-1) + (1 - z) ⊙ h̃

    z lies in -1 … 1. At z = -1, h^(t) = 2 h̃ - h^(t-1): the state is reflected at the candidate, as
    a bit is flipped by a one. No gate in 0 … 1 can do that. Parameters and start as in `MinGRU`.
    Source: Grazzi et al. (2025), who widen the range of other cells' gates; statement M5.
    """

    def gate(self, argument: Tensor) -> Tensor:
        """z, from its argument."""
        return argument.tanh()

    def kept(self, z: Tensor) -> Tensor:
        """The argument at which the gate is z."""
        return z.atanh()


class LRU(LinearCell):
    """The linear recurrent unit: a complex state with eigenvalues λ that are learnt and constant.

        s^(t) = λ ⊙ s^(t-1) + γ ⊙ (B x^(t)),    λ = exp(-exp(ν) + i exp(θ)),    h = [Re s, Im s]

    With n = n_hidden / 2 complex units, ν, θ and ln γ (n) and B (n, n_in, 2), real and imaginary
    parts. The size of each λ is under 1, whatever ν is. λ starts uniformly in the ring between the
    radii r_min and r_max, and γ at the root of one minus its squared size, so that all units begin
    with states of a like size. The readout C of the paper is whatever reads h.
    Source: Orvieto et al. (2023), section 3.

    Raises:
        ValueError: If n_hidden is not even, or if not 0 ≤ r_min < r_max < 1.
    """

    def __init__(
        self, n_in: int, n_hidden: int, r_min: float = 0.0, r_max: float = 1 - 1 / LONGEST
    ) -> None:
        n = _half(n_hidden)
        super().__init__(n_in, n_hidden)
        if not 0 <= checks.real(r_min) < checks.real(r_max) < 1:
            raise ValueError(
                f"r_min, r_max: expected 0 ≤ r_min < r_max < 1, got {r_min!r} and {r_max!r}"
            )
        u, v = torch.rand(2, n)
        r = (u * (r_max**2 - r_min**2) + r_min**2).sqrt()
        self.nu = nn.Parameter((-r.log()).log())
        self.theta = nn.Parameter((2 * math.pi * v).log())
        self.log_gamma = nn.Parameter((1 - r**2).log() / 2)
        self.B = nn.Parameter(torch.randn(n, self.n_in, 2) / (2 * self.n_in) ** 0.5)

    @property
    def eigenvalues(self) -> Tensor:
        """λ (n), complex."""
        return torch.polar((-self.nu.exp()).exp(), self.theta.exp())

    def project(self, x: Tensor) -> Tensor:
        B = torch.view_as_complex(self.B) * self.log_gamma.exp().unsqueeze(1)
        return _constant(self.eigenvalues, F.linear(x.to(B.dtype), B))


class S4DLin(LinearCell):
    """A diagonal state space model: channels, each with n complex states that are its memory.

        λ = exp(Δ A),    s^(t) = λ ⊙ s^(t-1) + (λ - 1)/A ⊙ u^(t),    h^(t) = 2 Re Σ_n C_n ⊙ s_n^(t)

    with u^(t) = U x^(t) one number for each channel. It is the linear differential equation
    ds/dt = A s + u, with u held constant over a step of length Δ. A starts at -1/2 + iπn for
    n = 0, 1, … in each channel, which is "Lin", and Δ log-uniformly, so that memories last up to
    `longest` steps. Learnt are U (n_hidden, n_in), ln Δ (n_hidden), A (n_hidden, n, 2) by the
    logarithm of -Re A and by Im A, and C (n_hidden, n, 2). The paper adds D u^(t) to h.
    Source: Gu et al. (2022).

    Raises:
        ValueError: If a size is not a positive integer, or if `longest` is not at least 2.
    """

    def __init__(self, n_in: int, n_hidden: int, n: int = 8, longest: int = LONGEST) -> None:
        self.n = checks.positive("n", n)
        super().__init__(n_in, n_hidden, 2 * checks.positive("n_hidden", n_hidden) * self.n)
        longest = _at_least_two(longest)
        self.U = nn.Parameter(nn.init.xavier_uniform_(torch.empty(n_hidden, n_in)))
        # a memory that shrinks to 1/e in 2/Δ steps: Δ between 2/longest and 1
        self.log_delta = nn.Parameter(torch.rand(n_hidden) * math.log(2 / longest))
        A = torch.stack([torch.full((n,), math.log(0.5)), math.pi * torch.arange(n)], dim=1)
        self.A = nn.Parameter(A.repeat(n_hidden, 1, 1))
        self.C = nn.Parameter(torch.randn(n_hidden, n, 2) / (2 * n) ** 0.5)

    @property
    def modes(self) -> tuple[Tensor, Tensor, Tensor]:
        """ln λ, (λ - 1)/A and C, each (n_hidden, n), complex."""
        A = torch.complex(-self.A[..., 0].exp(), self.A[..., 1])
        log_eigenvalues = self.log_delta.exp().unsqueeze(1) * A
        return log_eigenvalues, (log_eigenvalues.exp() - 1) / A, torch.view_as_complex(self.C)

    def project(self, x: Tensor) -> Tensor:
        log_eigenvalues, beta, _ = self.modes
        b = beta * F.linear(x, self.U).unsqueeze(-1)
        return _constant(log_eigenvalues.exp().flatten(), b.flatten(-2))

    def read(self, state: Tensor) -> Tensor:
        """From states (..., 2 · n_hidden · n) to h (..., n_hidden)."""
        s = as_complex(state).unflatten(-1, (self.n_hidden, self.n))
        return 2 * (torch.view_as_complex(self.C) * s).real.sum(-1)

    kernel = Kernel(kernels.convolution, "U modes", project, read, LinearCell.step)


def layers(kind: Callable[[int, int], LinearCell], n_in: int, n_hidden: int, depth: int) -> Stack:
    """`depth` times a linear recurrence, `kind(n_in, n_hidden)`, and a tanh layer at each step.

        h_k^(t) = read_k(s_k^(t)),    y_k^(t) = tanh(b_k + U_k h_k^(t)),    k = 1 … depth

    Each y_k has n_hidden units, and y_(k-1) is the input of layer k, x that of the first. Only the
    recurrences go from step to step.
    """
    cells: list[Cell] = []
    for _ in range(checks.positive("depth", depth)):
        recurrence = kind(cells[-1].n_hidden if cells else n_in, n_hidden)
        cells += [recurrence, MemorylessCell(recurrence.n_hidden, n_hidden)]
    return Stack(*cells)


def _at_least_two(longest: int) -> int:
    if checks.positive("longest", longest) < 2:
        raise ValueError(f"longest: expected at least 2 steps, got {longest}")
    return longest


def _half(n_hidden: int) -> int:
    if checks.positive("n_hidden", n_hidden) % 2:
        raise ValueError(f"n_hidden: expected an even number, got {n_hidden}")
    return n_hidden // 2


def _constant(a: Tensor, b: Tensor) -> Tensor:
    """The same a for every step, beside b (..., n)."""
    return torch.cat([a.expand_as(b), b], dim=-1)

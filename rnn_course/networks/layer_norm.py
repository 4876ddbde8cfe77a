"""Chapters 11 and 12: cells that normalise what enters their units, at each step by itself."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from rnn_course import checks
from rnn_course.cells import DenseCell


class LayerNormCell(DenseCell):
    """The plain recurrence with layer normalisation:

        a^(t) = W h^(t-1) + U x^(t),    h^(t) = tanh(b + g ⊙ (a^(t) - μ^(t)) / σ^(t))

    μ and σ are mean and standard deviation over the n_hidden units of one sequence at one step:
    no other sequence matters and no other step, and neither a sum that grows over time nor one that
    dies away gets through. Parameters U, W, b as in `ElmanCell`, and the gain g (n_hidden), 1 at
    the start. The state is h.
    Source: Ba, Kiros and Hinton (2016), equation 4.
    """

    def reset_parameters(self) -> None:
        """As in `DenseCell`; g is 1."""
        super().reset_parameters()
        self.g = nn.Parameter(torch.ones(self.n_hidden))

    def project(self, x: Tensor) -> Tensor:
        """U x: (..., n_in) to (..., n_hidden); b comes after the normalisation."""
        return F.linear(x, self.U)

    def step(self, a_t: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        a_t = torch.addmm(a_t, state, self.W.t())
        h = torch.tanh(F.layer_norm(a_t, (self.n_hidden,), self.g, self.b))
        return h, h


class LayerNormGRUCell(DenseCell):
    """A `GRUCell` (reset after the product) whose two products are normalised each by itself:

        r, z = σ(b + N(W h^(t-1)) + N(U x^(t)))
        h̃ = tanh(b + r ⊙ (N(W h^(t-1)) + b_r) + N(U x^(t)))
        h^(t) = z ⊙ h^(t-1) + (1 - z) ⊙ h̃,        N(a) = g ⊙ (a - μ) / σ

    with a mean and standard deviation over the 2 n_hidden rows of both gates, and one over the
    n_hidden rows of the candidate. Parameters U, W, b, b_r as in `GRUCell`, and two gains, g_U and
    g_W (3 n_hidden each), 1 at the start.
    Source: Ba, Kiros and Hinton (2016), supplementary material.
    """

    def __init__(self, n_in: int, n_hidden: int) -> None:
        super().__init__(n_in, n_hidden, rows=3 * checks.positive("n_hidden", n_hidden))

    def reset_parameters(self) -> None:
        """As in `DenseCell`; b_r is 0, the gains are 1."""
        super().reset_parameters()
        self.b_r = nn.Parameter(torch.zeros(self.n_hidden))
        self.g_U = nn.Parameter(torch.ones(3 * self.n_hidden))
        self.g_W = nn.Parameter(torch.ones(3 * self.n_hidden))

    def project(self, x: Tensor) -> Tensor:
        """b + N(U x): (..., n_in) to (..., 3 n_hidden). Independent of the state."""
        return torch.cat(self._normalised(F.linear(x, self.U), self.g_U), dim=-1) + self.b

    def step(self, a_t: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        sizes = [2 * self.n_hidden, self.n_hidden]
        a_gates, a_new = a_t.split(sizes, dim=1)
        gates, new = self._normalised(F.linear(state, self.W), self.g_W)
        r, z = (a_gates + gates).sigmoid().chunk(2, dim=1)
        candidate = torch.tanh(a_new + r * (new + self.b_r))
        h = candidate + z * (state - candidate)
        return h, h

    def _normalised(self, a: Tensor, g: Tensor) -> list[Tensor]:
        """The rows of the gates and those of the candidate, each normalised."""
        sizes = [2 * self.n_hidden, self.n_hidden]
        parts = zip(a.split(sizes, dim=-1), g.split(sizes), strict=True)
        return [F.layer_norm(part, part.shape[-1:], gain) for part, gain in parts]

"""The deep transition of `networks.deep`, with back-propagation through time by hand."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from rnn_course.kernels.cells import tanh_backward
from rnn_course.kernels.kernel import first_derivative_only


class TransitionBPTT(torch.autograd.Function):
    """A transition of k layers, with a skip S or without, for all t, and its gradient.

    With z_0 = h^(t-1), δ_i = ∂L/∂(the argument of the i-th tanh), and g^(t) the gradient that
    reaches h^(t) = z_k from outside the recurrence:

        δ_k^(t) = (g^(t) + W_1ᵀ δ_1^(t+1) + Sᵀ δ_k^(t+1)) ⊙ (1 - z_k²)
        δ_i^(t) = W_(i+1)ᵀ δ_(i+1)^(t) ⊙ (1 - z_i²)
        ∂L/∂W_i = Σ_t δ_i^(t) z_(i-1)ᵀ,    ∂L/∂S = Σ_t δ_k^(t) h^(t-1)ᵀ,    ∂L/∂a^(t) = δ_1^(t)

    As in `kernels.cells.ElmanBPTT`, each of these sums over time is one matrix product, and there
    is no second derivative.
    Shapes: a (B, T, H), h0 (B, H), W (k, H, H), b (k - 1, H), S (H, H) or None; h (B, T, H).
    Source: deck S7.3, S7.6.
    """

    @staticmethod
    def forward(ctx: Any, a: Tensor, h0: Tensor, W: Tensor, b: Tensor, S: Tensor | None) -> Tensor:
        B, T, H = a.shape
        k = len(W)
        z = a.new_empty(k, T + 1, B, H)  # z[-1, t] is h^(t), so z[-1, 0] is given
        z[-1, 0] = h0
        z[0, 1:] = a.transpose(0, 1)
        W_t = W.transpose(1, 2).unbind(0)
        inner, last = z[:, 1:].unbind(1), z[-1].unbind(0)
        for t in range(T):
            h = below = last[t]
            for i, (z_i, W_i) in enumerate(zip(inner[t].unbind(0), W_t, strict=True)):
                if i == 0:
                    z_i.addmm_(h, W_i)
                else:
                    torch.addmm(b[i - 1], below, W_i, out=z_i)
                if i == k - 1 and S is not None:
                    z_i.addmm_(h, S.t())
                below = z_i.tanh_()
        ctx.save_for_backward(z, W, S)
        return z[-1, 1:].transpose(0, 1)  # (B, T, H)

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> tuple[Tensor | None, ...]:
        first_derivative_only("TransitionBPTT", g)
        z, W, S = ctx.saved_tensors
        k, T, B, H = z.shape[0], z.shape[1] - 1, z.shape[2], z.shape[3]
        delta = z.new_empty(k, T, B, H)
        delta[-1] = g.transpose(0, 1)
        dh0 = torch.zeros_like(z[0, 0])
        steps, inner, W_i = delta.unbind(1), z[:, 1:].unbind(1), W.unbind(0)
        for t in reversed(range(T)):
            d, z_t = steps[t].unbind(0), inner[t].unbind(0)
            tanh_backward(d[-1], z_t[-1], grad_input=d[-1])
            for i in reversed(range(k - 1)):
                torch.mm(d[i + 1], W_i[i + 1], out=d[i])  # rows are sequences, hence W, not Wᵀ
                tanh_backward(d[i], z_t[i], grad_input=d[i])
            before = steps[t - 1][-1] if t else dh0
            before.addmm_(d[0], W_i[0])
            if S is not None:
                before.addmm_(d[-1], S)
        flat = delta.view(k, T * B, H)
        h_before = z[-1, :-1].reshape(T * B, H)
        below = [h_before, *z[:-1, 1:].reshape(k - 1, T * B, H)]
        dW = torch.stack([d.t() @ z_i for d, z_i in zip(flat, below, strict=True)])
        dS = None if S is None else flat[-1].t() @ h_before
        return delta[0].transpose(0, 1), dh0, dW, flat[1:].sum(1), dS


def blocks(x: Tensor, h0: Tensor, input: nn.Module, transition: nn.Module) -> Tensor:
    """`TransitionBPTT` of a cell's input block and its transition."""
    return TransitionBPTT.apply(input(x), h0, transition.W, transition.b, transition.S)

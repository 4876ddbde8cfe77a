"""The recurrence of `cells.py` with back-propagation through time written out by hand.

The same mathematics as the plain loop in `unroll.py`, and faster: autograd would record several
nodes a step, keep their temporaries, and add to the gradient of W once a step. Here nothing is
recorded, and only what has to wait for its neighbour in time is done a step at a time.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.autograd.function import FunctionCtx
from torch.nn import functional as F

# grad_input = grad_output * (1 - h * h), in one pass over memory and into a given buffer
_tanh_backward = torch.ops.aten.tanh_backward.grad_input


class ElmanBPTT(torch.autograd.Function):
    """h^(t) = tanh(b + W h^(t-1) + U x^(t)) for all t, and its gradient.

    With δ^(t) = ∂L/∂a^(t), a^(t) what stands inside the tanh, and g^(t) the gradient that reaches
    h^(t) from outside the recurrence (from o^(t), say):

        δ^(τ) = g^(τ) ⊙ (1 - h^(τ)²)
        δ^(t) = (g^(t) + Wᵀ δ^(t+1)) ⊙ (1 - h^(t)²)
        ∂L/∂W = Σ_t δ^(t) h^(t-1)ᵀ,   ∂L/∂U = Σ_t δ^(t) x^(t)ᵀ,   ∂L/∂b = Σ_t δ^(t)
        ∂L/∂x^(t) = Uᵀ δ^(t),   ∂L/∂h^(0) = Wᵀ δ^(1)

    Only δ is sequential. The weights are shared between the steps, so their gradient is a sum over
    time, and that sum is *one* matrix product.

    It has a first derivative only, and raises `NotImplementedError` where a second is asked for.
    Shapes: x (B, T, n_in), h0 (B, H), U (H, n_in), W (H, H), b (H); returns h (B, T, H).
    Source: Goodfellow et al. (2016), section 10.2.2; deck S4.1 (shared weights).
    """

    @staticmethod
    def forward(ctx: FunctionCtx, x: Tensor, h0: Tensor, U: Tensor, W: Tensor, b: Tensor) -> Tensor:
        B, T, n_in = x.shape
        H = W.shape[0]
        x = x.transpose(0, 1).reshape(T * B, n_in)
        h = x.new_empty(T + 1, B, H)                       # h[t] is h^(t), so h[0] is given
        h[0] = h0
        torch.addmm(b, x, U.t(), out=h[1:].view(T * B, H))  # all steps at once: b + U x^(t)
        W_t = W.t()
        h_prev, *rest = h.unbind(0)
        for h_t in rest:
            h_prev = h_t.addmm_(h_prev, W_t).tanh_()
        ctx.save_for_backward(x, h, U, W)
        return h[1:].transpose(0, 1)                       # (B, T, H)

    @staticmethod
    def backward(ctx: FunctionCtx, g: Tensor) -> tuple[Tensor | None, ...]:
        if torch.is_grad_enabled():                        # that is, under create_graph=True
            raise NotImplementedError("ElmanBPTT has no second derivative: call unroll(cell, ...) "
                                      "instead of RNN(cell)(...)")
        x, h, U, W = ctx.saved_tensors
        T, B, H = h.shape[0] - 1, h.shape[1], h.shape[2]
        delta = g.transpose(0, 1).clone(memory_format=torch.contiguous_format)   # (T, B, H)
        *earlier, d_t = delta.unbind(0)
        _, *h_first, h_t = h.unbind(0)
        _tanh_backward(d_t, h_t, grad_input=d_t)
        for d_prev, h_prev in zip(reversed(earlier), reversed(h_first), strict=True):
            d_prev.addmm_(d_t, W)                          # rows are sequences, hence W, not Wᵀ
            d_t = _tanh_backward(d_prev, h_prev, grad_input=d_prev)
        flat = delta.view(T * B, H)
        need_x, need_h0, *_ = ctx.needs_input_grad
        dx = (flat @ U).view(T, B, -1).transpose(0, 1) if need_x else None
        dh0 = d_t @ W if need_h0 else None
        return dx, dh0, flat.t() @ x, flat.t() @ h[:-1].view(T * B, H), flat.sum(0)


def all_at_once(x: Tensor, state: Tensor, U: Tensor, W: Tensor, b: Tensor) -> Tensor:
    """h^(t) = tanh(b + U x^(t)) for all t: without W no step waits, and autograd does the rest."""
    return torch.tanh(F.linear(x, U, b))

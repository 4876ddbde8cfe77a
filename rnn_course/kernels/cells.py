"""The recurrences of `rnn_course.cells`, with back-propagation through time by hand.

The same mathematics as the plain loop in `rnn.unroll`, and faster: autograd would record several
nodes per step, keep their temporaries, and add to the gradient of W once per step. Here nothing
is recorded, and only what has to wait for its neighbour in time is done step by step.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from rnn_course.kernels.kernel import first_derivative_only, with_lengths
from rnn_course.padding import inside
from rnn_course.states import State

SHUT = 1e4
"""What is added inside a sigmoid to make it exactly 0 or 1."""

# grad_input = grad_output * (1 - h * h), in one pass over memory and into a given buffer
tanh_backward = torch.ops.aten.tanh_backward.grad_input


class ElmanBPTT(torch.autograd.Function):
    """h^(t) = tanh(b + W h^(t-1) + U x^(t)) for all t, and its gradient.

    With δ^(t) = ∂L/∂a^(t), a^(t) the argument of the tanh, and g^(t) the gradient that reaches
    h^(t) from outside the recurrence (from o^(t), say):

        δ^(τ) = g^(τ) ⊙ (1 - h^(τ)²)
        δ^(t) = (g^(t) + Wᵀ δ^(t+1)) ⊙ (1 - h^(t)²)
        ∂L/∂W = Σ_t δ^(t) h^(t-1)ᵀ,   ∂L/∂U = Σ_t δ^(t) x^(t)ᵀ,   ∂L/∂b = Σ_t δ^(t)
        ∂L/∂x^(t) = Uᵀ δ^(t),   ∂L/∂h^(0) = Wᵀ δ^(1)

    Only δ is sequential. The weights are shared between the steps, so their gradient is a sum over
    time, and that sum is *one* matrix product.

    It has only a first derivative, and raises `NotImplementedError` if asked for a second.
    Shapes: x (B, T, n_in), h0 (B, H), U (H, n_in), W (H, H), b (H); returns h (B, T, H).
    Source: Goodfellow et al. (2016), section 10.2.2; deck S4.1 (shared weights).
    """

    @staticmethod
    def forward(ctx: Any, x: Tensor, h0: Tensor, U: Tensor, W: Tensor, b: Tensor) -> Tensor:
        B, T, n_in = x.shape
        H = W.shape[0]
        x = x.transpose(0, 1).reshape(T * B, n_in)
        h = x.new_empty(T + 1, B, H)  # h[t] is h^(t), so h[0] is given
        h[0] = h0
        torch.addmm(b, x, U.t(), out=h[1:].view(T * B, H))  # all steps at once: b + U x^(t)
        W_t = W.t()
        h_prev, *rest = h.unbind(0)
        for h_t in rest:
            h_prev = h_t.addmm_(h_prev, W_t).tanh_()
        ctx.save_for_backward(x, h, U, W)
        return h[1:].transpose(0, 1)  # (B, T, H)

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> tuple[Tensor | None, ...]:
        first_derivative_only("ElmanBPTT", g)
        x, h, U, W = ctx.saved_tensors
        T, B, H = h.shape[0] - 1, h.shape[1], h.shape[2]
        delta = g.transpose(0, 1).clone(memory_format=torch.contiguous_format)  # (T, B, H)
        *earlier, d_t = delta.unbind(0)
        _, *h_first, h_t = h.unbind(0)
        tanh_backward(d_t, h_t, grad_input=d_t)
        for d_prev, h_prev in zip(reversed(earlier), reversed(h_first), strict=True):
            d_prev.addmm_(d_t, W)  # rows are sequences, hence W, not Wᵀ
            d_t = tanh_backward(d_prev, h_prev, grad_input=d_prev)
        flat = delta.view(T * B, H)
        need_x, need_h0, *_ = ctx.needs_input_grad
        dx = (flat @ U).view(T, B, -1).transpose(0, 1) if need_x else None
        dh0 = d_t @ W if need_h0 else None
        return dx, dh0, flat.t() @ x, flat.t() @ h[:-1].view(T * B, H), flat.sum(0)


class GRUBPTT(torch.autograd.Function):
    """A GRU that resets after the matrix product (`cells.GRUCell`), all steps, and its gradient.

    With q^(t) = W_n h^(t-1) + b_r and the candidate n^(t) = tanh(b_n + r ⊙ q + U_n x), and with
    d^(t) = ∂L/∂h^(t) and δ^(t) = ∂L/∂(W h^(t-1)) in the rows' order r, z, candidate:

        δ_z = d ⊙ (h^(t-1) - n) ⊙ z (1 - z),        ν = d ⊙ (1 - z) (1 - n²)
        δ_r = ν ⊙ q ⊙ r (1 - r),                    δ_n = ν ⊙ r
        d^(t-1) = g^(t-1) + d^(t) ⊙ z^(t) + Wᵀ δ^(t)

    The factors of d in the first two lines are known before the backward pass begins, and are
    computed for all steps at once; a step then takes two products and a sum. As in `ElmanBPTT`, a
    weight's gradient is one matrix product, and there is no second derivative.
    Shapes: x (B, T, n_in), h0 (B, H), U (3H, n_in), W (3H, H), b (3H), b_r (H); h (B, T, H).
    Source: Cho et al. (2014); Goodfellow et al. (2016), section 10.10.2.
    """

    @staticmethod
    def forward(
        ctx: Any, x: Tensor, h0: Tensor, U: Tensor, W: Tensor, b: Tensor, b_r: Tensor
    ) -> Tensor:
        B, T, n_in = x.shape
        H = W.shape[1]
        x = x.transpose(0, 1).reshape(T * B, n_in)
        gates = torch.addmm(b[: 2 * H], x, U[: 2 * H].t()).view(T, B, 2 * H)
        n = torch.addmm(b[2 * H :], x, U[2 * H :].t()).view(T, B, H)
        h, q = x.new_empty(T + 1, B, H), x.new_empty(T, B, H)
        h[0] = h0
        W_gates, W_n = W[: 2 * H].t(), W[2 * H :].t()
        h_prev, *rest = h.unbind(0)
        r, z = (gate.unbind(0) for gate in gates.chunk(2, dim=2))
        for t, (h_t, gates_t, n_t, q_t) in enumerate(
            zip(rest, gates.unbind(0), n.unbind(0), q.unbind(0), strict=True)
        ):
            gates_t.addmm_(h_prev, W_gates).sigmoid_()
            torch.addmm(b_r, h_prev, W_n, out=q_t)
            n_t.addcmul_(r[t], q_t).tanh_()
            h_prev = torch.lerp(n_t, h_prev, z[t], out=h_t)  # n + z (h^(t-1) - n)
        ctx.save_for_backward(x, h, gates, n, q, U, W)
        return h[1:].transpose(0, 1)  # (B, T, H)

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> tuple[Tensor | None, ...]:
        first_derivative_only("GRUBPTT", g)
        x, h, gates, n, q, U, W = ctx.saved_tensors
        T, B, H = n.shape
        r, z = gates.chunk(2, dim=2)
        d = g.transpose(0, 1).clone(memory_format=torch.contiguous_format)  # (T, B, H)
        nu = tanh_backward(1 - z, n, grad_input=torch.empty_like(n))
        delta = n.new_empty(T, B, 3, H)  # all but the factor d
        torch.mul(nu * q, r * (1 - r), out=delta[:, :, 0])
        torch.mul(h[:-1] - n, z * (1 - z), out=delta[:, :, 1])
        torch.mul(nu, r, out=delta[:, :, 2])
        dh0 = torch.empty_like(h[0]).zero_()
        earlier = [dh0, *d.unbind(0)[:-1]]
        for d_prev, d_t, z_t, delta_t in zip(
            reversed(earlier),
            reversed(d.unbind(0)),
            reversed(z.unbind(0)),
            reversed(delta.unbind(0)),
            strict=True,
        ):
            delta_t.mul_(d_t.unsqueeze(1))
            d_prev.addcmul_(d_t, z_t).addmm_(delta_t.view(B, 3 * H), W)
        delta, nu = delta.view(T * B, 3 * H), nu.mul_(d).view(T * B, H)
        dW, db_r = delta.t() @ h[:-1].view(T * B, H), delta[:, 2 * H :].sum(0)
        delta[:, 2 * H :] = nu  # now ∂L/∂(b + U x)
        dx = (delta @ U).view(T, B, -1).transpose(0, 1) if ctx.needs_input_grad[0] else None
        return dx, dh0, delta.t() @ x, dW, delta.sum(0), db_r


def lstm(
    x: Tensor, state: State, lengths: Tensor | None, U: Tensor, W: Tensor, b: Tensor
) -> tuple[Tensor, State]:
    """An LSTM (`cells.LSTMCell`), all steps, by torch's own fused layer: oneDNN or cuDNN.

    On a CPU no loop in Python comes near it. It takes no lengths, so the padding is made to hold
    the memory: one extra input, 1 there and 0 elsewhere, shuts the input gate and opens the forget
    gate, σ(-s) = 0 and σ(s) = 1 exactly, hence c^(t) = 1 · c^(t-1) + 0 · c̃.
    Shapes: x (B, T, n_in), state two of (B, H), U (4H, n_in), W (4H, H), b (4H); returns h
    (B, T, H) and the state after each sequence's last step.
    """
    H = W.shape[1]
    if lengths is not None:
        padding = ~inside(lengths, x.shape[1])
        x = torch.cat([x, padding.unsqueeze(2).to(x.dtype)], dim=2)
        # Twice: a gate may be held the other way by its bias (networks.gates).
        hold = U.new_tensor([[-2 * SHUT], [2 * SHUT], [0.0], [0.0]]).repeat_interleave(H, dim=0)
        U = torch.cat([U, hold], dim=1)
    h_0, c_0 = (part.unsqueeze(0) for part in state)
    weights = [U, W, b, torch.zeros_like(b)]  # torch keeps two biases
    h, h_T, c_T = torch.lstm(x, [h_0, c_0], weights, True, 1, 0.0, True, False, True)
    if lengths is not None:  # h^(t) = o ⊙ tanh(c): o did not hold
        last = h.gather(1, (lengths - 1).view(-1, 1, 1).expand(-1, 1, H))
        h, h_T = torch.where(padding.unsqueeze(2), last, h), last.transpose(0, 1)
    return h, type(state)(h_T.squeeze(0), c_T.squeeze(0))


def all_at_once(x: Tensor, state: Tensor, U: Tensor, W: Tensor, b: Tensor) -> Tensor:
    """h^(t) = tanh(b + U x^(t)) for all t: without W no step waits, and autograd does the rest."""
    return torch.tanh(F.linear(x, U, b))


elman = with_lengths(ElmanBPTT.apply)
gru = with_lengths(GRUBPTT.apply)
memoryless = with_lengths(all_at_once)

"""The linear recurrence h^(t) = a^(t) ⊙ h^(t-1) + b^(t), all steps in some 2√(2T) operations.

Steps of this kind compose: two of them, one after the other, are again one,

    (a_2, b_2) ∘ (a_1, b_1) = (a_2 ⊙ a_1, a_2 ⊙ b_1 + b_2),

so that any bracketing of the T steps gives the same states. Here they are cut into chunks, which
run side by side.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from rnn_course import checks
from rnn_course.kernels.kernel import first_derivative_only, held, with_lengths
from rnn_course.padding import reversed_inside

BUSY = 6000
"""From so many units on, over all sequences, one step keeps a processor busy (measured)."""


def chunks(B: int, T: int, H: int) -> int:
    """Into how many chunks T steps are cut: one (the loop) if each step is work enough by itself.

    K chunks of T/K steps take 2 T/K + K operations, the fewest at K = √(2T). Shorter chunks use the
    cache less well, and √(T/2) was faster.
    """
    return 1 if B * H > BUSY else max(1, min(round((T / 2) ** 0.5), T // 2))


def scan(a: Tensor, b: Tensor, h0: Tensor, K: int | None = None) -> Tensor:
    """The states of h^(t) = a^(t) ⊙ h^(t-1) + b^(t), in K chunks, or as `chunks` has it.

    a, b (B, T, H) and h0 (B, H), all real or all complex; h (B, T, H).

    Raises:
        TypeError: If the types differ.
        ValueError: If the shapes do not fit, or if K is not a number of chunks 1 … T.
    """
    if a.dim() != 3 or a.shape != b.shape or h0.shape != (a.shape[0], a.shape[2]):
        raise ValueError(
            "a, b, h0: expected shapes (B, T, H), (B, T, H) and (B, H), got "
            f"{tuple(a.shape)}, {tuple(b.shape)} and {tuple(h0.shape)}"
        )
    if not a.dtype == b.dtype == h0.dtype:
        raise TypeError(f"a, b, h0: expected one dtype, got {a.dtype}, {b.dtype} and {h0.dtype}")
    B, T, H = a.shape
    K = chunks(B, T, H) if K is None else checks.positive("K", K)
    if K > T:
        raise ValueError(f"K: expected at most T = {T} chunks, got {K}")
    return Scan.apply(a, b, h0, K)


def as_complex(s: Tensor) -> Tensor:
    """Real and imaginary parts side by side, (..., 2n), as complex numbers (..., n)."""
    return torch.complex(*s.chunk(2, dim=-1))


def as_real(s: Tensor) -> Tensor:
    """Complex numbers (..., n) as real and imaginary parts side by side, (..., 2n); real as is."""
    return torch.cat([s.real, s.imag], dim=-1) if s.is_complex() else s


def linear(
    x: Tensor, state: Tensor, lengths: Tensor | None, project: Callable, read: Callable
) -> tuple[Tensor, Tensor]:
    """All steps of a `networks.linear.LinearCell`, from its `project` and its `read`."""

    def all_states(x: Tensor, h0: Tensor) -> Tensor:
        a, b = project(x).chunk(2, dim=2)
        return as_real(scan(a, b, as_complex(h0) if a.is_complex() else h0))

    h, last = with_lengths(all_states)(x, state, lengths)
    return read(h), last


def states(a: Tensor, b: Tensor, h0: Tensor, h: Tensor, K: int, back: bool = False) -> None:
    """Write into h the states of h^(t) = a^(t) ⊙ h^(t-1) + b^(t) from h0, in K chunks.

    1. Each chunk, all side by side: the one step (p, e) that all of its steps together are.
    2. From chunk to chunk, the state that each starts from: s_(k+1) = p_k ⊙ s_k + e_k.
    3. Each chunk, all side by side: its states, from there.

    With `back`, from the last step to the first: h^(t) = a^(t) ⊙ h^(t+1) + b^(t). The T mod K
    steps that are left come last, one by one. a, b, h (B, T, H), h0 (B, H).
    """
    T = b.shape[1]
    L = T // K
    whole, rest = (
        (slice(T - K * L, T), range(T - K * L)) if back else (slice(0, K * L), range(K * L, T))
    )
    in_chunks = (part[:, whole].unflatten(1, (K, L)).unbind(2) for part in (a, b, h))
    steps = [*zip(*in_chunks, strict=True)]  # L triples of (B, K, H)
    order = range(K)
    if back:
        steps.reverse()
        order = order[::-1]
    if K == 1:
        s = h0.unsqueeze(1)
    else:
        (a_l, b_l, _), *later = steps
        p, e = a_l.clone(), b_l.clone()
        for a_l, b_l, _ in later:
            p *= a_l
            torch.addcmul(b_l, a_l, e, out=e)
        s = torch.empty_like(e)
        p_k, e_k, s_k = p.unbind(1), e.unbind(1), s.unbind(1)
        s_k[order[0]].copy_(h0)
        for k, following in zip(order, order[1:], strict=False):
            torch.addcmul(e_k[k], p_k[k], s_k[k], out=s_k[following])
    for a_l, b_l, h_l in steps:
        s = torch.addcmul(b_l, a_l, s, out=h_l)
    last = s[:, order[-1]]
    for t in reversed(rest) if back else rest:
        last = torch.addcmul(b[:, t], a[:, t], last, out=h[:, t])


def convolution(
    x: Tensor, state: Tensor, lengths: Tensor | None, U: Tensor, modes: tuple[Tensor, ...]
) -> tuple[Tensor, Tensor]:
    """All steps of a `networks.linear.S4DLin`, without any states between the first and the last.

    With λ constant, h is the input convolved with the answer to an impulse, once and for all:

        h^(t) = Σ_j k^(j) ⊙ u^(t-j),    k^(j) = 2 Re Σ_n C_n ⊙ β_n ⊙ λ_n^j

    computed by `Convolution`. `modes` are ln λ, β and C (n_hidden, n).
    """
    log_eigenvalues, beta, C = modes
    B, T, _ = x.shape
    s0 = as_complex(state).unflatten(1, C.shape)
    powers = (torch.arange(T + 1, device=x.device).view(-1, 1, 1) * log_eigenvalues).exp()
    u = F.linear(x, U)
    k = 2 * (powers[:-1] * (C * beta)).real.sum(2)
    h = Convolution.apply(u.transpose(1, 2).contiguous(), k.t().contiguous()).transpose(1, 2)
    h = h + 2 * torch.einsum("bcn,tcn->btc", C * s0, powers[1:]).real
    tau = torch.full((B,), T, device=x.device) if lengths is None else lengths
    back = reversed_inside(u, lengths).to(powers.dtype)  # zero in the padding, as x is
    last = powers[tau] * s0 + beta * torch.einsum("btc,tcn->bcn", back, powers[:-1])
    if lengths is not None:
        h, _ = held(h, lengths)
    return h, as_real(last.flatten(1))


class Scan(torch.autograd.Function):
    """h^(t) = a^(t) ⊙ h^(t-1) + b^(t) for all t, and its gradient, which is such a scan as well.

    With g^(t) the gradient that reaches h^(t) from outside the recurrence, and z* the conjugate:

        δ^(t) = a^(t+1)* ⊙ δ^(t+1) + g^(t)
        ∂L/∂b^(t) = δ^(t),    ∂L/∂a^(t) = δ^(t) ⊙ h^(t-1)*,    ∂L/∂h^(0) = a^(1)* ⊙ δ^(1)

    It has only a first derivative, and raises `NotImplementedError` if asked for a second.
    Shapes: a, b (B, T, H), h0 (B, H), all real or all complex; K chunks; h (B, T, H).
    Source: Blelloch (1990), section 1.4; Martin and Cundy (2018); statements M1 to M3.
    """

    @staticmethod
    def forward(ctx: Any, a: Tensor, b: Tensor, h0: Tensor, K: int) -> Tensor:
        h = torch.empty_like(b, memory_format=torch.contiguous_format)
        states(a, b, h0, h, K)
        ctx.save_for_backward(a, h0, h)
        ctx.K = K
        return h

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> tuple[Tensor | None, ...]:
        first_derivative_only("Scan", g)
        a, h0, h = ctx.saved_tensors
        a = a.conj().resolve_conj()
        delta = torch.empty_like(h)
        delta[:, -1] = g[:, -1]
        if h.shape[1] > 1:
            K = min(ctx.K, h.shape[1] - 1)
            states(a[:, 1:], g[:, :-1], g[:, -1], delta[:, :-1], K, back=True)
        da = torch.empty_like(h)
        torch.mul(delta[:, 1:], h[:, :-1].conj(), out=da[:, 1:])
        torch.mul(delta[:, 0], h0.conj(), out=da[:, 0])
        return da, delta, a[:, 0] * delta[:, 0], None


class Convolution(torch.autograd.Function):
    """A sequence convolved with a kernel, by the fast Fourier transform in T log T; its gradient:

        h^(t) = Σ_j k^(j) u^(t-j)
        ∂L/∂u^(t) = Σ_j k^(j) g^(t+j),    ∂L/∂k^(j) = Σ_t u^(t) g^(t+j)

    with g^(t) the gradient that reaches h^(t), and all sums over steps that there are. The last two
    are convolutions with time reversed, which is what the conjugate does to a transform.
    Shapes: u, h (B, n, T), k (n, T), all real. It has only a first derivative, as `Scan`.
    Source: statement M3.
    """

    @staticmethod
    def forward(ctx: Any, u: Tensor, k: Tensor) -> Tensor:
        T = u.shape[-1]
        U, K = (torch.fft.rfft(each, 2 * T) for each in (u, k))  # the end is not to meet the start
        ctx.save_for_backward(U, K)
        return torch.fft.irfft(U * K, 2 * T)[..., :T]

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> tuple[Tensor, Tensor]:
        first_derivative_only("Convolution", g)
        U, K = ctx.saved_tensors
        T = g.shape[-1]
        G = torch.fft.rfft(g, 2 * T)
        du = torch.fft.irfft(G * K.conj(), 2 * T)[..., :T]
        return du, torch.fft.irfft((G * U.conj()).sum(0), 2 * T)[..., :T]

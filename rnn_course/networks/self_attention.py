"""Chapter 13: a sequence attends to itself, and no step waits for another."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from rnn_course import checks
from rnn_course.networks.attention import masked_softmax

POSITIONS = ("rotary", "added")


def sinusoids(t: Tensor, n: int, dtype: torch.dtype = torch.float32) -> Tensor:
    """A vector for each position t (…), (…, n) with n even, as sine and cosine in turn:

        p_(2i) = sin(t / c_i),    p_(2i+1) = cos(t / c_i),    c_i = 10000^(2i/n),    i = 0 … n/2 - 1

    Source: Vaswani et al. (2017), section 3.5.
    """
    i = torch.arange(0, n, 2, device=t.device, dtype=dtype)
    angle = t.unsqueeze(-1) * 10_000.0 ** (-i / n)
    return torch.stack([angle.sin(), angle.cos()], dim=-1).flatten(-2)


def rotated(x: Tensor, t: Tensor) -> Tensor:
    """x (B, heads, T, d), its numbers in pairs, each turned by an angle that grows with t:

        x_(2i) cos(t / c_i) - x_(2i+1) sin(t / c_i),    x_(2i) sin(t / c_i) + x_(2i+1) cos(t / c_i)

    t, (B, T) or (T), are positions, and c_i is as in `sinusoids`. Of a query turned by t and a key
    turned by j, the product depends on t - j alone.
    Source: Su et al. (2024), section 3.2.2 ("rotary").
    """
    sin, cos = sinusoids(t, x.shape[-1], x.dtype).unflatten(-1, (-1, 2)).unsqueeze(-4).unbind(-1)
    a, b = x.unflatten(-1, (-1, 2)).unbind(-1)
    return torch.stack([a * cos - b * sin, a * sin + b * cos], dim=-1).flatten(-2)


def placed(x: Tensor, t: Tensor) -> Tensor:
    """x (B, T, n) with its positions t, (B, T) or (T): sqrt(n) x^(t) + p^(t), p the `sinusoids`."""
    n = x.shape[-1]
    return x * n**0.5 + sinusoids(t, n, x.dtype)


def check_positions(positions: str, n_hidden: int, heads: int) -> str:
    """The positions, if they are one of `POSITIONS` and each of their pairs of numbers is whole.

    Raises:
        ValueError: If they are not.
    """
    checks.one_of("positions", positions, POSITIONS)
    n, heads = checks.positive("n_hidden", n_hidden), checks.positive("heads", heads)
    if positions == "rotary" and n % (2 * heads):
        raise ValueError(f"n_hidden: expected a multiple of 2 · {heads} heads, got {n}")
    if n % 2:
        raise ValueError(f"n_hidden: expected an even number, got {n}")
    return positions


def attend(q: Tensor, k: Tensor, v: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
    """What is found at the keys that agree with each query, and the weights α:

        e_tj = q^(t)ᵀ k^(j) / sqrt(d)
        α_tj = exp(e_tj) / Σ_j' exp(e_tj'),    a^(t) = Σ_j α_tj v^(j)

    q (…, T, d), k (…, S, d), v (…, S, d), to a (…, T, d) and α (…, T, S). j runs over the steps at
    which step t may look: those true in the mask (…, T, S), one at least. √d keeps the spread of
    the scores the same for every width.
    Source: Vaswani et al. (2017), section 3.2.1.
    """
    alpha = masked_softmax(q * q.shape[-1] ** -0.5 @ k.transpose(-1, -2), mask)
    return alpha @ v, alpha


class Memory(NamedTuple):
    """What can be looked at: a key and a value for each step and head.

    Attributes:
        k, v: (B, heads, S, n_hidden / heads).
    """

    k: Tensor
    v: Tensor


class MultiHeadAttention(nn.Module):
    """Attention with a query for each step of x, a key and a value for each of h, in several heads:

        q^(t) = W_q x^(t),    k^(j) = W_k h^(j),    v^(j) = W_v h^(j)
        o^(t) = W_o [a_1^(t), …, a_m^(t)]

    Each of m heads has n_hidden / m numbers of every q, k and v, and looks where it likes: see
    `attend`. Where h is x, a sequence attends to itself. Where positions are given, each head's q
    and k are `rotated` by them. `W_q`, `W_k`, `W_v` and `W_o` have biases, as torch's do.
    Source: Vaswani et al. (2017), section 3.2.2.

    Raises:
        ValueError: If a size is not a positive integer, or the heads do not divide n_hidden.
    """

    def __init__(self, n_hidden: int, heads: int = 1) -> None:
        super().__init__()
        self.heads, n = checks.positive("heads", heads), checks.positive("n_hidden", n_hidden)
        if n % self.heads:
            raise ValueError(f"heads: expected a divisor of n_hidden = {n}, got {heads}")
        self.W_q, self.W_k, self.W_v, self.W_o = (nn.Linear(n, n) for _ in range(4))

    def remember(self, h: Tensor, t: Tensor | None = None) -> Memory:
        """h (B, S, n_hidden), at the positions t if given, to its keys and values."""
        k = self._split(self.W_k(h))
        return Memory(k if t is None else rotated(k, t), self._split(self.W_v(h)))

    def forward(
        self,
        x: Tensor,
        memory: Memory,
        mask: Tensor,
        need_weights: bool = True,
        t: Tensor | None = None,
    ) -> tuple[Tensor, Tensor | None]:
        """x (B, T, n_hidden), mask (B, T, S) or (T, S) to o (B, T, n_hidden) and each head's α.

        Without `need_weights`, o is torch's kernel's, which holds no T · S weights, and α is None.
        t, (B, T) or (T), are the positions of x, given if `remember` was given those of h.
        """
        q, alpha = self._split(self.W_q(x)), None
        if t is not None:
            q = rotated(q, t)
        if mask.dim() > 2:
            mask = mask.unsqueeze(1)  # the same for every head
        if need_weights:
            a, alpha = attend(q, *memory, mask)
        else:
            a = F.scaled_dot_product_attention(q, *memory, attn_mask=mask)
        return self.W_o(a.transpose(1, 2).flatten(2)), alpha

    def _split(self, x: Tensor) -> Tensor:
        """(B, T, n_hidden) to (B, heads, T, n_hidden / heads)."""
        return x.unflatten(2, (self.heads, -1)).transpose(1, 2)

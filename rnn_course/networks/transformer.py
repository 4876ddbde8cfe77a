"""Chapter 13: a sequence attends to itself, and no step waits for another."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from rnn_course import checks
from rnn_course.networks.attention import masked_softmax
from rnn_course.padding import Lengths, blanked, inside


def sinusoids(t: Tensor, n: int, dtype: torch.dtype = torch.float32) -> Tensor:
    """A vector for each position t (…), (…, n) with n even, as sine and cosine in turn:

        p_(2i) = sin(t / c_i),    p_(2i+1) = cos(t / c_i),    c_i = 10000^(2i/n),    i = 0 … n/2 - 1

    Source: Vaswani et al. (2017), section 3.5.
    """
    i = torch.arange(0, n, 2, device=t.device, dtype=dtype)
    angle = t.unsqueeze(-1) * 10_000.0 ** (-i / n)
    return torch.stack([angle.sin(), angle.cos()], dim=-1).flatten(-2)


def placed(x: Tensor, t: Tensor) -> Tensor:
    """x (B, T, n) with its positions t, (B, T) or (T): sqrt(n) x^(t) + p^(t), p the `sinusoids`."""
    n = x.shape[-1]
    return x * n**0.5 + sinusoids(t, n, x.dtype)


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
    `attend`. Where h is x, a sequence attends to itself. `W_q`, `W_k`, `W_v` and `W_o` have biases,
    as torch's do.
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

    def remember(self, h: Tensor) -> Memory:
        """h (B, S, n_hidden) to its keys and values."""
        return Memory(self._split(self.W_k(h)), self._split(self.W_v(h)))

    def forward(
        self, x: Tensor, memory: Memory, mask: Tensor, need_weights: bool = True
    ) -> tuple[Tensor, Tensor | None]:
        """x (B, T, n_hidden), mask (B, T, S) or (T, S) to o (B, T, n_hidden) and each head's α.

        Without `need_weights`, o is torch's kernel's, which holds no T · S weights, and α is None.
        """
        q, alpha = self._split(self.W_q(x)), None
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


class Block(nn.Module):
    """A block of a transformer: look at other steps, then work on each step by itself.

        a = x + attention(N_1(x)),    o = a + W_2 max(0, W_1 N_2(a))

    N_1 and N_2 are layer norms, each before its part ("pre-norm"), so that x reaches the output of
    any number of blocks along a path of sums. W_1 has 4 n_hidden rows. `dropout` is of what either
    part adds. Parameters: `norm_1`, `attention`, `norm_2`, `W_1`, `W_2`.
    Source: Vaswani et al. (2017), sections 3.1 and 3.3; Xiong et al. (2020) for pre-norm.
    """

    def __init__(self, n_hidden: int, heads: int = 1, dropout: float = 0.0) -> None:
        super().__init__()
        self.norm_1, self.norm_2 = nn.LayerNorm(n_hidden), nn.LayerNorm(n_hidden)
        self.attention = MultiHeadAttention(n_hidden, heads)
        self.W_1, self.W_2 = nn.Linear(n_hidden, 4 * n_hidden), nn.Linear(4 * n_hidden, n_hidden)
        self.dropout = nn.Dropout(checks.real(dropout))

    def forward(self, x: Tensor, mask: Tensor, past: Memory | None = None) -> tuple[Tensor, Memory]:
        """x (B, T, n_hidden) to o of the same shape, and all that can be looked at from then on.

        `past` holds S - T steps before x; the mask (B, T, S) is of both.
        """
        a, memory = self.look(x, mask, past)
        return self.work(a), memory

    def look(self, x: Tensor, mask: Tensor, past: Memory | None) -> tuple[Tensor, Memory]:
        """x to a, and the memory."""
        normed = self.norm_1(x)
        memory = self.attention.remember(normed)
        if past is not None:
            memory = Memory(*(torch.cat(both, dim=2) for both in zip(past, memory, strict=True)))
        return x + self.dropout(self.attention(normed, memory, mask, need_weights=False)[0]), memory

    def work(self, a: Tensor) -> Tensor:
        """a to o."""
        return a + self.dropout(self.W_2(torch.relu(self.W_1(self.norm_2(a)))))


class Cache(NamedTuple):
    """The state of a `Transformer`: it grows with each step that is read.

    Attributes:
        memory: The keys and values of each block.
        t: (B, S) int64, which step of its sequence each of them is; -1 for none of its steps.
    """

    memory: tuple[Memory, ...]
    t: Tensor


class Transformer(nn.Module):
    """Blocks that look at no later step, called like an `RNN`: `h, state = network(x, state)`.

        h_0^(t) = sqrt(n_hidden) x^(t) + p^(t),    h_l = block(h_(l-1)),    h = N(h_L)

    L is the number of blocks, and p are `sinusoids`: but for them and the mask, the order of the
    steps would not matter. Step t looks at the steps j ≤ t of its own sequence, at the last
    `window` of them if that is given, itself included. A sequence may come in one call or in
    several, with the state handed on: it makes no difference. The state is all keys and values
    that may be looked at again, so that one step more costs a row of scores in each head. h is 0
    in the padding. Parameters: `blocks`, `norm`.
    Source: Vaswani et al. (2017); Dai et al. (2019) for the state.

    Raises:
        ValueError: If a size is not a positive integer, n_hidden is odd, or the heads do not
            divide it.
    """

    def __init__(
        self,
        n_hidden: int,
        heads: int,
        blocks: int,
        window: int | None = None,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        if checks.positive("n_hidden", n_hidden) % 2:
            raise ValueError(f"n_hidden: expected an even number, got {n_hidden}")
        self.n_in = self.n_hidden = n_hidden
        self.heads = heads
        self.window = None if window is None else checks.positive("window", window)
        count = checks.positive("blocks", blocks)
        self.blocks = nn.ModuleList(Block(n_hidden, heads, dropout) for _ in range(count))
        self.norm = nn.LayerNorm(n_hidden)

    def forward(
        self, x: Tensor, state: Cache | None = None, lengths: Lengths | None = None
    ) -> tuple[Tensor, Cache]:
        """x (B, T, n_hidden) to h (B, T, n_hidden) and the state to go on from."""
        checks.features("x", x, self.norm.weight, "B T n_in", self.n_in)
        B, T = x.shape[:2]
        past = self.initial_state(B) if state is None else checks.instance("state", state, Cache)
        tau = checks.lengths([T] * B if lengths is None else lengths, B, T, x.device)
        t = torch.arange(T, device=x.device).minimum(tau.unsqueeze(1) - 1) + _next(past.t)
        j = torch.cat([past.t, t.masked_fill(~inside(tau, T), -1)], dim=1)
        at, to = t.unsqueeze(2), j.unsqueeze(1)
        mask = (to >= 0) & (to <= at)  # (B, T, S)
        if self.window is not None:
            mask = mask & (to > at - self.window)
        h = placed(blanked(x, tau), t)
        memory = []
        for block, before in zip(self.blocks, past.memory, strict=True):
            h, seen = block(h, mask, before)
            memory.append(seen)
        return blanked(self.norm(h), tau), self._kept(Cache(tuple(memory), j))

    def initial_state(self, batch: int) -> Cache:
        """Nothing to look back at."""
        like = self.norm.weight
        none = like.new_zeros(batch, self.heads, 0, self.n_hidden // self.heads)
        t = torch.zeros(batch, 0, dtype=torch.int64, device=like.device)
        return Cache(tuple(Memory(none, none) for _ in self.blocks), t)

    def restarted(self, state: Cache, fresh: Tensor) -> Cache:
        """The state with nothing to look back at where `fresh` (B,) is true."""
        return state._replace(t=state.t.masked_fill(fresh.unsqueeze(1), -1))

    def _kept(self, state: Cache) -> Cache:
        """The state without the columns at which no sequence will look again."""
        kept = state.t >= 0
        if self.window is not None:
            kept = kept & (state.t >= _next(state.t) - self.window)
        columns = kept.any(0)
        if columns.all():
            return state
        memory = tuple(Memory(k[:, :, columns], v[:, :, columns]) for k, v in state.memory)
        return Cache(memory, state.t[:, columns])


def _next(t: Tensor) -> Tensor:
    """(B, 1): the step after the last one in t (B, S)."""
    return 1 + nn.functional.pad(t, (1, 0), value=-1).amax(1, keepdim=True)

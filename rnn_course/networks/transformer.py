"""Chapter 13: blocks of self-attention, and what they carry in place of a state."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from rnn_course import checks
from rnn_course.networks.self_attention import Memory, MultiHeadAttention, check_positions, placed
from rnn_course.padding import Lengths, blanked, inside


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

    def forward(
        self, x: Tensor, mask: Tensor, past: Memory | None = None, t: Tensor | None = None
    ) -> tuple[Tensor, Memory]:
        """x (B, T, n_hidden) to o of the same shape, and all that can be looked at from then on.

        `past` holds S - T steps before x; the mask (B, T, S) is of both. With positions t, (B, T)
        or (T), queries and keys are `rotated`.
        """
        a, memory = self.look(x, mask, past, t)
        return self.work(a), memory

    def look(
        self, x: Tensor, mask: Tensor, past: Memory | None, t: Tensor | None
    ) -> tuple[Tensor, Memory]:
        """x to a, and the memory."""
        normed = self.norm_1(x)
        memory = self.attention.remember(normed, t)
        if past is not None:
            memory = Memory(*(torch.cat(both, dim=2) for both in zip(past, memory, strict=True)))
        found, _ = self.attention(normed, memory, mask, need_weights=False, t=t)
        return x + self.dropout(found), memory

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

        h_0^(t) = sqrt(n_hidden) x^(t),    h_l = block(h_(l-1)),    h = N(h_L)

    L is the number of blocks. Step t looks at the steps j ≤ t of its own sequence, at the last
    `window` of them if that is given, itself included. But for the mask and the positions, the
    order of the steps would not matter. With "rotary" `positions`, the blocks' queries and keys are
    `rotated`; with "added" ones, the `sinusoids` p^(t) are added to h_0^(t).

    A sequence may come in one call or in several, with the state handed on: it makes no difference.
    The state is all keys and values that may be looked at again, so that one step more costs a row
    of scores in each head. h is 0 in the padding. Parameters: `blocks`, `norm`.
    Source: Vaswani et al. (2017); Su et al. (2024) for rotary positions; Dai et al. (2019) for the
    state.

    Raises:
        ValueError: If a size is not a positive integer, the heads do not divide n_hidden (into even
            parts, with rotary positions), n_hidden is odd, or the positions are neither.
    """

    def __init__(
        self,
        n_hidden: int,
        heads: int,
        blocks: int,
        window: int | None = None,
        dropout: float = 0.0,
        positions: str = "rotary",
    ) -> None:
        super().__init__()
        self.positions = check_positions(positions, n_hidden, heads)
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
        x, by = blanked(x, tau), t if self.positions == "rotary" else None
        h = placed(x, t) if by is None else x * self.n_hidden**0.5
        memory = []
        for block, before in zip(self.blocks, past.memory, strict=True):
            h, seen = block(h, mask, before, by)
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

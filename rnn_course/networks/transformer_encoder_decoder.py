"""Chapter 13: an encoder and a decoder without any recurrence."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple, cast

import torch
from torch import Tensor, nn

from rnn_course import checks
from rnn_course.networks.embedding import symbol_table
from rnn_course.networks.encoder_decoder import SequenceToSequence
from rnn_course.networks.likelihood import shifted
from rnn_course.networks.self_attention import Memory, MultiHeadAttention, check_positions, placed
from rnn_course.networks.transformer import Block
from rnn_course.padding import Lengths, inside


class CrossBlock(Block):
    """A `Block` that looks at another sequence h, between its two parts:

        a = x + attention(N_1(x)),    c = a + attention_h(N_h(a)),    o = c + W_2 max(0, W_1 N_2(c))

    The keys and values of attention_h are of h. Parameters beyond those of `Block`: `norm_h`,
    `attention_h`.
    Source: Vaswani et al. (2017), section 3.1.
    """

    def __init__(self, n_hidden: int, heads: int = 1, dropout: float = 0.0) -> None:
        super().__init__(n_hidden, heads, dropout)
        self.norm_h = nn.LayerNorm(n_hidden)
        self.attention_h = MultiHeadAttention(n_hidden, heads)

    def forward(  # type: ignore[override]  # without h it is no block
        self,
        x: Tensor,
        mask: Tensor,
        past: Memory | None,
        t: Tensor | None,
        source: Memory,
        seen: Tensor,
    ) -> tuple[Tensor, Memory]:
        """As a `Block`; `source` is keys and values of h, `seen` a mask (B, 1, S) of its steps."""
        a, memory = self.look(x, mask, past, t)
        found, _ = self.attention_h(self.norm_h(a), source, seen, need_weights=False)
        return self.work(a + self.dropout(found)), memory


class Read(NamedTuple):
    """What the decoder knows of x.

    Attributes:
        memory: The keys and values of x for each of the decoder's blocks.
        seen: (B, 1, T) bool, the steps that belong to each sequence.
    """

    memory: tuple[Memory, ...]
    seen: Tensor


class TransformerEncoderDecoder(SequenceToSequence):
    """A sequence x becomes a sequence y by attention alone, called like an `EncoderDecoder`:

        h_0^(t) = sqrt(n_hidden) E x^(t) + p^(t),        h_l = block(h_(l-1)),      h = N_x(h_L)
        s_0^(t) = sqrt(n_hidden) F y^(t-1) + p^(t),      s_l = block(s_(l-1), h),   s = N_y(s_L)
        o^(t) = c + V s^(t)

    L is the number of blocks on either side and p are the `sinusoids`. A step of x looks at all of
    x, a step of y at the steps of y up to it, and at all of x. y^(0) is the symbol `first`. With
    "rotary" `positions`, either sequence looks at itself with queries and keys that are `rotated`;
    where y looks in x is left to p, since steps of y and of x are not counted alike.
    Parameters: `embed_x` (E), `embed_y` (F), `encoder` and `norm_x`, `decoder` and `norm_y`, `V`
    (its bias is c). `dropout` is of h_0, s_0 and of what the parts of a block add.
    Source: Vaswani et al. (2017), with the layer norms where Xiong et al. (2020) put them; Su et
    al. (2024) for rotary positions.

    Raises:
        TypeError, ValueError: As for a `Transformer`, and if `first` is not a symbol or dropout is
            outside 0 … 1.
    """

    def __init__(
        self,
        n_x: int,
        n_y: int,
        n_hidden: int,
        heads: int,
        blocks: int,
        first: int,
        dropout: float = 0.0,
        positions: str = "rotary",
    ) -> None:
        super().__init__()
        self.positions = check_positions(positions, n_hidden, heads)
        self.first = checks.symbol("first", first, checks.positive("n_y", n_y))
        self.embed_x = symbol_table("n_x", n_x, n_hidden)
        self.embed_y = symbol_table("n_y", n_y, n_hidden)
        count, of = checks.positive("blocks", blocks), (n_hidden, heads, dropout)
        self.encoder = nn.ModuleList(Block(*of) for _ in range(count))
        self.decoder = nn.ModuleList(CrossBlock(*of) for _ in range(count))
        self.norm_x, self.norm_y = nn.LayerNorm(n_hidden), nn.LayerNorm(n_hidden)
        self.V = nn.Linear(n_hidden, n_y)
        self.dropout = nn.Dropout(dropout)

    def context(self, x: Tensor, lengths: Lengths | None = None) -> Read:
        """Symbols x (B, T) to what the decoder may look at."""
        checks.symbols("x", x, self.embed_x.num_embeddings)
        B, T = x.shape
        tau = checks.lengths([T] * B if lengths is None else lengths, B, T, x.device)
        seen = inside(tau, T).unsqueeze(1)
        t = torch.arange(T, device=x.device)
        h = self.dropout(placed(self.embed_x(x), t))
        for block in self.encoder:
            h, _ = block(h, seen, t=self._turn(t))
        h = self.norm_x(h)
        return Read(tuple(block.attention_h.remember(h) for block in self._crosses()), seen)

    def forward(self, x: Tensor, y: Tensor, lengths: Lengths | None = None) -> Tensor:
        """x (B, T) and the true y (B, T_y), the teacher's, to o (B, T_y, n_y)."""
        T = y.shape[1]
        t = torch.arange(T, device=y.device)
        mask = torch.ones(1, T, T, dtype=torch.bool, device=y.device).tril()
        return self._decode(shifted(y, self.first), t, mask, None, self.context(x, lengths))[0]

    def writer(
        self, x: Tensor, lengths: Lengths | None = None
    ) -> tuple[Callable[..., tuple[Tensor, tuple]], Tensor, tuple]:
        """What every way of decoding needs: `step`, `first` (B,) and the state before it.

        The state is the keys and values of what has been written, together with those of x.
        """

        def step(t: int, before: Tensor, state: tuple) -> tuple[Tensor, tuple]:
            past, read = state
            at = torch.tensor([t], device=before.device)
            mask = torch.ones(1, 1, t + 1, dtype=torch.bool, device=before.device)
            o, past = self._decode(before.unsqueeze(1), at, mask, past, read)
            return o.squeeze(1), (past, read)

        read = self.context(x, lengths)
        nothing = tuple(Memory(*(part[:, :, :0] for part in memory)) for memory in read.memory)
        first = torch.full((len(x),), self.first, device=x.device)
        return step, first, (nothing, read)

    def _decode(
        self, before: Tensor, t: Tensor, mask: Tensor, past: tuple[Memory, ...] | None, read: Read
    ) -> tuple[Tensor, tuple[Memory, ...]]:
        """y^(t-1) (B, T) for the steps t (T) to o (B, T, n_y), and the memory with these steps."""
        checks.symbols("y", before, self.embed_y.num_embeddings)
        if len(before) != len(read.seen):
            raise ValueError(
                f"y: expected a sequence for each of {len(read.seen)} in x, got {len(before)}"
            )
        s, memory = self.dropout(placed(self.embed_y(before), t)), []
        pasts = past or [None] * len(self.decoder)
        for block, earlier, source in zip(self._crosses(), pasts, read.memory, strict=True):
            s, seen = block(s, mask, earlier, self._turn(t), source, read.seen)
            memory.append(seen)
        return self.V(self.norm_y(s)), tuple(memory)

    def _turn(self, t: Tensor) -> Tensor | None:
        return t if self.positions == "rotary" else None

    def _crosses(self) -> Iterable[CrossBlock]:
        return cast(Iterable[CrossBlock], self.decoder)

    def extra_repr(self) -> str:
        return f"first={self.first}"

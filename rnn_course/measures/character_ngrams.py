"""What a language model has to beat: the next symbol by counting what followed the last few."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from rnn_course import checks
from rnn_course.measures.counting import inside, looked_up, numbered
from rnn_course.tasks.base import PADDING, Split, Task

Table = tuple[Tensor, Tensor]


@dataclass(frozen=True, eq=False)
class CharacterNgram:
    """P(y^(t) | the last k symbols), interpolated after Witten and Bell:

        P_k(s | c) = (n(c, s) + d(c) P_{k-1}(s | c')) / (n(c) + d(c))

    n counts in training, c' is the context c without its earliest symbol, and d(c) is the number of
    different symbols that followed c: the more there were, the likelier is yet another one. P_{-1}
    is uniform over all symbols but the padding, and a context never seen has the probabilities of
    the shorter one.
    Source: Witten and Bell (1991), method C; Chen and Goodman (1999), section 2.4.

    Attributes:
        pairs: For each level 0 … k, the contexts seen with the symbol that follows, and n(c, s).
        contexts: For each level, the contexts seen, and n(c).
        followers: For each level, the contexts seen, and d(c).
        n_symbols: The number of symbols, including the padding.
    """

    pairs: tuple[Table, ...]
    contexts: tuple[Table, ...]
    followers: tuple[Table, ...]
    n_symbols: int

    @property
    def order(self) -> int:
        """k, the most symbols of a context."""
        return len(self.pairs) - 1

    def log_p(self, split: Split, order: int | None = None) -> Tensor:
        """log P(y^(t) | context), in nats, of each step of all sequences in turn: (steps,).

        `order` is the longest context to use, by default all of k symbols.
        """
        keys, y = _keys(split, self.order if order is None else order, self.n_symbols)
        p = torch.full((len(y),), 1 / (self.n_symbols - 1), dtype=torch.float64)
        levels = zip(keys, self.pairs, self.contexts, self.followers, strict=False)
        for key, pairs, contexts, followers in levels:
            n, d = looked_up(contexts, key, 0), looked_up(followers, key, 0)
            seen = looked_up(pairs, key * self.n_symbols + y, 0)
            p = torch.where(n > 0, (seen + d * p) / (n + d).clamp(min=1), p)
        return p.log()

    def nll(self, split: Split, order: int | None = None) -> float:
        """The mean of -log P(y^(t) | context) over all steps of all sequences, in nats.

        It is the same mean as `networks.likelihood.mean_nll` of a network.
        """
        return -float(self.log_p(split, order).mean())

    def next_p(self, x: Tensor) -> Tensor:
        """P(s | x) of each symbol s that may come after texts x (B, T) int64: (B, n_symbols)."""
        B, n = len(x), self.n_symbols
        p = torch.full((B, n), 1 / (n - 1), dtype=torch.float64)
        p[:, PADDING] = 0
        x = F.pad(x, (self.order, 0), value=PADDING)
        last = [x[:, -1 - back : x.shape[1] - back] for back in range(self.order)]
        keys = numbered(last, n, torch.ones(B, 1, dtype=torch.bool))
        levels = zip(keys, self.pairs, self.contexts, self.followers, strict=True)
        for key, pairs, contexts, followers in levels:
            seen = looked_up(pairs, key.unsqueeze(1) * n + torch.arange(n), 0)
            count, d = (looked_up(t, key, 0).unsqueeze(1) for t in (contexts, followers))
            p = torch.where(count > 0, (seen + d * p) / (count + d).clamp(min=1), p)
        return p

    def write(self, x: Tensor, steps: int, generator: torch.Generator, end: int) -> Tensor:
        """Texts (B, at most `steps`) that go on from x, drawn symbol by symbol; 0 after `end`."""
        start, live = x.shape[1], torch.ones(len(x), 1, dtype=torch.bool)
        for _ in range(checks.positive("steps", steps)):
            drawn = torch.multinomial(self.next_p(x), 1, generator=generator)
            x = torch.cat([x, torch.where(live, drawn, PADDING)], dim=1)
            live = live & (drawn != end)
            if not live.any():
                break
        return x[:, start:]


def character_ngram(task: Task, orders: Sequence[int] = range(10)) -> CharacterNgram:
    """Count contexts in training, up to the order that makes the validation split most probable.

    Raises:
        TypeError, ValueError: If there are no orders, one is not a whole number of at least 0 or
            is so large that a context with its symbol does not fit into 64 bits, or the task does
            not have one target per symbol.
    """
    train, n = task.train, len(task.symbols)
    if train.lengths is None or train.y.shape != train.x.shape or not n:
        raise ValueError(f"task: expected one with a target for each symbol, got {task.name!r}")
    for order in orders:
        checks.whole("orders", order)
    if not len(orders):
        raise ValueError("orders: expected at least one, got none")
    if n ** (max(orders) + 1) >= 2**63:
        raise ValueError(f"orders: expected fewer symbols in a context, got {max(orders)}")
    keys, y = _keys(train, max(orders), n)
    pairs = [torch.unique(key * n + y, return_counts=True) for key in keys]
    contexts = [torch.unique(key, return_counts=True) for key in keys]
    followers = [torch.unique(known // n, return_counts=True) for known, _ in pairs]
    longest = CharacterNgram(tuple(pairs), tuple(contexts), tuple(followers), n)
    best = min(orders, key=lambda order: longest.nll(task.valid, order))
    kept = slice(best + 1)
    return CharacterNgram(longest.pairs[kept], longest.contexts[kept], longest.followers[kept], n)


def _keys(split: Split, order: int, n_symbols: int) -> tuple[list[Tensor], Tensor]:
    """A number for the last 0, 1, …, `order` symbols at each step, and what follows: (steps,)."""
    mask = inside(split)
    symbols = [
        F.pad(split.x, (back, 0), value=PADDING)[:, : mask.shape[1]] for back in range(order)
    ]
    return numbered(symbols, n_symbols, mask), split.y[mask]

"""Which letter says which phones? An alignment learnt by Viterbi-EM from words and phones alone.

No dictionary says that in "phone" the p says F and the h nothing. But F goes with ph in many words,
and so it can be learnt: align all words as well as a table of costs allows, make a better table
from the alignment by counting, and repeat.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from rnn_course import checks
from rnn_course.padding import inside
from rnn_course.tasks.base import PADDING

MOST = 2
"""The most phones that a letter says: x in "box" says K S."""
START = (0.1, 0.8, 0.1)
"""The initial probabilities that a letter says no phone, one phone, or two."""
_AT_ONCE = 4096


class Words(NamedTuple):
    """Words and their phones, as symbols from 1 on; 0 pads both.

    Attributes:
        x: (N, T) int64, letters.
        y: (N, T_y) int64, phones, without an end symbol.
        lengths: (N,) int64, the number of letters.
        y_lengths: (N,) int64, the number of phones.
    """

    x: Tensor
    y: Tensor
    lengths: Tensor
    y_lengths: Tensor


class Alignment(NamedTuple):
    """The best alignment of each word.

    Attributes:
        phones: (N, T, 2) int64, what each letter says: (0, 0) nothing, (p, 0) a phone, (p, q) two.
            All zeros if the word has no alignment.
        cost: (N,) float64, -log P(phones and their alignment | letters) in nats; infinite if every
            alignment has a pair that the table rules out, or there are too many phones.
    """

    phones: Tensor
    cost: Tensor


class Aligner(NamedTuple):
    """A table of costs, which aligns words.

    Attributes:
        table: (n_letters, n_phones, n_phones) float64, -log P(p q | letter) in nats, with
            p = q = 0 for a letter that says nothing and q = 0 for one phone; infinite for pairs
            that do not occur.
        history: The mean cost of the training words that could be aligned, before each new table.
    """

    table: Tensor
    history: tuple[float, ...] = ()

    def align(self, words: Words) -> Alignment:
        """The alignment of least cost for each word, by dynamic programming (Viterbi).

        With d(t, j) the least cost at which the first t letters say the first j phones,

            d(t, j) = min( d(t-1, j)   + table[x_t, 0, 0],
                           d(t-1, j-1) + table[x_t, y_j, 0],
                           d(t-1, j-2) + table[x_t, y_{j-1}, y_j] ),    d(0, 0) = 0,

        and d(T, T_y) is the cost. The alignment follows the smallest of the three from the end
        back. Of equally good alignments it is the one whose last letters say the fewest phones:
        the first b of "rabbit" says B.
        """
        phones = words.x.new_zeros(*words.x.shape, MOST)
        cost = torch.empty(len(words.x), dtype=torch.float64)
        for index, part in _parts(words):
            said, cost[index] = _viterbi(self.table, part)
            phones[index, : said.shape[1]] = said
        return Alignment(phones, cost)


def learn(words: Words, rounds: int = 6, rare: float = 2e-4, whole: int = 2) -> Aligner:
    """Learn the table from words alone: `rounds` times, align all of them, count, and divide.

        P(p q | letter) = n(letter says p q) / n(letter)

    The first table assumes that a letter says the phones that occur in its words more often than in
    others: P(p | x) ∝ n(x and p in one word) / n(p), with the number of phones as in `START`.
    No table makes the previous alignment less probable, but a better one may exist: this is a local
    search. After `whole` rounds, pairs rarer than the fraction `rare` of their letter's cases are
    removed, so that misprints and abbreviations ("mr": M IH S T ER) have no effect; words that need
    such pairs have no alignment.
    Source: the method of Black, Lenzo and Pagel (1998), with Viterbi-EM for their scatter step.

    Raises:
        ValueError: If `rounds` is not a positive integer, x and y are not equally many, or no word
            can be aligned.
    """
    checks.positive("rounds", rounds)
    if words.x.shape[:1] != words.y.shape[:1]:
        raise ValueError(f"y: expected phones for each of {len(words.x)} words, got {len(words.y)}")
    table, history = _first_table(words), []
    for done in range(rounds):
        phones, cost = Aligner(table).align(words)
        aligned = cost.isfinite()
        if not aligned.any():
            raise ValueError("words: expected some of at most two phones per letter, got none")
        history.append(float(cost[aligned].mean()))
        n = _counts(words.x[aligned], phones[aligned], table.shape)
        total = n.sum((1, 2), keepdim=True)
        if done >= whole:
            n = torch.where(n < rare * total, 0, n)
        table = _costs(n / n.sum((1, 2), keepdim=True).clamp(min=1))
    return Aligner(table, tuple(history))


def _first_table(words: Words) -> Tensor:
    n_x, n_y = (int(part.max()) + 1 for part in words[:2])
    x, y = (_how_often(part, n) for part, n in ((words.x, n_x), (words.y, n_y)))
    p = x.T @ y / y.sum(0).clamp(min=1)
    p = p / p.sum(1, keepdim=True).clamp(min=1e-300)
    table = torch.zeros(n_x, n_y, n_y, dtype=torch.float64)
    table[1:, 0, 0] = START[0]
    table[:, 1:, 0] = START[1] * p[:, 1:]
    table[:, 1:, 1:] = START[2] * p[:, 1:, None] * p[:, None, 1:]
    return _costs(table)


def _costs(p: Tensor) -> Tensor:
    """-log p, rounded so that sums are exact and equal costs tie in any order of summation."""
    return (-p.log() * 2**20).round() / 2**20


def _how_often(symbols: Tensor, n: int) -> Tensor:
    """The count of each symbol but the padding in each row: (N, n) float64."""
    counts = torch.zeros(len(symbols), n, dtype=torch.float64)
    counts.scatter_add_(1, symbols, (symbols != PADDING).double())
    return counts


def _counts(x: Tensor, phones: Tensor, shape: torch.Size) -> Tensor:
    """The count of each pair for each letter, as a table."""
    of = (x * shape[1] + phones[..., 0]) * shape[2] + phones[..., 1]
    return torch.bincount(of[x != PADDING], minlength=shape.numel()).view(shape).double()


def _parts(words: Words) -> Iterator[tuple[Tensor, Words]]:
    """Parts of the words, of similar length in each, with their indices."""
    for index in torch.argsort(words.lengths, stable=True).split(_AT_ONCE):
        x, y, lengths, y_lengths = (part[index] for part in words)
        yield (
            index,
            Words(x[:, : int(lengths.max())], y[:, : int(y_lengths.max())], lengths, y_lengths),
        )


def _viterbi(table: Tensor, words: Words) -> Alignment:
    x, y, lengths, y_lengths = words
    now, before = F.pad(y, (1, 0)), F.pad(y, (2, 0))[:, :-1]  # y_j and y_{j-1}, j = 0 … T_y
    d = torch.full(now.shape, torch.inf, dtype=torch.float64)
    d[:, 0] = 0
    taken = []
    for x_t, live in zip(x.split(1, dim=1), inside(lengths, x.shape[1]).unbind(1), strict=True):
        one, two = (F.pad(d, (k, 0), value=torch.inf)[:, : d.shape[1]] for k in (1, 2))
        ways = torch.stack(
            [d + table[x_t, 0, 0], one + table[x_t, now, 0], two + table[x_t, before, now]]
        )  # (3, N, T_y + 1)
        least, k = ways.min(0)
        d = torch.where(live.unsqueeze(1), least, d)
        taken.append(torch.where(live.unsqueeze(1), k, 0))

    j = y_lengths.unsqueeze(1)
    cost = d.gather(1, j).squeeze(1)
    said = []
    for k in reversed(taken):  # back, from the last letter
        k = k.gather(1, j)
        p = torch.where(k == MOST, before.gather(1, j), now.gather(1, j))
        q = now.gather(1, j)
        said.append(
            torch.cat([torch.where(k > 0, p, PADDING), torch.where(k > 1, q, PADDING)], dim=1)
        )
        j = (j - k).clamp(min=0)  # below 0 only without an alignment
    phones = torch.stack(said[::-1], dim=1)
    return Alignment(torch.where(cost.isfinite()[:, None, None], phones, PADDING), cost)

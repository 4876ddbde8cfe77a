"""Chapter 13: weights without the padding, Bahdanau's score, several heads, and what they cost."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from rnn_course.exercises.registry import Part, agree, exercise, formula, holds


@exercise("ex-ch13-mask", "e, inside", "the weights α, (B, T_y, T)")
def mask(weights: Any) -> None:
    """Sequences of 1 to 5 steps, with scores from −90 to 90."""
    lengths = torch.tensor([5, 3, 1])
    inside = torch.arange(5) < lengths.unsqueeze(1)
    e = torch.randn(3, 4, 5) * 3
    e[0, 0, 0], e[1, 0, 4], e[1, 1, 1] = 90, 90, -90
    among = inside.unsqueeze(1)
    right = e.masked_fill(~among, -torch.inf).softmax(2)
    got = weights(e.clone(), inside.clone())
    finite = not isinstance(got, torch.Tensor) or bool(got.isfinite().all())
    holds(finite, "some weights are infinite or no number: exp overflows, or 0 is divided by 0")
    zeroed = e.softmax(2) * among
    agree(got, right, "the weights of a step are positive inside, 0 outside, and sum to 1", {
        "padding has a weight above 0": e.softmax(2),
        "the weights no longer sum to 1: leave the padding out before the softmax": zeroed,
        "a score of 0 is no weight of 0, for exp(0) = 1": (e * among).softmax(2),
        "the softmax runs over the steps of y; it belongs over those of x": (
            e.masked_fill(~among, -torch.inf).softmax(1).nan_to_num() * among
        ),
    })  # fmt: skip


@exercise("ex-ch13-additive", "s, h, K_1, K_2, v", "the scores e, (T_y, T)")
def additive(scores: Any) -> None:
    """Two to four states of a decoder, five of an encoder, of different widths."""
    for T_y, n_s, n_h, n in ((3, 4, 6, 2), (2, 3, 5, 7), (4, 1, 2, 1)):
        s, h = torch.randn(T_y, n_s).double(), torch.randn(5, n_h).double()
        K_1, K_2, v = (torch.randn(*size).double() for size in ((n, n_s), (n, n_h), (n,)))
        from_s, from_h = (s @ K_1.T).unsqueeze(1), (h @ K_2.T).unsqueeze(0)
        right = (from_s + from_h).tanh() @ v
        got, says = scores(s, h, K_1, K_2, v), "e_tj = vᵀ tanh(K₁ s_t + K₂ h_j), a row for each t"
        agree(got, right, says, {
            "the tanh is missing: then s_t adds the same to all j, and does not choose": (
                (from_s + from_h) @ v
            ),
            "a row for each step of y, and a column for each of x": right.T,
            "these are weights: leave the softmax to the next line": right.softmax(1),
            "the tanh is taken of the sum of both, not of each": (
                (from_s.tanh() + from_h.tanh()) @ v
            ),
        })  # fmt: skip


@exercise("ex-ch13-heads", "q, k, v, heads", "what each step finds, (T, n)")
def heads(attention: Any) -> None:
    """One to four heads of sequences of one to six steps, where no step looks ahead."""
    for T, n, count in ((6, 8, 2), (5, 12, 4), (4, 3, 1), (1, 4, 2)):
        q, k, v = torch.randn(3, T, n).double()
        got = attention(q.clone(), k.clone(), v.clone(), count)
        says = f"{count} heads, T = {T}, n = {n}"
        agree(got, _in_heads(q, k, v, count), says, {
            "some step looks ahead: t may look at j ≤ t only": _in_heads(q, k, v, count, 1.0, T),
            "a step may look at itself, too": (
                _in_heads(q, k, v, count, ahead=-1) if T > 1 else torch.nan
            ),
            "divide by √d, where d = n / heads is the width of a head": (
                _in_heads(q, k, v, count, count**-0.5)
            ),
            "the scores are not divided by √d": _in_heads(q, k, v, count, (n / count) ** 0.5),
            "view mixes steps and heads: unflatten the columns, then transpose": _viewed(
                q, k, v, count
            ),
            "that is one head: each has its own columns, and its own weights": (
                _in_heads(q, k, v, 1)
            ),
        })  # fmt: skip


def _one(q: Tensor, k: Tensor, v: Tensor, scale: float, ahead: int) -> Tensor:
    """One head: the scores scaled by `scale` / √d, and a look `ahead` steps ahead."""
    e = scale * q @ k.T / q.shape[1] ** 0.5
    seen = torch.ones_like(e).tril(ahead).bool()
    return e.masked_fill(~seen, -torch.inf).softmax(1).nan_to_num() @ v


def _in_heads(
    q: Tensor, k: Tensor, v: Tensor, count: int, scale: float = 1.0, ahead: int = 0
) -> Tensor:
    columns = torch.arange(q.shape[1]).chunk(count)
    return torch.cat([_one(q[:, c], k[:, c], v[:, c], scale, ahead) for c in columns], 1)


def _viewed(q: Tensor, k: Tensor, v: Tensor, count: int) -> Tensor:
    """Heads from `view`, without a transpose: what several make of it."""
    q, k, v = (part.reshape(count, len(part), -1) for part in (q, k, v))
    each = [_one(q[i], k[i], v[i], 1.0, 0) for i in range(count)]
    return torch.stack(each).reshape(q.shape[1], -1)


@exercise("ex-ch13-cost", "T, n", "three numbers: attention's multiplications, a GRU's, the cache")
def cost(count: Any) -> None:
    """Nine pairs of 1 to 4,096 steps and 1 to 512 units."""
    cases = [(T, n) for T in (1, 100, 4096) for n in (1, 32, 512)]
    formula(count, "T, n", cases,
        Part("attention", lambda T, n: 4 * n * n * T + 2 * n * T * T, {
            "these are only the scores and the means; q, k, v and W_o are products as well": (
                lambda T, n: 2 * n * T * T
            ),
            "scores and means are two products of T × T × n": (
                lambda T, n: 4 * n * n * T + n * T * T
            ),
            "W_o is a product of its own": lambda T, n: 3 * n * n * T + 2 * n * T * T,
            "each of the T² pairs of steps has a score": lambda T, n: 4 * n * n * T + 2 * n * T,
        }),
        Part("the GRU", lambda T, n: 6 * n * n * T, {
            "U as well as W has three blocks of n rows": lambda T, n: 3 * n * n * T,
            "its products have three blocks of rows: two gates and the candidate": (
                lambda T, n: 2 * n * n * T
            ),
            "a step costs the same however many came before": lambda T, n: 6 * n * n * T * T,
        }),
        Part("the cache", lambda T, n: 2 * n * T, {
            "keys and values: two vectors a step": lambda T, n: n * T,
            "the weights are not kept, keys and values are": lambda T, n: T * T,
            "queries are not kept: nobody asks again": lambda T, n: 3 * n * T,
        }),
    )  # fmt: skip

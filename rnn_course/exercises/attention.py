"""Chapter 13: weights that leave the padding out, and Bahdanau's score."""

from __future__ import annotations

from typing import Any

import torch

from rnn_course.exercises.registry import agree, exercise, holds


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

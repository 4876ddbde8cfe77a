"""Chapter 12: bits and perplexity, a count that is smoothed, and the nucleus."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

from rnn_course.exercises.registry import agree, exercise
from rnn_course.padding import inside


@exercise("ex-ch12-perplexity", "o, y, lengths", "bits per symbol and perplexity, two numbers")
def perplexity(measure: Any) -> None:
    """Three texts of seven symbols, of different lengths, with outputs of several sizes."""
    for scale in (0.1, 1.0, 4.0):
        o, y = scale * torch.randn(3, 6, 7).double(), torch.randint(7, (3, 6))
        lengths = torch.tensor([6, 2, 4])
        among = inside(lengths, 6)
        nll = -o.log_softmax(2).gather(2, y.unsqueeze(2)).squeeze(2)
        nats = nll[among].mean()
        each = torch.stack([row[:n].mean() for row, n in zip(nll, lengths, strict=True)])

        def both(bits: Tensor, perplexity: Tensor) -> Tensor:
            return torch.stack([bits, perplexity])

        in_bits = nats / math.log(2)
        got = torch.as_tensor([float(value) for value in measure(o.clone(), y.clone(), lengths)])
        says = "bits are nats / ln 2, and the perplexity is 2 to the bits"
        agree(got.double(), both(in_bits, nats.exp()), says, {
            "the first is in nats: divide by ln 2": both(nats, nats.exp()),
            "2 to the number of nats is no perplexity: e to the nats, or 2 to the bits": both(
                in_bits, 2**nats
            ),
            "e to the number of bits is no perplexity: 2 to the bits": both(in_bits, in_bits.exp()),
            "what stands in the padding counts": both(
                nll.mean() / math.log(2), nll.mean().exp()
            ),
            "each symbol counts the same, not each text": both(
                each.mean() / math.log(2), each.mean().exp()
            ),
            "take the mean first and the power then: perplexities are not averaged": both(
                in_bits, nll[among].exp().mean()
            ),
        })  # fmt: skip


@exercise("ex-ch12-counts", "n, shorter", "P(s | c) for each symbol s, (S,)")
def counts(smoothed: Any) -> None:
    """Counts of five symbols after a context that was seen often, once, and never."""
    shorter = torch.tensor([0.4, 0.3, 0.15, 0.1, 0.05]).double()
    for n in ([8.0, 1, 0, 0, 3], [0.0, 0, 0, 1, 0], [0.0, 0, 0, 0, 0], [100.0, 50, 1, 1, 1]):
        seen = torch.tensor(n).double()
        d, total = (seen > 0).sum(), seen.sum()
        right = (seen + d * shorter) / (total + d) if total > 0 else shorter
        got = smoothed(seen.clone(), shorter.clone())
        agree(got, right, f"after counts of {[int(k) for k in n]} it is (n + d P) / (Σ n + d)", {
            "a context never seen has the probabilities of the shorter one": torch.full_like(
                shorter, torch.nan
            ) if total == 0 else torch.nan,
            "the shorter context is left out": seen / total,
            "d is how many different symbols followed, not how often any did": (
                (seen + total * shorter) / (2 * total)
            ),
            "d is how many different symbols followed, not how many there are": (
                (seen + 5 * shorter) / (total + 5)
            ),
            "the shorter context is only for symbols not seen: then P does not sum to 1": (
                torch.where(seen > 0, seen, d * shorter) / (total + d)
            ),
        })  # fmt: skip


@exercise("ex-ch12-nucleus", "p, share", "the probabilities to draw from, (S,)")
def nucleus(shaped: Any) -> None:
    """Probabilities of four and six symbols in no order, and shares from 0.1 to 1."""
    for p in ([0.15, 0.45, 0.1, 0.3], [0.02, 0.03, 0.8, 0.05, 0.06, 0.04], [0.97, 0.01, 0.02]):
        for share in (0.1, 0.5, 0.85, 1.0):
            given = torch.tensor(p).double()
            order = given.argsort(descending=True)
            before = given[order].cumsum(0) - given[order]
            kept = torch.zeros_like(given)
            kept[order] = (before < share - 1e-9).double()
            short = torch.zeros_like(given)
            short[order] = (given[order].cumsum(0) <= share + 1e-9).double()
            among = torch.zeros_like(given)
            among[: int(kept.sum())] = 1
            got = shaped(given.clone(), share)
            agree(got, given * kept / (given * kept).sum(), f"with a share of {share}", {
                "the probabilities of what is left have to sum to 1 again": given * kept,
                "the symbol that reaches the share belongs to it": (
                    given * short / (given * short).sum().clamp(min=1e-300)
                ),
                "sort first: the likeliest symbols are kept, not the first": (
                    given * among / (given * among).sum()
                ),
                "what is left keeps its proportions: it is not drawn evenly": kept / kept.sum(),
            })  # fmt: skip

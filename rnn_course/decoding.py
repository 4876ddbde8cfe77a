"""A network that is fed what it has written itself, one symbol a step: the best, or sampled."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, TypeVar

import torch
from torch import Tensor

from rnn_course import checks

S = TypeVar("S")


class Generated(NamedTuple):
    """Sequences that a network has written.

    y : (B, T) int64 symbols, and 0, the padding, after each sequence's own end.
    log_p : (B,) the log-probability of each sequence under the network, in nats.
    lengths : (B,) int64, the steps of each, the end symbol included.
    """

    y: Tensor
    log_p: Tensor
    lengths: Tensor


@torch.no_grad()
def generate(step: Callable[[int, Tensor, S], tuple[Tensor, S]], first: Tensor, state: S,
             steps: int, *, end: int | None = None,
             generator: torch.Generator | None = None) -> Generated:
    """Let a network run freely: what it writes at one step is what it is given at the next.

        o^(t), state^(t) = step(t, y^(t-1), state^(t-1)),    y^(t) from softmax(o^(t))

    t counts from 0, y^(t-1) is (B,) int64 and at t = 0 is `first`, o^(t) is (B, n_out). Without a
    `generator` y^(t) is the most probable symbol (greedy); with one it is drawn (its device must
    be that of o). A sequence is over when it has written `end`, or after `steps` steps.
    Source: Goodfellow et al. (2016), section 10.2.3; deck S2.4, S3.3.

    Raises `TypeError` or `ValueError` for a `first` that is no int64 vector, for `steps` that is no
    positive integer, and for outputs of another shape or that are not finite.
    """
    checks.positive("steps", steps)
    if not isinstance(first, Tensor) or first.dtype != torch.int64 or first.dim() != 1:
        got = (f"{first.dtype} {tuple(first.shape)}" if isinstance(first, Tensor)
               else type(first).__name__)
        raise TypeError(f"first: expected an int64 tensor (B,), got {got}")
    y_t, written = first, []
    live = torch.ones_like(first, dtype=torch.bool)
    lengths, log_p = torch.zeros_like(first), 0.0
    for t in range(steps):
        o_t, state = step(t, y_t, state)
        if o_t.dim() != 2 or len(o_t) != len(first):
            raise ValueError(f"step: expected outputs of shape ({len(first)}, n_out), "
                             f"got {tuple(o_t.shape)}")
        if not o_t.isfinite().all():
            raise ValueError(f"step: expected finite outputs, got NaN or infinity at t = {t}")
        log_softmax = o_t.log_softmax(1)
        if generator is None:
            y_t = o_t.argmax(1)
        else:
            y_t = torch.multinomial(log_softmax.exp(), 1, generator=generator).squeeze(1)
        log_p = log_p + torch.where(live, log_softmax.gather(1, y_t.unsqueeze(1)).squeeze(1), 0.0)
        y_t = torch.where(live, y_t, 0)
        lengths = lengths + live
        written.append(y_t)
        if end is not None:
            live = live & (y_t != end)
            if not live.any():
                break
    return Generated(torch.stack(written, dim=1), log_p, lengths)

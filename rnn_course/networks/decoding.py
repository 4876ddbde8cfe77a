"""A network reads its own output: greedy decoding, sampling and beam search (chapters 2, 3, 7)."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, TypeVar

import torch
from torch import Tensor

from rnn_course import checks
from rnn_course.states import State, each

S = TypeVar("S")


class Generated(NamedTuple):
    """Sequences that a network has written.

    Attributes:
        y: (B, T) int64 symbols, and 0, the padding, after each sequence's own end.
        log_p: (B,) the log-probability of each sequence under the network, in nats.
        lengths: (B,) int64, the steps of each, the end symbol included.
    """

    y: Tensor
    log_p: Tensor
    lengths: Tensor


@torch.no_grad()
def generate(
    step: Callable[[int, Tensor, S], tuple[Tensor, S]],
    first: Tensor,
    state: S,
    steps: int,
    *,
    end: int | None = None,
    lengths: Tensor | None = None,
    generator: torch.Generator | None = None,
) -> Generated:
    """Let a network run freely: what it writes at one step is what it is given at the next.

        o^(t), state^(t) = step(t, y^(t-1), state^(t-1)),    y^(t) from softmax(o^(t))

    t counts from 0, y^(t-1) is (B,) int64 and at t = 0 is `first`, o^(t) is (B, n_out). Without a
    `generator` y^(t) is the most probable symbol (greedy); with one it is drawn, on the
    generator's device. A sequence ends when it has written `end`, after its own number of steps
    in `lengths` (B,), or after `steps` steps.
    Source: Goodfellow et al. (2016), section 10.2.3; deck S2.4, S3.3.

    Raises:
        TypeError: If `first` is not an int64 vector.
        ValueError: If `steps` is not a positive integer, or if outputs have the wrong shape or are
            not finite.
    """
    checks.positive("steps", steps)
    y_t, written = _checked_first(first), []
    live = torch.ones_like(first, dtype=torch.bool)
    taken, log_p = torch.zeros_like(first), torch.zeros((), device=first.device)
    for t in range(steps):
        o_t, state = step(t, y_t, state)
        log_softmax = _log_softmax(t, o_t, len(first))
        if generator is None:
            y_t = o_t.argmax(1)
        else:
            p = log_softmax.exp().to(generator.device)
            y_t = torch.multinomial(p, 1, generator=generator).squeeze(1).to(o_t.device)
        log_p = log_p + torch.where(live, log_softmax.gather(1, y_t.unsqueeze(1)).squeeze(1), 0.0)
        y_t = torch.where(live, y_t, 0)
        taken = taken + live
        written.append(y_t)
        if lengths is not None:
            live = live & (t + 1 < lengths)
        if end is not None:
            live = live & (y_t != end)
            if not live.any():
                break
    return Generated(torch.stack(written, dim=1), log_p, taken)


class Beams(NamedTuple):
    """The best sequences that a beam search has found, the most probable first.

    Attributes:
        y: (B, width, T) int64 symbols, and 0, the padding, after each sequence's own end.
        log_p: (B, width) their log-probabilities in nats; -inf where there are fewer than width.
        lengths: (B, width) int64, the steps of each, the end symbol included.
    """

    y: Tensor
    log_p: Tensor
    lengths: Tensor


@torch.no_grad()
def beam_search(
    step: Callable[[int, Tensor, S], tuple[Tensor, S]],
    first: Tensor,
    state: S,
    steps: int,
    width: int,
    *,
    end: int | None = None,
) -> Beams:
    """Look for the most probable sequences, with the `width` best beginnings kept at each step.

    Each beginning is continued by every symbol, and of all the continuations the `width` with the
    largest log P(y^(1), …, y^(t)) stay. One that has written `end` is not continued, and keeps its
    place as long as fewer than `width` others are more probable. The probabilities are those of
    whole sequences, not divided by their length.

    With width 1 this is the greedy `generate`. With a width as large as the number of all
    sequences none is ever dropped, and the first is the most probable of all. In between neither
    holds: a good sequence with a poor beginning is lost, and even the greedy one can be.

    `step`, `first` and `steps` are as in `generate`, and `step` gets B · width rows, those of one
    sequence side by side. The state is a tensor of B rows, or a tuple of states: its rows follow
    the beginnings they belong to.
    Source: Lowerre (1976); Sutskever et al. (2014), section 3.2; deck S6.2.

    Raises:
        TypeError, ValueError: As `generate` does.
        ValueError: If `width` is not a positive integer.
    """
    checks.positive("steps", steps)
    B, K = len(_checked_first(first)), checks.positive("width", width)
    row = torch.arange(B, device=first.device).unsqueeze(1)
    y_t, state = first.repeat_interleave(K), _reordered(state, row.expand(B, K).flatten())
    log_p, live = torch.zeros(B, K), torch.ones(B, K, dtype=torch.bool, device=first.device)
    y, lengths = first.new_zeros(B, K, 0), first.new_zeros(B, K)
    for t in range(steps):
        o_t, state = step(t, y_t, state)
        step_log_p = _log_softmax(t, o_t, B * K).view(B, K, -1)
        if t == 0:  # all rows are the same so far: one beginning
            log_p = step_log_p.new_full((B, K), -torch.inf)
            log_p[:, 0] = 0
        stays = torch.full_like(step_log_p, -torch.inf)  # what has ended continues in only one way
        stays[:, :, 0] = 0
        n_out = step_log_p.shape[2]
        total = log_p.unsqueeze(2) + torch.where(live.unsqueeze(2), step_log_p, stays)
        log_p, best = total.flatten(1).topk(K, dim=1)  # (B, K), the largest first
        parent, symbol = best // n_out, best % n_out
        live = live.gather(1, parent) & log_p.isfinite()
        lengths = lengths.gather(1, parent) + live
        y = torch.cat([y[row, parent], torch.where(live, symbol, 0).unsqueeze(2)], dim=2)
        state = _reordered(state, (row * K + parent).flatten())
        y_t = y[:, :, -1].flatten()
        if end is not None:
            live = live & (symbol != end)
            if not live.any():
                break
    return Beams(y, log_p, lengths)


def _checked_first(first: Tensor) -> Tensor:
    if not isinstance(first, Tensor) or first.dtype != torch.int64 or first.dim() != 1:
        got = (
            f"{first.dtype} {tuple(first.shape)}"
            if isinstance(first, Tensor)
            else type(first).__name__
        )
        raise TypeError(f"first: expected an int64 tensor (B,), got {got}")
    return first


def _log_softmax(t: int, o_t: Tensor, rows: int) -> Tensor:
    if o_t.dim() != 2 or len(o_t) != rows:
        raise ValueError(f"step: expected outputs of shape ({rows}, n_out), got {tuple(o_t.shape)}")
    if not o_t.isfinite().all():
        raise ValueError(f"step: expected finite outputs, got NaN or infinity at t = {t}")
    return o_t.log_softmax(1)


def _reordered(state: State, index: Tensor) -> State:
    """The rows of every part of a state in a different order."""
    return each(lambda part: part[index], state)

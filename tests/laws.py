"""Laws that every network obeys, as functions that several test files call."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn.functional import pad

from rnn_course.networks.encoder_decoder import sequence_nll
from rnn_course.padding import inside
from rnn_course.tasks.base import Batch

CLOSE = {"atol": 1e-12, "rtol": 1e-12}
"""The tolerance of `assert_close` for two computations of the same thing in float64."""


def flat(state):
    """The tensors of a state, however deeply nested."""
    return [state] if isinstance(state, torch.Tensor) else [t for part in state for t in flat(part)]


def close(a, b):
    """Assert that two states, tensors or lists of tensors agree, part by part."""
    for part, other in zip(flat(a), flat(b), strict=True):
        torch.testing.assert_close(part, other, **CLOSE)


def two_halves_are_the_whole_and_padding_is_never_seen(rnn, x, cut, lengths):
    """A run in two parts equals one run; with NaN in the padding, each sequence is as if alone."""
    T = x.shape[1]
    h, state = rnn(x)
    if cut < T:
        first, middle = rnn(x[:, :cut])
        second, end = rnn(x[:, cut:], middle)
        close(torch.cat([first, second], 1), h)
        close(end, state)
    lengths = torch.as_tensor(lengths)
    padded = x.masked_fill(~inside(lengths, T)[:, :, None], float("nan"))
    h, state = rnn(padded, lengths=lengths)
    for i, length in enumerate(lengths):
        alone, end = rnn(x[i : i + 1, :length])
        close(h[i : i + 1, :length], alone)
        close([part[i : i + 1] for part in flat(state)], end)
    (h**2).sum().backward()
    assert all(p.grad is None or p.grad.isfinite().all() for p in rnn.parameters())


any_padding = given(
    seed=st.integers(0, 1000),
    more_x=st.integers(1, 4),
    more_y=st.integers(1, 4),
    rubbish=st.integers(0, 4),
)


def padding_changes_neither_loss_nor_gradient(model, pairs, more_x, more_y, rubbish):
    """To an encoder-decoder, more padding, with any symbol in it, leaves the pairs the same."""
    longer = Batch(
        pad(pairs.x, (0, more_x), value=rubbish),
        pad(pairs.y, (0, more_y), value=rubbish),
        pairs.lengths,
        pairs.y_lengths,
    )
    mask = inside(longer.lengths, longer.x.shape[1])
    longer = longer._replace(x=torch.where(mask, longer.x, rubbish))
    outcomes = []
    for each in (pairs, longer):
        model.zero_grad()
        loss = sequence_nll(model, each)
        loss.backward()
        outcomes.append([loss, *(p.grad for p in model.parameters())])
    close(*outcomes)


class Company(NamedTuple):
    """A network, sequences for it, and what it says of each: one list of tensors per sequence.

    Attributes:
        say: `say(model, batch)` gives these lists, without what lies beside the padding.
        together: Whether `say` speaks of the batch as a whole, such as a loss summed over it.
        in_y: Symbols for the padding of y, of which the first and the last are tried.
    """

    model: nn.Module
    batch: Batch
    say: Callable[[nn.Module, Batch], list[list[Tensor]]]
    together: bool = False
    in_y: tuple[int, ...] = (0, 1)


def company_does_not_matter(given: Company) -> None:
    """The output for a sequence is the same alone, in another order, and with more padding.

    So is its gradient with respect to each of the network's parameters.
    """
    batch, B = given.batch, len(given.batch.x)
    found = _said(given, batch)
    each = [_said(given, _alone(batch, i))[0] for i in range(B)]
    for mine, alone in zip(found, [_sum(each)] if given.together else each, strict=True):
        close(mine, alone)
    order = [2, 0, 3, 1]
    again = _said(given, Batch(*(None if part is None else part[order] for part in batch)))
    for place, mine in enumerate(again):
        close(mine, found[0] if given.together else found[order[place]])
    if batch.lengths is not None or batch.y_lengths is not None:
        for more, in_x, in_y in ((1, 0, given.in_y[0]), (3, 2, given.in_y[-1])):
            for mine, longer in zip(
                found, _said(given, _longer(batch, more, in_x, in_y)), strict=True
            ):
                close(mine, longer)


def each_step(of: Tensor, lengths: Tensor | None) -> list[Tensor]:
    """The part of each sequence before its padding."""
    return [*of] if lengths is None else [row[:n] for row, n in zip(of, lengths, strict=True)]


def _said(given: Company, batch: Batch) -> list[list[Tensor]]:
    """The output for each sequence, and the gradient of a weighted sum of it."""
    weights = [p for p in given.model.parameters() if p.requires_grad]
    found = []
    for said in given.say(given.model, batch):
        parts = [part for part in said if part.requires_grad]
        assert all(part.isfinite().all() for part in said)
        if parts:
            loss = sum(
                (
                    part * torch.linspace(0.5, 1.5, part.numel(), dtype=part.dtype).view_as(part)
                ).sum()
                for part in parts
            )
            said = [
                *said,
                *torch.autograd.grad(loss, weights, retain_graph=True, materialize_grads=True),
            ]
        found.append(said)
    return found


def _sum(rows: list[list[Tensor]]) -> list[Tensor]:
    return [sum(column) for column in zip(*rows, strict=True)]


def _alone(batch: Batch, i: int) -> Batch:
    """A batch of sequence i alone, without padding."""

    def row(part: Tensor, lengths: Tensor | None) -> Tensor:
        return part[i : i + 1] if lengths is None else part[i : i + 1, : lengths[i]]

    return Batch(
        row(batch.x, batch.lengths),
        row(batch.y, batch.y_lengths),
        *(None if n is None else n[i : i + 1] for n in (batch.lengths, batch.y_lengths)),
    )


def _longer(batch: Batch, more: int, in_x: int, in_y: int) -> Batch:
    """The same sequences with more padding, and with other values in it: NaN in floats."""

    def padded(part: Tensor, lengths: Tensor | None, symbol: int) -> Tensor:
        if lengths is None:
            return part
        rubbish: Any = float("nan") if part.is_floating_point() else symbol
        rows = torch.cat([part, part[:, :1].expand(-1, more, *part.shape[2:])], dim=1)
        mask = inside(lengths, rows.shape[1])
        return rows.masked_fill(~mask.view(*mask.shape, *[1] * (rows.dim() - 2)), rubbish)

    return batch._replace(
        x=padded(batch.x, batch.lengths, in_x), y=padded(batch.y, batch.y_lengths, in_y)
    )

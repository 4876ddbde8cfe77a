"""What holds of every network, as functions that several test files call."""

from __future__ import annotations

import torch
from torch.nn.functional import pad

from rnn_course.seq2seq import pair_loss
from rnn_course.tasks.base import Batch

CLOSE = {"atol": 1e-12, "rtol": 1e-12}


def flat(state):
    """The tensors of a state, however nested."""
    return [state] if isinstance(state, torch.Tensor) else [t for part in state for t in flat(part)]


def close(a, b):
    for part, other in zip(flat(a), flat(b), strict=True):
        torch.testing.assert_close(part, other, **CLOSE)


def two_halves_are_the_whole_and_padding_is_never_seen(rnn, x, cut, lengths):
    """Run in two parts; run with NaN in the padding, each sequence as if it were alone."""
    T = x.shape[1]
    h, state = rnn(x)
    if cut < T:
        first, middle = rnn(x[:, :cut])
        second, end = rnn(x[:, cut:], middle)
        close(torch.cat([first, second], 1), h)
        close(end, state)
    lengths = torch.as_tensor(lengths)
    padded = x.masked_fill((torch.arange(T) >= lengths[:, None])[:, :, None], float("nan"))
    h, state = rnn(padded, lengths=lengths)
    for i, length in enumerate(lengths):
        alone, end = rnn(x[i:i + 1, :length])
        close(h[i:i + 1, :length], alone)
        close([part[i:i + 1] for part in flat(state)], end)
    (h ** 2).sum().backward()
    assert all(p.grad is None or p.grad.isfinite().all() for p in rnn.parameters())


def padding_changes_neither_loss_nor_gradient(model, pairs, more_x, more_y, rubbish):
    """Pairs that are padded further, with any symbol, are the same pairs to an encoder-decoder."""
    longer = Batch(pad(pairs.x, (0, more_x), value=rubbish),
                   pad(pairs.y, (0, more_y), value=rubbish), pairs.lengths, pairs.y_lengths)
    inside = torch.arange(longer.x.shape[1]) < longer.lengths[:, None]
    longer = longer._replace(x=torch.where(inside, longer.x, rubbish))
    outcomes = []
    for each in (pairs, longer):
        model.zero_grad()
        loss = pair_loss(model, each)
        loss.backward()
        outcomes.append([loss, *(p.grad for p in model.parameters())])
    close(*outcomes)

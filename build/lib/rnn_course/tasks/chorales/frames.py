"""Which keys come next? Bach's chorales as 88 piano keys, on or off, a quarter note per step."""

from __future__ import annotations

import torch
from torch import Tensor

from rnn_course.padding import inside
from rnn_course.tasks.base import SPLITS, Split, Task
from rnn_course.tasks.chorales.corpus import REST, Chorale
from rnn_course.tasks.chorales.task import padded_split, split_chorales

N_KEYS, LOWEST = 88, 21
"""The number of keys of a piano, and the MIDI number of the lowest."""


def load_frames(limit: int | None = None, *, progress: bool = True) -> Task:
    """The task: x (N, T, 88) the keys that sound, 0 or 1, and y (N, T, 88) those a step later.

        y^(t) = x^(t+1)

    All parts of a chorale together; lengths and y_lengths are the same. Splits and `limit` are
    those of `load_chorales`: all settings of a melody are in one split.
    Source: Boulanger-Lewandowski et al. (2012) for the task; S7.3. Their split is different, so
    their figures are not comparable.

    Raises:
        ValueError: If the limit is not a positive integer, or leaves a split empty.
    """
    members = split_chorales(limit, progress=progress)
    splits = {}
    for side in SPLITS:
        pieces = list(map(keys, members[side]))
        splits[side] = padded_split([on[:-1] for on in pieces], [on[1:] for on in pieces])
    return Task("frames", **splits, symbols=(), labels=())


def keys(piece: Chorale) -> Tensor:
    """The keys of a chorale at each step: (T, 88) floats, 1 if any part sounds the note."""
    on = torch.zeros(piece.notes.shape[1], N_KEYS)
    for part in piece.notes:
        sounding = part != REST
        on[sounding.nonzero()[:, 0], part[sounding] - LOWEST] = 1
    return on


def log_odds(split: Split) -> Tensor:
    """The frequency p of each key in y as ln p/(1 - p), (88,): an initial bias of the readout.

    Half a step is added to both counts, so that a key that never sounds has finite odds.
    """
    on = split.y[inside(split.steps, split.y.shape[1])]
    return torch.log((on.sum(0) + 0.5) / (len(on) - on.sum(0) + 0.5))


def by_key(train: Split, split: Split) -> float:
    """The baseline that knows how often each key sounds: nats per frame, averaged over chorales."""
    return _nll(torch.sigmoid(log_odds(train)).expand_as(split.y), split)


def by_frame_before(train: Split, split: Split) -> float:
    """The baseline that also knows whether the key sounds now: nats per frame on `split`.

    P(y_k = 1 | x_k) for each key and each value of x_k, from counts with half a step added.
    """
    mask = inside(train.steps, train.y.shape[1])
    x, y = train.x[mask], train.y[mask]
    p_on, p_off = (((y * now).sum(0) + 0.5) / (now.sum(0) + 1) for now in (x, 1 - x))
    return _nll(torch.where(split.x > 0, p_on, p_off), split)


def _nll(p: Tensor, split: Split) -> float:
    nll = torch.nn.functional.binary_cross_entropy(p, split.y, reduction="none").sum(2)
    each = (nll * inside(split.steps, nll.shape[1])).sum(1) / split.steps
    return each.double().mean().item()  # over chorales, as networks are scored

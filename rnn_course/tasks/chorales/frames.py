"""Which keys next? Bach's chorales as piano keys, 88 of them on or off, a quarter note a step."""

from __future__ import annotations

import torch
from torch import Tensor

from rnn_course.padding import inside
from rnn_course.tasks.base import Split, Task
from rnn_course.tasks.chorales.corpus import REST, Chorale
from rnn_course.tasks.chorales.task import SPLITS, split_chorales

N_KEYS, LOWEST = 88, 21
"""A piano's keys, and the MIDI number of its lowest."""


def load_frames(limit: int | None = None, *, progress: bool = True) -> Task:
    """The task: x (N, T, 88) the keys that sound, 0 or 1, and y (N, T, 88) those a step later.

        y^(t) = x^(t+1)

    All parts of a chorale together; lengths and y_lengths are the same. Splits and `limit` are
    those of `load_chorales`: the settings of one melody are all on one side.
    Source: Boulanger-Lewandowski et al. (2012) for the task; S7.3. Their split is another one, so
    figures for it are not comparable.

    Raises ValueError for a limit that is no positive integer or leaves a side empty.
    """
    members = split_chorales(limit, progress=progress)
    empty = [side for side in SPLITS if not members[side]]
    if empty:
        raise ValueError(
            f"limit: expected enough chorales for each side, got {limit}, which "
            f"leaves no chorale in {' and '.join(empty)}"
        )
    return Task("frames", *(_split(list(map(keys, members[side]))) for side in SPLITS))


def keys(piece: Chorale) -> Tensor:
    """The keys of a chorale's T steps: (T, 88) floats, 1 where any part sounds the note."""
    on = torch.zeros(piece.notes.shape[1], N_KEYS)
    for part in piece.notes:
        sounding = part != REST
        on[sounding.nonzero()[:, 0], part[sounding] - LOWEST] = 1
    return on


def _split(pieces: list[Tensor]) -> Split:
    x, y = (
        torch.nn.utils.rnn.pad_sequence(rows, batch_first=True)
        for rows in ([on[:-1] for on in pieces], [on[1:] for on in pieces])
    )
    lengths = torch.tensor([len(on) - 1 for on in pieces])
    return Split(x, y, lengths, lengths)


def log_odds(split: Split) -> Tensor:
    """How often each key sounds in y, as ln p/(1 - p), (88,): a read-out's bias to start from.

    Half a step is added to either count, so that a key that never sounds has finite odds.
    """
    on = split.y[inside(split.lengths, split.y.shape[1])]
    return torch.log((on.sum(0) + 0.5) / (len(on) - on.sum(0) + 0.5))


def by_key(train: Split, split: Split) -> float:
    """The baseline that knows how often each key sounds: nats a frame, the mean over chorales."""
    return _nll(torch.sigmoid(log_odds(train)).expand_as(split.y), split)


def by_frame_before(train: Split, split: Split) -> float:
    """The baseline that also knows whether the key sounds now: nats a frame on `split`.

    P(y_k = 1 | x_k) for each key and either x_k, from counts with half a step added.
    """
    mask = inside(train.lengths, train.y.shape[1])
    x, y = train.x[mask], train.y[mask]
    p_on, p_off = (((y * now).sum(0) + 0.5) / (now.sum(0) + 1) for now in (x, 1 - x))
    return _nll(torch.where(split.x > 0, p_on, p_off), split)


def _nll(p: Tensor, split: Split) -> float:
    nll = torch.nn.functional.binary_cross_entropy(p, split.y, reduction="none").sum(2)
    each = (nll * inside(split.lengths, nll.shape[1])).sum(1) / split.lengths
    return each.double().mean().item()  # over chorales, as networks are scored

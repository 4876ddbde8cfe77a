"""What to beat on the chorales: the next bass note from a few notes around it, by counting."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from rnn_course import padding
from rnn_course.tasks.base import PADDING, Split, Task
from rnn_course.tasks.chorales.task import transposed

NOTES = {
    "x_t": ("x", 0),
    "x_{t-1}": ("x", 1),
    "x_{t-2}": ("x", 2),
    "y_{t-1}": ("y", 1),
    "y_{t-2}": ("y", 2),
}
"""What a context may hold, by name: which voice, and how many steps back."""
STRENGTHS = tuple(2.0**k for k in range(-3, 11))


@dataclass(frozen=True, eq=False)
class NoteNgram:
    """P(y^(t) | some notes near it), counted on a training split and smoothed.

    Without context at level 0, and then with one note of the context more at each level,

        P_k(s | c_1 … c_k) = (n(c_1 … c_k, s) + a_k P_{k-1}(s | c_1 … c_{k-1}))
                             / (n(c_1 … c_k) + a_k)

    where n counts, and P_{-1} is the same for each symbol but the padding. So a context never seen
    has the probabilities of the level below, and one often seen has its own; a_k is how many
    notes the level below is worth. (Interpolation as from a Dirichlet prior, MacKay and Peto 1995.)

    context : the names of the notes, from `NOTES`, in the order c_1 … c_k. Before a chorale's first
        step they are the padding, as for a network that is given `shifted(y, PADDING)`.
    strengths : a_0 … a_k.
    tables : for each level the contexts seen with the symbols after them, and how often.
    n_labels : the number of symbols, the padding included.
    """

    context: tuple[str, ...]
    strengths: tuple[float, ...]
    tables: tuple[tuple[Tensor, Tensor], ...]
    n_labels: int

    def probabilities(self, split: Split) -> Tensor:
        """P(s | context) for each step of each sequence in turn and each symbol s: (steps, n)."""
        keys, y = _keys(split, self.context, self.n_labels)
        p = _uniform(len(y), self.n_labels)
        for key, table, strength in zip(keys, self.tables, self.strengths, strict=True):
            p = _mixed(_counts(table, key, self.n_labels), p, strength)
        return p

    def nll(self, split: Split) -> float:
        """The mean of -log P(y^(t) | context) over all steps of all sequences, in nats a note.

        The same mean as `networks.likelihood.mean_nll` gives for a network.
        """
        return _nll(self.probabilities(split), _keys(split, (), self.n_labels)[1])


def note_ngram(task: Task, context: Sequence[str] = (), semitones: int = 5) -> NoteNgram:
    """Count y in its context on the training split, in all keys up to `semitones` away.

    The strengths a_0, a_1, … are chosen one after the other, each the one of `STRENGTHS` that makes
    the notes of the validation split most probable. The counts are of all the keys that the
    networks hear (`tasks.chorales.Crops`); without context, the keys as they are say more.

    Raises ValueError for a context whose notes are not in `NOTES` or come twice, for a task without
    lengths or labels, and for notes that leave the alphabet when they are transposed.
    """
    if isinstance(context, str) or len(set(context) & set(NOTES)) < len(context):
        raise ValueError(f"context: expected different ones of {', '.join(NOTES)}, got {context!r}")
    if task.train.lengths is None or not task.labels:
        raise ValueError(f"task: expected one with lengths and labels, got {task.name!r}")
    context, n_labels = tuple(context), len(task.labels)
    heard = []
    for shift in range(-semitones, semitones + 1):
        x, y = transposed(task.train.x, shift), transposed(task.train.y, shift)
        keys, now = _keys(Split(x, y, task.train.lengths), context, n_labels)
        heard.append(keys * n_labels + now)
    tables = [torch.unique(level, return_counts=True) for level in torch.cat(heard, dim=1)]

    strengths = []
    keys, y = _keys(task.valid, context, n_labels)
    p = _uniform(len(y), n_labels)
    for key, table in zip(keys, tables, strict=True):
        counts = _counts(table, key, n_labels)
        strengths.append(min(STRENGTHS, key=lambda a, n=counts, p=p: _nll(_mixed(n, p, a), y)))
        p = _mixed(counts, p, strengths[-1])
    return NoteNgram(context, tuple(strengths), tuple(tables), n_labels)


def _keys(split: Split, context: tuple[str, ...], n_labels: int) -> tuple[Tensor, Tensor]:
    """A number for the notes c_1 … c_k, for k = 0, 1, …: (levels, steps); and y: (steps,)."""
    inside = padding.inside(split.lengths, split.x.shape[1])
    keys = [torch.zeros_like(split.x)]
    for name in context:
        voice, back = NOTES[name]
        notes = F.pad(getattr(split, voice), (back, 0), value=PADDING)[:, : inside.shape[1]]
        keys.append(keys[-1] * n_labels + notes)
    return torch.stack([key[inside] for key in keys]), split.y[inside]


def _counts(table: tuple[Tensor, Tensor], keys: Tensor, n_labels: int) -> Tensor:
    """How often each symbol was counted in each of these contexts: (steps, n)."""
    known, counts = table
    wanted = keys.unsqueeze(1) * n_labels + torch.arange(n_labels)
    place = torch.searchsorted(known, wanted).clamp(max=len(known) - 1)
    return torch.where(known[place] == wanted, counts[place], 0).double()


def _uniform(steps: int, n_labels: int) -> Tensor:
    p = torch.full((steps, n_labels), 1 / (n_labels - 1), dtype=torch.float64)
    p[:, PADDING] = 0
    return p


def _mixed(counts: Tensor, p: Tensor, strength: float) -> Tensor:
    return (counts + strength * p) / (counts.sum(1, keepdim=True) + strength)


def _nll(p: Tensor, y: Tensor) -> float:
    return -float(p.gather(1, y.unsqueeze(1)).log().mean())

"""What a network has to beat on the chorales: the next bass note by counting its neighbours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from rnn_course.measures.counting import inside, looked_up, numbered
from rnn_course.tasks.base import PADDING, Split, Task
from rnn_course.tasks.chorales.task import transposed

#: what a context may hold, by name: the voice, and the number of steps back
NOTES = {
    "x_t": ("x", 0),
    "x_{t-1}": ("x", 1),
    "x_{t-2}": ("x", 2),
    "y_{t-1}": ("y", 1),
    "y_{t-2}": ("y", 2),
}
STRENGTHS = tuple(2.0**k for k in range(-3, 11))


@dataclass(frozen=True, eq=False)
class NoteNgram:
    """P(y^(t) | some notes near it), counted on a training split and smoothed.

    Level 0 has no context, and each further level has one note more:

        P_k(s | c_1 … c_k) = (n(c_1 … c_k, s) + a_k P_{k-1}(s | c_1 … c_{k-1}))
                             / (n(c_1 … c_k) + a_k)

    where n counts, and P_{-1} is uniform over all symbols but the padding. A context never seen
    thus has the probabilities of the level below, and one seen often has its own; the level below
    is worth a_k notes. Source: interpolation by a Dirichlet prior, MacKay and Peto (1995).

    Attributes:
        context: The names of the notes c_1 … c_k, from `NOTES`. Before the first step of a chorale
            they are the padding, as for a network that is given `shifted(y, PADDING)`.
        strengths: a_0 … a_k.
        tables: For each level the contexts seen, with the symbol that follows, and their counts.
        n_labels: The number of symbols, including the padding.
    """

    context: tuple[str, ...]
    strengths: tuple[float, ...]
    tables: tuple[tuple[Tensor, Tensor], ...]
    n_labels: int

    def probabilities(self, split: Split) -> Tensor:
        """P(s | context) for each step of all sequences in turn and each symbol s: (steps, n)."""
        keys, y = _keys(split, self.context, self.n_labels)
        p = _uniform(len(y), self.n_labels)
        for key, table, strength in zip(keys, self.tables, self.strengths, strict=True):
            p = _mixed(_counts(table, key, self.n_labels), p, strength)
        return p

    def nll(self, split: Split) -> float:
        """The mean of -log P(y^(t) | context) over all steps of all sequences, in nats per note.

        It is the same mean as `networks.likelihood.mean_nll` of a network.
        """
        return _nll(self.probabilities(split), _keys(split, (), self.n_labels)[1])


def note_ngram(task: Task, context: Sequence[str] = (), semitones: int = 5) -> NoteNgram:
    """Count y in its context on the training split, transposed by up to `semitones` either way.

    The strengths a_0, a_1, … are chosen one after another, each the one of `STRENGTHS` that makes
    the validation split most probable. The counts include all the keys that the networks hear
    (`tasks.chorales.Crops`); without context, the original keys alone predict better.

    Raises:
        ValueError: If a note of the context is not in `NOTES` or is repeated, the task has no
            lengths or labels, or a transposed note leaves the alphabet.
    """
    if isinstance(context, str) or len(set(context) & set(NOTES)) < len(context):
        raise ValueError(
            f"context: expected different names from {', '.join(NOTES)}, got {context!r}"
        )
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
        costs = {strength: _nll(_mixed(counts, p, strength), y) for strength in STRENGTHS}
        strengths.append(min(costs, key=costs.__getitem__))
        p = _mixed(counts, p, strengths[-1])
    return NoteNgram(context, tuple(strengths), tuple(tables), n_labels)


def _keys(split: Split, context: tuple[str, ...], n_labels: int) -> tuple[Tensor, Tensor]:
    """A number for the notes c_1 … c_k, for k = 0, 1, …: (levels, steps); and y: (steps,)."""
    mask = inside(split)
    notes = []
    for voice, back in map(NOTES.__getitem__, context):
        notes.append(F.pad(getattr(split, voice), (back, 0), value=PADDING)[:, : mask.shape[1]])
    return torch.stack(numbered(notes, n_labels, mask)), split.y[mask]


def _counts(table: tuple[Tensor, Tensor], keys: Tensor, n_labels: int) -> Tensor:
    """How often each symbol was counted in each of these contexts: (steps, n)."""
    wanted = keys.unsqueeze(1) * n_labels + torch.arange(n_labels)
    return looked_up(table, wanted, 0).double()


def _uniform(steps: int, n_labels: int) -> Tensor:
    p = torch.full((steps, n_labels), 1 / (n_labels - 1), dtype=torch.float64)
    p[:, PADDING] = 0
    return p


def _mixed(counts: Tensor, p: Tensor, strength: float) -> Tensor:
    return (counts + strength * p) / (counts.sum(1, keepdim=True) + strength)


def _nll(p: Tensor, y: Tensor) -> float:
    return -float(p.gather(1, y.unsqueeze(1)).log().mean())

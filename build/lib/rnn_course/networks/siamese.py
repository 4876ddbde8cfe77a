"""Chapter 1: a module downstream compares summaries, and so gives the summariser a gradient."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from rnn_course import checks
from rnn_course.networks.summarise import Summariser
from rnn_course.padding import Lengths


class Comparison(nn.Module):
    """Do two outputs belong together? For every pair of a batch at once:

        P(same) = σ(s cos(o_i, o_j) - r)

    with the parameters s and r. o (B, n_out) to logits (B, B).
    """

    def __init__(self) -> None:
        super().__init__()
        self.s = nn.Parameter(torch.tensor(5.0))
        self.r = nn.Parameter(torch.tensor(0.0))

    def forward(self, o: Tensor) -> Tensor:
        direction = F.normalize(o, dim=1)
        return self.s * direction @ direction.T - self.r


class Siamese(nn.Module):
    """One summariser reads every sequence of the batch, and a `Comparison` judges all pairs.

    Symbols x (B, T) to logits (B, B). The summariser has no loss of its own: all that it gets is
    the comparison's gradient on o. Source: deck S1.4.
    """

    def __init__(self, summariser: Summariser) -> None:
        super().__init__()
        self.summariser = checks.instance("summariser", summariser, Summariser)
        self.comparison = Comparison()

    def forward(self, x: Tensor, lengths: Lengths | None = None) -> Tensor:
        return self.comparison(self.summariser(x, lengths))


def pair_loss(logits: Tensor, y: Tensor) -> Tensor:
    """The cross-entropy of "same class or not", in nats; logits (B, B), classes y (B).

    Pairs from one class are rare, so they count for one half, and pairs from two for the other.

    Raises:
        ValueError: If shapes do not fit, or if a batch lacks one of the two kinds of pairs.
    """
    sign = torch.where(y[:, None] == y, -1.0, 1.0)
    return _balanced(F.softplus(_for_pairs("logits", logits, y) * sign), y)


def pair_accuracy(said_same: Tensor, y: Tensor) -> float:
    """The share of pairs that are judged correctly, each kind counting one half: chance is 1/2.

    `said_same` (B, B) bool, y (B).

    Raises:
        ValueError: As `pair_loss` does.
    """
    right = _for_pairs("said_same", said_same, y) == (y[:, None] == y)
    return _balanced(right.double(), y).item()


def _for_pairs(name: str, values: Tensor, y: Tensor) -> Tensor:
    if values.shape != (len(y), len(y)):
        raise ValueError(
            f"{name}: expected shape ({len(y)}, {len(y)}), a value for each pair of "
            f"y, got {tuple(values.shape)}"
        )
    return values


def _balanced(values: Tensor, y: Tensor) -> Tensor:
    same = y[:, None] == y
    other = ~torch.eye(len(y), dtype=torch.bool, device=y.device)  # nothing is paired with itself
    one, two = (same & other).to(values.dtype), (~same).to(values.dtype)
    if not one.any() or not two.any():
        raise ValueError(
            "y: expected pairs of one class and of two, got "
            f"{int(one.sum())} and {int(two.sum())} ordered pairs"
        )
    return ((values * one).sum() / one.sum() + (values * two).sum() / two.sum()) / 2

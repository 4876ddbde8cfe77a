"""The likelihood of a whole sequence: the objective of every network that writes one."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from rnn_course import checks
from rnn_course.padding import Lengths, blanked


def shifted(y: Tensor, first: int) -> Tensor:
    """What the teacher gives at each step t, y^(t-1): `first` and then y without its last symbol.

    y (B, T) int64 to (B, T). A network that was given y^(t) itself would learn to copy it, and
    know nothing once it had to run on its own.
    Source: Goodfellow et al. (2016), section 10.2.1 (teacher forcing); deck S3.3.

    Raises:
        TypeError, ValueError: Unless y holds whole numbers (B, T) and `first` is one.
    """
    symbol = checks.integer(first)
    if symbol is None or symbol < 0:
        raise ValueError(f"first: expected a symbol, a whole number of at least 0, got {first!r}")
    _targets(y)
    return torch.cat([y.new_full((len(y), 1), symbol), y[:, :-1]], dim=1)


def log_likelihood(o: Tensor, y: Tensor, lengths: Lengths | None = None) -> Tensor:
    """How probable each sequence is, in nats, (B,):

        log P(y) = Σ_{t ≤ τ} log softmax(o^(t))_{y^(t)}

    o (B, T, n_out), y (B, T) int64, τ each sequence's own length: what comes after it adds
    nothing, and gets no gradient. With y^(t-1) among the inputs of o^(t), this is the chain rule
    of probability, P(y | x) = Π_t P(y^(t) | y^(1), …, y^(t-1), x).

    Raises:
        TypeError, ValueError: If shapes do not fit, if a y inside its sequence is not a class, or
            if lengths are wrong; the message names the argument.
    """
    return _each_step(o, y, lengths)[0].sum(1)


def mean_nll(o: Tensor, y: Tensor, lengths: Lengths | None = None) -> Tensor:
    """The mean negative log-likelihood per step, in nats: the loss to train with, a scalar.

        L = - Σ_sequences log P(y) / Σ_sequences τ

    Each step of each sequence counts the same; the padding counts in neither sum, so that
    neither L nor its gradient depends on how much of it there is.

    Raises:
        TypeError, ValueError: As `log_likelihood` does.
    """
    each, steps = _each_step(o, y, lengths)
    return -each.sum(1).sum() / steps


def _each_step(o: Tensor, y: Tensor, lengths: Lengths | None) -> tuple[Tensor, Tensor | int]:
    """log softmax(o^(t)) at y^(t), (B, T), 0 outside; and the number of steps inside."""
    if not isinstance(o, Tensor) or not o.is_floating_point() or o.dim() != 3:
        got = tuple(o.shape) if isinstance(o, Tensor) else type(o).__name__
        raise ValueError(f"o: expected floats (B, T, n_out), got {got}")
    _targets(y)
    if y.shape != o.shape[:2]:
        raise ValueError(
            f"y: expected a target for each output, shape {tuple(o.shape[:2])}, "
            f"got {tuple(y.shape)}"
        )
    steps: Tensor | int = y.numel()
    if lengths is not None:
        tau = checks.lengths(lengths, y.shape[0], y.shape[1], o.device)
        steps, o, y = tau.sum(), blanked(o, tau), blanked(y, tau)
    checks.in_range("y", y, o.shape[2], "classes")
    each = -F.cross_entropy(o.transpose(1, 2), y, reduction="none")
    return each if lengths is None else blanked(each, tau), steps


def _targets(y: Tensor) -> None:
    if not isinstance(y, Tensor) or y.dtype != torch.int64:
        got = y.dtype if isinstance(y, Tensor) else type(y).__name__
        raise TypeError(f"y: expected an int64 tensor of symbols, got {got}")
    if y.dim() != 2 or y.numel() == 0:
        raise ValueError(f"y: expected shape (B, T), not empty, got {tuple(y.shape)}")

"""Chapter 1: outputs that collapse, a fair GRU, the mean of all states, and tails of names."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from rnn_course import checks
from rnn_course.cells import ElmanCell, GRUCell
from rnn_course.compare import same
from rnn_course.exercises.registry import agree, exercise, holds
from rnn_course.networks.sizes import n_parameters
from rnn_course.networks.summarise import Summariser
from rnn_course.padding import inside
from rnn_course.rnn import unroll


@exercise("ex-collapse", "", "a tensor o (4, 32)")
def collapse(o: Any) -> None:
    """The cosines of all pairs of the four outputs."""
    o = checks.instance("ex-collapse", o, Tensor).detach().double()
    same(list(o.shape), [4, 32], "o has an output of 32 numbers for each of four names")
    holds(o.norm(dim=1).min() > 1e-6, "an output is zero: it has no direction, and no cosine of 1")
    cosines = F.cosine_similarity(o[:, None], o[None], dim=2)
    holds(cosines.min() > -0.999, "two outputs are opposite, and their cosine is -1")
    holds(
        (cosines - 1).abs().max() < 1e-5,
        f"the loss is not 0 whatever the languages are: a pair has the cosine {cosines.min():.2f}",
    )


@exercise("ex-gru", "", "a number of hidden units")
def gru(n_hidden: Any) -> None:
    """The parameters of both cells, input of 64."""
    n, budget = checks.positive("ex-gru", n_hidden), n_parameters(ElmanCell(64, 96))
    holds(n != 96, "a GRU of as many units has three times the parameters")
    holds(n != 32, "a third of the units is too few: W grows with the square of n")
    sizes = {m: n_parameters(GRUCell(64, m)) for m in (n, n + 1, max(n - 1, 1))}
    nearest = min(sizes, key=lambda m: abs(sizes[m] - budget))
    compared = "more" if sizes[n] > budget else "fewer"
    holds(
        nearest == n,
        f"a GRUCell of {n} has {sizes[n]:,} parameters, {compared} than the {budget:,} of the "
        "ElmanCell, and another number comes closer",
    )


@exercise("ex-mean", "model, x, lengths", "the mean of h^(1) to h^(τ), (B, n_hidden)")
def mean(summary: Any) -> None:
    """The means of names of 1 to 9 letters, alone and in one batch."""
    model = Summariser(7, 4, ElmanCell(4, 6), 3).double()
    lengths = torch.tensor([9, 1, 4, 6, 2])
    x = torch.randint(1, 7, (5, 9)) * inside(lengths, 9)
    own = [
        unroll(model.rnn.cell, model.embed(name[None, :n]))[0][0]
        for name, n in zip(x, lengths, strict=True)
    ]
    want = torch.stack([h.mean(0) for h in own])
    h, _ = model.rnn(model.embed(x), lengths=lengths)
    read_on, _ = model.rnn(model.embed(x))
    alone = summary(model, x[:1], lengths[:1])
    agree(alone, want[:1], "alone in its batch, a name gives the mean of its states", {
        "this is the last state": h[:1, -1],
        "this is the sum: divide by the length": h[:1].sum(1),
    })  # fmt: skip
    real = inside(lengths, 9)[..., None]
    one_more = torch.arange(9) <= lengths[:, None]
    agree(summary(model, x, lengths), want, "in company, a name gives what it gives alone", {
        "past its end a name repeats its last h, and you count it each time": h.mean(1),
        "you count states that have read padding": read_on.mean(1),
        "you divide by the width of the batch, not by the length of the name": (h * real).mean(1),
        "you count one state too many": (h * one_more[..., None]).sum(1) / lengths[:, None],
        "this is the last state": h[:, -1],
    })  # fmt: skip


@exercise("ex-tail", "x, lengths", "the last 20 letters, (N, 20)")
def tail(tails: Any) -> None:
    """Names of 23 to 31 letters, padded."""
    lengths = torch.tensor([23, 31, 27, 24])
    x = torch.randint(1, 60, (4, 33)) * inside(lengths, 33)
    want = torch.stack([name[n - 20 : n] for name, n in zip(x, lengths, strict=True)])
    before = torch.stack([name[n - 21 : n - 1] for name, n in zip(x, lengths, strict=True)])
    got = tails(x, lengths)
    holds(isinstance(got, Tensor), "the tails are one tensor: torch.stack puts them together")
    agree(got, want, "each tail is the last 20 letters of its name", {
        "these are the last 20 columns, padding and all: where does each name end?": x[:, -20:],
        "these are the first 20 letters": x[:, :20],
        "the last letter is missing: name[a:b] ends before b": before,
    })  # fmt: skip

"""Chapter 3: what a die is worth, and scheduled sampling."""

from __future__ import annotations

import math
from typing import Any

import torch

from rnn_course.cells import ElmanCell
from rnn_course.exercises.registry import Part, agree, exercise, formula
from rnn_course.networks.dashed_edges import FeedbackTagger, tagging_loss
from rnn_course.networks.likelihood import mean_nll
from rnn_course.padding import inside
from rnn_course.tasks.base import Batch


@exercise(
    "ex-ch3-dice",
    "faces, steps",
    "two numbers in nats: the least that is paid without the edges, and with them",
)
def dice(least: Any) -> None:
    """Dice of 2, 6 and 20 faces, repeated 1 to 10 times."""
    cases = [(2, 10), (6, 10), (6, 1), (20, 4)]
    formula(
        least,
        "faces, steps",
        cases,
        Part("without the edges", lambda n, T: T * math.log(n), {
            "this is in bits: nats go with the natural logarithm": lambda n, T: T * math.log2(n),
            "this is what is paid *with* the edges": lambda n, T: math.log(n),
            "each of the T outputs is a surprise, the first as well": lambda n, T: (
                (T - 1) * math.log(n)
            ),
        }),
        Part("with the edges", lambda n, T: math.log(n), {
            "this is in bits: nats go with the natural logarithm": lambda n, T: math.log2(n),
            "nobody knows the first throw before it is made": lambda n, T: 0,
            "this is what is paid *without* the edges": lambda n, T: T * math.log(n),
            "this is what the edges save": lambda n, T: (T - 1) * math.log(n),
        }),
    )  # fmt: skip


@exercise("ex-ch3-scheduled", "model, batch, share", "the loss")
def scheduled(loss: Any) -> None:
    """A share of 0, and a share of 1 of a network that always writes the same note."""
    model = FeedbackTagger(3, 4, ElmanCell(8, 6), 3).double().eval()
    lengths = torch.tensor([8, 5, 3, 7])
    real = inside(lengths, 8)
    x, y = torch.randint(3, (4, 8)) * real, torch.randint(3, (4, 8)) * real
    batch = Batch(x, y, lengths, lengths)
    agree(loss(model, batch, 0.0), tagging_loss(model, batch), "a share of 0 is the usual loss", {
        "the padding counts": mean_nll(model(x, y), y),
        "with a share of 0 nothing is the network's own": mean_nll(
            model(x, model.write(x).y, lengths), y, lengths
        ),
    })  # fmt: skip
    model.V.bias.data[1] = 40.0  # whatever it is given, it writes 1
    own = torch.ones_like(y)
    want = mean_nll(model(x, own, lengths), y, lengths)
    agree(loss(model, batch, 1.0), want, "with a share of 1 the network is given its own notes", {
        "with a share of 1 it is still given the true notes": tagging_loss(model, batch),
        "it is asked for its own notes: the targets stay the true ones": mean_nll(
            model(x, own, lengths), own, lengths
        ),
    })  # fmt: skip

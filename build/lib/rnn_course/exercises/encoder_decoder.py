"""Chapter 7: C at the first step only, beams compared per symbol, and what to ask of C."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from rnn_course import checks
from rnn_course.exercises.registry import agree, exercise, holds
from rnn_course.networks.encoder_decoder import EncoderDecoder
from rnn_course.networks.likelihood import shifted
from rnn_course.padding import inside


@exercise("ex-context-once", "", "a model of your subclass of EncoderDecoder")
def context_once(model: Any) -> None:
    """The outputs for given y, and the log P of what it writes."""
    checks.instance("ex-context-once", model, EncoderDecoder)
    n_y, width = model.embed_y.num_embeddings, model.embed_y.embedding_dim
    holds(model.decoder.n_in <= width, f"the decoder reads {model.decoder.n_in} numbers, F y has "
          f"{width}: C still enters at each step")  # fmt: skip
    holds(
        model.Q.out_features == model.decoder.n_hidden,
        "C is to be the decoder's first state: n_context must be its n_hidden",
    )
    training = model.training
    try:
        with torch.no_grad():
            _context_once(model.eval(), n_y)
    finally:
        model.train(training)


def _context_once(model: Any, n_y: int) -> None:
    lengths = torch.tensor([6, 1, 4])
    x = torch.randint(1, model.embed_x.num_embeddings, (3, 6)) * inside(lengths, 6)
    y, C = torch.randint(n_y, (3, 5)), model.context(x, lengths)
    holds(isinstance(model.decoder.cell.initial_state(1), Tensor), "the check knows decoders whose "
          "state is one tensor: take a GRUCell or an ElmanCell")  # fmt: skip

    def run(state: Tensor, told: Tensor) -> Tensor:
        return model.V(model.decoder(model.embed_y(told), state)[0])

    told = shifted(y, model.first)
    agree(model.decode(C, y), run(C, told), "s^(0) is C, and then y^(t-1) is all that is read", {
        "the state starts at zero: C never enters": run(torch.zeros_like(C), told),
        "step t is given y^(t), which it is about to write": run(C, y),
    })  # fmt: skip
    written = model.write(x, 7, lengths)
    again = model.log_p(x, written.y, lengths, written.lengths)
    apart = (again - written.log_p).abs().max()
    holds(apart < 1e-3, "what it writes has another log P than it says: `writer` is not `decode`")


@exercise("ex-beam-length", "log_p, lengths", "the place of the best output in each beam, (B,)")
def beam_length(best: Any) -> None:
    """Beams of four outputs of 1 to 9 symbols."""
    log_p = torch.tensor([[-2.0, -3.0, -3.5, -6.0], [-1.0, -4.0, -4.5, -9.0], [-5, -5.1, -7, -8]])
    lengths = torch.tensor([[1, 3, 5, 2], [2, 3, 9, 4], [5, 4, 8, 4]])
    agree(best(log_p, lengths), (log_p / lengths).argmax(1), "it has most log P per symbol", {
        "this is the most probable output: divide by its length first": log_p.argmax(1),
        "the largest is the best: these numbers are below zero": (log_p / lengths).argmin(1),
        "log P is multiplied by the length, not divided": (log_p * lengths).argmax(1),
        "this is log P per symbol: which one is the largest?": log_p / lengths,
        "these are the best values, not their places": (log_p / lengths).amax(1),
        "compare within each beam: that is along the second axis": (log_p / lengths).argmax(0),
    })  # fmt: skip


@exercise(
    "ex-probe-context",
    "x, lengths",
    "the targets of three probes: first letter, last letter and number of letters, (N,) each",
)
def probe_context(targets: Any) -> None:
    """Words of 1 to 8 letters, padded."""
    lengths = torch.tensor([8, 1, 4, 6, 3])
    x = torch.randint(1, 27, (5, 8)) * inside(lengths, 8)
    got = targets(x, lengths)
    holds(isinstance(got, tuple | list) and len(got) == 3, "there are three targets: the first "
          "letters, the last letters and the numbers of letters")  # fmt: skip
    agree(got[0], x[:, 0], "the first letter stands in the first column")
    agree(got[1], x[torch.arange(5), lengths - 1], "the last letter stands where the word ends", {
        "the last column holds padding for all but the longest words": x[:, -1],
        "column τ is the one after the last letter: the first has index 0": torch.nn.functional.pad(
            x, (0, 1)
        )[torch.arange(5), lengths],
    })  # fmt: skip
    agree(got[2], lengths, "the number of letters is that of the word", {
        "padding is not a letter": torch.full((5,), 8),
    })  # fmt: skip

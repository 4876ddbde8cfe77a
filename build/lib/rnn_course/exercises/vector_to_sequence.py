"""Chapter 2: a teacher who says too much, padding in a loss, units first, and a fair GRU."""

from __future__ import annotations

from os.path import commonprefix
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from rnn_course import checks
from rnn_course.cells import Cell, ElmanCell, GRUCell
from rnn_course.exercises.registry import Part, agree, exercise, formula, holds
from rnn_course.networks.likelihood import mean_nll
from rnn_course.networks.sizes import n_parameters
from rnn_course.networks.vector_to_sequence import CONDITIONINGS, VectorToSequence
from rnn_course.padding import inside
from rnn_course.tasks.base import Batch
from rnn_course.tasks.number_words import words

N_X, N_SYMBOLS = 132, 33
"""The sizes of the chapter's task."""


def _writer(cell: Cell, conditioning: str) -> VectorToSequence:
    return VectorToSequence(N_X, N_SYMBOLS, cell, conditioning, first=2)


@exercise("ex-not-shifted", "model, x, y", "o (T, n_symbols), where step t is given y^(t)")
def not_shifted(by_hand: Any) -> None:
    """When a letter takes effect, and o, with x at each step, as h(0), and both."""
    x, y = torch.randn(N_X).double(), torch.randint(3, N_SYMBOLS, (8,))
    other = y.clone()
    other[3] = 3 + (y[3] - 2) % (N_SYMBOLS - 3)
    for name in CONDITIONINGS:
        model = _writer(ElmanCell(6, 6), name).double()
        start = model.start(x[None])
        want = model.V(model.rnn(model.inputs(x[None], y[None]), start)[0])[0]
        o, changed = by_hand(model, x, y), by_hand(model, x, other)
        holds(isinstance(o, Tensor) and o.shape == want.shape, "there is an output for each letter")
        steps = (o != changed).any(1).nonzero().flatten().tolist()
        holds(steps, "no output changes with y^(4): what is the network given?")
        first = steps[0] + 1
        holds(first != 5, "y^(4) takes effect at step 5: this is still the right network")
        holds(first == 4, f"y^(4) takes effect at step {first}, not at step 4")
        agree(o, want, f"the rest of the network is unchanged ({name})")


@exercise("ex-padding-counts", "model, batch", "the mean loss per letter, full stops included")
def padding_counts(loss: Any) -> None:
    """A batch of words of 3 to 9 letters, and the same with four more columns of padding."""
    model = _writer(ElmanCell(6, 6), "both").double()
    lengths = torch.tensor([9, 3, 5, 4])
    y = torch.randint(3, N_SYMBOLS, (4, 9)) * inside(lengths, 9)
    y[torch.arange(4), lengths - 1] = 2  # the full stop
    x = torch.randn(4, N_X).double()
    o = model(x, y)
    each = F.cross_entropy(o.transpose(1, 2), y, reduction="none")
    real = inside(lengths, 9)
    of_words = (each * real).sum(1)
    mistakes = {
        "the padding still counts": each.mean(),
        "the padding adds nothing, but you still divide by the number of all columns": (
            of_words.sum() / y.numel()
        ),
        "each word counts the same here; each letter should": (of_words / lengths).mean(),
        "this is the sum": of_words.sum(),
        "the full stop is part of the word": mean_nll(o, y, lengths - 1),
    }
    want = mean_nll(o, y, lengths)
    says = "every letter of every word counts the same, and nothing else counts"
    agree(loss(model, Batch(x, y, None, lengths)), want, says, mistakes)
    wider = Batch(x, F.pad(y, (0, 4)), None, lengths)
    agree(loss(model, wider), want, "with four more columns of padding the loss stays the same")


@exercise(
    "ex-units-first",
    "unit",
    "the number of letters that all German words from 21 to 99 with this unit begin with",
)
def units_first(letters: Any) -> None:
    """The units from 1 to 9."""
    german = words("de")

    def shared(unit: int, first: int = 2) -> int:
        return len(commonprefix([german[10 * tens + unit] for tens in range(first, 10)]))

    name = "the number of letters"
    formula(letters, "unit", [(unit,) for unit in range(1, 10)], Part(name, shared, {
        "from 11 to 19 no tens are spelled after the unit: begin at 21": lambda n: shared(n, 1),
        "the letters of 'und' say nothing of the tens either": lambda n: shared(n) - 3,
        "the letter after these is the first that differs": lambda n: shared(n) + 1,
        "begin at 21: in the units alone there are no tens": lambda n: shared(n, 0),
    }))  # fmt: skip


@exercise("ex-gated-caption", "", "a number of hidden units")
def gated_caption(n_hidden: Any) -> None:
    """The parameters of both networks."""
    n = checks.positive("ex-gated-caption", n_hidden)
    budget = n_parameters(_writer(ElmanCell(96, 96), "h0"))
    holds(n != 96, "with as many units as before, the GRU has far more parameters")
    holds(n != 32, "not all has three times the rows: E, R and V stay as they are for each unit")
    size = n_parameters(_writer(GRUCell(n, n), "h0"))
    compared = "more" if size > budget else "fewer"
    holds(n == 64, f"with {n} units it has {size:,} parameters, {compared} than {budget:,} by far")

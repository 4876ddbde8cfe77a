"""Chapter 4: a network cut off, shares of a gradient, an untied convolution, the end first."""

from __future__ import annotations

import copy
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from rnn_course import checks
from rnn_course.cells import ElmanCell
from rnn_course.compare import same
from rnn_course.exercises.registry import agree, exercise, holds
from rnn_course.networks.sharing import DeepSummariser
from rnn_course.networks.summarise import Summariser
from rnn_course.padding import inside

LAYERS, KNOWN = 18, 12
"""The layers of the chapter's untied network, and those that training reaches."""


def _untied() -> DeepSummariser:
    cells = [ElmanCell(4, 6) for _ in range(LAYERS)]
    return DeepSummariser(9, 4, cells, 5).double()


def _sentences(lengths: list[int], steps: int) -> tuple[Tensor, Tensor]:
    tau = torch.tensor(lengths)
    return torch.randint(1, 9, (len(tau), steps)) * inside(tau, steps), tau


@exercise("ex-ch4-cut", "model, x, lengths", "o (B, n_out), with nothing read after word 12")
def cut(answer: Any) -> None:
    """Sentences of 6 to 18 words, in one batch."""
    model = _untied()
    x, lengths = _sentences([6, 18, 12, 13, 15], 18)
    short = lengths.clamp(max=KNOWN)
    pieces = zip(x, lengths.tolist(), short.tolist(), strict=True)
    ends = torch.stack([F.pad(words[n - m : n], (0, KNOWN - m)) for words, n, m in pieces])
    agree(answer(model, x, lengths), model(x[:, :KNOWN], short), "it reads words 1 to 12", {
        "it still reads the whole sentence": model(x, lengths),
        "it reads the last twelve words, not the first": model(ends, short),
        "it stops before word 12": model(x, lengths.clamp(max=KNOWN - 1)),
    })  # fmt: skip


@exercise(
    "ex-ch4-share",
    "model, x, y",
    "∂L/∂U^(t) for t = 1 … T, (T, n_hidden, n_in), with L the mean cross-entropy",
)
def share(gradients: Any) -> None:
    """The gradients of twelve layers, one by one, and their sum."""
    model = Summariser(9, 4, ElmanCell(4, 6), 5).double()
    x, y = torch.randint(9, (7, 12)), torch.randint(5, (7,))
    cell, h = model.rnn.cell, torch.zeros(7, 6).double()
    U = [cell.U.detach().clone().requires_grad_() for _ in range(12)]
    for U_t, e_t in zip(U, model.embed(x).unbind(1), strict=True):
        h = torch.tanh(cell.b + h @ cell.W.T + e_t @ U_t.T)
    want = torch.stack(torch.autograd.grad(F.cross_entropy(model.V(h), y), U))
    got = gradients(copy.deepcopy(model), x, y)
    got = torch.stack([*got]) if isinstance(got, list | tuple) else got
    agree(got, want, "the gradient of layer t is the part of U's gradient that comes from step t", {
        "these are their norms: give the whole matrices, so that they can be added up": want.norm(
            dim=(1, 2)
        ),
        "each layer has the whole gradient: do they still share one cell?": want.sum(0).expand_as(
            want
        ),
        "they are in reverse order": want.flip(0),
        "this is their sum: give each layer's": want.sum(0),
        "these are the gradients of the sum over the batch, not of the mean": 7 * want,
    })  # fmt: skip


@exercise(
    "ex-ch4-local",
    "",
    "a module that is called as model(x, lengths), as wide as those of the chapter",
)
def local(model: Any) -> None:
    """The number of parameters, padding, and sentences that repeat one word."""
    checks.instance("ex-ch4-local", model, nn.Module)
    for name in ("embed", "V"):
        holds(hasattr(model, name), f"the table is called embed, the readout V: {name} is missing")
    outside = {id(p) for name in ("embed", "V") for p in getattr(model, name).parameters()}
    own = sum(p.numel() for p in model.parameters() if id(p) not in outside)
    each = 64 * (32 + 64 + 1)  # of the untied network; and 64 * (3 * 32 + 1)
    holds(own != each, "one set of filters serves all positions: this network is still tied")
    holds(own != (LAYERS + 1) * each, "the shared filters U are still there: delete them")
    same(own, LAYERS * each, "it has as many parameters as the untied network, without E and V")
    lengths = torch.tensor([18, 6, 11, 12])
    x = torch.randint(1, model.embed.num_embeddings, (4, 18))
    with torch.no_grad():
        alone = torch.cat(
            [model(s[None, :n], lengths=n[None]) for s, n in zip(x, lengths, strict=True)]
        )
        says = "alone or in company, a sentence gives the same: what follows its end is not read"
        agree(model(x, lengths), alone, says)
        one_word = x[:1, :1].expand(2, 12)
        o = model(one_word, torch.tensor([6, 12]))
    says = "a word repeated 6 or 12 times gives the same: is it the same filter at each position?"
    holds((o[0] - o[1]).abs().max() > 1e-6, says)


def _from_the_end(model: DeepSummariser, x: Tensor, lengths: Tensor, last: int = LAYERS) -> Tensor:
    """Each sentence through the layers up to `last`, and no others."""
    out = []
    for sentence, n in zip(x, lengths.tolist(), strict=True):
        h = torch.zeros(1, 6).double()
        for cell, word in zip(model.rnn.cells[last - n : last], sentence[:n], strict=True):
            h, _ = cell(model.embed(word[None]), h)
        out.append(h)
    return model.V(torch.cat(out))


@exercise("ex-ch4-right", "model, x, lengths", "o (B, n_out), where each sentence ends at layer 18")
def right(answer: Any) -> None:
    """Sentences of 6 to 12 words, and of 6 words with layers 1 to 12 filled with nan."""
    model = _untied()
    x, lengths = _sentences([6, 12, 9, 7], 12)
    moved = torch.stack([torch.cat([s[n:], s[:n]]) for s, n in zip(x, lengths, strict=True)])
    in_front = F.pad(moved, (LAYERS - 12, 0))
    read = model(in_front, torch.full((4,), LAYERS))
    agree(answer(model, x, lengths), _from_the_end(model, x, lengths), "each ends at layer 18", {
        "each sentence still begins at layer 1": model(x, lengths),
        "the padding in front is read: h has to stay 0 until a sentence begins": read,
        "they end at layer 12, the last column of this batch": _from_the_end(
            model, x, lengths, last=12
        ),
    })  # fmt: skip
    for cell in model.rnn.cells[:KNOWN]:
        for parameter in cell.parameters():
            nn.init.constant_(parameter, torch.nan)
    with torch.no_grad():
        got = answer(model, x[:1, :6], lengths[:1])
    holds(got.isfinite().all(), "six words pass through an untrained layer: 0 times nan is nan")

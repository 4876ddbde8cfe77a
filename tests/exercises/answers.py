"""Answers to the exercises: right ones, and plausible wrong ones with a part of their hint."""

from __future__ import annotations

import copy
import math
from os.path import commonprefix

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from rnn_course import RNN, ElmanCell, GRUCell, unroll
from rnn_course.networks.dashed_edges import tagging_loss
from rnn_course.networks.encoder_decoder import EncoderDecoder
from rnn_course.networks.likelihood import mean_nll, shifted
from rnn_course.networks.sharing import Convolution, Layers
from rnn_course.networks.two_dimensions import MDRNN, GridCell, run_from
from rnn_course.tasks.number_words import words

# --- 0: before the deck -------------------------------------------------------------------------


def backward(slope, cut=False, above=True):
    def gradient(p, x, y, h, y_hat):
        d_o = (y_hat - np.eye(y_hat.shape[1])[y]) / len(y)
        from_above, from_future = d_o @ p["V"] * above, np.zeros(len(p["b"]))
        delta = np.zeros_like(from_above)
        for t in reversed(range(len(y))):
            delta[t] = (from_above[t] + from_future) * slope(h, t)
            from_future = 0 if cut else p["W"].T @ delta[t]
        return {"U": delta.T @ x, "W": delta.T @ h[:-1], "b": delta.sum(0),
                "V": d_o.T @ h[1:], "c": d_o.sum(0)}  # fmt: skip

    return gradient


def relu_by_autograd(p, x, y, h, y_hat):
    leaves = {k: torch.tensor(v, requires_grad=True) for k, v in p.items()}
    state, losses = torch.zeros(len(p["b"])).double(), []
    for x_t, y_t in zip(torch.tensor(x), torch.tensor(y), strict=True):
        state = F.relu(leaves["b"] + leaves["W"] @ state + leaves["U"] @ x_t)
        losses.append(F.cross_entropy(leaves["V"] @ state + leaves["c"], y_t))
    torch.stack(losses).mean().backward()
    return {name: leaf.grad for name, leaf in leaves.items()}


def tanh_slope(h, t):
    return 1 - h[t + 1] ** 2


def at_once(p, x, y, h, y_hat):
    d_o = (y_hat - np.eye(y_hat.shape[1])[y]) / len(y)
    delta = d_o @ p["V"] * (1 - h[1:] ** 2)
    return {"U": delta.T @ x, "W": delta.T @ h[:-1], "b": delta.sum(0),
            "V": d_o.T @ h[1:], "c": d_o.sum(0)}  # fmt: skip


def forward(project, bias=True, scale=1.0):
    def run(p, x, y):
        a, h = project(p, x) + p["b"] * bias, [np.zeros(len(p["b"]))]
        for a_t in a:
            h.append(np.tanh(a_t + p["W"] @ h[-1]))
        h = np.stack(h)
        o = h[1:] @ p["V"].T + p["c"]
        y_hat = np.exp(o) / np.exp(o).sum(1, keepdims=True)
        return -np.log(y_hat[range(len(y)), y]).mean() * scale, h, y_hat

    return run


BEFORE_THE_DECK = [
    ("ex-relu", backward(lambda h, t: h[t + 1] > 0)),
    ("ex-relu", relu_by_autograd),
    ("ex-truncated", backward(tanh_slope, cut=True)),
    ("ex-truncated", at_once),
    ("ex-waits", forward(lambda p, x: x @ p["U"].T)),
    ("ex-waits", forward(lambda p, x: np.einsum("hi,ti->th", p["U"], x))),
    ("ex-wide", lambda n_hidden: n_hidden),
]
NOT_BEFORE_THE_DECK = [
    ("ex-relu", backward(tanh_slope), "still that of tanh"),
    ("ex-relu", backward(lambda h, t: 1), "a unit that is off"),
    ("ex-relu", backward(lambda h, t: h[t + 1] >= 0), "a unit that is off"),
    ("ex-relu", backward(lambda h, t: h[t + 1]), "the slope is h itself"),
    ("ex-relu", backward(lambda h, t: h[t] > 0), "the step before"),
    ("ex-relu", backward(lambda h, t: h[t + 1] > 0, cut=True), "from_future got lost"),
    ("ex-relu", lambda *given: 0, "dictionary with the keys"),
    ("ex-truncated", backward(tanh_slope), "still added"),
    ("ex-truncated", backward(lambda h, t: 1, cut=True), "the slope of tanh has gone"),
    ("ex-truncated", backward(tanh_slope, above=False), "from_above is missing"),
    ("ex-waits", forward(lambda p, x: np.stack([p["U"] @ x_t for x_t in x])), "one is enough"),
    ("ex-waits", forward(lambda p, x: np.stack([(p["U"] * x_t).sum(1) for x_t in x])), "is enough"),
    ("ex-waits", forward(lambda p, x: x @ p["U"].T, bias=False), "b has got lost"),
    ("ex-waits", forward(lambda p, x: np.roll(x, 1, 0) @ p["U"].T), "the loss stays the same"),
    ("ex-waits", forward(lambda p, x: x @ p["U"].T, scale=1 + 1e-9), "to 1e-12"),
    ("ex-wide", lambda n_hidden: n_hidden - 1, "maps a direction of h to zero"),
    ("ex-wide", lambda n_hidden: n_hidden + 1, "less would do"),
    ("ex-wide", lambda n_hidden: 5, "the width, for n_hidden = 2: expected 2, got 5"),
]

# --- 1: summarise -------------------------------------------------------------------------------


def masked_mean(model, x, lengths):
    h, _ = model.rnn(model.embed(x), lengths=lengths)
    inside = torch.arange(x.shape[1]) < lengths[:, None]
    return (h * inside[..., None]).sum(1) / lengths[:, None]


def mean_by_loop(model, x, lengths):
    means = []
    for name, n in zip(x, lengths.tolist(), strict=True):
        h, total = torch.zeros(1, model.rnn.n_hidden).double(), 0
        for letter in name[:n]:
            h, _ = model.rnn.cell(model.embed(letter[None]), h)
            total = total + h[0]
        means.append(total / n)
    return torch.stack(means)


def mean_with(pool, lengths_given=True):
    def summary(model, x, lengths):
        h, _ = model.rnn(model.embed(x), lengths=lengths if lengths_given else None)
        return pool(h, lengths, (torch.arange(x.shape[1]) < lengths[:, None])[..., None])

    return summary


def cut_tails(x, lengths):
    return torch.stack([name[n - 20 : n] for name, n in zip(x, lengths, strict=True)])


def gathered_tails(x, lengths):
    return x.gather(1, lengths[:, None] - 20 + torch.arange(20))


SUMMARISE = [
    ("ex-collapse", torch.ones(4, 32)),
    ("ex-collapse", torch.arange(1, 5)[:, None] * torch.randn(32)),
    ("ex-gru", 46),
    ("ex-gru", np.int64(46)),
    ("ex-mean", masked_mean),
    ("ex-mean", mean_by_loop),
    ("ex-tail", cut_tails),
    ("ex-tail", gathered_tails),
]
NOT_SUMMARISE = [
    ("ex-collapse", torch.zeros(4, 32), "has no direction"),
    ("ex-collapse", torch.eye(4, 32), "a pair has the cosine 0.00"),
    ("ex-collapse", torch.ones(32, 4), "32 numbers for each of four names"),
    ("ex-collapse", torch.tensor([1.0, 1, -1, 1])[:, None].expand(4, 32), "opposite"),
    ("ex-gru", 96, "three times the parameters"),
    ("ex-gru", 32, "the square of n"),
    ("ex-gru", 47, "more than the 15,456"),
    ("ex-gru", 45, "fewer than the 15,456"),
    ("ex-mean", mean_with(lambda h, n, m: h.mean(1)), "repeats its last h"),
    ("ex-mean", mean_with(lambda h, n, m: h.mean(1), False), "have read padding"),
    ("ex-mean", mean_with(lambda h, n, m: (h * m).mean(1)), "the width of the batch"),
    ("ex-mean", mean_with(lambda h, n, m: (h * m).sum(1)), "divide by the length"),
    ("ex-mean", mean_with(lambda h, n, m: h[:, -1]), "this is the last state"),
    ("ex-mean", mean_with(lambda h, n, m: h[:, 0]), "alone in its batch"),
    (
        "ex-mean",
        mean_with(lambda h, n, m: (
            h * (torch.arange(h.shape[1]) <= n[:, None])[..., None]).sum(1) / n[:, None]),
        "one state too many",
    ),
    ("ex-tail", lambda x, lengths: x[:, -20:], "padding and all"),
    ("ex-tail", lambda x, lengths: x[:, :20], "the first 20 letters"),
    (
        "ex-tail",
        lambda x, lengths: x.gather(1, lengths[:, None] - 21 + torch.arange(20)),
        "the last letter is missing",
    ),
    ("ex-tail", lambda x, lengths: [*cut_tails(x, lengths)], "one tensor"),
    ("ex-tail", lambda x, lengths: cut_tails(x, lengths)[:, 1:], "each tail is the last 20"),
]  # fmt: skip

# --- 2: vector to sequence ----------------------------------------------------------------------

END = 2


def writing(given):
    """`by_hand` of the chapter: `given` picks, of y^(t-1) and y^(t), what step t is given."""

    def by_hand(model, x, y):
        cell, Rx = model.rnn.cell, model.R.weight @ x
        at_each = model.conditioning in ("each", "both")
        h = torch.zeros_like(Rx) if model.conditioning == "each" else torch.tanh(Rx)
        before, out = torch.tensor(END), []
        for y_t in y:
            read = model.embed.weight[given(before, y_t)] + Rx * at_each
            h = torch.tanh(cell.b + cell.W @ h + cell.U @ read)
            out.append(model.V(h))
            before = y_t
        return torch.stack(out)

    return by_hand


def not_shifted(model, x, y):
    o = model.rnn(model.inputs(x[None], y[None]), model.start(x[None]))[0]
    return model.V(o)[0]


def late(model, x, y):
    return writing(lambda before, y_t: before)(model, x, shifted(y[None], END)[0])


def ignoring(model, batch):
    return F.cross_entropy(model(batch.x, batch.y).transpose(1, 2), batch.y, ignore_index=0)


def loss_with(reduce):
    def loss(model, batch):
        o = model(batch.x, batch.y)
        each = F.cross_entropy(o.transpose(1, 2), batch.y, reduction="none")
        n = batch.y_lengths
        return reduce(each, torch.arange(each.shape[1]) < n[:, None], n)

    return loss


def shared(unit, tens=range(2, 10)):
    return len(commonprefix([words("de")[10 * ten + unit] for ten in tens]))


VECTOR_TO_SEQUENCE = [
    ("ex-not-shifted", writing(lambda before, y_t: y_t)),
    ("ex-not-shifted", not_shifted),
    ("ex-padding-counts", ignoring),
    ("ex-padding-counts", loss_with(lambda each, real, n: each[real].mean())),
    ("ex-units-first", shared),
    (
        "ex-units-first",
        lambda unit: len([*"ein zwei drei vier fünf sechs sieben acht neun".split()][unit - 1]) + 3,
    ),
    ("ex-gated-caption", 64),
]
NOT_VECTOR_TO_SEQUENCE = [
    ("ex-not-shifted", writing(lambda before, y_t: before), "still the right network"),
    ("ex-not-shifted", late, "takes effect at step 6"),
    ("ex-not-shifted", lambda model, x, y: not_shifted(model, x, y).flip(0), "at step 1,"),
    ("ex-not-shifted", lambda model, x, y: not_shifted(model, 0 * x, y), "is unchanged (each)"),
    ("ex-not-shifted", lambda model, x, y: not_shifted(model, x, 0 * y), "no output changes"),
    ("ex-not-shifted", lambda model, x, y: not_shifted(model, x, y)[1:], "an output for each"),
    ("ex-padding-counts", loss_with(lambda each, real, n: each.mean()), "the padding still counts"),
    (
        "ex-padding-counts",
        loss_with(lambda each, real, n: (each * real).mean()),
        "divide by the number of all columns",
    ),
    (
        "ex-padding-counts",
        loss_with(lambda each, real, n: ((each * real).sum(1) / n).mean()),
        "each letter should",
    ),
    ("ex-padding-counts", loss_with(lambda each, real, n: each[real].sum()), "this is the sum"),
    (
        "ex-padding-counts",
        lambda m, batch: mean_nll(m(batch.x, batch.y), batch.y, batch.y_lengths - 1),
        "the full stop is part of the word",
    ),
    ("ex-units-first", lambda unit: shared(unit, range(1, 10)), "begin at 21"),
    ("ex-units-first", lambda unit: shared(unit, range(10)), "begin at 21"),
    ("ex-units-first", lambda unit: shared(unit) - 3, "'und' say nothing"),
    ("ex-units-first", lambda unit: shared(unit) + 1, "the first that differs"),
    ("ex-gated-caption", 96, "far more parameters"),
    ("ex-gated-caption", 32, "E, R and V stay"),
    ("ex-gated-caption", 70, "more than"),
    ("ex-gated-caption", 60, "fewer than"),
]

# --- 3: dashed edges ----------------------------------------------------------------------------


def scheduled(model, batch, share):
    own = model.write(batch.x).y
    mixed = torch.where(torch.rand(own.shape) < share, own, batch.y)
    return mean_nll(model(batch.x, mixed, batch.lengths), batch.y, batch.lengths)


def scheduled_step_by_step(model, batch, share):
    """The samples follow the mixture: a loop over the steps."""
    state, outputs = model.rnn.cell.initial_state(len(batch.x)), []
    before = torch.full((len(batch.x),), model.first)
    for t in range(batch.x.shape[1]):
        read = model.inputs(batch.x[:, t : t + 1], before[:, None])[:, 0]
        h, state = model.rnn.cell(read, state)
        outputs.append(model.V(h))
        own = torch.multinomial(outputs[-1].detach().softmax(1), 1)[:, 0]
        before = torch.where(torch.rand(len(own)) < share, own, batch.y[:, t])
    return mean_nll(torch.stack(outputs, 1), batch.y, batch.lengths)


def scheduled_wrong(mix, targets=lambda mixed, y: y, padding=False):
    def loss(model, batch, share):
        mixed = mix(model.write(batch.x).y, batch.y, share)
        n = None if padding else batch.lengths
        return mean_nll(model(batch.x, mixed, n), targets(mixed, batch.y), n)

    return loss


def mixed(own, y, share):
    return torch.where(torch.rand(own.shape) < share, own, y)


DASHED_EDGES = [
    ("ex-ch3-dice", lambda faces, steps: (steps * math.log(faces), math.log(faces))),
    ("ex-ch3-dice", lambda n, T: (-T * sum(math.log(1 / n) / n for _ in range(n)), np.log(n))),
    ("ex-ch3-scheduled", scheduled),
    ("ex-ch3-scheduled", scheduled_step_by_step),
]
NOT_DASHED_EDGES = [
    ("ex-ch3-dice", lambda n, T: (T * math.log2(n), math.log2(n)), "in bits"),
    ("ex-ch3-dice", lambda n, T: (math.log(n), T * math.log(n)), "paid *with* the edges"),
    ("ex-ch3-dice", lambda n, T: ((T - 1) * math.log(n), math.log(n)), "the first as well"),
    ("ex-ch3-dice", lambda n, T: (T * math.log(n), 0), "nobody knows the first throw"),
    ("ex-ch3-dice", lambda n, T: (T * math.log(n), (T - 1) * math.log(n)), "what the edges save"),
    ("ex-ch3-dice", lambda n, T: (T - 1) * math.log(n), "the answer has 2 parts"),
    ("ex-ch3-scheduled", scheduled_wrong(lambda own, y, share: y), "still given the true"),
    ("ex-ch3-scheduled", lambda m, batch, share: tagging_loss(m, batch), "still given the true"),
    ("ex-ch3-scheduled", scheduled_wrong(mixed, padding=True), "the padding counts"),
    ("ex-ch3-scheduled", scheduled_wrong(mixed, lambda mixed, y: mixed), "stay the true ones"),
    (
        "ex-ch3-scheduled",
        scheduled_wrong(lambda own, y, share: mixed(own, y, 1 - share)),
        "nothing is the network's own",
    ),
]

# --- 4: sharing ---------------------------------------------------------------------------------


def copied(model, x, y):
    model.rnn = Layers([copy.deepcopy(model.rnn.cell) for _ in range(x.shape[1])])
    F.cross_entropy(model(x), y).backward()
    return torch.stack([layer.U.grad for layer in model.rnn.cells])


def by_terms(model, x, y):
    """δ^(t) by autograd, and then an outer product with what layer t reads."""
    e, cell = model.embed(x), model.rnn.cell
    a = cell.project(e).detach().requires_grad_()
    h = torch.zeros(len(x), cell.n_hidden).double()
    for a_t in a.unbind(1):
        h, _ = cell.step(a_t, h)
    (delta,) = torch.autograd.grad(F.cross_entropy(model.V(h), y), a)
    return [d.T @ e_t for d, e_t in zip(delta.unbind(1), e.unbind(1), strict=True)]


def still_shared(model, x, y):
    model.rnn = Layers([model.rnn.cell] * x.shape[1])
    F.cross_entropy(model(x), y).backward()
    return torch.stack([layer.U.grad for layer in model.rnn.cells])


class Local(Convolution):
    """Filters of its own at each position."""

    def __init__(self, keep_U=False, tied=False, reads_on=False, only_first=False):
        super().__init__(50, 32, 64, 10)
        if not keep_U:
            del self.U
        filters = [nn.Linear(96, 64) for _ in range(1 if tied else 18)]
        self.own = nn.ModuleList(filters * (18 if tied else 1))
        self.reads_on, self.only_first = reads_on, only_first

    def forward(self, x, lengths=None):
        inside = torch.arange(x.shape[1]) < torch.as_tensor(lengths)[:, None]
        e = self.embed(x) * (inside[..., None] | self.reads_on)
        e, T = F.pad(e, (0, 0, 1, 1)), x.shape[1]
        used = [self.own[0 if self.only_first else t] for t in range(T)]
        h = torch.stack([own(e[:, t : t + 3].flatten(1)) for t, own in enumerate(used)], 1).relu()
        return self.V((h * inside[..., None]).amax(1))


def from_the_end(model, x, lengths, last=18):
    h = torch.zeros(len(x), model.V.in_features).double()
    for t in range(18):
        word = t - (last - lengths)  # counted from 0 in each sentence
        live = (word >= 0) & (word < lengths)
        e = model.embed(x.gather(1, word.clamp(0, x.shape[1] - 1)[:, None])[:, 0])
        h = torch.where(live[:, None], model.rnn.cells[t](e, h)[0].nan_to_num(0), h)
    return model.V(h)


def from_the_end_one_by_one(model, x, lengths):
    out = []
    for sentence, n in zip(x, lengths.tolist(), strict=True):
        out.append(Layers(model.rnn.cells[18 - n :])(model.embed(sentence[None, :n]))[1])
    return model.V(torch.cat(out))


def padding_read(model, x, lengths):
    moved = [
        torch.cat([torch.zeros(18 - n).long(), s[:n]]) for s, n in zip(x, lengths, strict=True)
    ]
    return model(torch.stack(moved), torch.full_like(lengths, 18))


def multiplied(model, x, lengths):
    """Right without nan; but zero times nan is nan."""
    h = torch.zeros(len(x), model.V.in_features).double()
    for t in range(18):
        word = t - (18 - lengths)
        e = model.embed(x.gather(1, word.clamp(0, x.shape[1] - 1)[:, None])[:, 0])
        h = model.rnn.cells[t](e, h)[0] * (word >= 0)[:, None]
    return model.V(h)


def last_twelve(model, x, lengths):
    short = lengths.clamp(max=12)
    ends = [F.pad(s[n - m : n], (0, 12 - m)) for s, n, m in zip(x, lengths, short, strict=True)]
    return model(torch.stack(ends), short)


SHARING = [
    ("ex-ch4-cut", lambda model, x, lengths: model(x[:, :12], lengths.clamp(max=12))),
    (
        "ex-ch4-cut",
        lambda m, x, n: torch.cat([m(s[None, : min(k, 12)]) for s, k in zip(x, n, strict=True)]),
    ),
    ("ex-ch4-share", copied),
    ("ex-ch4-share", by_terms),
    ("ex-ch4-local", Local()),
    ("ex-ch4-right", from_the_end_one_by_one),
    ("ex-ch4-right", from_the_end),
]
NOT_SHARING = [
    ("ex-ch4-cut", lambda model, x, lengths: model(x, lengths), "reads the whole sentence"),
    ("ex-ch4-cut", last_twelve, "the last twelve words"),
    ("ex-ch4-cut", lambda m, x, n: m(x, n.clamp(max=11)), "stops before word 12"),
    ("ex-ch4-cut", lambda m, x, n: m(x[:, :12]), "it reads words 1 to 12"),
    ("ex-ch4-share", still_shared, "still share one cell"),
    ("ex-ch4-share", lambda *at: copied(*at).norm(dim=(1, 2)), "these are their norms"),
    ("ex-ch4-share", lambda *at: copied(*at).flip(0), "reverse order"),
    ("ex-ch4-share", lambda *at: copied(*at).sum(0), "this is their sum"),
    ("ex-ch4-share", lambda *at: 7 * copied(*at), "the sum over the batch"),
    ("ex-ch4-local", Local(keep_U=True), "the shared filters U are still there"),
    ("ex-ch4-local", Local(tied=True), "still tied"),
    ("ex-ch4-local", Convolution(50, 32, 64, 10), "still tied"),
    ("ex-ch4-local", Convolution(50, 32, 60, 10), "as many parameters as the untied"),
    ("ex-ch4-local", Local(reads_on=True), "what follows its end is not read"),
    ("ex-ch4-local", Local(only_first=True), "the same filter at each position"),
    ("ex-ch4-local", nn.Linear(2, 2), "embed is missing"),
    ("ex-ch4-right", lambda model, x, lengths: model(x, lengths), "begins at layer 1"),
    ("ex-ch4-right", padding_read, "the padding in front is read"),
    ("ex-ch4-right", lambda *at: from_the_end(*at, last=12), "end at layer 12"),
    ("ex-ch4-right", lambda *at: from_the_end(*at, last=17), "each ends at layer 18"),
    ("ex-ch4-right", multiplied, "0 times nan is nan"),
]

# --- 5: both directions -------------------------------------------------------------------------


def picked(h_at, g_at):
    def summary(states, lengths):
        rows, n = torch.arange(len(states)), states.shape[2] // 2
        ends = {"first": 0 * lengths, "own": lengths - 1, "last": 0 * lengths - 1}
        return torch.cat([states[rows, ends[h_at], :n], states[rows, ends[g_at], n:]], 1)

    return summary


def halves(states, lengths):
    h, g = states.chunk(2, dim=2)
    return torch.stack([torch.cat([a[n - 1], b[0]]) for a, b, n in zip(h, g, lengths, strict=True)])


FIRST, SECOND = (0.75, 0.75, 1, 1), (0.75, 1, 1, 1)
BOTH_DIRECTIONS = [
    ("ex-ch5-delay", lambda delay: (FIRST[delay], SECOND[delay])),
    ("ex-ch5-delay", lambda d: [1 if d >= 2 else 3 / 4, 1 if d >= 1 else 3 / 4]),
    ("ex-ch5-ceiling", 0.6875),
    ("ex-ch5-ceiling", 1 - (1 + 4) / 16),
    ("ex-ch5-column", picked("last", "first")),
    ("ex-ch5-column", picked("own", "first")),
    ("ex-ch5-column", halves),
    ("ex-ch5-cost", lambda n: (n**2, n**2 / 2)),
    ("ex-ch5-cost", lambda n: (n * n, 2 * (n // 2) ** 2)),
]
NOT_BOTH_DIRECTIONS = [
    ("ex-ch5-delay", lambda delay: (0.75, 0.75), "a delay tells the network more"),
    ("ex-ch5-delay", lambda d: ((0.75, 0.875, 1, 1)[d], SECOND[d]), "it is not linear"),
    ("ex-ch5-delay", lambda d: (SECOND[d], SECOND[d]), "one step of delay is not enough"),
    ("ex-ch5-delay", lambda d: (FIRST[d], FIRST[d]), "one coin to come, not two"),
    ("ex-ch5-delay", lambda d: d, "the answer has 2 parts"),
    ("ex-ch5-ceiling", 5 / 16, "has a vote as well"),
    ("ex-ch5-ceiling", 15 / 16, "three of five"),
    ("ex-ch5-ceiling", 0.6885, "counts the last steps too"),
    ("ex-ch5-ceiling", 0.75, "count the ways"),
    ("ex-ch5-ceiling", 68.75, "nothing passes 1"),
    ("ex-ch5-column", picked("last", "last"), "nothing of the longest word"),
    ("ex-ch5-column", picked("own", "own"), "where does g end?"),
    ("ex-ch5-column", picked("first", "first"), "h has read one letter only"),
    ("ex-ch5-column", lambda *at: picked("own", "first")(*at).roll(5, 1), "wrong way round"),
    ("ex-ch5-cost", lambda n: (n, n), "all n of the step before"),
    ("ex-ch5-cost", lambda n: (n * n, n * n), "half the units"),
    ("ex-ch5-cost", lambda n: (n * n, n * n / 4), "there are two"),
]

# --- 6: two dimensions --------------------------------------------------------------------------


def layers(one, other, reads_x=False):
    first, second = GridCell(1, 4).double(), GridCell(1 if reads_x else 4, 4).double()
    return lambda x: run_from(other, second, x if reads_x else run_from(one, first, x))


def unseen(opposite, upper):
    return lambda i, j, p, q: (opposite(i, j, p, q), upper(i, p))


def missed(i, j, p, q):
    return (p > i and q < j) or (p < i and q > j)


TWO_DIMENSIONS = [
    ("ex-ch6-queue", lambda rows, columns: (rows + columns - 1, min(rows, columns))),
    (
        "ex-ch6-queue",
        lambda r, c: (
            len({i + j for i in range(r) for j in range(c)}),
            torch.tensor([i + j for i in range(r) for j in range(c)]).bincount().max(),
        ),
    ),
    ("ex-ch6-two", unseen(missed, lambda i, p: p > i)),
    ("ex-ch6-two", lambda i, j, p, q: ((p - i) * (q - j) < 0, not p <= i)),
    ("ex-ch6-film", lambda rows, columns, frames: (3, 8, rows + columns + frames - 2)),
    ("ex-ch6-film", lambda r, c, f: (3, 2**3, (r - 1) + (c - 1) + (f - 1) + 1)),
    ("ex-ch6-layer", layers("top left", "bottom right")),
    ("ex-ch6-layer", layers("bottom left", "top right")),
    ("ex-ch6-layer", MDRNN.four(1, 3).double()),
    ("ex-ch6-turn", lambda i, j, columns: (i, columns + 1 - j)),
    ("ex-ch6-turn", lambda i, j, J: (i, [*range(J, 0, -1)][j - 1])),
]
NOT_TWO_DIMENSIONS = [
    ("ex-ch6-queue", lambda r, c: (r + c, min(r, c)), "one too many"),
    ("ex-ch6-queue", lambda r, c: (r * c, min(r, c)), "a diagonal is done at once"),
    ("ex-ch6-queue", lambda r, c: (r + c - 1, max(r, c)), "the shorter side"),
    ("ex-ch6-queue", lambda r, c: (4 * (r + c - 1), min(r, c)), "do not wait for each other"),
    ("ex-ch6-queue", lambda r, c: r + c - 1, "the answer has 2 parts"),
    ("ex-ch6-queue", lambda r, c: (2999, 1000), "the number of steps, for rows = 4, columns = 5"),
    ("ex-ch6-two", lambda *at: (not missed(*at), at[2] > at[0]), "what they see, not"),
    ("ex-ch6-two", unseen(missed, lambda i, p: p >= i), "the pixel's own row is seen"),
    ("ex-ch6-two", unseen(missed, lambda i, p: p < i), "counted from the top"),
    (
        "ex-ch6-two",
        unseen(lambda i, j, p, q: (p - i) * (q - j) <= 0 and (i, j) != (p, q), lambda i, p: p > i),
        "the same row or column is seen",
    ),
    (
        "ex-ch6-two",
        unseen(lambda i, j, p, q: (p - i) * (q - j) > 0, lambda i, p: p > i),
        "the two quadrants that they see",
    ),
    ("ex-ch6-film", lambda r, c, f: (6, 8, r + c + f - 2), "waits for one along each axis"),
    ("ex-ch6-film", lambda r, c, f: (3, 4, r + c + f - 2), "a box has more of them"),
    ("ex-ch6-film", lambda r, c, f: (3, 6, r + c + f - 2), "count its corners"),
    ("ex-ch6-film", lambda r, c, f: (3, 8, r + c + f - 1), "as long as an image"),
    ("ex-ch6-film", lambda r, c, f: (3, 8, f * (r + c - 1)), "can begin before"),
    ("ex-ch6-layer", layers("top left", "bottom right", reads_x=True), "one quadrant"),
    ("ex-ch6-layer", layers("top left", "top left"), "one quadrant"),
    ("ex-ch6-layer", layers("top left", "top right"), "from which corner"),
    ("ex-ch6-layer", lambda x: layers("top left", "bottom right")(x)[0], "an h for each pixel"),
    ("ex-ch6-turn", lambda i, j, J: (i, J - j), "one off"),
    ("ex-ch6-turn", lambda i, j, J: (i, j), "not reversed back"),
    ("ex-ch6-turn", lambda i, j, J: (J + 1 - i, j), "the columns are reversed, not the rows"),
]

# --- 7: encoder and decoder ---------------------------------------------------------------------


class ContextOnce(EncoderDecoder):
    """C as the decoder's first state, and nowhere else."""

    def __init__(self, at_start=True, shift=True, writes_from_C=True):
        super().__init__(9, 7, ElmanCell(4, 6), GRUCell(4 + 12, 12), 12, 1)
        self.decoder = RNN(GRUCell(4, 12))
        self.at_start, self.shift, self.writes_from_C = at_start, shift, writes_from_C

    def decode(self, C, y):
        read = self.embed_y(shifted(y, self.first) if self.shift else y)
        return self.V(self.decoder(read, C if self.at_start else None)[0])

    def writer(self, x, lengths=None):
        def step(t, before, state):
            s, state = self.decoder.cell(self.embed_y(before), state)
            return self.V(s), state

        C = self.context(x, lengths)
        return step, torch.full((len(x),), self.first), C if self.writes_from_C else 0 * C


class ByLoop(ContextOnce):
    """The same, `decode` written as a loop."""

    def decode(self, C, y):
        step, _, _ = self.writer(torch.ones(len(y), 1).long())
        state, out = C, []
        for t, before in enumerate(shifted(y, self.first).unbind(1)):
            o, state = step(t, before, state)
            out.append(o)
        return torch.stack(out, 1)


def per_symbol(log_p, lengths):
    return (log_p / lengths).argmax(1)


def ends(x, lengths):
    return x[:, 0], x[torch.arange(len(x)), lengths - 1], lengths


ENCODER_DECODER = [
    ("ex-context-once", ContextOnce()),
    ("ex-context-once", ByLoop()),
    ("ex-beam-length", per_symbol),
    (
        "ex-beam-length",
        lambda log_p, lengths: torch.tensor([
            max(range(len(p)), key=lambda i, p=p, n=n: (p[i] / n[i]).item())
            for p, n in zip(log_p, lengths, strict=True)]),
    ),
    ("ex-probe-context", ends),
    (
        "ex-probe-context",
        lambda x, n: (x[:, 0], x.gather(1, n[:, None] - 1)[:, 0], (x != 0).sum(1)),
    ),
]  # fmt: skip
NOT_ENCODER_DECODER = [
    ("ex-context-once", EncoderDecoder(9, 7, ElmanCell(4, 6), GRUCell(16, 12), 12, 1), "each step"),
    ("ex-context-once", ContextOnce(at_start=False), "the state starts at zero"),
    ("ex-context-once", ContextOnce(shift=False), "about to write"),
    ("ex-context-once", ContextOnce(writes_from_C=False), "another log P than it says"),
    ("ex-beam-length", lambda log_p, lengths: log_p.argmax(1), "divide by its length"),
    ("ex-beam-length", lambda log_p, lengths: (log_p * lengths).argmax(1), "multiplied"),
    ("ex-beam-length", lambda log_p, lengths: (log_p / lengths).argmin(1), "below zero"),
    ("ex-beam-length", lambda log_p, lengths: log_p / lengths, "which one is the largest?"),
    ("ex-beam-length", lambda log_p, lengths: (log_p / lengths).argmax(0), "the second axis"),
    ("ex-probe-context", lambda x, n: (x[:, 0], x[:, -1], n), "holds padding"),
    (
        "ex-probe-context",
        lambda x, n: (x[:, 0], F.pad(x, (0, 1))[range(len(x)), n], n),
        "the one after the last letter",
    ),
    (
        "ex-probe-context",
        lambda x, n: (*ends(x, n)[:2], torch.full_like(n, x.shape[1])),
        "padding is not a letter",
    ),
    ("ex-probe-context", lambda x, n: (x[:, 1], *ends(x, n)[1:]), "stands in the first column"),
    ("ex-probe-context", lambda x, n: x[:, 0], "three targets"),
]

# --- 8: deep ------------------------------------------------------------------------------------

DEEP = [
    ("ch8-count", 8),
    ("ch8-output", lambda x_a, h_h, h_o: (x_a + h_h + h_o, h_o)),
    ("ch8-probe", lambda frames: frames.shape[1] - 1 - frames.flip(1).argmax(1)),
    ("ch8-probe", lambda frames: (frames * torch.arange(frames.shape[1])).argmax(1)),
]
NOT_DEEP = [
    ("ch8-count", 4, "a transition of two layers"),
    ("ch8-count", 6, "both cost the two layers"),
    ("ch8-count", 12, "two moves upwards, two in time"),
    ("ch8-count", 7, "count the moves"),
    ("ch8-output", lambda a, h, o: (a + o, o), "goes through the transition"),
    ("ch8-output", lambda a, h, o: (a + h, o), "the output block is on the path"),
    ("ch8-output", lambda a, h, o: (a + h + o, 0), "still on the way"),
    ("ch8-output", lambda a, h, o: (a + h + o, a + o), "without the input block"),
    ("ch8-output", lambda a, h, o: (a + h + o,) * 2, "a shorter way"),
    ("ch8-probe", lambda frames: frames.argmax(1), "argmax finds the first 1"),
    ("ch8-probe", lambda frames: frames.flip(1).argmax(1), "the keys were reversed"),
    ("ch8-probe", lambda frames: frames.shape[1] - frames.flip(1).argmax(1), "one off"),
    ("ch8-probe", lambda frames: frames.sum(1), "the number of keys"),
]

# --- 9: long gaps -------------------------------------------------------------------------------


def pieces(cell, x, loss, k):
    state = None
    for piece in x.split(k, dim=1):
        _, state = unroll(cell, piece, None if state is None else state.detach())
    return torch.autograd.grad(loss(state), cell.W)[0]


def with_hooks(cell, x, loss, k):
    """The gradient is stopped where it would leave a piece of k steps."""
    h = torch.zeros(1, cell.n_hidden).double()
    for t, x_t in enumerate(x.unbind(1)):
        h, _ = cell(x_t, h.detach() if t % k == 0 else h)
    cell.W.grad = None
    loss(h).backward()
    return cell.W.grad


def last_piece(cell, x, loss, k):
    return torch.autograd.grad(loss(unroll(cell, x[:, -k:])[1]), cell.W)[0]


LONG_GAPS = [
    ("ex-ch9-one", lambda w, h: w ** (len(h) - 1) * (1 - h[1:] ** 2).prod()),
    ("ex-ch9-one", lambda w, h: math.prod(w * (1 - h_k.item() ** 2) for h_k in h[1:])),
    ("ex-ch9-truncated", pieces),
    ("ex-ch9-truncated", with_hooks),
]
NOT_LONG_GAPS = [
    ("ex-ch9-one", lambda w, h: w ** (len(h) - 1), "the slopes are missing"),
    ("ex-ch9-one", lambda w, h: w ** (len(h) - 1) * (1 - h**2).prod(), "the slope at h^(t)"),
    ("ex-ch9-one", lambda w, h: w ** (len(h) - 1) * (1 - h[:-1] ** 2).prod(), "at h^(T)"),
    ("ex-ch9-one", lambda w, h: w * (1 - h[1:] ** 2).prod(), "w is a factor of each step"),
    ("ex-ch9-one", lambda w, h: (1 - h[1:] ** 2).prod(), "w is missing"),
    ("ex-ch9-one", lambda w, h: w ** len(h) * (1 - h[1:] ** 2).prod(), "T - t of them"),
    (
        "ex-ch9-truncated",
        lambda cell, x, loss, k: pieces(cell, x, loss, x.shape[1]),
        "nothing has been cut off",
    ),
    ("ex-ch9-truncated", last_piece, "not to start anew"),
    ("ex-ch9-truncated", lambda cell, x, loss, k: pieces(cell, x, loss, 1), "not after each"),
    ("ex-ch9-truncated", lambda c, x, loss, k: pieces(c, x[:, :k], loss, k), "the first k steps"),
]

# --- 10: gates ----------------------------------------------------------------------------------


def steps_to_half(b):
    """ln 2 divided by the softplus of -b."""
    return math.log(2) / torch.nn.functional.softplus(torch.tensor(-b).double()).item()


def autograd_of_a_peephole(f, c, p):
    memory = torch.tensor(c).double().requires_grad_()
    rest = math.log(f / (1 - f)) - p * c
    torch.mul(torch.sigmoid(rest + p * memory), memory).backward()
    return memory.grad.item()


GATES = [
    ("ex-ch10-half", steps_to_half),
    ("ex-ch10-half", lambda b: math.log(0.5) / -math.log1p(math.exp(-b))),
    ("ex-ch10-coupled", lambda f, candidate, c: candidate + f * (c - candidate)),
    ("ex-ch10-coupled", lambda f, candidate, c: torch.lerp(*map(torch.tensor, (candidate, c, f)))),
    ("ex-ch10-peephole", autograd_of_a_peephole),
    ("ex-ch10-peephole", lambda f, c, p: f * (1 + c * p * (1 - f))),
]
NOT_GATES = [
    ("ex-ch10-half", lambda b: steps_to_half(b) / math.log(2), "1/e is left"),
    ("ex-ch10-half", lambda b: steps_to_half(-b), "not at 1 - σ(b)"),
    ("ex-ch10-half", lambda b: -steps_to_half(b), "below zero"),
    ("ex-ch10-half", lambda b: 0.5 * (1 + math.exp(b)), "but the same share"),
    ("ex-ch10-half", lambda b: steps_to_half(b) + 1, "the number of steps, for b = 0.0"),
    ("ex-ch10-coupled", lambda f, candidate, c: (1 - f) * c + f * candidate, "f says what is kept"),
    ("ex-ch10-coupled", lambda f, candidate, c: f * c + candidate, "has a gate as well"),
    ("ex-ch10-coupled", lambda f, candidate, c: f * (c + candidate), "both open together"),
    (
        "ex-ch10-coupled",
        lambda f, candidate, c: f * c + (1 - f) * math.tanh(candidate),
        "out of its tanh already",
    ),
    ("ex-ch10-peephole", lambda f, c, p: f, "c^(t-1) enters twice"),
    ("ex-ch10-peephole", lambda f, c, p: f + c * p, "the slope of σ"),
    ("ex-ch10-peephole", lambda f, c, p: f + c * f * (1 - f), "with respect to c is p"),
    ("ex-ch10-peephole", lambda f, c, p: f + p * f * (1 - f), "its change does too"),
    ("ex-ch10-peephole", lambda f, c, p: c * p * f * (1 - f), "has two terms"),
]

# --- 11: remedies -------------------------------------------------------------------------------


def loop(alpha):
    h, n = 1.0, 0
    while h > 0.5:
        h, n = alpha * h, n + 1
    return n


def fewest(gap, d):
    moves = [0]
    for step in range(1, gap + 1):
        moves.append(1 + min(moves[step - 1], moves[step - d] if step >= d else gap))
    return moves[gap]


REMEDIES = [
    ("ex-ch11-clip", torch.tensor([100.0, 0.6])),
    ("ex-ch11-clip", [-0.5, 1e6]),
    ("ex-ch11-leak", lambda alpha: math.log(2) / -math.log(alpha)),
    ("ex-ch11-leak", loop),
    ("ex-ch11-skip", lambda gap, d: gap // d + gap % d),
    ("ex-ch11-skip", fewest),
]
NOT_REMEDIES = [
    ("ex-ch11-clip", torch.tensor([0.3, -0.2]), "nothing is clipped"),
    ("ex-ch11-clip", torch.tensor([20.0, 0.1]), "the smaller number is not clipped"),
    ("ex-ch11-clip", torch.tensor([7.0, -7.0]), "on the diagonal already"),
    ("ex-ch11-clip", torch.tensor([20.0, 0.6]), "turned by 43 degrees only: both"),
    ("ex-ch11-clip", torch.zeros(2), "no direction"),
    ("ex-ch11-clip", torch.zeros(3), "two numbers"),
    ("ex-ch11-leak", lambda alpha: 1 / (1 - alpha), "the time constant"),
    ("ex-ch11-leak", lambda alpha: -1 / math.log(alpha), "1/e is left"),
    ("ex-ch11-leak", lambda alpha: math.log(2) / math.log(alpha), "below zero"),
    ("ex-ch11-leak", lambda alpha: 0.5 / (1 - alpha), "by the same factor"),
    ("ex-ch11-leak", lambda alpha: loop(alpha) + 1, "the number of steps, for alpha = 0.5"),
    ("ex-ch11-skip", lambda gap, d: gap // d, "takes single steps"),
    ("ex-ch11-skip", lambda gap, d: math.ceil(gap / d), "must not go past the end"),
    ("ex-ch11-skip", lambda gap, d: gap / d, "a move is a whole one"),
    ("ex-ch11-skip", lambda gap, d: gap, "without the skips"),
]

# --- 12: a language model -----------------------------------------------------------------------


def by_the_package(o, y, lengths):
    nats = float(mean_nll(o, y, lengths))
    return nats / math.log(2), math.exp(nats)


def by_symbol(o, y, lengths):
    costs = [
        -math.log2(float(o[i, t].softmax(0)[y[i, t]]))
        for i, n in enumerate(lengths)
        for t in range(n)
    ]
    bits = sum(costs) / len(costs)
    return torch.tensor([bits, 2**bits])


def as_it_falls(o, y, lengths):
    return by_the_package(o, y, torch.full_like(lengths, y.shape[1]))


def text_by_text(o, y, lengths):
    nats = [
        float(mean_nll(o[i : i + 1, :n], y[i : i + 1, :n], [n]))
        for i, n in enumerate(lengths.tolist())
    ]
    nats = sum(nats) / len(nats)
    return nats / math.log(2), math.exp(nats)


def witten_bell(n, shorter):
    d = torch.count_nonzero(n)
    return (n + d * shorter) / (n.sum() + d) if d else shorter


def with_a_weight(n, shorter):
    if not n.any():
        return shorter
    weight = n.sum() / (n.sum() + (n > 0).sum())
    return weight * n / n.sum() + (1 - weight) * shorter


def kept_one_by_one(p, share):
    kept, left = torch.zeros_like(p), p.clone()
    while kept.sum() < share - 1e-9:
        s = left.argmax()
        kept[s], left[s] = p[s], -1
    return kept / kept.sum()


def sorted_and_cut(p, share):
    values, order = p.sort(descending=True)
    values[values.cumsum(0) - values >= share - 1e-9] = 0
    return torch.zeros_like(p).scatter(0, order, values / values.sum())


def one_short(p, share):
    values, order = p.sort(descending=True)
    values[values.cumsum(0) > share + 1e-9] = 0
    return torch.zeros_like(p).scatter(0, order, values / values.sum().clamp(min=1e-300))


LANGUAGE_MODEL = [
    ("ex-ch12-perplexity", by_the_package),
    ("ex-ch12-perplexity", by_symbol),
    ("ex-ch12-counts", witten_bell),
    ("ex-ch12-counts", with_a_weight),
    ("ex-ch12-nucleus", kept_one_by_one),
    ("ex-ch12-nucleus", sorted_and_cut),
]
NOT_LANGUAGE_MODEL = [
    (
        "ex-ch12-perplexity",
        lambda *batch: (float(mean_nll(*batch)), math.exp(mean_nll(*batch))),
        "divide by ln 2",
    ),
    (
        "ex-ch12-perplexity",
        lambda *batch: (by_the_package(*batch)[0], 2 ** float(mean_nll(*batch))),
        "is no perplexity: e to the nats",
    ),
    (
        "ex-ch12-perplexity",
        lambda *batch: (by_the_package(*batch)[0], math.exp(by_the_package(*batch)[0])),
        "e to the number of bits",
    ),
    ("ex-ch12-perplexity", as_it_falls, "what stands in the padding counts"),
    ("ex-ch12-perplexity", text_by_text, "each symbol counts the same"),
    (
        "ex-ch12-counts",
        lambda n, shorter: (n + (n > 0).sum() * shorter) / (n.sum() + (n > 0).sum()),
        "never seen",
    ),
    (
        "ex-ch12-counts",
        lambda n, shorter: n / n.sum() if n.any() else shorter,
        "the shorter context is left out",
    ),
    (
        "ex-ch12-counts",
        lambda n, shorter: (n / n.sum() + shorter) / 2 if n.any() else shorter,
        "not how often any did",
    ),
    (
        "ex-ch12-counts",
        lambda n, shorter: (n + len(n) * shorter) / (n.sum() + len(n)),
        "not how many there are",
    ),
    (
        "ex-ch12-nucleus",
        lambda p, share: kept_one_by_one(p, share) * p[kept_one_by_one(p, share) > 0].sum(),
        "sum to 1 again",
    ),
    (
        "ex-ch12-nucleus",
        lambda p, share: (
            (kept_one_by_one(p, share) > 0).double() / (kept_one_by_one(p, share) > 0).sum()
        ),
        "keeps its proportions",
    ),
    ("ex-ch12-nucleus", one_short, "that reaches the share"),
]

# --- 13: attention ------------------------------------------------------------------------------


def weighed(e, inside):
    alpha = torch.zeros_like(e)
    for b, n in enumerate(inside.sum(1).tolist()):
        alpha[b, :, :n] = F.softmax(e[b, :, :n], dim=1)
    return alpha


def one_by_one(s, h, K_1, K_2, v):
    return torch.stack([torch.stack([v @ torch.tanh(K_1 @ a + K_2 @ b) for b in h]) for a in s])


def overflown(e, inside):
    kept = e.exp() * inside.unsqueeze(1)
    return kept / kept.sum(2, keepdim=True)


def in_heads(q, k, v, heads, scale=None, causal=True):
    q, k, v = (part.unflatten(1, (heads, -1)).transpose(0, 1) for part in (q, k, v))
    return (
        F.scaled_dot_product_attention(q, k, v, is_causal=causal, scale=scale)
        .transpose(0, 1)
        .flatten(1)
    )


def viewed(q, k, v, heads):
    q, k, v = (part.view(heads, len(part), -1) for part in (q, k, v))
    return F.scaled_dot_product_attention(q, k, v, is_causal=True).view(q.shape[1], -1)


def by_a_loop(q, k, v, heads):
    d, out = q.shape[1] // heads, torch.zeros_like(v)
    for i in range(0, q.shape[1], d):
        for t in range(len(q)):
            e = k[: t + 1, i : i + d] @ q[t, i : i + d] / d**0.5
            out[t, i : i + d] = F.softmax(e, dim=0) @ v[: t + 1, i : i + d]
    return out


ATTENTION = [
    ("ex-ch13-heads", in_heads),
    ("ex-ch13-heads", by_a_loop),
    ("ex-ch13-cost", lambda T, n: (2 * n * T * (2 * n + T), 6 * T * n**2, 2 * T * n)),
    ("ex-ch13-mask", weighed),
    ("ex-ch13-mask", lambda e, inside: F.softmax(e - 1e9 * ~inside[:, None], dim=-1)),
    ("ex-ch13-additive", one_by_one),
    (
        "ex-ch13-additive",
        lambda s, h, K_1, K_2, v: torch.tanh((s @ K_1.T)[:, None] + h @ K_2.T) @ v,
    ),
]
NOT_ATTENTION = [
    ("ex-ch13-heads", lambda *given: in_heads(*given, causal=False), "looks ahead"),
    ("ex-ch13-heads", viewed, "view mixes steps and heads"),
    ("ex-ch13-heads", lambda q, k, v, heads: in_heads(q, k, v, heads, q.shape[1] ** -0.5), "d = n"),
    ("ex-ch13-heads", lambda q, k, v, heads: in_heads(q, k, v, heads, 1.0), "not divided by √d"),
    ("ex-ch13-heads", lambda q, k, v, heads: in_heads(q, k, v, 1), "that is one head"),
    ("ex-ch13-cost", lambda T, n: (2 * n * T * T, 6 * n * n * T, 2 * n * T), "only the scores"),
    (
        "ex-ch13-cost",
        lambda T, n: (4 * n * n * T + 2 * n * T, 6 * n * n * T, 2 * n * T),
        "each of the T² pairs",
    ),
    (
        "ex-ch13-cost",
        lambda T, n: (4 * n * n * T + 2 * n * T * T, 2 * n * n * T, 2 * n * T),
        "three blocks of rows",
    ),
    (
        "ex-ch13-cost",
        lambda T, n: (4 * n * n * T + 2 * n * T * T, 6 * n * n * T, n * T),
        "two vectors a step",
    ),
    ("ex-ch13-mask", lambda e, inside: e.softmax(2), "padding has a weight above 0"),
    ("ex-ch13-mask", lambda e, inside: e.softmax(2) * inside[:, None], "no longer sum to 1"),
    ("ex-ch13-mask", lambda e, inside: (e * inside[:, None]).softmax(2), "exp(0) = 1"),
    (
        "ex-ch13-mask",
        lambda e, inside: e.masked_fill(~inside[:, None], -1e9).softmax(1) * inside[:, None],
        "over the steps of y",
    ),
    ("ex-ch13-mask", overflown, "exp overflows"),
    ("ex-ch13-additive", lambda s, h, K_1, K_2, v: one_by_one(s, h, K_1, K_2, v).T, "a row for"),
    ("ex-ch13-additive", lambda *given: one_by_one(*given).softmax(1), "these are weights"),
    (
        "ex-ch13-additive",
        lambda s, h, K_1, K_2, v: (s @ K_1.T @ v)[:, None] + h @ K_2.T @ v,
        "the tanh is missing",
    ),
    (
        "ex-ch13-additive",
        lambda s, h, K_1, K_2, v: ((s @ K_1.T).tanh() @ v)[:, None] + (h @ K_2.T).tanh() @ v,
        "not of each",
    ),
]

# --- 14: linear recurrences ---------------------------------------------------------------------


def run_three(a_1, b_1, a_2, b_2, a_3, b_3):
    h = 0.0
    for a, b in ((a_1, b_1), (a_2, b_2), (a_3, b_3)):
        h = a * h + b
    return h


def counted(T):
    return 0 if T == 1 else 3 * T // 2 + counted(T // 2)


LINEAR = [
    ("ex-ch14-compose", run_three),
    ("ex-ch14-compose", lambda a, b, c, d, e, f: e * c * b + e * d + f),
    ("ex-ch14-work", counted),
    ("ex-ch14-work", lambda T: 3 * T - 3),
    ("ex-ch14-three", lambda x: complex(-0.5, 0.75**0.5) ** x),
    ("ex-ch14-three", lambda x: torch.polar(torch.tensor(1.0), -torch.tensor(x * math.tau / 3))),
]
NOT_LINEAR = [
    ("ex-ch14-compose", lambda a, b, c, d, e, f: b + d + f, "by all later factors"),
    ("ex-ch14-compose", lambda a, b, c, d, e, f: a * b + c * d + e * f, "not its own"),
    ("ex-ch14-compose", lambda a, b, c, d, e, f: c * b + e * d + f, "by a_2 and by a_3"),
    ("ex-ch14-compose", lambda a, b, c, d, e, f: a * (c * f + d) + b, "the first step comes first"),
    ("ex-ch14-work", lambda T: 3 * T / 2, "the first level alone"),
    ("ex-ch14-work", lambda T: 1.5 * T * math.log2(T), "half as many pairs"),
    ("ex-ch14-work", lambda T: 2 * (T - 1), "the odd states"),
    ("ex-ch14-work", lambda T: T * round(math.log2(T)), "a scan by doubling"),
    ("ex-ch14-work", lambda T: 2 * T * math.log2(T), "a and b both"),
    ("ex-ch14-work", lambda T: 3 * T, "the number of products, for T = 1"),
    ("ex-ch14-three", lambda x: (-1) ** x, "after two ones"),
    ("ex-ch14-three", lambda x: 1j**x, "after four ones"),
    ("ex-ch14-three", lambda x: (-1j) ** x, "after four ones"),
    ("ex-ch14-three", lambda x: 1j ** (0.8 * x), "three ones have to bring the state back"),
    ("ex-ch14-three", lambda x: 1 - 0.5 * x, "would grow or fade"),
    ("ex-ch14-three", lambda x: 1, "a one changes nothing"),
    ("ex-ch14-three", lambda x: -1, "a zero has to leave the state"),
]

RIGHT = [
    *BEFORE_THE_DECK, *SUMMARISE, *VECTOR_TO_SEQUENCE, *DASHED_EDGES, *SHARING, *BOTH_DIRECTIONS,
    *TWO_DIMENSIONS, *ENCODER_DECODER, *DEEP, *LONG_GAPS, *GATES, *REMEDIES,
    *LANGUAGE_MODEL, *ATTENTION, *LINEAR,
]  # fmt: skip
WRONG = [
    *NOT_BEFORE_THE_DECK, *NOT_SUMMARISE, *NOT_VECTOR_TO_SEQUENCE, *NOT_DASHED_EDGES, *NOT_SHARING,
    *NOT_BOTH_DIRECTIONS, *NOT_TWO_DIMENSIONS, *NOT_ENCODER_DECODER, *NOT_DEEP, *NOT_LONG_GAPS,
    *NOT_GATES, *NOT_REMEDIES, *NOT_LANGUAGE_MODEL, *NOT_ATTENTION, *NOT_LINEAR,
]  # fmt: skip

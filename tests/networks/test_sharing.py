"""Tied layers are the RNN, untied ones are not; what networks without recurrence compute."""

import copy

import numpy as np
import pytest
import torch
from oracles import by_hand, make
from torch.nn import functional as F

from rnn_course import RNN, ElmanCell, LSTMCell, Summariser, fit
from rnn_course.experiments import sharing as experiment
from rnn_course.networks.sharing import (
    BagOfWords,
    Convolution,
    DeepSummariser,
    Layers,
    WindowNetwork,
)
from rnn_course.networks.sizes import n_parameters
from rnn_course.tasks.base import Split

LENGTHS = torch.tensor([4, 7, 1, 5])
N, E, H, M, T = 9, 3, 5, 4, 7

NETWORKS = {
    "tied": lambda: DeepSummariser(N, E, [ElmanCell(E, H)] * T, M),
    "untied": lambda: DeepSummariser(N, E, [ElmanCell(E, H) for _ in range(T)], M),
    "window": lambda: WindowNetwork(N, E, T, H, M),
    "convolution": lambda: Convolution(N, E, H, M),
    "bag of words": lambda: BagOfWords(N, M),
}


def built(name, seed=0):
    """A network in float64 with every parameter away from zero."""
    torch.manual_seed(seed)
    model = NETWORKS[name]().double()
    with torch.no_grad():
        for p in model.parameters():
            p.copy_(torch.randn_like(p) * 0.5)
    return model


def sentences(seed=0):
    return torch.randint(N, (4, T), generator=torch.Generator().manual_seed(seed))


def untied(seed=0):
    return Layers([make("elman", E, H, seed=seed + t) for t in range(T)])


def random_x(seed=0):
    torch.manual_seed(seed)
    return torch.randn(4, T, E).double(), torch.randn(4, T, H).double()


@pytest.fixture
def one_thread():
    """For networks as small as these, a second thread costs more than it brings."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


# Layers


@pytest.mark.parametrize("lengths", [None, LENGTHS])
def test_tied_layers_are_the_recurrent_network_in_values_and_gradients(lengths):
    cell, (x, weights) = make("elman", E, H), random_x()
    x.requires_grad_()
    start = torch.randn(4, H).double().requires_grad_()
    found = []
    for network in (RNN(cell), Layers([cell] * T)):
        h, state = network(x, start, lengths)
        loss = (h * weights).sum() + state.square().sum()
        found.append([h, state, *torch.autograd.grad(loss, [cell.U, cell.W, cell.b, x, start])])
    for one, other in zip(*found, strict=True):
        assert (one - other).abs().max() < 1e-12 < one.abs().max()


@pytest.mark.parametrize("lengths", [None, LENGTHS])
def test_a_shared_gradient_is_the_sum_over_the_layers(lengths):
    cell, (x, weights) = make("elman", E, H), random_x()
    h, _ = RNN(cell)(x, lengths=lengths)
    (h * weights).sum().backward()
    own = Layers([copy.deepcopy(cell) for _ in range(T)])
    own.zero_grad()
    h, _ = own(x, lengths=lengths)
    (h * weights).sum().backward()
    for name in "UWb":
        gradients = torch.stack([getattr(layer, name).grad for layer in own.cells])
        assert (gradients.sum(0) - getattr(cell, name).grad).abs().max() < 1e-12
        assert (gradients[0] - gradients[1]).abs().max() > 1e-3


def test_untied_layers_by_hand():
    layers, (x, _) = untied(), random_x()
    h, state = layers(x, lengths=LENGTHS)
    for i, tau in enumerate(LENGTHS.tolist()):
        before = np.zeros(H)
        for t in range(tau):
            U, W, b = (
                p.detach().numpy()
                for p in (layers.cells[t].U, layers.cells[t].W, layers.cells[t].b)
            )
            before = np.tanh(b + W @ before + U @ x[i, t].numpy())
            np.testing.assert_allclose(h[i, t].detach().numpy(), before, atol=1e-12)
        for t in range(tau, T):
            assert torch.equal(h[i, t], h[i, tau - 1])
        assert torch.equal(state[i], h[i, tau - 1])
    tied = Layers([layers.cells[0]] * T)
    np.testing.assert_allclose(
        tied(x)[0][0].detach(), by_hand(layers.cells[0], x[0], T), atol=1e-12
    )


def test_gradcheck_untied_and_ragged():
    layers = Layers([make("elman", 2, 3, seed=t) for t in range(4)])
    x = torch.randn(3, 4, 2, dtype=torch.double, requires_grad=True)
    parameters = list(layers.parameters())
    assert len(parameters) == 12
    assert torch.autograd.gradcheck(lambda x, *_: layers(x, lengths=[4, 1, 3]), (x, *parameters))


def test_no_layer_looks_ahead():
    layers, (x, _) = untied(), random_x()
    changed = x.clone()
    changed[:, 4:] += 1
    h, other = layers(x)[0], layers(changed)[0]
    assert torch.equal(h[:, :4], other[:, :4])
    assert (h[:, 4:] - other[:, 4:]).abs().amin(2).min() > 1e-6


def test_padding_never_matters_not_even_a_nan():
    layers, (x, weights) = untied(), random_x()
    x[torch.arange(T) >= LENGTHS[:, None]] = float("nan")
    h, _ = layers(x, lengths=LENGTHS)
    (h * weights).sum().backward()
    assert all(p.grad.isfinite().all() for p in layers.parameters())
    for i, n in enumerate(LENGTHS.tolist()):
        torch.testing.assert_close(h[i, :n], layers(x[i : i + 1, :n])[0][0])


def test_layers_that_no_sentence_reaches_get_no_gradient_and_stay_as_they_were():
    model = built("untied").float()
    before = copy.deepcopy(model)
    data = Split(sentences()[:, :4], torch.tensor([0, 1, 2, 3]), torch.tensor([4, 2, 4, 3]))
    fit(
        model,
        lambda m, batch: F.cross_entropy(m(batch.x, batch.lengths), batch.y),
        data,
        epochs=3,
        batch_size=2,
        progress=False,
    )
    for t, (layer, was) in enumerate(zip(model.rnn.cells, before.rnn.cells, strict=True)):
        assert all(
            torch.equal(p, q) == (t >= 4)
            for p, q in zip(layer.parameters(), was.parameters(), strict=True)
        )


# The networks


def test_tied_deep_summariser_is_the_summariser():
    deep = built("tied")
    plain = Summariser(N, E, deep.rnn.cells[0], M).double()
    plain.embed, plain.V = deep.embed, deep.V
    torch.testing.assert_close(
        deep(sentences(), LENGTHS), plain(sentences(), LENGTHS), atol=1e-12, rtol=0
    )


def test_window_by_hand():
    model, x = built("window"), sentences()
    for i, n in enumerate(LENGTHS.tolist()):
        a = model.U.bias.clone()
        for t in range(n):
            U_t = model.U.weight[:, t * E : (t + 1) * E]
            a += U_t @ model.embed.weight[x[i, t]]
        o = model.V(torch.tanh(model.W(torch.tanh(a))))
        torch.testing.assert_close(model(x, LENGTHS)[i], o, atol=1e-12, rtol=0)


def test_convolution_by_hand():
    model, x = built("convolution"), sentences()
    U, b = model.U.weight, model.U.bias  # (H, E, 3)
    for i, n in enumerate(LENGTHS.tolist()):
        e = torch.zeros(n + 2, E).double()
        e[1:-1] = model.embed.weight[x[i, :n]]
        h = torch.stack(
            [torch.relu(b + sum(U[:, :, k] @ e[t + k] for k in range(3))) for t in range(n)]
        )
        o = model.V(h.max(0).values)
        torch.testing.assert_close(model(x, LENGTHS)[i], o, atol=1e-12, rtol=0)


def test_bag_of_words_is_linear_in_the_counts():
    model, x = built("bag of words"), sentences()
    counts = torch.stack(
        [torch.bincount(row[:n], minlength=N) for row, n in zip(x, LENGTHS, strict=True)]
    ).double()
    torch.testing.assert_close(
        model(x, LENGTHS), counts @ model.V.weight + model.c, atol=1e-12, rtol=0
    )


@pytest.mark.parametrize("name", NETWORKS)
def test_a_sentence_in_company_is_what_it_is_alone(name):
    model, x = built(name), sentences()
    together = model(x, LENGTHS)
    for i, n in enumerate(LENGTHS.tolist()):
        torch.testing.assert_close(model(x[i : i + 1, :n])[0], together[i], atol=1e-12, rtol=0)
    other = torch.where(torch.arange(T) < LENGTHS[:, None], x, 0)
    assert torch.equal(model(other, LENGTHS), together)
    order = torch.tensor([2, 0, 3, 1])
    torch.testing.assert_close(model(x[order], LENGTHS[order]), together[order], atol=1e-12, rtol=0)


def test_only_the_convolution_says_the_same_wherever_the_words_stand():
    x = torch.full((2, T), 2)
    x[0, 2:4] = x[1, 3:5] = torch.tensor([5, 3])  # a word away from the ends at least

    def difference(name):
        o = built(name)(x)
        return (o[0] - o[1]).abs().max()

    assert difference("convolution") < 1e-12
    assert min(difference(name) for name in ("untied", "window")) > 1e-4


@pytest.mark.parametrize("name", NETWORKS)
def test_learns_which_of_two_words_there_is(name, one_thread):
    torch.manual_seed(0)
    model = NETWORKS[name]()
    optimiser = torch.optim.Adam(model.parameters(), lr=2e-2)
    for _ in range(300):
        x, y = torch.randint(4, N, (32, T)), torch.randint(2, (32,))
        x[torch.arange(32), torch.randint(T, (32,))] = 2 + y
        loss = F.cross_entropy(model(x), y)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    assert (model(x).argmax(1) == y).float().mean() > 0.9


def test_parameters_are_counted_once_where_they_are_shared():
    one = n_parameters(ElmanCell(E, H))
    assert one == H * E + H * H + H
    assert n_parameters(Layers([ElmanCell(E, H)] * T)) == one
    assert n_parameters(Layers([ElmanCell(E, H) for _ in range(T)])) == T * one
    rest = N * E + H * M + M
    assert n_parameters(NETWORKS["tied"]()) == one + rest
    assert n_parameters(NETWORKS["untied"]()) == T * one + rest
    assert n_parameters(NETWORKS["untied"](), but=("embed", "V")) == T * one
    # With as many hidden units as two words have numbers, the filters cost what the cell costs.
    plain = Summariser(N, 4, ElmanCell(4, 8), M)
    assert n_parameters(Convolution(N, 4, 8, M)) == n_parameters(plain)


# The experiment


def test_equal_parameters_are_equal():
    count = {
        name: n_parameters(build(300, 50), but=("embed", "V"))
        for name, build in experiment.NETWORKS.items()
        if name != "bag of words"
    }
    twelve = 12 / experiment.LONGEST  # the layers that training reaches
    assert count["untied"] * twelve == pytest.approx(count["tied, wide"], rel=0.01)
    assert count["untied, narrow"] * twelve == pytest.approx(count["tied"], rel=0.1)
    assert count["convolution"] == count["tied"]


def test_the_map_has_its_cells_in_order():
    task = experiment._task(500, experiment.GAP, 0)

    class Knows(torch.nn.Module):
        """Says the year that is word 4, in sentences of 9 words; else class 50, which is none."""

        def forward(self, x, lengths):
            said = [
                task.labels.index(word) if n == 9 and word in task.labels else 50
                for word, n in zip((task.symbols[i] for i in x[:, 3]), lengths, strict=True)
            ]
            return F.one_hot(torch.tensor(said), 51)

    shares = experiment.accuracy_by_cell(Knows(), task, experiment.CELLS, 5)
    assert shares[experiment.CELLS.index((9, 4))] == 1
    others = [i for i, (n, p) in enumerate(experiment.CELLS) if (n, p) != (9, 4)]
    assert shares[others].max() == 0


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: Layers([]), ValueError, "cells: expected one for each layer, got none"),
        (lambda: Layers([torch.nn.Linear(2, 2)]), TypeError, r"cells\[0\]: expected a Cell"),
        (lambda: Layers([LSTMCell(2, 2)]), TypeError, r"cells\[0\]: .* whose state is h alone"),
        (
            lambda: Layers([ElmanCell(2, 3), ElmanCell(2, 4)]),
            ValueError,
            "cells: expected n_in=2, n_hidden=3 as in the first layer, got .*n_hidden=4 at index 1",
        ),
        (
            lambda: untied()(torch.zeros(2, T + 1, E).double()),
            ValueError,
            r"x: expected at most 7 steps \(one for each layer\), got 8",
        ),
        (lambda: untied()(torch.zeros(2, T, E + 1).double()), ValueError, "x: expected n_in = 3"),
        (
            lambda: untied()(torch.zeros(2, T, E).double(), lengths=[1, 8]),
            ValueError,
            "lengths: expected 1 ≤ length ≤ 7",
        ),
        (
            lambda: untied()(torch.zeros(2, T, E).double(), torch.zeros(3, H).double()),
            ValueError,
            "state: expected B = 2",
        ),
        (
            lambda: NETWORKS["window"]()(torch.zeros(2, T + 1).long()),
            ValueError,
            r"x: expected at most 7 steps \(the window\), got 8",
        ),
        (
            lambda: NETWORKS["window"]()(torch.full((2, T), N)),
            ValueError,
            "x: expected symbols 0 … 8",
        ),
        (
            lambda: Convolution(N, E, H, M, width=2),
            ValueError,
            "width: expected an odd number, got 2",
        ),
        (lambda: WindowNetwork(N, E, 0, H, M), ValueError, "window: expected an integer"),
        (lambda: BagOfWords(0, M), ValueError, "n_symbols: expected an integer of at least 1"),
    ],
)
def test_bad_input_is_named(call, error, message):
    with pytest.raises(error, match=message):
        call()

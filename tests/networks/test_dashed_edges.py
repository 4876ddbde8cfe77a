"""An output for each input, with and without edges from y: against a recurrence by hand."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from laws import CLOSE
from torch.nn import functional as F

from rnn_course import ElmanCell, GRUCell, LSTMCell, MemorylessCell, fit
from rnn_course.networks.dashed_edges import (
    EDGES,
    FeedbackTagger,
    Tagger,
    enters,
    tagging_loss,
    three_networks,
)
from rnn_course.networks.likelihood import log_likelihood
from rnn_course.networks.sizes import n_parameters
from rnn_course.tasks import Batch, Split
from rnn_course.tasks.coins import Coins, make_coins

CELLS = {"elman": ElmanCell, "lstm": LSTMCell, "gru": GRUCell, "memoryless": MemorylessCell}


def made(kind, cell="elman", n_symbols=5, n_out=4, n_hidden=6, dropout=0.0, seed=0):
    torch.manual_seed(seed)
    cell = CELLS[cell](kind.PARTS * 3, n_hidden)
    return kind(n_symbols, 3, cell, n_out, dropout).double()


def sequences(B=4, T=6, n_symbols=5, n_out=4, seed=0):
    g = torch.Generator().manual_seed(seed)
    return (
        torch.randint(n_symbols, (B, T), generator=g),
        torch.randint(n_out, (B, T), generator=g),
    )


def by_hand(model, x, y):
    """One sequence, a cell's step at a time."""
    state, before, out = model.rnn.cell.initial_state(1), model.first, []
    for x_t, y_t in zip(x.tolist(), y.tolist(), strict=True):
        read = model.embed.weight[x_t]
        if isinstance(model, FeedbackTagger):
            read = torch.cat([read, model.embed_y.weight[before]])
        h, state = model.rnn.cell(read.unsqueeze(0), state)
        out.append(h[0] @ model.V.weight.T + model.V.bias)
        before = y_t
    return torch.stack(out)


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("kind", [Tagger, FeedbackTagger])
def test_it_is_the_recurrence_by_hand_values_and_gradients(kind, cell):
    model, (x, y), lengths = made(kind, cell), sequences(), [6, 2, 5, 1]
    o = model(x, y, lengths)
    assert o.shape == (4, 6, 4)
    parameters = list(model.parameters())
    hand = [by_hand(model, x[i, :n], y[i, :n]) for i, n in enumerate(lengths)]
    for i, n in enumerate(lengths):
        torch.testing.assert_close(o[i, :n], hand[i], **CLOSE)
    found = torch.autograd.grad(
        sum(o[i, :n].sin().sum() for i, n in enumerate(lengths)),
        parameters,
        allow_unused=True,
        materialize_grads=True,
    )
    truth = torch.autograd.grad(
        sum(h.sin().sum() for h in hand), parameters, allow_unused=True, materialize_grads=True
    )
    for a, b in zip(found, truth, strict=True):
        torch.testing.assert_close(a, b, **CLOSE)


@pytest.mark.parametrize("kind", [Tagger, FeedbackTagger])
def test_one_hot_sequences_are_short_for_symbols(kind):
    model, (x, y) = made(kind), sequences()
    one_hot_x, one_hot_y = F.one_hot(x, 5).double(), F.one_hot(y, 4).double()
    torch.testing.assert_close(model(x, one_hot_y), model(x, y), **CLOSE)
    torch.testing.assert_close(model(one_hot_x, y), model(x, y), **CLOSE)


@pytest.mark.parametrize("cell", CELLS)
def test_an_output_depends_on_the_y_before_it_and_on_no_other(cell):
    """The famous bug: targets that are not shifted would show on the diagonal."""
    model, (x, y) = made(FeedbackTagger, cell), sequences()
    y = F.one_hot(y, 4).double().requires_grad_()
    o = model(x, y)
    for t in range(6):
        (by_y,) = torch.autograd.grad(o[:, t].sin().sum(), y, retain_graph=True)
        reached = by_y.abs().amax((0, 2)) > 0
        first = t - 1 if cell == "memoryless" else 0
        assert reached.tolist() == [first <= s < t for s in range(6)]


def test_without_edges_no_output_depends_on_any_y():
    model, (x, y) = made(Tagger), sequences()
    assert torch.equal(model(x, y), model(x)) and torch.equal(model(x, (y + 1) % 4), model(x))


@given(st.integers(1, 6), st.sampled_from([Tagger, FeedbackTagger]), st.sampled_from([*CELLS]))
def test_no_output_looks_ahead(t, kind, cell):
    model, (x, y) = made(kind, cell), sequences()
    later_x, later_y = x.clone(), y.clone()
    later_x[:, t:] = (x[:, t:] + 1) % 5
    later_y[:, t - 1 :] = (y[:, t - 1 :] + 1) % 4
    torch.testing.assert_close(model(later_x, later_y)[:, :t], model(x, y)[:, :t], **CLOSE)


@pytest.mark.parametrize("kind", [Tagger, FeedbackTagger])
def test_padding_changes_neither_the_loss_nor_a_gradient(kind):
    model, (x, y), lengths = made(kind), sequences(), torch.tensor([6, 2, 5, 1])
    losses = []
    for padding in (0, 3):
        outside = torch.arange(9) >= lengths.unsqueeze(1)
        longer_x, longer_y = (F.pad(part, (0, 3)).masked_fill(outside, padding) for part in (x, y))
        loss = tagging_loss(model, Batch(longer_x, longer_y, lengths, lengths))
        losses.append([loss, *torch.autograd.grad(loss, list(model.parameters()))])
    short = tagging_loss(model, Batch(x, y, lengths, lengths))
    torch.testing.assert_close(losses[0][0], short, **CLOSE)
    for a, b in zip(*losses, strict=True):
        torch.testing.assert_close(a, b, **CLOSE)
    total = sum(
        log_likelihood(by_hand(model, x[i, :n], y[i, :n]).unsqueeze(0), y[i : i + 1, :n])
        for i, n in enumerate(lengths.tolist())
    )
    torch.testing.assert_close(short, -total.squeeze() / lengths.sum(), **CLOSE)


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("kind", [Tagger, FeedbackTagger])
def test_what_it_writes_has_the_probability_that_it_says(kind, cell):
    model, (x, _) = made(kind, cell), sequences()
    written = model.write(x, generator=torch.Generator().manual_seed(0))
    assert written.y.shape == x.shape
    torch.testing.assert_close(
        log_likelihood(model(x, written.y), written.y), written.log_p, **CLOSE
    )
    best = model.write(x)
    assert torch.equal(model(x, best.y).argmax(2), best.y)


def test_the_probabilities_of_all_y_sum_to_one():
    model = made(FeedbackTagger, n_out=3)
    x = torch.tensor([[1, 4, 2]])
    every = torch.cartesian_prod(*[torch.arange(3)] * 3)
    total = log_likelihood(model(x.expand(27, -1), every), every).exp().sum()
    assert abs(total.item() - 1) < 1e-12


def test_dropout_is_for_training_only():
    model, (x, y) = made(FeedbackTagger, dropout=0.5), sequences()
    assert not torch.equal(model(x, y), model(x, y))
    assert torch.equal(model.eval()(x, y), model(x, y))
    assert torch.equal(model.train().write(x).y, model.eval().write(x).y)


def test_the_edges_from_y_are_found_and_nothing_is_left_changed():
    networks = three_networks(4, 3, n_embed=2, n_hidden=5, seed=0, dropout=0.5)
    expected = [(s, s + 1) for s in range(1, 5)]
    assert [enters(model, 5) for model in networks.values()] == [[], expected, expected]
    assert all(model.training and not model.rnn._forward_pre_hooks for model in networks.values())


def test_edges_of_a_network_that_is_not_shifted_are_found():
    class Unshifted(FeedbackTagger):
        def _before(self, y):
            return y

    assert enters(made(Unshifted, n_out=4), 3) == [(1, 1), (2, 2), (3, 3)]


def test_three_networks_have_their_edges_and_one_size():
    networks = three_networks(7, 5, n_embed=4, n_hidden=24, seed=2)
    assert tuple(networks) == EDGES
    sizes = [n_parameters(model) for model in networks.values()]
    assert max(sizes) == sizes[2] and min(sizes) > 0.95 * sizes[2]
    has_w = [model.rnn.cell.W.numel() > 0 for model in networks.values()]
    assert has_w == [True, False, True]
    assert [isinstance(m, FeedbackTagger) for m in networks.values()] == [False, True, True]
    again = three_networks(7, 5, n_embed=4, n_hidden=24, seed=2)
    for one, two in zip(networks.values(), again.values(), strict=True):
        assert all(map(torch.equal, one.parameters(), two.parameters()))


def test_each_learns_what_its_edges_allow():
    task, law = make_coins(5, n_train=3000), Coins(5)
    x, y, p = law.every(task.test.x[:8])
    for name, model in three_networks(2, 2, n_embed=4, n_hidden=16, seed=0).items():
        fit(model, tagging_loss, task.train, epochs=4, lr=0.02, weight_decay=0, progress=False)
        with torch.no_grad():
            nll = -float((p * log_likelihood(model(x, y), y)).sum() / p.sum())
        bound = law.entropy_of_each() if name == EDGES[0] else math.log(2)
        assert bound - 1e-3 < nll < 1.03 * bound


def test_a_target_fed_without_a_shift_is_copied_and_the_loss_under_the_bound_gives_it_away():
    class Unshifted(FeedbackTagger):
        def _before(self, y):
            return y

    torch.manual_seed(0)
    model, task = Unshifted(2, 4, ElmanCell(8, 16), 2), make_coins(5, n_train=3000)
    history = fit(model, tagging_loss, task.train, epochs=4, lr=0.02, progress=False)
    assert 5 * history.loss[-1] < 0.5 * Coins(5).entropy()


X, Y = sequences()


@pytest.mark.parametrize(
    "call, error, words",
    [
        (
            lambda: Tagger(5, 3, ElmanCell(4, 6), 4),
            ValueError,
            r"cell: expected n_in = 1 · n_embed",
        ),
        (
            lambda: FeedbackTagger(5, 3, ElmanCell(3, 6), 4),
            ValueError,
            r"n_in = 2 · n_embed = 6, got",
        ),
        (lambda: Tagger(0, 3, ElmanCell(3, 6), 4), ValueError, "n_symbols: expected an integer"),
        (lambda: Tagger(5, 3, ElmanCell(3, 6), 0), ValueError, "n_out: expected an integer"),
        (lambda: Tagger(5, 3, "elman", 4), TypeError, "cell: expected a Cell, got str"),
        (lambda: made(Tagger)(X + 5), ValueError, r"x: expected symbols 0 … 4, got 5 … 9"),
        (lambda: made(FeedbackTagger)(X), ValueError, r"y: expected the true outputs.*write\(x\)"),
        (lambda: made(FeedbackTagger)(X, Y + 4), ValueError, "y: expected symbols 0 … 4, got"),
        (lambda: made(FeedbackTagger)(X, Y[:, :3]), ValueError, r"y: .* \(4, 6\), got \(4, 3\)"),
        (
            lambda: made(FeedbackTagger)(X, Y.double()),
            ValueError,
            r"y: expected shape \(B, T, n_out\)",
        ),
        (lambda: made(Tagger)(X, Y, [7, 1, 1, 1]), ValueError, "lengths: expected 1 ≤ length ≤ 6"),
    ],
)
def test_bad_input_is_named(call, error, words):
    with pytest.raises(error, match=words):
        call()


def test_a_split_of_sequences_trains_with_its_lengths():
    lengths = torch.tensor([6, 2, 5, 1])
    split = Split(X, Y, lengths, lengths)
    history = fit(
        made(FeedbackTagger),
        tagging_loss,
        split,
        epochs=60,
        lr=0.03,
        batch_size=4,
        weight_decay=0,
        progress=False,
    )
    assert history.loss[-1] < 0.1 * history.loss[0]

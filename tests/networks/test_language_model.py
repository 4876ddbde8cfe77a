"""The language model: the chain rule, the state that is handed on, and where the gradient ends."""

import math

import pytest
import torch
from torch.nn import functional as F
from torch.testing import assert_close

from rnn_course import ElmanCell, GRUCell, LSTMCell, fit
from rnn_course.networks.language_model import CarriedOver, LanguageModel, whole_nll
from rnn_course.networks.layer_norm import LayerNormGRUCell
from rnn_course.networks.sampling import tempered, top_k
from rnn_course.states import tensors
from rnn_course.tasks.base import Batch, Split
from rnn_course.tasks.tunes.streams import Streams, Window

CELLS = [ElmanCell, LSTMCell, GRUCell, LayerNormGRUCell]


def made(kind=GRUCell, dropout=0.0, n=7):
    torch.manual_seed(1)
    return LanguageModel(n, kind(4, 6), dropout).double()


def text(rows=3, steps=10, n=7):
    x = torch.randint(1, n, (rows, steps + 1), generator=torch.Generator().manual_seed(2))
    return x[:, :-1], x[:, 1:]


@pytest.mark.parametrize("kind", CELLS)
def test_it_is_its_parts_by_hand(kind):
    model, (x, _) = made(kind), text()
    o, state = model(x)
    for i in range(len(x)):
        s = model.rnn.cell.initial_state(1)
        for t in range(x.shape[1]):
            h, s = model.rnn.cell(model.embed.weight[x[i : i + 1, t]], s)
            assert_close(o[i, t], model.V.weight @ h[0] + model.V.bias)
        for mine, alone in zip(tensors(state), tensors(s), strict=True):
            assert_close(mine[i], alone[0])


@pytest.mark.parametrize("kind", CELLS)
def test_what_comes_later_does_not_matter(kind):
    model, (x, _) = made(kind), text()
    other = torch.cat([x[:, :6], (x[:, 6:] + 1) % 7], dim=1)
    assert_close(model(x)[0][:, :6], model(other)[0][:, :6])
    assert (model(x)[0][:, 6] - model(other)[0][:, 6]).abs().max() > 1e-4


def test_the_probabilities_of_all_texts_add_up_to_one():
    model, n, steps = made(n=3), 3, 4
    texts = torch.cartesian_prod(*[torch.arange(n)] * steps)
    x = torch.cat([torch.zeros(len(texts), 1, dtype=torch.int64), texts[:, :-1]], dim=1)
    nll = whole_nll(model, Batch(x, texts, torch.full((len(texts),), steps)))
    assert_close((-nll).exp().sum(), torch.tensor(1.0).double())


def test_each_text_is_judged_to_its_own_end():
    model, (x, y) = made(), text()
    lengths = torch.tensor([10, 3, 7])
    found = whole_nll(model, Batch(x, y, lengths))
    for i, n in enumerate(lengths):
        o, _ = model(x[i : i + 1, :n])
        assert_close(found[i], F.cross_entropy(o[0], y[i, :n], reduction="sum"))
    mean = CarriedOver()(model, Batch(x, y, lengths))
    assert_close(mean, found.sum() / lengths.sum())


# ---------------------------------------------------------------------- truncated back-propagation


def windows(x, y, steps):
    """A text for each row, and all of them begin in the first window."""
    return [
        Window(*piece, torch.full((len(x),), piece[0].shape[1]), torch.full((len(x),), i == 0))
        for i, piece in enumerate(zip(x.split(steps, 1), y.split(steps, 1), strict=True))
    ]


@pytest.mark.parametrize("kind", CELLS)
def test_the_state_is_handed_on_as_if_the_text_had_not_been_cut(kind):
    model, (x, y) = made(kind), text(steps=12)
    loss = CarriedOver()
    parts = [loss(model, window) for window in windows(x, y, 4)]
    o, state = model(x)
    assert_close(sum(parts) / 3, F.cross_entropy(o.flatten(0, 1), y.flatten()))
    for mine, whole in zip(tensors(loss.state), tensors(state), strict=True):
        assert_close(mine, whole)
        assert not mine.requires_grad


@pytest.mark.parametrize("kind", CELLS)
def test_the_gradient_is_that_of_the_window_with_the_state_held_fixed(kind):
    model, (x, y) = made(kind), text(steps=8)
    weights = [*model.parameters()]
    loss, (first, second) = CarriedOver(), windows(x, y, 4)
    loss(model, first)
    found = torch.autograd.grad(loss(model, second), weights)

    with torch.no_grad():
        state = model(first.x)[1]
    o, _ = model(second.x, state)
    expected = torch.autograd.grad(F.cross_entropy(o.flatten(0, 1), second.y.flatten()), weights)
    for mine, theirs in zip(found, expected, strict=True):
        assert_close(mine, theirs)
    # and the bug: with the state attached, the gradient reaches the window before
    o, _ = model(second.x, model(first.x)[1])
    whole = torch.autograd.grad(F.cross_entropy(o.flatten(0, 1), second.y.flatten()), weights)
    assert any((a - b).abs().max() > 1e-6 for a, b in zip(found, whole, strict=True))


@pytest.mark.parametrize("kind", CELLS)
@pytest.mark.parametrize("reach", [1, 2, 3])
def test_a_shorter_reach_is_a_shorter_window(kind, reach):
    """The same loss, and the gradient of as many windows of `reach` steps."""
    model, (x, y) = made(kind), text(steps=6)
    weights = [*model.parameters()]
    whole, short = CarriedOver(reach), CarriedOver()
    found = whole(model, windows(x, y, 6)[0])
    parts = [short(model, window) for window in windows(x, y, reach)]
    assert_close(found, sum(parts) / len(parts))
    for mine, theirs in zip(
        torch.autograd.grad(found, weights),
        torch.autograd.grad(sum(parts) / len(parts), weights),
        strict=True,
    ):
        assert_close(mine, theirs)


def test_a_state_that_is_not_handed_on_is_the_initial_one():
    model, (x, y) = made(), text(steps=8)
    loss = CarriedOver(reach=2, handed_on=False)
    for window in windows(x, y, 4):
        expected = [
            F.cross_entropy(model(a)[0].flatten(0, 1), b.flatten())
            for a, b in zip(window.x.split(2, 1), window.y.split(2, 1), strict=True)
        ]
        assert_close(loss(model, window), sum(expected) / 2)


@pytest.mark.parametrize("kind", CELLS)
def test_a_text_that_begins_starts_from_the_initial_state_and_padding_counts_nothing(kind):
    """Two streams of a split: each text costs what it costs alone, wherever it begins."""
    model, (x, y) = made(kind), text(rows=6, steps=9)
    lengths = torch.tensor([9, 4, 7, 3, 8, 5])
    split = Split(x, y, lengths, lengths)
    loss, total = CarriedOver(), 0
    for window in Streams(split, rows=1, steps=4).batches(1):
        total = total + loss(model, window) * window.lengths.sum()
    assert_close(total, whole_nll(model, Batch(x, y, lengths)).sum())
    with pytest.raises(AssertionError):  # it would not, without its own beginning
        total, loss = 0, CarriedOver()
        for i, window in enumerate(Streams(split, rows=1, steps=4).batches(1)):
            window = window._replace(fresh=torch.tensor([i == 0]))
            total = total + loss(model, window) * window.lengths.sum()
        assert_close(total, whole_nll(model, Batch(x, y, lengths)).sum())


def test_a_missing_window_is_noticed():
    model, (x, y) = made(), text(steps=8)
    first, second = windows(x, y, 4)
    loss = CarriedOver()
    before = loss(model, first)
    loss(model, second)
    assert_close(loss(model, first), before)
    with pytest.raises(RuntimeError, match="the window before"):
        CarriedOver()(model, second)
    with pytest.raises(ValueError, match="reach"):
        CarriedOver(reach=0)


def test_it_learns_what_only_the_state_can_know():
    """A letter, 5, the same letter, 5, …: after a 5, a window of one step does not say which."""
    x = torch.arange(1, 5).repeat_interleave(8)[:, None].repeat(1, 12)
    x[:, 1::2] = 5
    lengths = torch.full((32,), 11)
    streams = Streams(Split(x[:, :-1], x[:, 1:], lengths, lengths), rows=32, steps=1)
    found = {}
    for handed_on in (True, False):
        torch.manual_seed(0)
        model = LanguageModel(6, GRUCell(8, 24))
        loss = CarriedOver(handed_on=handed_on)
        fit(model, loss, streams, epochs=60, batch_size=32, lr=0.02, progress=False, device="cpu")
        costs = [loss(model, window).item() for window in streams.batches(32)]
        found[handed_on] = costs[-2]  # the window of the last 5
    assert found[True] < math.log(4) / 2 < math.log(4) - 0.1 < found[False]


# ------------------------------------------------------------------------------ dropout and writing


def test_dropout_is_for_training_and_leaves_the_recurrence_alone():
    model, (x, _) = made(dropout=0.5), text(rows=2, steps=6)
    plain = made()
    plain.load_state_dict(model.state_dict())
    assert_close(model.eval()(x)[0], plain(x)[0])
    model.train()
    torch.manual_seed(0)
    o, _ = model(x)
    torch.manual_seed(0)  # the same zeros, in the same order
    E = F.dropout(model.embed(x), 0.5)
    h, _ = model.rnn(E)
    assert_close(o, model.V(F.dropout(h, 0.5)))
    assert not torch.allclose(o, plain(x)[0])


def test_it_goes_on_from_a_beginning():
    model, (x, _) = made(), text(rows=2, steps=5)
    written = model.write(x, 6)
    whole = x
    for t in range(6):
        best = model(whole)[0][:, -1].argmax(1)
        assert torch.equal(written.y[:, t], best)
        whole = torch.cat([whole, best[:, None]], dim=1)
    log_p = model(whole)[0].log_softmax(2)[:, 4:-1].gather(2, written.y[:, :, None]).sum((1, 2))
    assert_close(written.log_p, log_p)
    one = model.write(x[:, :1], 3)
    assert torch.equal(one.y[:, 0], model(x[:, :1])[0][:, 0].argmax(1))


def test_it_draws_from_outputs_that_have_been_shaped():
    model, (x, _) = made(), text(rows=1, steps=3)
    many = x.expand(30_000, -1)
    written = model.write(
        many,
        1,
        generator=torch.Generator().manual_seed(0),
        shape=lambda o: top_k(tempered(o, 0.5), 3),
    )
    expected = top_k(model(x)[0][:, -1] / 0.5, 3).softmax(1)[0]
    shares = torch.bincount(written.y[:, 0], minlength=7) / 30_000
    assert_close(shares.double(), expected.detach(), atol=0.01, rtol=0)
    assert (shares > 0).sum() == 3


def test_it_stops_at_its_end():
    model = made()
    with torch.no_grad():
        model.V.bias[3] += 50
    written = model.write(torch.ones(2, 1, dtype=torch.int64), 9, end=3)
    assert written.y.tolist() == [[3], [3]] and written.lengths.tolist() == [1, 1]


def test_bad_arguments():
    with pytest.raises(TypeError, match="cell"):
        LanguageModel(5, torch.nn.GRUCell(3, 4))
    with pytest.raises(ValueError, match="n_symbols"):
        LanguageModel(0, GRUCell(3, 4))
    with pytest.raises(ValueError, match="dropout"):
        LanguageModel(5, GRUCell(3, 4), dropout=1.5)
    with pytest.raises(ValueError, match="x"):
        made()(torch.tensor([[9]]))

"""Encoder and decoder: against a hand-written recurrence, and what each may and may not know."""

from __future__ import annotations

from itertools import product

import laws
import oracles
import pytest
import torch
from hypothesis import settings

from rnn_course.cells import ElmanCell, GRUCell
from rnn_course.networks.encoder_decoder import EncoderDecoder, sequence_nll
from rnn_course.tasks.base import Batch, Split
from rnn_course.training.fit import fit

FIRST, END = 2, 2


def network(encoder="elman", decoder="elman", n_x=6, n_y=5, n_context=3, seed=0):
    model = EncoderDecoder(
        n_x,
        n_y,
        oracles.make(encoder, 3, 5, seed),
        oracles.make(decoder, 2 + n_context, 4, seed + 1),
        n_context,
        FIRST,
    )
    return model.double()


def batch(seed=0, B=4, n_x=6, n_y=5):
    torch.manual_seed(seed)
    return Batch(
        torch.randint(1, n_x, (B, 6)),
        torch.randint(1, n_y, (B, 5)),
        torch.tensor([6, 1, 4, 3]),
        torch.tensor([2, 5, 1, 3]),
    )


def by_hand(model, x, y, tau, tau_y):
    """log P(y | x) of one pair, the recurrences written out."""
    enc, dec, h = model.encoder.cell, model.decoder.cell, torch.zeros(5).double()
    for t in range(tau):
        h = torch.tanh(enc.b + enc.W @ h + enc.U @ model.embed_x.weight[x[t]])
    C = torch.tanh(model.Q.weight @ h + model.Q.bias)
    s, before, log_p = torch.zeros(4).double(), FIRST, 0.0
    for t in range(tau_y):
        s = torch.tanh(dec.b + dec.W @ s + dec.U @ torch.cat([model.embed_y.weight[before], C]))
        o = model.V.weight @ s + model.V.bias
        log_p = log_p + o[y[t]] - o.exp().sum().log()
        before = y[t]
    return log_p


def test_it_is_the_recurrence_written_by_hand():
    model, pairs = network(), batch()
    mine = model.log_p(*pairs)
    rows = zip(*pairs, strict=True)
    plain = torch.stack([by_hand(model, *row) for row in rows])
    torch.testing.assert_close(mine, plain, atol=1e-12, rtol=1e-12)
    torch.testing.assert_close(sequence_nll(model, pairs), -plain.mean(), atol=1e-12, rtol=1e-12)
    weights = [*model.parameters()]
    for a, b in zip(
        torch.autograd.grad(mine.sum(), weights),
        torch.autograd.grad(plain.sum(), weights),
        strict=True,
    ):
        torch.testing.assert_close(a, b, atol=1e-12, rtol=1e-12)


@pytest.mark.parametrize("name", oracles.CELLS)
def test_with_each_cell_and_two_of_a_kind_are_not_needed(name):
    model = network(name, "lstm" if name != "lstm" else "gru after")
    loss = sequence_nll(model, batch())
    loss.backward()
    assert loss.isfinite() and all(p.grad.isfinite().all() for p in model.parameters())
    assert model.embed_x.weight.grad.abs().sum() > 0


@settings(max_examples=15)
@laws.any_padding
def test_padding_changes_neither_loss_nor_gradient(seed, more_x, more_y, rubbish):
    model = network("gru after", "gru after", seed=seed)
    laws.padding_changes_neither_loss_nor_gradient(model, batch(seed), more_x, more_y, rubbish)


def test_the_order_in_the_batch_does_not_matter():
    model, pairs = network(), batch()
    order = torch.tensor([2, 0, 3, 1])
    shuffled = Batch(*(part[order] for part in pairs))
    torch.testing.assert_close(
        model.log_p(*shuffled), model.log_p(*pairs)[order], atol=1e-12, rtol=1e-12
    )


def test_the_probabilities_of_all_outputs_sum_to_one():
    model, steps = network(), 4
    x = torch.tensor([[3, 1, 5]])
    symbols = [y for y in range(5) if y != END]
    ended = [(*y, END) for n in range(steps) for y in product(symbols, repeat=n)]
    going_on = [*product(symbols, repeat=steps)]
    total = sum(model.log_p(x, torch.tensor([y])).exp().item() for y in ended + going_on)
    assert total == pytest.approx(1, abs=1e-12)
    assert 0 < sum(model.log_p(x, torch.tensor([y])).exp().item() for y in going_on) < 1


def test_the_teacher_gives_what_is_before_and_nothing_else():
    model, pairs = network(), batch()
    o = model(pairs.x, pairs.y, pairs.lengths)
    for t in range(5):
        y = pairs.y.clone()
        y[:, t] = (y[:, t] + 1) % 5
        changed = (model(pairs.x, y, pairs.lengths) != o).any(2)
        assert not changed[:, : t + 1].any() and changed[:, t + 1 :].all()


def test_all_that_the_decoder_knows_of_x_is_C():
    model, pairs = network(), batch()
    C = model.context(pairs.x, pairs.lengths)
    assert C.shape == (4, 3) and (C.abs() < 1).all()
    torch.testing.assert_close(model.decode(C, pairs.y), model(pairs.x, pairs.y, pairs.lengths))
    C.retain_grad()
    model.decode(C, pairs.y).sum().backward()
    assert (C.grad.abs().sum(1) > 0).all()
    assert all(p.grad is not None and p.grad.any() for p in model.encoder.parameters())
    with torch.no_grad():  # a decoder that does not look at C
        model.decoder.cell.U[:, 2:] = 0
    model.zero_grad()
    o = model(pairs.x, pairs.y, pairs.lengths)
    torch.testing.assert_close(o, model(pairs.x.flip(0), pairs.y, pairs.lengths.flip(0)))
    o.sum().backward()
    assert not any(p.grad.any() for p in [*model.encoder.parameters(), *model.Q.parameters()])


def test_what_it_writes_has_the_probability_it_says():
    model, pairs = network("gru after", "lstm"), batch()
    for generator in (None, torch.Generator().manual_seed(1)):
        written = model.write(pairs.x, 8, pairs.lengths, end=END, generator=generator)
        torch.testing.assert_close(
            written.log_p, model.log_p(pairs.x, written.y, pairs.lengths, written.lengths)
        )


def test_dropout_is_for_training_only():
    model = EncoderDecoder(6, 5, GRUCell(4, 8), GRUCell(8, 8), 4, FIRST, dropout=0.5)
    pairs = batch()
    assert not torch.equal(model.log_p(*pairs), model.log_p(*pairs))
    model.eval()
    assert torch.equal(model.log_p(*pairs), model.log_p(*pairs))
    assert torch.equal(
        model.write(pairs.x, 5, pairs.lengths).y, model.write(pairs.x, 5, pairs.lengths).y
    )


def test_it_learns_to_write_backwards_what_it_has_read():
    generator = torch.Generator().manual_seed(0)
    lengths = torch.randint(1, 5, (600,), generator=generator)
    x, y = torch.zeros(600, 4, dtype=torch.int64), torch.zeros(600, 5, dtype=torch.int64)
    for i, n in enumerate(lengths.tolist()):
        x[i, :n] = torch.randint(3, 7, (n,), generator=generator)
        y[i, :n] = x[i, :n].flip(0)
        y[i, n] = END
    torch.manual_seed(0)
    model = EncoderDecoder(7, 7, ElmanCell(8, 40), ElmanCell(48, 40), 40, FIRST)
    fit(
        model,
        sequence_nll,
        Split(x, y, lengths, lengths + 1),
        epochs=50,
        batch_size=50,
        lr=5e-3,
        progress=False,
    )
    written = model.write(x, 5, lengths).y  # no end: five symbols each
    inside = torch.arange(5) <= lengths[:, None]
    assert ((written == y) | ~inside).all(1).float().mean() > 0.9


@pytest.mark.parametrize(
    ("changed", "error", "message"),
    [
        ({"n_context": 0}, ValueError, "n_context: expected an integer of at least 1, got 0"),
        (
            {"n_context": 8},
            ValueError,
            "decoder: expected n_in over n_context = 8, .* got n_in = 8",
        ),
        ({"first": 5}, ValueError, "first: expected a symbol 0 … 4, got 5"),
        ({"first": True}, ValueError, "first: expected a symbol 0 … 4, got True"),
        ({"n_x": 0}, ValueError, "n_x: expected an integer of at least 1, got 0"),
        ({"encoder": 3}, TypeError, "cell: expected a Cell, got int"),
        ({"dropout": 2.0}, ValueError, "dropout"),
    ],
)
def test_bad_networks_are_named(changed, error, message):
    asked = {
        "n_x": 6,
        "n_y": 5,
        "encoder": ElmanCell(4, 8),
        "decoder": ElmanCell(8, 8),
        "n_context": 4,
        "first": FIRST,
    }
    with pytest.raises(error, match=message):
        EncoderDecoder(**asked | changed)


@pytest.mark.parametrize(
    ("changed", "error", "message"),
    [
        ({"x": torch.full((4, 6), 6)}, ValueError, "x: expected symbols 0 … 5, got 6 … 6"),
        ({"x": torch.zeros(4, 6)}, TypeError, "x: expected an int64 tensor"),
        ({"y": torch.ones(3, 5, dtype=torch.int64)}, ValueError, "y: expected a sequence for each"),
        ({"y": torch.full((4, 5), 5)}, ValueError, "y: expected symbols 0 … 4, got 2 … 5"),
        ({"lengths": torch.tensor([7, 1, 1, 1])}, ValueError, "lengths: expected 1 ≤ length ≤ 6"),
        ({"y_lengths": torch.tensor([0, 1, 1, 1])}, ValueError, "lengths: expected 1 ≤ length ≤ 5"),
    ],
)
def test_bad_batches_are_named(changed, error, message):
    with pytest.raises(error, match=message):
        sequence_nll(network(), batch()._replace(**changed))

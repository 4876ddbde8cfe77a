"""Attention: against sums written by hand, and the bug of a decoder that looks at nothing."""

from __future__ import annotations

import laws
import oracles
import pytest
import torch
from hypothesis import settings
from laws import CLOSE
from networks.test_encoder_decoder import END, FIRST, batch

from rnn_course.cells import GRUCell
from rnn_course.networks.attention import AdditiveAttention, Attention, AttentiveEncoderDecoder
from rnn_course.networks.both_directions import Bidirectional
from rnn_course.networks.encoder_decoder import sequence_nll
from rnn_course.tasks.base import Batch, Split
from rnn_course.training.fit import evaluate, fit

SCORES = [Attention, AdditiveAttention]


def network(encoder="elman", decoder="elman", n_context=3, seed=0, attention=Attention):
    model = AttentiveEncoderDecoder(
        6,
        5,
        oracles.make(encoder, 3, 5, seed),
        oracles.make(decoder, 2 + n_context, 4, seed + 1),
        n_context,
        FIRST,
        attention=attention,
    )
    return model.double()


def score(attention, s, h):
    """What one state of the decoder and one of the encoder give."""
    if isinstance(attention, Attention):
        return s @ attention.K @ h
    return attention.v @ torch.tanh(attention.K_1 @ s + attention.K_2 @ h)


def by_hand(model, x, y, tau, tau_y):
    """log P(y | x) of one pair: recurrences, scores and weighted sums written out."""
    enc, dec, h = model.encoder.cell, model.decoder.cell, [torch.zeros(5).double()]
    for t in range(tau):
        h.append(torch.tanh(enc.b + enc.W @ h[-1] + enc.U @ model.embed_x.weight[x[t]]))
    C = torch.tanh(model.Q.weight @ h[-1] + model.Q.bias)
    s, before, log_p = torch.zeros(4).double(), FIRST, 0.0
    for t in range(tau_y):
        s = torch.tanh(dec.b + dec.W @ s + dec.U @ torch.cat([model.embed_y.weight[before], C]))
        e = [score(model.attention, s, h_s).exp() for h_s in h[1:]]
        C_t = sum(e_s / sum(e) * h_s for e_s, h_s in zip(e, h[1:], strict=True))
        r = torch.tanh(model.A.weight @ torch.cat([s, C_t]) + model.A.bias)
        o = model.V.weight @ r + model.V.bias
        log_p = log_p + o[y[t]] - o.exp().sum().log()
        before = y[t]
    return log_p


@pytest.mark.parametrize("attention", SCORES)
def test_it_is_the_sum_written_by_hand(attention):
    model, pairs = network(attention=attention), batch()
    mine = model.log_p(*pairs)
    plain = torch.stack([by_hand(model, *row) for row in zip(*pairs, strict=True)])
    torch.testing.assert_close(mine, plain, **CLOSE)
    weights = [*model.parameters()]
    for a, b in zip(
        torch.autograd.grad(mine.sum(), weights),
        torch.autograd.grad(plain.sum(), weights),
        strict=True,
    ):
        torch.testing.assert_close(a, b, **CLOSE)


@pytest.mark.parametrize("kind", SCORES)
def test_attention_passes_gradcheck(kind):
    torch.manual_seed(0)
    attention = kind(3, 4).double()
    names = [name for name, _ in attention.named_parameters()]
    inside = torch.tensor([[True, True, False], [True, True, True]])
    s, h = torch.randn(2, 2, 3).double(), torch.randn(2, 3, 4).double()
    assert torch.autograd.gradcheck(
        lambda s, h, *weights: torch.func.functional_call(
            attention, dict(zip(names, weights, strict=True)), (s, h, inside)
        ),
        [t.detach().clone().requires_grad_() for t in (s, h, *attention.parameters())],
    )


@pytest.mark.parametrize("attention", SCORES)
@pytest.mark.parametrize("lengths", [None, [6, 1, 4, 3]])
def test_the_weights_are_a_distribution_over_the_steps_of_x(lengths, attention):
    model, pairs = network("gru after", "gru after", attention=attention), batch()
    alpha = model.alignment(pairs.x, pairs.y, lengths)
    assert alpha.shape == (4, 5, 6) and alpha.min() >= 0
    torch.testing.assert_close(alpha.sum(2), torch.ones(4, 5).double())
    outside = torch.arange(6) >= torch.tensor(lengths or [6] * 4)[:, None]
    assert (alpha.masked_select(outside.unsqueeze(1)) == 0).all()
    assert (alpha.masked_select(~outside.unsqueeze(1)) > 0).all()


@pytest.mark.parametrize("kind", SCORES)
@pytest.mark.parametrize("rubbish", [7.0, float("nan"), float("inf")])
def test_what_stands_in_the_padding_never_matters(rubbish, kind):
    torch.manual_seed(0)
    attention, inside = kind(3, 4), torch.tensor([[True, True, False], [True, True, True]])
    s, h = torch.randn(2, 2, 3), torch.randn(2, 3, 4)
    C, alpha = attention(s, h, inside)
    changed = h.clone()
    changed[0, 2] = rubbish
    C_changed, alpha_changed = attention(s, changed, inside)
    assert torch.equal(C, C_changed) and torch.equal(alpha, alpha_changed)
    C_changed.sum().backward()
    assert all(p.grad.isfinite().all() for p in attention.parameters())


@pytest.mark.parametrize("attention", SCORES)
def test_bug_attention_that_ignores_the_encoder(attention):
    """Two inputs whose C is the same must still lead to different outputs, at each step of y."""
    model, pairs = network(attention=attention), batch()
    torch.nn.init.zeros_(model.Q.weight)  # C is the same for every x
    o = model(pairs.x, pairs.y, pairs.lengths)
    for s in range(6):
        x = pairs.x.clone()
        x[:, s] = x[:, s] % 5 + 1
        inside = s < pairs.lengths
        changed = (model(x, pairs.y, pairs.lengths) - o).abs().amax(2) > 1e-9
        assert changed[inside].all() and not changed[~inside].any()
    # and the decoder chooses: what it looks at depends on what it has written
    y = pairs.y.clone()
    y[:, 0] = y[:, 0] % 4 + 1
    alpha, other = (model.alignment(pairs.x, each, pairs.lengths) for each in (pairs.y, y))
    long = pairs.lengths > 1
    assert torch.equal(alpha[:, 0], other[:, 0])
    assert ((alpha - other).abs().amax(2)[long, 1:] > 1e-9).all()


def test_the_encoder_s_states_get_their_gradient_through_the_attention():
    model, pairs = network(), batch()
    source = model.context(pairs.x, pairs.lengths)
    h = source.h.detach().requires_grad_()
    o = model.decode(source._replace(C=source.C.detach(), h=h), pairs.y)
    (g,) = torch.autograd.grad(o.square().sum(), h)
    inside = torch.arange(6) < pairs.lengths[:, None]
    assert (g.abs().amax(2)[inside] > 1e-9).all() and (g[~inside] == 0).all()


@settings(max_examples=15)
@laws.any_padding
def test_padding_changes_neither_loss_nor_gradient(seed, more_x, more_y, rubbish):
    model = network("gru after", "lstm", seed=seed)
    laws.padding_changes_neither_loss_nor_gradient(model, batch(seed), more_x, more_y, rubbish)


def test_the_order_in_the_batch_does_not_matter_and_no_step_looks_ahead():
    model, pairs = network(), batch()
    order = torch.tensor([2, 0, 3, 1])
    shuffled = Batch(*(part[order] for part in pairs))
    torch.testing.assert_close(model.log_p(*shuffled), model.log_p(*pairs)[order], **CLOSE)
    o = model(pairs.x, pairs.y, pairs.lengths)
    for t in range(5):
        y = pairs.y.clone()
        y[:, t] = (y[:, t] + 1) % 5
        changed = (model(pairs.x, y, pairs.lengths) - o).abs().amax(2) > 1e-12
        assert not changed[:, : t + 1].any() and changed[:, t + 1 :].all()


@pytest.mark.parametrize("decoder", ["elman", "gru after", "lstm"])
def test_what_is_written_is_what_the_teacher_would_have_given(decoder):
    """Greedy writing, a beam of one, and the probability of the sentence all agree."""
    model, pairs = network("gru after", decoder), batch()
    model.eval()
    written = model.write(pairs.x, 7, pairs.lengths, end=END)
    beam = model.beam(pairs.x, 7, 1, pairs.lengths, end=END)
    assert torch.equal(beam.y[:, 0, : written.y.shape[1]], written.y)
    log_p = model.log_p(pairs.x, written.y, pairs.lengths, written.lengths)
    torch.testing.assert_close(log_p, written.log_p, **CLOSE)
    wide = model.beam(pairs.x, 7, 6, pairs.lengths, end=END)
    torch.testing.assert_close(
        model.log_p(pairs.x, wide.y[:, 2], pairs.lengths, wide.lengths[:, 2]),
        wide.log_p[:, 2],
        **CLOSE,
    )


def test_the_width_of_the_additive_score():
    attention = AdditiveAttention(3, 4, 7)
    assert [tuple(p.shape) for p in attention.parameters()] == [(7, 3), (7, 4), (7,)]
    assert AdditiveAttention(3, 4).v.shape == (3,)


def test_an_encoder_from_both_ends():
    encoder = Bidirectional(oracles.make("gru after", 3, 4), oracles.make("gru after", 3, 4, 1))
    model = AttentiveEncoderDecoder(6, 5, encoder, oracles.make("elman", 5, 4), 3, FIRST).double()
    pairs = batch()
    sequence_nll(model, pairs).backward()
    assert model.attention.K.shape == (4, 8)
    assert all(p.grad.abs().sum() > 0 for p in model.parameters())


def test_it_learns_to_turn_a_sequence_round_through_a_context_of_one_number():
    torch.manual_seed(0)
    x = torch.randint(3, 9, (800, 7))
    y = torch.cat([x.flip(1), torch.full((800, 1), END)], 1)
    model = AttentiveEncoderDecoder(
        9, 9, Bidirectional(GRUCell(8, 24), GRUCell(8, 24)), GRUCell(8 + 1, 48), 1, FIRST
    )
    fit(
        model,
        sequence_nll,
        Split(x[:700], y[:700]),
        epochs=24,
        batch_size=50,
        lr=8e-3,
        progress=False,
    )

    def right(model, batch):
        return (model.write(batch.x, 8).y == batch.y).float().mean(1)

    assert evaluate(model, Split(x[700:], y[700:]), right) > 0.95
    alpha = model.alignment(x[700:], y[700:])
    assert (alpha[:, :7].argmax(2) == torch.arange(6, -1, -1)).float().mean() > 0.5


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: Attention(0, 3), ValueError, "n_s: expected an integer of at least 1, got 0"),
        (lambda: AdditiveAttention(0, 3), ValueError, "n_s: expected an integer of at least 1"),
        (lambda: AdditiveAttention(3, 0), ValueError, "n_h: expected an integer of at least 1"),
        (lambda: AdditiveAttention(3, 3, 0), ValueError, "n: expected an integer of at least 1"),
        (
            lambda: network()(torch.zeros(2, 3), torch.ones(2, 3).long()),
            TypeError,
            "x: expected an",
        ),
        (
            lambda: network().log_p(*batch()._replace(y=torch.ones(3, 5).long())),
            ValueError,
            "y: expected a sequence for each of 4 in x, got 3",
        ),
        (lambda: network().context(batch().x, [6, 1, 4, 9]), ValueError, "lengths: expected 1 ≤"),
        (
            lambda: network().write(batch().x, 0),
            ValueError,
            "steps: expected an integer of at least",
        ),
    ],
)
def test_bad_input_is_named(call, error, message):
    with pytest.raises(error, match=message):
        call()

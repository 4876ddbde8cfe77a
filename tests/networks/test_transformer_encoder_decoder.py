"""An encoder and a decoder of attention alone: against torch's layers, and the laws of writing."""

from __future__ import annotations

import itertools
import math

import pytest
import torch
from laws import CLOSE, close
from networks.test_transformer import (
    TAU,
    away_from_zero,
    block_of_torch,
    by_complex_numbers,
    of_torch,
    weighted,
)
from torch import nn

from rnn_course.networks.encoder_decoder import sequence_nll
from rnn_course.networks.likelihood import shifted
from rnn_course.networks.self_attention import POSITIONS, sinusoids
from rnn_course.networks.transformer_encoder_decoder import CrossBlock, TransformerEncoderDecoder
from rnn_course.padding import inside
from rnn_course.tasks.base import Batch, Split
from rnn_course.training.fit import fit

END = 2


def network(n_x=6, n_y=5, blocks=2, seed=0, positions="added"):
    made = TransformerEncoderDecoder(n_x, n_y, 8, 2, blocks, END, positions=positions)
    return away_from_zero(made, seed)


def cross_of_torch(mine: CrossBlock) -> nn.TransformerDecoderLayer:
    n = mine.norm_1.normalized_shape[0]
    theirs = nn.TransformerDecoderLayer(
        n, mine.attention.heads, 4 * n, dropout=0.0, batch_first=True, norm_first=True
    ).double()
    theirs.self_attn.load_state_dict(of_torch(mine.attention).state_dict())
    theirs.multihead_attn.load_state_dict(of_torch(mine.attention_h).state_dict())
    for name, part in (
        ("linear1", mine.W_1),
        ("linear2", mine.W_2),
        ("norm1", mine.norm_1),
        ("norm2", mine.norm_h),
        ("norm3", mine.norm_2),
    ):
        getattr(theirs, name).load_state_dict(part.state_dict())
    return theirs


def drawn(T=6, T_y=4, n_x=6, n_y=5):
    draw = torch.Generator().manual_seed(1)
    return (torch.randint(1, n, (4, t), generator=draw) for n, t in ((n_x, T), (n_y, T_y)))


def by_torch(model, x, y, lengths):
    """o, by torch's encoder and decoder layers with the same weights."""
    padding = torch.zeros(x.shape).double()
    if lengths is not None:
        padding.masked_fill_(~inside(lengths, x.shape[1]), -torch.inf)

    def at(embedded):
        t = torch.arange(embedded.shape[1])
        return embedded * math.sqrt(8) + sinusoids(t, 8, torch.float64)

    h = at(model.embed_x(x))
    for block in model.encoder:
        h = block_of_torch(block)(h, src_key_padding_mask=padding)
    h, s = model.norm_x(h), at(model.embed_y(shifted(y, END)))
    ahead = nn.Transformer.generate_square_subsequent_mask(y.shape[1], dtype=torch.float64)
    for block in model.decoder:
        s = cross_of_torch(block)(s, h, tgt_mask=ahead, memory_key_padding_mask=padding)
    return model.V(model.norm_y(s))


@pytest.mark.parametrize("lengths", [None, TAU])
def test_it_is_torchs_encoder_and_decoder_layers(lengths):
    """Values, and the gradients of what comes before the layers and after."""
    model, (x, y) = network(), drawn()
    o, theirs = model(x, y, lengths), by_torch(model, x, y, lengths)
    torch.testing.assert_close(o, theirs, **CLOSE)
    outside = [model.embed_x.weight, model.embed_y.weight, *model.norm_x.parameters()]
    close(*(torch.autograd.grad(weighted(each, slice(None)), outside) for each in (o, theirs)))


@pytest.mark.parametrize("positions", POSITIONS)
def test_padding_changes_nothing(positions):
    model, (x, y) = network(positions=positions), drawn()
    o = model(x, y, TAU)
    for i, n in enumerate(TAU):
        torch.testing.assert_close(model(x[i : i + 1, :n], y[i : i + 1])[0], o[i], **CLOSE)


@pytest.mark.parametrize("positions", POSITIONS)
def test_no_output_knows_what_comes_after_it(positions):
    model, (x, y) = network(positions=positions), drawn()
    o = model(x, y)
    for t in range(4):
        other = y.clone()
        other[:, t] = 1 + other[:, t] % 4
        changed = (model(x, other) - o).abs().amax(2) > 1e-9
        assert changed.tolist() == [[j > t for j in range(4)]] * 4


@pytest.mark.parametrize("positions", POSITIONS)
def test_what_is_written_is_what_the_whole_says(positions):
    """Greedily, each symbol is the most probable after those before it, read from the beginning."""
    model, (x, _) = network(positions=positions), drawn()
    written = model.write(x, 7, TAU)
    y = torch.zeros(4, 0, dtype=torch.int64)
    for _ in range(7):
        ahead = torch.cat([y, torch.zeros(4, 1, dtype=torch.int64)], 1)
        y = torch.cat([y, model(x, ahead, TAU)[:, -1:].argmax(2)], 1)
    assert torch.equal(written.y, y)
    torch.testing.assert_close(written.log_p, model.log_p(x, y, TAU).detach(), **CLOSE)
    sampled = model.write(x, 7, TAU, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(sampled.log_p, model.log_p(x, sampled.y, TAU).detach(), **CLOSE)


def test_a_beam_wide_enough_finds_the_most_probable():
    model, (x, _) = network(n_y=3), drawn()
    every = torch.tensor(list(itertools.product(range(3), repeat=3)))
    best = model.beam(x, 3, 27, TAU)
    for i, n in enumerate(TAU):
        log_p = model.log_p(x[i : i + 1, :n].expand(27, -1), every)
        torch.testing.assert_close(log_p.max().detach(), best.log_p[i, 0], **CLOSE)
        assert torch.equal(every[log_p.argmax()], best.y[i, 0])
    torch.testing.assert_close(best.log_p.exp().sum(1), torch.ones(4).double())


def test_words_are_learnt_backwards():
    """What is written ends where it should, and is x from its end: only x can tell."""
    draw = torch.Generator().manual_seed(0)
    lengths = torch.randint(2, 6, (700,), generator=draw)
    x = torch.randint(3, 9, (700, 5), generator=draw) * inside(lengths, 5)
    y = torch.zeros(700, 6, dtype=torch.int64)
    for i, n in enumerate(lengths):
        y[i, :n], y[i, n] = x[i, :n].flip(0), END
    torch.manual_seed(0)
    model = TransformerEncoderDecoder(9, 9, 32, 2, 1, END)
    train = Split(x[:600], y[:600], lengths[:600], lengths[:600] + 1)
    fit(model, sequence_nll, train, epochs=30, batch_size=30, lr=3e-3, progress=False, device="cpu")
    said = model.eval().write(x[600:], 6, lengths[600:], end=END).y
    assert (said == y[600:, : said.shape[1]]).all(1).float().mean() > 0.9


def test_dropout_is_never_on_while_it_writes():
    model, (x, y) = TransformerEncoderDecoder(6, 5, 8, 2, 1, END, dropout=0.5), drawn()
    assert not torch.equal(model(x, y), model(x, y))
    one, other = (model.eval().write(x, 4).log_p for _ in range(2))
    assert torch.equal(one, other)


def test_the_loss_leaves_out_the_padding_of_y():
    model, (x, y) = network(), drawn()
    tau_y = torch.tensor([4, 2, 3, 1])
    alone = [
        -model.log_p(x[i : i + 1, :n], y[i : i + 1, :m])
        for i, (n, m) in enumerate(zip(TAU, tau_y, strict=True))
    ]
    loss = sequence_nll(model, Batch(x, y, TAU, tau_y))
    torch.testing.assert_close(loss, torch.cat(alone).mean(), **CLOSE)


def test_rotary_positions_are_those_of_a_sequence_to_itself():
    """By hand with complex numbers: of x to itself and of y to itself, and not of y to x."""
    model, (x, y) = network(blocks=1, positions="rotary"), drawn()

    def looked(attention, n, to, mask=None, turn=by_complex_numbers):
        sides = []
        for W, of in ((attention.W_q, n), (attention.W_k, to), (attention.W_v, to)):
            sides.append(W(of).unflatten(2, (2, 4)).transpose(1, 2))
        q, k = (turn(each, torch.arange(each.shape[2])) for each in sides[:2])
        a = nn.functional.scaled_dot_product_attention(q, k, sides[2], attn_mask=mask)
        return attention.W_o(a.transpose(1, 2).flatten(2))

    def at(embedded):
        return embedded * math.sqrt(8) + sinusoids(torch.arange(embedded.shape[1]), 8).double()

    (read,), (write,) = model.encoder, model.decoder
    h = at(model.embed_x(x))
    h = model.norm_x(read.work(h + looked(read.attention, *[read.norm_1(h)] * 2)))
    s, back = at(model.embed_y(shifted(y, END))), torch.ones(4, 4).tril() > 0
    s = s + looked(write.attention, *[write.norm_1(s)] * 2, back)
    s = write.work(s + looked(write.attention_h, write.norm_h(s), h, turn=lambda q, t: q))
    torch.testing.assert_close(model(x, y), model.V(model.norm_y(s)), atol=1e-6, rtol=1e-6)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: TransformerEncoderDecoder(6, 5, 6, 2, 1, END), "n_hidden: expected a multiple"),
        (
            lambda: TransformerEncoderDecoder(6, 5, 8, 3, 1, END, positions="added"),
            "heads: expected a divisor of",
        ),
        (lambda: network(positions="alibi"), "positions: expected"),
        (lambda: TransformerEncoderDecoder(6, 5, 8, 2, 0, END), "blocks: expected an integer"),
        (lambda: TransformerEncoderDecoder(6, 5, 8, 2, 1, 5), "first: expected"),
        (lambda: TransformerEncoderDecoder(0, 5, 8, 2, 1, END), "n_x: expected an integer"),
        (lambda: network()(torch.tensor([[6]]), torch.tensor([[1]])), "x: expected"),
        (lambda: network()(torch.tensor([[1]]), torch.tensor([[5, 1]])), "y: expected"),
        (lambda: network()(torch.ones(2, 1).long(), torch.ones(1, 1).long()), "for each of 2 in x"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()

"""From both ends: against torch, and the bug of the reversed padding."""

from __future__ import annotations

import oracles
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from laws import CLOSE
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from rnn_course import RNN, ElmanCell, GRUCell, unroll
from rnn_course.networks.both_directions import Backwards, Bidirectional
from rnn_course.networks.dashed_edges import FeedbackTagger, Tagger
from rnn_course.padding import reversed_inside

TAU = [6, 1, 4, 3]


def twin(bi):
    """torch's module of the same kind and weights."""
    kind = {ElmanCell: nn.RNN, GRUCell: nn.GRU}[type(bi.forwards.cell)]
    there = kind(bi.n_in, bi.n_hidden // 2, batch_first=True, bidirectional=True).double()
    with torch.no_grad():
        for end, rnn in (("", bi.forwards), ("_reverse", bi.backwards)):
            one = oracles.torch_twin(rnn.cell)
            for name in ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0"):
                getattr(there, name + end).copy_(getattr(one, name))
    return there


@pytest.mark.parametrize("cell", ["elman", "gru after"])
@pytest.mark.parametrize("lengths", [None, TAU])
def test_it_is_torchs_values_and_gradients_ragged_too(cell, lengths):
    bi = Bidirectional(oracles.make(cell, seed=0), oracles.make(cell, seed=1))
    there = twin(bi)
    x = torch.randn(4, 6, 3).double().requires_grad_()
    out, (h_state, g_state) = bi(x, lengths=lengths)
    if lengths is None:
        expected, last = there(x)
    else:
        packed, last = there(
            pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
        )
        expected, _ = pad_packed_sequence(packed, batch_first=True)
    real = torch.arange(6) < torch.tensor(lengths or [6] * 4).unsqueeze(1)
    torch.testing.assert_close(out[real], expected[real], **CLOSE)
    torch.testing.assert_close(torch.stack([h_state, g_state]), last, **CLOSE)

    weight = torch.randn_like(expected)
    (mine,) = torch.autograd.grad((out * weight)[real].sum(), x, retain_graph=True)
    (theirs,) = torch.autograd.grad((expected * weight)[real].sum(), x, retain_graph=True)
    torch.testing.assert_close(mine, theirs, **CLOSE)
    (out * weight)[real].sum().backward()
    (expected * weight)[real].sum().backward()
    for end, rnn in (("", bi.forwards), ("_reverse", bi.backwards)):
        for name, other in (("U", "weight_ih_l0"), ("W", "weight_hh_l0")):
            torch.testing.assert_close(
                getattr(rnn.cell, name).grad, getattr(there, other + end).grad, **CLOSE
            )


def test_backwards_is_the_loop_from_each_own_end():
    cell = oracles.make("lstm")
    x = torch.randn(4, 6, 3).double()
    g, state = Backwards(cell)(x, lengths=TAU)
    for row, tau in enumerate(TAU):
        own, last = unroll(cell, x[row : row + 1, :tau].flip(1))
        torch.testing.assert_close(g[row, :tau], own[0].flip(0), **CLOSE)
        torch.testing.assert_close(state.h[row], last.h[0], **CLOSE)


@settings(deadline=None, max_examples=20)
@given(seed=st.integers(0, 1000), data=st.data())
def test_bug_reversed_padding_and_whatever_is_in_it(seed, data):
    torch.manual_seed(seed)
    B, T = 3, 5
    tau = torch.tensor(data.draw(st.lists(st.integers(1, T), min_size=B, max_size=B)))
    bi = Bidirectional(ElmanCell(2, 4), GRUCell(2, 3))
    x = torch.randn(B, T, 2)
    real = torch.arange(T) < tau.unsqueeze(1)
    rubbish = torch.where(real.unsqueeze(2), x, torch.nan)
    h, state = bi(x, lengths=tau)
    again, state_again = bi(rubbish, lengths=tau)
    assert torch.equal(h[real], again[real]) and torch.equal(state[1], state_again[1])
    for row in range(B):  # alone, and without any padding
        alone, _ = bi(x[row : row + 1, : tau[row]])
        torch.testing.assert_close(alone[0], h[row, : tau[row]])
    order = torch.randperm(B)
    torch.testing.assert_close(bi(x[order], lengths=tau[order])[0], h[order])


def test_each_half_looks_one_way():
    bi = Bidirectional(ElmanCell(2, 4), ElmanCell(2, 3)).double()
    x = torch.randn(1, 6, 2).double()
    out = bi(x)[0]
    for s in range(6):
        changed = x.clone()
        changed[:, s] += 1
        moved = (bi(changed)[0] != out)[0]
        assert moved[:, :4].any(1).tolist() == [t >= s for t in range(6)]
        assert moved[:, 4:].any(1).tolist() == [t <= s for t in range(6)]


def test_states_are_taken_and_handed_on():
    bi = Bidirectional(oracles.make("elman", seed=0), oracles.make("lstm", seed=1))
    x = torch.randn(2, 5, 3).double()
    whole, (h_state, g_state) = bi(x)
    _, (after_two, _) = bi(x[:, :2])
    _, (_, before_three) = bi(x[:, 2:])
    first, (_, g) = bi(x[:, :2], (None, before_three))
    rest, (h, _) = bi(x[:, 2:], (after_two, None))
    torch.testing.assert_close(torch.cat([first, rest], 1), whole, **CLOSE)
    torch.testing.assert_close(h, h_state, **CLOSE)
    torch.testing.assert_close(g.c, g_state.c, **CLOSE)


@given(st.lists(st.integers(1, 6), min_size=1, max_size=4))
def test_turned_round_twice_it_is_the_same(lengths):
    x = torch.arange(len(lengths) * 6).view(-1, 6)
    once = reversed_inside(x, lengths)
    assert torch.equal(reversed_inside(once, lengths), x)
    for row, turned, tau in zip(x.tolist(), once.tolist(), lengths, strict=True):
        assert turned == row[:tau][::-1] + row[tau:]
    assert torch.equal(reversed_inside(x), x.flip(1))


def test_a_tagger_takes_it_and_feedback_refuses_it():
    torch.manual_seed(0)
    bi = Bidirectional(ElmanCell(3, 4), ElmanCell(3, 5))
    x, tau = torch.randint(0, 6, (4, 6)), torch.tensor(TAU)
    for network, looks in (
        (bi, (True, True)),
        (Backwards(ElmanCell(3, 4)), (False, True)),
        (RNN(ElmanCell(3, 4)), (True, False)),
    ):
        tagger = Tagger(6, 3, network, 2)
        o = tagger(x, lengths=tau)
        changed = x.clone()
        changed[0, 2] = (changed[0, 2] + 1) % 6
        moved = (tagger(changed, lengths=tau) != o).any(2)
        assert (moved[0, 3:].all().item(), moved[0, :2].all().item()) == looks
        assert not moved[1:].any()
        assert torch.equal(tagger.write(x, lengths=tau).y[0], o[0].argmax(1))
    with pytest.raises(TypeError, match="cell: expected a Cell, got Bidirectional"):
        FeedbackTagger(6, 3, bi, 2)


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (
            lambda: Bidirectional(ElmanCell(2, 3), ElmanCell(3, 3)),
            ValueError,
            "backwards: expected n_in = 2, as forwards has, got 3",
        ),
        (lambda: Bidirectional(ElmanCell(2, 3), 3), TypeError, "cell: expected a Cell, got int"),
        (lambda: Bidirectional(*[ElmanCell(2, 3)] * 2), ValueError, "a cell of its own"),
        (
            lambda: Bidirectional(ElmanCell(2, 3), ElmanCell(2, 3))(torch.zeros(1, 2, 2), 3),
            TypeError,
            "state: expected a pair",
        ),
        (
            lambda: reversed_inside(torch.zeros(1, 2), [3]),
            ValueError,
            "lengths: expected 1 ≤ length",
        ),
    ],
)
def test_bad_input_is_named(make, error, message):
    with pytest.raises(error, match=message):
        make()

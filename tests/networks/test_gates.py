"""A gate removed: the cell's equation without it, and nothing else changed."""

from __future__ import annotations

import pytest
import torch
from laws import CLOSE, two_halves_are_the_whole_and_padding_is_never_seen

from rnn_course import RNN, ElmanCell, GRUCell, LSTMCell, unroll
from rnn_course.networks.gates import without

GATES = [(LSTMCell, "i"), (LSTMCell, "f"), (LSTMCell, "o"), (GRUCell, "r"), (GRUCell, "z")]


def by_hand(cell, gate, x):
    """The recurrence with that gate at 1, the update gate at 0, from the weights as they were."""
    H, out = cell.n_hidden, []
    for sequence in x:
        h = c = torch.zeros(H).double()
        for x_t in sequence:
            a, q = cell.b + cell.U @ x_t, cell.W @ h
            if isinstance(cell, LSTMCell):
                i, f, g, o = (a + q).split(H)
                i, f, o = (
                    torch.ones(H).double() if gate == name else s.sigmoid()
                    for name, s in zip("ifo", (i, f, o), strict=True)
                )
                c = f * c + i * g.tanh()
                h = o * c.tanh()
            else:
                r = 1 if gate == "r" else (a + q)[:H].sigmoid()
                z = 0 if gate == "z" else (a + q)[H : 2 * H].sigmoid()
                h = z * h + (1 - z) * torch.tanh(a[2 * H :] + r * (q[2 * H :] + cell.b_r))
            out.append(h)
    return torch.stack(out).view(len(x), -1, H)


@pytest.mark.parametrize(("kind", "gate"), GATES)
def test_the_recurrence_lacks_the_gate_and_its_rows_get_no_gradient(kind, gate):
    torch.manual_seed(0)
    whole, x = kind(3, 4).double(), torch.randn(2, 7, 3).double()
    if kind is GRUCell:
        torch.nn.init.normal_(whole.b_r)
    cell = kind(3, 4).double()
    cell.load_state_dict(whole.state_dict())
    assert without(cell, gate) is cell
    for run in (lambda: RNN(cell)(x)[0], lambda: unroll(cell, x)[0]):
        h = run()
        torch.testing.assert_close(h, by_hand(whole, gate, x), **CLOSE)
        assert not torch.allclose(h, RNN(whole)(x)[0])
        cell.zero_grad()
        h.pow(2).sum().backward()
        whole.zero_grad()
        by_hand(whole, gate, x).pow(2).sum().backward()
        block = {"i": 0, "f": 1, "o": 3, "r": 0, "z": 1}[gate]
        for name in ("U", "W", "b"):
            found = getattr(cell.parametrizations, name).original.grad
            torch.testing.assert_close(found, getattr(whole, name).grad, **CLOSE)
            assert not found[block * 4 : block * 4 + 4].any()
            assert found[: block * 4].any() or block == 0


@pytest.mark.parametrize(("kind", "gate"), GATES)
def test_padding_is_never_seen_and_the_state_is_that_at_the_end(kind, gate):
    torch.manual_seed(0)
    rnn = RNN(without(kind(2, 4), gate)).double()
    x, lengths = torch.randn(3, 7, 2).double(), torch.tensor([7, 2, 4])
    two_halves_are_the_whole_and_padding_is_never_seen(rnn, x, 3, lengths)
    by_step = unroll(rnn.cell, x, lengths=lengths)
    torch.testing.assert_close(rnn(x, lengths=lengths), by_step, **CLOSE)


def test_only_gates_that_are_there():
    with pytest.raises(ValueError, match="gate: expected one of r, z, got 'f'"):
        without(GRUCell(3, 4), "f")
    with pytest.raises(TypeError, match="cell: expected an LSTMCell or a GRUCell, got ElmanCell"):
        without(ElmanCell(3, 4), "f")

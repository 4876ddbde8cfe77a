"""Cells with layer normalisation: equal to a recurrence by hand, and blind to scale and shift."""

import numpy as np
import pytest
import torch
from torch.testing import assert_close

from rnn_course import RNN, ElmanCell, GRUCell, unroll
from rnn_course.networks.layer_norm import LayerNormCell, LayerNormGRUCell

KINDS = [LayerNormCell, LayerNormGRUCell]


def drawn(kind, n_in=3, n_hidden=5):
    torch.manual_seed(0)
    cell = kind(n_in, n_hidden).double()
    with torch.no_grad():
        for p in cell.parameters():
            p.copy_(torch.randn_like(p) * 0.7)
    return cell


def normal(a, gain):
    return gain * (a - a.mean()) / np.sqrt(((a - a.mean()) ** 2).mean() + 1e-5)


def sigmoid(a):
    return 1 / (1 + np.exp(-a))


def by_hand(cell, x):
    """h (T, n_hidden) of one sequence x (T, n_in), in NumPy."""
    p, H = {name: v.detach().numpy() for name, v in cell.named_parameters()}, cell.n_hidden
    h, out = np.zeros(H), []
    for x_t in x.numpy():
        ux, wh = p["U"] @ x_t, p["W"] @ h
        if isinstance(cell, LayerNormCell):
            h = np.tanh(p["b"] + normal(ux + wh, p["g"]))
        else:
            gates, new = slice(0, 2 * H), slice(2 * H, None)
            a, b = normal(ux[gates], p["g_U"][gates]), normal(wh[gates], p["g_W"][gates])
            r, z = np.split(sigmoid(p["b"][gates] + a + b), 2)
            a, b = normal(ux[new], p["g_U"][new]), normal(wh[new], p["g_W"][new])
            candidate = np.tanh(p["b"][new] + a + r * (b + p["b_r"]))
            h = z * h + (1 - z) * candidate
        out.append(h)
    return np.stack(out)


@pytest.mark.parametrize("kind", KINDS)
def test_it_is_the_recurrence_by_hand(kind):
    cell, x = drawn(kind), torch.randn(4, 7, 3).double()
    h, state = RNN(cell)(x)
    for i in range(4):
        assert_close(h[i], torch.from_numpy(by_hand(cell, x[i])))
    assert_close(state, h[:, -1])


@pytest.mark.parametrize("kind", KINDS)
def test_its_gradient_is_that_of_finite_differences(kind):
    cell, x = drawn(kind, 2, 4), torch.randn(2, 4, 2).double().requires_grad_()
    weights = [*cell.parameters()]
    assert torch.autograd.gradcheck(lambda x, *_: unroll(cell, x)[0], (x, *weights))


@pytest.mark.parametrize("kind", KINDS)
def test_the_scale_of_the_weights_does_not_matter(kind):
    """What the plain cell is most sensitive to: the size of U, and of W where it stands alone."""
    cell, x = drawn(kind), 10 * torch.randn(3, 6, 3).double()
    before, plain = RNN(cell)(x)[0], ElmanCell(3, 5).double()
    plain_before = RNN(plain)(x)[0]
    with torch.no_grad():
        for weights in (cell.U, cell.W, plain.U, plain.W):
            weights *= 20
    assert (RNN(cell)(x)[0] - before).abs().max() < 1e-3
    assert (RNN(plain)(x)[0] - plain_before).abs().max() > 0.1


def test_without_normalisation_the_gru_is_the_gru(monkeypatch):
    cell, plain = drawn(LayerNormGRUCell), GRUCell(3, 5).double()
    monkeypatch.setattr(
        cell, "_normalised", lambda a, g: [*(a * g).split([10, 5], dim=-1)], raising=True
    )
    with torch.no_grad():
        plain.U.copy_(cell.g_U[:, None] * cell.U)
        plain.W.copy_(cell.g_W[:, None] * cell.W)
        plain.b.copy_(cell.b)
        plain.b_r.copy_(cell.b_r)
    x = torch.randn(2, 6, 3).double()
    assert_close(unroll(cell, x)[0], RNN(plain)(x)[0])


@pytest.mark.parametrize("kind", KINDS)
def test_how_it_starts(kind):
    cell = kind(3, 5)
    gains = {name: p for name, p in cell.named_parameters() if name.startswith("g")}
    assert gains and all((p == 1).all() for p in gains.values())
    assert (cell.b == 0).all()
    for W in cell.W.split(5):
        assert_close(W @ W.T, torch.eye(5))


@pytest.mark.parametrize("kind", KINDS)
def test_a_size_that_cannot_be(kind):
    with pytest.raises(ValueError, match="n_hidden"):
        kind(3, 0)

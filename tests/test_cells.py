"""Each cell against torch.nn and against its recurrence in NumPy; values and gradients."""

from __future__ import annotations

import numpy as np
import oracles
import pytest
import torch

from rnn_course import Cell, DenseCell, ElmanCell, GRUCell, JordanCell, LSTMCell, unroll
from rnn_course.cells import LSTMState

WITH_TWIN = ["elman", "lstm", "gru after"]


@pytest.mark.parametrize("name", oracles.CELLS)
def test_equals_the_recurrence_by_hand_with_ragged_lengths(name):
    cell = oracles.make(name)
    x, lengths = torch.randn(4, 7, 3).double(), [7, 1, 4, 6]
    h, state = unroll(cell, x, lengths=lengths)
    last = state if isinstance(state, torch.Tensor) else state.h
    for i, length in enumerate(lengths):
        expected = oracles.by_hand(cell, x[i], length)
        np.testing.assert_allclose(h[i, :length].detach(), expected, atol=1e-12)
        np.testing.assert_allclose(last[i].detach(), expected[-1], atol=1e-12)


@pytest.mark.parametrize("name", WITH_TWIN)
def test_equals_torch_in_values_and_gradients(name):
    cell = oracles.make(name)
    twin = oracles.torch_twin(cell)
    x = torch.randn(4, 7, 3).double().requires_grad_()
    x_twin = x.detach().clone().requires_grad_()
    state = torch.randn(4, 5).double()
    if name == "lstm":
        state = LSTMState(state, torch.randn(4, 5).double())
    h, _ = unroll(cell, x, state)
    h_twin, _ = twin(x_twin, oracles.twin_state(state))
    torch.testing.assert_close(h, h_twin, atol=1e-12, rtol=0)
    g = torch.randn_like(h)
    h.backward(g)
    h_twin.backward(g)
    close = {"atol": 1e-11, "rtol": 1e-11}
    torch.testing.assert_close(x.grad, x_twin.grad, **close)
    torch.testing.assert_close(cell.U.grad, twin.weight_ih_l0.grad, **close)
    torch.testing.assert_close(cell.W.grad, twin.weight_hh_l0.grad, **close)
    torch.testing.assert_close(cell.b.grad, twin.bias_ih_l0.grad, **close)
    if name == "gru after":
        torch.testing.assert_close(cell.b_r.grad, twin.bias_hh_l0.grad[10:], **close)


@pytest.mark.parametrize("name", WITH_TWIN)
def test_equals_torch_with_packed_ragged_lengths(name):
    cell = oracles.make(name)
    twin = oracles.torch_twin(cell)
    x, lengths = torch.randn(5, 6, 3).double(), torch.tensor([2, 6, 1, 5, 3])
    h, state = unroll(cell, x, lengths=lengths)
    packed = torch.nn.utils.rnn.pack_padded_sequence(
        x, lengths, batch_first=True, enforce_sorted=False
    )
    out, last = twin(packed)
    h_twin, _ = torch.nn.utils.rnn.pad_packed_sequence(out, batch_first=True)
    inside = torch.arange(6) < lengths[:, None]
    torch.testing.assert_close(h[inside], h_twin[inside], atol=1e-12, rtol=0)
    mine = (state,) if isinstance(state, torch.Tensor) else state
    theirs = (last,) if isinstance(last, torch.Tensor) else last
    for a, b in zip(mine, theirs, strict=True):
        torch.testing.assert_close(a, b[0], atol=1e-12, rtol=0)
    loss, loss_twin = (h[inside] ** 2).sum(), (h_twin[inside] ** 2).sum()
    loss.backward()
    loss_twin.backward()
    torch.testing.assert_close(cell.W.grad, twin.weight_hh_l0.grad, atol=1e-11, rtol=1e-11)
    torch.testing.assert_close(cell.U.grad, twin.weight_ih_l0.grad, atol=1e-11, rtol=1e-11)


@pytest.mark.parametrize("name", oracles.CELLS)
def test_gradcheck(name):
    cell = oracles.make(name, n_hidden=4)
    x = torch.randn(2, 4, 3).double().requires_grad_()
    weights = dict(cell.named_parameters())

    def h_of(x, *values):
        return torch.func.functional_call(
            _Unrolled(cell),
            {f"cell.{k}": v for k, v in zip(weights, values, strict=True)},
            (x, [4, 2]),
        )

    assert torch.autograd.gradcheck(h_of, (x, *weights.values()))


class _Unrolled(torch.nn.Module):
    def __init__(self, cell):
        super().__init__()
        self.cell = cell

    def forward(self, x, lengths):
        return unroll(self.cell, x, lengths=lengths)[0]


@pytest.mark.parametrize("name", oracles.CELLS)
def test_a_step_is_the_first_step_of_the_sequence(name):
    cell = oracles.make(name)
    x = torch.randn(4, 3, 3).double()
    h, _ = unroll(cell, x)
    h_1, state = cell(x[:, 0])
    h_2, _ = cell(x[:, 1], state)
    torch.testing.assert_close(torch.stack([h_1, h_2], 1), h[:, :2], atol=1e-13, rtol=0)


def test_jordan_equals_its_recurrence_by_hand():
    torch.manual_seed(0)
    cell = JordanCell(3, 5, 2).double()
    with torch.no_grad():
        cell.b.normal_()
    x = torch.randn(2, 6, 3).double()
    h, o_last = unroll(cell, x)
    U, W, b = (p.detach().numpy() for p in (cell.U, cell.W, cell.b))
    V, c = cell.V.weight.detach().numpy(), cell.V.bias.detach().numpy()
    for i in range(2):
        o = np.zeros(2)
        for t, x_t in enumerate(x[i].numpy()):
            h_t = np.tanh(b + W @ o + U @ x_t)
            o = c + V @ h_t
            np.testing.assert_allclose(h[i, t].detach(), h_t, atol=1e-13)
        np.testing.assert_allclose(o_last[i].detach(), o, atol=1e-13)


def test_gru_resets_before_and_after_differ():
    before, after = oracles.make("gru before"), oracles.make("gru after")
    after.load_state_dict(before.state_dict(), strict=False)
    with torch.no_grad():
        after.b_r.zero_()
    x = torch.randn(2, 5, 3).double()
    assert (unroll(before, x)[0] - unroll(after, x)[0]).abs().max() > 1e-3
    assert before.b_r is None and "b_r" not in dict(before.named_parameters())


def test_weights_start_as_promised():
    torch.manual_seed(0)
    for cell in (ElmanCell(6, 8), LSTMCell(6, 8), GRUCell(6, 8)):
        for W in cell.W.split(8):
            torch.testing.assert_close(W @ W.T, torch.eye(8), atol=1e-5, rtol=0)
        bound = (6 / (6 + 8)) ** 0.5
        assert 0.8 * bound < cell.U.abs().max() <= bound
    assert (ElmanCell(6, 8).b == 0).all()
    gates = LSTMCell(6, 8, forget_bias=3.0).b.split(8)
    assert (gates[1] == 3).all() and all((gates[k] == 0).all() for k in (0, 2, 3))


def test_a_reader_can_set_the_weights():
    cell = ElmanCell(1, 1)
    with torch.no_grad():
        cell.U.fill_(1.0)
        cell.W.fill_(0.5)
        cell.b.fill_(-0.25)
    h, state = cell(torch.tensor([[2.0]]), torch.tensor([[3.0]]))
    assert h.item() == pytest.approx(np.tanh(-0.25 + 0.5 * 3.0 + 2.0))
    assert state is h


def test_a_cell_that_lacks_a_part_of_the_contract_says_so():
    with pytest.raises(NotImplementedError, match="DenseCell must define step"):
        DenseCell(2, 3)(torch.zeros(1, 2))
    bare = Cell(2, 3)
    for part, call in (
        ("project", lambda: bare.project(torch.zeros(1, 2))),
        ("step", lambda: bare.step(torch.zeros(1, 3), None)),
        ("initial_state", lambda: bare.initial_state(1)),
    ):
        with pytest.raises(NotImplementedError, match=rf"Cell must define {part}\("):
            call()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: ElmanCell(0, 3), "n_in: expected an integer of at least 1, got 0"),
        (lambda: ElmanCell(2, 2.5), "n_hidden: expected an integer of at least 1, got 2.5"),
        (lambda: LSTMCell(2, -1), "n_hidden: expected .* got -1"),
        (lambda: LSTMCell(2, 3, forget_bias=float("nan")), "forget_bias: expected a finite number"),
        (lambda: GRUCell(2, 3, reset="never"), "reset: expected one of after, before, got 'never'"),
        (lambda: JordanCell(2, 3, True), "n_out: expected .* got True"),
    ],
)
def test_bad_sizes_are_named(make, message):
    with pytest.raises(ValueError, match=message):
        make()

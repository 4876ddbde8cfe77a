"""The loop over time: the kernel against the plain loop, properties, bad input."""

from __future__ import annotations

import oracles
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from laws import CLOSE
from oracles import names_of_nodes
from torch import nn

import rnn_course.cells
from rnn_course import (
    RNN,
    Cell,
    DenseCell,
    ElmanCell,
    GRUCell,
    JordanCell,
    LSTMCell,
    MemorylessCell,
    Summariser,
    unroll,
)
from rnn_course.cells import LSTMState
from rnn_course.kernels import cells

ALL = {
    **oracles.CELLS,
    "jordan": lambda n_in, H: JordanCell(n_in, H, 2),
    "memoryless": MemorylessCell,
}


def test_every_cell_is_tested_here():
    known = {
        value
        for value in vars(rnn_course.cells).values()
        if isinstance(value, type) and issubclass(value, Cell)
    }
    missing = known - {type(make(3, 4)) for make in ALL.values()} - {Cell, DenseCell}
    assert not missing, f"add to CELLS in oracles.py, with its recurrence in by_hand: {missing}"


def grads(h, state, weights, x):
    g = torch.linspace(-1, 1, h.numel(), dtype=h.dtype).view_as(h)
    return torch.autograd.grad((h * g).sum() + (state**2).sum(), [x, *weights])


# --- the kernel is the plain loop ---------------------------------------------------------------

KERNELS = {"elman": "ElmanBPTT", "gru after": "GRUBPTT"}


@pytest.mark.parametrize("name", KERNELS)
@pytest.mark.parametrize("lengths", [None, [6, 1, 4, 3]])
@pytest.mark.parametrize("given_state", [False, True])
def test_kernel_equals_the_plain_loop(name, lengths, given_state):
    cell = oracles.make(name)
    x = torch.randn(4, 6, 3).double().requires_grad_()
    h0 = torch.randn(4, 5).double().requires_grad_() if given_state else None
    weights = [*cell.parameters()] + ([h0] if given_state else [])
    h, state = RNN(cell)(x, h0, lengths)
    h_plain, state_plain = unroll(cell, x, h0, lengths)
    assert KERNELS[name] in names_of_nodes(h) and KERNELS[name] not in names_of_nodes(h_plain)
    torch.testing.assert_close(h, h_plain, **CLOSE)
    torch.testing.assert_close(state, state_plain, **CLOSE)
    mine, plain = grads(h, state, weights, x), grads(h_plain, state_plain, weights, x)
    for a, b in zip(mine, plain, strict=True):
        torch.testing.assert_close(a, b, **CLOSE)


@pytest.mark.parametrize(
    ("dtype", "close"), [(torch.float64, CLOSE), (torch.float32, {"atol": 2e-5, "rtol": 2e-5})]
)
@pytest.mark.parametrize("lengths", [None, [6, 1, 4, 3]])
def test_torchs_lstm_equals_the_plain_loop(dtype, close, lengths):
    """h, both parts of the state (c stands still in the padding) and every gradient."""
    cell = oracles.make("lstm").to(dtype)
    x = torch.randn(4, 6, 3, dtype=dtype, requires_grad=True)
    start = LSTMState(*torch.randn(2, 4, 5, dtype=dtype, requires_grad=True).unbind(0))
    found = []
    for run in (RNN(cell), lambda *given: unroll(cell, *given)):
        h, state = run(x, start, lengths)
        weighted = (h * torch.linspace(-1, 1, h.numel(), dtype=dtype).view_as(h)).sum()
        loss = weighted + state.h.sin().sum() + state.c.pow(2).sum()
        found.append([h, *state, *torch.autograd.grad(loss, [x, *start, *cell.parameters()])])
        assert isinstance(state, LSTMState)
    for mine, plain in zip(*found, strict=True):
        torch.testing.assert_close(mine, plain, **close)


def test_an_lstm_runs_no_step_of_its_own():
    cell = LSTMCell(3, 4)
    assert "SigmoidBackward0" not in names_of_nodes(RNN(cell)(torch.randn(2, 5, 3))[0])
    assert "SigmoidBackward0" in names_of_nodes(unroll(cell, torch.randn(2, 5, 3))[0])


@pytest.mark.parametrize("lengths", [None, [6, 1, 4, 3]])
def test_without_memory_all_steps_at_once_are_the_plain_loop(lengths):
    torch.manual_seed(0)
    cell = MemorylessCell(3, 5).double()
    x = torch.randn(4, 6, 3).double().requires_grad_()
    h, state = RNN(cell)(x, lengths=lengths)
    h_plain, state_plain = unroll(cell, x, lengths=lengths)
    assert names_of_nodes(h).count("TanhBackward0") == 1
    assert names_of_nodes(h_plain).count("TanhBackward0") == 6
    assert state.shape == state_plain.shape == (4, 0)
    torch.testing.assert_close(h, h_plain, **CLOSE)
    inside = torch.arange(6) < torch.tensor(lengths or [6] * 4).unsqueeze(1)
    by_equation = torch.tanh(cell.b + torch.einsum("hi,bti->bth", cell.U, x))
    torch.testing.assert_close(h[inside], by_equation[inside], **CLOSE)
    for a, b in zip(
        *(torch.autograd.grad(y.pow(2).sum(), [x, cell.U, cell.b]) for y in (h, h_plain)),
        strict=True,
    ):
        torch.testing.assert_close(a, b, **CLOSE)


@pytest.mark.parametrize(
    ("kernel", "shapes"),
    [(cells.ElmanBPTT, [(4, 3), (4, 4), (4,)]), (cells.GRUBPTT, [(12, 3), (12, 4), (12,), (4,)])],
)
def test_kernel_passes_gradcheck(kernel, shapes):
    torch.manual_seed(0)
    inputs = [
        torch.randn(s, dtype=torch.float64, requires_grad=True)
        for s in [(2, 4, 3), (2, 4), *shapes]
    ]
    assert torch.autograd.gradcheck(kernel.apply, inputs)


@pytest.mark.parametrize("name", KERNELS)
@pytest.mark.parametrize("T", [1, 2])
def test_kernel_at_the_shortest_sequences(name, T):
    cell = oracles.make(name)
    x = torch.randn(1, T, 3).double().requires_grad_()
    h, state = RNN(cell)(x)
    h_plain, state_plain = unroll(cell, x)
    torch.testing.assert_close(h, h_plain, **CLOSE)
    for a, b in zip(
        grads(h, state, [*cell.parameters()], x),
        grads(h_plain, state_plain, [*cell.parameters()], x),
        strict=True,
    ):
        torch.testing.assert_close(a, b, **CLOSE)


@pytest.mark.parametrize("name", KERNELS)
def test_kernel_takes_strided_input_and_expanded_gradients(name):
    cell = oracles.make(name)
    x = torch.randn(3, 6, 4).double().transpose(0, 1)[..., :3]  # nowhere contiguous
    RNN(cell)(x)[0].sum().backward()  # a gradient of stride 0
    mine = cell.W.grad.clone()
    cell.W.grad = None
    unroll(cell, x)[0].sum().backward()
    torch.testing.assert_close(mine, cell.W.grad, **CLOSE)


def test_a_gru_that_resets_before_the_product_runs_the_plain_loop():
    cell = GRUCell(3, 4, reset="before")
    assert "GRUBPTT" not in names_of_nodes(RNN(cell)(torch.randn(2, 5, 3))[0])


@pytest.mark.parametrize("name", KERNELS)
def test_kernel_refuses_a_second_derivative_and_a_changed_output(name):
    cell = oracles.make(name)
    x = torch.randn(2, 3, 3).double().requires_grad_()
    h, _ = RNN(cell)(x)
    with pytest.raises(NotImplementedError, match="no second derivative"):
        torch.autograd.grad(h.sum(), x, create_graph=True)
    with pytest.raises(RuntimeError, match="modified inplace"):
        h.mul_(2)


class _Relu(ElmanCell):
    def step(self, a_t, state):
        h = torch.relu(a_t + state @ self.W.T)
        return h, h


def test_a_recurrence_written_anew_never_runs_the_kernel(monkeypatch):
    x = torch.randn(2, 5, 3)
    relu = _Relu(3, 4)
    torch.testing.assert_close(RNN(relu)(x)[0], unroll(relu, x)[0])
    cell = ElmanCell(3, 4)
    before = RNN(cell)(x)[0]
    cell.step = lambda a_t, state: (a_t, a_t)  # on the one cell
    assert torch.equal(RNN(cell)(x)[0], cell.project(x))
    cell = ElmanCell(3, 4)
    monkeypatch.setattr(ElmanCell, "step", _Relu.step)  # on the class
    assert (RNN(cell)(x)[0] >= 0).all() and (before < 0).any()


# --- properties of every cell -------------------------------------------------------------------

shapes = {
    "B": st.integers(1, 4),
    "T": st.integers(1, 7),
    "n_in": st.integers(1, 4),
    "H": st.integers(1, 5),
    "seed": st.integers(0, 10_000),
}


@pytest.mark.parametrize("name", ALL)
@settings(deadline=None, max_examples=25, derandomize=True)
@given(**shapes, data=st.data())
def test_properties(name, B, T, n_in, H, seed, data):
    torch.manual_seed(seed)
    rnn = RNN(ALL[name](n_in, H)).double()
    x = torch.randn(B, T, n_in).double()
    h, state = rnn(x)
    assert h.shape == (B, T, H)

    # cut in two, with the state handed over
    cut = data.draw(st.integers(1, T), label="cut")
    first, middle = rnn(x[:, :cut])
    if cut < T:
        second, end = rnn(x[:, cut:], middle)
        torch.testing.assert_close(torch.cat([first, second], 1), h, **CLOSE)
        torch.testing.assert_close(end, state, **CLOSE)

    # causal: what comes at t moves nothing before t
    t = data.draw(st.integers(0, T - 1), label="t")
    moved = x.clone()
    moved[:, t] += 1
    torch.testing.assert_close(rnn(moved)[0][:, :t], h[:, :t], **CLOSE)

    # the order of the batch does not matter
    order = torch.randperm(B)
    torch.testing.assert_close(rnn(x[order])[0], h[order], **CLOSE)

    # padding does not matter: not how much of it, not what stands in it
    lengths = torch.tensor(data.draw(st.lists(st.integers(1, T), min_size=B, max_size=B)))
    h, state = rnn(x, lengths=lengths)
    padded = torch.cat([x, torch.randn(B, 2, n_in)], 1).double()
    padded[torch.arange(T + 2) >= lengths[:, None]] = float("nan")
    h_padded, state_padded = rnn(padded, lengths=lengths)
    torch.testing.assert_close(h_padded[:, :T], h, **CLOSE)
    torch.testing.assert_close(state_padded, state, **CLOSE)
    for i, length in enumerate(lengths):  # each as if it were alone
        alone, state_alone = rnn(x[i : i + 1, :length])
        torch.testing.assert_close(h[i : i + 1, :length], alone, **CLOSE)
        torch.testing.assert_close(h[i, length - 1 :], h[i, length - 1].expand(T - length + 1, H))
        part = state if isinstance(state, torch.Tensor) else state.h
        part_alone = state_alone if isinstance(state_alone, torch.Tensor) else state_alone.h
        torch.testing.assert_close(part[i : i + 1], part_alone, **CLOSE)
    rnn.zero_grad()
    (h_padded**2).sum().backward()
    assert all(p.grad is None or p.grad.isfinite().all() for p in rnn.parameters())


# --- famous bugs --------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ALL)
def test_bug_no_non_linearity(name):
    """A linear recurrence obeys h(x + y) + h(0) = h(x) + h(y)."""
    torch.manual_seed(0)
    rnn = RNN(ALL[name](3, 5)).double()
    x, y = torch.randn(2, 1, 6, 3).double()
    defect = rnn(x + y)[0] + rnn(0 * x)[0] - rnn(x)[0] - rnn(y)[0]
    assert defect.abs().max() > 0.05


@pytest.mark.parametrize("name", [name for name in ALL if name != "memoryless"])
def test_bug_state_that_always_starts_at_zero(name):
    torch.manual_seed(0)
    rnn = RNN(ALL[name](3, 5)).double()
    x, y = torch.randn(2, 1, 6, 3).double()
    y[:, 1:] = x[:, 1:]  # they differ at step 1 only
    assert (rnn(x)[0] - rnn(y)[0])[:, 3].abs().max() > 1e-3


@pytest.mark.parametrize("name", [name for name in ALL if name != "memoryless"])
def test_bug_hidden_state_detached(name):
    torch.manual_seed(0)
    rnn = RNN(ALL[name](3, 5)).double()
    x = torch.randn(1, 6, 3).double().requires_grad_()
    (dx,) = torch.autograd.grad(rnn(x)[0][:, -1].sum(), x)
    assert (dx.abs().amax(2) > 1e-8).all()


def test_bug_summary_taken_from_the_padding():
    torch.manual_seed(0)
    net = Summariser(6, 4, ElmanCell(4, 5), 3)
    x = torch.tensor([[1, 2, 3, 0, 0], [1, 2, 3, 4, 5]])
    torch.testing.assert_close(net(x, [3, 5])[0], net(x[:1, :3])[0])
    assert (net(x, [3, 5])[0] - net(x)[0]).abs().max() > 1e-3


def test_a_flag_in_the_first_step_is_learnt():
    """Tell at step 12 which of two symbols stood at step 1."""
    torch.manual_seed(0)
    net = nn.ModuleDict({"rnn": RNN(GRUCell(2, 12)), "V": nn.Linear(12, 2)})
    optimiser = torch.optim.Adam(net.parameters(), lr=1e-2)
    for _ in range(150):
        y = torch.randint(2, (64,))
        x = torch.randn(64, 12, 2) * 0.3
        x[:, 0, 0] += 2.0 * y - 1.0
        loss = nn.functional.cross_entropy(net["V"](net["rnn"](x)[0][:, -1]), y)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    assert loss.item() < 0.05


# --- bad input ----------------------------------------------------------------------------------

X = torch.zeros(2, 5, 3)


@pytest.mark.parametrize(
    "run",
    [lambda c, *a, **k: unroll(c, *a, **k), lambda c, *a, **k: RNN(c)(*a, **k)],
    ids=["unroll", "RNN"],
)
@pytest.mark.parametrize(
    ("args", "kwargs", "error", "message"),
    [
        ((X[0],), {}, ValueError, r"x: expected shape \(B, T, n_in\), got \(5, 3\)"),
        ((X[:, :, :2],), {}, ValueError, "x: expected n_in = 3 features, got 2"),
        (
            (X.double(),),
            {},
            TypeError,
            "x: expected the weights' dtype torch.float32, got torch.float",
        ),
        (
            (X.long(),),
            {},
            TypeError,
            "x: expected the weights' dtype torch.float32, got torch.int64",
        ),
        ((X.to("meta"),), {}, ValueError, "x: expected the weights' device cpu, got meta"),
        ((X.numpy(),), {}, TypeError, "x: expected a tensor of shape .* got ndarray"),
        ((X[:0],), {}, ValueError, r"x: expected B of at least 1, got \(0, 5, 3\)"),
        ((X[:, :0],), {}, ValueError, r"x: expected T of at least 1, got \(2, 0, 3\)"),
        ((X, torch.zeros(2, 3)), {}, ValueError, "state: expected n = 4 features, got 3"),
        ((X, torch.zeros(3, 4)), {}, ValueError, "state: expected B = 2 sequences, as in x, got 3"),
        ((X, torch.zeros(1, 2, 4)), {}, ValueError, r"state: expected shape \(B, n\)"),
        (
            (X,),
            {"lengths": [5, 0]},
            ValueError,
            "lengths: expected 1 ≤ length ≤ 5 .* got 0 at index 1",
        ),
        ((X,), {"lengths": [-2, 5]}, ValueError, "lengths: .* got -2 at index 0"),
        ((X,), {"lengths": [5, 6]}, ValueError, "lengths: .* got 6 at index 1"),
        (
            (X,),
            {"lengths": [5]},
            ValueError,
            r"lengths: expected one for each of 2 .* shape \(1,\)",
        ),
        (
            (X,),
            {"lengths": [5.0, 2.0]},
            TypeError,
            "lengths: expected whole numbers, got torch.float",
        ),
        ((X,), {"lengths": ["a", "b"]}, TypeError, "lengths: expected whole numbers, got"),
    ],
)
def test_bad_input_is_named(run, args, kwargs, error, message):
    with pytest.raises(error, match=message):
        run(ElmanCell(3, 4), *args, **kwargs)


def test_bad_state_of_an_lstm_is_named():
    rnn = RNN(oracles.CELLS["lstm"](3, 4))
    with pytest.raises(TypeError, match=r"state: expected LSTMState\('h', 'c'\), got Tensor"):
        rnn(X, torch.zeros(2, 4))
    with pytest.raises(ValueError, match="state.c: expected n = 4 features, got 3"):
        rnn(X, (torch.zeros(2, 4), torch.zeros(2, 3)))


def test_bad_cells_are_named():
    with pytest.raises(TypeError, match="cell: expected a Cell, got Linear"):
        RNN(nn.Linear(2, 2))
    with pytest.raises(TypeError, match="cell: expected a Cell, got Linear"):
        unroll(nn.Linear(3, 3), X)
    with pytest.raises(ValueError, match="x_t: expected n_in = 3 features, got 4"):
        ElmanCell(3, 4)(torch.zeros(2, 4))


@pytest.mark.parametrize(
    ("x", "error", "message"),
    [
        (torch.zeros(2, 3), TypeError, "x: expected an int64 tensor of symbols, got torch.float32"),
        ([[1, 2]], TypeError, "x: expected an int64 tensor of symbols, got list"),
        (torch.tensor([1, 2]), ValueError, r"x: expected shape \(B, T\), not empty, got \(2,\)"),
        (torch.zeros(0, 3).long(), ValueError, r"x: expected shape \(B, T\), not empty"),
        (torch.tensor([[1, 6]]), ValueError, "x: expected symbols 0 … 5, got 1 … 6"),
        (torch.tensor([[-1, 5]]), ValueError, "x: expected symbols 0 … 5, got -1 … 5"),
    ],
)
def test_bad_symbols_are_named(x, error, message):
    with pytest.raises(error, match=message):
        Summariser(6, 4, ElmanCell(4, 5), 3)(x)


def test_summariser_checks_its_cell():
    with pytest.raises(ValueError, match="cell: expected n_in = n_embed = 4, got n_in = 3"):
        Summariser(6, 4, ElmanCell(3, 5), 3)
    with pytest.raises(TypeError, match="cell: expected a Cell, got GRU"):
        Summariser(6, 4, nn.GRU(4, 5), 3)


def test_subclasses_need_only_a_step():
    class Sum(DenseCell):
        def step(self, a_t, state):
            return state + a_t, state + a_t

    rnn = RNN(Sum(2, 3))
    x = torch.randn(2, 4, 2)
    torch.testing.assert_close(rnn(x)[0], rnn.cell.project(x).cumsum(1))

"""Cells for long gaps: against their equations by hand, and what each promises about gradients."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from laws import CLOSE, two_halves_are_the_whole_and_padding_is_never_seen
from oracles import names_of_nodes

from rnn_course import RNN, ElmanCell, LSTMCell, MemorylessCell, unroll
from rnn_course.networks import initial
from rnn_course.networks.remedies import LeakyCell, ReLUCell, SkipCell

MAKE = {
    "relu": ReLUCell,
    "leaky": lambda n, H: LeakyCell(n, H, 20),
    "skip": lambda n, H: SkipCell(n, H, 3),
}


def by_hand(name, cell, x):
    """The recurrence as the docstring says it, a sequence and a step at a time."""
    out = []
    for sequence in x:
        h = [torch.zeros(cell.n_hidden).double()]  # h[t], h[0] is given
        for x_t in sequence:
            a = cell.b + cell.U @ x_t
            if name == "relu":
                h.append((a + cell.W @ h[-1]).clamp(min=0))
            elif name == "leaky":
                h.append(cell.alpha * h[-1] + (1 - cell.alpha) * (a + cell.W @ h[-1]).tanh())
            else:
                W, W_d = cell.W.chunk(2, dim=1)
                before = h[len(h) - cell.d] if len(h) >= cell.d else h[0]
                h.append((a + W @ h[-1] + W_d @ before).tanh())
        out.append(torch.stack(h[1:]))
    return torch.stack(out)


@pytest.mark.parametrize("name", MAKE)
def test_the_recurrence_is_that_of_the_equation(name):
    torch.manual_seed(0)
    cell = MAKE[name](3, 5).double()
    x = torch.randn(2, 9, 3).double().requires_grad_()
    h, truth = RNN(cell)(x)[0], by_hand(name, cell, x)
    torch.testing.assert_close(h, truth, **CLOSE)
    inputs = [x, *cell.parameters()]
    for mine, hand in zip(
        *(torch.autograd.grad(y.pow(2).sum(), inputs) for y in (h, truth)), strict=True
    ):
        torch.testing.assert_close(mine, hand, **CLOSE)


@pytest.mark.parametrize("name", MAKE)
@given(T=st.integers(1, 8), cut=st.integers(1, 8), seed=st.integers(0, 1000))
def test_cut_in_two_and_padding_never_matters(name, T, cut, seed):
    torch.manual_seed(seed)
    two_halves_are_the_whole_and_padding_is_never_seen(
        RNN(MAKE[name](2, 4)).double(),
        torch.randn(3, T, 2).double(),
        cut,
        torch.randint(1, T + 1, (3,)),
    )


def reaches_back(cell, steps=60):
    """‖∂h^(T)/∂x^(1)‖ of a network that reads noise."""
    torch.manual_seed(1)
    x = (0.1 * torch.randn(1, steps, cell.n_in)).requires_grad_()
    h_T = unroll(cell, x)[0][0, -1]
    return torch.autograd.grad(h_T @ torch.randn_like(h_T), x)[0][0, 0].norm().item()


def test_what_the_remedies_are_for():
    """The past reaches further than through a plain network of the same W scale."""
    torch.manual_seed(0)
    plain = reaches_back(initial.orthogonal(ElmanCell(3, 32), 0.9))
    assert reaches_back(LeakyCell(3, 32, 60)) > 10 * plain
    assert reaches_back(SkipCell(3, 32, 10)) > 10 * plain
    assert reaches_back(ReLUCell(3, 32)) > 10 * plain


def test_the_identity_keeps_numbers_and_time_constants_are_what_they_say():
    cell = ReLUCell(1, 4)
    x = torch.zeros(1, 30, 1)
    state = torch.tensor([[1.0, 2.0, 3.0, 0.5]])
    assert torch.equal(RNN(cell)(x, state)[1], state)  # b = 0, W = I
    leaky = LeakyCell(1, 3, 100)
    torch.testing.assert_close(1 / (1 - leaky.alpha), torch.tensor([1.0, 10.0, 100.0]))
    with torch.no_grad():
        leaky.W.zero_()
    left = RNN(leaky)(torch.zeros(1, 10, 1), torch.ones(1, 3))[1]
    torch.testing.assert_close(left, torch.tensor([[0.0, 0.9**10, 0.99**10]]))
    assert "alpha" in leaky.state_dict()  # saved with the weights


def test_both_matrices_of_a_skip_start_orthonormal_together():
    W = SkipCell(2, 6, 4).W
    torch.testing.assert_close(W @ W.T, torch.eye(6), atol=1e-6, rtol=0)


def test_no_remedy_runs_a_kernel_of_the_plain_cell():
    for make in MAKE.values():
        assert "ElmanBPTT" not in names_of_nodes(RNN(make(2, 3))(torch.randn(1, 4, 2))[0])


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: LeakyCell(2, 3, 0.5),
            "slowest: expected a number of steps of at least 1, got 0.5",
        ),
        (lambda: LeakyCell(2, 3, float("inf")), "slowest: expected"),
        (lambda: SkipCell(2, 3, 1), "d: expected at least 2 steps, got 1"),
        (lambda: SkipCell(2, 0, 3), "n_hidden: expected an integer of at least 1, got 0"),
        (lambda: ReLUCell(0, 3), "n_in: expected an integer of at least 1, got 0"),
    ],
)
def test_bad_numbers_are_named(make, message):
    with pytest.raises(ValueError, match=message):
        make()


# --- initial ---------------------------------------------------------------------------------


@pytest.mark.parametrize("radius", [0.5, 1.0, 1.3])
def test_radii_and_singular_values(radius):
    torch.manual_seed(0)
    cell = LSTMCell(2, 24)
    before = cell.U.clone(), cell.b.clone()
    for block in initial.orthogonal(cell, radius).W.split(24):
        torch.testing.assert_close(torch.linalg.svdvals(block), torch.full((24,), radius))
        assert initial.spectral_radius(block) == pytest.approx(radius, rel=1e-4)
    for block in initial.gaussian(cell, radius).W.split(24):
        assert initial.spectral_radius(block) == pytest.approx(radius, rel=1e-4)
        assert initial.largest_singular_value(block) > 1.4 * radius
    for block in initial.identity(cell, radius).W.split(24):
        assert torch.equal(block, radius * torch.eye(24))
    assert torch.equal(cell.U, before[0]) and torch.equal(cell.b, before[1])
    assert cell.W.requires_grad and cell.W.is_leaf


def test_as_torch_starts():
    torch.manual_seed(0)
    cell = initial.as_torch(ElmanCell(300, 400))
    for p in cell.parameters():
        assert p.abs().max() <= 1 / 20 and p.std().item() == pytest.approx(1 / 20 / 3**0.5, rel=0.1)
    assert initial.spectral_radius(cell.W) == pytest.approx(3**-0.5, rel=0.1)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda: initial.orthogonal(torch.nn.Linear(2, 2)),
            TypeError,
            "cell: expected a DenseCell",
        ),
        (lambda: initial.gaussian(ElmanCell(2, 3), 0), ValueError, "radius: expected a positive"),
        (
            lambda: initial.identity(ElmanCell(2, 3), float("nan")),
            ValueError,
            "scale: expected a pos",
        ),
        (
            lambda: initial.identity(MemorylessCell(2, 3)),
            ValueError,
            "cell: expected W with 3 columns",
        ),
        (lambda: initial.as_torch(None), TypeError, "cell: expected a Cell, got NoneType"),
    ],
)
def test_bad_calls_are_named(call, error, message):
    with pytest.raises(error, match=message):
        call()

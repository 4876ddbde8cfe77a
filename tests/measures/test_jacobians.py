"""The gradient taken apart by time: Jacobians, their products, norms and bounds."""

from typing import NamedTuple

import pytest
import torch
from laws import CLOSE
from oracles import CELLS, make
from torch import Tensor

from rnn_course import DenseCell, ElmanCell, GRUCell, LSTMCell, MemorylessCell, unroll
from rnn_course.cells import JordanCell
from rnn_course.measures.dependence import (
    gradient_bounds,
    gradient_norms,
    gradient_terms,
    jacobian_products,
    jacobians,
)


class Nest(NamedTuple):
    """A state of two cells."""

    below: object
    above: Tensor


class Stacked(DenseCell):
    """Two levels, the lower one an LSTM: a cell whose state has states in it."""

    def __init__(self, n_in, n_hidden):
        super().__init__(n_in, n_hidden)
        self.below, self.above = LSTMCell(n_in, n_hidden), ElmanCell(n_hidden, n_hidden)

    def project(self, x):
        return self.below.project(x)

    def step(self, a_t, state):
        h, below = self.below.step(a_t, state.below)
        h, above = self.above.step(self.above.project(h), state.above)
        return h, Nest(below, above)

    def initial_state(self, batch):
        return Nest(self.below.initial_state(batch), self.above.initial_state(batch))

    def state_or_initial(self, state, batch):
        return self.initial_state(batch) if state is None else state


class ListCell(Stacked):
    """The same with its state in a plain tuple."""

    def step(self, a_t, state):
        h, new = super().step(a_t, Nest(*state))
        return h, tuple(new)

    def initial_state(self, batch):
        return tuple(super().initial_state(batch))


def cell_of(name):
    if name in CELLS:
        return make(name)
    torch.manual_seed(0)
    return {
        "jordan": lambda: JordanCell(3, 5, 4),
        "stacked": lambda: Stacked(3, 5),
        "tuple": lambda: ListCell(3, 5),
    }[name]().double()


ALL = [*CELLS, "jordan", "stacked", "tuple"]


def flat(state):
    return state if isinstance(state, Tensor) else torch.cat([flat(s) for s in state], dim=-1)


def inputs(B=2, T=6):
    return torch.randn(B, T, 3, generator=torch.Generator().manual_seed(1)).double()


def loss_of(state):
    """Any scalar of the state that is not linear in it."""
    s = flat(state)
    return (s * torch.linspace(-1, 1, s.shape[1]).double()).sum(1).square().sum()


def in_front(cell, x, s, like):
    """The state after the last of the steps x (1, T, n_in), if that before them is s (1, n)."""

    def shaped(part, s):
        if isinstance(part, Tensor):
            return s[:, : part.shape[1]], s[:, part.shape[1] :]
        parts = []
        for each in part:
            got, s = shaped(each, s)
            parts.append(got)
        return (type(part)(*parts) if hasattr(part, "_fields") else tuple(parts)), s

    return flat(unroll(cell, x, shaped(like, s)[0])[1])


@pytest.mark.parametrize("name", ALL)
def test_products_are_the_derivative_through_all_steps_at_once(name):
    """Against autograd through the whole unrolled rest of the sequence, from each t."""
    cell, x = cell_of(name), inputs()
    P = jacobian_products(jacobians(cell, x))
    for row in range(2):
        before = cell.initial_state(1)
        for t in range(x.shape[1]):
            rest = x[row : row + 1, t:]
            whole = torch.autograd.functional.jacobian(
                lambda s, rest=rest, before=before: in_front(cell, rest, s, before), flat(before)
            )
            torch.testing.assert_close(P[row, t], whole[0, :, 0], **CLOSE)
            before = unroll(cell, rest[:, :1], before)[1]
        torch.testing.assert_close(P[row, -1], torch.eye(P.shape[-1]).double(), **CLOSE)


def test_of_a_tanh_network_it_is_the_formula():
    """J^(t) = diag(1 - h²) W."""
    cell, x = make("elman"), inputs()
    h = unroll(cell, x)[0]
    J = (1 - h.square()).unsqueeze(3) * cell.W
    torch.testing.assert_close(jacobians(cell, x), J, **CLOSE)


@pytest.mark.parametrize("name", ALL)
def test_the_terms_add_up_to_autograds_gradient(name):
    cell, x = cell_of(name), inputs()
    terms = gradient_terms(cell, x, loss_of)
    value = loss_of(unroll(cell, x)[1])
    whole = torch.autograd.grad(value, list(cell.parameters()), materialize_grads=True)
    assert list(terms) == [key for key, _ in cell.named_parameters()]
    for term, gradient in zip(terms.values(), whole, strict=True):
        assert term.shape == (6, *gradient.shape)
        torch.testing.assert_close(term.sum(0), gradient, **CLOSE)


@pytest.mark.parametrize("name", CELLS)
def test_each_term_is_that_of_its_own_step(name):
    """With weights of their own at each step, term t is the gradient in those of step t."""
    cell, x = cell_of(name), inputs()
    copies = [make(name) for _ in range(x.shape[1])]
    state = cell.initial_state(2)
    for t, copy in enumerate(copies):
        copy.load_state_dict(cell.state_dict())
        _, state = copy(x[:, t], state)
    terms = gradient_terms(cell, x, loss_of)
    for t, copy in enumerate(copies):
        own = torch.autograd.grad(loss_of(state), list(copy.parameters()), retain_graph=True)
        for term, gradient in zip(terms.values(), own, strict=True):
            torch.testing.assert_close(term[t], gradient, **CLOSE)


def test_the_loss_is_handed_the_state_in_the_cells_own_form():
    cell, x = make("lstm"), inputs()
    terms = gradient_terms(cell, x, lambda state: state.h.prod(1).sum() + state.c.cos().sum())
    h, c = unroll(cell, x)[1]
    whole = torch.autograd.grad(h.prod(1).sum() + c.cos().sum(), list(cell.parameters()))
    for term, gradient in zip(terms.values(), whole, strict=True):
        torch.testing.assert_close(term.sum(0), gradient, **CLOSE)


@pytest.mark.parametrize("name", ALL)
def test_norms_are_the_means_over_the_batch_and_stay_under_the_bound(name):
    cell, x = cell_of(name), inputs(T=20)
    P = jacobian_products(jacobians(cell, x))
    singular = torch.linalg.svdvals(P)[..., 0]
    norms, bounds = gradient_norms(cell, x), gradient_bounds(cell, x)
    torch.testing.assert_close(norms, singular.mean(0), **CLOSE)
    assert (norms <= bounds * (1 + 1e-12)).all()
    assert norms[-1] == bounds[-1] == 1
    # the last step alone reaches its bound, several together do not
    torch.testing.assert_close(norms[-2], bounds[-2], **CLOSE)
    assert norms[0] < 0.99 * bounds[0]


def test_the_bound_is_the_product_of_the_largest_singular_values():
    cell, x = make("gru after"), inputs()
    each = torch.linalg.svdvals(jacobians(cell, x))[..., 0]
    expected = torch.stack([each[:, t:].prod(1).mean() for t in range(7)])
    torch.testing.assert_close(gradient_bounds(cell, x), expected, **CLOSE)


def test_a_given_state_is_started_from():
    cell, x = make("lstm"), inputs()
    _, middle = unroll(cell, x[:, :4])
    whole = jacobians(cell, x)
    torch.testing.assert_close(jacobians(cell, x[:, 4:], middle), whole[:, 4:], **CLOSE)
    assert not torch.allclose(jacobians(cell, x[:, 4:]), whole[:, 4:])
    late = gradient_terms(cell, x[:, 4:], loss_of, middle)
    torch.testing.assert_close(late["W"], gradient_terms(cell, x, loss_of)["W"][4:], **CLOSE)


def test_sequences_of_a_batch_are_for_themselves():
    cell, x = make("gru after"), inputs(B=3)
    alone = torch.cat([jacobians(cell, row[None]) for row in x])
    torch.testing.assert_close(jacobians(cell, x), alone, **CLOSE)


def test_nothing_is_left_behind():
    """No gradient is recorded, in the weights or in what is returned; no_grad does not disturb."""
    cell, x = make("elman"), inputs().requires_grad_()
    with torch.no_grad():
        found = [
            jacobians(cell, x),
            gradient_norms(cell, x),
            gradient_bounds(cell, x),
            *gradient_terms(cell, x, loss_of).values(),
        ]
        assert not torch.is_grad_enabled()
    assert all(not each.requires_grad for each in found)
    assert x.grad is None and all(p.grad is None for p in cell.parameters())


def test_a_state_that_forgets_has_zero_norms():
    cell = make("elman")
    with torch.no_grad():
        cell.W.zero_()
    assert gradient_norms(cell, inputs()).tolist() == [0] * 6 + [1]

    class Memoryless(DenseCell):
        def step(self, a_t, state):
            return a_t, a_t

    assert gradient_norms(Memoryless(3, 5).double(), inputs()).tolist() == [0] * 6 + [1]


def test_linear_orthogonal_steps_keep_the_norm():
    class Linear(DenseCell):
        def step(self, a_t, state):
            h = a_t + state @ self.W.T
            return h, h

    torch.manual_seed(0)
    cell = Linear(3, 8).double()  # W starts orthogonal
    for radius in (0.9, 1.0, 1.1):
        with torch.no_grad():
            cell.W.mul_(radius)
        t = torch.arange(31)
        torch.testing.assert_close(
            gradient_norms(cell, inputs(T=30)), radius ** (30.0 - t).double(), atol=0, rtol=1e-5
        )  # drawn in float32
        with torch.no_grad():
            cell.W.div_(radius)


@pytest.mark.parametrize(
    "of", [jacobians, gradient_norms, gradient_bounds, lambda *args: gradient_terms(*args, loss_of)]
)
@pytest.mark.parametrize(
    ("cell", "x", "error", "message"),
    [
        (
            torch.nn.RNNCell(3, 5),
            torch.ones(1, 2, 3),
            TypeError,
            "cell: expected a Cell, got RNNCell",
        ),
        (
            MemorylessCell(3, 5),
            torch.ones(1, 2, 3),
            ValueError,
            "cell: expected one with a state, got MemorylessCell",
        ),
        (GRUCell(3, 5), torch.ones(1, 2, 4), ValueError, "x: expected n_in = 3 features, got 4"),
        (GRUCell(3, 5), torch.ones(2, 3), ValueError, r"x: expected shape \(B, T, n_in\)"),
        (GRUCell(3, 5), torch.ones(1, 0, 3), ValueError, "x: expected T of at least 1"),
        (GRUCell(3, 5), torch.ones(1, 2, 3).double(), TypeError, "x: expected the weights' dtype"),
    ],
)
def test_bad_input_is_named(of, cell, x, error, message):
    with pytest.raises(error, match=message):
        of(cell, x)


def test_a_bad_state_or_loss_is_named():
    cell, x = GRUCell(3, 5), torch.ones(2, 4, 3)
    with pytest.raises(ValueError, match="state: expected B = 2 sequences"):
        jacobians(cell, x, torch.zeros(3, 5))
    with pytest.raises(ValueError, match=r"loss: expected a scalar, got \(2, 5\)"):
        gradient_terms(cell, x, lambda h: h)
    with pytest.raises(ValueError, match="loss: expected a scalar, got float"):
        gradient_terms(cell, x, lambda h: 1.0)

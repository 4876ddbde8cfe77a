"""The dependency map against full Jacobians, and its exact zeros."""

import pytest
import torch

from rnn_course import RNN, Backwards, Bidirectional, ElmanCell, GRUCell, unroll
from rnn_course.measures.dependence import dependency_map


@pytest.mark.parametrize(
    "run", [lambda cell, x: RNN(cell)(x)[0], lambda cell, x: unroll(cell, x)[0][:, 1:]]
)
def test_it_is_the_norm_of_the_jacobian(run):
    torch.manual_seed(0)
    cell, x = GRUCell(3, 4).double(), torch.randn(2, 5, 3).double()
    found = dependency_map(lambda x: run(cell, x), x)
    for row in range(2):
        jacobian = torch.autograd.functional.jacobian(lambda x: run(cell, x)[0], x[row : row + 1])
        norm = jacobian.squeeze(2).square().sum(dim=(1, 3)).sqrt()
        torch.testing.assert_close(found[row], norm, atol=1e-12, rtol=1e-12)


def test_it_is_zero_exactly_where_there_is_no_path():
    torch.manual_seed(0)
    x, T = torch.randn(2, 6, 3), 6
    past = torch.ones(T, T).tril().bool()
    networks = {
        RNN(ElmanCell(3, 8)): past,
        Backwards(ElmanCell(3, 8)): past.T,
        Bidirectional(ElmanCell(3, 8), ElmanCell(3, 8)): past | past.T,
    }
    for network, looks in networks.items():
        found = dependency_map(lambda x, network=network: network(x)[0], x)
        assert torch.equal(found > 0, looks.expand(2, T, T))


def test_of_a_product_it_is_the_factor():
    W = torch.tensor([[3.0, 0.0], [4.0, 0.0]])
    found = dependency_map(lambda x: x.flip(1) @ W.T, torch.ones(1, 2, 2))
    assert found.tolist() == [[[0, 5], [5, 0]]]


@pytest.mark.parametrize(
    ("outputs", "x", "error", "message"),
    [
        (
            lambda x: x,
            torch.ones(1, 2, 2).long(),
            TypeError,
            "x: expected floats .* got torch.int64",
        ),
        (lambda x: x, torch.ones(2, 2), ValueError, "x: expected shape .B, T, n_in."),
        (
            lambda x: x[0],
            torch.ones(1, 2, 2),
            ValueError,
            "outputs: expected shape .1, T_y, n_out.",
        ),
        (lambda x: x.detach(), torch.ones(1, 2, 2), ValueError, "outputs: .* without gradient"),
    ],
)
def test_bad_input_is_named(outputs, x, error, message):
    with pytest.raises(error, match=message):
        dependency_map(outputs, x)

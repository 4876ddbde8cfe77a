"""The echo task, and the networks of its experiment."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from rnn_course.experiments.echo import BUDGET, STARTS, TRANSITIONS, network, outputs, right
from rnn_course.networks.sizes import n_parameters
from rnn_course.tasks.echo import CHANCE, N_SYMBOLS, make_echo


@given(lag=st.integers(0, 9), seed=st.integers(0, 99))
def test_y_is_x_some_steps_ago(lag, seed):
    split = make_echo(lag, steps=10, n_train=5, n_test=1, seed=seed).train
    for x, y in zip(split.x.tolist(), split.y.tolist(), strict=True):
        assert y == [-1] * lag + x[: 10 - lag]


def test_symbols_are_fair_and_independent():
    x = make_echo(3, n_train=2000).train.x
    assert torch.bincount(x.flatten()).div(x.numel()).sub(CHANCE).abs().max() < 0.01
    pairs = torch.bincount((x[:, 1:] * N_SYMBOLS + x[:, :-1]).flatten(), minlength=64)
    assert pairs.div(pairs.sum()).sub(CHANCE**2).abs().max() < 0.004


def test_the_score_counts_echoes_only():
    batch = next(make_echo(2, steps=6, n_train=3, n_test=3).train.batches(3))

    class Knows(torch.nn.Module):
        def forward(self, x, lengths=None):
            return torch.cat([torch.zeros(3, 2, N_SYMBOLS), x[:, :-2]], dim=1), None

    model = Knows()
    model.rnn = torch.nn.Module()
    model.rnn.cell = torch.nn.Linear(1, 1)
    model.rnn.cell.like = torch.zeros(1)
    assert torch.equal(right(model, batch), torch.ones(3))
    assert outputs(model, batch).shape == (3, 6, N_SYMBOLS)
    wrong = batch._replace(y=torch.where(batch.y >= 0, (batch.y + 1) % N_SYMBOLS, -1))
    assert torch.equal(right(model, wrong), torch.zeros(3))


@pytest.mark.parametrize("transition", TRANSITIONS)
def test_equal_parameters_and_both_starts(transition):
    for start in STARTS:
        model = network(make_echo(5), transition, 0, start)
        assert 0.95 * BUDGET < n_parameters(model) <= BUDGET
        W = model.rnn.cell.transition.W.detach()
        error = (W @ W.transpose(1, 2) - torch.eye(W.shape[1])).abs().max()
        assert error < 1e-4 if start == STARTS[0] else error > 0.1


@pytest.mark.parametrize(
    ("lag", "message"),
    [
        (40, "lag: expected 0 ≤ lag < 40"),
        (-1, "lag: expected a whole number of at least 0, got -1"),
    ],
)
def test_bad_lags_are_refused(lag, message):
    with pytest.raises(ValueError, match=message):
        make_echo(lag)

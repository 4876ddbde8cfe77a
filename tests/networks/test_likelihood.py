"""The objective of a network that writes a sequence, and the two bugs that it is famous for."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional as F

from rnn_course import RNN, ElmanCell, fit
from rnn_course.networks.likelihood import log_likelihood, mean_nll, shifted
from rnn_course.tasks import Split

sizes = st.tuples(st.integers(1, 4), st.integers(1, 6), st.integers(1, 5))


def drawn(size, seed):
    """Random outputs, targets and lengths."""
    (B, T, n), g = size, torch.Generator().manual_seed(seed)
    o = torch.randn(B, T, n, dtype=torch.float64, generator=g)
    return (o, torch.randint(n, (B, T), generator=g), torch.randint(1, T + 1, (B,), generator=g))


@given(sizes, st.integers(0, 99))
def test_it_is_the_product_of_the_steps_probabilities(size, seed):
    o, y, lengths = drawn(size, seed)
    found = log_likelihood(o, y, lengths)
    for i, n in enumerate(lengths.tolist()):
        p = math.prod((o[i, t].exp() / o[i, t].exp().sum())[y[i, t]].item() for t in range(n))
        assert math.isclose(found[i].item(), math.log(p), rel_tol=1e-9, abs_tol=1e-12)
    each = F.cross_entropy(o.flatten(0, 1), y.flatten())
    torch.testing.assert_close(mean_nll(o, y), each)
    torch.testing.assert_close(log_likelihood(o, y), log_likelihood(o, y, [o.shape[1]] * len(o)))


def test_the_probabilities_of_all_sequences_sum_to_one():
    o = torch.randn(1, 3, 4, dtype=torch.float64)
    every = torch.cartesian_prod(*[torch.arange(4)] * 3)
    total = log_likelihood(o.expand(len(every), -1, -1), every).exp().sum()
    assert abs(total.item() - 1) < 1e-12


@given(sizes, st.integers(0, 99), st.integers(1, 5))
def test_padding_changes_neither_the_loss_nor_its_gradient(size, seed, more):
    """The famous bug: a mean over the padding, too, is lower the more padding there is."""
    o, y, lengths = drawn(size, seed)
    longer = torch.cat([o, torch.randn(len(o), more, o.shape[2]).double()], 1)
    y_longer = torch.cat([y, torch.zeros(len(y), more, dtype=torch.int64)], 1)
    gradients = []
    for outputs, targets in ((o, y), (longer, y_longer)):
        leaf = outputs.clone().requires_grad_()
        loss = mean_nll(leaf, targets, lengths)
        gradients.append((loss.detach(), torch.autograd.grad(loss, leaf)[0]))
    (loss, grad), (loss_longer, grad_longer) = gradients
    torch.testing.assert_close(loss_longer, loss, rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(grad_longer[:, : o.shape[1]], grad, rtol=1e-12, atol=1e-12)
    assert not grad_longer[:, o.shape[1] :].any()
    for i, n in enumerate(lengths.tolist()):
        assert not grad[i, n:].any()


def test_every_step_of_a_ragged_batch_counts_the_same():
    """A mean of the sequences' means would count the steps of short sequences more."""
    o, y, _ = drawn((2, 4, 3), 0)
    lengths = [4, 1]
    steps = [F.cross_entropy(o[0, t : t + 1], y[0, t : t + 1]) for t in range(4)]
    steps.append(F.cross_entropy(o[1, :1], y[1, :1]))
    torch.testing.assert_close(mean_nll(o, y, lengths), torch.stack(steps).mean())


def test_shifted_gives_what_was_written_before():
    y = torch.tensor([[3, 4, 5], [6, 7, 0]])
    assert shifted(y, 9).tolist() == [[9, 3, 4], [9, 6, 7]]
    assert shifted(y[:, :1], 9).tolist() == [[9], [9]]


class Writer(nn.Module):
    """Nothing but y^(t-1) goes in, or what `before` makes of y."""

    def __init__(self, before):
        super().__init__()
        torch.manual_seed(0)
        self.before, self.rnn, self.V = before, RNN(ElmanCell(4, 16)), nn.Linear(16, 4)

    def forward(self, y):
        h, _ = self.rnn(F.one_hot(self.before(y), 4).float())
        return self.V(h)


def trained_loss(before):
    """What random symbols cost after training: ln 3 at least, unless the network sees them."""
    y = torch.randint(1, 4, (256, 8), generator=torch.Generator().manual_seed(0))
    split = Split(torch.zeros(len(y), 1), y)
    model = Writer(before)
    fit(
        model,
        lambda m, batch: mean_nll(m(batch.y), batch.y),
        split,
        epochs=15,
        lr=0.02,
        progress=False,
    )
    fresh = torch.randint(1, 4, (500, 8), generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        return mean_nll(model(fresh), fresh).item()


def test_targets_that_are_not_shifted_are_found_out():
    """The famous bug: given y^(t) as an input, a network has only to copy it."""
    assert trained_loss(lambda y: y) < 0.2 * math.log(3)
    assert trained_loss(lambda y: shifted(y, 0)) > 0.98 * math.log(3)


OUT, Y = torch.zeros(2, 3, 4), torch.zeros(2, 3, dtype=torch.int64)


@pytest.mark.parametrize(
    "call, error, words",
    [
        (
            lambda: shifted(Y, -1),
            ValueError,
            "first: expected a symbol, a whole number of at least 0, got -1",
        ),
        (lambda: shifted(Y, "a"), ValueError, "first: .* got 'a'"),
        (
            lambda: shifted(Y[0], 1),
            ValueError,
            r"y: expected shape \(B, T\), not empty, got \(3,\)",
        ),
        (lambda: shifted(Y.float(), 1), TypeError, "y: expected an int64 tensor .* torch.float32"),
        (
            lambda: mean_nll(OUT[0], Y),
            ValueError,
            r"o: expected floats \(B, T, n_out\), got \(3, 4\)",
        ),
        (lambda: mean_nll(Y, Y), ValueError, "o: expected floats"),
        (lambda: mean_nll(OUT, Y[:, :2]), ValueError, r"y: .* shape \(2, 3\), got \(2, 2\)"),
        (lambda: mean_nll(OUT, Y + 4), ValueError, r"y: expected classes 0 … 3, got 4 … 4"),
        (
            lambda: mean_nll(OUT, Y, [3]),
            ValueError,
            "lengths: expected one for each of 2 sequences",
        ),
        (lambda: mean_nll(OUT, Y, [3, 4]), ValueError, "lengths: expected 1 ≤ length ≤ 3"),
        (lambda: log_likelihood(OUT, Y, [0, 3]), ValueError, "lengths: .* got 0 at index 0"),
    ],
)
def test_bad_input_is_named(call, error, words):
    with pytest.raises(error, match=words):
        call()

"""The comparison further down, its loss over pairs, and the probe of a summary."""

from __future__ import annotations

import math

import pytest
import torch

from rnn_course import ElmanCell, Summariser
from rnn_course.measures.baselines import probe
from rnn_course.networks.siamese import Comparison, Siamese, pair_accuracy, pair_loss

Y = torch.tensor([0, 0, 1])


def test_comparison_is_a_scaled_cosine():
    torch.manual_seed(0)
    o, comparison = torch.randn(4, 3), Comparison()
    with torch.no_grad():
        comparison.s.fill_(2.0)
        comparison.r.fill_(0.5)
    cosines = torch.nn.functional.cosine_similarity(o[:, None], o[None], dim=2)
    torch.testing.assert_close(comparison(o), 2 * cosines - 0.5)


def test_loss_by_hand_both_kinds_count_half():
    logits = torch.tensor([[9.0, 1.0, 2.0], [1.0, 9.0, -1.0], [2.0, -1.0, 9.0]])
    same = math.log(1 + math.exp(-1))  # the pair 0, 1
    other = (math.log(1 + math.exp(2)) + math.log(1 + math.exp(-1))) / 2
    assert pair_loss(logits, Y).item() == pytest.approx((same + other) / 2)
    assert pair_accuracy(logits > 0, Y) == pytest.approx((1 + 1 / 2) / 2)


def test_guessing_one_answer_is_chance():
    y = torch.randint(4, (50,))
    for answer in (True, False):
        assert pair_accuracy(torch.full((50, 50), answer), y) == 0.5


def test_summariser_learns_from_the_comparison_alone():
    torch.manual_seed(0)
    model = Siamese(Summariser(8, 8, ElmanCell(8, 16), 8))
    optimiser = torch.optim.Adam(model.parameters(), lr=1e-2)
    for _ in range(120):
        x = torch.randint(2, 8, (32, 6))
        y = x[:, -2] % 2  # told by the last but one
        loss = pair_loss(model(x), y)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    assert pair_accuracy(model(x) > 0, y) > 0.95


def test_probe_finds_what_is_there_and_not_what_is_not():
    torch.manual_seed(0)
    y = torch.randint(3, (600,))
    told = torch.randn(600, 5) + 6 * torch.nn.functional.one_hot(y, 5)
    assert probe(told[:400], y[:400], told[400:], y[400:]) > 0.97
    noise = torch.randn(600, 5)
    assert probe(noise[:400], y[:400], noise[400:], y[400:]) < 0.5


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: pair_loss(torch.zeros(2, 3), Y), ValueError, r"logits: expected shape \(3, 3\)"),
        (
            lambda: pair_loss(torch.zeros(2, 2), torch.tensor([0, 1])),
            ValueError,
            "y: expected pairs",
        ),
        (
            lambda: pair_loss(torch.zeros(2, 2), torch.tensor([1, 1])),
            ValueError,
            "y: expected pairs",
        ),
        (lambda: Siamese(torch.nn.Linear(2, 2)), TypeError, "summariser: expected a Summariser"),
        (lambda: probe(torch.zeros(3, 2), Y, torch.zeros(3, 4), Y), ValueError, "h_test: expected"),
        (
            lambda: probe(torch.zeros(2, 2), Y, torch.zeros(3, 2), Y),
            ValueError,
            "y_train: expected",
        ),
    ],
)
def test_bad_input_is_named(call, error, message):
    with pytest.raises(error, match=message):
        call()

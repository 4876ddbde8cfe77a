"""Costs: against counts made by hand."""

import pytest
import torch

from rnn_course.cells import GRUCell
from rnn_course.measures.cost import bytes_kept, bytes_of, exponent, multiplications
from rnn_course.networks.self_attention import MultiHeadAttention
from rnn_course.rnn import unroll


@pytest.mark.parametrize("T", [3, 7])
def test_the_multiplications_of_attention_and_of_a_recurrence(T):
    """Four products of n × n a step and two of T × n; a GRU has six of n × n."""
    n, B = 8, 2
    x = torch.randn(B, T, n, requires_grad=True)
    layer, cell, mask = MultiHeadAttention(n, 2), GRUCell(n, n), torch.ones(T, T).bool()
    attention = B * (4 * T * n * n + 2 * T * T * n)
    recurrence = B * 6 * T * n * n
    assert multiplications(lambda: layer(x, layer.remember(x), mask)) == attention
    assert multiplications(lambda: unroll(cell, x)) == recurrence
    # on the way back, each product of the way there becomes two
    whole = multiplications(lambda: layer(x, layer.remember(x), mask)[0].sum().backward())
    assert whole == 3 * attention
    # torch's kernel keeps no weights: it has one product more on the way back, for them
    assert multiplications(lambda: layer(x, layer.remember(x), mask, False)) == attention
    whole = multiplications(lambda: layer(x, layer.remember(x), mask, False)[0].sum().backward())
    assert whole == 3 * attention + B * T * T * n


def test_what_is_kept_for_the_way_back():
    x, W = torch.randn(3, 5, requires_grad=True), torch.randn(5, 7, requires_grad=True)
    assert bytes_kept(lambda: torch.tanh(x @ W)) == 4 * (15 + 35 + 21)
    assert bytes_kept(lambda: torch.tanh(x @ W), but=[W]) == 4 * (15 + 21)
    assert bytes_kept(lambda: (x * x) * x, but=[x]) == 4 * 15  # x² is kept; x, twice, once
    assert bytes_kept(lambda: x + x) == 0
    with torch.no_grad():
        assert bytes_kept(lambda: torch.tanh(x @ W)) == 0


def test_the_bytes_of_a_state():
    state = (torch.zeros(2, 3), (torch.zeros(4).double(), torch.zeros(5).long()))
    assert bytes_of(state) == 4 * 6 + 8 * 4 + 8 * 5


def test_an_exponent_is_the_slope_of_the_logarithms():
    lengths = [64, 128, 256, 512]
    assert exponent(lengths, [3 * T**2 for T in lengths]) == pytest.approx(2)
    assert exponent(lengths, [0.1 * T for T in lengths]) == pytest.approx(1)
    assert exponent(lengths, [7.0] * 4) == pytest.approx(0)
    for bad, message in (
        (([1, 2], [1]), "cost: expected one for each"),
        (([1], [1]), "cost: expected one for each"),
        (([1, 2], [1, 0]), "cost: expected numbers above 0"),
        (([0, 2], [1, 2]), "lengths: expected numbers above 0"),
    ):
        with pytest.raises(ValueError, match=message):
            exponent(*bad)

"""Temperature, top-k and nucleus: each against its definition, symbol by symbol."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.testing import assert_close

from rnn_course.networks.decoding import generate
from rnn_course.networks.sampling import nucleus, tempered, top_k

OUTPUTS = st.lists(
    st.integers(-800, 800).map(lambda n: n / 100), min_size=2, max_size=9, unique=True
)


def rows(outputs):
    """Two rows, the second in another order."""
    return torch.tensor([outputs, outputs[::-1]], dtype=torch.float64)


@given(outputs=OUTPUTS, temperature=st.floats(0.2, 5))
def test_a_temperature_is_a_power_of_the_probabilities(outputs, temperature):
    o = rows(outputs)
    powers = o.softmax(1) ** (1 / temperature)
    expected = powers / powers.sum(1, keepdim=True)
    assert_close(tempered(o, temperature).softmax(1), expected)
    assert_close(tempered(o, 1.0), o)


def test_cold_takes_the_likeliest_and_hot_does_not_care():
    o = torch.tensor([[1.0, 2.0, 1.5]])
    assert_close(tempered(o, 1e-3).softmax(1), torch.tensor([[0.0, 1.0, 0.0]]))
    assert_close(tempered(o, 1e5).softmax(1), torch.full((1, 3), 1 / 3), atol=1e-4, rtol=0)


@given(outputs=OUTPUTS, data=st.data())
def test_top_k_leaves_the_k_likeliest(outputs, data):
    k = data.draw(st.integers(1, len(outputs)))
    o = rows(outputs)
    p, found = o.softmax(1), top_k(o, k).softmax(1)
    for mine, kept in zip(p.tolist(), found.tolist(), strict=True):
        best = sorted(range(len(mine)), key=lambda s: -mine[s])[:k]
        total = sum(mine[s] for s in best)
        expected = [mine[s] / total if s in best else 0.0 for s in range(len(mine))]
        assert kept == pytest.approx(expected, abs=1e-9)


@given(outputs=OUTPUTS, p=st.floats(0.01, 1))
def test_the_nucleus_is_the_smallest_set_that_holds_p(outputs, p):
    o = rows(outputs)
    shares, found = o.softmax(1), nucleus(o, p).softmax(1)
    for mine, kept in zip(shares.tolist(), found.tolist(), strict=True):
        best, total = [], 0.0
        for s in sorted(range(len(mine)), key=lambda s: -mine[s]):
            if abs(total - p) < 1e-9:  # rounding decides
                return
            if total < p:
                best.append(s)
                total += mine[s]
        expected = [mine[s] / total if s in best else 0.0 for s in range(len(mine))]
        assert kept == pytest.approx(expected, abs=1e-9)


def test_the_nucleus_is_small_where_the_network_is_certain():
    o = torch.tensor([[0.97, 0.01, 0.01, 0.01], [0.4, 0.3, 0.2, 0.1]]).log()
    assert [(row > -1e20).sum().item() for row in nucleus(o, 0.9)] == [1, 3]
    assert_close(nucleus(o, 1.0).softmax(1), o.softmax(1))
    assert_close(nucleus(o, 1e-6).argmax(1), torch.tensor([0, 0]))


def test_what_is_ruled_out_is_never_drawn_and_the_rest_as_often_as_it_should_be():
    p = torch.tensor([0.5, 0.25, 0.15, 0.1])
    found = generate(
        lambda t, y, state: (top_k(p.log().expand(len(y), 4), 2), state),
        torch.zeros(20_000, dtype=torch.int64),
        None,
        1,
        generator=torch.Generator().manual_seed(0),
    )
    counts = torch.bincount(found.y.flatten(), minlength=4)
    assert counts[2:].sum() == 0 and counts[0] / 20_000 == pytest.approx(2 / 3, abs=0.02)
    assert found.log_p.unique().tolist() == pytest.approx([math.log(1 / 3), math.log(2 / 3)])


@pytest.mark.parametrize("wrong", [0, -1, math.inf, math.nan])
def test_temperatures_that_cannot_be(wrong):
    with pytest.raises(ValueError, match="temperature"):
        tempered(torch.zeros(1, 3), wrong)


@pytest.mark.parametrize("wrong", [0, 4, 1.5, True])
def test_a_k_that_cannot_be(wrong):
    with pytest.raises(ValueError, match="k"):
        top_k(torch.zeros(1, 3), wrong)


@pytest.mark.parametrize("wrong", [0, 1.1, -0.2, math.nan])
def test_a_p_that_cannot_be(wrong):
    with pytest.raises(ValueError, match="p"):
        nucleus(torch.zeros(1, 3), wrong)

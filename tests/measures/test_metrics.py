"""Edit distance against its recursive definition, and the rates made of it."""

from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnn_course.measures.metrics import (
    accepted_rates,
    edit_distance,
    error_rate,
    exact_match,
    nearest,
)

short = st.text("abc", max_size=6)


def by_definition(a, b):
    @cache
    def d(i, j):
        if i == 0 or j == 0:
            return i + j
        return min(d(i - 1, j) + 1, d(i, j - 1) + 1, d(i - 1, j - 1) + (a[i - 1] != b[j - 1]))

    return d(len(a), len(b))


@given(short, short)
def test_edit_distance_is_its_definition(a, b):
    assert edit_distance(a, b) == by_definition(a, b) == edit_distance(b, a)


@given(short, short, short)
def test_edit_distance_is_a_distance(a, b, c):
    assert (edit_distance(a, b) == 0) == (a == b)
    assert edit_distance(a, c) <= edit_distance(a, b) + edit_distance(b, c)


@pytest.mark.parametrize(
    "a, b, distance",
    [
        ("kitten", "sitting", 3),
        ("", "abc", 3),
        ("abc", "", 3),
        ("forty-two", "forty-two", 0),
        ([1, 2, 3], [2, 3, 4], 2),
    ],
)
def test_edit_distance_by_hand(a, b, distance):
    assert edit_distance(a, b) == distance


def test_rates_by_hand():
    written, truth = ["forty.", "two", ""], ["fourty.", "ten", "x"]
    assert error_rate(written, truth) == pytest.approx((1 + 2 + 1) / (7 + 3 + 1))
    assert error_rate(["aaaa"], ["b"]) == 4  # more wrong than there was to write
    assert exact_match(["a", "b", "c"], ["a", "b", "d"]) == pytest.approx(2 / 3)


@pytest.mark.parametrize("rate", [error_rate, exact_match])
def test_bad_input_is_named(rate):
    with pytest.raises(ValueError, match="written: expected a sequence for each in truth, 2 and"):
        rate(["a"], ["a", "b"])
    with pytest.raises(ValueError, match="at least one, got 0"):
        rate([], [])


def test_nothing_to_write_is_named():
    with pytest.raises(ValueError, match="truth: expected at least one symbol"):
        error_rate(["a"], [""])


def test_any_accepted_answer_is_right_and_errors_are_counted_against_the_nearest():
    assert nearest("abd", ["xyz", "abc", "abd"]) == "abd"
    per, wer = accepted_rates(["ab", "xyz"], [["cd", "ab"], ["xy", "abcd"]])
    assert (per, wer) == (1 / 4, 1 / 2)  # of ab and xy, one symbol is too many
    with pytest.raises(ValueError, match="accepted: expected at least one right answer"):
        nearest("a", [])
    with pytest.raises(ValueError, match="written: expected a sequence for each in truth, 1"):
        accepted_rates(["a", "b"], [["a"]])

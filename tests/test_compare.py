"""`same`, `at_least` and `fails`: what they let pass, and what they say."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from rnn_course.compare import at_least, cases, fails, same

VALUES = st.recursive(
    st.integers(-5, 5) | st.floats(-5, 5) | st.booleans() | st.text(max_size=3) | st.none(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=2), inner),
)


@given(VALUES)
def test_a_value_is_the_same_as_itself(value):
    same(value, value, "it is itself")


@given(st.lists(st.floats(-5, 5), min_size=1, max_size=5), st.data())
def test_a_number_that_is_off_is_found(numbers, data):
    place = data.draw(st.integers(0, len(numbers) - 1))
    wrong = torch.tensor(numbers)
    wrong[place] += 0.01
    with pytest.raises(
        AssertionError, match=rf"^they agree: 1 of {len(numbers)} .* at \[{place}\]"
    ):
        same(wrong, torch.tensor(numbers), "they agree")


@pytest.mark.parametrize(
    ("got", "want", "says"),
    [
        (
            torch.zeros(2, 3),
            torch.zeros(3, 2),
            r"expected an array of shape \(3, 2\), got .*\(2, 3\)",
        ),
        (torch.zeros(2), torch.tensor([0.0, torch.nan]), "1 of 2"),
        (torch.tensor([torch.nan]), torch.zeros(1), "1 of 1"),
        (None, torch.zeros(1), "got None"),
        ("1", 1, "got '1'"),
        (1.5, 1, "expected 1, got 1.5"),
        ([1, 2], [1, 2, 3], "expected"),
        ([1, [2, 3]], [1, [2, 4]], "expected 4, got 3"),
        ({"W": torch.ones(2), "b": 1}, {"b": 1, "W": torch.zeros(2)}, "W: 2 of 2"),
        ({"W": 1}, {"W": 1, "b": 1}, r"the names \['W', 'b'\], got \['W'\]"),
        ([1], {"W": 1}, r"the names \['W'\], got \[1\]"),
        ({"W": 1}, ["W"], "expected"),
        (1, True, "expected True"),
        ("no error", "ValueError", "expected ValueError, got no error"),
    ],
)
def test_what_differs_is_said(got, want, says):
    with pytest.raises(AssertionError, match=f"^it holds: .*{says}"):
        same(got, want, "it holds")


def test_numbers_are_numbers_whatever_holds_them():
    same(torch.tensor(2), 2, "a tensor and a number")
    same(np.float32(0.5), torch.tensor(0.5), "numpy's and torch's")
    same(torch.ones(2, requires_grad=True), [1, 1] @ np.eye(2), "with and without a gradient")
    same(torch.tensor(True), True, "a truth value")
    same(torch.Size([1, 2]), (1, 2), "a size and a tuple")


def test_a_bound_is_a_bound():
    at_least(torch.tensor(1.0), 1, "one is enough")
    for wrong in 0.99, float("nan"), torch.ones(2), "1", None:
        with pytest.raises(AssertionError, match="^one is needed: expected"):
            at_least(wrong, 1, "one is needed")


def test_an_error_is_asked_for():
    fails(lambda: int("x"), ValueError, "x is no number")
    with pytest.raises(AssertionError, match="no error"):
        fails(lambda: int("1"), ValueError, "1 is no number")
    with pytest.raises(TypeError):
        fails(lambda: int([]), ValueError, "a list is no number")

    def undone():
        raise NotImplementedError

    with pytest.raises(NotImplementedError):  # what is not done yet does not pass
        fails(undone, Exception, "anything")


def test_cases_are_other_ones_each_time():
    assert cases().initial_seed() != cases().initial_seed()

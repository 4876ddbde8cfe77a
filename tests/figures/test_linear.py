"""The figures of the chapter on linear recurrences show the numbers that they are given."""

from __future__ import annotations

import matplotlib.pyplot as plt
import pytest

from rnn_course.figures.linear import brackets, speed_ups, states_over_time


def lines(ax):
    return {line.get_label(): [*line.get_ydata()] for line in ax.get_lines()}


def test_brackets_are_a_row_of_steps_and_a_tree_over_them():
    for levels in (1, 3):
        ax = brackets(levels=levels)
        marks = [line.get_marker() for line in ax.get_lines()]
        assert marks.count("o") == 2**levels and marks.count("s") == 2 ** (levels + 1) - 1
        assert [text.get_text() for text in ax.texts][-2:] == [
            f"{2**levels - 1} in turn",
            f"{levels} in turn",
        ]
        plt.close()


def test_speed_ups_and_states_are_drawn_as_given():
    ax = speed_ups(
        {"1 × 16": {"scan": 20.0, "doubling": 0.5}, "8 × 32": {"scan": 3, "doubling": 2}}
    )
    assert lines(ax)["scan"] == [20.0, 3] and lines(ax)["doubling"] == [0.5, 2]
    assert [tick.get_text() for tick in ax.get_xticklabels()] == ["1 × 16", "8 × 32"]
    ax = states_over_time({"a": [1, -1, 1], "b": [1, 0.9, 0.8]})
    assert lines(ax) == {"a": [1, -1, 1], "b": [1, 0.9, 0.8]}
    plt.close("all")


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: brackets(levels=0), "levels: expected an integer of at least 1, got 0"),
        (lambda: speed_ups({}), "found: expected"),
        (lambda: speed_ups({"a": {}}), "found: expected"),
        (lambda: states_over_time({"a": []}), "states: expected"),
    ],
)
def test_bad_arguments(call, message):
    with pytest.raises(ValueError, match=message):
        call()

"""The figures of chapter 12: each character on its ground, each seed, where the gradient stops."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from rnn_course.figures.language_model import (
    MOST,
    letters,
    over_steps,
    over_temperature,
    surprise,
    windows,
)


def data(ax):
    return {line.get_label(): (list(line.get_xdata()), list(line.get_ydata())) for line in ax.lines}


def test_each_character_stands_on_the_ground_of_its_surprise(ax):
    surprise("ab c\nd", [1, 2, 9, 0.5, 0, 3], ax, width=3)
    ground = ax.images[0].get_array().filled(np.nan)
    np.testing.assert_array_equal(ground, [[1, 2, MOST], [0.5, 0, np.nan], [3, np.nan, np.nan]])
    placed = {text.get_position(): text.get_text() for text in ax.texts}
    assert placed == {(0, 0): "a", (1, 0): "b", (2, 0): "·", (0, 1): "c", (1, 1): "↵", (0, 2): "d"}


def test_a_row_is_as_long_as_the_longest_line(ax):
    surprise("abc\nd", [1, 2, 3, 4, 5], ax)
    assert ax.images[0].get_array().shape == (2, 4)
    surprise("a" * 90, [0] * 90, ax)
    assert ax.images[1].get_array().shape == (2, 60)


def test_a_surprise_for_each_character(ax):
    with pytest.raises(ValueError, match="bits: expected one for each of 3 characters, got 2"):
        surprise("abc", [1, 2], ax)
    with pytest.raises(ValueError, match="bits"):
        surprise("", [], ax)


def test_states_go_on_over_the_border_and_gradients_do_not(ax):
    windows(ax, steps=3, count=3)
    names = {patch.get_label() for patch in ax.patches}
    assert {f"h{t - 1} to h{t}" for t in range(1, 9)} <= names
    gradients = {name for name in names if name.startswith("gradient")}
    assert gradients == {f"gradient {t}" for t in (1, 2, 4, 5, 7, 8)}
    assert [text.get_text() for text in ax.texts][-3:] == ["window 1", "window 2", "window 3"]


def test_every_seed_and_their_mean_are_drawn_against_the_steps(ax):
    found = {"a": {1: [2.0, 3.0], 16: [1.0, 1.5]}, "b": {1: [4.0, 4.0], 64: [1.0, 1.0]}}
    over_steps(found, {"n-grams": 2.2}, ax)
    lines = data(ax)
    assert lines["a"] == ([1, 16], [2.5, 1.25]) and lines["_a, 16"] == ([16, 16], [1.0, 1.5])
    assert lines["_n-grams"][1] == [2.2, 2.2]
    assert [tick.get_text() for tick in ax.get_xticklabels()] == ["1", "16", "64"]
    assert ax.get_legend_handles_labels()[1] == ["a", "b"]


def test_samples_are_drawn_beside_real_tunes_and_another_writer():
    found = {"full": {0.5: 0.9, 1.0: 0.7}, "copied": {0.5: 40, 1.0: 20}}
    axes = over_temperature(found, {"full": 0.99, "copied": 18}, {"full": 0.4, "copied": 21})
    assert len(axes) == 2
    for ax, measure, real, other in zip(axes, found, (0.99, 18), (0.4, 21), strict=True):
        lines = data(ax)
        assert lines["network"] == ([0.5, 1.0], [*found[measure].values()])
        assert lines["real tunes"][1] == [real] * 2 and lines["n-grams"][1] == [other] * 2
        assert ax.get_title() == measure
        assert ax.get_ylim()[0] == 0 and ax.get_ylim()[1] > max(found[measure].values())
    plt.close(axes[0].figure)


def test_each_symbol_stands_at_its_point(ax):
    points = {"A": (0, 1), "B": (2, 0.5), "\n": (1, 1)}
    letters(points, {"notes": "AB", "breaks": "\n"}, ax)
    assert {(text.get_text(), text.xy) for text in ax.texts} == {
        ("A", (0, 1)),
        ("B", (2, 0.5)),
        ("↵", (1, 1)),
    }
    assert ax.texts[0].get_color() == ax.texts[1].get_color() != ax.texts[2].get_color()
    with pytest.raises(ValueError, match="'C'"):
        letters(points, {"notes": "C"}, ax)

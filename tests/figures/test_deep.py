"""The figures of chapter 8: what is added is in colour, and the path is the shortest."""

from __future__ import annotations

import matplotlib.pyplot as plt
import pytest

from rnn_course.figures.deep import three_ways, transition_path
from rnn_course.figures.style import COLOURS


@pytest.mark.parametrize(("depth", "skip", "length"), [(1, False, 2), (3, False, 6), (4, True, 2)])
def test_the_path_that_is_drawn_is_the_shortest(ax, depth, skip, length):
    said = transition_path(ax, depth, skip)
    assert f"over 2 steps has {length} non-linear layers" in said
    assert f"{length} non-linear layers" in ax.get_title()
    coloured = [
        arrow
        for arrow in ax.patches
        if type(arrow).__name__ == "FancyArrowPatch"
        and arrow.get_edgecolor() == plt.matplotlib.colors.to_rgba(COLOURS[1])
    ]
    assert len(coloured) == length
    circles = [patch.get_label() for patch in ax.patches if type(patch).__name__ == "Circle"]
    assert sum(name.startswith("$h") for name in circles) == 3
    assert sum(name.startswith("$z") for name in circles) == 2 * (depth - 1)


def test_a_skip_needs_layers_to_go_around(ax):
    with pytest.raises(ValueError, match="depth: expected at least 2 layers to go around, got 1"):
        transition_path(ax, 1, skip=True)


def test_what_each_way_adds_is_in_colour():
    figure, axes = plt.subplots(1, 3)
    three_ways(axes)
    added = plt.matplotlib.colors.to_rgba(COLOURS[1])
    counts = []
    for ax in axes:
        coloured = [type(p).__name__ for p in ax.patches if p.get_edgecolor() == added]
        counts.append((coloured.count("Circle"), coloured.count("FancyArrowPatch")))
    plt.close(figure)
    # a level with its delay and four arrows; a layer in each block; one arrow
    assert counts == [(2, 4), (3, 0), (0, 1)]


def test_three_ways_need_three_axes(ax):
    with pytest.raises(ValueError, match="axes: expected 3, got 1"):
        three_ways([ax])

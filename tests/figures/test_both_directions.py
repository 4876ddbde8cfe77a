"""The figures of both directions: they show what they are given, and say so."""

import numpy as np
import pytest
import torch
from matplotlib.colors import to_hex
from matplotlib.patches import Circle

from rnn_course.figures.both_directions import both_ways, looks, on_ceilings, told_by
from rnn_course.figures.style import FAINT


@pytest.mark.parametrize("t", [1, 3, 5])
def test_the_ways_to_an_output_are_in_colour(ax, t):
    said = both_ways(ax, t, 5)
    nodes = {p.get_label(): to_hex(p.get_edgecolor()) for p in ax.patches if isinstance(p, Circle)}
    on = {name for name, colour in nodes.items() if colour.upper() != FAINT}
    expected = {f"x({s})" for s in range(1, 6)} | {f"o({t})"}
    expected |= {f"h({s})" for s in range(1, t + 1)}
    expected |= {f"g({s})" for s in range(t, 6)}
    assert on == expected and len(nodes) == 20
    letters = [text.get_text() for text in ax.texts]
    assert sorted(letters) == sorted(f"${k}^{{({s})}}$" for k in "xhgo" for s in range(1, 6))
    assert f"h(1) to h({t}), from g({t}) to g(5)" in said and "x(1) to x(5)" in said


def test_a_map_shows_zeros_apart_and_marks_what_is_wrong(ax):
    D = {"forward": torch.tensor([[2.0, 0.0], [1.0, 4.0]]), "both": torch.ones(2, 2)}
    said = looks(ax, "ax", D, {"forward": ["AE", "S"], "both": ["AE", "K S"]}, ["AE", "K S"])
    images = [child.get_images()[0].get_array() for child in ax.child_axes]
    assert np.ma.getmaskarray(images[0]).tolist() == [[False, True], [False, False]]
    assert images[0].compressed().tolist() == [1, 0.25, 1]  # each row by its largest
    labels = [[tick.get_text() for tick in child.get_yticklabels()] for child in ax.child_axes]
    assert labels == [["AE", "S ✗"], ["AE", "K+S"]]
    assert "forward 1 of 2 letters, both 2 of 2 letters" in said


def test_networks_stand_beside_their_ceilings(ax):
    on_ceilings({"a": [0.7, 0.72], "b": [0.9]}, {"a": 0.75, "b": 1.0}, ax)
    bars = [
        line.get_xdata()
        for line in ax.lines
        if len(set(line.get_ydata())) == 2
        and len(set(line.get_xdata())) == 1
        and line.get_linewidth() == 5
    ]
    assert [list(bar) for bar in bars] == [[0.75, 0.75], [1.0, 1.0]]
    dots = [list(line.get_xdata()) for line in ax.lines if line.get_marker() == "o"]
    assert dots == [[0.7, 0.72], [0.9]]
    assert [tick.get_text() for tick in ax.get_yticklabels()] == ["a", "b"]


def test_what_h_and_g_tell_is_drawn_over_k(ax):
    told_by(
        (-1, 0, 1),
        {"h": [[0.9, 1.0, 0.1], [0.8, 1.0, 0.2]], "g": [[0.1, 1.0, 0.9]]},
        {"h": [1, 1, 0], "g": [0, 1, 1]},
        0.3,
        ax,
    )
    lines = {line.get_label(): list(line.get_ydata()) for line in ax.lines}
    assert lines["h, trained"] == [0.9, 1.0, 0.1] and lines["_h, trained"] == [0.8, 1.0, 0.2]
    assert lines["g, not trained"] == [0, 1, 1] and lines["most frequent symbol"] == [0.3, 0.3]
    assert len(ax.get_legend_handles_labels()[1]) == 5

"""Nodes and arrows, of which every drawn graph consists."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.path import Path

from rnn_course.figures.drawing import RADIUS, arrow, canvas, node


@pytest.fixture
def ax():
    return canvas(Figure(figsize=(6, 2)).subplots(), (6, 2), (-1, 4), (-1, 1))


def test_a_node_is_a_round_circle_around_its_text(ax):
    circle = node(ax, (1, 0), "$h$", "#0072B2", name="h(1)")
    ax.figure.draw_without_rendering()
    box = circle.get_window_extent()
    assert box.width == pytest.approx(box.height)
    assert (circle.center, circle.radius, circle.get_label()) == ((1, 0), RADIUS, "h(1)")
    (text,) = ax.texts
    assert text.get_text() == "$h$" and text.get_position() == (1, 0)
    letters = text.get_window_extent()
    assert box.x0 < letters.x0 and letters.x1 < box.x1


def test_a_node_without_colour_is_its_text_alone(ax):
    circle = node(ax, (1, 0), "x")
    assert circle.get_edgecolor()[3] == circle.get_facecolor()[3] == 0


@pytest.mark.parametrize("bend", [0.0, 0.3])
def test_an_arrow_runs_from_edge_to_edge(ax, bend):
    ends = [node(ax, (at, 0), "") for at in (0, 3)]
    way = arrow(ax, *ends, "#D55E00", name="a to b", bend=bend)
    ax.figure.draw_without_rendering()
    path = way.get_path()  # in data units, clipped at the nodes
    drawn = path.vertices[path.codes != Path.CLOSEPOLY]
    assert drawn[:, 0].min() == pytest.approx(RADIUS, abs=0.05)
    assert drawn[:, 0].max() == pytest.approx(3 - RADIUS, abs=0.1)
    below = drawn[:, 1].min() < -0.1
    assert below == (bend > 0)  # to the right of its way
    assert to_hex(way.get_edgecolor()).upper() == "#D55E00" and way.get_label() == "a to b"
    assert np.isfinite(drawn).all()
    assert plt.get_fignums() == []

"""The figures of the last chapters say what they are given, and refuse what they cannot draw."""

from __future__ import annotations

import matplotlib.pyplot as plt
import pytest
import torch

from rnn_course.figures import plots
from rnn_course.figures.deep import transition_path
from rnn_course.figures.remedies import alignment, cliff
from rnn_course.figures.style import BLUE


@pytest.fixture
def ax():
    figure, ax = plt.subplots()
    yield ax
    plt.close(figure)


@pytest.mark.parametrize(("depth", "skip", "length"), [(1, False, 2), (3, False, 6), (4, True, 2)])
def test_the_path_that_is_drawn_is_the_shortest(ax, depth, skip, length):
    said = transition_path(ax, depth, skip)
    assert f"over 2 steps has {length} non-linear layers" in said
    assert f"{length} non-linear layers" in ax.get_title()
    coloured = [
        arrow
        for arrow in ax.patches
        if type(arrow).__name__ == "FancyArrowPatch"
        and arrow.get_edgecolor() == plt.matplotlib.colors.to_rgba(plots.COLOURS[1])
    ]
    assert len(coloured) == length
    circles = [patch.get_label() for patch in ax.patches if type(patch).__name__ == "Circle"]
    assert sum(name.startswith("$h") for name in circles) == 3
    assert sum(name.startswith("$z") for name in circles) == 2 * (depth - 1)


def test_a_skip_needs_layers_to_go_around(ax):
    with pytest.raises(ValueError, match="depth: expected at least 2 layers to go around, got 1"):
        transition_path(ax, 1, skip=True)


def test_a_descent_on_its_surface(ax):
    path = torch.tensor([[4.0, -2.0], [4.5, -1.0], [5.0, 0.0]]).double()
    cliff(ax, lambda w, b: (w - 5) ** 2 + b**2, path)
    drawn = ax.lines[0]
    assert list(zip(*drawn.get_data(), strict=True)) == [(4.0, -2.0), (4.5, -1.0), (5.0, 0.0)]
    assert ax.lines[1].get_xdata()[0] == 4.0 and ax.lines[2].get_xdata()[0] == 5.0


def test_an_alignment_has_a_row_a_phone_and_a_column_a_letter(ax):
    alpha = torch.tensor([[0.9, 0.1, 0.0], [0.0, 0.3, 0.7]])
    alignment(ax, alpha, "abc", ["X", "Y"])
    assert [label.get_text() for label in ax.get_xticklabels()] == ["a", "b", "c"]
    assert {text.get_text() for text in ax.texts} == {"0.9", "0.1", "0.3", "0.7"}
    with pytest.raises(ValueError, match=r"alpha: expected shape \(2, 2\), got \(2, 3\)"):
        alignment(ax, alpha, "ab", ["X", "Y"])


def test_every_seed_is_a_dot_beside_the_others(ax):
    plots.seeds(ax, 3, [0.1, 0.2, 0.6], BLUE, label="net")
    plots.seeds(ax, 3, [0.1, 0.2, 0.6], BLUE, upright=True, mean=False)
    across, mean, upright = (line.get_data() for line in ax.lines)
    assert list(across[0]) == list(upright[1]) == [0.1, 0.2, 0.6]
    assert list(across[1]) == list(upright[0]) == pytest.approx([2.91, 3, 3.09])
    assert mean == (pytest.approx([0.3, 0.3]), pytest.approx([2.7, 3.3]))


def test_dots_are_accuracies_of_any_number(ax):
    plots.dots({"net": [9.1, 9.3]}, {"table": 10.7}, ax, xlabel="nats", spec=".1f")
    assert "net: 9.2 (9.1–9.3)" in plots.alt(ax) and "table: 10.7" in plots.alt(ax)
    with pytest.raises(ValueError, match="baselines: expected names that are not in results"):
        plots.dots({"a": [1.0]}, {"a": 2.0}, ax, xlabel="nats")

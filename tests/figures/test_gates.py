"""The figures of chapter 10: a step as a diagram, errors over updates, a gate over time."""

from __future__ import annotations

import pytest
import torch
from matplotlib import rc_context
from matplotlib.figure import Figure

from rnn_course.experiments.gates import KNOWN
from rnn_course.figures.gates import (
    STAGES,
    errors_over_rates,
    errors_over_updates,
    gate_over_time,
    step_diagram,
)
from rnn_course.figures.style import STYLE


@pytest.mark.parametrize(
    ("stage", "letters"),
    [
        (STAGES[0], {"tanh"}),
        (STAGES[1], {"$i$", r"$\tilde{c}$", "$o$", "+"}),
        (STAGES[2], {"$f$", "$i$", r"$\tilde{c}$", "$o$", "+"}),
        (STAGES[3], {"$z$", "$r$", r"$\tilde{h}$", "+"}),
    ],
)
def test_a_stage_has_the_gates_of_its_year(ax, stage, letters):
    said = step_diagram(ax, stage)
    shown = {text.get_text() for text in ax.texts} - {"⊙", "$1-z$"}
    shown -= {"$h^{(t-1)}$", "$h^{(t)}$", "$x^{(t)}$", "$c^{(t-1)}$", "$c^{(t)}$"}
    assert shown - ({"tanh"} if stage != STAGES[0] else set()) == letters
    assert said.endswith(".") and len(said) < 100
    # the thick path runs from the old memory to the new one without a break
    thick = [p for p in ax.patches if getattr(p, "get_linewidth", float)() > 3]
    assert len(thick) >= (1 if stage == STAGES[0] else 2)


def test_a_stage_that_is_none(ax):
    with pytest.raises(ValueError, match="stage: expected one of a plain step"):
        step_diagram(ax, "attention")


def test_a_line_a_seed_and_a_mark_where_it_is_done(ax):
    errors_over_updates({"GRU": [[3.0, 1.0], [3.0, 2.0, 1.0], []]}, 2.5, 100, ax, ylabel="error")
    drawn = [line for line in ax.lines if len(line.get_xdata()) > 1]
    lines = [line for line in drawn if line.get_ydata()[0] == 3.0]
    assert [list(line.get_xdata()) for line in lines] == [[100, 200], [100, 200, 300]]
    (done,) = [line for line in ax.lines if len(line.get_xdata()) == 1]
    assert done.get_xdata()[0] == 200 and done.get_ydata()[0] == 1.0
    assert ax.get_xscale() == ax.get_yscale() == "log"
    with pytest.raises(ValueError, match="runs: expected"):
        errors_over_updates({"GRU": []}, 1.0, 100, ax, ylabel="error")


def test_an_error_stands_at_its_rate(ax):
    errors_over_rates({"GRU": {1e-2: 0.1, 1e-4: 1.0}, "LSTM": {1e-3: 0.5}}, ax)
    first, second, line = ax.lines
    assert list(first.get_xdata()) == [1e-4, 1e-2] and list(first.get_ydata()) == [1.0, 0.1]
    assert second.get_label() == "LSTM" and set(line.get_ydata()) == {1}
    with pytest.raises(ValueError, match="found: expected"):
        errors_over_rates({"GRU": {}}, ax)


def test_the_unit_that_changes_most_comes_first(ax):
    values = torch.full((5, 3), 0.5)
    values[2, 1], values[:, 2] = 1.0, torch.linspace(0, 1, 5)
    gate_over_time(ax, values, [2])
    shown = torch.tensor(ax.images[0].get_array().data)
    torch.testing.assert_close(shown, values[:, [2, 1, 0]].T)
    (arrows,) = ax.lines
    assert [*arrows.get_xdata()] == [2]
    bottom, top = ax.get_ylim()
    assert all(top < y < -0.5 < bottom for y in arrows.get_ydata())  # in sight, above the map
    with pytest.raises(ValueError, match=r"values: expected shape \(T, n\), got \(5,\)"):
        gate_over_time(ax, values[:, 0], [])


def test_the_legend_of_the_longest_names_is_within_the_figure():
    with rc_context(STYLE):
        figure = Figure(figsize=(6, 3.8), layout="constrained")
        ax = errors_over_rates({name: {0.1: 0.1} for name in KNOWN}, figure.subplots())
        figure.draw_without_rendering()
        legend = ax.get_legend().get_window_extent()
    assert 0 <= legend.x0 and legend.x1 <= figure.bbox.x1 and legend.y1 <= figure.bbox.y1

"""The figures of chapter 9: norms against the gap and the radius, accuracies against both."""

from __future__ import annotations

import pytest
import torch

from rnn_course.figures.long_gaps import (
    accuracy_over_gap,
    accuracy_over_norm,
    norms_over_gap,
    norms_over_radius,
)


def data(ax):
    return {line.get_label(): (list(line.get_xdata()), list(line.get_ydata())) for line in ax.lines}


def test_norms_are_drawn_against_the_gap(ax):
    norms = {"a": torch.tensor([1e-3, 0.1, 1.0]), "b": torch.tensor([9.0, 3.0, 1.0])}
    norms_over_gap(norms, {"b": torch.tensor([16.0, 4.0, 1.0])}, ax)
    lines, colours = data(ax), {line.get_label(): line.get_color() for line in ax.lines}
    assert lines["b"] == ([0, 1, 2], [1, 3, 9]) and lines["_b, bound"][1] == [1, 4, 16]
    assert lines["a"][1] == [1, pytest.approx(0.1), pytest.approx(1e-3)]
    assert colours["_b, bound"] == colours["b"] != colours["a"]
    assert ax.get_yscale() == "log" and "T − t" in ax.get_xlabel()
    assert ax.get_legend_handles_labels()[1] == ["a", "b"]


def test_norms_are_drawn_against_the_radius(ax):
    norms_over_radius([0.9, 1.1], {"linear": [0.1, 10], "tanh": [0.1, 0.2]}, ax)
    assert data(ax)["tanh"] == ([0.9, 1.1], [0.1, 0.2])
    assert ax.get_yscale() == "log" and "radius" in ax.get_xlabel()


def test_every_seed_and_the_median_are_drawn(ax):
    found = {"a": {3: [1.0, 0.9, 0.95], 10: [0.5, 0.1, 0.2]}, "b": {3: [1.0, 1.0, 0.8]}}
    accuracy_over_gap(found, 0.02, 1.0, ax)
    lines = data(ax)
    assert lines["a"][1] == [0.95, 0.2] and lines["b"][1] == [1.0]
    assert lines["_a, 3"][1] == [1.0, 0.9, 0.95] and lines["_a, 10"][1] == [0.5, 0.1, 0.2]
    assert lines["_a, 3"][0] == [lines["a"][0][0]] * 3
    levels = [line.get_ydata()[0] for line in ax.lines if line.get_label() == "_level"]
    assert levels == [0.02, 1.0, 0.51]
    assert [tick.get_text() for tick in ax.get_xticklabels()] == ["3", "10"]
    assert ax.get_legend_handles_labels()[1] == ["a", "b"]


def test_accuracies_are_drawn_against_their_norms(ax):
    found = {"a": {3: [1.0, 0.9, 0.8], 10: [0.5]}, "b": {3: [0.98]}}
    norms = {"a": {3: [0.3, 0.2, 0.1], 10: [1e-3]}, "b": {3: [2.0]}}
    accuracy_over_norm(found, norms, ax)
    dots = [(line.get_label(), list(line.get_xdata()), list(line.get_ydata())) for line in ax.lines]
    assert dots == [
        ("a", [0.3, 0.2, 0.1], [1.0, 0.9, 0.8]),
        ("_a", [1e-3], [0.5]),
        ("b", [2.0], [0.98]),
    ]
    assert [(text.get_text(), text.xy) for text in ax.texts] == [
        ("3", (0.2, 0.9)),
        ("10", (1e-3, 0.5)),
    ]
    assert ax.get_xscale() == "log"

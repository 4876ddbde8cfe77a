"""The figures of chapter 10: a cliff, and an alignment."""

from __future__ import annotations

import pytest
import torch

from rnn_course.figures.remedies import alignment, cliff


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

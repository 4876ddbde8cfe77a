"""The figures of chapter 13: an alignment, the row of a step, growth with length."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from rnn_course.figures.attention import alignment, growth, looked_back


def test_an_alignment_has_a_row_a_phone_and_a_column_a_letter(ax):
    alpha = torch.tensor([[0.9, 0.1, 0.0], [0.0, 0.3, 0.7]])
    alignment(ax, alpha, "abc", ["X", "Y"])
    assert [label.get_text() for label in ax.get_xticklabels()] == ["a", "b", "c"]
    assert {text.get_text() for text in ax.texts} == {"0.9", "0.1", "0.3", "0.7"}
    with pytest.raises(ValueError, match=r"alpha: expected shape \(2, 2\), got \(2, 3\)"):
        alignment(ax, alpha, "ab", ["X", "Y"])


@pytest.mark.parametrize("t", [1, 3, 5])
def test_a_step_computes_its_row_and_the_rows_before_stand_there(ax, t):
    said = looked_back(ax, t, 5)
    (mesh,) = ax.collections
    kind = np.asarray(mesh.get_array()).reshape(5, 5)
    for row in range(5):
        expected = 0 if row >= t else 2 if row == t - 1 else 1
        assert kind[row].tolist() == [expected] * (row + 1) + [0] * (4 - row)
    again = kind.astype(bool).sum()
    assert said == f"Step {t} computes a row of {t} scores; all rows up to it have {again}."
    assert ax.get_title() == f"step {t}: {t} scores with the cache, {again} without"
    for bad in (0, 6):
        with pytest.raises(ValueError, match="t: expected"):
            looked_back(ax, bad, 5)


def test_growth_is_drawn_on_logarithmic_scales(ax):
    growth(ax, {"self-attention": [4, 16, 64], "GRU": [1, 2, 4]}, [2, 4, 8], "bytes")
    lines = {line.get_label(): line for line in ax.get_lines()}
    assert [*lines["self-attention"].get_ydata()] == [4, 16, 64]
    assert [*lines["GRU"].get_xdata()] == [2, 4, 8]
    assert lines["GRU"].get_color() != lines["self-attention"].get_color()
    assert (ax.get_xscale(), ax.get_yscale()) == ("log", "log")
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("steps T", "bytes")
    with pytest.raises(ValueError, match="costs.'GRU'.: expected one for each of 2 lengths, got 3"):
        growth(ax, {"GRU": [1, 2, 3]}, [2, 4], "bytes")

"""The figure of chapter 13: an alignment."""

from __future__ import annotations

import pytest
import torch

from rnn_course.figures.attention import alignment


def test_an_alignment_has_a_row_a_phone_and_a_column_a_letter(ax):
    alpha = torch.tensor([[0.9, 0.1, 0.0], [0.0, 0.3, 0.7]])
    alignment(ax, alpha, "abc", ["X", "Y"])
    assert [label.get_text() for label in ax.get_xticklabels()] == ["a", "b", "c"]
    assert {text.get_text() for text in ax.texts} == {"0.9", "0.1", "0.3", "0.7"}
    with pytest.raises(ValueError, match=r"alpha: expected shape \(2, 2\), got \(2, 3\)"):
        alignment(ax, alpha, "ab", ["X", "Y"])

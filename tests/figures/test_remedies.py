"""The figures of chapter 11: a cliff, and gradients over a training."""

from __future__ import annotations

import pytest
import torch

from rnn_course.figures.remedies import cliff, lengths_of_gradients


def test_a_descent_on_its_surface(ax):
    path = torch.tensor([[4.0, -2.0], [4.5, -1.0], [5.0, 0.0]]).double()
    cliff(ax, lambda w, b: (w - 5) ** 2 + b**2, path)
    drawn = ax.lines[0]
    assert list(zip(*drawn.get_data(), strict=True)) == [(4.0, -2.0), (4.5, -1.0), (5.0, 0.0)]
    assert ax.lines[1].get_xdata()[0] == 4.0 and ax.lines[2].get_xdata()[0] == 5.0


def test_gradients_have_a_line_a_seed(ax):
    lengths_of_gradients({"clipped": [[5, 2], [1, 3]], "GRU": [[0.1, 0.2]]}, 10, 1.0, ax)
    *seeds, threshold = ax.lines
    assert [[*map(list, line.get_data())] for line in seeds] == [
        [[10, 20], [5, 2]], [[10, 20], [1, 3]], [[10, 20], [0.1, 0.2]]
    ]  # fmt: skip
    assert seeds[0].get_color() == seeds[1].get_color() != seeds[2].get_color()
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["clipped", "GRU"]
    assert set(threshold.get_ydata()) == {1.0} and ax.get_yscale() == "log"
    with pytest.raises(ValueError, match=r"norms\['a'\]\[1\]: expected positive norms, got \[1, 0"):
        lengths_of_gradients({"a": [[1, 2], [1, 0]]}, 10, 1.0, ax)

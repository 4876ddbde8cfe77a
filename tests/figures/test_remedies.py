"""The figure of chapter 11: a cliff."""

from __future__ import annotations

import torch

from rnn_course.figures.remedies import cliff


def test_a_descent_on_its_surface(ax):
    path = torch.tensor([[4.0, -2.0], [4.5, -1.0], [5.0, 0.0]]).double()
    cliff(ax, lambda w, b: (w - 5) ** 2 + b**2, path)
    drawn = ax.lines[0]
    assert list(zip(*drawn.get_data(), strict=True)) == [(4.0, -2.0), (4.5, -1.0), (5.0, 0.0)]
    assert ax.lines[1].get_xdata()[0] == 4.0 and ax.lines[2].get_xdata()[0] == 5.0

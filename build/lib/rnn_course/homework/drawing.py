"""The drawing of a puzzle: what goes in, an arrow, what comes out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.patches import Rectangle

from rnn_course.figures.style import INK, white_axes

UNIT = 0.42  # inches of a square


def puzzle(given: Mapping[str, Any], wanted: Mapping[str, Any]) -> None:
    """Draw arrays as squares with their numbers, and an arrow from what is given to what is wanted.

    Args:
        given, wanted: By name, numbers in lists, or in lists of lists.

    Raises:
        ValueError: If an array has more than two axes.
    """
    left = [(name, _grid(name, values)) for name, values in given.items()]
    right = [(name, _grid(name, values)) for name, values in wanted.items()]
    columns = sum(grid.shape[1] + 1 for _, grid in left + right) + 1
    rows = max(len(grid) for _, grid in left + right)
    ax = white_axes(None, columns * UNIT, (rows + 1.1) * UNIT)
    ax.set(xlim=(-0.2, columns), ylim=(rows + 0.1, -1), aspect="equal")
    ax.set_axis_off()
    x = _draw(ax, left, 0, rows)
    ax.annotate(
        "",
        (x + 0.8, rows / 2),
        (x - 0.6, rows / 2),
        arrowprops={"arrowstyle": "->", "color": INK, "lw": 1.8},
    )
    _draw(ax, right, x + 1, rows)
    plt.show()


def _draw(ax: Any, grids: Sequence[tuple[str, np.ndarray]], x: float, rows: int) -> float:
    """Draw grids side by side from x on, and return where the next would begin."""
    for name, grid in grids:
        top = (rows - len(grid)) / 2
        ax.text(x + grid.shape[1] / 2, top - 0.25, name, ha="center", va="bottom", fontsize=9)
        for (i, j), number in np.ndenumerate(grid):
            colour = plt.get_cmap("Blues")(0.12 + 0.5 * min(abs(number) / 9, 1) if number else 0.0)
            ax.add_patch(Rectangle((x + j, top + i), 1, 1, facecolor=colour, edgecolor=INK, lw=0.8))
            ax.text(x + j + 0.5, top + i + 0.5, f"{number:g}", ha="center", va="center", fontsize=9)
        x += grid.shape[1] + 1
    return x


def _grid(name: str, values: Any) -> np.ndarray:
    """An array of two axes; a row becomes a column, as a batch is drawn."""
    array = np.asarray(values, dtype=float)
    if array.ndim > 2:
        raise ValueError(f"{name}: expected numbers or lists of numbers, got {array.ndim} axes")
    return array.reshape(-1, 1) if array.ndim < 2 else array

"""Figures of accuracy over length and position, and of curves with their seeds' spread."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.image import AxesImage
from matplotlib.patches import Rectangle

from rnn_course.figures.drawing import COLOURS, name_axes, white_axes
from rnn_course.figures.plots import DASHES


def accuracy_map(
    cells: Sequence[tuple[int, int]],
    shares: Sequence[float],
    trained: Sequence[bool],
    ax: Axes,
    title: str = "",
) -> AxesImage:
    """Draw a share for each cell (length, position): lengths downwards, positions across.

    Cells that were trained are framed; grey is what is no cell. Returns the picture, for a colour
    bar. Raises `ValueError` unless there are as many shares and marks as cells, one at least, and
    all shares lie between 0 and 1.
    """
    rows, columns = np.asarray(cells, dtype=int).reshape(-1, 2).T
    shares, trained = np.asarray(shares, dtype=float), np.asarray(trained, dtype=bool)
    for name, values in (("shares", shares), ("trained", trained)):
        if values.shape != rows.shape or len(rows) == 0:
            raise ValueError(
                f"{name}: expected one for each of {len(rows)} cells, at least one, "
                f"got shape {values.shape}"
            )
    if not ((shares >= 0) & (shares <= 1)).all():
        raise ValueError(
            f"shares: expected numbers from 0 to 1, got {shares.min()} … {shares.max()}"
        )
    low, left = rows.min(), columns.min()
    image = np.full((rows.max() - low + 1, columns.max() - left + 1), np.nan)
    image[rows - low, columns - left] = shares
    picture = ax.imshow(
        image,
        vmin=0,
        vmax=1,
        cmap=mpl.colormaps["Blues"].with_extremes(bad="#CCCCCC"),
        extent=(left - 0.5, columns.max() + 0.5, rows.max() + 0.5, low - 0.5),
    )
    for row, column in zip(rows[trained], columns[trained], strict=True):
        ax.add_patch(
            Rectangle(
                (column - 0.5, row - 0.5), 1, 1, fill=False, linewidth=0.8, edgecolor=COLOURS[1]
            )
        )
    ax.set(
        title=title, xticks=range(left, columns.max() + 1, 4), yticks=range(low, rows.max() + 1, 4)
    )
    return picture


def bands(
    curves: Mapping[str, Sequence[Sequence[float]]],
    x: Sequence[float],
    ax: Axes | None = None,
    *,
    xlabel: str,
    ylabel: str,
    log: bool = False,
) -> Axes:
    """Draw a line a name: the mean over its seeds, with a band from the lowest to the highest.

    `curves[name]` has a row for each of `x` with a share for each seed. `log` puts x on a scale of
    powers of two. Raises `ValueError` for a curve with another number of rows.
    """
    ax = white_axes(ax, 6.6, 4.4)
    for i, (name, seeds) in enumerate(curves.items()):
        seeds = np.asarray(seeds, dtype=float)
        if seeds.ndim != 2 or len(seeds) != len(x):
            raise ValueError(
                f"curves[{name!r}]: expected {len(x)} rows with a number a seed, got "
                f"shape {seeds.shape}"
            )
        colour = COLOURS[i % len(COLOURS)]
        ax.fill_between(x, seeds.min(1), seeds.max(1), color=colour, alpha=0.2, linewidth=0)
        ax.plot(x, seeds.mean(1), DASHES[i % 4], marker="o", markersize=4, color=colour, label=name)
    if log:
        ax.set_xscale("log", base=2)
    ax.set(ylim=(-0.02, 1.02), xticks=x, xticklabels=list(map(str, x)))
    name_axes(ax, xlabel, ylabel)
    ax.legend(
        title="mean, lowest and highest seed",
        frameon=False,
        loc="upper center",
        bbox_to_anchor=(0.5, -0.18),
        ncols=3,
    )
    return ax


def chances(given: Mapping[str, tuple[float, str]], ax: Axes, of: str) -> Axes:
    """Draw for each name the probability that it gives to `of`, and write its answer beside it."""
    for row, (probability, answer) in enumerate(given.values()):
        ax.barh(row, probability, color=COLOURS[0])
        ax.barh(row, 1 - probability, left=probability, color="0.85")
        ax.text(1.02, row, answer, va="center")
    ax.set(xlim=(0, 1), xlabel=f"probability given to {of} (blue); right: the answer")
    ax.set_yticks(range(len(given)), list(given))
    ax.invert_yaxis()
    return ax

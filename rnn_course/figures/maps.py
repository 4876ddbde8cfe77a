"""Accuracy over length and position, curves with the spread of their seeds, and answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.image import AxesImage
from matplotlib.patches import Rectangle
from numpy.typing import ArrayLike

from rnn_course.figures.style import COLOURS, name_axes, styles, white_axes


def accuracy_map(
    cells: Sequence[tuple[int, int]],
    shares: ArrayLike,
    trained: ArrayLike,
    ax: Axes,
    title: str = "",
) -> AxesImage:
    """Draw a share for each cell (length, position): lengths downwards, positions across.

    Cells that were trained are framed; pixels that are not cells are grey. Returns the picture, for
    a colour bar.

    Raises:
        ValueError: If there are no cells, the numbers of shares, marks and cells differ, or a share
            is not between 0 and 1.
    """
    rows, columns = np.asarray(cells, dtype=int).reshape(-1, 2).T
    share, framed = np.asarray(shares, dtype=float), np.asarray(trained, dtype=bool)
    for name, values in (("shares", share), ("trained", framed)):
        if values.shape != rows.shape or len(rows) == 0:
            raise ValueError(
                f"{name}: expected one for each of {len(rows)} cells, at least one, "
                f"got shape {values.shape}"
            )
    if not ((share >= 0) & (share <= 1)).all():
        raise ValueError(f"shares: expected numbers from 0 to 1, got {share.min()} … {share.max()}")
    low, left = rows.min(), columns.min()
    image = np.full((rows.max() - low + 1, columns.max() - left + 1), np.nan)
    image[rows - low, columns - left] = share
    picture = ax.imshow(
        image,
        vmin=0,
        vmax=1,
        cmap=mpl.colormaps["Blues"].with_extremes(bad="#CCCCCC"),
        extent=(left - 0.5, columns.max() + 0.5, rows.max() + 0.5, low - 0.5),
    )
    for row, column in zip(rows[framed], columns[framed], strict=True):
        ax.add_patch(
            Rectangle(
                (column - 0.5, row - 0.5), 1, 1, fill=False, linewidth=0.8, edgecolor=COLOURS[1]
            )
        )
    ax.spines[:].set_visible(True)
    ax.set(
        title=title, xticks=range(left, columns.max() + 1, 4), yticks=range(low, rows.max() + 1, 4)
    )
    return picture


def bands(
    curves: Mapping[str, ArrayLike],
    x: Sequence[float],
    ax: Axes | None = None,
    *,
    xlabel: str,
    ylabel: str,
    log: bool = False,
) -> Axes:
    """Draw a line for each name: the mean over its seeds, with a band from lowest to highest.

    `curves[name]` has a row for each of `x`, with a share per seed. `log` puts x on a scale of
    powers of two.

    Raises:
        ValueError: If a curve has the wrong number of rows.
    """
    ax = white_axes(ax, 6.6, 4.4)
    for name, style in styles(curves).items():
        seeds = np.asarray(curves[name], dtype=float)
        if seeds.ndim != 2 or len(seeds) != len(x):
            raise ValueError(
                f"curves[{name!r}]: expected {len(x)} rows with a number per seed, got "
                f"shape {seeds.shape}"
            )
        ax.fill_between(x, seeds.min(1), seeds.max(1), color=style.colour, alpha=0.2, linewidth=0)
        line = style.dashes + style.mark
        ax.plot(x, seeds.mean(1), line, markersize=4, color=style.colour, label=name)
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
    """Draw the probability that each name gives to `of`, with its answer next to it."""
    for row, (probability, answer) in enumerate(given.values()):
        ax.barh(row, probability, color=COLOURS[0])
        ax.barh(row, 1 - probability, left=probability, color="0.85")
        ax.text(1.02, row, answer, va="center")
    ax.set(xlim=(0, 1), xlabel=f"probability given to {of} (blue); right: the answer")
    ax.set_yticks(range(len(given)), list(given))
    ax.invert_yaxis()
    return ax

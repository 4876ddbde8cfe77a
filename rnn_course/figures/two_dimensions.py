"""Figures of the chapter on two dimensions: who waits, what is seen, what is enclosed."""

from __future__ import annotations

from collections.abc import Mapping

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from torch import Tensor

from rnn_course.figures.drawing import COLOURS, PALE, SIZE, name_axes, white_axes


def steps(rows: int, columns: int, ax: Axes | None = None) -> Axes:
    """Draw the pixels with arrows from the two that each waits for, and its step as a number."""
    ax = white_axes(ax, 5.6, 4.2)
    shade = mpl.colormaps["Blues"]
    for i in range(rows):
        for j in range(columns):
            for k, m in ((i - 1, j), (i, j - 1)):
                if k >= 0 and m >= 0:
                    ax.annotate(
                        "",
                        (j, i),
                        (m, k),
                        arrowprops={
                            "arrowstyle": "->",
                            "color": PALE,
                            "shrinkA": 14,
                            "shrinkB": 14,
                        },
                    )
            ax.text(
                j,
                i,
                str(i + j + 1),
                ha="center",
                va="center",
                fontsize=SIZE + 1,
                bbox={"boxstyle": "circle", "fc": shade(0.08 + 0.5 * (i + j) / (rows + columns))},
            )
    ax.set(
        xlim=(-0.4, columns - 0.6), ylim=(rows - 0.6, -0.4), xticks=[], yticks=[], aspect="equal"
    )
    ax.spines[:].set_visible(False)
    name_axes(ax, "column j", "row i")
    return ax


def fields(slopes: Mapping[str, Tensor], pixel: tuple[int, int], ax: Axes) -> Axes:
    """Draw what four networks see at a pixel, each on a map, and how many see each pixel.

    `slopes[name][i, j, k, l]` (n, n, n, n) is the size of ∂h^(i,j)/∂x^(k,l): blue on a
    scale of powers of ten, grey where it is exactly zero.
    """
    (i, j), n = pixel, len(next(iter(slopes.values())))
    places = [(0, 0), (n + 1, 0), (0, n + 1.6), (n + 1, n + 1.6), (2 * n + 3, n / 2 + 0.8)]
    blues = mpl.colormaps["Blues"].with_extremes(bad="#CCCCCC")
    count = sum((slope[i, j] > 0).int() for slope in slopes.values()).numpy()
    panels = {
        f"from {name}": np.ma.log10(np.ma.masked_equal(slope[i, j].numpy(), 0))
        for name, slope in slopes.items()
    } | {"seen by how many": count}
    for (left, top), (title, values) in zip(places, panels.items(), strict=True):
        colours = (
            {"cmap": "Oranges", "vmin": 0, "vmax": 5}
            if values is count
            else {"cmap": blues, "vmin": -4, "vmax": 0.5}
        )
        _panel(ax, values, (left, top), title, **colours)
        ax.add_patch(
            Rectangle((left + j, top + i), 1, 1, fill=False, color=COLOURS[1], linewidth=2.5)
        )
    for (k, m), seen in np.ndenumerate(count):
        ax.text(left + m + 0.5, top + k + 0.5, str(seen), ha="center", va="center")
    return _bare(ax, 3 * n + 3, 2 * n + 1.6)


def answers(ink: Tensor, background: Tensor, given: Mapping[str, Tensor], ax: Axes) -> Axes:
    """Draw an image (rows, columns), ink 0 … 1, and beside it each of the given answers: how
    probably each background pixel is enclosed, from white to dark orange."""
    rows, columns = ink.shape
    _panel(ax, ink.numpy(), (0, 0), "the image", cmap="Greys", vmin=0, vmax=1.6)
    for n, (title, p) in enumerate(given.items(), start=1):
        place = (n * (columns + 1), 0)
        _panel(ax, ink.numpy(), place, title, cmap="Greys", vmin=0, vmax=1.6)
        _panel(
            ax,
            np.ma.masked_where(~background.numpy(), p.numpy()),
            place,
            "",
            cmap="Oranges",
            vmin=0,
            vmax=1,
        )
    return _bare(ax, (len(given) + 1) * (columns + 1) - 1, rows)


def corner_maps(maps: Mapping[str, Tensor], label: str) -> Figure:
    """Draw a map of shares (rows, columns) for each name, the four corners' written in."""
    figure, axes = plt.subplots(
        1,
        len(maps),
        figsize=(3.5 * len(maps), 3.6),
        squeeze=False,
        layout="constrained",
        facecolor="white",
    )
    for ax, (name, shares) in zip(axes[0], maps.items(), strict=True):
        picture = ax.imshow(shares.numpy(), vmin=0, vmax=1, cmap="Blues")
        bottom, right = shares.shape[0] - 1, shares.shape[1] - 1
        ax.set(
            title=name,
            xticks=[0, right],
            xticklabels=[1, right + 1],
            yticks=[0, bottom],
            yticklabels=[1, bottom + 1],
        )
        name_axes(ax, "column", "row")
        for i, j in ((0, 0), (0, right), (bottom, 0), (bottom, right)):
            ax.text(
                j,
                i,
                f"{shares[i, j]:.2f}",
                ha="center",
                va="center",
                fontsize=8,
                color="white" if shares[i, j] > 0.5 else "black",
            )
    figure.colorbar(picture, ax=axes, shrink=0.8, label=label)
    return figure


def _panel(
    ax: Axes, values: np.ndarray, place: tuple[float, float], title: str, **colours: object
) -> None:
    """One map, a unit a pixel, its upper left corner at `place`."""
    (left, top), (rows, columns) = place, values.shape
    ax.imshow(values, extent=(left, left + columns, top + rows, top), **colours)
    ax.add_patch(Rectangle(place, columns, rows, fill=False, color=PALE))
    ax.text(left + columns / 2, top - 0.15, title, ha="center", va="bottom", fontsize=SIZE - 2)


def _bare(ax: Axes, width: float, height: float) -> Axes:
    ax.set(xlim=(-0.2, width + 0.2), ylim=(height + 0.2, -1.3), xticks=[], yticks=[])
    ax.spines[:].set_visible(False)
    return ax

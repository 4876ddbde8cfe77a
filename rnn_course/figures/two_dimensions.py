"""Figures for the chapter on two dimensions: what waits, what is seen, what is enclosed."""

from __future__ import annotations

from collections.abc import Mapping

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.colors import Colormap
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from torch import Tensor

from rnn_course.figures.drawing import arrow, node
from rnn_course.figures.style import (
    COLOURS,
    DARK_ON_MAP,
    INK,
    LIGHT_ON_MAP,
    PALE,
    SIZE,
    name_axes,
    white_axes,
)


def steps(rows: int, columns: int, ax: Axes | None = None) -> Axes:
    """Draw each pixel with its step as a number, and arrows from the two that it waits for."""
    ax = white_axes(ax, 5.6, 4.2)
    ax.set(
        xlim=(-0.4, columns - 0.6), ylim=(rows - 0.6, -0.4), xticks=[], yticks=[], aspect="equal"
    )
    shade = mpl.colormaps["Blues"]
    pixels = {
        (i, j): node(
            ax,
            (j, i),
            str(i + j + 1),
            INK,
            name=f"{i}, {j}",
            fill=shade(0.08 + 0.5 * (i + j) / (rows + columns)),
            ink=DARK_ON_MAP,
            size=SIZE + 1,
            width=1,
        )
        for i in range(rows)
        for j in range(columns)
    }
    for (i, j), pixel in pixels.items():
        for before in ((i - 1, j), (i, j - 1)):
            if before in pixels:
                arrow(ax, pixels[before], pixel, PALE, name=f"{before[0]}, {before[1]} to {i}, {j}")
    ax.spines[:].set_visible(False)
    name_axes(ax, "column j", "row i")
    return ax


def fields(slopes: Mapping[str, Tensor], pixel: tuple[int, int], ax: Axes) -> Axes:
    """Draw a map of what each of four networks sees at a pixel, and how many see each pixel.

    `slopes[name][i, j, k, l]` (n, n, n, n) is the size of ∂h^(i,j)/∂x^(k,l): blue on a
    logarithmic scale, grey where it is exactly zero.
    """
    (i, j), n = pixel, len(next(iter(slopes.values())))
    places = [(0, 0), (n + 1, 0), (0, n + 1.6), (n + 1, n + 1.6), (2 * n + 3, n / 2 + 0.8)]
    blues = mpl.colormaps["Blues"].with_extremes(bad="#CCCCCC")
    count = torch.stack([slope[i, j] > 0 for slope in slopes.values()]).sum(0).numpy()
    panels = {
        f"from {name}": np.ma.log10(np.ma.masked_equal(slope[i, j].numpy(), 0))
        for name, slope in slopes.items()
    } | {"seen by how many": count}
    for (left, top), (title, values) in zip(places, panels.items(), strict=True):
        if values is count:
            _panel(ax, values, (left, top), title, "Oranges", (0, 5))
        else:
            _panel(ax, values, (left, top), title, blues, (-4, 0.5))
        ax.add_patch(
            Rectangle((left + j, top + i), 1, 1, fill=False, color=COLOURS[1], linewidth=2.5)
        )
    for (k, m), seen in np.ndenumerate(count):
        ax.text(
            left + m + 0.5, top + k + 0.5, str(seen), ha="center", va="center", color=DARK_ON_MAP
        )
    return _bare(ax, 3 * n + 3, 2 * n + 1.6)


def answers(ink: Tensor, background: Tensor, given: Mapping[str, Tensor], ax: Axes) -> Axes:
    """Draw an image (rows, columns), ink from 0 to 1, and each given answer next to it.

    An answer is the probability that a background pixel is enclosed, from white to dark orange.
    """
    rows, columns = ink.shape
    _panel(ax, ink.numpy(), (0, 0), "the image", "Greys", (0, 1.6))
    for n, (title, p) in enumerate(given.items(), start=1):
        place = (n * (columns + 1), 0)
        _panel(ax, ink.numpy(), place, title, "Greys", (0, 1.6))
        enclosed = np.ma.masked_where(~background.numpy(), p.numpy())
        _panel(ax, enclosed, place, "", "Oranges", (0, 1))
    return _bare(ax, (len(given) + 1) * (columns + 1) - 1, rows)


def corner_maps(maps: Mapping[str, Tensor], label: str) -> Figure:
    """Draw a map of shares (rows, columns) for each name, with the four corners written in."""
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
                color=LIGHT_ON_MAP if shares[i, j] > 0.5 else DARK_ON_MAP,
            )
    figure.colorbar(picture, ax=axes, shrink=0.8, label=label)
    return figure


def _panel(
    ax: Axes,
    values: np.ndarray,
    place: tuple[float, float],
    title: str,
    cmap: str | Colormap,
    limits: tuple[float, float],
) -> None:
    """One map with its upper left corner at `place`; each pixel is one unit wide."""
    (left, top), (rows, columns) = place, values.shape
    extent = (left, left + columns, top + rows, top)
    ax.imshow(values, extent=extent, cmap=cmap, vmin=limits[0], vmax=limits[1])
    ax.add_patch(Rectangle(place, columns, rows, fill=False, color=PALE))
    ax.text(left + columns / 2, top - 0.15, title, ha="center", va="bottom", fontsize=SIZE - 2)


def _bare(ax: Axes, width: float, height: float) -> Axes:
    ax.set(xlim=(-0.2, width + 0.2), ylim=(height + 0.2, -1.3), xticks=[], yticks=[])
    ax.spines[:].set_visible(False)
    return ax

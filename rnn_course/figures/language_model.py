"""Figures for the chapter on language models: surprise, windows, truncation, samples, letters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import mean

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes

from rnn_course.figures.drawing import DASHED, arrow, canvas, node
from rnn_course.figures.plots import seeds_and_line
from rnn_course.figures.style import (
    DARK_ON_MAP,
    INK,
    KINDS,
    LIGHT_ON_MAP,
    PALE,
    SIZE,
    VERMILION,
    name_axes,
    styles,
    white_axes,
)

MOST = 6.0  # bits: what is more surprising has the same colour


def surprise(
    text: str, bits: Sequence[float], ax: Axes | None = None, width: int | None = None
) -> Axes:
    """Write a text with each character on a ground that says how surprising it was, in bits.

    A line is broken at a line break, which is drawn as ↵, and after `width` characters (None: those
    of the longest line, but at most 60); a space is drawn as ·.

    Raises:
        ValueError: If there is not one number for each character.
    """
    if len(text) != len(bits) or not text:
        raise ValueError(f"bits: expected one for each of {len(text)} characters, got {len(bits)}")
    width = width or min(60, max(len(line) + 1 for line in text.split("\n")))
    places, row, column = [], 0, 0
    for character in text:
        places.append((column, row))
        row, column = (
            (row + 1, 0) if character == "\n" or column + 1 == width else (row, column + 1)
        )
    rows = places[-1][1] + 1
    ax = white_axes(ax, 7, 0.5 + 0.23 * rows)
    ground = np.full((rows, width), np.nan)
    for (column, row), b in zip(places, bits, strict=True):
        ground[row, column] = min(b, MOST)
    image = ax.imshow(ground, cmap="Blues", vmin=0, vmax=MOST, aspect="auto")
    for character, (column, row), b in zip(text, places, bits, strict=True):
        ax.text(
            column,
            row,
            {"\n": "↵", " ": "·"}.get(character, character),
            ha="center",
            va="center_baseline",
            fontsize=SIZE - 2,
            family="monospace",
            color=LIGHT_ON_MAP if b > 0.55 * MOST else DARK_ON_MAP,
        )
    ax.set(xticks=[], yticks=[])
    ax.spines[:].set_visible(False)
    bar = ax.figure.colorbar(image, ax=ax, location="bottom", shrink=0.5, pad=0.02, aspect=40)
    bar.set_label("bits", fontsize=SIZE - 1, color=INK)
    bar.ax.tick_params(colors=INK, labelsize=SIZE - 1)
    return ax


def windows(ax: Axes | None = None, steps: int = 3, count: int = 3) -> Axes:
    """Draw truncated back-propagation: the state goes on to the next window, the gradient stops.

    Each h hands its state to the next (black), and a gradient comes back along it (dashed), except
    from the first step of a window to the last of the one before.
    """
    last = steps * count
    ax = canvas(ax, (7, 2.6), (-0.7, last + 0.2), (-1.7, 2.0))
    h = [node(ax, (t, 0), "$h$", KINDS["h"], name=f"h{t}") for t in range(last)]
    for t in range(last):
        x = node(ax, (t, -1.1), "$x$", KINDS["x"], name=f"x{t}")
        o = node(ax, (t, 1.1), "$o$", KINDS["o"], name=f"o{t}")
        arrow(ax, x, h[t], name=f"x{t} to h{t}")
        arrow(ax, h[t], o, name=f"h{t} to o{t}")
    for t in range(1, last):
        arrow(ax, h[t - 1], h[t], name=f"h{t - 1} to h{t}", width=2.0)
        if t % steps:
            arrow(
                ax,
                h[t],
                h[t - 1],
                VERMILION.colour,
                name=f"gradient {t}",
                dashes=DASHED,
                bend=0.5,
                width=1.8,
            )
    for k in range(count):
        middle = k * steps + (steps - 1) / 2
        ax.text(middle, 1.75, f"window {k + 1}", ha="center", fontsize=SIZE, color=INK)
        if k:
            ax.axvline(k * steps - 0.5, ymin=0.05, color=PALE, linestyle=":", linewidth=1.4)
    return ax


def over_steps(
    found: Mapping[str, Mapping[int, Sequence[float]]],
    lines: Mapping[str, float],
    ax: Axes | None = None,
) -> Axes:
    """Draw bits per character against the steps from cut to cut: a dot a seed, a line at the means.

    `found` has for each name and number of steps the figures of the seeds; `lines` are levels to
    compare with.
    """
    ax = white_axes(ax, 6.4, 4.0)
    for name, style in styles(found).items():
        seeds_and_line(ax, found[name], mean, style, label=name)
    for name, height in lines.items():
        ax.axhline(height, color=PALE, linestyle="--", linewidth=1.2, zorder=0, label=f"_{name}")
        ax.annotate(
            name,
            (1, height),
            (-2, 3),
            xycoords=("axes fraction", "data"),
            textcoords="offset points",
            ha="right",
            fontsize=SIZE - 1,
            color=INK,
        )
    ticks = sorted({n for at in found.values() for n in at})
    ax.set_xscale("log", base=2)
    ax.set_xticks(ticks, [str(n) for n in ticks])
    ax.minorticks_off()
    ax.legend(frameon=False, fontsize=SIZE - 1, labelcolor=INK)
    name_axes(ax, "steps from cut to cut", "bits per character")
    return ax


def over_temperature(
    found: Mapping[str, Mapping[float, float]],
    real: Mapping[str, float],
    other: Mapping[str, float],
    names: tuple[str, str] = ("real tunes", "n-grams"),
) -> list[Axes]:
    """Draw each measure of samples against their temperature, a small plot for each.

    `found` has for each measure and temperature a figure; `real` and `other` have the figure of
    real tunes (dashed) and of another writer (dotted) for each measure.
    """
    rows = -(-len(found) // 2)
    _, grid = plt.subplots(
        rows, 2, figsize=(6.4, 2.6 * rows), layout="constrained", facecolor="white", squeeze=False
    )
    axes = [*grid.flat]
    for ax, (measure, at) in zip(axes, found.items(), strict=False):
        white_axes(ax, 3.2, 2.6)
        ax.plot([*at], [*at.values()], "o-", color=styles(["GRU"])["GRU"].colour, label="network")
        for level, dashes, name in ((real, "--", names[0]), (other, ":", names[1])):
            ax.axhline(level[measure], color=INK, linestyle=dashes, linewidth=1.3, label=name)
        ax.set_ylim(0, 1.15 * max(*at.values(), real[measure], other[measure]))
        name_axes(ax, "temperature", "")
        ax.set_title(measure, fontsize=SIZE)
    for ax in axes[len(found) :]:
        ax.remove()
    axes[0].legend(frameon=False, fontsize=SIZE - 2, labelcolor=INK)
    return axes[: len(found)]


def letters(
    points: Mapping[str, tuple[float, float]],
    groups: Mapping[str, Sequence[str]],
    ax: Axes | None = None,
) -> Axes:
    """Write each symbol at its point in the plane, in the colour of its group.

    Raises:
        ValueError: If a symbol of a group has no point.
    """
    ax = white_axes(ax, 6, 4.6)
    for name, style in styles(groups).items():
        for i, symbol in enumerate(groups[name]):
            if symbol not in points:
                raise ValueError(f"groups: expected symbols that have a point, got {symbol!r}")
            ax.plot(*points[symbol], ".", color=style.colour, label="_" * (i > 0) + name)
            ax.annotate(
                {"\n": "↵", " ": "␣"}.get(symbol, symbol),
                points[symbol],
                (4, 3),
                textcoords="offset points",
                fontsize=SIZE,
                color=style.colour,
            )
    ax.legend(frameon=False, fontsize=SIZE - 1, labelcolor=INK)
    name_axes(ax, "first principal component", "second")
    return ax

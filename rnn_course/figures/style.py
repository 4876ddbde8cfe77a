"""The look of every figure: colours, dashes and marks, and which network has which.

To change the look of a network in the whole book, change its line in `_ROWS`. No two networks of
one figure may share a colour; if none is free, add a `Style`.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import cycle
from typing import Any, NamedTuple

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes

from rnn_course import checks


class Style(NamedTuple):
    """How a line is drawn. Lines differ in their dashes and marks as well as in colour."""

    colour: str
    dashes: str
    mark: str


# The first six can be told apart by colour-blind readers (Okabe and Ito, 2008).
BLUE = Style("#0072B2", "-", "o")
VERMILION = Style("#D55E00", "--", "s")
GREEN = Style("#009E73", "-.", "D")
PURPLE = Style("#CC79A7", ":", "^")
ORANGE = Style("#E69F00", "-", "v")
SKY = Style("#56B4E9", "--", "P")
WINE = Style("#882255", "-.", "X")
OLIVE = Style("#999933", ":", "<")
INDIGO = Style("#332288", "-", ">")
BROWN = Style("#8C564B", "--", "p")

CYCLE = (BLUE, VERMILION, GREEN, PURPLE, ORANGE, SKY, WINE, OLIVE, INDIGO, BROWN)
COLOURS = tuple(style.colour for style in CYCLE)
DASHES = tuple(style.dashes for style in CYCLE[:4])
INK, PALE, FAINT = "#222222", "#767676", "#CCCCCC"
# On a map, whose colours stay when the site shows a drawing on a dark page.
DARK_ON_MAP, LIGHT_ON_MAP = "#111111", "#FEFEFE"
SIZE = 12  # points, legible on a phone

#: Matplotlib's settings for what a chapter draws by itself, so that it looks like the rest; and so
#: that the same figure gives the same file: the ids inside it and the pixels of a map
STYLE: dict[Any, Any] = {
    "axes.edgecolor": PALE,
    "axes.labelcolor": INK,
    "axes.labelsize": SIZE,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlesize": SIZE,
    "image.interpolation": "none",
    "legend.fontsize": SIZE - 1,
    "legend.frameon": False,
    "svg.hashsalt": "figure",
    "text.color": INK,
    "xtick.color": INK,
    "xtick.labelsize": SIZE - 1,
    "ytick.color": INK,
    "ytick.labelsize": SIZE - 1,
}

#: the colours of an unfolded graph's nodes, by kind; g runs backward
KINDS = {
    "x": GREEN.colour,
    "state": PURPLE.colour,
    "h": BLUE.colour,
    "g": PURPLE.colour,
    "o": VERMILION.colour,
    "y": ORANGE.colour,
}

#: a network a line: its style, and the names that it has in the chapters
_ROWS: tuple[tuple[Style, tuple[str, ...]], ...] = (
    # cells, their starts and remedies
    (BLUE, ("tanh", "tanh network", "tanh, as torch starts it")),
    (VERMILION, ("tanh, orthogonal",)),
    (INDIGO, ("tanh, orthogonal, not clipped",)),
    (WINE, ("ReLU, identity",)),
    (OLIVE, ("leaky units",)),
    (BROWN, ("skips over 10 steps",)),
    (INDIGO, ("LSTM",)),
    (PURPLE, ("LSTM, forget bias", "LSTM, forget bias 1")),
    (ORANGE, ("LSTM, biases for long gaps",)),
    (GREEN, ("GRU",)),
    (SKY, ("GRU, biases for long gaps",)),
    # linear recurrences
    (BLUE, ("minGRU", "a = 0.9")),
    (GREEN, ("signed minGRU", "a = -1")),
    (WINE, ("LRU",)),
    (OLIVE, ("S4D-Lin",)),
    (BLUE, ("chunks (ours)",)),
    (VERMILION, ("doubling",)),
    (GREEN, ("in logarithms",)),
    # clipping; what training changed
    (BLUE, ("clipped",)),
    (VERMILION, ("not clipped",)),
    (BLUE, ("trained", "trained to compare")),
    (VERMILION, ("untrained",)),
    # a vector to a sequence; dashed edges; both directions (in each, "both" is both of the others)
    (BLUE, ("x at each step",)),
    (VERMILION, ("x as h(0)",)),
    (BLUE, ("hidden to hidden", "no edges from y")),
    (VERMILION, ("output to hidden",)),
    (BLUE, ("forward",)),
    (VERMILION, ("backward",)),
    (GREEN, ("both", "with the edges")),
    (PURPLE, ("both, no more parameters",)),
    # sharing
    (BLUE, ("tied",)),
    (VERMILION, ("untied",)),
    (GREEN, ("untied, narrow",)),
    (PURPLE, ("tied, wide",)),
    (ORANGE, ("window",)),
    (SKY, ("convolution",)),
    (OLIVE, ("bag of words",)),
    # two dimensions
    (BLUE, ("one", "one direction", "one, same size")),
    (VERMILION, ("two", "two, same size")),
    (PURPLE, ("three",)),
    (GREEN, ("four", "four directions", "four, same size")),
    # deep networks
    (BLUE, ("shallow",)),
    (VERMILION, ("stack of 2",)),
    (GREEN, ("stack of 3",)),
    (PURPLE, ("deep input",)),
    (ORANGE, ("deep transition",)),
    (SKY, ("deep transition, skip",)),
    (WINE, ("deep output",)),
    (OLIVE, ("all three",)),
    (BLUE, ("1 layer",)),
    (VERMILION, ("2 layers",)),
    (GREEN, ("2 layers, skip",)),
    (PURPLE, ("4 layers",)),
    (ORANGE, ("4 layers, skip",)),
    # a language model
    (SKY, ("GRU, 256 units",)),
    (ORANGE, ("GRU, this page",)),
    (BLUE, ("state handed on",)),
    (VERMILION, ("state reset in training",)),
    # attention
    (BLUE, ("fixed C",)),
    (VERMILION, ("attention",)),
    (GREEN, ("attention, both directions",)),
    (VERMILION, ("self-attention",)),
    (PURPLE, ("self-attention, fused",)),
)
NETWORKS = {name: style for style, names in _ROWS for name in names}


def styles(names: Iterable[str]) -> dict[str, Style]:
    """A style for each name: that of its network in `NETWORKS`, or one that is still free.

    "coins: forward" has the style of "forward".
    """
    names = list(names)
    known = {name: NETWORKS.get(name, NETWORKS.get(name.rpartition(": ")[2])) for name in names}
    free = cycle([style for style in CYCLE if style not in known.values()] or CYCLE)
    return {name: style or next(free) for name, style in known.items()}


def white_axes(ax: Axes | None, width: float, height: float) -> Axes:
    """`ax`, or axes in a new figure of `width` by `height` inches: dark text on white.

    Raises:
        TypeError: If `ax` is neither Axes nor None.
    """
    if ax is None:
        _, ax = plt.subplots(figsize=(width, height), layout="constrained", facecolor="white")
    checks.instance("ax", ax, Axes)
    ax.set_facecolor("white")
    ax.tick_params(colors=INK, labelsize=SIZE - 1)
    ax.spines[["top", "right"]].set_visible(False)
    ax.spines[["left", "bottom"]].set_color(PALE)
    ax.title.set_color(INK)
    return ax


def name_axes(ax: Axes, xlabel: str, ylabel: str) -> None:
    """Label both axes."""
    ax.set_xlabel(xlabel, fontsize=SIZE, color=INK)
    ax.set_ylabel(ylabel, fontsize=SIZE, color=INK)


def write_shares(ax: Axes, shares: np.ndarray, least: float = 0, spec: str = ".2f") -> None:
    """Write the share into each cell of a map where it is above 0 and at least `least`."""
    for (row, column), share in np.ndenumerate(shares):
        if share > 0 and share >= least:
            ax.text(
                column,
                row,
                f"{share:{spec}}",
                ha="center",
                va="center",
                fontsize=SIZE - 2,
                color=LIGHT_ON_MAP if share > 0.5 else DARK_ON_MAP,
            )

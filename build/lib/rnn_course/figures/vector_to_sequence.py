"""Figures for the chapter on captions: where x enters, and pictures with their captions.

Like `plots`, each draws into `ax`, or into new axes if there are none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import compress, pairwise

import matplotlib.pyplot as plt
import torch
from matplotlib.axes import Axes
from torch import Tensor

from rnn_course.figures.drawing import arrow, canvas, node
from rnn_course.figures.style import COLOURS, INK, KINDS, PALE, SIZE, name_axes, styles, white_axes

ROWS = 3  # captions shown for each network


def entries(at: Mapping[str, Sequence[bool]]) -> list[Axes]:
    """Draw an unfolded network for each name, with an arrow from x to each h^(t) that it enters.

    `at[name][t]` says whether x enters at step t; t = 0 is the initial state.
    """
    _, axes = plt.subplots(
        1, len(at), figsize=(3 * len(at), 3), layout="constrained", squeeze=False, facecolor="white"
    )
    for ax, (name, enters) in zip(axes[0], at.items(), strict=True):
        canvas(ax, (3, 3), (-0.5, len(enters) - 0.5), (-1.8, 1.4))
        x = node(ax, ((len(enters) - 1) / 2, -1.4), "$x$", KINDS["x"])
        h = [node(ax, (t, 0), f"$h^{{({t})}}$", KINDS["h"]) for t in range(len(enters))]
        o = [node(ax, (t, 1), f"$o^{{({t})}}$", KINDS["o"]) for t in range(1, len(enters))]
        for h_t in compress(h, enters):
            arrow(ax, x, h_t, COLOURS[1])
        for before, after in pairwise(h):
            arrow(ax, before, after, KINDS["h"])
        for h_t, o_t in zip(h[1:], o, strict=True):
            arrow(ax, h_t, o_t, PALE)
        ax.set_title(name, color=INK)
    return list(axes[0])


def show_pair(ax: Axes, pair: Tensor, title: str = "") -> Axes:
    """Show two pictures (2, 8, 8) side by side, dark ink on white."""
    ax.imshow(torch.cat(list(pair), dim=1).numpy(), cmap="Greys")
    ax.set_title(title, fontsize=SIZE - 1, color=INK)
    ax.set_axis_off()
    return ax


def show_pairs(pairs: Tensor, titles: Sequence[str], columns: int = 3) -> list[Axes]:
    """Show pairs of pictures (N, 2, 8, 8), each under its title."""
    rows = -(-len(titles) // columns)
    _, axes = plt.subplots(
        rows,
        columns,
        figsize=(2.4 * columns, 1.5 * rows),
        layout="constrained",
        squeeze=False,
        facecolor="white",
    )
    for ax in axes.flat:
        ax.set_axis_off()
    return [
        show_pair(ax, pair, title)
        for ax, pair, title in zip(axes.flat, pairs, titles, strict=False)
    ]


def words_about(ax: Axes, pair: Tensor, asked: str, said: Mapping[str, Mapping[str, float]]) -> str:
    """Draw a pair of pictures next to the captions that each network gives it, and describe them.

    `said[name]` holds the probability of each whole caption; the three most probable are drawn as
    bars, the caption `asked` for in bold. Returns a sentence that describes the picture.
    """
    white_axes(ax, 7, 4.4)
    best, group = [], ROWS + 1.3
    for i, (name, style) in enumerate(styles(said).items()):
        captions, colour = said[name], style.colour
        top = sorted(captions.items(), key=lambda caption: -caption[1])[:ROWS]
        best.append(f"{name} says {top[0][0]!r} with probability {top[0][1]:.2f}")
        ax.text(0, group * i - 0.1, name, va="center", fontsize=SIZE, color=colour)
        for row, (text, p) in enumerate(top, start=1):
            ax.barh(group * i + row - 0.1, p, color=colour, alpha=0.4)
            ax.text(
                0.01,
                group * i + row - 0.1,
                text,
                va="center",
                fontsize=SIZE - 1,
                color=INK,
                weight="bold" if text == asked else "normal",
            )
    ax.set(xlim=(0, 1.5), ylim=(group * len(said) - 0.5, -0.7), yticks=[], xticks=[0, 0.5, 1])
    ax.spines["left"].set_visible(False)
    name_axes(ax, "probability of the whole caption", "")
    show_pair(ax.inset_axes((0.7, 0.3, 0.3, 0.4)), pair)
    return f"Two digits; the caption asked for is {asked!r}. {'; '.join(best)}."

"""The figures of the chapter on captions: where x enters, and pictures with what is said of them.

Like `plots`, each draws into `ax`, or into new axes where there are none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import torch
from matplotlib.axes import Axes
from torch import Tensor

from rnn_course.figures.drawing import COLOURS, INK, PALE, SIZE, name_axes, white_axes

ROWS = 3  # captions shown of each network


def entries(at: Mapping[str, Sequence[bool]]) -> list[Axes]:
    """Draw an unfolded network for each name, an arrow from x to each h^(t) that it enters.

    `at[name][t]` tells whether x enters at step t, from t = 0, the initial state, on.
    """
    _, axes = plt.subplots(
        1, len(at), figsize=(3 * len(at), 3), layout="constrained", squeeze=False, facecolor="white"
    )
    for ax, (name, enters) in zip(axes[0], at.items(), strict=True):
        steps = range(1, len(enters))
        x = ((len(enters) - 1) / 2, -1.4)
        nodes = {"$x$": x} | {f"$h^{{({t})}}$": (t, 0) for t in range(len(enters))}
        nodes |= {f"$o^{{({t})}}$": (t, 1) for t in steps}
        arrows = [(x, (t, 0), COLOURS[1]) for t, yes in enumerate(enters) if yes]
        arrows += [((t - 1, 0), (t, 0), COLOURS[0]) for t in steps]
        arrows += [((t, 0), (t, 1), PALE) for t in steps]
        for start, end, colour in arrows:
            ax.annotate(
                "",
                end,
                start,
                arrowprops={
                    "arrowstyle": "->",
                    "color": colour,
                    "linewidth": 1.6,
                    "shrinkA": 12,
                    "shrinkB": 12,
                },
            )
        for text, place in nodes.items():
            ax.annotate(text, place, ha="center", va="center", fontsize=SIZE, color=INK)
        ax.set(xlim=(-0.5, len(enters) - 0.5), ylim=(-1.8, 1.4))
        ax.set_title(name, color=INK)
        ax.set_axis_off()
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


def said_of(ax: Axes, pair: Tensor, asked: str, said: Mapping[str, Mapping[str, float]]) -> str:
    """Draw a pair of pictures beside what each network says of it, and put it in words.

    `said[name]` has the probability of each whole caption; the three most probable are drawn as
    bars, the caption `asked` for in bold. Returns the sentence that tells what is to be seen.
    """
    white_axes(ax, 7, 4.4)
    best, group = [], ROWS + 1.3
    for i, (name, captions) in enumerate(said.items()):
        top = sorted(captions.items(), key=lambda caption: -caption[1])[:ROWS]
        best.append(f"{name} says {top[0][0]!r} with probability {top[0][1]:.2f}")
        ax.text(0, group * i - 0.1, name, va="center", fontsize=SIZE, color=COLOURS[i])
        for row, (text, p) in enumerate(top, start=1):
            ax.barh(group * i + row - 0.1, p, color=COLOURS[i], alpha=0.4)
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
    return f"Two digits; asked for is {asked!r}. {'; '.join(best)}."

"""The look of every figure, and the unfolded graph as a picture."""

from __future__ import annotations

import textwrap
from collections.abc import Collection

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Circle, FancyArrowPatch
from torch import nn

from rnn_course import checks
from rnn_course.measures import graph

#: blue, vermilion, green, purple, orange, sky: told apart by the colour-blind (Okabe and Ito, 2008)
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
INK, PALE = "#222222", "#767676"
SIZE = 12  # points, legible on a phone
MAX_STEPS = 8

_ROWS = {
    "x": ("input", COLOURS[2]),
    "state": ("memory", COLOURS[3]),
    "h": ("hidden", COLOURS[0]),
    "o": ("output", COLOURS[1]),
    "y": ("target", COLOURS[4]),
}
_RADIUS, _UNIT = 0.27, 0.85  # of a node; inches a step


def white_axes(ax: Axes | None, width: float, height: float) -> Axes:
    """`ax`, or one in a new figure of so many inches; background white, text dark.

    Raises `TypeError` for what is neither Axes nor None.
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
    """Name the axes."""
    ax.set_xlabel(xlabel, fontsize=SIZE, color=INK)
    ax.set_ylabel(ylabel, fontsize=SIZE, color=INK)


def unfolded(
    model: nn.Module,
    steps: int = 4,
    ax: Axes | None = None,
    *,
    dashed: Collection[tuple[int, int]] = (),
) -> Axes:
    """Draw the graph that `graph.unfold` measures on `model`: time runs to the right.

    Each edge carries the letter of its parameters: the same letter at each step is the point. The
    caption tells the shapes of the parameters and how many steps use them. `dashed` are the steps
    (s, t) where y^(s) enters h^(t), as `rnn_course.networks.dashed_edges.enters` finds them.

    Raises `ValueError` for more than 8 steps, and what `unfold` raises.
    Source: in the manner of Goodfellow et al. (2016), figures 10.3 to 10.5; deck S1.1.
    """
    if checks.positive("steps", steps) > MAX_STEPS:
        raise ValueError(f"steps: expected at most {MAX_STEPS}, to stay legible, got {steps}")
    found = graph.unfold(model, steps)
    kinds = [kind for kind in _ROWS if (dashed if kind == "y" else found.of_kind(kind))]
    left = -0.75 if "state" in kinds else -0.33
    # A short sequence stands in the middle of a picture that is wide enough for four steps.
    margin = max(0, 4 - steps) / 2
    width = steps + 0.33 - left + 2 * margin
    caption = _caption(found, room=round(width * 10 + 4))
    ax = white_axes(ax, 1.3 + _UNIT * width, 0.35 + 0.2 * len(caption) + _UNIT * (len(kinds) - 0.3))
    ax.set(
        aspect="equal", xlim=(left - margin, steps + 0.33 + margin), ylim=(-0.33, len(kinds) - 0.67)
    )
    ax.set_xticks([])
    letters = {node.kind: node.letter for node in found.nodes} | {"y": "y"}
    ax.set_yticks(range(len(kinds)), [f"{_ROWS[kind][0]} ${letters[kind]}$" for kind in kinds])
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    ax.set_xlabel("\n".join(caption), fontsize=SIZE - 1, color=INK)
    unit = _points_a_unit(ax)
    circles: dict[str, Circle] = {}
    targets = [graph.Node("y", "y", t) for t in range(1, steps + 1)] if dashed else []
    for node in [*found.nodes, *targets]:
        # A memory stands a little to the left, out of the way from x to h.
        centre = (node.step - (0.42 if node.kind == "state" else 0), kinds.index(node.kind))
        circles[node.name] = ax.add_patch(
            Circle(
                centre,
                _RADIUS,
                facecolor="white",
                edgecolor=_ROWS[node.kind][1],
                linewidth=1.8,
                linestyle="-" if node.step else (0, (2, 2)),
                zorder=3,
                label=node.name,
            )
        )
        ax.text(
            *centre,
            f"${node.letter}^{{({node.step})}}$",
            ha="center",
            va="center",
            fontsize=0.22 * unit,
            color=INK,
            zorder=4,
        )
    for edge in found.edges:
        source, target = circles[edge.source], circles[edge.target]
        letters = ", ".join(sorted(edge.parameters))
        ax.add_patch(
            FancyArrowPatch(
                source.center,
                target.center,
                patchA=source,
                patchB=target,
                shrinkA=0,
                shrinkB=1,
                arrowstyle="-|>",
                mutation_scale=0.2 * unit,
                linewidth=1.2,
                color=INK,
                zorder=2,
                label=f"{edge.source} to {edge.target}",
                gid=letters or "without parameters",
            )
        )
        if letters:
            _beside(ax, np.array(source.center), np.array(target.center), letters, 0.22 * unit)
    for s, t in dashed:
        source, target = circles[f"y({s})"], circles[f"h({t})"]
        ax.add_patch(
            FancyArrowPatch(
                source.center,
                target.center,
                patchA=source,
                patchB=target,
                shrinkA=0,
                shrinkB=1,
                arrowstyle="-|>",
                mutation_scale=0.2 * unit,
                linewidth=1.4,
                linestyle=(0, (4, 2)),
                color=COLOURS[4],
                zorder=2,
                label=f"y({s}) to h({t})",
            )
        )
    return ax


def _beside(ax: Axes, start: np.ndarray, end: np.ndarray, letters: str, size: float) -> None:
    """Write an edge's letters beside it: above a level edge, on the outer side of any other."""
    way = end - start
    length = np.hypot(*way)
    outwards = np.array([-way[1], way[0]]) / length
    level = abs(way[1]) < 1e-9
    if outwards @ ((0, 1) if level else (1 if way[0] >= 0 else -1, 0)) < 0:
        outwards = -outwards
    # A long edge passes a node on its way: its letters stand before that.
    x, y = start + way * (0.5 if length < 1.5 else 0.25) + (0.14 if level else 0.08) * outwards
    align = "center" if level else "left" if outwards[0] > 0 else "right"
    ax.text(x, y, f"${letters}$", ha=align, va="center", fontsize=size, color=INK, zorder=4)


def _points_a_unit(ax: Axes) -> float:
    """How many points wide a unit of the data is, once the layout is made."""
    figure = ax.figure.canvas.figure
    figure.draw_without_rendering()
    (x0, _), (x1, _) = ax.transData.transform([(0, 0), (1, 0)])
    return (x1 - x0) * 72 / figure.dpi


def _caption(found: graph.UnfoldedGraph, room: int) -> list[str]:
    """The shapes of the parameters, and how many steps use them, in lines of so many letters."""
    lines = []
    for count in sorted(set(found.uses.values()), reverse=True):
        shapes = ", ".join(
            f"{p} {'×'.join(map(str, found.shapes[p]))}"
            for p, uses in found.uses.items()
            if uses == count
        )
        steps = "one step" if count == 1 else f"{count} steps"
        same = f"the same at all {steps}" if 1 < count == found.steps else f"used at {steps}"
        whole = f"{shapes}: {same}"
        lines += [whole] if len(whole) <= room else [*textwrap.wrap(f"{shapes}:", room), same]
    return lines

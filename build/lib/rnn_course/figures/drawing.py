"""Nodes and arrows, which make up every drawn graph; and the unfolded graph of a network."""

from __future__ import annotations

import textwrap
from collections.abc import Collection

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Circle, FancyArrowPatch
from torch import nn

from rnn_course import checks
from rnn_course.figures.style import INK, KINDS, SIZE, white_axes
from rnn_course.measures import graph

MAX_STEPS = 8
RADIUS = 0.27  # of a node
DOTTED, DASHED = (0, (2, 2)), (0, (4, 2))
Dashes = str | tuple[int, tuple[int, int]]

_ROWS = {"x": "input", "state": "memory", "h": "hidden", "o": "output", "y": "target"}
_UNIT = 0.85  # inches per step


def canvas(
    ax: Axes | None, size: tuple[float, float], xlim: tuple[float, float], ylim: tuple[float, float]
) -> Axes:
    """Axes for a graph: no frame, and the same scale on both axes, so that circles are round.

    `size` is that of the new figure in inches if `ax` is None.
    """
    ax = white_axes(ax, *size)
    ax.set(xlim=xlim, ylim=ylim, aspect="equal")
    ax.set_axis_off()
    return ax


def node(
    ax: Axes,
    centre: tuple[float, float],
    text: str,
    colour: str = "none",
    *,
    name: str = "",
    radius: float = RADIUS,
    fill: str | tuple[float, ...] = "white",
    ink: str = INK,
    size: float = SIZE,
    width: float = 1.8,
    dashes: Dashes = "-",
) -> Circle:
    """Draw a circle around `text`; without a colour only the text is visible.

    `name` is its label, which finds it again among the axes' patches.
    """
    circle = Circle(
        centre,
        radius,
        facecolor="none" if colour == "none" else fill,
        edgecolor=colour,
        linewidth=width,
        linestyle=dashes,
        zorder=3,
        label=name,
    )
    ax.add_patch(circle)
    ax.text(*centre, text, ha="center", va="center", fontsize=size, color=ink, zorder=4)
    return circle


def arrow(
    ax: Axes,
    source: Circle,
    target: Circle,
    colour: str = INK,
    *,
    name: str = "",
    parameters: str = "",
    width: float = 1.4,
    dashes: Dashes = "-",
    bend: float = 0.0,
    head: float = 12.0,
    zorder: float = 2,
) -> FancyArrowPatch:
    """Draw an arrow from the edge of one node to the edge of another.

    It curves to the right of its direction if `bend` is positive. `name` is its label, `parameters`
    its gid.
    """
    patch = FancyArrowPatch(
        source.center,
        target.center,
        patchA=source,
        patchB=target,
        shrinkA=0,
        shrinkB=1,
        arrowstyle="-|>",
        mutation_scale=head,
        connectionstyle=f"arc3,rad={bend}",
        linewidth=width,
        linestyle=dashes,
        color=colour,
        zorder=zorder,
        label=name,
        gid=parameters or None,
    )
    ax.add_patch(patch)
    return patch


def unfolded(
    model: nn.Module,
    steps: int = 4,
    ax: Axes | None = None,
    *,
    dashed: Collection[tuple[int, int]] = (),
) -> Axes:
    """Draw the graph that `graph.unfold` measures on `model`: time runs to the right.

    Each edge carries the letter of its parameters; the point is that every step has the same
    letters. The caption gives the shapes of the parameters and how many steps use them. `dashed`
    holds the pairs (s, t) where y^(s) enters h^(t), as `networks.dashed_edges.enters` finds them.
    Source: after Goodfellow et al. (2016), figures 10.3 to 10.5; deck S1.1.

    Raises:
        ValueError: If there are more than 8 steps; and all that `unfold` raises.
    """
    if checks.positive("steps", steps) > MAX_STEPS:
        raise ValueError(f"steps: expected at most {MAX_STEPS}, to stay legible, got {steps}")
    found = graph.unfold(model, steps)
    kinds = [kind for kind in _ROWS if (dashed if kind == "y" else found.of_kind(kind))]
    left = -0.75 if "state" in kinds else -0.33
    # A short sequence is centred in a picture that is wide enough for four steps.
    margin = max(0, 4 - steps) / 2
    width = steps + 0.33 - left + 2 * margin
    caption = _caption(found, room=round(width * 10 + 4))
    ax = white_axes(ax, 1.3 + _UNIT * width, 0.35 + 0.2 * len(caption) + _UNIT * (len(kinds) - 0.3))
    ax.set(
        aspect="equal", xlim=(left - margin, steps + 0.33 + margin), ylim=(-0.33, len(kinds) - 0.67)
    )
    ax.set_xticks([])
    letters = {node.kind: node.letter for node in found.nodes} | {"y": "y"}
    ax.set_yticks(range(len(kinds)), [f"{_ROWS[kind]} ${letters[kind]}$" for kind in kinds])
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    ax.set_xlabel("\n".join(caption), fontsize=SIZE - 1, color=INK)
    unit = _points_a_unit(ax)
    circles: dict[str, Circle] = {}
    targets = [graph.Node("y", "y", t) for t in range(1, steps + 1)] if dashed else []
    for each in [*found.nodes, *targets]:
        # A memory is a little to the left, out of the way of the edge from x to h.
        centre = (each.step - (0.42 if each.kind == "state" else 0), kinds.index(each.kind))
        circles[each.name] = node(
            ax,
            centre,
            f"${each.letter}^{{({each.step})}}$",
            KINDS[each.kind],
            name=each.name,
            size=0.22 * unit,
            dashes="-" if each.step else DOTTED,
        )
    for edge in found.edges:
        source, target = circles[edge.source], circles[edge.target]
        parameters = ", ".join(sorted(edge.parameters))
        arrow(
            ax,
            source,
            target,
            name=f"{edge.source} to {edge.target}",
            parameters=parameters or "without parameters",
            width=1.2,
            head=0.2 * unit,
        )
        if parameters:
            _beside(ax, np.array(source.center), np.array(target.center), parameters, 0.22 * unit)
    for s, t in dashed:
        arrow(
            ax,
            circles[f"y({s})"],
            circles[f"h({t})"],
            KINDS["y"],
            name=f"y({s}) to h({t})",
            dashes=DASHED,
            head=0.2 * unit,
        )
    return ax


def _beside(ax: Axes, start: np.ndarray, end: np.ndarray, letters: str, size: float) -> None:
    """Write an edge's letters next to it: above a level edge, on the outer side of any other."""
    way = end - start
    length = np.hypot(*way)
    outwards = np.array([-way[1], way[0]]) / length
    level = abs(way[1]) < 1e-9
    if outwards @ ((0, 1) if level else (1 if way[0] >= 0 else -1, 0)) < 0:
        outwards = -outwards
    # A long edge passes a node on its way: its letters go before it.
    x, y = start + way * (0.5 if length < 1.5 else 0.25) + (0.14 if level else 0.08) * outwards
    align = "center" if level else "left" if outwards[0] > 0 else "right"
    ax.text(x, y, f"${letters}$", ha=align, va="center", fontsize=size, color=INK, zorder=4)


def _points_a_unit(ax: Axes) -> float:
    """The width of a unit of the data in points, once the layout is made."""
    figure = ax.figure.canvas.figure
    figure.draw_without_rendering()
    (x0, _), (x1, _) = ax.transData.transform([(0, 0), (1, 0)])
    return (x1 - x0) * 72 / figure.dpi


def _caption(found: graph.UnfoldedGraph, room: int) -> list[str]:
    """The parameters' shapes and numbers of uses, in lines of at most `room` characters."""
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

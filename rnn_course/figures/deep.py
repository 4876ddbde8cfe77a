"""Figures for the chapter on depth: the path from one step to the next, layer by layer."""

from __future__ import annotations

from itertools import pairwise

from matplotlib.axes import Axes

from rnn_course import checks
from rnn_course.figures.drawing import arrow, canvas, node
from rnn_course.figures.style import COLOURS, INK, PALE, SIZE

_SPAN = 2.8  # from one h to the next


def transition_path(ax: Axes, depth: int, skip: bool = False, steps: int = 2) -> str:
    """Draw a transition of `depth` layers over `steps` steps, its shortest path in colour.

    Returns a sentence that describes the picture.
    Source: after Goodfellow et al. (2016), figure 10.13; deck S7.5, S7.6.

    Raises:
        ValueError: If a size is not a positive integer, or a skip goes around a single layer.
    """
    checks.positive("steps", steps)
    if skip and checks.positive("depth", depth) < 2:
        raise ValueError(f"depth: expected at least 2 layers to go around, got {depth}")
    canvas(ax, (6, 3), (-0.6, _SPAN * steps + 0.6), (-1.5, 1.6))
    path = COLOURS[1]
    circles = []
    for place in range(steps * depth + 1):
        t, layer = divmod(place, depth)
        across = place * _SPAN / depth
        name = f"$h^{{(t{f'+{t}' * bool(t)})}}$" if layer == 0 else f"$z_{layer}$"
        circles.append(
            node(
                ax,
                (across, 0),
                name if layer == 0 else "",
                path if layer == 0 or not skip else PALE,
                name=name,
                radius=0.44 if layer == 0 else 0.2,
                width=2,
            )
        )
        if layer:
            ax.text(across, 0.45, name, ha="center", va="center", fontsize=SIZE, color=INK)
        if place % depth == 1 % depth and place:  # where the input enters
            a = node(ax, (across, -1.3), f"$a^{{(t+{t + (depth > 1)})}}$")
            arrow(ax, a, circles[-1], PALE, width=1.2, head=14)
    for before, after in pairwise(circles):
        if skip:
            arrow(ax, before, after, PALE, width=1.2, head=14)
        else:
            arrow(ax, before, after, path, width=2, head=14)
    if skip:
        for before, after in pairwise(circles[::depth]):
            arrow(ax, before, after, path, width=2, head=14, bend=-0.55)
    length = 1 if skip else depth
    ax.set_title(
        f"shortest path over {steps} steps: {steps * length} non-linear layers",
        fontsize=SIZE,
        color=INK,
    )
    return (
        f"Each step goes through {depth} layer{'s' if depth > 1 else ''}"
        f"{', with a skip around them' if skip else ''}. The shortest path over {steps} steps "
        f"has {steps * length} non-linear layers."
    )

"""Figures for the chapter on depth: where layers can go, and the path from step to step."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from matplotlib.axes import Axes
from matplotlib.patches import Circle

from rnn_course import checks
from rnn_course.figures.drawing import arrow, canvas, node
from rnn_course.figures.style import COLOURS, INK, PALE, SIZE

_SPAN = 2.8  # from one h to the next
_LAYER, _DELAY = 0.14, 0.07  # radii
_WAYS = ("(a) groups", "(b) deeper blocks", "(c) a skip")


def three_ways(axes: Sequence[Axes]) -> None:
    """Draw the three ways to make a recurrent network deep, one on each of three axes.

    What is added to the plain network is in colour; a black dot on an arrow delays by one step.
    Source: after Goodfellow et al. (2016), figure 10.13; deck S7.2, S7.3, S7.6.

    Raises:
        ValueError: If there are not three axes.
    """
    if len(axes) != len(_WAYS):
        raise ValueError(f"axes: expected {len(_WAYS)}, got {len(axes)}")
    new = COLOURS[1]
    for ax, title in zip(axes, _WAYS, strict=True):
        canvas(ax, (2, 4), (-0.55, 1.5), (-0.4, 4.6))
        ax.set_title(title, fontsize=SIZE, color=INK)
    ax = axes[0]
    x, low, o = (node(ax, (0, y), f"${t}$", INK) for y, t in ((0, "x"), (1.4, "h_1"), (4.2, "o")))
    high = node(ax, (0, 2.8), "$h_2$", new)
    for before, after, colour in ((x, low, INK), (low, high, new), (high, o, new)):
        arrow(ax, before, after, colour)
    _loop(ax, low, INK)
    _loop(ax, high, new)
    for ax, skip in zip(axes[1:], (False, True), strict=True):
        x, h, o = (node(ax, (0, y), f"${t}$", INK) for y, t in ((0, "x"), (2.1, "h"), (4.2, "o")))
        added = INK if skip else new
        for before, after in ((x, h), (h, o)):
            middle = (0, (before.center[1] + after.center[1]) / 2)
            layer = node(ax, middle, "", added, radius=_LAYER)
            arrow(ax, before, layer)
            arrow(ax, layer, after)
        delay = _loop(ax, h, INK, node(ax, (1.1, 1.6), "", added, radius=_LAYER))
        if skip:
            arrow(ax, delay, h, new, bend=-0.25)


def _loop(ax: Axes, h: Circle, colour: str, through: Circle | None = None) -> Circle:
    """Draw the way from h over one step back to h, through a layer if given; the delay."""
    x, y = h.center
    dot = (x + 1.1, y + (0.5 if through else 0))
    delay = node(ax, dot, "", colour, radius=_DELAY, fill=colour)
    arrow(ax, h, delay, colour, bend=-0.35)
    if through is None:
        arrow(ax, delay, h, colour, bend=-0.35)
    else:
        arrow(ax, delay, through, colour)
        arrow(ax, through, h, colour, bend=-0.35)
    return delay


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

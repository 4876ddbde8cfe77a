"""The figures of the chapter on depth: the way from one step to the next, drawn layer by layer."""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.patches import Circle, FancyArrowPatch

from rnn_course import checks
from rnn_course.figures.drawing import COLOURS, INK, PALE, SIZE, white_axes

_SPAN = 2.8  # from one h to the next


def transition_path(ax: Axes, depth: int, skip: bool = False, steps: int = 2) -> str:
    """Draw a transition of `depth` layers over so many steps, its shortest path in colour.

    Returns what is to be seen, in words. Raises `ValueError` for sizes that are no positive
    integers, and for a skip around a single layer.
    Source: in the manner of Goodfellow et al. (2016), figure 10.13; deck S7.5, S7.6.
    """
    checks.positive("steps", steps)
    if skip and checks.positive("depth", depth) < 2:
        raise ValueError(f"depth: expected at least 2 layers to go around, got {depth}")
    white_axes(ax, 6, 3)
    ax.set(xlim=(-0.6, _SPAN * steps + 0.6), ylim=(-1.5, 1.6), aspect="equal")
    ax.axis("off")
    circles = []
    for place in range(steps * depth + 1):
        t, layer = divmod(place, depth)
        across = place * _SPAN / depth
        radius, name = (
            (0.44, f"$h^{{(t{f'+{t}' * bool(t)})}}$") if layer == 0 else (0.2, f"$z_{layer}$")
        )
        circles.append(
            ax.add_patch(
                Circle(
                    (across, 0),
                    radius,
                    facecolor="white",
                    linewidth=2,
                    zorder=3,
                    edgecolor=COLOURS[1] if layer == 0 or not skip else PALE,
                )
            )
        )
        ax.text(
            across,
            0 if layer == 0 else 0.45,
            name,
            ha="center",
            va="center",
            fontsize=SIZE,
            color=INK,
            zorder=4,
        )
        if place % depth == 1 % depth and place:  # where the input enters
            ax.text(
                across,
                -1.4,
                f"$a^{{(t+{t + (depth > 1)})}}$",
                ha="center",
                fontsize=SIZE,
                color=INK,
            )
            _arrow(ax, (across, -1.1), circles[-1], PALE)
    for before, after in zip(circles, circles[1:], strict=False):
        _arrow(ax, before, after, PALE if skip else COLOURS[1])
    if skip:
        for t in range(steps):
            _arrow(ax, circles[t * depth], circles[(t + 1) * depth], COLOURS[1], bend=-0.55)
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


def _arrow(
    ax: Axes,
    start: Circle | tuple[float, float],
    end: Circle | tuple[float, float],
    colour: str,
    bend: float = 0.0,
) -> None:
    """An arrow between circles, or points; bent upwards if `bend` is negative."""
    ends = {}
    for name, each in (("A", start), ("B", end)):
        ends[f"patch{name}"] = each if isinstance(each, Circle) else None
    points = [each.center if isinstance(each, Circle) else each for each in (start, end)]
    ax.add_patch(
        FancyArrowPatch(
            *points,
            **ends,
            shrinkA=0,
            shrinkB=1,
            arrowstyle="-|>",
            mutation_scale=14,
            connectionstyle=f"arc3,rad={bend}",
            linewidth=2 if colour == COLOURS[1] else 1.2,
            color=colour,
            zorder=2,
        )
    )

"""Figures for the chapter on linear recurrences: brackets, speed, and states over time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes

from rnn_course import checks
from rnn_course.figures.curves import marked
from rnn_course.figures.style import COLOURS, INK, PALE, SIZE, name_axes, white_axes


def brackets(ax: Axes | None = None, levels: int = 3) -> Axes:
    """Draw 2^levels steps in a row: taken one after another, and composed in pairs of pairs.

    Raises:
        ValueError: If there is not at least one level.
    """
    T = 2 ** checks.positive("levels", levels)
    ax = white_axes(ax, 6.4, 2.9)
    above = levels + 1.1
    for t in range(T):
        ax.plot(t, above, "o", color=COLOURS[0], markersize=9)
        ax.text(t, above + 0.42, f"{t + 1}", ha="center", fontsize=SIZE - 1, color=INK)
        if t:
            ax.annotate(
                "", (t - 0.12, above), (t - 0.88, above),
                arrowprops={"arrowstyle": "->", "color": COLOURS[0], "linewidth": 1.6},
            )  # fmt: skip
    for level in range(levels + 1):
        width = 2**level
        for first in range(0, T, width):
            at = first + (width - 1) / 2
            y = levels - level - 0.6
            ax.plot(at, y, "s", color=COLOURS[1], markersize=8)
            if level:
                for child in (at - width / 4, at + width / 4):
                    ax.plot([child, at], [y + 1, y], color=COLOURS[1], linewidth=1.4, zorder=0)
    ax.text(T - 0.4, above, f"{T - 1} in turn", va="center", fontsize=SIZE, color=INK)
    ax.text(T - 0.4, levels / 2 - 0.6, f"{levels} in turn", va="center", fontsize=SIZE, color=INK)
    ax.set(xlim=(-0.6, T + 1.5), ylim=(-1.0, above + 0.9))
    ax.set_axis_off()
    return ax


def speed_ups(found: Mapping[str, Mapping[str, float]], ax: Axes | None = None) -> Axes:
    """Draw for each size how many times faster than the loop each kind of scan is, in a log scale.

    `found` has for each size {name of the scan: ratio}.

    Raises:
        ValueError: If there is nothing to draw.
    """
    if not found or not all(found.values()):
        raise ValueError(f"found: expected {{size: {{name: ratio}}}}, got {found!r}")
    ax = white_axes(ax, 6, 3.4)
    names = next(iter(found.values()))
    marked(ax, {n: (range(len(found)), [ratios[n] for ratios in found.values()]) for n in names})
    ax.axhline(1, color=PALE, linestyle="--", linewidth=1.2, zorder=0)
    ax.set(yscale="log", xticks=range(len(found)), xticklabels=list(found))
    ax.legend(frameon=False, labelcolor=INK, fontsize=SIZE - 1)
    name_axes(ax, "sequences × units, steps", "times as fast as the loop")
    return ax


def states_over_time(
    states: Mapping[str, Sequence[float]], ax: Axes | None = None, *, ylabel: str = "h"
) -> Axes:
    """Draw one number for each step, a line a name.

    Raises:
        ValueError: If there is nothing to draw.
    """
    if not states or not all(map(len, states.values())):
        raise ValueError(f"states: expected {{name: one number per step}}, got {states!r}")
    ax = white_axes(ax, 6, 3)
    marked(ax, {name: (range(1, len(h) + 1), h) for name, h in states.items()}, size=4)
    ax.legend(frameon=False, labelcolor=INK, fontsize=SIZE - 1)
    name_axes(ax, "step", ylabel)
    return ax

"""Figures for the chapter on both directions: the network, and what its outputs depend on.

Like `plots`, each draws into `ax`; those for `widgets.movable` return a sentence that describes the
picture.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from torch import Tensor

from rnn_course.figures.drawing import arrow, canvas, node
from rnn_course.figures.plots import dots
from rnn_course.figures.style import COLOURS, FAINT, INK, KINDS, PALE, SIZE, name_axes, white_axes

_HEIGHT = {"x": 0.0, "h": 1.0, "g": 2.0, "o": 3.0}
_BLUES = LinearSegmentedColormap.from_list("from white", ["#EAF3FA", COLOURS[0]]).with_extremes(
    bad="#D5D5D5"
)


def both_ways(ax: Axes, t: int, steps: int) -> str:
    """Draw h running forward and g running backward over x, with all paths to o^(t) in colour."""
    canvas(ax, (6, 4), (0.4, steps + 0.6), (-0.45, 3.45))
    arrows = [((kind, s), ("o", s)) for kind in "hg" for s in range(1, steps + 1)]
    arrows += [(("x", s), (kind, s)) for kind in "hg" for s in range(1, steps + 1)]
    arrows += [(("h", s), ("h", s + 1)) for s in range(1, steps)]
    arrows += [(("g", s + 1), ("g", s)) for s in range(1, steps)]
    reached = {("o", t)}
    while more := {start for start, end in arrows if end in reached} - reached:
        reached |= more
    circles = {
        (kind, s): node(
            ax,
            (s, height),
            f"${kind}^{{({s})}}$",
            KINDS[kind] if (kind, s) in reached else FAINT,
            name=f"{kind}({s})",
            ink=INK if (kind, s) in reached else PALE,
            width=2.2 if (kind, s) in reached else 1.0,
        )
        for kind, height in _HEIGHT.items()
        for s in range(1, steps + 1)
    }
    # x to g passes h on its left, h to o passes g on its right
    bends = {("x", "g"): -0.35, ("h", "o"): 0.35}
    for start, end in arrows:
        on = end in reached
        colour = KINDS["g" if "g" in (start[0], end[0]) else "h"]
        arrow(
            ax,
            circles[start],
            circles[end],
            colour if on else FAINT,
            width=1.8 if on else 1.0,
            bend=bends.get((start[0], end[0]), 0),
            zorder=2.5 if on else 2,
        )
    seen = sorted(s for kind, s in reached if kind == "x")
    return (
        f"h runs forward and g backward over {steps} steps. Paths lead to o({t}) from h(1) to "
        f"h({t}), from g({t}) to g({steps}), and so from x({seen[0]}) to x({seen[-1]})."
    )


def looks(
    ax: Axes,
    word: str,
    D: Mapping[str, Tensor],
    said: Mapping[str, Sequence[str]],
    right: Sequence[str],
) -> str:
    """Draw for each network what its outputs depend on in one word.

    Args:
        D: For each network the word's dependency map (T, T). A row is drawn relative to its largest
            value; exact zeros are grey.
        said: The label that each network gave to each letter; wrong ones are marked.
        right: The true labels.
    """
    ax.set_axis_off()
    counts = {}
    for i, (name, values) in enumerate(D.items()):
        inset = white_axes(ax.inset_axes((0.1 + 0.34 * i, 0.05, 0.22, 0.8)), 2, 2)
        rows = (values / values.amax(1, keepdim=True)).masked_fill(values == 0, float("nan"))
        inset.imshow(
            rows.numpy(), cmap=_BLUES, vmin=0, vmax=1, aspect="auto", interpolation="nearest"
        )
        inset.set_xticks(range(len(word)), list(word))
        hits = [a == b for a, b in zip(said[name], right, strict=True)]
        inset.set_yticks(
            range(len(word)),
            [
                label.replace(" ", "+") + " ✗" * (not hit)
                for label, hit in zip(said[name], hits, strict=True)
            ],
        )
        for tick, hit in zip(inset.get_yticklabels(), hits, strict=True):
            tick.set_color(INK if hit else COLOURS[1])
        inset.tick_params(labelsize=SIZE - 1, length=0)
        inset.spines[:].set_visible(False)
        inset.set_title(name, fontsize=SIZE, color=INK)
        counts[name] = sum(hits)
    ax.set_title(
        "across: the letters read; down: the label given to each",
        fontsize=SIZE - 1,
        color=INK,
        loc="left",
    )
    return (
        f"{word}, which is {' '.join(right)}. Labels that are right: "
        + ", ".join(f"{name} {n} of {len(word)} letters" for name, n in counts.items())
        + ". Forward, nothing depends on later letters; backward, nothing on earlier ones; "
        "both, each output on all."
    )


def on_ceilings(
    shares: Mapping[str, Sequence[float]], ceilings: Mapping[str, float], ax: Axes | None = None
) -> Axes:
    """Draw `dots` for each name, and in its row a bar at the highest share that is possible."""
    ax = dots(shares, ax=white_axes(ax, 7.4, 1.1 + 0.4 * len(shares)), xlabel="accuracy")
    for row, name in enumerate(shares):
        ax.plot(
            [ceilings[name]] * 2,
            [row - 0.4, row + 0.4],
            color=FAINT,
            linewidth=5,
            zorder=0,
            label="_" * (row > 0) + "highest possible",
        )
    ax.set_xlim(0.5, 1.03)
    ax.legend(frameon=False, fontsize=SIZE - 1, loc="lower left")
    return ax


def told_by(
    offsets: Sequence[int],
    told: Mapping[str, Sequence[Sequence[float]]],
    untrained: Mapping[str, Sequence[float]],
    most_frequent: float,
    ax: Axes | None = None,
) -> Axes:
    """Draw how often h and g tell the symbol k steps away against k, one line per seed.

    `told` has for "h" and "g" a list of shares per seed, `untrained` has one list for each.
    """
    ax = white_axes(ax, 3.8, 3.6)
    for side, mark in (("h", "o"), ("g", "D")):
        colour = KINDS[side]
        for i, shares in enumerate(told[side]):
            ax.plot(
                offsets,
                shares,
                mark + "-",
                color=colour,
                alpha=0.6,
                markersize=5,
                label="_" * (i > 0) + f"{side}, trained",
            )
        ax.plot(
            offsets, untrained[side], ":", color=colour, linewidth=2, label=f"{side}, not trained"
        )
    ax.axhline(most_frequent, color=PALE, linestyle="--", label="most frequent symbol")
    ax.set(ylim=(0, 1.04), xticks=offsets)
    name_axes(ax, "k, in steps (which symbol is at t + k?)", "")
    return ax

"""The results at one glance: read from `results.md`, drawn for the page."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmarks import pairs, tanh
from rnn_course.figures.style import (
    BLUE,
    FAINT,
    GREEN,
    INK,
    PALE,
    SIZE,
    STYLE,
    VERMILION,
    white_axes,
)

FILE = Path(__file__).with_name("results.md")
TANH = "1 thread"
GAP = 0.4  # between the two parts of the chart


class Bar(NamedTuple):
    """One size of one comparison, on one thread: how many times as fast as the peer.

    Attributes:
        limit: What the matrix products alone would reach; None where that was not measured.
    """

    shape: tuple[int, ...]
    speed_up: float
    limit: float | None


def tables(text: str) -> Iterator[tuple[str, list[dict[str, str]]]]:
    """The tables of the results: the bold line above each, and its rows by column."""
    title, columns, rows = "", [], []
    for line in [*text.splitlines(), ""]:
        if line.startswith("| "):
            cells = [cell.strip().strip("*") for cell in line.strip("|").split("|")]
            if not columns:
                columns = cells
            elif set(cells[0]) - set("-:"):
                rows.append(dict(zip(columns, cells, strict=True)))
        elif rows:
            yield title, rows
            columns, rows = [], []
        if line.startswith("**"):
            title = line.strip("*")


def read(text: str) -> dict[str, list[Bar]]:
    """What the chart shows: of each comparison with one row a size, those on one thread."""
    found = {}
    for title, rows in tables(text):
        if title == TANH or title in {of.title for of in pairs.COMPARISONS}:
            found[title] = [
                Bar(
                    tuple(int(n) for n in row["T, B, n_in, n_hidden"].split(",")),
                    float(row["speed-up"]),
                    float(row["limit, speed-up"]) if "limit, speed-up" in row else None,
                )
                for row in rows
                if row.get("threads", "1") == "1"
            ]
    return found


def draw(found: dict[str, list[Bar]]) -> Figure:
    """A bar for each size, with its gate and its limit; below it a dot for each size of the rest.

    The figure is as wide as a phone shows without making its letters small.
    """
    figure = Figure(figsize=(4.6, 5.2), facecolor="white", layout="constrained")
    ax = white_axes(figure.subplots(), 0, 0)
    names = []
    for row, bar in enumerate(found[TANH]):
        T, _, _, n_hidden = bar.shape
        names.append(f"{T:,} steps,\n{n_hidden} units")
        assert bar.limit is not None
        ax.barh(row, bar.limit, 0.62, color=FAINT, alpha=0.5)
        ax.barh(row, bar.speed_up, 0.62, color=BLUE.colour)
        ax.text(0.06, row, f"{bar.speed_up:.2f}", color="white", va="center", fontsize=SIZE - 1,
                fontweight="bold")  # fmt: skip
        _gate(ax, tanh.gate(bar.shape), row)
    others = [of for of in pairs.COMPARISONS if of.title in found]
    below = [len(names) + GAP + k for k in range(len(others))]
    for row, of in zip(below, others, strict=True):
        ups = [bar.speed_up for bar in found[of.title]]
        ax.plot([min(ups), max(ups)], [row, row], color=GREEN.colour, linewidth=2)
        ax.plot(ups, [row] * len(ups), "o", color=GREEN.colour, markersize=6)
        _gate(ax, of.gate, row)
    ax.axvline(1, color=INK, linewidth=1.2)
    ax.set_yticks(
        [*range(len(names)), *below],
        [*names, *(of.title for of in others)],
        fontsize=SIZE - 1,
        color=INK,
    )
    ax.set_ylim(below[-1] + 0.6, -0.6)
    ax.set_xlim(0, 0.15 + max(bar.limit or 0 for bar in found[TANH]))
    ax.set_xlabel("times as fast as the peer, which is 1", fontsize=SIZE, color=INK)
    ax.tick_params(axis="y", length=0)
    _legend(ax)
    return figure


def _gate(ax: Axes, value: float, row: float) -> None:
    ax.plot([value, value], [row - 0.4, row + 0.4], color=VERMILION.colour, linewidth=2.5)


def _legend(ax: Axes) -> None:
    handles = [
        ax.barh(0, 0, color=BLUE.colour, label="tanh network"),
        ax.barh(0, 0, color=FAINT, alpha=0.5, label="limit"),
        *ax.plot([], [], "o-", color=GREEN.colour, label="others, six sizes"),
        *ax.plot([], [], "|", color=VERMILION.colour, markersize=12, markeredgewidth=2.5,
                 label="gate"),
    ]  # fmt: skip
    ax.figure.legend(handles=handles, loc="outside upper center", ncols=2, frameon=False,
                     fontsize=SIZE - 2, labelcolor=INK)  # fmt: skip
    ax.spines["left"].set_color(PALE)


def describe(found: dict[str, list[Bar]]) -> str:
    """The chart in words."""
    sizes = "; ".join(
        f"{bar.shape[0]:,} steps and {bar.shape[3]} units: {bar.speed_up:.2f}, gate "
        f"{tanh.gate(bar.shape)}, limit {bar.limit:.2f}"
        for bar in found[TANH]
    )
    rest = "; ".join(
        f"{of.title}: {min(b.speed_up for b in found[of.title]):.2f} to "
        f"{max(b.speed_up for b in found[of.title]):.2f}, gate {of.gate}"
        for of in pairs.COMPARISONS
        if of.title in found
    )
    return f"Times as fast as torch.nn.RNN on one thread. {sizes}. Against their peers: {rest}."


def save(found: dict[str, list[Bar]], path: Path) -> None:
    """Write the chart as an SVG, the same bytes for the same results."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with rc_context(STYLE):
        draw(found).savefig(path, format="svg", metadata={"Date": None})

"""Figures for the chapter on gates: the steps as diagrams, errors over updates, gates over time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.patches import Circle
from torch import Tensor

from rnn_course import checks
from rnn_course.figures.curves import every_seed, marked
from rnn_course.figures.drawing import arrow, canvas, node
from rnn_course.figures.style import COLOURS, INK, KINDS, PALE, SIZE, name_axes, styles, white_axes

PLAIN, MEMORY, FORGETTING, GRU = (
    "a plain step",
    "a memory, 1997",
    "forgetting, 2000",
    "one state, 2014",
)
STAGES = (PLAIN, MEMORY, FORGETTING, GRU)
GATE, CANDIDATE = COLOURS[1], COLOURS[2]
_LANE, _BUS, _GATES = 3.0, 0.0, 0.95  # heights of the memory, of h and x, and of what reads them


def step_diagram(ax: Axes, stage: str) -> str:
    """Draw one step, from left to right, and say what is new; the path of the memory is thick.

    Raises:
        ValueError: If the stage is not one of `STAGES`.
    """
    checks.one_of("stage", stage, STAGES)
    canvas(ax, (6.4, 4.4), (-0.6, 6.6), (-1.5, 3.7))
    before = node(ax, (0, _BUS), "$h^{(t-1)}$", KINDS["h"], radius=0.4)
    x = node(ax, (0.9, -1.1), "$x^{(t)}$", KINDS["x"], radius=0.34)
    _bus(ax, before, x, end=1.9 if stage == PLAIN else 4.1 if stage != GRU else 3.4)
    if stage == PLAIN:
        squash = node(ax, (3, _BUS), "tanh", INK, radius=0.42)
        after = node(ax, (6, _BUS), "$h^{(t)}$", KINDS["h"], radius=0.4)
        arrow(ax, _at(1.9, _BUS), squash, width=2)
        arrow(ax, squash, after, KINDS["h"], width=3.2)
        return "A plain step: everything goes through the tanh, every time."
    if stage == GRU:
        return _gru(ax)
    return _lstm(ax, forgetting=stage == FORGETTING)


def _lstm(ax: Axes, forgetting: bool) -> str:
    memory = node(ax, (0, _LANE), "$c^{(t-1)}$", KINDS["state"], radius=0.4)
    plus = node(ax, (2.8, _LANE), "+", INK)
    c = node(ax, (6, _LANE), "$c^{(t)}$", KINDS["state"], radius=0.4)
    h = node(ax, (6, _BUS), "$h^{(t)}$", KINDS["h"], radius=0.4)
    written, shown = node(ax, (2.8, 1.95), "⊙", INK), node(ax, (4.9, 1.95), "⊙", INK)
    i, candidate = _reader(ax, 2.05, "i"), _reader(ax, 2.8, r"\tilde{c}", CANDIDATE)
    o = _reader(ax, 4.1, "o")
    arrow(ax, i, written, GATE)
    arrow(ax, candidate, written)
    arrow(ax, written, plus)
    arrow(ax, o, shown, GATE)
    arrow(ax, _at(4.9, _LANE), shown)
    ax.text(4.98, 2.5, "tanh", fontsize=SIZE - 1, color=INK, va="center")
    arrow(ax, shown, h)
    start = memory
    if forgetting:
        start, f = node(ax, (1.3, _LANE), "⊙", INK), _reader(ax, 1.3, "f")
        arrow(ax, f, start, GATE)
        arrow(ax, memory, start, KINDS["state"], width=3.2)
    arrow(ax, start, plus, KINDS["state"], width=3.2)
    arrow(ax, plus, c, KINDS["state"], width=3.2)
    if forgetting:
        return "2000: the forget gate f can let go. On the thick path there is one factor, f."
    return "1997: a memory that is only ever added to. On its thick path nothing is squashed."


def _gru(ax: Axes) -> str:
    start, plus = node(ax, (1.3, _LANE), "⊙", INK), node(ax, (2.8, _LANE), "+", INK)
    after = node(ax, (6, _LANE), "$h^{(t)}$", KINDS["h"], radius=0.4)
    written = node(ax, (2.8, 1.95), "⊙", INK)
    z, r = _reader(ax, 1.3, "z"), _reader(ax, 3.4, "r")
    candidate = _reader(ax, 2.45, r"\tilde{h}", CANDIDATE)
    ax.plot([0, 0], [0.4, _LANE], color=KINDS["h"], linewidth=3.2, zorder=1)
    arrow(ax, _at(0, _LANE), start, KINDS["h"], width=3.2)
    arrow(ax, z, start, GATE)
    arrow(ax, z, written, GATE)
    ax.text(1.95, 1.62, "$1-z$", fontsize=SIZE, color=GATE, ha="center", va="center")
    arrow(ax, r, candidate, GATE)
    arrow(ax, candidate, written)
    arrow(ax, written, plus)
    arrow(ax, start, plus, KINDS["h"], width=3.2)
    arrow(ax, plus, after, KINDS["h"], width=3.2)
    return "2014, the GRU: h is its own memory; one gate z decides between keeping and writing."


def _reader(ax: Axes, x: float, letter: str, colour: str = GATE) -> Circle:
    """What reads h and x: a gate or a candidate, above the bus that brings them."""
    circle = node(ax, (x, _GATES), f"${letter}$", colour, radius=0.3)
    arrow(ax, _at(x, _BUS), circle, PALE)
    return circle


def _bus(ax: Axes, h: Circle, x: Circle, end: float) -> None:
    """The line that brings h^(t-1) and x^(t) to everything that reads them."""
    ax.plot([h.center[0] + 0.4, end], [_BUS, _BUS], color=PALE, linewidth=1.8, zorder=1)
    ax.plot([x.center[0]] * 2, [x.center[1] + 0.34, _BUS], color=PALE, linewidth=1.8, zorder=1)


def _at(x: float, y: float) -> Circle:
    """A place without a node, for an arrow to start from."""
    return Circle((x, y), 0.01)


def _legend_above(ax: Axes) -> None:
    """A legend in two columns above the axes, where no line can run through it."""
    ax.legend(
        frameon=False,
        labelcolor=INK,
        fontsize=SIZE - 1,
        loc="lower left",
        bbox_to_anchor=(0, 1),
        ncols=2,
        columnspacing=1.0,
        handletextpad=0.5,
    )


def errors_over_updates(
    runs: Mapping[str, Sequence[Sequence[float]]],
    line: float,
    every: int,
    ax: Axes | None = None,
    *,
    ylabel: str,
) -> Axes:
    """Draw validation errors against updates, a line a seed, on logarithmic scales.

    `runs` has for each name an entry per seed, the errors after every `every` updates; a run that
    ended because it was done ends in a mark, and one that diverged has no entries. `line` is the
    error of a network without memory.

    Raises:
        ValueError: If there are no runs or one is empty.
    """
    if not runs or not all(map(len, runs.values())):
        raise ValueError(f"runs: expected {{name: [one run per seed]}}, got {runs!r}")
    longest = max(len(run) for seeds in runs.values() for run in seeds)
    ax = white_axes(ax, 6, 4.2)
    every_seed(ax, runs, every)
    for name, style in styles(runs).items():
        for run in runs[name]:
            if 0 < len(run) < longest:
                end = every * len(run), run[-1]
                ax.plot(*end, style.mark, color=style.colour, label=f"_{name}")
    ax.axhline(
        line, color=PALE, linestyle="--", linewidth=1.2, zorder=0, label="best without memory"
    )
    ax.set(xscale="log", yscale="log")
    _legend_above(ax)
    name_axes(ax, "updates of the weights", ylabel)
    return ax


def errors_over_rates(found: Mapping[str, Mapping[float, float]], ax: Axes | None = None) -> Axes:
    """Draw for each name the error at each learning rate, as a share of the line (dashed, at 1).

    Raises:
        ValueError: If there is nothing to draw.
    """
    if not found or not all(found.values()):
        raise ValueError(f"found: expected {{name: {{rate: error}}}}, got {found!r}")
    ax = white_axes(ax, 6, 3.6)
    ordered = {name: sorted(at) for name, at in found.items()}
    marked(ax, {n: (rates, [found[n][rate] for rate in rates]) for n, rates in ordered.items()})
    ax.axhline(1, color=PALE, linestyle="--", linewidth=1.2, zorder=0)
    ax.set(xscale="log", yscale="log")
    _legend_above(ax)
    name_axes(ax, "learning rate", "error, share of the line")
    return ax


def gate_over_time(ax: Axes, values: Tensor, marks: Sequence[int]) -> Axes:
    """Draw a gate (T, n) as a map, a row a unit and a column a step; marks point at steps (from 0).

    Raises:
        ValueError: If `values` has not two dimensions.
    """
    if values.dim() != 2:
        raise ValueError(f"values: expected shape (T, n), got {tuple(values.shape)}")
    white_axes(ax, 6, 3)
    order = values.std(0).argsort(descending=True)
    ax.imshow(values[:, order].T.numpy(), vmin=0, vmax=1, cmap="Blues", aspect="auto")
    n, above = values.shape[1], values.shape[1] / 10  # within the axes, or a saved film cuts it off
    ax.plot(marks, [-above / 2 - 0.5] * len(marks), "v", color=COLOURS[1])
    ax.set_ylim(n - 0.5, -above - 0.5)
    ax.set_yticks([])
    name_axes(ax, "step", "units")
    return ax

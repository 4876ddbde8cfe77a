"""Figures for the chapter on attention: an alignment, a row at a time, and growth with length."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from torch import Tensor

from rnn_course import checks
from rnn_course.figures.curves import marked
from rnn_course.figures.style import BLUE, SKY, name_axes, white_axes, write_shares


def alignment(ax: Axes, alpha: Tensor, letters: Sequence[str], phones: Sequence[str]) -> Axes:
    """Draw how much the decoder looked at each letter for each phone: α (phones, letters).

    Raises:
        ValueError: If α has a different shape.
    """
    if tuple(alpha.shape) != (len(phones), len(letters)):
        raise ValueError(
            f"alpha: expected shape ({len(phones)}, {len(letters)}), got {tuple(alpha.shape)}"
        )
    white_axes(ax, 5, 4)
    ax.imshow(alpha.numpy(), vmin=0, vmax=1, cmap="Blues", aspect="auto")
    ax.set_xticks(range(len(letters)), list(letters))
    ax.set_yticks(range(len(phones)), list(phones))
    ax.tick_params(length=0)
    write_shares(ax, alpha.numpy(), least=0.1, spec=".1f")
    name_axes(ax, "letter looked at", "phone written")
    return ax


def looked_back(ax: Axes, t: int, steps: int) -> str:
    """Draw the scores that step t of `steps` computes, and what stands there from the steps before.

    Both are counted from 1. Returns a sentence that says what there is to see.

    Raises:
        ValueError: Unless 1 ≤ t ≤ steps.
    """
    if checks.positive("t", t) > checks.positive("steps", steps):
        raise ValueError(f"t: expected at most {steps} steps, got {t}")
    at, j = np.indices((steps, steps)) + 1
    white_axes(ax, 4, 4)
    kind = np.where((j <= at) & (at <= t), np.where(at == t, 2, 1), 0)
    colours = ListedColormap(["#FFFFFF", SKY.colour + "55", BLUE.colour])
    ax.pcolormesh(kind, vmin=0, vmax=2, cmap=colours, edgecolors="#DDDDDD", linewidth=0.5)
    ax.invert_yaxis()
    ax.set_aspect("equal")
    ticks = [1, *range(4, steps + 1, 4)]
    ax.set_xticks([each - 0.5 for each in ticks], list(map(str, ticks)))
    ax.set_yticks([each - 0.5 for each in ticks], list(map(str, ticks)))
    ax.tick_params(length=0)
    again = t * (t + 1) // 2
    ax.set_title(f"step {t}: {t} scores with the cache, {again} without", fontsize=11)
    name_axes(ax, "step looked at, j", "step that looks, t")
    return f"Step {t} computes a row of {t} scores; all rows up to it have {again}."


def growth(
    ax: Axes, costs: Mapping[str, Sequence[float]], lengths: Sequence[int], ylabel: str
) -> Axes:
    """Draw what each of several networks costs against the length, both on logarithmic scales.

    Raises:
        ValueError: If a network has the wrong number of costs.
    """
    white_axes(ax, 4, 4)
    for name, values in costs.items():
        if len(values) != len(lengths):
            raise ValueError(
                f"costs[{name!r}]: expected one for each of {len(lengths)} lengths, "
                f"got {len(values)}"
            )
    marked(ax, {name: (lengths, values) for name, values in costs.items()}, size=4)
    ax.set_xscale("log", base=2)
    ax.set_yscale("log")
    ax.set_xticks(lengths, list(map(str, lengths)))
    name_axes(ax, "steps T", ylabel)
    return ax

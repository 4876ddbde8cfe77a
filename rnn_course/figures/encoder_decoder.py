"""Figures for the chapter on encoder and decoder: the network, and what it says for a word.

Like `plots`, each draws into `ax`, or into new axes if there are none.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from itertools import pairwise

from matplotlib.axes import Axes

from rnn_course.figures.drawing import DASHED, arrow, canvas, node
from rnn_course.figures.style import COLOURS, GREEN, INK, KINDS, PALE, SIZE, name_axes, white_axes

_DECODER = GREEN.colour


def two_networks(letters: str, phones: Sequence[str], ax: Axes | None = None) -> Axes:
    """Draw encoder, C and decoder, unfolded over a word and its phones with the end symbol.

    Solid arrows are weights; dashed ones take each phone to the next step.
    """
    tau, written = len(letters), [*phones, "."]
    across = tau + 0.6  # where C is
    ax = canvas(ax, (7.2, 3.0), (-0.5, across + len(written) + 1.1), (-1.4, 2.4))
    C = node(ax, (across, 0), "$C$", INK)
    h = [node(ax, (t, 0), f"$h^{{({t + 1})}}$", KINDS["h"]) for t in range(tau)]
    for t, letter in enumerate(letters):
        arrow(ax, node(ax, (t, -1), letter), h[t], KINDS["h"])
    for before, after in pairwise([*h, C]):
        arrow(ax, before, after, KINDS["h"])
    places = [across + 0.6 + t for t in range(1, len(written) + 1)]
    s = [node(ax, (at, 1), f"$s^{{({t})}}$", _DECODER) for t, at in enumerate(places, start=1)]
    y = [node(ax, (at, 2), phone) for at, phone in zip(places, written, strict=True)]
    for t in range(len(written)):
        arrow(ax, C, s[t], KINDS["o"])
        arrow(ax, s[t], y[t], _DECODER)
        if t:
            arrow(ax, s[t - 1], s[t], _DECODER)
            arrow(ax, y[t - 1], s[t], PALE, dashes=DASHED)
    return ax


def pronunciations_of(
    ax: Axes,
    word: str,
    p: Mapping[tuple[str, ...], float],
    drawn: Mapping[tuple[str, ...], float],
    listed: Collection[tuple[str, ...]],
    greedy: tuple[str, ...],
) -> str:
    """Draw the outputs that the decoder finds most probable for a word, and describe them.

    `p` holds the probabilities of whole outputs, `drawn` their shares of the samples; those
    `listed` in the dictionary are bold. Returns a sentence that describes the picture.
    """
    white_axes(ax, 6.6, 3.4)
    best = sorted(p, key=lambda phones: -p[phones])
    for row, phones in enumerate(best):
        ax.barh(row, p[phones], color=COLOURS[0], alpha=0.35, label="_" * (row > 0) + "computed")
        ax.plot(
            drawn.get(phones, 0),
            row + 0.28,
            "o",
            color=COLOURS[1],
            markersize=6,
            label="_" * (row > 0) + "share of samples",
        )
        note = "  (greedy)" * (phones == greedy)
        ax.text(
            0.012,
            row,
            " ".join(phones) + note,
            va="center",
            fontsize=SIZE - 1,
            color=INK,
            weight="bold" if phones in listed else "normal",
        )
    ax.set(xlim=(0, 1), ylim=(len(best) - 0.4, -0.6), yticks=[])
    ax.spines["left"].set_visible(False)
    ax.legend(loc="lower right", fontsize=SIZE - 1, frameon=False)
    name_axes(ax, "probability of the whole output", "")
    ax.set_title(word, color=INK, fontsize=SIZE + 1)
    found = "listed" if best[0] in listed else "not listed"
    return (
        f"{word}: the most probable output is {' '.join(best[0])}, {found}, with probability "
        f"{p[best[0]]:.2f}; it is {drawn.get(best[0], 0):.2f} of the samples."
    )

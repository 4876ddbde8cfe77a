"""The figures of the chapter on encoder and decoder: the network, and what it says of a word.

Like `plots`, each draws into `ax`, or into new axes where there are none.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from matplotlib.axes import Axes

from rnn_course.figures.drawing import COLOURS, INK, PALE, SIZE, name_axes, white_axes


def two_networks(letters: str, phones: Sequence[str], ax: Axes | None = None) -> Axes:
    """Draw encoder, C and decoder, unfolded over a word and what it becomes, end symbol included.

    Full arrows are weights; dashed ones take each phone to the next step.
    """
    ax = white_axes(ax, 7.2, 3.4)
    tau, written = len(letters), [*phones, "."]
    C = (tau + 0.6, 0)
    nodes: list[tuple[str, tuple[float, float]]] = [("$C$", C)]
    arrows: list[tuple[tuple[float, float], tuple[float, float], str, str]] = []
    for t, letter in enumerate(letters, start=1):
        nodes += [(letter, (t - 1, -1)), (f"$h^{{({t})}}$", (t - 1, 0))]
        arrows.append(((t - 1, -1), (t - 1, 0), COLOURS[0], "-"))
        arrows.append(((t - 1, 0), C if t == tau else (t, 0), COLOURS[0], "-"))
    for t, phone in enumerate(written, start=1):
        s = (C[0] + 0.6 + t, 1)
        nodes += [(f"$s^{{({t})}}$", s), (phone, (s[0], 2))]
        arrows += [(C, s, COLOURS[1], "-"), (s, (s[0], 2), COLOURS[2], "-")]
        if t > 1:
            arrows += [((s[0] - 1, 1), s, COLOURS[2], "-"), ((s[0] - 1, 2), s, PALE, "--")]
    for start, end, colour, dashes in arrows:
        ax.annotate(
            "",
            end,
            start,
            arrowprops={
                "arrowstyle": "->",
                "color": colour,
                "linewidth": 1.5,
                "linestyle": dashes,
                "shrinkA": 11,
                "shrinkB": 11,
            },
        )
    for text, place in nodes:
        ax.annotate(text, place, ha="center", va="center", fontsize=SIZE, color=INK)
    ax.set(xlim=(-0.5, C[0] + len(written) + 1.1), ylim=(-1.4, 2.4))
    ax.set_axis_off()
    return ax


def said_of(
    ax: Axes,
    word: str,
    p: Mapping[tuple[str, ...], float],
    drawn: Mapping[tuple[str, ...], float],
    listed: Collection[tuple[str, ...]],
    greedy: tuple[str, ...],
) -> str:
    """Draw what the decoder finds most probable for a word, and put it in words.

    `p` has the probabilities of whole outputs, `drawn` the share of samples that were this output;
    those that are `listed` in the dictionary are bold. Returns the sentence that tells what is
    to be seen.
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
    ax.legend(loc="lower right", fontsize=SIZE - 2, frameon=False)
    name_axes(ax, "probability of the whole output", "")
    ax.set_title(word, color=INK, fontsize=SIZE + 1)
    found = "listed" if best[0] in listed else "not listed"
    return (
        f"{word}: the most probable output is {' '.join(best[0])}, {found}, with probability "
        f"{p[best[0]]:.2f}; it is {drawn.get(best[0], 0):.2f} of the samples."
    )

"""The map of the book: each chapter below those that it needs."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from html import escape
from itertools import accumulate, combinations, pairwise, permutations
from operator import itemgetter

WIDTH, ROW, BOX, HIGH, LANE = 484, 76, 110, 52, 14
LETTERS, LINE = 14, 15  # of a box's text

first = itemgetter(0)

Needs = Mapping[str, Sequence[str]]
Place = tuple[float, int]


def reduced(needs: Needs) -> list[tuple[str, str]]:
    """The arrows, without those that a longer way already makes: (needed, chapter)."""

    def behind(stem: str) -> set[str]:
        return {far for near in needs[stem] for far in (near, *behind(near))}

    return [
        (near, stem)
        for stem, nears in needs.items()
        for near in nears
        if not any(near in behind(other) for other in nears)
    ]


def layout(needs: Needs) -> tuple[dict[str, Place], list[list[Place]]]:
    """The middle and the row of each chapter's box, and the stops of each arrow.

    A chapter stands right above the first that needs it. An arrow over several rows has a lane in
    those between. Of all orders within the rows, the one in which the fewest arrows cross.
    """
    arrows = reduced(needs)
    after: dict[str, list[str]] = {stem: [] for stem in needs}
    for near, stem in arrows:
        after[near].append(stem)

    def below(stem: str) -> int:
        return max((below(each) + 1 for each in after[stem]), default=0)

    depth = max(map(below, needs))
    row_of = {stem: depth - below(stem) for stem in needs}
    lanes = [
        [near, *(f"{near} {stem} {row}" for row in range(row_of[near] + 1, row_of[stem])), stem]
        for near, stem in arrows
    ]
    row_of |= {name: row_of[way[0]] + step for way in lanes for step, name in enumerate(way[:-1])}
    rows = [[name for name in row_of if row_of[name] == row] for row in range(depth + 1)]

    steps = [step for way in lanes for step in pairwise(way)]

    def spread(here: Sequence[str]) -> dict[str, float]:
        wide = [BOX if name in needs else LANE for name in here]
        gap = (WIDTH - sum(wide)) / len(here)
        ends = accumulate(width + gap for width in wide)
        return {
            name: end - (width + gap) / 2 for name, width, end in zip(here, wide, ends, strict=True)
        }

    def tangle(above: Mapping[str, float], here: Mapping[str, float]) -> float:
        crossed = [(above[a], here[b]) for a, b in steps if a in above]
        crossings = sum(
            (x0 - u0) * (x1 - u1) < 0 for (x0, x1), (u0, u1) in combinations(crossed, 2)
        )
        return crossings + sum(abs(x1 - x0) for x0, x1 in crossed) / WIDTH / len(steps)

    # Row by row, the best way to each order of the row: (tangle so far, the places in all rows).
    ways = [(0.0, (spread(rows[0]),))]
    for row in rows[1:]:
        ways = [
            min(
                ((cost + tangle(above[-1], here), (*above, here)) for cost, above in ways),
                key=first,
            )
            for here in map(spread, permutations(row))
        ]
    best = {
        name: (x, row)
        for row, here in enumerate(min(ways, key=first)[1])
        for name, x in here.items()
    }
    return {stem: best[stem] for stem in needs}, [[best[name] for name in way] for way in lanes]


def arrow(stops: Sequence[Place]) -> str:
    """An arrow from box to box, straight down through the rows between."""
    (x, row), y = stops[0], 0.0
    path = f"M{x:.0f} {ROW * row + HIGH + 2}"
    for (x0, row), (x1, _) in pairwise(stops):
        y0, y = ROW * row + HIGH + 2, ROW * (row + 1)
        path += f"V{y0}C{x0:.0f} {y - 8} {x1:.0f} {y0 + 8} {x1:.0f} {y}"
        x = x1
    return f'<path d="{path}m-4 -5l4 5l4 -5"/>'


def box(x: float, row: int, title: str, after: str, target: str) -> str:
    """A chapter as a link; what it needs is read out."""
    lines = textwrap.wrap(title.partition(":")[0], LETTERS)
    first = ROW * row + HIGH / 2 + 5 - LINE / 2 * (len(lines) - 1)
    text = " ".join(
        f'<tspan x="{x:.0f}" y="{first + LINE * k:.1f}">{escape(line)}</tspan>'
        for k, line in enumerate(lines)
    )
    return (
        f'<a href="{target}" aria-label="{escape(title + after)}">'
        f'<rect x="{x - BOX / 2:.0f}" y="{ROW * row + 1}" width="{BOX}" height="{HIGH}" rx="6"/>'
        f'<text text-anchor="middle">{text}</text></a>'
    )


def svg(needs: Needs, titles: Mapping[str, str], targets: Mapping[str, str]) -> str:
    """The map; its colours are the page's, in the style sheet."""
    places, ways = layout(needs)
    boxes = []
    for stem, (x, row) in places.items():
        numbers = [titles[near].partition(" · ")[0] for near in needs[stem]]
        after = f", after {' and '.join(numbers)}" if numbers else ""
        boxes.append(box(x, row, titles[stem], after, targets[stem]))
    height = ROW * max(row for _, row in places.values()) + HIGH + 2
    return (
        f'<svg class="book-map" viewBox="0 0 {WIDTH} {height}" role="group" '
        f'aria-label="Map of the book"><g aria-hidden="true">{"".join(map(arrow, ways))}</g>'
        f"{''.join(boxes)}</svg>"
    )

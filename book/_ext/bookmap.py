"""The map of the book: each chapter below those that it needs."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from html import escape
from itertools import pairwise, permutations, product

WIDTH, ROW, BOX, HIGH, LANE = 484, 76, 110, 52, 14
LETTERS, LINE = 14, 15  # of a box's text

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

    def placed(order: Sequence[Sequence[str]]) -> dict[str, Place]:
        places: dict[str, Place] = {}
        for row, here in enumerate(order):
            wide = [BOX if name in needs else LANE for name in here]
            gap = (WIDTH - sum(wide)) / len(here)
            left = gap / 2
            for name, width in zip(here, wide, strict=True):
                places[name] = (left + width / 2, row)
                left += width + gap
        return places

    def tangle(places: Mapping[str, Place]) -> float:
        steps = [(places[a], places[b]) for way in lanes for a, b in pairwise(way)]
        crossings = sum(
            (x0 - u0) * (x1 - u1) < 0
            for k, ((x0, row), (x1, _)) in enumerate(steps)
            for (u0, other), (u1, _) in steps[:k]
            if row == other
        )
        return crossings + sum(abs(b[0] - a[0]) for a, b in steps) / WIDTH / len(steps)

    best = min((placed(o) for o in product(*(permutations(here) for here in rows))), key=tangle)
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

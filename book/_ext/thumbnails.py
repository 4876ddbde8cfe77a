"""A small picture for each chapter, all in one style: the network of its slides, unfolded.

Colours are those of the figures (`rnn_course.figures.style`); lines take the colour of the text,
so that the pictures follow the page's theme.
"""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from math import hypot

from rnn_course.figures.style import GREEN, KINDS

WIDTH, HEIGHT, RADIUS = 160, 96, 7
TOP, MIDDLE, BOTTOM = 18, 48, 78

Point = tuple[float, float]


class Picture:
    """Nodes and arrows, in the order in which they are drawn."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.nodes: list[str] = []

    def node(self, at: Point, kind: str, radius: float = RADIUS) -> Point:
        """A node of a kind of the figures; "C" is a square."""
        x, y = at
        if kind == "C":
            self.nodes.append(f'<rect x="{x - 8}" y="{y - 8}" width="16" height="16" rx="3"/>')
        else:
            self.nodes.append(f'<circle cx="{x}" cy="{y}" r="{radius}" fill="{KINDS[kind]}"/>')
        return at

    def row(self, xs: Iterable[float], y: float, kind: str) -> list[Point]:
        """Nodes side by side."""
        return [self.node((x, y), kind) for x in xs]

    def arrow(self, a: Point, b: Point, style: str = "", radius: float = RADIUS) -> None:
        """A straight arrow from node to node."""
        length = hypot(b[0] - a[0], b[1] - a[1])
        dx, dy = (b[0] - a[0]) / length, (b[1] - a[1]) / length
        x0, y0 = a[0] + radius * dx, a[1] + radius * dy
        x1, y1 = b[0] - (radius + 1) * dx, b[1] - (radius + 1) * dy
        left, right = (x1 - 4 * dx - 3 * dy, y1 - 4 * dy + 3 * dx), (
            x1 - 4 * dx + 3 * dy, y1 - 4 * dy - 3 * dx)  # fmt: skip
        tip = f"M{left[0]:.1f} {left[1]:.1f}L{x1:.1f} {y1:.1f}L{right[0]:.1f} {right[1]:.1f}"
        self.lines.append(
            f'<g {style}><path d="M{x0:.1f} {y0:.1f}L{x1:.1f} {y1:.1f}"/>'
            f'<path d="{tip}" stroke-dasharray="none"/></g>'
        )

    def arrows(self, starts: Iterable[Point], ends: Iterable[Point], style: str = "") -> None:
        """An arrow for each pair."""
        for a, b in zip(starts, ends, strict=False):
            self.arrow(a, b, style)

    def chain(self, points: list[Point], style: str = "") -> None:
        """An arrow from each node to the next."""
        self.arrows(points, points[1:], style)

    def arc(self, a: Point, b: Point, height: float, style: str = "") -> None:
        """A bow from node to node, above them."""
        (x0, y0), (x1, y1) = a, b
        self.lines.append(
            f'<path {style} d="M{x0} {y0 - RADIUS}C{x0 + 8} {y0 - height} {x1 - 8} {y1 - height} '
            f'{x1} {y1 - RADIUS - 1}"/>'
        )

    def svg(self, said: str) -> str:
        """The picture for a page, with its description."""
        return (
            f'<svg class="thumbnail" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" '
            f'height="{HEIGHT}" role="img" aria-label="{escape(said)}">'
            f"<g>{''.join(self.lines)}</g>{''.join(self.nodes)}</svg>"
        )


DASHED = 'stroke-dasharray="3 3"'
FOUR = (26, 62, 98, 134)
FIVE = (20, 50, 80, 110, 140)


def _before() -> str:
    p = Picture()
    x, h = p.row(FOUR, BOTTOM, "x"), p.row(FOUR, MIDDLE, "h")
    p.arrows(x, h)
    p.chain(h)
    for a, b in zip(h[1:], h, strict=False):
        p.arc(b, a, 28, f'{DASHED} stroke="{KINDS["o"]}"')
    return p.svg("A network unfolded over four steps; dashed bows lead the gradient back.")


def _summarise() -> str:
    p = Picture()
    x, h = p.row(FIVE, BOTTOM, "x"), p.row(FIVE, MIDDLE, "h")
    p.arrows(x, h)
    p.chain(h)
    p.arrow(h[-1], p.node((140, TOP), "o"))
    return p.svg("Five inputs, a chain of five states, and one output at the end.")


def _vector() -> str:
    p = Picture()
    x, h, y = p.node((80, BOTTOM), "x", 9), p.row(FOUR, MIDDLE, "h"), p.row(FOUR, TOP, "y")
    for each in h:
        p.arrow(x, each, radius=8)
    p.chain(h)
    p.arrows(h, y)
    return p.svg("One vector feeds each of four states, which write four outputs.")


def _dashed() -> str:
    p = Picture()
    x, h, y = (p.row(FOUR, at, kind) for at, kind in ((BOTTOM, "x"), (MIDDLE, "h"), (TOP, "y")))
    p.arrows(x, h)
    p.chain(h)
    p.arrows(h, y)
    p.arrows(y, h[1:], DASHED)
    return p.svg("An output at each step, and dashed edges from each output to the next state.")


def _sharing() -> str:
    p = Picture()
    x, h = p.row(FIVE, BOTTOM, "x"), p.row(FIVE, MIDDLE, "h")
    p.arrows(x, h, f'stroke="{GREEN.colour}" stroke-width="3"')
    p.chain(h, f'stroke="{KINDS["h"]}" stroke-width="3"')
    p.arrow(h[-1], p.node((140, TOP), "o"))
    return p.svg(
        "A chain of states; all edges of one kind have one colour, for one set of weights."
    )


def _both() -> str:
    p = Picture()
    x, o = p.row(FOUR, 86, "x"), p.row(FOUR, 10, "o")
    h = p.row([at - 9 for at in FOUR], 61, "h")
    g = p.row([at + 9 for at in FOUR], 35, "g")
    for ends in ((x, h), (x, g), (h, o), (g, o)):
        p.arrows(*ends)
    p.chain(h)
    p.chain(g[::-1])
    return p.svg("Two chains of states over the same inputs, one forward and one backward.")


def _grid() -> str:
    p = Picture()
    xs, ys = (32, 64, 96, 128), (16, 48, 80)
    grid = [p.row(xs, y, "h") for y in ys]
    for row, column, kind in ((0, 0, "o"), (0, 3, "x"), (2, 0, "g"), (2, 3, "y")):
        corner = p.node(grid[row][column], kind)
        style = f'stroke="{KINDS[kind]}" stroke-width="3"'
        p.arrow(corner, grid[row][1 if column == 0 else 2], style)
        p.arrow(corner, grid[1][column], style)
    return p.svg("A grid of states, with arrows that set out from its four corners.")


def _encoder() -> str:
    p = Picture()
    x, h = p.row((16, 42), BOTTOM, "x"), p.row((16, 42), MIDDLE, "h")
    context = p.node((72, MIDDLE), "C")
    s, y = p.row((102, 124, 146), MIDDLE, "state"), p.row((102, 124, 146), TOP, "y")
    p.arrows(x, h)
    p.chain([*h, context, *s])
    p.arrows(s, y)
    return p.svg("One chain of states reads, a single vector C follows, another chain writes.")


def _deep() -> str:
    p = Picture()
    levels = [p.row(FOUR, y, kind) for y, kind in ((84, "x"), (60, "h"), (36, "h"), (12, "h"))]
    for level in levels[1:]:
        p.chain(level)
    for below, above in zip(levels, levels[1:], strict=False):
        p.arrows(below, above)
    return p.svg("Three chains of states, one above the other.")


def _gaps() -> str:
    p = Picture()
    h = p.row((14, 36, 58, 80, 102, 124, 146), MIDDLE, "h")
    p.arrow(p.node((14, BOTTOM), "x"), h[0], 'opacity="0.15"')
    for k, (a, b) in enumerate(zip(h, h[1:], strict=False)):
        p.arrow(a, b, f'opacity="{0.15 + 0.14 * k:.2f}"')
    p.arrow(h[-1], p.node((146, TOP), "o"))
    return p.svg("A long chain whose arrows fade towards its beginning.")


def _gates() -> str:
    p = Picture()
    c = p.row((20, 60, 100, 140), TOP, "state")
    for a, b in zip(c, c[1:], strict=False):
        p.arrow(a, b, f'stroke="{KINDS["state"]}" stroke-width="3"')
    h = p.row((20, 60, 100, 140), BOTTOM, "h")
    p.chain(h)
    for k, (below, above) in enumerate(zip(h, c, strict=True)):
        shut = "" if k == 1 else 'opacity="0.2" '
        p.arrow(below, above, f'{shut}stroke="{KINDS["o"]}" stroke-width="3"')
    return p.svg("A memory above a chain of states; one of four ways into it is open.")


def _remedies() -> str:
    p = Picture()
    xs = (14, 36, 58, 80, 102, 124, 146)
    h = p.row(xs, 62, "h")
    p.chain(h, 'opacity="0.4"')
    for a, b in zip(h[::3], h[3::3], strict=False):
        p.arc(a, b, 42, f'stroke="{KINDS["o"]}" stroke-width="3"')
    return p.svg("A long chain, with bows that skip three steps at a time.")


def _language_model() -> str:
    p = Picture()
    x, h, o = (p.row(FOUR, y, kind) for y, kind in ((BOTTOM, "x"), (MIDDLE, "h"), (TOP, "o")))
    p.arrows(x, h)
    p.arrows(h, o)
    p.chain(h)
    for each, following in zip(o, x[1:], strict=False):
        p.arrow(each, following, f'{DASHED} stroke="{KINDS["o"]}"')
    return p.svg("A chain of states; each output is the next step's input.")


def _attention() -> str:
    p = Picture()
    h = p.row((20, 44, 68, 92), BOTTOM, "h")
    s = p.row((68, 98, 128), TOP, "state")
    p.chain(h)
    p.chain(s)
    for each, weight in zip(h, (0.2, 0.9, 0.35, 0.15), strict=True):
        p.arrow(each, s[1], f'opacity="{weight}" stroke="{KINDS["o"]}" stroke-width="3"')
    return p.svg("A chain of states reads; a state of the chain that writes looks at all of them.")


def _linear() -> str:
    p = Picture()
    low = p.row((20, 56, 92, 128), BOTTOM, "h")
    middle, high = p.row((38, 110), MIDDLE, "h"), p.node((74, TOP), "h")
    for k, each in enumerate(low):
        p.arrow(each, middle[k // 2])
    for each in middle:
        p.arrow(each, high)
    return p.svg("Four steps are joined in pairs, and the two pairs into one.")


def _which() -> str:
    p = Picture()
    root = p.node((80, TOP), "C")
    for x, kind in ((32, "h"), (80, "g"), (128, "o")):
        p.arrow(root, p.node((x, BOTTOM), kind), radius=9)
    return p.svg("A question that leads to one of three networks.")


DRAWN = {
    "00_before_the_deck": _before,
    "01_summarise": _summarise,
    "02_vector_to_sequence": _vector,
    "03_dashed_edges": _dashed,
    "04_sharing": _sharing,
    "05_both_directions": _both,
    "06_two_dimensions": _grid,
    "07_encoder_decoder": _encoder,
    "08_deep": _deep,
    "09_long_gaps": _gaps,
    "10_gates": _gates,
    "11_remedies": _remedies,
    "12_language_model": _language_model,
    "13_attention": _attention,
    "14_linear": _linear,
    "which_network": _which,
}


def thumbnail(stem: str) -> str:
    """The picture of a chapter, by the stem of its file.

    Raises:
        ValueError: If the chapter has none yet.
    """
    if stem not in DRAWN:
        raise ValueError(f"{stem}: the chapter needs a picture for its card, in thumbnails.py")
    return DRAWN[stem]()

"""Chapter 6: diagonals, what two corners miss, films, two layers, a forgotten reversal."""

from __future__ import annotations

from itertools import product
from typing import Any

import torch
from torch import Tensor

from rnn_course.exercises.registry import Part, exercise, formula, holds

PIXELS = [*product((1, 2, 4), repeat=4)]


@exercise(
    "ex-ch6-queue",
    "rows, columns",
    "the number of steps along the diagonals and the length of the longest diagonal",
)
def queue(answer: Any) -> None:
    """Images of 1 × 1 to 9 × 6 pixels."""
    formula(
        answer,
        "rows, columns",
        [(4, 5), (1, 1), (3, 3), (9, 6), (1, 7)],
        Part("the number of steps", lambda r, c: r + c - 1, {
            "one too many: on how many diagonals does a single pixel lie?": lambda r, c: r + c,
            "pixel by pixel would take so long; a diagonal is done at once": lambda r, c: r * c,
            "the corner of an image of one pixel is a step as well": lambda r, c: r + c - 2,
            "the four directions do not wait for each other": lambda r, c: 4 * (r + c - 1),
        }),
        Part("the longest diagonal", min, {
            "a diagonal leaves the image on the shorter side": max,
            "this is the number of diagonals": lambda r, c: r + c - 1,
        }),
    )  # fmt: skip


@exercise(
    "ex-ch6-two",
    "i, j, p, q",
    "two truth values: is pixel (p, q) unseen at (i, j) from opposite corners (top left and bottom "
    "right), and from both upper corners?",
)
def two(unseen: Any) -> None:
    """Pixels in all positions to each other, the same row and column included."""

    def opposite(i: int, j: int, p: int, q: int) -> bool:
        return not ((p <= i and q <= j) or (p >= i and q >= j))

    def as_pair(*pixels: int) -> Any:
        given = unseen(*pixels)
        return [bool(value) for value in given] if isinstance(given, tuple | list) else given

    formula(
        as_pair,
        "i, j, p, q",
        PIXELS,
        Part("opposite corners", opposite, {
            "this is what they see, not what they miss": lambda *at: not opposite(*at),
            "a pixel in the same row or column is seen": lambda i, j, p, q: not (
                (p < i and q < j) or (p > i and q > j) or (i, j) == (p, q)
            ),
            "these are the two quadrants that they see": lambda i, j, p, q: (p - i) * (q - j) > 0,
        }),
        Part("both upper corners", lambda i, j, p, q: p > i, {
            "this is what they see, not what they miss": lambda i, j, p, q: p <= i,
            "the pixel's own row is seen: one from the left, one from the right": (
                lambda i, j, p, q: p >= i
            ),
            "rows are counted from the top": lambda i, j, p, q: p < i,
        }),
    )  # fmt: skip


@exercise(
    "ex-ch6-film",
    "rows, columns, frames",
    "the number of neighbours, of directions, and of steps that follow one another",
)
def film(answer: Any) -> None:
    """Films of 1 to 6 frames."""
    formula(
        answer,
        "rows, columns, frames",
        [(4, 5, 1), (3, 3, 3), (2, 7, 6)],
        Part("the number of neighbours", lambda *_: 3, {
            "a pixel has six neighbours, but waits for one along each axis": lambda *_: 6,
            "and the same pixel in the frame before": lambda *_: 2,
        }),
        Part("the number of directions", lambda *_: 8, {
            "one from each corner: a box has more of them than an image": lambda *_: 4,
            "these are its sides: count its corners": lambda *_: 6,
        }),
        Part("the number of steps", lambda r, c, f: r + c + f - 2, {
            "a film of one frame takes as long as an image": lambda r, c, f: r + c + f - 1,
            "this leaves out one step: count those of a film of one pixel": (
                lambda r, c, f: r + c + f - 3
            ),
            "the next frame can begin before this one is done": lambda r, c, f: f * (r + c - 1),
        }),
    )  # fmt: skip


@exercise(
    "ex-ch6-layer", "x", "h (1, rows, columns, n) of an image x (1, rows, columns, 1) of float64"
)
def layer(network: Any) -> None:
    """The gradient of each pixel's h with respect to each pixel of a 4 × 5 image."""
    x = torch.randn(1, 4, 5, 1).double().requires_grad_()
    h = network(x)
    is_image = isinstance(h, Tensor) and h.dim() == 4 and h.shape[:3] == x.shape[:3]
    holds(is_image, "there is an h for each pixel: (1, rows, columns, n)")
    seen = torch.zeros(4, 5, 4, 5, dtype=torch.bool)
    for i, j in product(range(4), range(5)):
        (slope,) = torch.autograd.grad(h[0, i, j].sum(), x, retain_graph=True)
        seen[i, j] = slope[0, :, :, 0] != 0
    corners = [seen[i, j].all() for i, j in ((0, 0), (0, 4), (3, 0), (3, 4))]
    quadrants = "each pixel sees one quadrant: does the second network read the h of the first?"
    holds(seen.sum() > 150, quadrants)
    holds(
        sum(corners) != 1, "only one corner sees everything: from where does the second one come?"
    )
    missed = (~seen).nonzero()
    holds(not len(missed), "the h of some pixels misses a part of the image: from which corner "
          "does the second network come?")  # fmt: skip


@exercise(
    "ex-ch6-turn",
    "i, j, columns",
    "the row and the column of the pixel whose h pixel (i, j) gets, counted from 1",
)
def turn(answer: Any) -> None:
    """The pixels of images of 1 to 6 columns."""
    formula(
        answer,
        "i, j, columns",
        [(1, 1, 1), (2, 1, 6), (3, 4, 6), (1, 3, 5)],
        Part("the row", lambda i, j, J: i, {
            "the columns are reversed, not the rows": lambda i, j, J: J + 1 - i,
        }),
        Part("the column", lambda i, j, J: J + 1 - j, {
            "with the first column as 1, this is one off": lambda i, j, J: J - j,
            "with the first column as 1, this is two off": lambda i, j, J: J - 1 - j,
            "the result was not reversed back": lambda i, j, J: j,
        }),
    )  # fmt: skip

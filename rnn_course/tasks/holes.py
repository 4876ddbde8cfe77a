"""Is this pixel enclosed by the stroke? A question that needs all four sides of an image.

On scikit-learn's handwritten digits; and on small random images, of which there are so few that the
best answer from any part of the image can be computed.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor

from rnn_course import checks
from rnn_course.tasks.base import SPLITS, Split, Task
from rnn_course.tasks.digits import FULL, every_digit

DARK = 7
"""The least ink of a pixel of the digits that counts as ink; the most is `digits.FULL`."""

INK = -100
"""The target of a pixel with ink, which is not scored: cross-entropy ignores -100."""


def enclosed(ink: Tensor) -> Tensor:
    """Which background pixels have no path of background pixels, side by side, to the edge.

    ink and result (N, rows, columns) bool. Uses scipy.ndimage.binary_fill_holes.

    Raises:
        ValueError: If ink is not a bool Tensor of this shape.
    """
    from scipy import ndimage

    if not isinstance(ink, Tensor) or ink.dtype != torch.bool or ink.dim() != 3:
        got = (tuple(ink.shape), ink.dtype) if isinstance(ink, Tensor) else type(ink).__name__
        raise ValueError(f"ink: expected bool (N, rows, columns), got {got}")
    neighbours = np.zeros((3, 3, 3), dtype=bool)  # within an image, not to the next
    neighbours[1] = ndimage.generate_binary_structure(2, 1)
    filled = ndimage.binary_fill_holes(ink.numpy(), structure=neighbours)
    return torch.from_numpy(filled) & ~ink


def targets(ink: Tensor) -> Tensor:
    """1 for a pixel that is enclosed, 0 for other background, INK for ink: (N, rows, columns)."""
    return enclosed(ink).long().masked_fill(ink, INK)


def orientations(images: Tensor) -> Tensor:
    """The images (N, n, n) rotated by 0, 90, 180 and 270°, and mirrored as well: (8, N, n, n)."""
    turned = torch.stack([images.rot90(k, (1, 2)) for k in range(4)])
    return torch.cat([turned, turned.flip(2)])


@cache
def _sides() -> dict[str, tuple[Tensor, Tensor]]:
    """The 1,797 digits by split: images (N, 8, 8) of 0 to 16, and digits (N,) int64.

    There are no duplicates, but some images have ink at the same pixels, and so the same holes. So
    the patterns of ink are shuffled, with a seed of their own, and those that agree when rotated or
    mirrored count as one: no pattern is in two splits.
    """
    ink, y = every_digit()
    images = ink.view(-1, 8, 8)
    bits = orientations(images >= DARK).flatten(2).long()
    number = (bits << torch.arange(bits.shape[2])).sum(2).amin(0)  # one for all eight orientations
    patterns, pattern = number.unique(return_inverse=True)
    place = torch.randperm(len(patterns), generator=torch.Generator().manual_seed(0))[pattern]
    cuts = [0, int(0.7 * len(patterns)), int(0.85 * len(patterns)), len(patterns)]
    parts = {
        side: (place >= low) & (place < high)
        for side, (low, high) in zip(SPLITS, pairwise(cuts), strict=True)
    }
    return {side: (images[part], y[part]) for side, part in parts.items()}


def load_holes() -> Task:
    """The task: which background pixels of a handwritten digit does its stroke enclose? (S5.4)

    x is (N, 8, 8, 1), ink from -1 (none) to 1 (full); y is (N, 8, 8) int64, 0 open, 1 enclosed, INK
    where there is ink (at least 7 of 16). Seven tenths of the images are for training. A hole stays
    a hole in any orientation, so training has each of its images in all eight.
    """
    sides = {side: images for side, (images, _) in _sides().items()}
    sides["train"] = orientations(sides["train"]).flatten(0, 1)
    splits = {
        side: Split(_as_input(images), targets(images >= DARK)) for side, images in sides.items()
    }
    return Task("holes", **splits, symbols=(), labels=("open", "enclosed"))


def digit_everywhere() -> Task:
    """The task: name the digit, at each of its pixels. x as in `load_holes`, y (N, 8, 8) 0 … 9."""
    splits = {
        side: Split(_as_input(images), y[:, None, None].expand(-1, 8, 8).contiguous())
        for side, (images, y) in _sides().items()
    }
    return Task("digit everywhere", **splits, symbols=(), labels=tuple("0123456789"))


def _as_input(images: Tensor) -> Tensor:
    return images.unsqueeze(3) / (FULL / 2) - 1


@dataclass(frozen=True)
class RandomImages:
    """Images of rows · columns pixels, each of which independently has ink with probability p.

    There are 2^(rows · columns) of them, few enough to enumerate, so that an expectation is an
    exact sum.

    Raises:
        ValueError: If there are more than 20 pixels, or p is not between 0 and 1.
    """

    rows: int = 4
    columns: int = 4
    p: float = 0.7

    def __post_init__(self) -> None:
        pixels = checks.positive("rows", self.rows) * checks.positive("columns", self.columns)
        if pixels > 20:
            raise ValueError(
                f"rows, columns: expected at most 20 pixels, to go through all images, got {pixels}"
            )
        if not 0 < checks.real(self.p) < 1:
            raise ValueError(f"p: expected a probability between 0 and 1, got {self.p!r}")

    def every(self) -> tuple[Split, Tensor]:
        """All images with targets, as in `load_holes`, and their probabilities, (N,) float64.

        Image number n has ink at pixel k, counted row by row from 0, where bit k of n is 1.
        """
        pixels = self.rows * self.columns
        bits = torch.arange(2**pixels).unsqueeze(1) >> torch.arange(pixels) & 1
        ink = bits.view(-1, self.rows, self.columns).bool()
        dark = ink.sum((1, 2)).double()
        return self._split(ink), self.p**dark * (1 - self.p) ** (pixels - dark)

    def draw(self, count: int, generator: torch.Generator) -> Split:
        """`count` images with their targets."""
        shape = (checks.positive("count", count), self.rows, self.columns)
        return self._split(torch.rand(shape, generator=generator) < self.p)

    def best_guess(self, seen: Tensor) -> Tensor:
        """P(pixel is enclosed | the part seen from it), for all images of `every` and all pixels.

        seen (rows, columns, rows, columns) bool: [i, j] is the part of the image that is seen at
        pixel (i, j), this pixel included (`networks.two_dimensions.quadrants`). The result is
        (N, rows, columns) float64, 0 where there is ink. No function of the part seen has a lower
        expected loss or a higher F1 than this one at its best threshold.

        Computed by counting: among the images that look alike in the part seen, the share (by
        probability) in which the pixel is enclosed.

        Raises:
            ValueError: If seen is not a bool Tensor of this shape.
        """
        shape = (self.rows, self.columns)
        if not isinstance(seen, Tensor) or seen.dtype != torch.bool or seen.shape != shape + shape:
            got = tuple(seen.shape) if isinstance(seen, Tensor) else type(seen).__name__
            raise ValueError(f"seen: expected bool {shape + shape}, got {got}")
        split, weight = self.every()
        number, bit = torch.arange(len(weight)), 2 ** torch.arange(self.rows * self.columns)
        guess = []
        for part, y in zip(seen.flatten(2).flatten(0, 1), split.y.flatten(1).T, strict=True):
            alike = number & bit[part].sum()
            hole, background = (
                torch.bincount(alike, weight * which, len(weight)) for which in (y == 1, y != INK)
            )
            guess.append((hole / background).nan_to_num(0)[alike])
        return torch.stack(guess, dim=1).view(-1, *shape)

    def _split(self, ink: Tensor) -> Split:
        return Split(2.0 * ink.unsqueeze(3) - 1, targets(ink))


def nll(p: Tensor, y: Tensor, weight: Tensor | None = None) -> float:
    """The mean -log P of a background pixel's class, in nats, where p is the probability of 1.

    p (N, rows, columns) probabilities, y as in `load_holes`; weight (N,), or None if all are equal.
    """
    from sklearn.metrics import log_loss

    scores, truth, weights = _background(p, y, weight)
    return float(log_loss(truth, scores.clip(0, 1), sample_weight=weights, labels=[0, 1]))


def f1(p: Tensor, y: Tensor, threshold: float = 0.5, weight: Tensor | None = None) -> float:
    """F1 of "enclosed where p ≥ threshold" over the background pixels, as in `nll`.

    F1 = 2 · hits / (predicted enclosed + enclosed): 0 without a hit, 1 without an error. Plain
    accuracy would say little, since nearly all pixels are open.
    """
    from sklearn.metrics import f1_score

    scores, truth, weights = _background(p, y, weight)
    return float(f1_score(truth, scores >= threshold, sample_weight=weights, zero_division=0.0))


def best_threshold(p: Tensor, y: Tensor, weight: Tensor | None = None) -> float:
    """The threshold on p with the highest F1; choose it on a split other than the one reported."""
    from sklearn.metrics import precision_recall_curve

    scores, truth, weights = _background(p, y, weight)
    precision, recall, thresholds = precision_recall_curve(truth, scores, sample_weight=weights)
    total = np.maximum(precision + recall, 1e-300)
    return float(thresholds[(2 * precision * recall / total)[:-1].argmax()])


def _background(
    p: Tensor, y: Tensor, weight: Tensor | None
) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
    """p, y and weight of each background pixel, flattened."""
    if p.shape != y.shape or y.dim() != 3:
        raise ValueError(
            f"p: expected a probability for each pixel of y, {tuple(y.shape)}, got {tuple(p.shape)}"
        )
    background = y != INK
    each = None if weight is None else weight[:, None, None].expand_as(p)[background].numpy()
    return p[background].double().numpy(), y[background].numpy(), each

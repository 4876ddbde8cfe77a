"""Sequences end to end in parallel streams, cut into windows: for truncated back-propagation."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from rnn_course import checks
from rnn_course.tasks.base import Split


class Window(NamedTuple):
    """The next steps of every stream.

    Attributes:
        x, y: (B, steps) int64, a row per stream, padded where its sequence ends in this window.
        lengths: (B,) int64, the steps of each row.
        fresh: (B,) bool, whether a sequence begins with this row. Otherwise it goes on where the
            same row of the window before has ended, and its state is to be handed on.
    """

    x: Tensor
    y: Tensor
    lengths: Tensor
    fresh: Tensor

    def to(self, device: torch.device | str) -> Window:
        """The same window on another device."""
        return Window(*(part.to(device) for part in self))


@dataclass(frozen=True, eq=False)
class Streams:
    """A split of sequences as `rows` parallel streams, in windows of `steps` steps.

    The sequences are shuffled and cut into pieces of `steps` steps, and the pieces dealt to the
    streams in order, an equal number each: so a row of one window goes on in the same row of the
    next, until its sequence is over and another begins. (At the first window of an epoch a stream
    may begin within a sequence; the few pieces that are left over at the end are not read in this
    epoch.) `fit` takes it in place of a split, with a batch size of `rows`.

    Raises:
        ValueError: If the split has no lengths or x and y differ in length, if rows or steps is
            not a positive integer, or if there are fewer pieces than rows.
    """

    split: Split
    rows: int
    steps: int

    def __post_init__(self) -> None:
        split = checks.instance("split", self.split, Split)
        if split.lengths is None or split.y.shape[:2] != split.x.shape[:2]:
            raise ValueError(
                "split: expected lengths, and a y as long as x, "
                f"got {tuple(split.x.shape)} and {tuple(split.y.shape)}"
            )
        checks.positive("steps", self.steps)
        if checks.positive("rows", self.rows) > self._pieces:
            raise ValueError(f"rows: expected at most {self._pieces} pieces, got {self.rows}")

    @property
    def _pieces(self) -> int:
        return int((self.split.steps / self.steps).ceil().sum())

    def __len__(self) -> int:
        """The number of pieces that are read in an epoch."""
        return self.rows * (self._pieces // self.rows)

    def batches(
        self, batch_size: int, generator: torch.Generator | None = None
    ) -> Iterator[Window]:
        """The windows of one epoch, in order; without a generator nothing is shuffled.

        Raises:
            ValueError: If the batch size is not `rows`.
        """
        if checks.positive("batch_size", batch_size) != self.rows:
            raise ValueError(f"batch_size: expected the {self.rows} rows, got {batch_size}")
        n, split = len(self.split), self.split
        order = torch.arange(n) if generator is None else torch.randperm(n, generator=generator)
        x, y, lengths = (part[order] for part in (split.x, split.y, split.steps))
        cut, first = pieces(Split(x, y, lengths, lengths), self.steps)
        first = first[: len(self)].view(self.rows, -1)
        first[:, 0] = True
        parts = [
            part[: len(self)].view(self.rows, -1, *part.shape[1:])
            for part in (cut.x, cut.y, cut.steps)
        ]
        return (Window(*(part[:, w] for part in (*parts, first))) for w in range(first.shape[1]))


def pieces(split: Split, steps: int) -> tuple[Split, Tensor]:
    """The sequences cut into pieces of `steps` steps, and which pieces are the first of theirs.

    The pieces of a sequence come in order; its last one may be shorter.
    """
    n, T = split.x.shape
    count = math.ceil(T / checks.positive("steps", steps))
    x, y = (F.pad(part, (0, count * steps - T)) for part in (split.x, split.y))
    left = split.steps.unsqueeze(1) - steps * torch.arange(count)
    kept, first = (left > 0).flatten(), torch.arange(n * count) % count == 0
    lengths = left.clamp(max=steps).flatten()[kept]
    x, y = (part.reshape(-1, steps)[kept] for part in (x, y))
    return Split(x, y, lengths, lengths), first[kept]

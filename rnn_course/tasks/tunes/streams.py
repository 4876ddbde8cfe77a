"""Texts laid end to end in parallel streams, cut into windows: for truncated back-propagation."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from rnn_course import checks
from rnn_course.padding import inside
from rnn_course.tasks.base import Split


class Window(NamedTuple):
    """The next steps of every stream.

    Attributes:
        x, y: (B, steps) int64, a row per stream. x of the next window goes on where this one ends.
        fresh: Whether the streams begin here, so that there is no state to be handed on.
    """

    x: Tensor
    y: Tensor
    fresh: bool

    def to(self, device: torch.device | str) -> Window:
        """The same window on another device."""
        return Window(self.x.to(device), self.y.to(device), self.fresh)


@dataclass(frozen=True, eq=False)
class Streams:
    """A split of sequences as `rows` parallel streams, in windows of `steps` steps.

    The sequences are shuffled, laid end to end and cut into `rows` streams of equal length, which
    are read side by side, window after window: row b of one window continues row b of the one
    before. What is left over at the end (under rows · steps symbols) is not read in this epoch.
    `fit` takes it in place of a split, with a batch size of `rows`.

    Raises:
        ValueError: If the split has no lengths or x and y differ in length, if rows or steps is
            not a positive integer, or if there is not one full window.
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
        needed = checks.positive("rows", self.rows) * checks.positive("steps", self.steps)
        if needed > int(split.lengths.sum()):
            raise ValueError(
                f"rows, steps: expected at most the {int(split.lengths.sum())} symbols of the "
                f"split in a window, got {self.rows} · {self.steps}"
            )

    def __len__(self) -> int:
        """The number of windows, each stream's counted for itself."""
        return self.rows * (int(self.split.steps.sum()) // (self.rows * self.steps))

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
        read = inside(split.steps[order], split.x.shape[1])
        windows = len(self) // self.rows
        x, y = (
            part[order][read][: len(self) * self.steps].view(self.rows, windows, self.steps)
            for part in (split.x, split.y)
        )
        return (Window(x[:, w], y[:, w], w == 0) for w in range(windows))

"""What every task hands over: three splits, cut into batches of sequences of like length."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from rnn_course import checks

PADDING, UNKNOWN = 0, 1
"""The indices of the padding symbol and of the unknown symbol in `Task.symbols`."""


class Batch(NamedTuple):
    """Examples that go through a network together.

    x : (B, T) int64 symbols or (B, T, n_in) floats, padded at the end to the batch's longest; or
        (B, n_in) floats, a vector each; or (B, rows, columns, n_in) floats, an image each.
    y : (B, ...) targets.
    lengths : (B,) int64, the steps of x that belong to each sequence; None when all T do.
    y_lengths : (B,) int64, the same for y where y holds sequences; None when all its steps do.
    """

    x: Tensor
    y: Tensor
    lengths: Tensor | None
    y_lengths: Tensor | None = None

    def to(self, device: torch.device | str) -> Batch:
        """The same batch on another device."""
        return Batch(*(None if part is None else part.to(device) for part in self))


@dataclass(frozen=True, eq=False)
class Split:
    """One side of a data set: N sequences, their targets and their lengths.

    x : (N, T) int64 symbols or (N, T, n_in) floats, padded at the end; or (N, n_in) floats, a
        vector each; or (N, rows, columns, n_in) floats, an image each.
    y : (N, ...) targets: a class each, or (N, T_y) sequences of them, padded at the end.
    lengths : (N,) int64, or None when every sequence of x has T steps.
    y_lengths : (N,) int64, or None where y holds no sequences, or such of T_y steps each. Where
        there is an output for each input, it is the same as `lengths`.

    Raises TypeError for what is no tensor or has the wrong dtype, ValueError for a split without
    examples, for parts that do not fit each other and for floats that are not finite.
    """

    x: Tensor
    y: Tensor
    lengths: Tensor | None = None
    y_lengths: Tensor | None = None

    def __post_init__(self) -> None:
        for name, value in (("x", self.x), ("y", self.y)):
            if not isinstance(value, Tensor):
                raise TypeError(f"{name}: expected a Tensor, got {type(value).__name__}")
            if value.is_floating_point() and not value.isfinite().all():
                raise ValueError(f"{name}: expected finite numbers, got NaN or infinity")
        if self.x.dtype != torch.int64 and not self.x.is_floating_point():
            raise TypeError(f"x: expected int64 symbols or floats, got {self.x.dtype}")
        if self.x.dim() < 2:
            shape = tuple(self.x.shape)
            raise ValueError(f"x: expected (N, T) or (N, T, n_in), got shape {shape}")
        count, steps = self.x.shape[:2]
        if count == 0 or steps == 0:
            raise ValueError(
                f"x: expected at least one example of at least one step, "
                f"got {count} examples of {steps} steps"
            )
        if self.y.dim() == 0 or len(self.y) != count:
            got = "a single number" if self.y.dim() == 0 else str(len(self.y))
            raise ValueError(f"y: expected {count} targets, one for each example in x, got {got}")
        if self.lengths is not None:
            self._check_lengths("lengths", self.lengths, count, "x", steps)
        if self.y_lengths is not None:
            if self.y.dim() < 2:
                raise ValueError(
                    "y_lengths: expected None, since y holds no sequences, but one "
                    f"target each (shape {tuple(self.y.shape)})"
                )
            self._check_lengths("y_lengths", self.y_lengths, count, "y", self.y.shape[1])

    @staticmethod
    def _check_lengths(name: str, lengths: Tensor, count: int, of: str, steps: int) -> None:
        if not isinstance(lengths, Tensor) or lengths.dtype != torch.int64:
            got = lengths.dtype if isinstance(lengths, Tensor) else type(lengths).__name__
            raise TypeError(f"{name}: expected an int64 Tensor or None, got {got}")
        if lengths.shape != (count,):
            raise ValueError(
                f"{name}: expected shape ({count},), one length for each example in x, "
                f"got {tuple(lengths.shape)}"
            )
        wrong = ((lengths < 1) | (lengths > steps)).nonzero()
        if len(wrong):
            i = int(wrong[0])
            raise ValueError(
                f"{name}: expected 1 ≤ length ≤ {steps} (the number of steps in {of}), "
                f"got {int(lengths[i])} at index {i}"
            )

    def __len__(self) -> int:
        """The number of examples N."""
        return len(self.x)

    def batches(self, batch_size: int, generator: torch.Generator | None = None) -> Iterator[Batch]:
        """Go once over all examples, in batches whose sequences have like lengths (x's, or y's).

        Every example comes exactly once; the padding that no sequence of a batch needs is cut off.

        generator : without one, the batches come in order of length, the same each time. With one,
            examples of equal length are shuffled among each other and the batches come in random
            order, both as a function of the generator's state (on the CPU) and of nothing else.

        Raises ValueError for a batch size that is no positive integer.
        """
        # The order is drawn here rather than at the first `next` (this is no generator function):
        # errors come at the call, and two passes begun one after the other have two orders.
        batch_size = checks.positive("batch_size", batch_size)
        shuffled = generator is not None
        order = torch.randperm(len(self), generator=generator) if shuffled else range(len(self))
        order = torch.as_tensor(order)
        by = self.y_lengths if self.lengths is None else self.lengths
        if by is not None:
            order = order[torch.argsort(by[order], stable=True)]
        groups = order.split(batch_size)
        if shuffled:
            groups = [groups[i] for i in torch.randperm(len(groups), generator=generator)]
        return (self._batch(index) for index in groups)

    def _batch(self, index: Tensor) -> Batch:
        x, lengths = _trimmed(self.x, self.lengths, index)
        y, y_lengths = _trimmed(self.y, self.y_lengths, index)
        return Batch(x, y, lengths, y_lengths)


def _trimmed(values: Tensor, lengths: Tensor | None, index: Tensor) -> tuple[Tensor, Tensor | None]:
    """Some of the sequences, without the padding that none of them needs, and their lengths."""
    if lengths is None:
        return values[index], None
    lengths = lengths[index]
    return values[index, : int(lengths.max())], lengths


@dataclass(frozen=True, eq=False)
class Task:
    """A data set with its three splits, its symbols and its labels.

    name : what a figure or the command line calls it.
    train, valid, test : to learn from; to choose settings by; to report, once.
    symbols : what each integer in x stands for; `symbols[0]` is the padding (the empty string) and
        `symbols[1]` stands for every character that the training split does not teach. Empty for
        tasks whose x holds floats.
    labels : what each class in y is called; empty when y holds no classes.

    >>> x, lengths = task.encode(["Norwegen", "Italia"])
    >>> task.decode(x)
    ['Norwegen', 'Italia']
    """

    name: str
    train: Split
    valid: Split
    test: Split
    symbols: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()

    def encode(self, texts: Sequence[str]) -> tuple[Tensor, Tensor]:
        """Texts as symbols: x (N, T) int64, padded to the longest, and lengths (N,) int64.

        Raises ValueError when there is no text or an empty one, TypeError for a bare string.
        """
        return encode(texts, self.symbols)

    def decode(self, x: Tensor) -> list[str]:
        """The texts behind x (N, T); a character that became unknown comes back as "�".

        Raises ValueError for a task without symbols and for an x of another rank.
        """
        if not self.symbols:
            raise ValueError(f"symbols: the task {self.name!r} has none, so nothing can be decoded")
        if x.dim() != 2:
            raise ValueError(f"x: expected (N, T) symbols, got shape {tuple(x.shape)}")
        return ["".join(self.symbols[i] for i in row) for row in x.tolist()]


def encode(texts: Sequence[str], symbols: Sequence[str]) -> tuple[Tensor, Tensor]:
    """Texts as rows of indices into symbols: x (N, T) int64, padded, and lengths (N,) int64.

    Raises ValueError when there are no symbols, no text or an empty one; TypeError for a bare
    string, whose letters would pass for texts.
    """
    if isinstance(texts, str):
        raise TypeError(f"texts: expected a sequence of strings, got the string {texts!r}")
    if len(symbols) <= UNKNOWN:
        raise ValueError(f"symbols: expected padding, unknown and more, got {len(symbols)}")
    if len(texts) == 0:
        raise ValueError("texts: expected at least one text, got none")
    if "" in texts:
        raise ValueError(f"texts: expected no empty text, got one at index {list(texts).index('')}")
    index = {symbol: i for i, symbol in enumerate(symbols)}
    rows = [[index.get(character, UNKNOWN) for character in text] for text in texts]
    lengths = [len(row) for row in rows]
    longest = max(lengths)
    x = [row + [PADDING] * (longest - len(row)) for row in rows]
    return torch.tensor(x), torch.tensor(lengths)

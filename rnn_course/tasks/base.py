"""What every task consists of: three splits, cut into batches of sequences of similar length."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import torch
from torch import Tensor

from rnn_course import checks
from rnn_course.padding import inside

SPLITS = ("train", "valid", "test")
PADDING, UNKNOWN = 0, 1
"""The indices of the padding symbol and of the unknown symbol in `Task.symbols`."""


class Batch(NamedTuple):
    """Examples that go through a network together.

    Attributes:
        x: (B, T) int64 symbols or (B, T, n_in) floats, padded at the end to the longest sequence of
            the batch; or (B, n_in) floats, a vector each; or (B, rows, columns, n_in) floats, an
            image each.
        y: (B, ...) targets.
        lengths: (B,) int64, the number of steps of x in each sequence; None if all have T.
        y_lengths: (B,) int64, the same for y if y holds sequences; None if all have T_y.
    """

    x: Tensor
    y: Tensor
    lengths: Tensor | None
    y_lengths: Tensor | None = None

    def to(self, device: torch.device | str) -> Batch:
        """The same batch on another device."""
        lengths, y_lengths = (
            None if part is None else part.to(device) for part in (self.lengths, self.y_lengths)
        )
        return Batch(self.x.to(device), self.y.to(device), lengths, y_lengths)


@dataclass(frozen=True, eq=False)
class Split:
    """One side of a data set: N sequences, their targets and their lengths.

    Attributes:
        x: (N, T) int64 symbols or (N, T, n_in) floats, padded at the end; or (N, n_in) floats, a
            vector each; or (N, rows, columns, n_in) floats, an image each.
        y: (N, ...) targets: a class each, or (N, T_y) sequences of them, padded at the end.
        lengths: (N,) int64, or None if every sequence of x has T steps.
        y_lengths: (N,) int64, or None if y holds no sequences or all of them have T_y steps. The
            same as `lengths` if there is an output for each input.

    Raises:
        TypeError: If x or y is not a tensor or has the wrong dtype.
        ValueError: If there are no examples, if the parts do not fit each other, or if a float is
            not finite.
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

    @property
    def steps(self) -> Tensor:
        """The number of steps of each sequence in x, (N,) int64: `lengths`, or T for each."""
        return _filled(self.lengths, self.x)

    @property
    def y_steps(self) -> Tensor:
        """The number of steps of each sequence in y, (N,) int64: `y_lengths`, or T_y for each."""
        return _filled(self.y_lengths, self.y)

    def batches(self, batch_size: int, generator: torch.Generator | None = None) -> Iterator[Batch]:
        """Go once over all examples, in batches of sequences of similar length (in x, or else y).

        Every example comes exactly once; padding that no sequence of a batch needs is cut off.

        Args:
            batch_size: The number of examples per batch; the last batch may have fewer.
            generator: Without one, the batches come in order of length, the same each time. With
                one, examples of equal length are shuffled and the batches come in random order;
                both depend only on the state of the generator (on the CPU).

        Raises:
            ValueError: If the batch size is not a positive integer.
        """
        # Not a generator function, so that the order is drawn at the call and not at the first
        # `next`: errors are raised at the call, and two passes begun together differ in order.
        batch_size = checks.positive("batch_size", batch_size)
        shuffled = generator is not None
        n = len(self)
        order = torch.randperm(n, generator=generator) if shuffled else torch.arange(n)
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


def _filled(lengths: Tensor | None, values: Tensor) -> Tensor:
    return lengths if lengths is not None else torch.full((len(values),), values.shape[1])


def _trimmed(values: Tensor, lengths: Tensor | None, index: Tensor) -> tuple[Tensor, Tensor | None]:
    """The sequences at `index`, without padding that none of them needs, and their lengths."""
    if lengths is None:
        return values[index], None
    lengths = lengths[index]
    return values[index, : int(lengths.max())], lengths


def draw_splits(
    draw: Callable[[int, torch.Generator], Split], n_train: int, n_test: int, seed: int
) -> tuple[Split, Split, Split]:
    """Training, validation and test of a synthetic task, drawn in this order from one generator.

    `draw(count, generator)` returns a split of `count` examples. Validation has n_test as well.

    Raises:
        ValueError: If n_train or n_test is not a positive integer.
    """
    generator = torch.Generator().manual_seed(seed)
    train = draw(checks.positive("count", n_train), generator)
    valid = draw(checks.positive("count", n_test), generator)
    return train, valid, draw(n_test, generator)


@dataclass(frozen=True, eq=False)
class Task:
    """A data set with its three splits, its symbols and its labels.

    >>> x, lengths = task.encode(["Norwegen", "Italia"])
    >>> task.decode(x)
    ['Norwegen', 'Italia']

    Attributes:
        name: What a figure or the command line calls it.
        train: The split to learn from.
        valid: The split to choose settings by.
        test: The split to report, once.
        symbols: What each integer in x stands for; `symbols[0]` is the padding (the empty string)
            and `symbols[1]` every character that does not occur in training. Empty if x holds
            floats.
        labels: The name of each class in y; empty if y holds no classes.
    """

    separator: ClassVar[str] = ""
    """What comes between two symbols in a decoded text: nothing, or a space between words."""

    name: str
    train: Split
    valid: Split
    test: Split
    symbols: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()

    def encode(self, texts: Sequence[str]) -> tuple[Tensor, Tensor]:
        """Texts as symbols: x (N, T) int64, padded to the longest, and lengths (N,) int64.

        Raises:
            TypeError: If texts is a bare string.
            ValueError: If there are no texts, or one of them is empty.
        """
        return encode(texts, self.symbols)

    def decode(self, x: Tensor) -> list[str]:
        """The texts that x (N, T) encodes; an unknown symbol is decoded as "�".

        Raises:
            ValueError: If the task has no symbols or x is not of shape (N, T).
        """
        if not self.symbols:
            raise ValueError(f"symbols: the task {self.name!r} has none, so nothing can be decoded")
        if x.dim() != 2:
            raise ValueError(f"x: expected (N, T) symbols, got shape {tuple(x.shape)}")
        rows = ([self.symbols[i] for i in row] for row in x.tolist())
        return [self.separator.join(filter(None, row)) for row in rows]  # padding is ""


def encode(texts: Sequence[Sequence[str]], symbols: Sequence[str]) -> tuple[Tensor, Tensor]:
    """Texts as rows of indices into symbols: x (N, T) int64, padded, and lengths (N,) int64.

    A text is a string, whose symbols are its characters, or a sequence of words.

    Raises:
        TypeError: If texts is a bare string, whose characters would be mistaken for texts.
        ValueError: If there are no symbols or no texts, or a text is empty.
    """
    if isinstance(texts, str):
        raise TypeError(f"texts: expected a sequence of strings, got the string {texts!r}")
    if len(symbols) <= UNKNOWN:
        raise ValueError(f"symbols: expected padding, unknown and more, got {len(symbols)}")
    if len(texts) == 0:
        raise ValueError("texts: expected at least one text, got none")
    index = {symbol: i for i, symbol in enumerate(symbols)}
    sizes = [len(text) for text in texts]
    if 0 in sizes:
        raise ValueError(f"texts: expected no empty text, got one at index {sizes.index(0)}")
    lengths = torch.tensor(sizes)
    x = torch.full((len(texts), max(sizes)), PADDING)
    x[inside(lengths, max(sizes))] = torch.tensor(
        [index.get(symbol, UNKNOWN) for text in texts for symbol in text]
    )
    return x, lengths

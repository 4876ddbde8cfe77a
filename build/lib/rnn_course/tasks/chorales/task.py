"""Given a melody, write the bass: Bach's chorales, a quarter note per step.

The soprano is x, the bass is y, and both have the same length (slides S3.1 to S3.3). They share one
alphabet, so that a transposition is an addition to the index.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from rnn_course import checks
from rnn_course.tasks.base import PADDING, SPLITS, Batch, Split, Task
from rnn_course.tasks.chorales.corpus import REST, Chorale, load_corpus

SILENT, FIRST_NOTE = 1, 2
"""The index of a rest, and that of the lowest note."""
LOWEST, HIGHEST = 31, 86
"""The MIDI numbers of the alphabet: the range of the two voices (36 to 81) and five semitones."""
SYMBOLS = ("", "rest", *map(str, range(LOWEST, HIGHEST + 1)))
"""What each index stands for: padding, a rest, then the MIDI numbers, in order."""

WINDOW = 12


def load_chorales(limit: int | None = None, *, progress: bool = True) -> Task:
    """The task: the soprano as x (N, T) int64, the bass as y (N, T) int64, a quarter note per step.

    lengths and y_lengths are the same. `symbols` and `labels` are `SYMBOLS`. Row i of a split is
    the chorale `split_chorales(limit)[split][i]`.

    Args:
        limit: The number of chorales, from the first; None for all 350. Reading takes about half a
            minute the first time, and less for fewer. A chorale is in the same split at any limit.
        progress: Whether to show a progress bar while chorales are read.

    Raises:
        ValueError: If the limit is not a positive integer, or leaves a split empty.
        RuntimeError: If music21 cannot read its corpus.
    """
    members = split_chorales(limit, progress=progress)
    splits = {}
    for side in SPLITS:
        x, y = (
            [encode(chorale.voice(voice)) for chorale in members[side]]
            for voice in ("soprano", "bass")
        )
        splits[side] = padded_split(x, y)
    return Task("chorales", **splits, symbols=SYMBOLS, labels=SYMBOLS)


def split_chorales(limit: int | None = None, *, progress: bool = True) -> dict[str, list[Chorale]]:
    """The chorales (all, or the first `limit`) of each split: "train", "valid" and "test".

    Raises:
        ValueError: If the limit is not a positive integer, or leaves a split empty.
    """
    read = load_corpus(limit, progress=progress)
    of = sides(read)
    members = {
        side: [chorale for chorale in read if of.get(chorale.name) == side] for side in SPLITS
    }
    empty = [side for side in SPLITS if not members[side]]
    if empty:
        raise ValueError(
            f"limit: expected enough chorales for each side, got {limit}, which "
            f"leaves no chorale in {' and '.join(empty)}"
        )
    return members


def padded_split(x: list[Tensor], y: list[Tensor]) -> Split:
    """Sequences x and y, each pair of equal length, as a split padded with zeros."""
    lengths = torch.tensor([len(row) for row in x])
    return Split(
        pad_sequence(x, batch_first=True), pad_sequence(y, batch_first=True), lengths, lengths
    )


def sides(pieces: Sequence[Chorale]) -> dict[str, str]:
    """The side (split) of each chorale by name, so that no two related ones are on different sides.

    Bach set many melodies several times, and a setting in the test would be half known if another
    one were in training. So, one chorale after the other:

    1. if it equals an earlier one in all four voices, in any key, it is left out;
    2. if it is related (`fingerprints`) to earlier ones, it goes to their side;
    3. if those are on different sides, it is left out;
    4. if it has no relatives so far, a checksum of its name decides: 14 in 20 go to training, 3 in
       20 each to validation and test.

    Nothing depends on later chorales: the first 60 are on the same sides as among all 350.
    """
    side_of: dict[str, str] = {}
    seen: dict[tuple, str] = {}
    settings = set()
    for piece in pieces:
        setting = _setting(piece)
        marks = fingerprints(piece)
        found = {seen[mark] for mark in marks if mark in seen}
        if setting in settings or len(found) > 1:
            continue
        settings.add(setting)
        side_of[piece.name] = found.pop() if found else _by_hash(piece.name)
        seen.update(dict.fromkeys(marks, side_of[piece.name]))
    return side_of


def fingerprints(piece: Chorale) -> set[tuple]:
    """The marks of a melody; two chorales are related if they have one in common.

    A mark is the intervals (in semitones, so that the key does not matter) of twelve consecutive
    steps of the soprano without a rest; or of twelve consecutive notes, each counted once however
    long it lasts, so that the same melody in another rhythm is related too. A melody with a change
    in every twelve notes is not recognised.
    """
    steps = piece.voice("soprano").tolist()
    notes = [note for note in steps if note != REST]
    notes = [note for i, note in enumerate(notes) if i == 0 or note != notes[i - 1]]
    marks = set()
    for kind, melody in (("steps", steps), ("notes", notes)):
        for window in zip(*(melody[i:] for i in range(WINDOW)), strict=False):
            if REST not in window:
                marks.add((kind, *(b - a for a, b in zip(window, window[1:], strict=False))))
    return marks


def _setting(piece: Chorale) -> tuple:
    """The four voices, whatever their key."""
    voices = torch.stack([piece.voice(v) for v in ("soprano", "alto", "tenor", "bass")])
    key = voices[0][voices[0] != REST][0]
    return tuple(voices.shape), tuple(
        torch.where(voices == REST, 1000, voices - key).flatten().tolist()
    )


def _by_hash(name: str) -> str:
    twentieth = zlib.crc32(name.encode()) % 20
    return "train" if twentieth < 14 else "valid" if twentieth < 17 else "test"


def encode(notes: Tensor) -> Tensor:
    """MIDI numbers (and `REST`) as indices into `SYMBOLS`, in the same shape.

    Raises:
        ValueError: If a note is not in `LOWEST` … `HIGHEST`.
    """
    outside = notes[(notes != REST) & ((notes < LOWEST) | (notes > HIGHEST))]
    if len(outside):
        raise ValueError(
            f"notes: expected a rest ({REST}) or MIDI numbers {LOWEST} … {HIGHEST}, "
            f"got {int(outside[0])}"
        )
    return torch.where(notes == REST, SILENT, notes - LOWEST + FIRST_NOTE)


def decode(symbols: Tensor) -> list[int | None]:
    """Indices into `SYMBOLS` (T,) as MIDI numbers, None for a rest; padding is left out."""
    return [
        None if index == SILENT else index - FIRST_NOTE + LOWEST
        for index in symbols.tolist()
        if index != PADDING
    ]


def transposed(symbols: Tensor, semitones: int | Tensor) -> Tensor:
    """The same music, some semitones higher (or lower); rests and padding stay.

    symbols is (..., T) int64; semitones is a number or a tensor that broadcasts, such as (B, 1).

    Raises:
        ValueError: If a note would leave the alphabet.
    """
    moved = torch.where(symbols >= FIRST_NOTE, symbols + semitones, symbols)
    notes = moved[symbols >= FIRST_NOTE]
    if len(notes) and not FIRST_NOTE <= int(notes.min()) <= int(notes.max()) < len(SYMBOLS):
        raise ValueError(
            f"semitones: expected a shift that keeps the notes within MIDI {LOWEST} … "
            f"{HIGHEST}, got one to {int(notes.min()) - FIRST_NOTE + LOWEST} … "
            f"{int(notes.max()) - FIRST_NOTE + LOWEST}"
        )
    return moved


@dataclass(frozen=True, eq=False)
class Crops:
    """A training split that differs in each epoch: random windows of it, randomly transposed.

    Each example gives `per_example` windows of up to `steps` consecutive steps, each at a random
    place and transposed by up to `semitones` up or down (both voices alike). `fit` takes it in
    place of a split.

    Raises:
        ValueError: If the split has no lengths or x and y differ in length, or if a number is not
            a positive integer (for `semitones`: an integer of at least 0).
    """

    split: Split
    steps: int = 48
    semitones: int = 5
    per_example: int = 1

    def __post_init__(self) -> None:
        checks.instance("split", self.split, Split)
        if self.split.lengths is None or self.split.y.shape != self.split.x.shape:
            raise ValueError(
                "split: expected lengths, and a y as long as x, "
                f"got {tuple(self.split.x.shape)} and {tuple(self.split.y.shape)}"
            )
        checks.positive("steps", self.steps)
        checks.positive("per_example", self.per_example)
        if isinstance(self.semitones, bool) or self.semitones not in range(LOWEST):
            raise ValueError(
                f"semitones: expected an integer of at least 0, got {self.semitones!r}"
            )

    def __len__(self) -> int:
        """The number of windows in an epoch."""
        return len(self.split) * self.per_example

    def batches(self, batch_size: int, generator: torch.Generator | None = None) -> Iterator[Batch]:
        """The batches of one epoch, which depend only on the generator (None: seed 0)."""
        checks.positive("batch_size", batch_size)
        if generator is None:
            generator = torch.Generator().manual_seed(0)
        return self.draw(generator).batches(batch_size, generator)

    def draw(self, generator: torch.Generator) -> Split:
        """The windows of one epoch as a split."""
        x, y, lengths = (
            part.repeat_interleave(self.per_example, dim=0)
            for part in (self.split.x, self.split.y, self.split.steps)
        )
        room = (lengths - self.steps).clamp(min=0) + 1
        first = (torch.rand(len(x), generator=generator, dtype=torch.float64) * room).long()
        width = min(self.steps, x.shape[1])
        places = first.unsqueeze(1) + torch.arange(width)
        key = torch.randint(-self.semitones, self.semitones + 1, (len(x), 1), generator=generator)
        x, y = (
            transposed(voice.gather(1, places.clamp(max=x.shape[1] - 1)), key) for voice in (x, y)
        )
        lengths = lengths.clamp(max=self.steps)
        return Split(x, y, lengths, lengths)

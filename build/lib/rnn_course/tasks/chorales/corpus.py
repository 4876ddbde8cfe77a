"""Bach's chorales, all parts, a quarter note per step: read once, then kept in a cache.

The music comes with music21, so nothing is downloaded. Reading all of it takes about a minute on
one core; it is kept in the user's cache folder, twenty chorales per file, so that a few chorales
can be read without the rest, and none is read twice.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import os
import subprocess
import sys
from collections.abc import Generator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from rnn_course import checks
from rnn_course.progress import progress_bar
from rnn_course.tasks.chorales import reader
from rnn_course.tasks.chorales.cache import Cache
from rnn_course.tasks.chorales.reader import REST

__all__ = ["REST", "Chorale", "load_corpus"]

FORMAT = 1  # of the cache's files
CHUNK = 20  # chorales per file
WORKERS = 4  # the most processes that read; each takes some 100 MB
SHARE = 5  # the fewest chorales for which a process is started


@dataclass(frozen=True, eq=False)
class Chorale:
    """One chorale.

    Attributes:
        name: Its number in the catalogue of Bach's works, such as "bwv269".
        title: The hymn.
        parts: The names of the parts, from the top of the score to the bottom. Instruments may be
            above the singers or below.
        notes: (parts, T) int64, the MIDI number that each part sounds at the onset of each of T
            quarter notes, `REST` (0) where it is silent.
    """

    name: str
    title: str
    parts: tuple[str, ...]
    notes: Tensor = field(repr=False)

    def voice(self, voice: str) -> Tensor:
        """The notes (T,) of "soprano", "alto", "tenor" or "bass": the first part of that name.

        A part is found by its name, not its place in the score: in some twenty chorales the first
        part, or the last, is a horn, a kettledrum or an organ.

        Raises:
            ValueError: If the chorale has no such part.
        """
        for part, notes in zip(self.parts, self.notes, strict=True):
            if part.lower().startswith(voice.lower()):
                return notes
        raise ValueError(
            f"voice: expected one of the parts of {self.name} "
            f"({', '.join(self.parts)}), got {voice!r}"
        )


def load_corpus(limit: int | None = None, *, progress: bool = True) -> list[Chorale]:
    """The chorales in the order of Riemenschneider's edition: all of them, or the first `limit`.

    Chorales that are not in the cache are read by up to four processes, with a progress bar, and
    then kept in the course's cache folder (`rnn_course.storage.cache_folder`). Its files have a
    checksum and are moved into place whole: chorales are read again if their file is damaged, or
    belongs to another version of music21 or of this reader, and any number of processes may read
    and write at once. If nothing can be written, the chorales are returned all the same, and the
    log says that they were not kept.

    Raises:
        ValueError: If the limit is not a positive integer.
        RuntimeError: If music21 cannot read its corpus.
    """
    if limit is not None:
        checks.positive("limit", limit)
    cache = Cache(_version())
    titles = _works(cache)
    names = list(titles)
    chunks = [names[first : first + CHUNK] for first in range(0, len(names[:limit]), CHUNK)]
    kept = [cache.load(f"chunk-{number:02}") for number in range(len(chunks))]
    missing = [number for number, content in enumerate(kept) if content is None]
    to_read = [name for number in missing for name in chunks[number]]

    with (
        closing(_answers(to_read)) as answers,
        progress_bar(
            total=len(to_read),
            desc="reading chorales",
            unit="chorale",
            shown=progress and bool(to_read),
        ) as bar,
    ):
        for number in missing:
            kept[number] = {}
            for name in chunks[number]:
                kept[number][name] = next(answers)
                bar.update()
            cache.keep(f"chunk-{number:02}", kept[number])
    read = [
        Chorale(name, titles[name], tuple(found["parts"]), torch.tensor(found["notes"]))
        for chunk in kept
        for name, found in chunk.items()
    ]
    return read[:limit]


def _version() -> str:
    """The version of the cache's content: that of music21, of the reader and of the files."""
    digest = hashlib.sha256(Path(reader.__file__).read_bytes()).hexdigest()
    return f"chorales-{FORMAT}-music21-{importlib.metadata.version('music21')}-{digest[:12]}"


def _works(cache: Cache) -> dict[str, str]:
    """The titles of all chorales by name, in Riemenschneider's order."""
    works = cache.load("works")
    if works is None:
        with closing(_answers(["works"])) as answers:
            works = next(answers)
        cache.keep("works", works)
    return dict(works)


def _answers(names: Sequence[str]) -> Generator[Any, None, None]:
    """The answers of `reader.py` for these names, in their order.

    The names are dealt to the readers in turn, and the answers collected in the same order: a
    reader that is ahead waits at its full pipe. Unlike those of a process pool, these processes
    import neither the parent's main module nor torch.
    """
    # Not joblib: its workers import this package, and so torch. For 60 chorales on two cores they
    # took twice the time (14 s, not 7) and four times the memory (285 MB each, not 74).
    count = max(1, min(WORKERS, _cores(), len(names) // SHARE))
    command = [sys.executable, "-P", reader.__file__]  # -P: base.py here hides no other
    readers = [
        subprocess.Popen(
            [*command, *names[i::count]],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        for i in range(count)
    ]
    try:
        for i, name in enumerate(names):
            pipe = readers[i % count].stdout
            assert pipe is not None
            line = pipe.readline()
            whole = line.endswith(b"\n")
            answer = json.loads(line) if whole else {"error": "nothing: its process ended"}
            if "error" in answer:
                raise RuntimeError(f"music21: expected to read {name}, got {answer['error']}")
            yield answer
    finally:
        for process in readers:
            process.kill()
            process.communicate()


def _cores() -> int:
    """The number of cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1

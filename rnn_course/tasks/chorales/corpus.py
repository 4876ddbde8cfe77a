"""Bach's chorales, every part of them, a quarter note a step: read once, then kept in a cache.

The music comes out of music21's own corpus, so nothing is downloaded. Reading all of it takes the
better part of a minute on one core; what was read is kept in the user's cache folder, twenty
chorales a file, so that a few chorales cost only their own reading, and no second one.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from rnn_course import checks
from rnn_course.tasks.chorales import reader
from rnn_course.tasks.chorales.cache import Cache
from rnn_course.tasks.chorales.reader import REST
from rnn_course.training.progress import progress_bar

__all__ = ["REST", "Chorale", "load_corpus"]

FORMAT = 1  # of the cache's files
CHUNK = 20  # chorales in such a file
WORKERS = 4  # processes that read, at most: each takes some 100 MB
SHARE = 5  # chorales that are worth a process of their own, at least


@dataclass(frozen=True, eq=False)
class Chorale:
    """One chorale.

    name : its number in the catalogue of Bach's works, such as "bwv269".
    title : the hymn.
    parts : what the parts are called, from the top of the score to its bottom. Instruments may
        stand above the singers, or below.
    notes : (parts, T) int64, the MIDI number that each part sounds at the onset of each of T
        quarter notes, `REST` (0) where it is silent.
    """

    name: str
    title: str
    parts: tuple[str, ...]
    notes: Tensor = field(repr=False)

    def voice(self, voice: str) -> Tensor:
        """The notes (T,) of "soprano", "alto", "tenor" or "bass": the first part of that name.

        A part is found by what it is called, not by where it stands: in some twenty chorales the
        first part, or the last, is a horn, a kettledrum or an organ.

        Raises ValueError where the chorale has no such part.
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

    What the cache lacks is read by up to four processes, with a progress bar, and then kept.
    The cache lies in the course's cache folder (`rnn_course.storage.cache_folder`). Its files carry
    a checksum and are moved into place whole: one that is damaged, or of another version of music21
    or of this reader, is read anew, and any number of processes may read and write at once. Where
    nothing can be written, the chorales come all the same, and the log says that they were not
    kept.

    Raises ValueError for a limit that is no positive integer, RuntimeError where music21 cannot
    read its corpus.
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
    """What the content of the cache depends on: music21, how it is read, and how it is kept."""
    digest = hashlib.sha256(Path(reader.__file__).read_bytes()).hexdigest()
    return f"chorales-{FORMAT}-music21-{importlib.metadata.version('music21')}-{digest[:12]}"


def _works(cache: Cache) -> dict[str, str]:
    """Title by name of all the chorales, in Riemenschneider's order."""
    works = cache.load("works")
    if works is None:
        with closing(_answers(["works"])) as answers:
            works = next(answers)
        cache.keep("works", works)
    return dict(works)


def _answers(names: Sequence[str]) -> Iterator[Any]:
    """What `reader.py` prints for these names, in their order.

    The names are dealt out to the readers in turn, and the answers collected in the same turn: a
    reader that is ahead waits at its full pipe. Processes started so import nothing of whoever
    asks, unlike those of a process pool, and not torch either.
    """
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
            line = readers[i % count].stdout.readline()
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
    """How many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1

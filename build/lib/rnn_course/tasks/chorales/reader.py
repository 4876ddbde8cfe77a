"""Read Bach's chorales out of music21's own corpus, in a process of its own.

`corpus.py` starts this file as a script. Importing music21 takes a second and some 100 MB, which a
notebook that finds its chorales in the cache never spends; and since the process does not import
its parent's main module, it can be started from a notebook, a test or a plain script.

    python reader.py bwv269 bwv347 ...   what `parse` returns: a line of JSON for each
    python reader.py works               what `works` returns: a line of JSON
"""

from __future__ import annotations

import json
import math
import sys
from pathlib import Path
from typing import Any

REST = 0
"""In place of a MIDI number where a voice is silent."""


def works() -> list[tuple[str, str]]:
    """The name and title of each chorale, in the order of Riemenschneider's edition, each once."""
    from music21.corpus.chorales import ChoraleListRKBWV

    numbered = ChoraleListRKBWV().byRiemenschneider
    entries = (numbered[number] for number in sorted(numbered))
    titles: dict[str, str] = {}
    for entry in entries:
        titles.setdefault(f"bwv{entry['bwv']}", entry["title"])
    return list(titles.items())


def file_of(name: str) -> Path:
    """The file of a work: with exactly its name rather than a longer one, .mxl if there is one.

    For "bwv244.3" music21 finds 244.3, 244.32 and 244.37; for "bwv281" a .krn and an .mxl; and for
    "bwv18.5-l" bwv18.5-lz.mxl.
    """
    from music21 import corpus

    found = corpus.getWork(f"bach/{name}")
    paths = [Path(path) for path in (found if isinstance(found, list) else [found])]
    return min(paths, key=lambda path: (path.stem != name, path.suffix != ".mxl", path.name))


def parse(name: str) -> dict[str, Any]:
    """The note that each part of a work sounds at the onset of each quarter note.

    Returns {"parts": their names, "notes": a list for each, one MIDI number per quarter note,
    `REST` for silence}. A note sounds from its onset to just before its end; a grace note takes no
    time; of a chord the highest note counts. Notes struck between two onsets are lost, and so is
    whether a note is held or struck again. Repeats are not played twice.
    """
    from music21 import converter, stream

    path = file_of(name)
    if path.suffix == ".mxl":
        text = converter.ArchiveManager(path).getData(dataFormat="musicxml")
    else:
        text = path.read_text(encoding="utf-8")
    # From a string: music21 neither looks for a pickle of an earlier run nor leaves one behind.
    score = converter.parseData(text, format="musicxml")
    assert isinstance(score, stream.Score)
    steps = math.ceil(score.highestTime)
    notes = []
    for part in score.parts:
        sounding = [REST] * steps
        for note in part.flatten().notes:
            first, end = math.ceil(note.offset), math.ceil(note.offset + note.quarterLength)
            for step in range(first, min(end, steps)):
                sounding[step] = max([sounding[step], *(pitch.midi for pitch in note.pitches)])
        notes.append(sounding)
    return {"parts": [part.partName for part in score.parts], "notes": notes}


def main(names: list[str]) -> None:
    """Print an answer for each name, in order; {"error": ...} if it could not be read."""
    out, sys.stdout = sys.stdout, sys.stderr  # music21's own output is not part of an answer
    for name in names:
        try:
            answer = works() if name == "works" else parse(name)
        except Exception as error:
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), file=out, flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])

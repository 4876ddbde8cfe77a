"""What a student's notebook passes before it is handed in, run in a process of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from rnn_course import notebooks
from rnn_course.homework.marks import entry, fingerprint, is_check
from rnn_course.homework.run import Limits, ToRun, run


def check(path: Path, limits: Limits | None = None) -> Iterator[tuple[str, int, str]]:
    """For each check of a notebook its name, its points and what is wrong ("" if nothing is).

    The notebook is run from the top, without the experiments that are marked by hand and without
    drawings.

    Raises:
        ValueError: If the file is not a notebook, or holds no checks.
    """
    cells, found, altered = [], {}, set()
    for place, cell in enumerate(notebooks.read(path)["cells"]):
        mark, source = entry(cell), "".join(cell["source"])
        by_hand = mark.get("grade") and mark.get("solution")
        name = str(mark.get("grade_id") or f"cell {place + 1}")
        if cell["cell_type"] != "code" or by_hand or name.startswith("drawing-"):
            continue
        if is_check(cell):
            found[name] = int(mark.get("points", 0))
            if cell["metadata"].get("rnn_course", {}).get("sha256") != fingerprint(source):
                altered.add(name)
        cells.append(ToRun(name, source, name in found))
    if not found:
        raise ValueError(f"{path}: expected an assignment of this course; it holds no checks")
    outcomes = run(cells, True, limits)
    for name, points in found.items():
        kind, text = outcomes[name].error or ("", "")
        if kind == "NotImplementedError":
            wrong = "not done yet"
        else:
            wrong = text if kind in ("", "AssertionError") else f"{kind}: {text}"
        if name in altered:
            wrong = f"this check was altered; your lecturer's copy will be run. {wrong}".strip()
        yield name, points, wrong

"""Marking submissions: the lecturer's checks over the student's cells, compared out of their reach.

The checks run in the student's process, but only report what came. What should have come is known
from the lecturer's own solution, run with the same random cases in another process; so comparisons
that a student redefines pass nothing.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rnn_course import notebooks
from rnn_course.compare import difference, shortfall
from rnn_course.homework.assignment import Assignment, Cell
from rnn_course.homework.marks import entry
from rnn_course.homework.run import Limits, Outcome, ToRun, run

SERIOUS = ("Died", "NotRun", "Refused", "SystemExit", "KeyboardInterrupt")
BIGGEST = 50 * 2**20  # bytes of a submission


@dataclass(frozen=True)
class Mark:
    """What one part earned. `points` is None for what is marked by hand."""

    name: str
    points: int | None
    of: int
    message: str


@dataclass(frozen=True)
class Graded:
    """A submission with its marks, and what its student and the lecturer should know of it."""

    student: str
    marks: tuple[Mark, ...]
    notes: tuple[str, ...] = field(default=())

    @property
    def points(self) -> int:
        """What the checks earned."""
        return sum(mark.points or 0 for mark in self.marks)

    @property
    def of(self) -> int:
        """What the checks can earn."""
        return sum(mark.of for mark in self.marks if mark.points is not None)


def answer_key(assignment: Assignment, seed: int) -> dict[str, Outcome]:
    """What each check reports for the lecturer's own solution; experiments are not run.

    Raises:
        ValueError: If the solution fails a check of its own.
    """
    cells = [
        ToRun(cell.label, cell.source, cell.kind == "check")
        for cell in assignment.cells
        if cell.runs
    ]
    outcomes = run(cells, False, seed=seed)
    for name, outcome in outcomes.items():
        wrong = outcome.error or next(
            filter(None, map(_wrong, outcome.reports, outcome.reports)), 0
        )
        if wrong:
            raise ValueError(f"{assignment.name}: the solution fails {name}: {wrong}")
    return outcomes


def grade(
    path: Path,
    student: str,
    assignment: Assignment,
    key: Mapping[str, Outcome],
    seed: int,
    limits: Limits | None = None,
) -> Graded:
    """Mark one submission, whatever its file contains.

    Args:
        key: Of `answer_key`, with the same seed.
    """
    try:
        submitted, release = _read(path)
        cells, notes = _merge(submitted, assignment)
    except ValueError as error:
        marks = [
            Mark(cell.name, 0 if cell.kind == "check" else None, cell.points, "nothing to mark")
            for cell in assignment.checks + assignment.by_hand
        ]
        return Graded(student, tuple(marks), (str(error),))
    if release != assignment.release:
        notes.append(f"made from another release ({release}) than it is marked by")
    outcomes = run(cells, False, limits, seed)
    marks = []
    for cell in assignment.cells:
        if cell.kind == "check":
            message = judged(outcomes[cell.name], key[cell.name])
            marks.append(Mark(cell.name, 0 if message else cell.points, cell.points, message))
        elif cell.kind in ("answer", "figure"):
            marks.append(Mark(cell.name, None, cell.points, "marked by hand"))
    checks = {cell.name for cell in assignment.checks}
    for name, outcome in outcomes.items():
        kind, text = outcome.error or ("", "")
        if kind and name not in checks and (kind in SERIOUS or not name.startswith("own")):
            notes.append(f"{name}: {kind}: {text}")
    return Graded(student, tuple(marks), tuple(notes))


def judged(outcome: Outcome, key: Outcome) -> str:
    """What a check has to say of a submission: "" if all of it holds."""
    for came, wanted in zip(outcome.reports, key.reports, strict=False):
        if came[:2] != wanted[:2]:
            return f"{wanted[1]}: not reached, because {came[1]!r} came instead"
        if wrong := _wrong(came, wanted):
            return f"{wanted[1]}: {wrong}"
    if outcome.error:
        kind, text = outcome.error
        return "not done yet" if kind == "NotImplementedError" else f"{kind}: {text}"
    missing = len(key.reports) - len(outcome.reports)
    return f"{missing} of its {len(key.reports)} parts were not reached" if missing else ""


def _wrong(came: Sequence[Any], wanted: Sequence[Any]) -> str | None:
    """What is wrong with a report, beside that of the lecturer's solution.

    What a submission was compared with in its own process may come from its own functions, so that
    has to be the lecturer's, too.
    """
    if wanted[0] == "at_least":
        return shortfall(came[2], wanted[3])
    return difference(came[2], wanted[3], *wanted[4:]) or difference(
        came[3], wanted[3], *wanted[4:]
    )


def _read(path: Path) -> tuple[list[dict[str, Any]], str]:
    """The cells of a submission, and the fingerprint of the release that it was made from.

    Raises:
        ValueError: If it is not a notebook.
    """
    try:
        if (size := path.stat().st_size) > BIGGEST:
            raise ValueError(f"expected at most {BIGGEST >> 20} MB, got {size >> 20}: not opened")
        content = notebooks.read(path)
        cells = [{**cell, "source": "".join(cell["source"])} for cell in content["cells"]]
    except (OSError, TypeError, RecursionError) as error:
        raise ValueError(f"not a notebook ({type(error).__name__}: {error})") from error
    metadata = content.get("metadata")
    ours = metadata.get("rnn_course") if isinstance(metadata, dict) else None
    release = ours.get("release", "unknown") if isinstance(ours, dict) else "unknown"
    return cells, str(release)[:20]


def _merge(
    submitted: list[dict[str, Any]], assignment: Assignment
) -> tuple[list[ToRun], list[str]]:
    """The cells to run: the lecturer's, with the student's answers, and cells of the student's own.

    An answer is found by its name in nbgrader's metadata, else by its cell's id, else by the names
    that it defines. Of several with one name the last counts, as in nbgrader.
    """
    notes: list[str] = []
    names = [_claims(cell, assignment) for cell in submitted]
    counted = Counter(filter(None, names))
    for name, times in counted.items():
        if times > 1:
            notes.append(f"{name}: in the notebook {times} times, of which the last counts")
    last = {name: place for place, name in enumerate(names) if name}
    for cell in assignment.cells:
        if cell.kind in ("code", "figure", "answer") and cell.name not in last:
            found = _by_definition(cell, submitted, names)
            if found is None:
                notes.append(f"{cell.name}: missing, or no longer recognised")
            else:
                notes.append(f"{cell.name}: its mark was lost; it was found by what it defines")
                names[found], last[cell.name] = cell.name, found
    own = _own(submitted, names, last)
    cells = [ToRun(f"own cell {p + 1}", submitted[p]["source"]) for p in own.get("", [])]
    for cell in assignment.cells:
        if cell.runs:
            source = cell.source
            if cell.kind == "code":
                source = submitted[last[cell.name]]["source"] if cell.name in last else ""
            cells.append(ToRun(cell.label, source, cell.kind == "check"))
        for p in own.get(cell.label, []):
            cells.append(ToRun(f"own cell {p + 1}", submitted[p]["source"]))
    return cells, notes


def _own(
    submitted: list[dict[str, Any]], names: list[str], last: Mapping[str, int]
) -> dict[str, list[int]]:
    """The student's own code cells, by the marked cell that they follow."""
    own: dict[str, list[int]] = {}
    after = ""
    for place, cell in enumerate(submitted):
        if names[place] and last[names[place]] == place:
            after = names[place]
        elif cell["cell_type"] == "code" and cell["source"].strip():
            if not entry(cell).get("locked"):  # else the lecturer's copy is run
                own.setdefault(after, []).append(place)
    return own


def _claims(cell: dict[str, Any], assignment: Assignment) -> str:
    """The name of the assignment's cell that a submitted cell says it is, or ""."""
    known = {each.label: each for each in assignment.cells}
    wanted = str(entry(cell).get("grade_id") or str(cell.get("id", "")).partition("-")[2])
    if wanted not in known or known[wanted].is_code != (cell["cell_type"] == "code"):
        return ""
    return wanted


def _by_definition(cell: Cell, submitted: list[dict[str, Any]], names: list[str]) -> int | None:
    """The last cell that claims no name and defines at the top what `cell` does."""
    wanted = _defined(cell.source) if cell.kind == "code" else set()
    found = None
    for place, each in enumerate(submitted):
        if wanted and not names[place] and each["cell_type"] == "code":
            if wanted <= _defined(each["source"]):
                found = place
    return found


def _defined(source: str) -> set[str]:
    """The functions and classes that a cell defines at its top."""
    try:
        body = ast.parse(source).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return set()
    return {node.name for node in body if isinstance(node, ast.FunctionDef | ast.ClassDef)}

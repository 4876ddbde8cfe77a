"""Assignments as notebooks: with solutions for the lecturer, without them for the students.

Their cells carry nbgrader's metadata, and its own preprocessors make the release.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode

from rnn_course import storage
from rnn_course.homework.assignment import Assignment, Cell
from rnn_course.homework.marks import fingerprint, is_check

SCHEMA = 3


def notebook(assignment: Assignment) -> NotebookNode:
    """The notebook with solutions and all checks, as nbgrader's `source/` holds it."""
    made = nbformat.v4.new_notebook(
        metadata={
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
            "rnn_course": {"homework": assignment.name, "release": assignment.release},
        }
    )
    for cell in assignment.cells:
        new = nbformat.v4.new_code_cell if cell.is_code else nbformat.v4.new_markdown_cell
        made.cells.append(
            new(cell.source, id=f"{assignment.name}-{cell.label}", metadata=_metadata(cell))
        )
    return made


def release(assignment: Assignment) -> NotebookNode:
    """The notebook that students get: nbgrader's own steps, without its database."""
    from nbgrader import preprocessors as steps

    made: Any = notebook(assignment)
    resources: Any = {}
    for step in (
        steps.CheckCellMetadata,
        steps.LockCells,
        steps.ClearSolutions,
        steps.ClearOutput,
        steps.ClearHiddenTests,
        steps.ClearMarkScheme,
        steps.ComputeChecksums,
        steps.CheckCellMetadata,
    ):
        made, resources = step().preprocess(made, resources)
    for cell in made.cells:
        if cell.cell_type == "code":
            cell.source = cell.source.rstrip()
        if is_check(cell):
            cell.metadata["rnn_course"] = {"sha256": fingerprint(cell.source)}
    return made


def write(made: NotebookNode, path: Path) -> None:
    """Write a notebook, whole or not at all; the same notebook gives the same bytes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    storage.write_whole(path, (nbformat.writes(made) + "\n").encode())


def _metadata(cell: Cell) -> dict[str, Any]:
    """What nbgrader has to know of a cell; running text is nobody's."""
    if cell.kind == "text":
        return {}
    written = cell.kind in ("answer", "code", "figure")
    graded = cell.kind in ("answer", "figure", "check")
    entry: dict[str, Any] = {
        "grade": graded,
        "grade_id": cell.label,
        "locked": not written,
        "schema_version": SCHEMA,
        "solution": written,
        "task": False,
    }
    if graded:
        entry["points"] = cell.points
    return {"nbgrader": entry}

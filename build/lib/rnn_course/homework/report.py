"""What grading writes: a table of points, and a page for each student."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from html import escape
from pathlib import Path

from rnn_course import storage
from rnn_course.homework.assignment import Assignment
from rnn_course.homework.grade import Graded, Mark

_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{title}</title>
<style>
body {{ font: 1rem/1.5 system-ui, sans-serif; max-width: 48rem; margin: 2rem auto;
  padding: 0 1rem }}
table {{ border-collapse: collapse; width: 100% }}
th, td {{ text-align: left; vertical-align: top; padding: .4rem .6rem;
  border-bottom: 1px solid #bbb }}
td:nth-child(2) {{ white-space: nowrap }}
</style>
<h1>{title}</h1>
<p>{sum}</p>
<table>
<tr><th>Part<th>Points<th>What was found</tr>
{rows}
</table>
{notes}
</html>
"""


def table(graded: Sequence[Graded], assignment: Assignment) -> str:
    """The points as CSV: a row for each student, a column for each part; by hand is left empty."""
    parts = [cell for cell in assignment.cells if cell.points]
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(
        ["student", *(f"{cell.name} ({cell.points})" for cell in parts), "checks", "notes"]
    )
    for one in sorted(graded, key=lambda each: each.student):
        marks = {mark.name: mark.points for mark in one.marks}
        points = ["" if marks[cell.name] is None else marks[cell.name] for cell in parts]
        rows.writerow([_safe(one.student), *points, one.points, _safe("; ".join(one.notes))])
    return text.getvalue()


def page(graded: Graded, assignment: Assignment) -> str:
    """A student's page, in HTML: what each part earned and what was found."""
    by_hand = sum(mark.of for mark in graded.marks if mark.points is None)
    notes = "".join(f"<li>{escape(note)}</li>\n" for note in graded.notes)
    return _PAGE.format(
        title=escape(f"{assignment.title}: {graded.student}"),
        sum=f"The checks give {graded.points} of {graded.of} points. "
        f"Up to {by_hand} more are given by hand.",
        rows="\n".join(map(_row, graded.marks)),
        notes=f"<h2>Notes</h2>\n<ul>\n{notes}</ul>" if notes else "",
    )


def write(text: str, path: Path) -> None:
    """Write a file, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    storage.write_whole(path, text.encode())


def _row(mark: Mark) -> str:
    points = "by hand" if mark.points is None else str(mark.points)
    found = mark.message or "all that is looked at holds"
    return f"<tr><td>{escape(mark.name)}<td>{points} of {mark.of}<td>{escape(found)}</tr>"


def _safe(text: str) -> str:
    """A text that a spreadsheet does not take for a formula."""
    text = text.replace("\0", "")
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text

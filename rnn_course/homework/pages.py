"""The page of an assignment on the site: what to do, points, minutes, and where to get it."""

from __future__ import annotations

import re

from rnn_course import storage
from rnn_course.homework.assignment import ROOT, Assignment, Cell

FOLDER = ROOT / "book" / "homework"
KINDS = {
    "answer": "in words, marked by hand",
    "figure": "an experiment with a figure, marked by hand",
    "check": "code, marked by a check",
}


def page(assignment: Assignment) -> str:
    """The page in MyST Markdown."""
    if not assignment.number:
        return _extra_page(assignment)
    name = assignment.name
    notebook = f"notebooks/homework/release/{name}.ipynb"
    by_hand = sum(cell.points for cell in assignment.by_hand)
    points = by_hand + sum(cell.points for cell in assignment.checks)
    rows = "\n".join(f"| {_heading(assignment, c)} | {KINDS[c.kind]} | {c.points} |"
                     for c in assignment.cells if c.points)  # fmt: skip
    return f"""# Homework {assignment.number} · {assignment.title}

{assignment.about}

Goes with [chapter {int(assignment.chapter[:2])}](../../notebooks/{assignment.chapter}.ipynb).
About {assignment.minutes} minutes; {points} points, {by_hand} of them given by hand.

- {{download}}`Download the notebook <../../{notebook}>`
- {{binder}}`{notebook}`
- {{colab}}`{notebook}`

| part | how | points |
| --- | --- | ---: |
{rows}

See what passes so far, without handing in:

```bash
python -m rnn_course.homework check {name}.ipynb
```
"""


def write(assignment: Assignment) -> None:
    """Write the page into the book."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    storage.write_whole(FOLDER / f"{assignment.name}.md", page(assignment).encode())


def _extra_page(assignment: Assignment) -> str:
    """The page of a notebook that goes with no section: its parts, and no points."""
    notebook = f"notebooks/homework/release/{assignment.name}.ipynb"
    parts = "\n".join(f"- {_heading(assignment, cell)}" for cell in assignment.checks)
    return f"""# {assignment.title}

{assignment.about.strip()}

- {{download}}`Download the notebook <../../{notebook}>`
- {{binder}}`{notebook}`
- {{colab}}`{notebook}`

What is in it:

{parts}

See what passes so far:

```bash
python -m rnn_course.homework check {assignment.name}.ipynb
```
"""


def _heading(assignment: Assignment, marked: Cell) -> str:
    """The heading under which a cell stands, without its points."""
    heading = ""
    for cell in assignment.cells:
        if not cell.is_code and (found := re.findall(r"^## (.+)$", cell.source, re.MULTILINE)):
            heading = found[-1]
        if cell is marked:
            break
    return re.sub(r"\s*\([^()]*points?\)$", "", heading)

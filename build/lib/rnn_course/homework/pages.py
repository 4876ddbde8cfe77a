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
    name = assignment.name
    release, here = f"notebooks/homework/release/{name}.ipynb", f"homework/{name}.ipynb"
    rows = "\n".join(f"| {_heading(assignment, c)} | {KINDS[c.kind]} | {c.points} |"
                     for c in assignment.cells if c.points)  # fmt: skip
    return f"""# {title(assignment)}

{assignment.about.strip()}

{_effort(assignment)}

- {{download}}`Download the notebook <../../{release}>`
- {{binder}}`{here}`
- {{colab}}`{here}`

| part | how | points |
| --- | --- | ---: |
{rows}

See what passes so far, without handing in:

```bash
python -m rnn_course.homework check {name}.ipynb
```
"""


def title(assignment: Assignment) -> str:
    """The heading of its page."""
    number = assignment.name.removeprefix("hw")
    return f"Homework {number} · {assignment.title}" if number.isdigit() else assignment.title


def write(assignment: Assignment) -> None:
    """Write the page into the book."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    storage.write_whole(FOLDER / f"{assignment.name}.md", page(assignment).encode())


def _effort(assignment: Assignment) -> str:
    """The chapter that it follows, if there is one, its minutes and its points."""
    by_hand = sum(cell.points for cell in assignment.by_hand)
    points = by_hand + sum(cell.points for cell in assignment.checks)
    effort = (
        f"About {assignment.minutes} minutes; {points} points, {by_hand} of them given by hand."
    )
    if not (chapter := assignment.chapter):
        return effort
    return f"Goes with {{doc}}`chapter {int(chapter[:2])} <../../notebooks/{chapter}>`.\n{effort}"


def _heading(assignment: Assignment, marked: Cell) -> str:
    """The heading under which a cell stands, without its points."""
    heading = ""
    for cell in assignment.cells:
        if not cell.is_code and (found := re.findall(r"^## (.+)$", cell.source, re.MULTILINE)):
            heading = found[-1]
        if cell is marked:
            break
    return re.sub(r"\s*\([^()]*points?\)$", "", heading)

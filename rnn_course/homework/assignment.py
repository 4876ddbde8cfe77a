"""An assignment as its author writes it: a text with solutions and checks, drawn by a key.

`hwN.py` is a notebook in jupytext's percent format and a Jinja template: `{{ name }}` and
`{% if … %}` refer to what the key has drawn, to what is derived from it, and to `seed`, `points`
and `minutes`. Beside it, `hwN.toml` says what there is to draw, and holds other right answers and
the mutants, plausible wrong ones, that prove the checks.
"""

from __future__ import annotations

import math
import random
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from rnn_course.address import INSTALL, REPOSITORY

PUBLIC = "public"
"""The key of the releases in the repository."""
ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "notebooks" / "homework" / "source"
RELEASE = ROOT / "notebooks" / "homework" / "release"
KINDS = ("text", "given", "drawing", "answer", "code", "figure", "check")
POINTS = re.compile(r"^# %%.* points=(\d+)", re.MULTILINE)
HIDDEN = "### BEGIN HIDDEN TESTS", "### END HIDDEN TESTS"


@dataclass(frozen=True)
class Cell:
    """One cell of an assignment.

    Attributes:
        kind: "text"; "given", code to be run as it is, or "drawing", which shows something and is
            left out in marking; what the student writes, "answer" in words, "code", or a "figure"
            (answers and figures are marked by hand); or "check".
        place: Which cell of the assignment it is, from 0.
        name: What an answer, code, a figure or a check is called; unique in the assignment.
        points: What it earns.
        is_code: Is it code, or Markdown?
    """

    place: int
    kind: str
    name: str
    points: int
    source: str
    is_code: bool

    @property
    def label(self) -> str:
        """What it is called in a notebook: its name, or its kind and place."""
        return self.name or f"{self.kind}-{self.place}"

    @property
    def runs(self) -> bool:
        """Is it run in marking?"""
        return self.is_code and self.kind not in ("figure", "drawing")

    @property
    def visible(self) -> str:
        """A check without what only the lecturer's copy looks at."""
        kept, hidden = [], False
        for line in self.source.splitlines():
            hidden = hidden or HIDDEN[0] in line
            if not hidden:
                kept.append(line)
            hidden = hidden and HIDDEN[1] not in line
        return "\n".join(kept)


@dataclass(frozen=True)
class Mutant:
    """A plausible wrong answer: in cell `cell`, `old` is replaced by `new`.

    Attributes:
        caught_by: The check that has to fail, and before it none.
        says: A part of the message that the student reads.
    """

    name: str
    cell: str
    old: str
    new: str
    caught_by: str
    says: str


@dataclass(frozen=True)
class Assignment:
    """One assignment as a key has drawn it, with its solutions.

    Attributes:
        chapter: The chapter that it follows; "" if there is none.
        drawn: What the key has drawn, by name.
        answers: Other right answers: a name, and the cells that differ, name to source.
    """

    name: str
    key: str
    title: str
    chapter: str
    minutes: int
    about: str
    drawn: Mapping[str, Any]
    cells: tuple[Cell, ...]
    answers: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    mutants: tuple[Mutant, ...] = ()

    @property
    def checks(self) -> list[Cell]:
        """The cells that are marked by running them."""
        return [cell for cell in self.cells if cell.kind == "check"]

    @property
    def by_hand(self) -> list[Cell]:
        """The cells that a lecturer marks."""
        return [cell for cell in self.cells if cell.kind in ("answer", "figure")]

    @property
    def release(self) -> str:
        """A fingerprint of the text: two releases have the same if they are the same."""
        text = "\0".join(f"{c.kind}\0{c.name}\0{c.points}\0{c.source}" for c in self.cells)
        return sha256(text.encode()).hexdigest()[:12]

    def cell(self, name: str) -> Cell:
        """The cell of this name.

        Raises:
            ValueError: If there is none.
        """
        for cell in self.cells:
            if cell.name == name:
                return cell
        names = ", ".join(cell.name for cell in self.cells if cell.name)
        raise ValueError(f"name: expected one of {names}, got {name!r}")

    def answered(self, sources: Mapping[str, str]) -> Assignment:
        """The same assignment with other sources for some of its cells, by name."""
        for name in sources:
            self.cell(name)
        cells = (replace(cell, source=sources.get(cell.name, cell.source)) for cell in self.cells)
        return replace(self, cells=tuple(cells))

    def mutated(self, mutant: Mutant) -> Assignment:
        """The same assignment with one wrong answer.

        Raises:
            ValueError: If the mutant's text is not there, or more than once.
        """
        source = self.cell(mutant.cell).source
        if (times := source.count(mutant.old)) != 1:
            raise ValueError(
                f"{self.name}, mutant {mutant.name!r}: expected its text once in cell "
                f"{mutant.cell}, found it {times} times: {mutant.old!r}"
            )
        return self.answered({mutant.cell: source.replace(mutant.old, mutant.new)})


def names(folder: Path = SOURCE) -> list[str]:
    """What there is: hw1, hw2, …, and the notebooks that go with no section of the deck.

    Raises:
        ValueError: If there is no such folder.
    """
    if not folder.is_dir():
        raise ValueError(
            "homework: the assignments are not installed with the package. Clone the course and "
            f"run this there: git clone {REPOSITORY}"
        )
    return sorted(path.stem for path in folder.glob("*.py"))


def load(name: str, key: str = PUBLIC, folder: Path = SOURCE) -> Assignment:
    """Read an assignment, and draw it by a key.

    Raises:
        ValueError: If there is none of this name, or its file is not as it should be.
    """
    if name not in names(folder):
        raise ValueError(f"homework: expected one of {', '.join(names(folder))}, got {name!r}")
    about = tomllib.loads((folder / f"{name}.toml").read_text(encoding="utf-8"))
    text = (folder / f"{name}.py").read_text(encoding="utf-8")
    drawn = draw(about.get("choose", {}), f"{key}/{name}")
    drawn |= {"minutes": about["minutes"], "points": sum(map(int, POINTS.findall(text)))}
    for derived, expression in about.get("derive", {}).items():
        drawn[derived] = _expression(expression)(**drawn)
    cells = _cells(_render(text, drawn))
    _check(name, cells)
    return Assignment(
        name=name,
        key=key,
        title=about["title"],
        chapter=about.get("chapter", ""),
        minutes=about["minutes"],
        about=about["about"],
        drawn=drawn,
        cells=cells,
        answers={
            each["name"]: {
                cell: _render(text, drawn).strip("\n") for cell, text in each["cells"].items()
            }
            for each in about.get("answer", [])
            if _wanted(each, drawn)
        },
        mutants=tuple(
            Mutant(
                name=each["name"],
                cell=each["cell"],
                old=_render(each["old"], drawn).strip("\n"),
                new=_render(each["new"], drawn).strip("\n"),
                caught_by=each["caught_by"],
                says=_render(each["says"], drawn),
            )
            for each in about.get("mutant", [])
            if _wanted(each, drawn)
        ),
    )


def draw(choices: Mapping[str, Any], key: str) -> dict[str, Any]:
    """Draw one of each: from a list one of its elements; from {from, to} a whole number."""
    generator = random.Random(sha256(key.encode()).digest())
    drawn: dict[str, Any] = {"seed": generator.randrange(1000)}
    for name, values in choices.items():
        if isinstance(values, list):
            drawn[name] = generator.choice(values)
        else:
            drawn[name] = generator.randint(values["from"], values["to"])
    return drawn


@cache
def _templates() -> Any:
    """Jinja, with the cell that installs, and an error for a name that is not drawn."""
    from jinja2 import Environment, StrictUndefined

    templates = Environment(
        undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True
    )
    templates.globals |= {**vars(math), "install": INSTALL}  # math for what is derived
    return templates


@cache
def _template(text: str) -> Any:
    """A text as Jinja compiles it, once for all keys."""
    return _templates().from_string(text)


@cache
def _expression(text: str) -> Any:
    """An expression as Jinja compiles it, once for all keys."""
    return _templates().compile_expression(text)


def _render(text: str, drawn: Mapping[str, Any]) -> str:
    """Fill in what was drawn."""
    return str(_template(text).render(drawn))


def _wanted(each: Mapping[str, Any], drawn: Mapping[str, Any]) -> bool:
    """Does an answer or a mutant belong to what was drawn?"""
    return bool(_expression(each.get("when", "true"))(**drawn))


def _cells(text: str) -> tuple[Cell, ...]:
    """The cells of a text in jupytext's percent format."""
    import jupytext

    notebook = jupytext.reads(text, fmt="py:percent")
    return tuple(
        Cell(
            place=place,
            kind=cell.metadata.get("kind", "given" if cell.cell_type == "code" else "text"),
            name=cell.metadata.get("name", ""),
            points=cell.metadata.get("points", 0),
            source=cell.source,
            is_code=cell.cell_type == "code",
        )
        for place, cell in enumerate(notebook.cells)
    )


def _check(name: str, cells: tuple[Cell, ...]) -> None:
    """Every kind is known, what is marked has a name of its own and points, the rest has none."""
    names: set[str] = set()
    for cell in cells:
        where = f"{name}, cell {cell.name or cell.source[:30]!r}"
        if cell.kind not in KINDS:
            raise ValueError(f"{where}: expected a kind of {', '.join(KINDS)}, got {cell.kind!r}")
        named = cell.kind not in ("text", "given", "drawing")
        if named != bool(cell.name) or cell.name in names:
            raise ValueError(f"{where}: expected {'a name of its own' if named else 'no name'}")
        if (cell.kind in ("answer", "figure", "check")) != (cell.points > 0):
            raise ValueError(f"{where}: {cell.points} points for a cell of kind {cell.kind}")
        names |= {cell.name} - {""}

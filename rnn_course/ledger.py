"""The ledger: what the lecture claims, what the book claims beyond it, and what was measured.

A chapter settles a statement with one call of `settle`. The verdict that it prints is kept in the
executed notebook; `verdicts` reads it back, and `problems` compares it with `ledger.toml`.
`ledger_report` writes both out for the terminal and for the book.
"""

from __future__ import annotations

import ast
import math
import re
import string
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, dataclass, fields
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from rnn_course import effects
from rnn_course.notebooks import chapters, read

FILE = Path(__file__).with_name("ledger.toml")
COUNT = 33
"""The statements of the lecture; those of the book's own, G1 … and M1 …, are counted apart."""
STATES = ("settled", "open")
OUTCOMES = {"holds": "✓", "holds in part": "◐"}  # each with its mark
KINDS = {"measured": "measured", "construction": "by construction"}
ID = r"(?:S\d+\.\d+|[GM]\d+)"
VERDICT = re.compile(rf"^({ID}) settled: (.+)$", re.MULTILINE)


class StatementNotSettled(AssertionError):
    """The measurement succeeded, but does not show what the statement says."""


@dataclass(frozen=True)
class Statement:
    """One claim of the lecture, or of the book on what lies beyond it.

    Attributes:
        id: "S7.2" of the lecture, "G5" of the book's own.
        section: The heading of its section, such as "S1 · Summarise a sequence".
        chapter: The stem of the notebook that settles it, or "".
        state: "settled" or "open".
        kind: "measured" if it could have come out otherwise, "construction" if it is a property
            that the code has or lacks.
        saboteur: Completes "fails when …"; `make falsify` makes it happen.
        outcome: "holds", or "holds in part" if a part of it is not borne out.
        tested: Of a statement by construction, how the chapter tests the code.
        effect: The figures that show it, beside what they are held against.
    """

    id: str
    section: str
    text: str
    chapter: str
    state: str
    kind: str
    saboteur: str
    outcome: str = "holds"
    tested: str = ""
    effect: effects.Effect | None = None

    @property
    def own(self) -> bool:
        """Is it one of the book's own, which the lecture does not make?"""
        return not self.id.startswith("S")


class Verdict(NamedTuple):
    """What an executed notebook says about a statement.

    Attributes:
        title: The title of the chapter.
        line: What was measured, or why the statement does not hold.
        figures: The figures given to `settle`, by name, as printed.
    """

    id: str
    chapter: str
    title: str
    line: str
    holds: bool
    figures: Mapping[str, str] = MappingProxyType({})


def settle(
    statement: str, /, holds: bool | Mapping[str, bool], text: str | None = None, **figures: float
) -> None:
    """Settle a statement: print one line that says what was measured, or raise.

    `holds` is the condition, or named conditions that must all hold; compute it from the unrounded
    figures. `text` words the line and says how each figure is rounded; without it the figures are
    listed. Each figure is glued as it is printed, for the prose, under "S1.1.parameters".

    >>> settle("S1.1", short == long, "{parameters:,} parameters, at any length", parameters=short)
    S1.1 settled: 9,344 parameters, at any length

    Raises:
        StatementNotSettled: If a condition is false.
        TypeError: If a condition is not a bool, or a figure not a number.
        ValueError: If the statement is unknown, a figure is not finite, or the fields of `text` and
            the figures are not the same.
    """
    known = [s.id for s in load()]
    if statement not in known:
        raise ValueError(f"statement: expected one of {', '.join(known)}, got {statement!r}")
    conditions = holds if isinstance(holds, Mapping) else {"the condition": holds}
    if not conditions:
        raise ValueError("holds: expected at least one condition, got an empty dict")
    failed = [name for name, value in conditions.items() if not _bool(f"holds[{name!r}]", value)]
    numbers = {name: _number(name, value) for name, value in figures.items()}
    if not numbers:
        raise ValueError("figures: expected at least one measured figure, got none")
    if text is None:
        text = ", ".join(
            f"{name.replace('_', ' ')} {{{name}:{_rounding(number)}}}"
            for name, number in numbers.items()
        )
    formats = _formats(text, numbers)
    if failed:
        measured = ", ".join(f"{name} = {number!r}" for name, number in numbers.items())
        raise StatementNotSettled(
            f"{statement}: {', '.join(failed)} does not hold; measured: {measured}"
        )
    print(f"{statement} settled: {text.format_map(numbers)}")
    for name, number in numbers.items():
        glue(f"{statement}.{name}", number, formats[name])


def glue(key: str, value: Any, spec: str = "") -> None:
    """Make `format(value, spec)` available to the prose of the page, in the role glue:text.

    Outside a notebook, or without myst_nb (on Colab, say), nothing happens.
    """
    try:
        from IPython import get_ipython

        if get_ipython() is not None:
            import myst_nb

            myst_nb.glue(key, format(value, spec), display=False)
    except ImportError:
        pass


@cache
def load(path: Path = FILE) -> tuple[Statement, ...]:
    """Read the statements.

    Raises:
        ValueError: If the file is malformed; the message names the file and the statement.
    """
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{path.name}: not valid TOML ({error})") from error
    statements: list[Statement] = []
    for row in content["statement"]:
        name = row.get("id", "a statement without id")
        if fault := _fault(row, content["sections"], [s.id for s in statements]):
            raise ValueError(f"{path.name}: {name}: {fault}")
        section = _section(name)
        if "effect" in row:
            try:
                row["effect"] = effects.read(row["effect"])
            except ValueError as error:
                raise ValueError(f"{path.name}: {name}: {error}") from error
        statements.append(Statement(section=f"{section} · {content['sections'][section]}", **row))
    count = sum(not s.own for s in statements)
    if count != COUNT:
        raise ValueError(f"{path.name}: expected {COUNT} statements of the lecture, got {count}")
    return tuple(statements)


def verdicts(notebooks: Path) -> list[Verdict]:
    """Read the verdicts, in order, from the executed chapters in a folder.

    Raises:
        ValueError: If a file is not a notebook; the message names it.
    """
    found: list[Verdict] = []
    for path in chapters(notebooks):
        cells = read(path)["cells"]
        prose = "\n".join("".join(c["source"]) for c in cells if c["cell_type"] == "markdown")
        heading = re.search(r"^# (.+)$", prose, re.MULTILINE)
        title = heading[1] if heading else path.stem
        outputs = [o for c in cells if c["cell_type"] == "code" for o in c["outputs"]]
        figures = _glued(outputs)
        for output in outputs:
            if output.get("name") == "stdout":
                for name, line in VERDICT.findall("".join(output["text"])):
                    own = figures.get(name, {})
                    found.append(Verdict(name, path.stem, title, line, True, own))
            elif output.get("ename") == StatementNotSettled.__name__:
                name, _, line = output["evalue"].partition(": ")
                found.append(Verdict(name, path.stem, title, line, False))
    return found


def problems(statements: Sequence[Statement], found: Sequence[Verdict]) -> list[str]:
    """List where the ledger and the verdicts disagree."""
    wrong = [f"{v.id}: not settled in {v.chapter}: {v.line}" for v in found if not v.holds]
    ids = [v.id for v in found if v.holds]
    wrong += [f"{name}: settled more than once" for name in sorted(set(ids)) if ids.count(name) > 1]
    shown = {v.id: v.chapter for v in found if v.holds}
    for s in statements:
        chapter = shown.pop(s.id, None)
        if s.state == "settled" and chapter is None:
            wrong.append(f"{s.id}: the ledger says settled, but {s.chapter} does not show it")
        elif s.state == "open" and chapter is not None:
            wrong.append(f"{s.id}: the ledger says open, but {chapter} settles it")
        elif chapter is not None and chapter != s.chapter:
            wrong.append(f"{s.id}: the ledger says {s.chapter} settles it, but {chapter} does")
    return wrong + [f"{name}: unknown to the ledger" for name in shown]


def _glued(outputs: Sequence[dict[str, Any]]) -> dict[str, dict[str, str]]:
    """The figures that `settle` has glued, by statement and name."""
    figures: dict[str, dict[str, str]] = {}
    for output in outputs:
        key = output.get("metadata", {}).get("scrapbook", {}).get("name", "")
        if found := re.fullmatch(rf"({ID})\.(\w+)", key):
            (text,) = output["data"].values()
            figures.setdefault(found[1], {})[found[2]] = ast.literal_eval("".join(text))
    return figures


def _section(name: str) -> str:
    """The section of a statement: S7 of S7.2, G of G5, M of M1."""
    return name.partition(".")[0] if name.startswith("S") else name[0]


def _fault(row: dict[str, Any], sections: Mapping[str, str], earlier: list[str]) -> str | None:
    """What is wrong with one statement of the file, or None."""
    known = [field for field in fields(Statement) if field.name != "section"]
    expected = [field.name for field in known if field.default is MISSING]
    if not set(expected) <= set(row) <= {field.name for field in known}:
        return f"expected {', '.join(expected)}, got {', '.join(row)}"
    if not re.fullmatch(ID, row["id"]):
        return f"expected an id such as S1.1 or G1, got {row['id']!r}"
    section = _section(row["id"])
    if section not in sections:
        return f"expected a section among {', '.join(sections)}, got {section}"
    for field, allowed in (("state", STATES), ("kind", KINDS)):
        if row[field] not in allowed:
            return f"expected {field} {' or '.join(allowed)}, got {row[field]!r}"
    if row.get("outcome", "holds") not in OUTCOMES:
        return f"expected outcome {' or '.join(OUTCOMES)}, got {row['outcome']!r}"
    if not row["saboteur"]:
        return "no saboteur is named"
    if bool(row.get("tested")) != (row["kind"] == "construction"):
        return "expected tested where it holds by construction, and nowhere else"
    if row["kind"] == "measured" and "effect" not in row:
        return "measured, but no effect is named"
    if row["id"] in earlier:
        return "duplicate id"
    if row["state"] == "settled" and not row["chapter"]:
        return "settled, but no chapter is named"
    return None


def _scalar(value: Any) -> Any:
    """Turn a NumPy or PyTorch scalar into Python's; leave arrays with axes unchanged."""
    return value.item() if getattr(value, "ndim", None) == 0 else value


def _bool(name: str, value: Any) -> bool:
    if not isinstance(_scalar(value), bool):
        raise TypeError(f"{name}: expected True or False, got {value!r}")
    return _scalar(value)


def _number(name: str, value: Any) -> float:
    number = _scalar(value)
    if isinstance(number, bool) or not isinstance(number, int | float):
        raise TypeError(f"{name}: expected a number, got {value!r}")
    if not math.isfinite(number):
        raise ValueError(f"{name}: expected a finite number, got {number}")
    return number


def _rounding(number: float) -> str:
    return "," if isinstance(number, int) else ".3g"


def _formats(text: str, figures: Mapping[str, float]) -> dict[str, str]:
    """The format that `text` gives to each figure, by name."""
    formats: dict[str, str] = {}
    try:
        fields = list(string.Formatter().parse(text))
    except (TypeError, ValueError) as error:
        raise type(error)(
            f"text: expected words with fields such as {{n:,}}, got {text!r} ({error})"
        ) from error
    for _, field, spec, _ in fields:
        if field is not None:
            formats.setdefault(field, spec or "")
    if set(formats) != set(figures):
        raise ValueError(
            f"text: expected the fields {', '.join(sorted(figures))}, "
            f"got {', '.join(sorted(formats)) or 'none'}"
        )
    if "\n" in text:
        raise ValueError(f"text: expected one line, got {text!r}")
    for name, spec in formats.items():
        try:
            format(figures[name], spec)
        except ValueError as error:
            raise ValueError(
                f"text: expected a rounding of {name}, got {spec!r} ({error})"
            ) from error
    return formats

"""The ledger: what the lecture claims, and what the notebooks have measured about it.

A chapter settles a statement with one call of `settle`. The verdict that it prints is kept in the
executed notebook; `verdicts` reads it back, and `problems` holds it against `ledger.toml`.
"""

from __future__ import annotations

import math
import re
import string
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple

from rnn_course.notebooks import chapters, read

FILE = Path(__file__).with_name("ledger.toml")
COUNT = 33
STATES = ("settled", "open")
KINDS = {"measured": "measured", "construction": "by construction"}
VERDICT = re.compile(r"^(S\d+\.\d+) settled: (.+)$", re.MULTILINE)


class StatementNotSettled(AssertionError):
    """A measurement came out, and it does not show what the statement says."""


@dataclass(frozen=True)
class Statement:
    """One claim of the lecture. `chapter` is the stem of the notebook that settles it, or "".

    `kind` is "measured" for what could have come out otherwise, "construction" for a property that
    the code has or lacks. `saboteur` completes "fails when …": `make falsify` makes it happen.
    """

    id: str
    section: str
    text: str
    chapter: str
    state: str
    kind: str
    saboteur: str


class Verdict(NamedTuple):
    """What an executed notebook says of a statement: the measured line, or why it did not hold."""

    id: str
    chapter: str
    title: str
    line: str
    holds: bool


def settle(
    statement: str, /, holds: bool | Mapping[str, bool], text: str | None = None, **figures: float
) -> None:
    """Settle a statement: print one line that says what was measured, or raise.

    `holds` is the condition, or named conditions that must all hold; compute it from the unrounded
    figures. `text` words the line and says how each figure is rounded; without it the figures are
    listed. Each figure is glued as it is printed, for the prose, under "S1.1.parameters".

    >>> settle("S1.1", short == long, "{parameters:,} parameters, at any length", parameters=short)
    S1.1 settled: 9,344 parameters, at any length

    Raises `StatementNotSettled` if a condition is false, `TypeError` or `ValueError` for an unknown
    statement, a condition that is no bool, a figure that is no finite number, a figure that `text`
    does not show, and a field of `text` that is no figure.
    """
    known = [s.id for s in load()]
    if statement not in known:
        raise ValueError(f"statement: expected one of {known[0]} … {known[-1]}, got {statement!r}")
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
    """Read the statements. Raises `ValueError` naming the statement if the file is malformed."""
    content = tomllib.loads(path.read_text(encoding="utf-8"))
    statements: list[Statement] = []
    for row in content["statement"]:
        name = row.get("id", "a statement without id")
        expected = [field.name for field in fields(Statement) if field.name != "section"]
        if set(row) != set(expected):
            raise ValueError(
                f"{path.name}: {name}: expected {', '.join(expected)}, got {', '.join(row)}"
            )
        section = name.partition(".")[0]
        if section not in content["sections"]:
            raise ValueError(
                f"{path.name}: {name}: expected a section among "
                f"{', '.join(content['sections'])}, got {section}"
            )
        for field, allowed in (("state", STATES), ("kind", KINDS)):
            if row[field] not in allowed:
                raise ValueError(
                    f"{path.name}: {name}: expected {field} {' or '.join(allowed)}, "
                    f"got {row[field]!r}"
                )
        if not row["saboteur"]:
            raise ValueError(f"{path.name}: {name}: no saboteur is named")
        if name in {s.id for s in statements}:
            raise ValueError(f"{path.name}: {name}: stands there twice")
        if row["state"] == "settled" and not row["chapter"]:
            raise ValueError(f"{path.name}: {name}: settled, but no chapter is named")
        title = f"{section} · {content['sections'][section]}"
        statements.append(Statement(section=title, **row))
    if len(statements) != COUNT:
        raise ValueError(f"{path.name}: expected {COUNT} statements, got {len(statements)}")
    return tuple(statements)


def verdicts(notebooks: Path) -> list[Verdict]:
    """Read the verdicts, in order, out of the executed chapters of a folder.

    Raises `ValueError` with the file's name for what is no notebook.
    """
    found: list[Verdict] = []
    for path in chapters(notebooks):
        cells = read(path)["cells"]
        prose = "\n".join("".join(c["source"]) for c in cells if c["cell_type"] == "markdown")
        heading = re.search(r"^# (.+)$", prose, re.MULTILINE)
        title = heading[1] if heading else path.stem
        for output in (o for c in cells if c["cell_type"] == "code" for o in c["outputs"]):
            if output.get("name") == "stdout":
                for name, line in VERDICT.findall("".join(output["text"])):
                    found.append(Verdict(name, path.stem, title, line, True))
            elif output.get("ename") == StatementNotSettled.__name__:
                name, _, line = output["evalue"].partition(": ")
                found.append(Verdict(name, path.stem, title, line, False))
    return found


def problems(statements: Sequence[Statement], found: Sequence[Verdict]) -> list[str]:
    """Say where the ledger and the verdicts disagree; an empty list if nowhere."""
    wrong = [f"{v.id}: not settled in {v.chapter}: {v.line}" for v in found if not v.holds]
    ids = [v.id for v in found if v.holds]
    wrong += [f"{name}: settled more than once" for name in sorted(set(ids)) if ids.count(name) > 1]
    shown = {v.id: v.chapter for v in found if v.holds}
    for s in statements:
        chapter = shown.pop(s.id, None)
        if s.state == "settled" and chapter is None:
            wrong.append(f"{s.id}: the ledger says settled, {s.chapter} does not show it")
        elif s.state == "open" and chapter is not None:
            wrong.append(f"{s.id}: the ledger says open, {chapter} settles it")
        elif chapter is not None and chapter != s.chapter:
            wrong.append(f"{s.id}: the ledger says {s.chapter} settles it, {chapter} does")
    return wrong + [f"{name}: unknown to the ledger" for name in shown]


def count_line(statements: Sequence[Statement]) -> str:
    """How many are settled, such as "4 of 33 settled: 3 measured, 1 by construction"."""
    kinds = [s.kind for s in statements if s.state == "settled"]
    counted = ", ".join(f"{kinds.count(kind)} {words}" for kind, words in KINDS.items())
    return f"{len(kinds)} of {len(statements)} settled: {counted}"


def as_text(statements: Sequence[Statement], found: Sequence[Verdict]) -> str:
    """The whole ledger for the terminal, its last line the count."""
    measured = {v.id: v.line for v in found if v.holds}
    lines: list[str] = []
    for section, rows in groupby(statements, lambda s: s.section):
        lines += [section, ""]
        for s in rows:
            lines += [f"  {s.id}  {s.state:<7}  {s.chapter or '-'}", f"        {s.text}"]
            if s.id in measured:
                lines.append(f"        {KINDS[s.kind]}: {measured[s.id]}")
            lines += [f"        fails when {s.saboteur}", ""]
    return "\n".join([*lines, count_line(statements)])


def as_markdown(statements: Sequence[Statement], found: Sequence[Verdict]) -> str:
    """The ledger as the page of the book, book/ledger.md."""
    verdict = {v.id: v for v in found if v.holds}
    lines = [
        "% Made by `make notebooks` from rnn_course/ledger.toml and the executed notebooks.",
        "",
        "# The ledger",
        "",
        f"The lecture makes {len(statements)} statements, and the course owes each of them a",
        "verdict that can fail. Under a statement that is settled stands what its chapter found",
        f"when it was last run. So far, **{count_line(statements)}**.",
        "",
        "*Measured* means that the experiment could have come out otherwise, *by construction*",
        "that the statement follows from the definition of the network: there, the verdict tests",
        "our code. Each statement has a saboteur, a small change to the network, the data or the",
        "training that makes it false. `make falsify` applies them one at a time to the chapters",
        "as they run, and fails if a verdict still holds.",
        "",
    ]
    for section, rows in groupby(statements, lambda s: s.section):
        lines += [f"## {section}", ""]
        for s in rows:
            state = "*Open.*"
            if s.id in verdict:
                v = verdict[s.id]
                link = f"[{v.title}](../notebooks/{v.chapter}.ipynb)"
                state = f"*{KINDS[s.kind].capitalize()}*, in {link}: {v.line.rstrip('.')}."
            lines += [f"- **{s.id}** {s.text}\\", f"  {state}\\", f"  *Fails when* {s.saboteur}."]
        lines.append("")
    return "\n".join(lines[:-1])


def _scalar(value: Any) -> Any:
    """A Python number out of NumPy's or PyTorch's; arrays with axes are left as they came."""
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
    """The rounding that `text` asks for, figure by figure."""
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

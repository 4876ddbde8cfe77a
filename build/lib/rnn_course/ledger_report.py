"""The ledger in words: for the terminal, and as the page of the book."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from rnn_course.ledger import KINDS, Statement, Verdict


def count_line(statements: Sequence[Statement]) -> str:
    """Count what is settled: "4 of 33 settled: 3 measured, 1 by construction"."""
    kinds = [s.kind for s in statements if s.state == "settled"]
    counted = ", ".join(f"{kinds.count(kind)} {words}" for kind, words in KINDS.items())
    return f"{len(kinds)} of {len(statements)} settled: {counted}"


def as_text(statements: Sequence[Statement], found: Sequence[Verdict]) -> str:
    """The whole ledger for the terminal; its last line is the count."""
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
        "verdict that can fail. Below each settled statement is what its chapter found when it was",
        f"last run. So far, **{count_line(statements)}**.",
        "",
        "*Measured* means that the experiment could have come out otherwise, *by construction*",
        "that the statement follows from the definition of the network: there, the verdict tests",
        "our code. Each statement has a saboteur, a small change to the network, the data or the",
        "training that makes it false. `make falsify` applies them one at a time to the chapters",
        "as they run, and reports an error if a verdict still holds.",
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

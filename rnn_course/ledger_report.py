"""The ledger in words: for the terminal, and as the page of the book."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from rnn_course.ledger import KINDS, Statement, Verdict


def count_line(statements: Sequence[Statement], own: bool = False) -> str:
    """Count what is settled: "4 of 33 settled: 3 measured, 1 by construction".

    Of the lecture's statements, or of the book's own.
    """
    statements = [s for s in statements if s.own == own]
    kinds = [s.kind for s in statements if s.state == "settled"]
    counted = ", ".join(f"{kinds.count(kind)} {words}" for kind, words in KINDS.items())
    return f"{len(kinds)} of {len(statements)} settled: {counted}"


def outcomes(statements: Sequence[Statement], own: bool = False) -> str:
    """Count how they came out: "Of these, 32 hold and 1 holds in part."."""
    statements = [s for s in statements if s.own == own]
    part = sum(s.outcome == "holds in part" for s in statements if s.state == "settled")
    whole = sum(s.outcome == "holds" for s in statements if s.state == "settled")
    of_part = f" and {part} hold{'s' * (part == 1)} in part" * bool(part)
    return f"Of these, {whole} hold{'s' * (whole == 1)}{of_part}."


def as_text(statements: Sequence[Statement], found: Sequence[Verdict]) -> str:
    """The whole ledger for the terminal; its last line is the count of the lecture's statements."""
    measured = {v.id: v.line for v in found if v.holds}
    lines: list[str] = []
    for section, rows in groupby(statements, lambda s: s.section):
        lines += [section, ""]
        for s in rows:
            lines += [f"  {s.id}  {s.state:<7}  {s.chapter or '-'}", f"        {s.text}"]
            if s.id in measured:
                lines.append(f"        {KINDS[s.kind]}: {measured[s.id]}")
            lines += [f"        fails when {s.saboteur}", ""]
    if any(s.own for s in statements):
        lines.append(f"The book's own: {count_line(statements, own=True)}")
    return "\n".join([*lines, count_line(statements)])


OPENING = """\
% Made by `make notebooks` from rnn_course/ledger.toml and the executed notebooks.

# The ledger

Lectures and textbooks say what recurrent networks do. They seldom say what evidence would prove
them wrong. This page does: for each of the {count} statements of the lecture it gives the results
of the chapter's last run, what they are compared with, and a small change to the network, the data
or the training under which the statement fails. `make falsify` makes these changes one at a time,
runs the chapter again, and reports an error if a verdict still holds.

**{counted}.** {outcomes} *Measured* means that the experiment could have come out otherwise; *by
construction* means that the statement follows from the definition of the network, so that the
verdict tests our code. In the charts, **bold** is what the statement is about, plain type what it
is compared with, and *italics* the best possible value.
"""
OWN = """\
The deck ends with long-term dependencies. What the later chapters state is the book's own; it is
tested in the same way and is counted apart: **{counted}.** {outcomes}
"""
MARKED = {"found": "**{}**", "baseline": "{}", "limit": "*{}*"}


def as_markdown(statements: Sequence[Statement], found: Sequence[Verdict]) -> str:
    """The ledger as the page of the book, book/ledger.md."""
    verdict = {v.id: v for v in found if v.holds}
    parts = [
        OPENING.format(
            count=sum(not s.own for s in statements),
            counted=count_line(statements),
            outcomes=outcomes(statements),
        )
    ]
    for section, rows in groupby(statements, lambda s: s.section):
        parts.append(f"## {section}\n")
        here = list(rows)
        if here[0].own:
            counted, came_out = count_line(here, own=True), outcomes(here, own=True)
            opening = OWN if here[0].id.startswith("G") else "**{counted}.** {outcomes}\n"
            parts.append(opening.format(counted=counted, outcomes=came_out))
        for s in here:
            parts += [f"### {s.id}\n", f"**{s.text}**\n"]
            if s.id not in verdict:
                parts.append("*Open.*\n")
            else:
                parts += _verdict(s, verdict[s.id])
            parts.append(f"*Fails when* {s.saboteur}.\n")
            if s.id in verdict:
                parts.append(_links(s, verdict[s.id].title))
    return "\n".join(parts).rstrip("\n")


def _verdict(statement: Statement, verdict: Verdict) -> list[str]:
    """What was found, and how it was tested, as paragraphs."""
    parts = [f"*{KINDS[statement.kind].capitalize()}:* {verdict.line.rstrip('.')}.\n"]
    if statement.tested:
        parts.append(f"*Tested:* {statement.tested}.\n")
    if statement.effect:
        rows = [f"| {statement.effect.title(verdict.figures)} | figure |", "| --- | --- |"]
        for bar in statement.effect.draw(verdict.figures):
            rows.append(f"| {MARKED[bar.role].format(bar.label)} | {bar.text} |")
        parts.insert(0, "\n".join(rows) + "\n")
    return parts


def _links(statement: Statement, title: str) -> str:
    page = f"../notebooks/{statement.chapter}.ipynb"
    return (
        f"See the [verdict]({page}#verdict-{statement.id}) in [{title}]({page}#{statement.id}).\n"
    )

"""The proof that an assignment's checks check: what passes, what fails, and where.

The blank release fails every check and says that it is not done; every right answer passes all;
every mutant fails first at the check that is meant for it, with a sentence that names the mistake.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from rnn_course.homework.assignment import Assignment, Cell, Mutant
from rnn_course.homework.build import release
from rnn_course.homework.marks import entry


@dataclass(frozen=True)
class Verdict:
    """What became of a mutant.

    Attributes:
        failed: The first check that failed, and its message; None if none did.
        visible: Did what a student sees of that check fail as well?
    """

    mutant: Mutant
    failed: tuple[str, str] | None
    visible: bool

    @property
    def caught(self) -> bool:
        """Did the right check fail, with the right words?"""
        return (
            self.failed is not None
            and self.failed[0] == self.mutant.caught_by
            and self.mutant.says.lower() in self.failed[1].lower()
        )


@dataclass(frozen=True)
class Proof:
    """What the proof of one assignment found: `wrong` is empty if it holds."""

    verdicts: tuple[Verdict, ...]
    wrong: tuple[str, ...]


MUTANTS, VISIBLE = 10, 0.8
"""An assignment has at least so many mutants, and students' checks catch at least this share."""


def prove(assignment: Assignment) -> Proof:
    """Everything that has to hold of an assignment's checks, and what does not.

    Raises:
        ValueError: If a mutant's text is not there.
    """
    where = f"{assignment.name}, key {assignment.key!r}"
    wrong = []
    undone = list(failures(blank(assignment)))
    if [name for name, _ in undone] != [cell.name for cell in assignment.checks]:
        wrong.append(f"{where}: the blank release passes a check")
    wrong += [f"{where}: blank, {n}: {said}" for n, said in undone if "NotImplemented" not in said]
    if len(assignment.answers) < 2:
        wrong.append(f"{where}: expected two other right answers, got {len(assignment.answers)}")
    for name, sources in {"the solution": {}, **assignment.answers}.items():
        failed = list(failures(assignment.answered(sources)))
        wrong += [f"{where}: {name} fails {check}: {said}" for check, said in failed]
    verdicts = proven(assignment)
    wrong += [
        f"{where}: mutant {each.mutant.name!r}, meant for {each.mutant.caught_by} "
        f"({each.mutant.says!r}): {each.failed or 'passes everything'}"
        for each in verdicts
        if not each.caught
    ]
    if len(verdicts) < MUTANTS:
        wrong.append(f"{where}: expected at least {MUTANTS} mutants, got {len(verdicts)}")
    if sum(each.visible for each in verdicts) < VISIBLE * len(verdicts):
        wrong.append(f"{where}: what students see catches less than {VISIBLE:.0%}")
    return Proof(tuple(verdicts), tuple(wrong))


def blank(assignment: Assignment) -> Assignment:
    """The assignment as the release has it, without its solutions."""
    released = {entry(cell).get("grade_id"): cell.source for cell in release(assignment).cells}
    written = (cell.name for cell in assignment.cells if cell.kind in ("code", "figure"))
    return assignment.answered({name: released[name] for name in written})


def failures(assignment: Assignment, visible: bool = False) -> Iterator[tuple[str, str]]:
    """Each check that fails, in order: its name, and the kind and text of what it raised.

    Args:
        visible: Run what a student sees of the checks only.
    """
    import torch

    namespace: dict[str, Any] = {"__name__": "__main__"}
    before = torch.get_default_dtype(), torch.get_num_threads()
    try:
        for cell in assignment.cells:
            if not cell.runs:
                continue
            if cell.kind == "check":
                torch.manual_seed(assignment.drawn["seed"])
            error = _run(cell, cell.visible if visible else cell.source, namespace)
            if error and cell.kind == "check":
                yield cell.name, error
    finally:  # an assignment may set both for itself
        torch.set_default_dtype(before[0])
        torch.set_num_threads(before[1])


def proven(assignment: Assignment) -> list[Verdict]:
    """Each mutant of an assignment with what became of it.

    Raises:
        ValueError: If a mutant's text is not there.
    """
    verdicts = []
    for mutant in assignment.mutants:
        mutated = assignment.mutated(mutant)
        failed = next(failures(mutated), None)
        seen = next(failures(mutated, visible=True), None)
        verdicts.append(Verdict(mutant, failed, seen is not None))
    return verdicts


def _run(cell: Cell, source: str, namespace: dict[str, Any]) -> str:
    """What running a cell raised, as text; "" for nothing."""
    try:
        exec(compile(source, cell.name or cell.kind, "exec"), namespace)
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return ""

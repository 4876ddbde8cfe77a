"""Show that each verdict can fail: sabotage the chapter, and see that it does.

    python tools/falsify.py [STATEMENT ...]     default: all of the ledger

Each statement's saboteur is named in rnn_course/ledger.toml; its edits to the chapter's code are
in tools/saboteurs/, a file for each section. They are applied, one saboteur at a time, to the
chapter as it is executed, up to the cell of the statement's verdict. Exit status 1 if a verdict
still holds, or if anything but the verdict stops the chapter; 2 for wrong usage.
"""

from __future__ import annotations

import argparse
import ast
import asyncio
import hashlib
import random
import subprocess
import sys
import time
import tomllib
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

import nbformat
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbformat import NotebookNode

from rnn_course import ledger
from rnn_course.notebooks import chapters

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOKS = ROOT / "notebooks"
SABOTEURS = Path(__file__).with_name("saboteurs")
TIMEOUT = 600  # seconds a cell

# What goes before the chapter: the other statements' verdicts are not in question, and may fail.
PREAMBLE = """
import rnn_course.ledger

def settle(statement, /, *arguments, strictly=rnn_course.ledger.settle, **figures):
    try:
        strictly(statement, *arguments, **figures)
    except AssertionError as error:
        if statement == {!r} or type(error).__name__ != "StatementNotSettled":
            raise

rnn_course.ledger.settle = settle
del rnn_course, settle
"""


class Edit(NamedTuple):
    """`old` occurs exactly once in the code of the chapter, and `new` replaces it."""

    old: str
    new: str


class Outcome(NamedTuple):
    """Did the verdict fail, as it should, what was printed, and how long did it take?"""

    fails: bool
    said: str
    seconds: float


def saboteurs(folder: Path = SABOTEURS) -> dict[str, list[Edit]]:
    """Read the edits of each statement's saboteur.

    Raises:
        ValueError: If a file is malformed.
    """
    found: dict[str, list[Edit]] = {}
    for path in sorted(folder.glob("*.toml")):
        try:
            content = tomllib.loads(path.read_text(encoding="utf-8"))
        except ValueError as error:
            raise ValueError(f"{path.name}: {error}") from None
        for statement, edits in content.items():
            if statement in found:
                raise ValueError(f"{path.name}: {statement}: has a saboteur already")
            try:
                found[statement] = [Edit(**edit) for edit in edits]
            except TypeError:
                raise ValueError(
                    f'{path.name}: {statement}: expected [["{statement}"]] tables of old and new'
                ) from None
    return found


def sabotage(notebook: NotebookNode, edits: Sequence[Edit]) -> None:
    """Apply the edits to the code of a chapter.

    Raises:
        ValueError: If `old` does not occur exactly once in the code, is not changed, or is part of
            a call of `settle`: a saboteur must not change what the verdict demands.
    """
    if not edits:
        raise ValueError("expected at least one edit, got none")
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    for old, new in edits:
        count = sum(cell.source.count(old) for cell in code) if old else 0
        if count != 1 or old == new or "settle" in new.lower():
            raise ValueError(
                "expected an edit of text that occurs once in the chapter's code, to "
                f"something else that does not settle; {old!r} occurs {count} times, "
                f"and becomes {new!r}"
            )
        cell = next(cell for cell in code if old in cell.source)
        start = cell.source.index(old)
        for call in settlements(cell.source):
            at = cell.source.index(call)
            if at < start + len(old) and start < at + len(call):
                raise ValueError(f"expected an edit outside the call of settle, got {old!r}")
        cell.source = cell.source.replace(old, new)


def settlements(source: str) -> list[str]:
    """The text of each call of `settle` in the source of a cell."""
    calls = [
        node
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Call) and getattr(node.func, "id", None) == "settle"
    ]
    return [ast.get_source_segment(source, call) or "" for call in calls]


async def verdict(
    notebook: NotebookNode, statement: str, folder: Path, timeout: float = TIMEOUT
) -> tuple[bool, str]:
    """Execute a chapter up to the verdict on a statement. Did it fail, and how?"""
    notebook.cells.insert(0, nbformat.v4.new_code_cell(PREAMBLE.format(statement)))
    client = NotebookClient(
        notebook,
        timeout=timeout,
        kernel_name="python3",
        record_timing=False,
        extra_arguments=["--log-level=ERROR"],
        resources={"metadata": {"path": str(folder)}},
    )
    client.create_kernel_manager()
    try:
        try:
            await client.async_start_new_kernel()
            await client.async_start_new_kernel_client()
        except RuntimeError as error:
            return False, f"stopped: no kernel: {error}"
        for index, cell in enumerate(notebook.cells):
            try:
                await client.async_execute_cell(cell, index)
            except CellExecutionError as error:
                if error.ename == ledger.StatementNotSettled.__name__:
                    failed = error.evalue.removeprefix(f"{statement}: ")
                    return True, failed.partition(" does not hold; measured")[0]
                return False, f"stopped by {error.ename} in cell {cell.id}: {error.evalue}"
            except CellTimeoutError:
                return False, f"stopped: cell {cell.id} takes more than {timeout:g} s"
            except DeadKernelError:
                task = asyncio.current_task()
                if task and task.cancelling():  # nbclient takes Ctrl-C for this
                    raise asyncio.CancelledError from None
                return False, f"stopped: the kernel died in cell {cell.id}"
            for output in cell.get("outputs", []):
                if output.get("name") == "stdout":
                    for name, line in ledger.VERDICT.findall(output["text"]):
                        if name == statement:
                            return False, f"still holds: {line}"
        return False, "the chapter has no verdict on it"
    finally:
        if client.kc is not None:
            client.kc.stop_channels()
        if isinstance(client.km, AsyncKernelManager) and client.km.has_kernel:
            await client.km.shutdown_kernel(now=True)


async def attempt(
    statement: ledger.Statement,
    edits: Sequence[Edit],
    notebooks: Path = NOTEBOOKS,
    timeout: float = TIMEOUT,
) -> Outcome:
    """Sabotage the chapter of one statement and execute it."""
    path, start = notebooks / f"{statement.chapter}.ipynb", time.perf_counter()
    try:
        notebook = nbformat.read(path, 4)
        sabotage(notebook, edits)
    except (OSError, ValueError) as error:
        return Outcome(False, f"not tried: {path.name}: {error}", 0.0)
    fails, said = await verdict(notebook, statement.id, path.parent, timeout)
    return Outcome(fails, said, time.perf_counter() - start)


async def falsify(
    statements: Sequence[ledger.Statement],
    edits: dict[str, list[Edit]],
    notebooks: Path = NOTEBOOKS,
    jobs: int = 2,
    timeout: float = TIMEOUT,
) -> list[Outcome]:
    """Sabotage the statements, `jobs` at a time, and print a line for each when it is done."""
    free = asyncio.Semaphore(jobs)

    async def one(statement: ledger.Statement) -> Outcome:
        async with free:
            outcome = await attempt(statement, edits.get(statement.id, []), notebooks, timeout)
        print(
            f"{statement.id}  {'fails' if outcome.fails else 'DOES NOT FAIL'} when "
            f"{statement.saboteur} ({outcome.seconds:.0f} s): {outcome.said}",
            flush=True,
        )
        return outcome

    return await asyncio.gather(*map(one, statements))


def drawn(count: int, root: Path = ROOT) -> list[ledger.Statement]:
    """Draw statements with the commit as the seed, so that in time the quick tests cover them all.

    Outside git, the notebooks and the package are the seed.
    """
    try:
        by = subprocess.run(
            ["git", "rev-parse", "HEAD"], cwd=root, capture_output=True, check=True
        ).stdout
    except (OSError, subprocess.CalledProcessError):
        files = [*chapters(root / "notebooks"), *sorted(root.glob("rnn_course/**/*.py"))]
        by = hashlib.sha256(b"".join(path.read_bytes() for path in files)).digest()
    return random.Random(by).sample(ledger.load(), count)


def at_least_one(kind: type, text: str) -> float:
    """Parse a number of seconds or of processes."""
    if not (number := kind(text)) >= 1:
        raise argparse.ArgumentTypeError(f"expected 1 or more, got {text}")
    return number


def main(arguments: Sequence[str] | None = None) -> int:
    """Sabotage the statements that are named, or all. 0 if all verdicts fail, 130 after Ctrl-C."""
    parser = argparse.ArgumentParser(description="Show that each verdict can fail.")
    parser.add_argument("statement", nargs="*", help="such as S7.2 or G5 (default: all)")
    parser.add_argument(
        "--jobs",
        type=partial(at_least_one, int),
        default=2,
        metavar="N",
        help="how many chapters at a time (default: 2)",
    )
    parser.add_argument(
        "--notebooks",
        type=Path,
        default=NOTEBOOKS,
        metavar="FOLDER",
        help="other chapters than the course's",
    )
    parser.add_argument(
        "--saboteurs",
        type=Path,
        default=SABOTEURS,
        metavar="FOLDER",
        help="other edits than the course's",
    )
    parser.add_argument(
        "--timeout",
        type=partial(at_least_one, float),
        default=TIMEOUT,
        metavar="SECONDS",
        help="for one cell (default: 600)",
    )
    options = parser.parse_args(arguments)
    known = {s.id: s for s in ledger.load()}
    unknown = [name for name in options.statement if name not in known]
    if unknown:
        parser.error(f"statement: expected one of {', '.join(known)}, got {', '.join(unknown)}")
    try:
        edits = saboteurs(options.saboteurs)
    except ValueError as error:
        parser.error(str(error))
    chosen = [known[name] for name in dict.fromkeys(options.statement or known)]
    start = time.perf_counter()
    try:
        outcomes = asyncio.run(
            falsify(chosen, edits, options.notebooks, options.jobs, options.timeout)
        )
    except KeyboardInterrupt:
        print("Stopped.", file=sys.stderr)
        return 130
    failed = sum(outcome.fails for outcome in outcomes)
    print(f"{failed} of {len(chosen)} fail when they should ({time.perf_counter() - start:.0f} s)")
    return 0 if failed == len(chosen) else 1


if __name__ == "__main__":
    sys.exit(main())

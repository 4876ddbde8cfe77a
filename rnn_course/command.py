"""How a command ends: with what it has to say, or with one line, and never in a traceback of its
surroundings: Ctrl-C, a reader that is gone, a terminal without letters, no output at all."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import NoReturn

STOPPED = 128 + signal.SIGINT
"""The exit status of a command that Ctrl-C stopped, as shells count."""
NO_READER = 128 + getattr(signal, "SIGPIPE", 13)


def run(main: Callable[[], int | None]) -> NoReturn:
    """Run a command and leave Python with its exit status.

    That is `STOPPED` after Ctrl-C, with one line; `NO_READER` where the reader of its output is
    gone (`ledger | head -1`), and 1, with one line, where a file or the output cannot be written.
    """
    open_streams()
    try:
        if signal.getsignal(signal.SIGINT) is _stop:
            signal.signal(signal.SIGINT, signal.default_int_handler)
        status = main()
        sys.stdout.flush()
    except KeyboardInterrupt:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever presses it twice
        print("Stopped.", file=sys.stderr)
        status = STOPPED
    except BrokenPipeError:
        _forget_output()
        status = NO_READER
    except OSError as error:
        if error.filename is None:  # no file's, and so the output's
            _forget_output()
            error = f"The output cannot be written: {error.strerror}"
        print(error, file=sys.stderr)
        status = 1
    sys.exit(status)


def guard_imports() -> None:
    """Let Ctrl-C end the process with that one line, until `run` begins; unless it is ignored."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _stop)


def open_streams() -> None:
    """Give a process that was started without input, output or errors the null device for them.

    Otherwise the first file that it opens takes their place, and what a library has to say lands
    in it. What the output's encoding lacks is written as an escape.
    """
    while (null := os.open(os.devnull, os.O_RDWR)) <= 2:
        os.set_inheritable(null, True)
    os.close(null)
    for name, mode in ("stdin", "r"), ("stdout", "w"), ("stderr", "w"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode))
    if getattr(sys.stdout, "errors", None) in ("strict", "surrogateescape"):
        sys.stdout.reconfigure(errors="backslashreplace")


def _stop(number: int, frame: object) -> NoReturn:
    """End at once: nothing is open yet, and an exception could get lost within the imports."""
    with suppress(OSError):
        os.write(2, b"Stopped.\n")
    os._exit(STOPPED)


def _forget_output() -> None:
    """Let nothing more be written to the output, not even as Python ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())

"""How a command ends: with its output, or with one line that says what was wrong.

It never ends with a traceback because of its surroundings: Ctrl-C, a reader that has gone, a
terminal that lacks some characters, or no output at all.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from io import TextIOWrapper
from typing import NoReturn

STOPPED = 128 + signal.SIGINT
"""The exit status of a command stopped by Ctrl-C, by the shell's convention."""
NO_READER = 128 + getattr(signal, "SIGPIPE", 13)


def run(main: Callable[[], int | None]) -> NoReturn:
    """Run a command, and leave Python with its exit status.

    That is `STOPPED` after Ctrl-C, with one line; `NO_READER` if the reader of its output has gone
    (`ledger | head -1`); and 1, with one line, if a file or the output cannot be written.
    """
    open_streams()
    try:
        if signal.getsignal(signal.SIGINT) is _stop:
            signal.signal(signal.SIGINT, signal.default_int_handler)
        status = main()
        sys.stdout.flush()
    except KeyboardInterrupt:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # it may be pressed twice
        print("Stopped.", file=sys.stderr)
        status = STOPPED
    except BrokenPipeError:
        _forget_output()
        status = NO_READER
    except OSError as error:
        if error.filename is None:  # not a file, and so the output
            _forget_output()
            print(f"The output cannot be written: {error.strerror}", file=sys.stderr)
        else:
            print(error, file=sys.stderr)
        status = 1
    sys.exit(status)


def guard_imports() -> None:
    """Let Ctrl-C end the process with one line until `run` begins, unless it is ignored."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _stop)


def open_streams() -> None:
    """Give a process that was started without input, output or errors the null device for them.

    Otherwise the first file that it opens would take their place, and a library's messages would
    be written into it. Characters that the output's encoding lacks are written as escapes.
    """
    while (null := os.open(os.devnull, os.O_RDWR)) <= 2:
        os.set_inheritable(null, True)
    os.close(null)
    for name, mode in ("stdin", "r"), ("stdout", "w"), ("stderr", "w"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode))
    output = sys.stdout
    if isinstance(output, TextIOWrapper) and output.errors in ("strict", "surrogateescape"):
        output.reconfigure(errors="backslashreplace")


def _stop(number: int, frame: object) -> NoReturn:
    """End at once: nothing is open yet, and an exception could get lost in the imports."""
    with suppress(OSError):
        os.write(2, b"Stopped.\n")
    os._exit(STOPPED)


def _forget_output() -> None:
    """Write nothing more to the output, not even when Python exits."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())

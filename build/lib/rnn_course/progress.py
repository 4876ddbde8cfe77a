"""Progress bars, which never stop a computation if they cannot be written."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any

from tqdm import tqdm
from tqdm.utils import ObjectWrapper


class _Lenient(ObjectWrapper):
    """A stream that ignores what cannot be written: it was closed, or its reader is gone."""

    def write(self, text: str) -> None:
        self._try(self._wrapped.write, text)

    def flush(self) -> None:
        self._try(self._wrapped.flush)

    def _try(self, call: Callable[..., Any], *arguments: str) -> None:
        try:
            call(*arguments)
        except (OSError, ValueError):
            # What is left in the buffer would fail again at exit, with status 120: drain it.
            with suppress(OSError, ValueError), open(os.devnull, "w") as nowhere:
                os.dup2(nowhere.fileno(), self._wrapped.fileno())


def progress_bar(
    things: Iterable[Any] | None = None, *, shown: bool = True, **options: Any
) -> tqdm:
    """tqdm's bar on stderr, over `things` or of `total` steps; none if there is no stderr.

    Its width follows the terminal's.
    """
    return tqdm(
        things,
        file=_Lenient(sys.stderr),
        dynamic_ncols=True,
        disable=not shown or sys.stderr is None,
        **options,
    )

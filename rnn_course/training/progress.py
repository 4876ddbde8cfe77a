"""Progress bars, which are written for whoever looks, and stop nothing where nobody can."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any

from tqdm import tqdm
from tqdm.utils import ObjectWrapper


class _Lenient(ObjectWrapper):
    """A stream into which nothing goes where nothing can: it was closed, or its reader is gone."""

    def write(self, text: str) -> None:
        self._try(self._wrapped.write, text)

    def flush(self) -> None:
        self._try(self._wrapped.flush)

    def _try(self, call: Callable[..., Any], *arguments: str) -> None:
        try:
            call(*arguments)
        except (OSError, ValueError):
            # What is left in its buffer would fail once more at exit, with status 120: drain it.
            with suppress(OSError, ValueError), open(os.devnull, "w") as nowhere:
                os.dup2(nowhere.fileno(), self._wrapped.fileno())


def progress_bar(
    things: Iterable[Any] | None = None, *, shown: bool = True, **options: Any
) -> tqdm:
    """tqdm's bar on stderr, over `things` or of `total` steps; none where there is no stderr.

    Its width is the terminal's, whatever that becomes.
    """
    return tqdm(
        things,
        file=_Lenient(sys.stderr),
        dynamic_ncols=True,
        disable=not shown or sys.stderr is None,
        **options,
    )

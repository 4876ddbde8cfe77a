"""The notebooks with solutions run from the top to the bottom, and all of their checks pass.

All of them take a quarter of an hour, so `make test` runs three, drawn anew by every change of the
package; `make homework` runs every one.
"""

from __future__ import annotations

import hashlib
import os
import random
import subprocess
import sys

import pytest
from site_browser import ROOT

from rnn_course.homework import build
from rnn_course.homework.assignment import load, names

DRAWN = 3


def drawn() -> list[str]:
    """The assignments that this state of the package is tested with."""
    if os.environ.get("SOLVED") == "all":
        return names()
    digest = hashlib.sha256()
    for path in sorted((ROOT / "rnn_course").rglob("*.py")):
        digest.update(path.read_bytes())
    return sorted(random.Random(digest.hexdigest()).sample(names(), DRAWN))


@pytest.mark.slow
@pytest.mark.parametrize("name", drawn())
def test_the_notebook_with_solutions_runs(name, tmp_path):
    path = tmp_path / f"{name}.ipynb"
    build.write(build.notebook(load(name)), path)
    command = [sys.executable, "-m", "pytest", "--nbval-lax", "-q", "-p", "no:cacheprovider", path]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stdout[-3000:]


def test_every_assignment_is_drawn_now_and_then(monkeypatch):
    monkeypatch.setenv("SOLVED", "all")
    assert drawn() == names()
    monkeypatch.delenv("SOLVED")
    assert len(set(drawn())) == DRAWN and set(drawn()) <= set(names())

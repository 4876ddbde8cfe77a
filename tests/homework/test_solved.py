"""The notebooks with solutions run from the top to the bottom, and all of their checks pass."""

from __future__ import annotations

import subprocess
import sys

import pytest

from rnn_course.homework import build
from rnn_course.homework.assignment import extras, load, numbers


@pytest.mark.slow
@pytest.mark.parametrize("which", [*numbers(), *extras()])
def test_the_notebook_with_solutions_runs(which, tmp_path):
    path = tmp_path / "solved.ipynb"
    build.write(build.notebook(load(which)), path)
    command = [sys.executable, "-m", "pytest", "--nbval-lax", "-q", "-p", "no:cacheprovider", path]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stdout[-3000:]

"""The notebooks with solutions run from the top to the bottom, and all of their checks pass."""

from __future__ import annotations

import subprocess
import sys

import pytest

from rnn_course.homework import build
from rnn_course.homework.assignment import load, names


@pytest.mark.slow
@pytest.mark.parametrize("name", names())
def test_the_notebook_with_solutions_runs(name, tmp_path):
    path = tmp_path / f"{name}.ipynb"
    build.write(build.notebook(load(name)), path)
    command = [sys.executable, "-m", "pytest", "--nbval-lax", "-q", "-p", "no:cacheprovider", path]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stdout[-3000:]

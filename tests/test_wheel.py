"""The package as a wheel, without the checkout: what it runs, and what it says that it cannot."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import nbformat
import pytest

from rnn_course import address

ROOT = Path(__file__).resolve().parents[1]
NOTEBOOK = ROOT / "_build" / "html" / "notebooks" / "00_before_the_deck.ipynb"
RUN_CELL = """
import json, sys
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
results = [shell.run_cell(cell) for cell in json.load(sys.stdin)]
error = next((r.error_in_exec for r in results if r.error_in_exec), None)
print("ERROR", type(error).__name__, error) if error else print("FINE")
"""

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"  # setuptools leaves a build/ where it builds
    shutil.copytree(ROOT / "rnn_course", source / "rnn_course")
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    built = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    subprocess.run([*built, "--wheel-dir", folder, source], check=True)
    [path] = folder.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def python(tmp_path_factory):
    """An environment with what the package needs, as Colab has most of it, but without it."""
    folder = tmp_path_factory.mktemp("elsewhere")
    subprocess.run([sys.executable, "-m", "venv", folder / "venv"], check=True)
    installed = Path(sysconfig.get_paths()["purelib"])
    there = folder / "venv" / installed.relative_to(sys.prefix)
    for path in installed.iterdir():
        ours = path.name.startswith(("rnn_course", "__editable__", "pip"))
        if not ours and not (there / path.name).exists():
            (there / path.name).symlink_to(path)
    return folder / "venv" / "bin" / "python"


def run(python: Path, *arguments: str, folder: Path, text: str = "", **settings: str):
    env = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    env |= {"PIP_NO_INDEX": "1", "PIP_RETRIES": "0", "IPYTHONDIR": str(folder)} | settings
    return subprocess.run(
        [str(python), *arguments], cwd=folder, env=env, input=text, capture_output=True, text=True
    )


def run_cells(python: Path, cells: list[str], folder: Path):
    return run(python, "-c", RUN_CELL, folder=folder, text=json.dumps(cells))


def test_without_the_package_and_a_network_the_first_cell_says_what_to_do(python, tmp_path):
    said = run_cells(python, [address.INSTALL], tmp_path).stdout
    assert "ERROR ModuleNotFoundError the package rnn-course is not installed" in said
    assert f"%pip install rnn_course-{address.VERSION}-py3-none-any.whl" in said


def test_the_first_cell_installs_and_the_chapter_runs(python, wheel, tmp_path):
    install = address.INSTALL.replace(address.WHEEL, str(wheel))
    assert install != address.INSTALL and wheel.name == address.WHEEL.rpartition("/")[2]
    notebook = nbformat.read(NOTEBOOK, 4)
    cells = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
    done = run_cells(python, [install, *cells], tmp_path)
    assert done.stdout.splitlines()[-1] == "FINE", done.stdout + done.stderr
    where = run(python, "-c", "import rnn_course; print(rnn_course.__file__)", folder=tmp_path)
    assert str(python.parent.parent) in where.stdout

    said = run(python, "-m", "rnn_course", "g2p", "recurrent", folder=tmp_path)
    assert said.returncode == 0 and said.stdout.startswith("recurrent"), said.stderr
    refused = run(python, "-m", "rnn_course", "ledger", folder=tmp_path)
    assert refused.returncode != 0 and "Clone the course" in refused.stderr
    refused = run(python, "-m", "rnn_course.homework", "build", "--to", ".", folder=tmp_path)
    assert refused.returncode != 0 and "Clone the course" in refused.stderr

"""The book's notebooks are executed two at a time, each once, and found again by MyST-NB."""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace

import nbformat
import pytest
from jupyter_cache import get_cache
from nbformat.v4 import new_code_cell, new_notebook

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "book" / "_ext"))
import side_by_side  # noqa: E402

MEET = """
import pathlib, time
pathlib.Path({mine!r}).touch()
until = time.monotonic() + 60
while not pathlib.Path({other!r}).exists():
    assert time.monotonic() < until, "alone"
    time.sleep(.05)
"""


@pytest.fixture
def book(tmp_path, monkeypatch):
    """Write notebooks and execute them as Sphinx would have it done; what the cache then has."""
    monkeypatch.setattr(side_by_side, "AT_A_TIME", 2)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    config = SimpleNamespace(
        nb_execution_mode="cache",
        nb_execution_timeout=90,
        nb_execution_cache_path=str(tmp_path / "cache"),
    )
    env = SimpleNamespace(doc2path=lambda name: str(tmp_path / name))

    def build(**sources):
        names = ["page.md"]
        for name, source in sources.items():
            names.append(f"{name}.ipynb")
            nbformat.write(new_notebook(cells=[new_code_cell(source)]), tmp_path / names[-1])
        side_by_side.fill_cache(SimpleNamespace(config=config), env, names)
        kept = get_cache(config.nb_execution_cache_path).list_cache_records()
        return sorted(Path(record.uri).stem for record in kept)

    return build


def test_two_notebooks_run_at_the_same_time(book, tmp_path):
    sources = {mine: MEET.format(mine=mine, other=other) for mine, other in ("ab", "ba")}
    assert book(**sources) == ["a", "b"]
    cache = get_cache(str(tmp_path / "cache"))
    found = cache.match_cache_notebook(nbformat.read(tmp_path / "a.ipynb", 4))
    assert found.uri == str(tmp_path / "a.ipynb") and found.data["execution_seconds"] > 0


def test_what_is_in_the_cache_is_not_executed_again_and_what_fails_is_not_kept(book, tmp_path):
    count = "with open('runs', 'a') as file: file.write('x')"
    assert book(good=count, bad="1 / 0") == ["good"]
    assert book(good=count) == ["good"]
    assert (tmp_path / "runs").read_text() == "x"

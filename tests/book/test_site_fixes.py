"""What the book's build adds to Sphinx: stale outputs, lost warnings, missing pages are caught."""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from sphinx.errors import ExtensionError
from sphinx.util.matching import Matcher

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "book" / "_ext"))
import site_fixes  # noqa: E402


@pytest.fixture
def app(tmp_path: Path) -> SimpleNamespace:
    """As much of a Sphinx application as the hooks look at, over a small project."""
    (tmp_path / "rnn_course").mkdir()
    (tmp_path / "rnn_course" / "cells.py").write_text("x = 1")
    html = tmp_path / "_build" / "html"
    html.mkdir(parents=True)
    builder = SimpleNamespace(name="html", get_outfilename=lambda page: html / f"{page}.html")
    config = SimpleNamespace(
        nb_execution_cache_path="",
        html_static_path=["static"],
        external_site_map={"intro": None, "notation": None},
    )
    return SimpleNamespace(
        srcdir=tmp_path, confdir=tmp_path, outdir=html, builder=builder, config=config
    )


def cache(app: SimpleNamespace) -> Path:
    site_fixes.name_cache(app, app.config)
    folder = Path(app.config.nb_execution_cache_path)
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def test_outputs_are_kept_while_the_code_is_the_same(app: SimpleNamespace) -> None:
    assert cache(app) == cache(app)


@pytest.mark.parametrize(
    "name",
    [
        "rnn_course/cells.py",
        "rnn_course/tasks/new.py",
        "rnn_course/ledger.toml",
        "requirements.txt",
    ],
)
def test_outputs_of_older_code_are_thrown_away(app: SimpleNamespace, name: str) -> None:
    old = cache(app)
    (app.srcdir / name).parent.mkdir(exist_ok=True)
    (app.srcdir / name).write_text("x = 2")
    assert cache(app) != old
    assert not old.exists()


@pytest.mark.parametrize("name", [".DS_Store", "my notes", "0123456789abcdef0"])
def test_what_else_lies_among_the_outputs_stops_nothing_and_stays(app, name) -> None:
    old = cache(app)
    stray = old.parent / name
    stray.write_text("") if name.startswith(".") else stray.mkdir()
    elsewhere = app.srcdir / "elsewhere"
    elsewhere.mkdir()
    (old.parent / ("f" * 16)).symlink_to(elsewhere)
    (app.srcdir / "rnn_course" / "cells.py").write_text("x = 2")
    assert cache(app) != old and not old.exists()
    assert stray.exists() and elsewhere.exists()


@pytest.mark.parametrize("name", [".#cells.py", "._cells.py", "folder.py", "gone.py"])
def test_editors_files_beside_the_code_are_not_code(app, name) -> None:
    before, path = cache(app), app.srcdir / "rnn_course" / name
    if name.startswith("._"):
        path.write_bytes(b"\x00\x05")
    elif name == "folder.py":
        path.mkdir()
    else:
        path.symlink_to("nobody@nowhere.1234")
    assert cache(app) == before


@pytest.mark.parametrize(
    "name", ["my notes", "[draft]", "what?", "a*", "new\nline", "[!x]y", "[z-a]", "[["]
)
def test_a_page_outside_the_table_of_contents_is_left_out_whatever_its_name(app, name) -> None:
    file = f"notebooks/{name}.ipynb"
    (app.srcdir / "notebooks").mkdir()
    (app.srcdir / file).write_text("{}")
    app.config.exclude_patterns = [".*", file]
    site_fixes.exclude_strangers(app, app.config)
    assert Matcher(app.config.exclude_patterns)(file)
    assert not Matcher(app.config.exclude_patterns)("notebooks/01_summarise.ipynb")


def test_progress_bars_are_not_warnings() -> None:
    text = [
        "\r  0%|          | 0/3 [00:00<?, ?it/s]\r",
        "fit: 100%|██████████| 300/300 [00:12<00:00, 24.1step/s, loss=0.3]\n",
        "7it [01:02:03,  3.1it/s]\n",
    ]
    assert site_fixes.stderr_lines([{"name": "stderr", "text": text}]) == []


def test_warnings_are_found_beside_progress_bars() -> None:
    outputs = [
        {"name": "stdout", "text": "UserWarning: no"},
        {
            "name": "stderr",
            "text": "\r 50%|█  | 1/2 [00:00<00:01, 1it/s]\n"
            "cells.py:3: UserWarning: beware\n  warn()\n",
        },
    ]
    assert site_fixes.stderr_lines(outputs) == ["cells.py:3: UserWarning: beware", "warn()"]


def test_a_page_that_was_not_written_stops_the_build(app: SimpleNamespace) -> None:
    (app.outdir / "intro.html").touch()
    with pytest.raises(ExtensionError, match="not built: notation"):
        site_fixes.require_pages(app, None)
    (app.outdir / "notation.html").touch()
    site_fixes.require_pages(app, None)


def test_missing_scripts_stop_the_build(app: SimpleNamespace) -> None:
    with pytest.raises(ExtensionError, match="katex.min.css is missing: run .*vendor.py"):
        site_fixes.require_vendored(app)
    for name in site_fixes.VENDORED:
        (app.srcdir / "static" / name).parent.mkdir(parents=True, exist_ok=True)
        (app.srcdir / "static" / name).touch()
    site_fixes.require_vendored(app)

"""Each verdict can fail: three of them are tried here, all of them by `make falsify`."""

import asyncio
import importlib.util
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from rnn_course import ledger

ROOT = ledger.FILE.parent.parent
TOOL = ROOT / "tools" / "falsify.py"
spec = importlib.util.spec_from_file_location("falsify", TOOL)
tool = importlib.util.module_from_spec(spec)
spec.loader.exec_module(tool)

ALL = ledger.load()
EDITS = tool.saboteurs()

CHAPTER = [
    "from rnn_course.ledger import settle\nlabels = [1, 2, 3, 4]",
    "right = sum(label == k + 1 for k, label in enumerate(labels)) / 4",
    'settle("S1.2", {"no saboteur is about": labels[0] == 1}, n=1)\n'
    'settle("S1.1", {"over chance": right > 0.25, "all": right == 1}, "{right:.0%}", '
    "right=right)",
    "raise KeyError('what comes after the verdict is not executed')",
]
SHUFFLED = tool.Edit("[1, 2, 3, 4]", "[4, 3, 2, 1]")


def chapter(folder: Path, *sources: str) -> Path:
    """A chapter that settles S1.1, in a folder of its own."""
    cells = [new_markdown_cell("# Small\n\nlabels = [1, 2, 3, 4]"), *map(new_code_cell, sources)]
    nbformat.write(new_notebook(cells=cells), folder / "01_summarise.ipynb")
    return folder


def attempt(folder: Path, *edits: tool.Edit, statement: int = 0, **options) -> tool.Outcome:
    return asyncio.run(tool.attempt(ALL[statement], edits, folder, **options))


def changed(**cells: str) -> list[str]:
    """The chapter's cells, some of them replaced: c0="..."."""
    return [cells.get(f"c{i}", source) for i, source in enumerate(CHAPTER)]


# the course's saboteurs


def test_every_statement_has_a_saboteur():
    assert sorted(EDITS) == sorted(s.id for s in ALL)


@pytest.mark.parametrize("statement", ALL, ids=lambda s: s.id)
def test_a_saboteur_fits_its_chapter(statement):
    """Each edit finds its place and leaves the verdict's condition and figures unchanged."""
    notebook = nbformat.read(ROOT / "notebooks" / f"{statement.chapter}.ipynb", 4)
    before = [tool.settlements(cell.source) for cell in notebook.cells if cell.cell_type == "code"]
    tool.sabotage(notebook, EDITS[statement.id])
    assert before == [
        tool.settlements(cell.source) for cell in notebook.cells if cell.cell_type == "code"
    ]


@pytest.mark.parametrize("statement", ALL, ids=lambda s: s.id)
def test_an_edit_replaces_whole_names(statement):
    """An edit that began within a name, gaps in long_gaps, would leave half of it."""
    notebook = nbformat.read(ROOT / "notebooks" / f"{statement.chapter}.ipynb", 4)
    code = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "code")
    for edit in EDITS[statement.id]:
        assert re.search(rf"(?<!\w){re.escape(edit.old)}", code) or not edit.old[0].isidentifier()
        assert re.search(rf"{re.escape(edit.old)}(?!\w)", code) or not edit.old[-1].isidentifier()


def test_a_saboteur_completes_a_sentence():
    for s in ALL:
        assert s.saboteur == s.saboteur.strip().removesuffix(".") and len(s.saboteur) < 90, s.id


@pytest.mark.slow
@pytest.mark.parametrize("statement", tool.drawn(3), ids=lambda s: s.id)
def test_a_verdict_fails_when_it_should(statement, record_property):
    outcome = asyncio.run(tool.attempt(statement, EDITS[statement.id]))
    record_property(f"{statement.id} fails when {statement.saboteur}", f"{outcome.seconds:.0f} s")
    assert outcome.fails, outcome.said


def test_the_commit_draws(tmp_path):
    assert tool.drawn(3) == tool.drawn(3) and len(set(tool.drawn(33))) == 33
    (tmp_path / "rnn_course").mkdir()
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@b"]
    draws = [tool.drawn(3, tmp_path)]  # without a repository, the sources decide
    (tmp_path / "rnn_course" / "a.py").write_text("1")
    draws.append(tool.drawn(3, tmp_path))
    subprocess.run([*git, "init", "-q"], cwd=tmp_path, check=True)
    for message in "abcd":
        subprocess.run(
            [*git, "commit", "-q", "--allow-empty", "-m", message], cwd=tmp_path, check=True
        )
        draws.append(tool.drawn(3, tmp_path))
    assert all(len(set(draw)) == 3 for draw in draws)
    assert len({tuple(s.id for s in draw) for draw in draws}) > 3


# the engine, on a small chapter


def test_a_verdict_that_fails_stops_the_chapter(tmp_path):
    fails, said, seconds = attempt(chapter(tmp_path, *CHAPTER), SHUFFLED)
    assert (fails, said) == (True, "over chance, all")
    assert 0 < seconds < 60


@pytest.mark.slow
@pytest.mark.parametrize(
    "cells, said",
    [
        ({}, "still holds: 100%"),
        ({"c1": "right = 1 / 0"}, "stopped by ZeroDivisionError in cell "),
        ({"c1": "assert labels[0] == 9\nright = 1"}, "stopped by AssertionError in cell "),
        ({"c2": "pass", "c3": ""}, "the chapter has no verdict on it"),
        ({"c1": "import os; os._exit(1)"}, "stopped: the kernel died in cell "),
        ({"c0": "labels = [1, 2, 3, 4]; labels = [1, 2, 3, 4]"}, "not tried: 01_summarise.ipynb: "),
    ],
)
def test_anything_but_the_verdict_is_reported(tmp_path, cells, said):
    nothing = tool.Edit("[1, 2, 3, 4]", "[1, 2] + [3, 4]")
    outcome = attempt(chapter(tmp_path, *changed(**cells)), nothing)
    assert not outcome.fails and outcome.said.startswith(said)


@pytest.mark.slow
def test_a_condition_that_always_holds_is_named(tmp_path, capsys):
    """A verdict whose condition is True cannot be falsified."""
    (tmp_path / "S1.toml").write_text(
        '[["S1.1"]]\nold = "[1, 2, 3, 4]"\nnew = "[4, 3, 2, 1]"\n', encoding="utf-8"
    )
    folders = ["--notebooks", str(tmp_path), "--saboteurs", str(tmp_path)]
    chapter(tmp_path, *CHAPTER)
    assert tool.main(["S1.1", *folders]) == 0
    assert capsys.readouterr().out.splitlines()[-1].startswith("1 of 1 fail when they should (")
    chapter(tmp_path, *changed(c2='settle("S1.1", True, "{right:.0%}", right=right)'))
    assert tool.main(["S1.1", *folders]) == 1
    named, count = capsys.readouterr().out.splitlines()
    assert named.startswith("S1.1  DOES NOT FAIL") and named.endswith("still holds: 0%")
    assert count.startswith("0 of 1 fail when they should (")


@pytest.mark.slow
def test_statements_of_one_cell_are_falsified_each_by_itself(tmp_path):
    both = changed(c2='for name in ("S1.1", "S1.2"):\n    settle(name, labels[0] == 1, n=1)')
    for statement in (0, 1):
        assert attempt(chapter(tmp_path, *both), SHUFFLED, statement=statement).fails


@pytest.mark.slow
def test_a_cell_that_never_ends_is_stopped(tmp_path):
    folder = chapter(tmp_path, *changed(c1="while True:\n    pass"))
    outcome = attempt(folder, SHUFFLED, timeout=2)
    assert not outcome.fails
    assert outcome.said.startswith("stopped: cell ") and outcome.said.endswith("more than 2 s")
    assert outcome.seconds < 60


@pytest.mark.parametrize(
    "edits, message",
    [
        ([], "expected at least one edit, got none"),
        ([("right", "wrong")], "'right' occurs 6 times"),
        ([("nowhere", "here")], "'nowhere' occurs 0 times"),
        ([("", "x")], "'' occurs 0 times"),
        ([("[1, 2, 3, 4]", "[1, 2, 3, 4]")], "to something else"),
        ([("right > 0.25", "right > 2")], "outside the call of settle, got 'right > 0.25'"),
        ([('1}, n=1)\nsettle("S1.1", {', "x")], "outside the call of settle"),
        ([("[1, 2, 3, 4]", "1\nsettle = print")], "that does not settle"),
        ([SHUFFLED, SHUFFLED], "occurs 0 times"),
    ],
)
def test_an_edit_has_one_place_and_leaves_the_verdict_alone(edits, message):
    notebook = new_notebook(cells=[*map(new_code_cell, CHAPTER)])
    with pytest.raises(ValueError, match=message.replace("(", r"\(").replace("[", r"\[")):
        tool.sabotage(notebook, [tool.Edit(*edit) for edit in edits])


@pytest.mark.parametrize(
    "text, message",
    [
        ('[["S1.1"]]\nold = "a"', "S1.toml: S1.1: expected"),
        ('[["S1.1"]]\nold = "a"\nnew = "b"\ncell = 3', "S1.toml: S1.1: expected"),
        ('"S1.1" = ["a"]', "S1.toml: S1.1: expected"),
        ("old", "S1.toml: Expected '='"),
    ],
)
def test_a_malformed_file_of_saboteurs_is_named(tmp_path, text, message):
    (tmp_path / "S1.toml").write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=message):
        tool.saboteurs(tmp_path)


def test_two_saboteurs_of_one_statement_are_one_too_many(tmp_path):
    for name in ("S1", "S2"):
        (tmp_path / f"{name}.toml").write_text('[["S1.1"]]\nold = "a"\nnew = "b"')
    with pytest.raises(ValueError, match="S2.toml: S1.1: has a saboteur already"):
        tool.saboteurs(tmp_path)


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["S9.1"], "got S9.1"),
        (["--jobs", "0"], "argument --jobs: expected 1 or more, got 0"),
        (["--timeout", "x"], "argument --timeout: invalid"),
    ],
)
def test_wrong_usage_is_explained(arguments, message, capsys):
    with pytest.raises(SystemExit) as stopped:
        tool.main(arguments)
    assert stopped.value.code == 2
    assert message in capsys.readouterr().err


@pytest.mark.slow
def test_ctrl_c_ends_the_kernels_too(tmp_path):
    folder = chapter(
        tmp_path,
        *changed(c1="import os\nopen('pid', 'w').write(str(os.getpid()))\nwhile True:\n    pass"),
    )
    (folder / "S1.toml").write_text(
        '[["S1.1"]]\nold = "[1, 2, 3, 4]"\nnew = "[4, 3, 2, 1]"\n'
        '[["S1.2"]]\nold = "[1, 2, 3, 4]"\nnew = "[4, 3, 2, 1]"\n'
    )
    run = subprocess.Popen(
        [
            sys.executable,
            TOOL,
            "S1.1",
            "S1.2",
            "--jobs",
            "1",
            "--notebooks",
            folder,
            "--saboteurs",
            folder,
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # `make test &` ignores it
    )
    pid = folder / "pid"
    try:
        until = time.monotonic() + 60
        while not (pid.is_file() and pid.read_text()) and time.monotonic() < until:
            time.sleep(0.1)
        run.send_signal(signal.SIGINT)
        out, err = run.communicate(timeout=60)
    finally:
        run.kill()
    assert (run.returncode, out, err) == (130, "", "Stopped.\n")
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid.read_text()), 0)

"""Marking: what is right earns its points, and nothing else that a submission does earns any."""

from __future__ import annotations

import csv
import json
import re
from itertools import zip_longest

import nbformat
import pytest
from submissions import cell, code, right

from rnn_course.homework import grade, mutants, report
from rnn_course.homework.__main__ import main
from rnn_course.homework.assignment import load, names
from rnn_course.homework.run import Limits

# One process is started for each submission, and in it the package is imported.
pytestmark = pytest.mark.slow

ALL = {"check-weights": 4, "check-pooled": 4, "check-network": 3}
NONE = dict.fromkeys(ALL, 0)
LIMITS = Limits(seconds=6, megabytes=1500)


@pytest.fixture(scope="module")
def given():
    return load("hw1")


@pytest.fixture(scope="module")
def key(given):
    return grade.answer_key(given, seed=3)


def rounds(given):
    """The mutants, one for each check: of each cell one in a round, beside those of other cells."""
    of_cell = {}
    for mutant in {each.caught_by: each for each in given.mutants}.values():
        of_cell.setdefault(mutant.cell, []).append(mutant)
    return [list(filter(None, each)) for each in zip_longest(*of_cell.values())]


@pytest.mark.parametrize("name", names())
def test_the_grader_agrees_with_the_checks_themselves(name, tmp_path):
    """What fails when the checks assert fails when what they report is compared elsewhere."""
    given = load(name)
    key = grade.answer_key(given, seed=1)
    for together in rounds(given):
        mutated, notebook = given, right(name)
        for mutant in together:
            mutated = mutated.mutated(mutant)
            cell(notebook, mutant.cell).source = mutated.cell(mutant.cell).source
        nbformat.write(notebook, tmp_path / "one.ipynb")
        graded = grade.grade(tmp_path / "one.ipynb", "one", given, key, seed=1)
        failed = {mark.name for mark in graded.marks if mark.points == 0}
        assert failed == {name for name, _ in mutants.failures(mutated)}
        assert failed >= {mutant.caught_by for mutant in together}


@pytest.fixture
def marks(given, key, tmp_path):
    """Points by check, and the notes, of a notebook or of the text of a file."""

    def marked(submission):
        path = tmp_path / "anyone.ipynb"
        text = submission if isinstance(submission, str) else nbformat.writes(submission)
        path.write_text(text, encoding="utf-8")
        graded = grade.grade(path, "anyone", given, key, seed=3, limits=LIMITS)
        points = {mark.name: mark.points for mark in graded.marks if mark.points is not None}
        return points, " ".join(graded.notes), {mark.name: mark.message for mark in graded.marks}

    return marked


def test_right_answers_earn_all_and_blank_ones_nothing(marks):
    points, notes, _ = marks(right())
    assert points == ALL and notes == ""
    points, _, messages = marks(right(without=("weights", "pooled", "network")))
    assert points == NONE and {messages[name] for name in ALL} == {"not done yet"}


def test_what_is_right_earns_its_part(marks):
    points, _, _ = marks(right(without=("network",)))
    assert points == ALL | {"check-network": 0}
    wrong = right()
    weights = cell(wrong, "weights")
    weights.source = weights.source.replace("/ w.sum(1,", "/ 2 / w.sum(1,")
    points, _, messages = marks(wrong)
    assert points["check-weights"] == 0 and "sum to one" in messages["check-weights"]


# --- submissions that mean harm, or are broken ----------------------------------------------------


def first(source):
    """Put a cell of the student's own at the beginning."""

    def spoil(notebook):
        notebook.cells.insert(0, code(source))

    return spoil


def replaced(name, source):
    """Put something else into a cell."""

    def spoil(notebook):
        cell(notebook, name).source = source

    return spoil


def added(name, source):
    """Append lines to a cell."""

    def spoil(notebook):
        cell(notebook, name).source += f"\n{source}"

    return spoil


def deleted(*names):
    """Delete cells."""

    def spoil(notebook):
        notebook.cells = [c for c in notebook.cells if c not in [cell(notebook, n) for n in names]]

    return spoil


def bare(notebook):
    for each in notebook.cells:
        each.metadata, each.id = {}, nbformat.v4.new_code_cell().id


def twice(notebook):
    copied = code(cell(notebook, "weights").source.replace("w.sum(1,", "w.sum(0,"))
    copied.metadata = cell(notebook, "weights").metadata
    notebook.cells.insert(0, copied)


PATCH = """
import rnn_course.homework, rnn_course.compare as compare, torch, numpy
compare.difference = compare.shortfall = lambda *a, **k: None
compare.same = rnn_course.homework.same = same = lambda *a, **k: None
torch.equal = torch.allclose = lambda *a, **k: True
numpy.isclose = lambda a, b, **k: numpy.ones(numpy.shape(a), bool)
"""
WRONG = "def weights(lengths, T):\n    return torch.ones(len(lengths), T)"


def patched(notebook):
    first(PATCH)(notebook)
    replaced("weights", PATCH + WRONG)(notebook)


def edited(notebook):
    replaced("check-weights", "pass")(notebook)
    replaced("weights", WRONG)(notebook)


def always_equal(notebook):
    """A tensor that says that it equals everything."""
    yes = "class Yes(torch.Tensor):\n    __eq__ = __ne__ = __lt__ = __gt__ = lambda *_: True\n\n"
    wrong = WRONG.replace("T)", "T).as_subclass(Yes)").replace("T).as_subclass(Yes):", "T):")
    replaced("weights", yes + wrong)(notebook)


NETWORK = {"check-network": 0}
# What is done; what it loses; what the notes say.
HOSTILE = {
    "a loop without end": (replaced("network", "while True: pass"), NETWORK, "seconds"),
    "a loop in a cell of its own": (first("while True: pass"), {}, "seconds"),
    "takes all memory": (first("a = []\nwhile True: a.append(bytearray(5 * 10**7))"), {}, "memory"),
    "os._exit": (first("import os\nos._exit(0)"), {}, "ended the process"),
    "os._exit in an answer": (added("network", "import os; os._exit(0)"), NETWORK, "ended"),
    "kills itself": (
        first("import os, signal\nos.kill(os.getpid(), signal.SIGKILL)"),
        {},
        "Refused",
    ),
    "crashes Python": (first("import ctypes\nctypes.string_at(0)"), {}, "ended"),
    "SystemExit": (first("raise SystemExit"), {}, "SystemExit"),
    "a check deleted": (deleted("check-weights"), {}, ""),
    "an answer deleted": (deleted("network"), NETWORK, "network: missing"),
    "an answer twice": (twice, {}, "2 times"),
    "all marks lost": (bare, {}, "found by what it defines"),
    "a check edited": (replaced("check-weights", "print('passed')"), {}, ""),
    "a check edited, the answer wrong": (edited, NONE, ""),
    "comparisons patched": (patched, NONE, ""),
    "equal to everything": (always_equal, NONE, ""),
    "writes outside": (first("open('/tmp/rnn-course-was-here', 'w')"), {}, "its own folder"),
    "removes files": (first("import shutil\nshutil.rmtree('/nowhere')"), {}, "Refused"),
    "uses the network": (first("import socket\nsocket.create_connection(('a', 1))"), {}, "Refused"),
    "starts a process": (first("import subprocess\nsubprocess.run(['true'])"), {}, "Refused"),
    "huge output": (first("for _ in range(10**5): print('x' * 1000)"), {}, ""),
    "a syntax error": (
        replaced("pooled", "def pooled(h, lengths:"),
        NETWORK | {"check-pooled": 0},
        "SyntaxError",
    ),
    "magics and commands": (first("%matplotlib inline\n!rm -rf /nowhere\n%time 1"), {}, ""),
}


def test_the_page_for_lecturers_lists_them_all(root):
    text = (root / "book" / "lecturers.md").read_text(encoding="utf-8")
    rows = text.split("* - The submission")[1].split("```")[0]
    assert re.findall(r"^\* - (.+)$", rows, re.MULTILINE) == list(HOSTILE)


@pytest.mark.parametrize("what", HOSTILE)
def test_a_hostile_submission_earns_what_is_right_in_it(what, marks):
    spoil, loses, said = HOSTILE[what]
    notebook = right()
    spoil(notebook)
    points, notes, _ = marks(notebook)
    assert points == ALL | loses
    assert said in notes


@pytest.mark.parametrize(
    "text",
    ["", "not a notebook", "[]", '{"cells": 3}', '{"cells": [{"source": 1}]}', "\x00" * 100,
     json.dumps({"cells": [{"cell_type": "code", "source": "x", "metadata": []}]}), "[" * 10**5],
)  # fmt: skip
def test_a_file_that_is_no_notebook_earns_nothing(text, marks):
    points, notes, _ = marks(text)
    assert points == NONE and notes


def test_a_release_of_another_key_is_marked_and_fails(marks):
    points, notes, _ = marks(right(key="another term"))
    assert points["check-weights"] == 0 and "another release" in notes


def test_the_solution_has_to_pass_its_own_checks(given):
    broken = given.mutated(given.mutants[0])
    with pytest.raises(ValueError, match="the solution fails check-weights"):
        grade.answer_key(broken, seed=0)


def test_a_folder_is_graded_into_a_table_and_pages(tmp_path, monkeypatch, capsys):
    folder = tmp_path / "handed in"
    folder.mkdir()
    nbformat.write(right(), folder / "ada.ipynb")
    nbformat.write(right(without=("network",)), folder / "=bob.ipynb")
    (folder / "eve.ipynb").write_text("nothing")
    monkeypatch.setattr("sys.argv", ["homework", "grade", str(folder), "--homework", "hw1"])
    assert main() == 0
    results = tmp_path / "handed in-graded"
    with (results / "hw1.csv").open(encoding="utf-8") as file:
        rows = {row["student"]: row for row in csv.DictReader(file)}
    assert [rows[name]["checks"] for name in ("ada", "'=bob", "eve")] == ["11", "8", "0"]
    assert rows["ada"]["reading (2)"] == ""  # marked by hand
    assert "not done yet" in (results / "=bob.html").read_text(encoding="utf-8")
    assert sorted(path.name for path in folder.iterdir()) == [
        "=bob.ipynb",
        "ada.ipynb",
        "eve.ipynb",
    ]


def test_a_page_shows_what_students_wrote_as_text(given):
    mark = grade.Mark("check-weights", 0, 4, "<script>alert(1)</script>")
    text = report.page(grade.Graded("<b>", (mark,), ("<i>",)), given)
    assert "<script>" not in text and "<b>" not in text and "<i>" not in text

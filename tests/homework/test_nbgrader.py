"""The same sources in nbgrader: generate, autograde, export; and the points are our grader's."""

from __future__ import annotations

import csv
import os
import sys
from pathlib import Path

import nbformat
import pytest
from submissions import cell, right

from rnn_course.homework import build, grade, marks
from rnn_course.homework.assignment import load

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore"),  # nbgrader's own, and those of what it is made of
]


def wrong():
    """The gradient by hand is wrong, the rest is right."""
    notebook = right()
    pooled = cell(notebook, "pooled")
    pooled.source = pooled.source.replace("* g[:, None, :]", "* g[:, None, :].abs()")
    return notebook


@pytest.fixture
def course(tmp_path, monkeypatch):
    """nbgrader's view of a course folder with one assignment in it."""
    from nbgrader.apps import NbGraderAPI
    from traitlets.config import Config

    monkeypatch.chdir(tmp_path)
    scripts = Path(sys.executable).parent  # nbgrader calls alembic by its bare name
    monkeypatch.setenv("PATH", f"{scripts}{os.pathsep}{os.environ['PATH']}")
    build.write(build.notebook(load("hw1")), tmp_path / "source" / "hw1" / "hw1.ipynb")
    config = Config()
    config.CourseDirectory.root = str(tmp_path)
    config.CourseDirectory.db_url = f"sqlite:///{tmp_path / 'gradebook.db'}"
    config.ExecutePreprocessor.timeout = 300
    return NbGraderAPI(config=config)


def test_three_students_get_the_same_points(course, tmp_path):
    students = {"ada": right(), "bob": right(without=("network",)), "eve": wrong()}
    made = course.generate_assignment("hw1")
    assert made["success"], made["log"]
    released = nbformat.read(tmp_path / "release" / "hw1" / "hw1.ipynb", as_version=4)
    ours = build.release(load("hw1"))
    assert [c.source.rstrip() for c in released.cells] == [c.source for c in ours.cells]

    given = load("hw1")
    key = grade.answer_key(given, seed=0)
    points = {}
    for student, notebook in students.items():
        for each in notebook.cells:  # what is drawn is marked by hand, and takes a minute
            if marks.entry(each).get("grade_id") == "experiment":
                each.source = ""
        path = tmp_path / "submitted" / student / "hw1" / "hw1.ipynb"
        path.parent.mkdir(parents=True)
        nbformat.write(notebook, path)
        done = course.autograde("hw1", student)
        assert done["success"], done["log"]
        points[student] = grade.grade(path, student, given, key, seed=0).points
    assert points == {"ada": 11, "bob": 8, "eve": 7}

    with course.gradebook as gradebook:
        for student in students:
            assert gradebook.find_submission("hw1", student).score == points[student]

    from nbgrader.apps import ExportApp

    table = tmp_path / "grades.csv"
    app = ExportApp.instance(config=course.config)
    app.initialize([f"--to={table}"])
    app.start()
    with table.open(encoding="utf-8") as file:
        rows = {row["student_id"]: float(row["raw_score"]) for row in csv.DictReader(file)}
    assert rows == points

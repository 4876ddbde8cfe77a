"""Submissions for the tests: a right one, and ways to spoil it."""

from __future__ import annotations

import copy
from functools import lru_cache

import nbformat

from rnn_course.homework import build, marks
from rnn_course.homework.assignment import load


@lru_cache
def _right(name, key):
    made = load(name, key)
    notebook = build.release(made)
    for cell in notebook.cells:
        name = marks.entry(cell).get("grade_id")
        if name and marks.entry(cell)["solution"]:
            cell.source = made.cell(name).source
    return notebook


def right(name="hw1", key="public", without=()):
    """The release with the right answers in it, but for the cells named in `without`."""
    notebook = copy.deepcopy(_right(name, key))
    blank = {c.id: c.source for c in build.release(load(name, key)).cells} if without else {}
    for cell in notebook.cells:
        if marks.entry(cell).get("grade_id") in without:
            cell.source = blank[cell.id]
    return notebook


def cell(notebook, name):
    """The cell of this name."""
    return next(c for c in notebook.cells if marks.entry(c).get("grade_id") == name)


def code(source):
    """A cell of the student's own."""
    return nbformat.v4.new_code_cell(source)

"""The form of a chapter: the idea in sight, the apparatus folded, each prediction answered."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from rnn_course import ledger
from rnn_course.notebooks import chapters

ROOT = Path(__file__).resolve().parents[2]
CHAPTERS = chapters(ROOT / "notebooks")
FOLDED = {"hide-input", "hide-cell", "remove-input", "remove-cell"}
LINES, CELL = 130, 16  # visible lines of code in a chapter, and in one cell, at most
APPARATUS = re.compile(r"\b(settle|glue|movable)\(|\bplt\.|\bax\.|\bplots\.|\.subplots\(")
PREDICT, ANSWER = re.compile(r"\*\*Predict\b"), re.compile(r"^\*\*Answer\.\*\*", re.MULTILINE)


@pytest.fixture(params=CHAPTERS, ids=lambda path: path.stem)
def cells(request):
    return json.loads(request.param.read_text(encoding="utf-8"))["cells"]


def visible(cells):
    """The source of each code cell that a reader sees on the page, without its empty lines."""
    for cell in cells:
        if cell["cell_type"] == "code" and not FOLDED & set(cell["metadata"].get("tags", [])):
            source = "".join(cell["source"])
            yield "\n".join(line for line in source.splitlines() if line.strip())


def text_of(cells):
    return "\n\n".join("".join(c["source"]) for c in cells if c["cell_type"] == "markdown")


def test_little_code_is_in_sight(cells):
    sizes = [len(source.splitlines()) for source in visible(cells)]
    assert sum(sizes) <= LINES
    assert max(sizes) <= CELL


def test_no_apparatus_is_in_sight(cells):
    assert [s for s in visible(cells) if APPARATUS.search(s)] == []


def test_what_is_folded_says_what_it_is(cells):
    for cell in cells:
        if "hide-input" in cell["metadata"].get("tags", []):
            shown = cell["metadata"].get("mystnb", {}).get("code_prompt_show", "")
            assert re.match(r"(Imports|How this is (judged|drawn|measured))", shown), cell["id"]


def test_results_are_sentences_and_no_truth_values(cells):
    for cell in cells:
        for output in cell.get("outputs", []):
            assert not re.search(r": True$", "".join(output.get("text", [])), re.MULTILINE)


def test_every_prediction_is_answered_before_the_next(cells):
    text = text_of(cells)
    found = [*PREDICT.finditer(text), *ANSWER.finditer(text)]
    order = [
        "P" if PREDICT.match(m.group()) else "A" for m in sorted(found, key=lambda m: m.start())
    ]
    assert order and "".join(order) == "PA" * (len(order) // 2)


def test_a_chapter_opens_and_closes_as_a_chapter_does(cells):
    text = text_of(cells)
    opening = text[: text.index("\n## ")]
    for part in ("**Slides", "**After this chapter you can", "**You need", "**Time"):
        assert part in opening, part
    assert "\n## What was seen" in text and "\n## Exercises" in text
    assert text.index("\n## What was seen") < text.index("\n## Exercises")


def test_titles_are_numbered_as_the_files_are():
    for path in CHAPTERS:
        first = json.loads(path.read_text(encoding="utf-8"))["cells"][0]
        number = int(path.stem[:2])
        assert "".join(first["source"]).startswith(f"# {number} · "), path.stem


def test_exercises_are_graded(cells):
    titles = re.findall(r"\{exercise(?:-start)?\}([^\n]*)", text_of(cells))
    assert titles and all("★" in title for title in titles)


def test_static_figures_have_a_name_a_caption_and_a_description(cells):
    for cell in cells:
        meta = cell["metadata"].get("mystnb", {})
        if "image" in meta:
            assert meta["image"].get("alt"), cell["id"]
            figure = meta.get("figure", {})
            assert figure.get("name", "").startswith("fig-") and figure.get("caption"), cell["id"]


def test_the_page_of_the_slides_leads_to_each_statement_once():
    page = (ROOT / "book" / "slides.md").read_text(encoding="utf-8")
    rows = re.findall(
        r"^\*\*\[(S\d\.\d)\]\(ledger\.md#\1\)\*\* (.+)\\\n"
        r"\[\d+ · .+?\]\(\.\./notebooks/(\w+)\.ipynb#\1\)",
        page,
        re.M,
    )
    assert rows == [(s.id, s.text, s.chapter) for s in ledger.load() if not s.own]


def test_each_silent_bug_has_its_test():
    page = (ROOT / "book" / "silent_bugs.md").read_text(encoding="utf-8")
    named = re.findall(r"`(test_\w+)` in `(tests/[\w/]+\.py)`", page)
    assert len(named) >= 10
    for name, file in named:
        assert f"def {name}(" in (ROOT / file).read_text(encoding="utf-8"), name


def test_the_note_for_lecturers_says_what_their_page_says():
    page = (ROOT / "book" / "lecturers.md").read_text(encoding="utf-8")
    row = r"^\* - .*notebooks/(\w+)\.ipynb\).*\n  - (.*)\n  - (.*)\n  - (.*)$"
    rows = {name: rest for name, *rest in re.findall(row, page, re.MULTILINE)}
    assert sorted(rows) == sorted(path.stem for path in CHAPTERS)
    for path in CHAPTERS:
        text = text_of(json.loads(path.read_text(encoding="utf-8"))["cells"])
        note = text.split("{admonition} For those who teach it")[1].split("```")[0]
        minutes, ask, wrong = rows[path.stem]
        assert f"**Ask before you show.** {ask}\n" in note
        assert f"**What goes wrong.** {wrong}\n" in note
        assert f"about {minutes} minutes" in note

"""The assignments: their checks check, for any key; their releases are what is committed."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import replace
from itertools import combinations

import nbformat
import pytest
from submissions import right

from rnn_course.homework import __main__ as homework
from rnn_course.homework import build, marks, mutants, pages
from rnn_course.homework.assignment import PUBLIC, RELEASE, SOURCE, draw, load, names
from rnn_course.homework.check import check

NAMES = names()
KEYS = [PUBLIC, *(f"key {n}" for n in range(1, 20))]


@pytest.fixture(params=NAMES)
def name(request):
    return request.param


def test_there_is_one_for_each_section_of_the_deck():
    assert [n for n in NAMES if n.startswith("hw")] == [f"hw{n}" for n in range(1, 9)]


# --- the proof that the checks check; `make homework` does it for twenty keys ---------------------


@pytest.mark.slow
@pytest.mark.parametrize("key", KEYS[:2])
def test_every_mutant_is_caught_and_every_right_answer_passes(name, key):
    given = load(name, key)
    if key == PUBLIC or given.checks != load(name).checks:  # nothing is drawn for the museum
        assert mutants.prove(given).wrong == ()


def test_every_key_has_its_mutants(name):
    for key in KEYS:
        given = load(name, key)
        assert len(given.mutants) >= mutants.MUTANTS
        for mutant in given.mutants:
            given.mutated(mutant)  # raises if its text is gone
        assert {mutant.caught_by for mutant in given.mutants} == {c.name for c in given.checks}


def test_a_mutant_whose_text_is_gone_is_an_error(name):
    given = load(name)
    changed = given.answered({given.mutants[0].cell: "def other():\n    return 1"})
    with pytest.raises(ValueError, match="expected its text once"):
        mutants.proven(changed)


def test_a_check_that_checks_nothing_is_found(name):
    given = load(name)
    weak = given.checks[0].name
    meant = next(mutant for mutant in given.mutants if mutant.caught_by == weak)
    only = replace(given.answered({weak: "pass"}), answers={}, mutants=(meant,))
    proof = mutants.prove(only)
    assert any("the blank release passes" in each for each in proof.wrong)
    assert repr(meant.name) in " ".join(proof.wrong)


@pytest.mark.parametrize("name", [name for name in NAMES if name.startswith("hw")])
def test_two_keys_seldom_draw_the_same(name):
    pairs = list(combinations([load(name, key).checks for key in KEYS], 2))
    assert sum(one == other for one, other in pairs) <= len(pairs) / 10


def test_a_word_that_draws_as_the_public_one_is_pointed_out(monkeypatch, tmp_path, capsys):
    alike = load("hw4", "key 1")
    assert alike.checks == load("hw4").checks and alike.release != load("hw4").release
    monkeypatch.setattr(sys, "argv", ["", "build", "--key", "key 1", "--to", str(tmp_path)])
    assert homework.main() == 0
    said = capsys.readouterr().out
    assert "hw4: answers to the public version pass here too" in said
    assert "hw7" not in said


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in NAMES if name.startswith("hw")])
def test_what_is_right_for_one_key_fails_for_another(name):
    different = [
        (one, other)
        for one, other in combinations(KEYS[:6], 2)
        if load(name, one).checks != load(name, other).checks
    ]
    for one, other in different[:5]:
        mine = {c.name: c.source for c in load(name, one).cells if c.kind == "code"}
        assert next(mutants.failures(load(name, other).answered(mine)), None), (one, other)


def test_keys_draw_from_all_that_there_is():
    choices = {"form": ["a", "b"], "size": {"from": 1, "to": 3}}
    drawn = [draw(choices, f"{n}") for n in range(60)]
    assert {each["form"] for each in drawn} == {"a", "b"}
    assert {each["size"] for each in drawn} == {1, 2, 3}
    assert draw(choices, "7") == drawn[7]


# --- releases -------------------------------------------------------------------------------------


def test_the_release_is_what_is_committed_byte_for_byte(name, tmp_path):
    build.write(build.release(load(name)), tmp_path / "made.ipynb")
    assert (tmp_path / "made.ipynb").read_bytes() == (RELEASE / f"{name}.ipynb").read_bytes()
    page = pages.FOLDER / f"{name}.md"
    assert page.read_text(encoding="utf-8") == pages.page(load(name))


@pytest.mark.parametrize("key", KEYS[:4])
def test_a_release_holds_no_solution(name, key):
    given = load(name, key)
    text = "\n".join(cell.source for cell in build.release(given).cells)
    for word in ("BEGIN", "END SOLUTION", "HIDDEN", "Marks:"):
        assert word not in text
    for cell in given.cells:
        for part in re.findall(r"BEGIN SOLUTION(.*?)### END", cell.source, re.DOTALL):
            lines = [line.strip() for line in part.splitlines() if len(line.strip()) > 30]
            assert [line for line in lines if line in text] == []


def test_points_in_the_headings_are_those_of_the_cells(name):
    for key in KEYS[:4]:
        promised = given = 0
        for cell in load(name, key).cells:
            for points in re.findall(r"^## .*\((\d+) points?\)$", cell.source, re.MULTILINE):
                assert given == promised, cell.source
                promised += int(points)
            given += cell.points
        assert given == promised > 0


@pytest.mark.slow
def test_a_student_sees_what_passes(name, tmp_path):
    path = tmp_path / "mine.ipynb"
    nbformat.write(nbformat.read(RELEASE / f"{name}.ipynb", as_version=4), path)
    assert {wrong for _, _, wrong in check(path)} == {"not done yet"}
    done = right(name)
    spaced, altered, *_ = filter(marks.is_check, done.cells)
    spaced.source += "\n"  # which is no matter
    altered.source += "1"
    nbformat.write(done, path)
    found = {part: wrong for part, _, wrong in check(path)}
    assert "altered" in found.pop(marks.entry(altered)["grade_id"])
    assert set(found.values()) == {""}


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (('kind="check"', 'kind="chek"'), "expected a kind of"),
        (('name="pooled"', 'name="weights"'), "expected a name of its own"),
        (
            ('kind="check" name="check-pooled" points=4', 'kind="check" name="check-pooled"'),
            "0 points",
        ),
        (("{{ tau }}", "{{ nothing }}"), "nothing"),
    ],
)
def test_a_slip_in_the_source_is_named(change, says, tmp_path):
    for path in SOURCE.glob("hw1.*"):
        text = path.read_text(encoding="utf-8").replace(*change, 1)
        (tmp_path / path.name).write_text(text, encoding="utf-8")
    with pytest.raises(Exception, match=says):
        load("hw1", folder=tmp_path)
    with pytest.raises(ValueError, match="expected one of hw1, got 'hw9'"):
        load("hw9", folder=tmp_path)


@pytest.mark.slow
def test_a_student_needs_nothing_that_only_lecturers_have():
    lacking = ["jinja2", "jupytext", "nbformat", "nbgrader"]
    code = (
        f"import sys; sys.modules |= dict.fromkeys({lacking}); "
        "from rnn_course.homework.__main__ import main; sys.exit(main())"
    )
    done, refused = (
        subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True)
        for arguments in (["check", RELEASE / "hw1.ipynb"], ["build"])
    )
    assert done.returncode == 1 and "not done yet" in done.stdout and not done.stderr
    assert refused.returncode == 1 and "rnn-course[instructor]" in refused.stderr

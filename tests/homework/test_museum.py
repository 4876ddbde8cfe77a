"""The museum: a test is judged by what it does, and each exhibit's own test kills its bug."""

from __future__ import annotations

import random
import re
from functools import cache

import nbformat
import pytest
import torch
from submissions import right as submitted
from torch import nn

from rnn_course.homework import grade, marks
from rnn_course.homework.assignment import RELEASE, load
from rnn_course.homework.check import check
from rnn_course.homework.museum import cost, kills, looking, padding, right, shapes
from rnn_course.homework.museum.exhibits import EXHIBITS

NUMBERS = sorted(EXHIBITS)


# --- kills ----------------------------------------------------------------------------------------


def double(x):
    return x + 1  # the bug


def twice(x):
    return 2 * x


def added(x):
    return x + x


def good(f):
    assert f(3) == 6, "three doubled is six"


def not_written(f):
    raise NotImplementedError


def test_a_test_that_kills_is_let_through():
    kills(good, double, twice)
    kills(good, [double, lambda x: x], (twice, added))


def fails_for_another_reason(f):
    assert f(3)[0] == 6


def stops_on_what_is_right(f):
    assert [None] * 7 == [None] * 7 and {4: True}[f(3)]


def returns(f):
    return f(3) == 6


def passes_on_both(f):
    assert f(1) == 2  # in both


def fails_on_both(f):
    assert f(1) == 3, "one doubled is three"


def wrong_way_round(f):
    assert f(3) != 6


def looks_at_the_name(f):
    assert f.__name__ == "twice"


def depends_on_luck(f):
    x = int(torch.randint(2, ()))  # 1 + 1 = 2 · 1
    assert f(1 - x) == 2 * (1 - x)


def finds_one_of_two(f):
    assert f(3) != 4


@pytest.mark.parametrize(
    ("test", "says"),
    [
        (fails_for_another_reason, "stops on the bug with TypeError"),
        (stops_on_what_is_right, "stops on a right version with KeyError: 6"),
        (returns, "returns False, which nobody looks at"),
        (passes_on_both, "passes on what is right, and on the bug as well"),
        (fails_on_both, "fails on the bug and on what is right.* It says: one doubled is three"),
        (wrong_way_round, "wrong way round"),
        (looks_at_the_name, "passes on one right version and fails on another"),
        (depends_on_luck, r"finds the bug in \d+ of 20 runs"),
        (lambda: None, "stops on the bug with TypeError"),
        (None, "expected a function"),
    ],
)
def test_a_test_that_does_not_kill_is_refused_with_a_sentence(test, says):
    with pytest.raises(AssertionError, match=says):
        kills(test, double, [twice, added])


def test_the_same_bug_written_differently_is_to_be_found():
    with pytest.raises(AssertionError, match="not the same bug written differently"):
        kills(finds_one_of_two, [double, lambda x: 5], [twice])


def test_what_is_not_written_yet_is_not_done():
    with pytest.raises(NotImplementedError):
        kills(not_written, double, twice)


def test_a_network_is_made_anew_for_each_run_and_the_random_state_is_kept():
    seen = []

    class Network(nn.Linear):
        def __init__(self):
            super().__init__(2, 1)
            seen.append(self.weight.detach().clone())

    state = torch.random.get_rng_state()
    with pytest.raises(AssertionError, match="passes on what is right, and on the bug"):
        kills(lambda model: None, Network, Network, runs=3)
    assert torch.equal(torch.random.get_rng_state(), state)
    assert len(seen) == 6 and not torch.equal(seen[0], seen[1])
    assert torch.equal(seen[0], seen[3])  # both versions see the same random numbers


def test_an_exhibit_that_is_not_there_is_named():
    with pytest.raises(ValueError, match="expected one of 1 to 15, got 16"):
        cost(16, None)
    with pytest.raises(ValueError, match="got 0"):
        right(0)


# --- the exhibits ---------------------------------------------------------------------------------


@cache
def hall():
    """What the notebook defines, with the solutions, by name."""
    namespace = {}
    for cell in load("museum").cells:
        if cell.runs and cell.kind != "check" and "%pip" not in cell.source:
            exec(cell.source, namespace)
    return namespace


@pytest.fixture(params=NUMBERS)
def exhibit(request):
    """An exhibit's number, its bug, and its test."""
    number = request.param
    source = load("museum").cell(f"exhibit-{number}").source
    name = re.search(rf"kills\(test_exhibit_{number}, (\w+), right\({number}\)\)", source).group(1)
    return number, hall()[name], hall()[f"test_exhibit_{number}"]


def fresh(version):
    return version() if isinstance(version, type) else version


def test_its_test_fails_on_the_bug_and_passes_on_what_is_right(exhibit):
    number, broken, test = exhibit
    for seed in range(5):
        torch.manual_seed(seed)
        with pytest.raises(AssertionError):
            test(fresh(broken))
        for version in right(number):
            test(fresh(version))
    kills(test, broken, right(number))


def test_a_test_that_looks_at_nothing_or_at_too_much_is_refused(exhibit):
    number, broken, test = exhibit

    def too_much(version):
        raise AssertionError("never right")

    def backwards(version):
        try:
            test(version)
        except AssertionError:
            return
        raise AssertionError("no bug")

    for wrong, says in (
        (lambda version: None, "on the bug as well"),
        (too_much, "It says: never right"),
        (backwards, "wrong way round"),
        (lambda version: version.nothing, "stops on the bug with AttributeError"),
    ):
        with pytest.raises(AssertionError, match=says):
            kills(wrong, broken, right(number))


BETTER = {  # which figure has to be how much larger than which
    1: [("repaired: do they differ?", "with the bug: do they differ?", 1.5)],
    2: [("repaired", "with the bug", 2)],
    3: [("repaired", "with the bug", 2), ("with the bug", "chance", 2)],
    4: [
        ("Elman, repaired", "Elman, with the bug", 2),
        ("GRU, with the bug", "Elman, with the bug", 2),
    ],
    5: [("with the bug, per letter", "with the bug, as it reports it", 3)],
    6: [("repaired", "with the bug", 3)],
    7: [("repaired", "with the bug", 3)],
    8: [("repaired", "with the bug", 3)],
    9: [("repaired", "with the bug", 2)],
    10: [("repaired", "with the bug", 2)],
    11: [
        ("with the bug, in use", "repaired, in use", 2),
        ("the least possible", "with the bug, in training", 5),
    ],
    12: [
        ("with the bug, in use", "repaired, in use", 2),
        ("the least possible", "with the bug, in training", 5),
    ],
    13: [("with the bug", "repaired", 2)],
    14: [("repaired", "with the bug", 2)],
    15: [("with the bug, 2,000 steps", "repaired, 2,000 steps", 3)],
}


@pytest.mark.slow
def test_it_costs_what_the_text_says(exhibit):
    number, broken, _ = exhibit
    found = cost(number, broken)
    for larger, smaller, times in BETTER[number]:
        assert found.figures[larger] > times * found.figures[smaller], str(found)
    lines = str(found).splitlines()
    assert lines[0] == found.what and len({len(line) for line in lines[1:]}) == 1


@pytest.mark.parametrize(
    ("one", "other", "draw"),
    [
        (padding.OwnEnd, padding.Packed, lambda: some_names()),
        (padding.BothEnds, padding.FinalStates, lambda: (torch.randn(3, 5, 8),)),
        (shapes.BothLevels, shapes.OneByOne, lambda: (torch.randn(3, 5, 8),)),
    ],
)
def test_right_versions_of_the_same_parameters_agree(one, other, draw):
    torch.manual_seed(0)
    first, second, x = one(), other(), draw()
    second.load_state_dict(first.state_dict())
    torch.testing.assert_close(first(*x), second(*x))


def some_names():
    return torch.randint(1, 128, (3, 7)), torch.tensor([7, 1, 4])


def test_right_functions_agree():
    torch.manual_seed(0)
    o, y, lengths = torch.randn(3, 7, 5), torch.randint(5, (3, 7)), torch.tensor([7, 1, 4])
    torch.testing.assert_close(
        padding.masked_loss(o, y, lengths), padding.packed_loss(o, y, lengths)
    )
    assert torch.equal(looking.lower_triangle(5), looking.not_later(5))


# --- the notebook ---------------------------------------------------------------------------------


def test_each_exhibit_has_its_code_cost_test_proof_and_place():
    made = load("museum")
    assert len(made.checks) == len(EXHIBITS) >= 10
    text = "\n".join(cell.source for cell in made.cells if not cell.is_code)
    headings = re.findall(r"^## Exhibit (\d+) · .+$", text, re.MULTILINE)
    assert [int(number) for number in headings] == NUMBERS
    places = re.findall(
        r"<summary>Where it was found: .*?</summary>\n\n(.*?)\n\n</details>", text, re.S
    )
    assert len(places) == len(EXHIBITS)
    for place in places:
        assert re.search(r"\]\(https://github\.com/[\w-]+/[\w.-]+/(issues|pull)/\d+\)", place)
    kinds = [cell.kind for cell in made.cells if cell.is_code][2:]
    assert kinds == ["given", "drawing", "code", "check"] * len(EXHIBITS)


@pytest.mark.slow
def test_a_reader_sees_what_passes_and_nothing_is_trained(tmp_path):
    path = tmp_path / "mine.ipynb"
    nbformat.write(nbformat.read(RELEASE / "museum.ipynb", as_version=4), path)
    assert [wrong for _, _, wrong in check(path)] == ["not done yet"] * len(EXHIBITS)
    done = submitted("museum")
    for cell in done.cells:  # what is only shown is not run
        if marks.entry(cell).get("grade_id", "").startswith("drawing-"):
            assert "cost(" in cell.source
            cell.source = "raise SystemExit"
    nbformat.write(done, path)
    assert {wrong for _, _, wrong in check(path)} == {""}


@pytest.mark.slow
def test_it_can_be_graded(tmp_path):
    path, given = tmp_path / "mine.ipynb", load("museum")
    number = random.Random(0).choice(NUMBERS)
    nbformat.write(submitted("museum", without=[f"test-{number}"]), path)
    graded = grade.grade(path, "I", given, grade.answer_key(given, 0), 0)
    assert graded.points == len(EXHIBITS) - 1 and graded.of == len(EXHIBITS)
    assert [m.message for m in graded.marks if not m.points] == ["not done yet"]

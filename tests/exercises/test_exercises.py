"""`check`: right answers pass, wrong ones get the hint that is meant for them."""

from __future__ import annotations

import json
import re
from itertools import product
from pathlib import Path

import pytest
import torch
from answers import RIGHT, WRONG

from rnn_course.cells import ElmanCell, GRUCell
from rnn_course.exercises import CHAPTERS, check, vector_to_sequence
from rnn_course.exercises.registry import EXERCISES
from rnn_course.measures.walk import shortest_path
from rnn_course.networks.deep import BlockCell, Stack, Transition, mlp
from rnn_course.networks.sizes import n_parameters
from rnn_course.networks.two_dimensions import quadrants
from rnn_course.networks.vector_to_sequence import VectorToSequence
from rnn_course.notebooks import chapters
from rnn_course.tasks.coins import Coins
from rnn_course.tasks.futures import Futures
from rnn_course.tasks.number_words import make_number_words

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOKS = chapters(ROOT / "notebooks")
CALL = re.compile(r'check\("([\w-]+)"')
IMPORT = "from rnn_course.exercises import check"


def asked(path):
    """The exercises of a chapter, by label: its text, with code blocks within it."""
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    text = "\n\n".join("".join(c["source"]) for c in cells if c["cell_type"] == "markdown")
    blocks = re.findall(
        r"^(`{3,})\{exercise\}[^\n]*\n:label: (\S+)\n(.*?)^\1$", text, re.MULTILINE | re.DOTALL
    )
    return {label: body for _, label, body in blocks}


# --- answers ------------------------------------------------------------------------------------


@pytest.mark.parametrize(("label", "answer"), RIGHT)
def test_a_right_answer_passes(label, answer, capsys):
    check(label, answer)
    said = capsys.readouterr().out
    assert re.fullmatch(rf"{label} passes\. Looked at: [^A-Z\n].+\.\n", said)


@pytest.mark.parametrize(("label", "answer", "hint"), WRONG)
def test_a_wrong_answer_is_told_its_mistake(label, answer, hint):
    with pytest.raises(AssertionError, match=re.escape(hint)):
        check(label, answer)


def test_every_exercise_has_its_answers():
    assert {label for label, _ in RIGHT} == set(EXERCISES)
    for label in EXERCISES:
        assert len({hint for each, _, hint in WRONG if each == label}) >= 2, label


@pytest.mark.parametrize("label", EXERCISES)
def test_what_is_not_done_is_no_mistake(label):
    def undone(*given):
        raise NotImplementedError

    blanks = [None, undone, lambda *given: None] if EXERCISES[label].takes else [None]
    for blank in blanks:
        with pytest.raises(AssertionError, match=f"^{label} is not done yet: expected a?"):
            check(label, blank)


@pytest.mark.parametrize("label", EXERCISES)
def test_what_is_no_answer_at_all_is_refused(label):
    expected = re.escape(f"{label}: expected")
    strange = ["47", lambda: 0, dict] if EXERCISES[label].takes else ["47", lambda *given: 0, dict]
    for answer in strange:
        with pytest.raises((TypeError, ValueError), match=expected):
            check(label, answer)


def test_a_function_with_other_arguments_is_refused():
    with pytest.raises(TypeError, match=r"a function of \(rows, columns\) .*, got one of \(n\)"):
        check("ex-ch6-queue", lambda n: n)


def test_an_unknown_label_names_those_there_are():
    with pytest.raises(ValueError, match="expected one of ch8-.*, ex-wide, got 'ex-no'"):
        check("ex-no", 1)


def test_an_error_in_the_answer_is_its_own():
    with pytest.raises(ZeroDivisionError):
        check("ex-ch6-queue", lambda rows, columns: (1 / 0, 1))


def test_a_check_leaves_the_random_numbers_alone(capsys):
    answers = dict(RIGHT)
    torch.manual_seed(3)
    want = torch.rand(1)
    torch.manual_seed(3)
    for label in ("ex-mean", "ex-not-shifted", "ex-ch5-column"):
        check(label, answers[label])
    assert torch.equal(torch.rand(1), want)


# --- the chapters -------------------------------------------------------------------------------


def test_every_call_is_in_the_exercise_of_its_label():
    called = []
    for path in NOTEBOOKS:
        text = path.read_text(encoding="utf-8").replace('\\"', '"')
        found = {label: CALL.findall(body) for label, body in asked(path).items()}
        for label, calls in found.items():
            assert set(calls) <= {label}, f"{path.stem}, {label}"
        in_exercises = [label for calls in found.values() for label in calls]
        assert sorted(in_exercises) == sorted(CALL.findall(text)), path.stem
        called.append([label for label in EXERCISES if label in in_exercises])
    assert sorted(label for labels in called for label in labels) == sorted(EXERCISES)
    assert len(EXERCISES) >= 20 and all(called)


def test_a_module_of_checks_for_each_chapter():
    for path, module in zip(NOTEBOOKS, CHAPTERS, strict=True):
        assert module.__name__ == f"rnn_course.exercises.{path.stem[3:]}"
        here = {
            each.label for each in EXERCISES.values() if each.look.__module__ == module.__name__
        }
        assert here == {label for label in asked(path) if label in EXERCISES}


def test_each_chapter_says_once_where_check_is_from():
    for path in NOTEBOOKS:
        bodies = [body for body in asked(path).values() if CALL.search(body)]
        assert sum(body.count(IMPORT) for body in bodies) == 1 and IMPORT in bodies[0], path.stem


def test_a_call_in_a_chapter_has_the_arguments_that_are_asked_for():
    """Where a chapter shows a lambda, its arguments are those that the check calls it with."""
    for path in NOTEBOOKS:
        for label, body in asked(path).items():
            for arguments in re.findall(r'check\("[\w-]+", lambda ([\w, ]+):', body):
                assert arguments == EXERCISES[label].takes, label


# --- what the checks take for granted -----------------------------------------------------------


def test_the_sizes_of_chapter_2():
    task = make_number_words()
    n_symbols = vector_to_sequence.N_SYMBOLS
    assert (task.train.x.shape[1], len(task.symbols)) == (vector_to_sequence.N_X, n_symbols)

    def size(cell):
        return n_parameters(
            VectorToSequence(vector_to_sequence.N_X, n_symbols, cell, "h0", first=2)
        )

    budget = size(ElmanCell(96, 96))
    assert min(range(50, 80), key=lambda n: abs(size(GRUCell(n, n)) - budget)) == 64


@pytest.mark.parametrize("steps", [1, 4])
def test_a_coin_is_a_die_of_two_faces(steps):
    least = dict(RIGHT)["ex-ch3-dice"](2, steps)
    assert least == pytest.approx((Coins(steps).entropy_of_each(), Coins(steps).entropy()))


def test_two_corners_miss_what_quadrants_says():
    for k, corners in enumerate((["top left", "bottom right"], ["top left", "top right"])):
        seen = quadrants(corners, 3, 4)
        for at in product(range(3), range(4), range(3), range(4)):
            assert dict(RIGHT)["ex-ch6-two"](*at)[k] == (not seen[at])


@pytest.mark.parametrize(("depth", "below", "above"), [(1, 1, 1), (2, 2, 3), (3, 1, 2)])
def test_the_paths_of_chapter_8_are_those_of_autograd(depth, below, above):
    cell = BlockCell(3, mlp(3, *[5] * below), Transition(5, depth))
    x_t = torch.zeros(1, 3, requires_grad=True) * 1
    h, _ = cell(x_t, cell.initial_state(1))
    both = h, torch.cat([h, x_t], 1)
    found = [shortest_path(x_t, mlp(v.shape[1], *[5] * (above - 1), 2)(v)) for v in both]
    assert found == [*dict(RIGHT)["ch8-output"](below - 1, depth, above - 1)]

    stack = Stack(*(BlockCell(4, mlp(4, 4), Transition(4, depth)) for _ in range(3)))
    x_t = torch.zeros(1, 4, requires_grad=True) * 1
    h, state = stack(x_t, stack.initial_state(1))
    first = state[0]
    for _ in range(2):
        h, state = stack(x_t, state)
    assert shortest_path(first, h) == depth * dict(RIGHT)["ch8-count"] / 2


@pytest.mark.parametrize("ahead", [2, 4])
def test_the_ceilings_of_chapter_5_are_those_of_long_sequences(ahead):
    computed = Futures(400, 0, ahead).ceiling("forward")
    by_hand = {2: dict(RIGHT)["ex-ch5-delay"](0)[0], 4: dict(RIGHT)["ex-ch5-ceiling"]}[ahead]
    assert by_hand < computed < by_hand + 0.003

"""The year task: every sentence can be answered, its year is in place, and no split leaks."""

import hashlib
import re
import sys
from collections import Counter

import pytest
import torch
from elsewhere import printed_elsewhere

from rnn_course.tasks.base import SPLITS, UNKNOWN
from rnn_course.tasks.years.task import DECK, YEARS, by_rule, make_years, sentences, side
from rnn_course.tasks.years.wordings import AFTER, BEFORE, countries, vocabulary, words

EVERY_CELL = [(length, position) for length in range(6, 21) for position in range(2, length + 1)]


@pytest.fixture(scope="module")
def task():
    return make_years()


@pytest.fixture(scope="module")
def drawn():
    """Sentences of all kinds with their years: training and test, many cells."""
    return {split: sentences(EVERY_CELL, 3000, split) for split in SPLITS}


def numbers(text):
    return [int(word) for word in words(text) if word.isdecimal() and int(word) in YEARS]


def test_a_rule_written_by_hand_answers_every_sentence(task, drawn):
    for split in SPLITS:
        part = getattr(task, split)
        assert [by_rule(text) for text in task.decode(part.x)] == [YEARS[y] for y in part.y]
        assert all(by_rule(text) == year for text, year in drawn[split])
    assert [by_rule(text) for text in DECK] == [1999, 1999]


def test_the_year_is_at_the_position_asked_for(task):
    for length, position in EVERY_CELL:
        cell = task.at([(length, position)], 4)
        assert cell.lengths.tolist() == [length] * 4
        for text, y in zip(task.decode(cell.x), cell.y, strict=True):
            assert text.split()[position - 1] == task.labels[y]


def test_several_cells_come_in_order(task):
    cells = [(9, 4), (6, 2), (14, 13)]
    together, alone = task.at(cells, 5), [task.at([cell], 5) for cell in cells]
    assert together.y.tolist() == [y for cell in alone for y in cell.y.tolist()]
    assert task.decode(together.x) == [text for cell in alone for text in task.decode(cell.x)]
    assert task.decode(task.at(cells, 5, seed=1).x) != task.decode(together.x)


def test_training_has_its_cells_about_equally_often_and_no_others(task):
    for split in SPLITS:
        part = getattr(task, split)
        places = [
            (len(text.split()), text.split().index(str(by_rule(text))) + 1)
            for text in task.decode(part.x)
        ]
        counts = Counter(places)
        assert set(counts) == set(task.cells)
        expected = len(part) / len(task.cells)
        assert all(abs(n - expected) < 5 * expected**0.5 for n in counts.values())
    assert not {5, 6} & {position for _, position in task.cells}


def test_a_second_number_fills_any_room_and_gives_no_hint(drawn):
    two = first = last = 0
    for text, year in drawn["test"]:
        found = numbers(text)
        assert len(found) in (1, 2) and found.count(year) == 1
        if len(words(text)) >= 13:  # three words are free before or after the core
            assert len(found) == 2
        two += len(found) == 2
        first += len(found) == 2 and found[0] == year
        last += len(found) == 2 and found[-1] == year
    assert two > 0.8 * len(drawn["test"])
    assert max(first, last) < 0.6 * two
    seen = {n for text, year in drawn["train"] for n in numbers(text) if n != year}
    assert seen == set(YEARS)


def test_numbers_that_are_not_years_occur_at_the_positions_left_out_too(task):
    at = Counter()
    for text in task.decode(task.train.x):
        at.update(
            i
            for i, word in enumerate(text.split(), start=1)
            if word in task.labels and int(word) != by_rule(text)
        )
    assert min(at[5], at[6]) > 50


def test_years_are_about_equally_frequent(task):
    counts = torch.bincount(task.train.y, minlength=len(YEARS))
    expected = len(task.train) / len(YEARS)
    assert (counts - expected).abs().max() < 5 * expected**0.5


def test_no_sentence_as_a_network_sees_it_is_in_two_splits(task):
    cells = task.at(task.cells, 30, seed=3)
    seen = {split: {tuple(row.tolist()) for row in getattr(task, split).x} for split in SPLITS}
    seen["cells"] = {tuple(row.tolist()) for row in cells.x}
    for one, other in (
        ("train", "valid"),
        ("train", "test"),
        ("valid", "test"),
        ("train", "cells"),
    ):
        assert not seen[one] & seen[other]
    assert all(
        side(text) == split for split in SPLITS for text in task.decode(getattr(task, split).x)
    )


def test_unknown_words_do_not_decide_the_split():
    one, other = (f"i went to {name} in 1999" for name in countries()["new"][:2])
    assert side(one) == side(other) == side(f"i went to {countries()['unnamed'][0]} in 1999")


def test_the_lectures_sentences_are_in_no_training_set():
    assert [side(text) for text in DECK] == ["test", "test"]
    assert words(DECK[1]) == ["in", "1999", "i", "went", "to", "nepal"]
    assert "nepal" in countries()["known"]
    large = make_years(20_000, positions=(2, 6), lengths=(6,), n_test=10)
    assert {" ".join(words(text)) for text in DECK}.isdisjoint(large.decode(large.train.x))


def test_more_training_sentences_include_the_fewer(task):
    less = make_years(500, n_test=10)
    longest = less.train.x.shape[1]
    torch.testing.assert_close(less.train.x, task.train.x[:500, :longest])
    assert torch.equal(less.train.y, task.train.y[:500])
    assert not torch.equal(make_years(500, n_test=10, seed=1).train.y, less.train.y)


def test_countries_are_real_have_no_article_and_stay_in_their_splits(drawn):
    groups = countries()
    every = [name for names in groups.values() for name in names]
    assert len(every) == len(set(every)) > 150 and min(map(len, groups.values())) >= 10
    assert {"nepal", "france", "türkiye"} < set(every)
    assert not {"netherlands", "philippines", "eurozone", "pseudo-bidi"} & set(every)
    used = {split: {word for text, _ in drawn[split] for word in words(text)} for split in SPLITS}
    assert not set(groups["new"]) & used["train"]
    assert set(groups["unnamed"]) < used["train"]
    for split in ("valid", "test"):
        assert set(groups["new"]) < used[split]
        assert not set(groups["unnamed"]) & used[split]
    for split in SPLITS:
        assert len(set(groups["known"]) & used[split]) > 0.9 * len(groups["known"])


def test_training_teaches_every_symbol_and_the_unknown_one(task):
    x, _ = task.encode([text for text, _ in sentences(task.cells, 12_000, "train")])
    assert set(x.unique().tolist()) == set(range(len(task.symbols)))
    assert task.symbols == vocabulary() and task.symbols[UNKNOWN] == "�"
    assert list(task.symbols[2:]) == sorted(set(task.symbols[2:]))


def test_dates_come_in_two_real_formats(drawn):
    texts = [text for text, _ in drawn["train"]]
    for pattern in (r"\bon \d{1,2} [a-z]+ (\d{4})", r"\bon [a-z]+ \d{1,2} (\d{4})"):
        found = [re.search(pattern, text) for text in texts]
        assert sum(match is not None for match in found) > 100
        assert all(int(match[1]) == by_rule(match.string) for match in found if match)


def test_fillers_hold_no_number_and_fit_any_room():
    assert not any(word.isdecimal() for phrase in (*BEFORE, *AFTER) for word in phrase.split())
    for phrases in (BEFORE, AFTER):
        assert {len(phrase.split()) for phrase in phrases} >= {1, 2, 3, 4}


def test_encode_and_decode(task):
    x, lengths = task.encode([*DECK, "to Atlantis"])
    assert lengths.tolist() == [6, 6, 2]
    assert task.decode(x) == ["i went to nepal in 1999", "in 1999 i went to nepal", "to �"]


FINGERPRINT = """
import hashlib
from rnn_course.tasks.years.task import make_years
task = make_years(300, n_test=50)
parts = [bytes(str((task.symbols, task.labels)), "utf8")]
for split in (task.train, task.valid, task.test, task.at(task.cells, 2)):
    parts += [t.numpy().tobytes() for t in (split.x, split.y, split.lengths)]
print(hashlib.sha256(b"".join(parts)).hexdigest())
"""


def test_the_task_is_the_same_in_every_process():
    here = make_years(300, n_test=50)
    parts = [bytes(str((here.symbols, here.labels)), "utf8")]
    for split in (here.train, here.valid, here.test, here.at(here.cells, 2)):
        parts += [t.numpy().tobytes() for t in (split.x, split.y, split.lengths)]
    digest = hashlib.sha256(b"".join(parts)).hexdigest()
    assert printed_elsewhere(FINGERPRINT, "0") == printed_elsewhere(FINGERPRINT, "4321") == digest


def test_a_cell_with_too_few_sentences_is_an_error_and_not_an_endless_loop(monkeypatch):
    module = sys.modules[sentences.__module__]
    monkeypatch.setattr(module, "sentence", lambda *_: (DECK[0], 1999))
    assert sentences([(6, 6)], 1, "test") == [(DECK[0], 1999)]
    with pytest.raises(ValueError, match="count: expected fewer, .* hardly 2 different"):
        sentences([(6, 6)], 2, "test")


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda task: make_years(0), ValueError, "count: expected an integer of at least 1, got 0"),
        (
            lambda task: make_years(n_test=-1),
            ValueError,
            "count: expected an integer of at least 1",
        ),
        (
            lambda task: make_years(lengths=(5,)),
            ValueError,
            r"expected 6 ≤ length ≤ 40.* got \(5, 2\)",
        ),
        (lambda task: make_years(positions=(1,)), ValueError, r"position ≤ length, got \(6, 1\)"),
        (lambda task: make_years(positions=(20,)), ValueError, "at least one .* got none"),
        (lambda task: task.at([(8, 9)], 3), ValueError, r"cells: .* got \(8, 9\)"),
        (lambda task: task.at([(8, 3)], 0), ValueError, "count: expected an integer of at least 1"),
        (lambda task: sentences([(6, 4)], 5, "dev"), ValueError, "split: expected one of train"),
        (lambda task: task.encode("in 1999"), TypeError, "texts: expected a sequence of strings"),
        (lambda task: task.encode(["in 1999", " ."]), ValueError, "no empty text, .* index 1"),
        (lambda task: task.decode(torch.zeros(3)), ValueError, r"x: expected \(N, T\) symbols"),
        (lambda task: by_rule("from gate 1987"), ValueError, r"text: expected one year, got \[\]"),
        (lambda task: by_rule("in 1987 in 1988"), ValueError, "text: expected one year, got"),
    ],
)
def test_bad_input_is_refused(task, call, error, message):
    with pytest.raises(error, match=message):
        call(task)

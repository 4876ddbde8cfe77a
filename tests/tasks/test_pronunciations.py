"""Words and their phones as a task: how the words are split, and words held out."""

import pytest
import torch

from rnn_course.tasks.base import PADDING, UNKNOWN
from rnn_course.tasks.dictionary import read
from rnn_course.tasks.pronunciations import inventory, load_pronunciations, side


@pytest.fixture(scope="module")
def task():
    return load_pronunciations(limit=2000)


def test_no_word_is_in_two_splits(task):
    words = {name: task.decode(getattr(task, name).x) for name in ("train", "valid", "test")}
    for name, found in words.items():
        assert {side(word) for word in found} == {name}
    assert len(set(words["train"])) == 2000 < len(words["train"])  # a row per pronunciation
    for name in ("valid", "test"):
        assert len(set(words[name])) == len(words[name]) > 6000  # a row per word
    assert [sum(side(word) == name for word in read()) for name in words] == pytest.approx(
        [0.9 * len(read()), 0.05 * len(read()), 0.05 * len(read())], rel=0.03
    )


def test_rows_are_words_and_their_phones(task):
    for split in (task.train, task.test):
        words, said = task.decode(split.x), task.said(split.y)
        assert all(phones in task.listed[word] for word, phones in zip(words, said, strict=True))
        assert split.lengths.tolist() == [*map(len, words)]
        assert split.y_lengths.tolist() == [len(phones) + 1 for phones in said]
        assert (split.y.gather(1, split.y_lengths[:, None] - 1) == task.end).all()
        assert not (split.x == UNKNOWN).any() and not (split.y == UNKNOWN).any()


def test_a_pronunciation_stops_at_its_first_end_symbol(task):
    D, IY = task.phones.index("D"), task.phones.index("IY")
    y = torch.tensor([[D, IY, task.end, D], [IY, D, IY, PADDING], [task.end, 0, 0, 0]])
    assert task.said(y) == [("D", "IY"), ("IY", "D", "IY"), ()]


def test_a_limit_keeps_some_of_the_training_words(task):
    few = load_pronunciations(limit=100)
    assert set(few.decode(few.train.x)) < set(task.decode(task.train.x))
    assert torch.equal(few.test.x, task.test.x) and few.phones == task.phones
    with pytest.raises(ValueError, match="limit: expected an integer of at least 1, got 0"):
        load_pronunciations(limit=0)


def test_words_held_out_are_the_test():
    words = {"deep": (("D", "IY", "P"), ("D", "IH", "P")), "zzyzx": (("Z", "AY", "Z"),)}
    task = load_pronunciations(held_out=words)
    assert task.decode(task.test.x) == ["deep", "zzyzx"] and task.listed["deep"] == words["deep"]
    rest = {word for split in (task.train, task.valid) for word in task.decode(split.x)}
    assert rest == set(read()) - set(words)


@pytest.mark.parametrize("stress", [False, True])
def test_the_inventory_has_the_symbols_of_the_dictionary(stress):
    found = {p for listed in read(stress).values() for said in listed for p in said}
    task, alone = load_pronunciations(stress, limit=1), inventory(stress)
    assert alone.phones[:3] == ("", "�", ".") and [*alone.phones[3:]] == sorted(found)
    assert (alone.symbols, alone.phones, alone.end) == (task.symbols, task.phones, task.end)
    assert {*alone.symbols[2:]} == {letter for word in read() for letter in word}
    assert alone.said(task.test.y[:50]) == task.said(task.test.y[:50])


def test_words_held_out_have_stress_if_the_task_has():
    words = {"deep": (("D", "IY1", "P"), ("D", "IY2", "P")), "keep": (("K", "IY0", "P"),)}
    for stress, listed in (
        (True, words),
        (False, {"deep": (("D", "IY", "P"),), "keep": (("K", "IY", "P"),)}),
    ):
        task = load_pronunciations(stress, limit=1, held_out=words)
        assert {word: task.listed[word] for word in words} == listed
        assert task.said(task.test.y) == [listed["deep"][0], listed["keep"][0]]


def test_words_held_out_leave_some_for_training_and_validation():
    for words, lost in (
        (read(), "training"),
        ({w: read()[w] for w in read() if side(w) == "valid"}, "validation"),
    ):
        with pytest.raises(
            ValueError,
            match="held_out: expected words that leave some .* for "
            f"training and for validation, .* none for {lost}",
        ):
            load_pronunciations(held_out=words)

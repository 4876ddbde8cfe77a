"""CMUdict with a label per letter: listed phones, and an alignment learnt from training alone."""

import pytest
import torch

from rnn_course.tasks.base import UNKNOWN
from rnn_course.tasks.letters.alignment import Words, learn
from rnn_course.tasks.letters.task import SILENT, load_letters
from rnn_course.tasks.pronunciations import load_pronunciations, side


@pytest.fixture(scope="module")
def task():
    return load_letters(limit=6000)


@pytest.fixture(scope="module")
def whole():
    return load_pronunciations(limit=6000)


def test_the_letters_of_a_word_say_a_listed_pronunciation(task):
    for split in (task.train, task.valid, task.test):
        said = task.said(split.y, split.lengths)
        assert all(
            phones in task.listed[word]
            for word, phones in zip(task.decode(split.x), said, strict=True)
        )
        inside = torch.arange(split.x.shape[1]) < split.lengths[:, None]
        strange = split.y.masked_fill(~inside, task.labels.index("K S"))
        assert task.said(strange, split.lengths) == said  # padding says nothing
        assert split.y.shape == split.x.shape and torch.equal(split.y_lengths, split.lengths)
        assert (split.y[inside] > UNKNOWN).all() and not split.y[~inside].any()


def test_the_words_are_those_of_the_dictionary_except_those_left_out(task, whole):
    for name in ("train", "valid", "test"):
        mine, all_words = (t.decode(getattr(t, name).x) for t in (task, whole))
        out = task.left_out[name]
        assert sorted([*mine, *out]) == sorted(all_words)
        assert {side(word) for word in mine} == {name}
        assert len(out) < 0.01 * len(all_words)
    assert task.symbols == whole.symbols


def test_the_alignment_is_learnt_from_training_words_only(task, whole):
    split = whole.train
    y = torch.where(split.y == whole.end, 0, split.y)
    table = learn(Words(split.x, y, split.lengths, split.y_lengths - 1)).table
    assert torch.equal(task.aligner.table, table)


def test_each_label_is_what_some_letter_says(task):
    assert task.labels[:3] == ("", "�", SILENT) and len(set(task.labels)) == len(task.labels)
    assert all(1 <= len(label.split()) <= 2 for label in task.labels[2:])
    single = [label for label in task.labels[3:] if " " not in label]
    assert len(single) == 39 and {"K S", "Y UW", "AH L"} < set(task.labels)
    used = torch.cat([task.train.y.flatten(), task.valid.y.flatten(), task.test.y.flatten()])
    assert set(used.tolist()) - {0} <= set(range(2, len(task.labels)))


@pytest.mark.parametrize(
    "spelling, at, label",
    [("x", 0, "K S"), ("ph", 0, "F"), ("ph", 1, SILENT), ("ll", 0, "L"), ("ll", 1, SILENT)],
)
def test_well_known_spellings(task, spelling, at, label):
    said = [
        row[word.index(spelling) + at]
        for word, row in zip(task.decode(task.train.x), task.train.y.tolist(), strict=True)
        if spelling in word
    ]
    assert len(said) > 30 and said.count(task.labels.index(label)) > 0.7 * len(said)


def test_of_two_equal_letters_the_second_never_speaks_alone(task):
    """Both ways cost the same, and the rounding of floats must not decide between them."""
    x, y = task.train.x, task.train.y
    doubled = (x[:, 1:] == x[:, :-1]) & (x[:, 1:] > UNKNOWN)
    silent = y == task.labels.index(SILENT)
    assert (doubled & silent[:, 1:] & ~silent[:, :-1]).sum() > 500
    assert not (doubled & silent[:, :-1] & ~silent[:, 1:]).any()


def test_a_limit_is_the_number_of_training_words(task):
    assert len(set(task.decode(task.train.x)) | set(task.left_out["train"])) == 6000
    with pytest.raises(ValueError, match="limit: expected an integer of at least 1, got 0"):
        load_letters(limit=0)


def test_labels_that_do_not_fit_are_refused(task):
    y = task.test.y[:2]
    assert task.said(torch.tensor([[2, 2, 0]]), torch.tensor([2])) == [()]
    with pytest.raises(ValueError, match="y: expected symbols 0 …"):
        task.said(y + 500, task.test.lengths[:2])
    with pytest.raises(ValueError, match="lengths: expected one for each of 2 sequences"):
        task.said(y, task.test.lengths[:3])

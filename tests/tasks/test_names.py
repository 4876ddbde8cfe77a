"""The names task: no leak between the splits, nothing random, and encoding loses nothing."""

import hashlib
import unicodedata

import pytest
import torch
from elsewhere import printed_elsewhere

from rnn_course.tasks import load_names
from rnn_course.tasks.base import SPLITS
from rnn_course.tasks.names import LANGUAGES, cldr_names, own_names, side

SUBSET = ("da", "en", "nb")


@pytest.fixture(scope="module")
def task():
    return load_names()


@pytest.fixture(scope="module")
def all_names():
    return own_names(LANGUAGES)


def texts(task, split):
    return task.decode(getattr(task, split).x)


def test_the_splits_have_the_sizes_planned(task, all_names):
    sizes = [len(getattr(task, split)) for split in SPLITS]
    assert sum(sizes) == len(all_names)
    assert 15_000 < sum(sizes) < 18_000
    shares = [size / sum(sizes) for size in sizes]
    assert shares == pytest.approx([0.8, 0.1, 0.1], abs=0.03)
    assert len(task.labels) == len(set(task.labels)) == 20
    for split in SPLITS:
        assert torch.bincount(getattr(task, split).y, minlength=20).min() >= 20


def test_all_names_of_a_thing_are_in_one_split(all_names):
    sides: dict[tuple[str, str], set[str]] = {}
    for name in all_names:
        sides.setdefault((name.category, name.code), set()).add(side(name))
    assert len(sides) > 1000
    assert all(len(found) == 1 for found in sides.values())
    assert set.union(*sides.values()) == set(SPLITS)


def test_no_text_is_a_duplicate(all_names):
    folded = [name.text.casefold() for name in all_names]
    assert len(set(folded)) == len(folded)


def test_each_text_belongs_to_one_language(all_names):
    spoken: dict[str, set[str]] = {}
    for language in LANGUAGES:
        for name in cldr_names(language):
            spoken.setdefault(name.text.casefold(), set()).add(language)
    assert sum(len(languages) > 1 for languages in spoken.values()) > 1000  # many names are shared
    assert all(spoken[name.text.casefold()] == {name.language} for name in all_names)
    assert len(all_names) == sum(len(languages) == 1 for languages in spoken.values())


def test_the_splits_hold_the_names_with_their_languages(task, all_names):
    index = {language: i for i, language in enumerate(LANGUAGES)}
    unknown = {c for name in all_names for c in name.text} - set(task.symbols)
    for split in SPLITS:
        members = [name for name in all_names if side(name) == split]
        expected = ["".join("�" if c in unknown else c for c in name.text) for name in members]
        assert texts(task, split) == expected
        assert getattr(task, split).y.tolist() == [index[name.language] for name in members]
        assert getattr(task, split).lengths.tolist() == [len(name.text) for name in members]


def test_well_known_names_have_their_languages(all_names):
    known = {name.text: name.language for name in all_names}
    assert (known["Allemagne"], known["Almanya"], known["Niemcy"]) == ("fr", "tr", "pl")
    assert "Tyskland" not in known  # Danish, Norwegian and Swedish
    assert "Albania" not in known


def test_decoding_inverts_encoding(task):
    for text in ("Norwegen", "Íoslainn", "São Tomé"):
        x, lengths = task.encode([text, "a"])
        assert task.decode(x) == [text, "a"]
        assert lengths.tolist() == [len(text), 1]


def test_symbols_come_from_the_training_names_and_rare_ones_are_unknown(task, all_names):
    training = [name.text for name in all_names if side(name) == "train"]
    assert task.symbols[:2] == ("", "�")
    assert list(task.symbols[2:]) == sorted(set(task.symbols[2:]))
    for symbol in task.symbols[2:]:
        assert sum(symbol in text for text in training) >= 2
    every = {c for text in training for c in text}
    rare = every - set(task.symbols)
    assert rare  # so the unknown symbol is trained
    assert all(sum(c in text for text in training) == 1 for c in rare)
    assert (task.train.x == 1).any()
    assert len(load_names(SUBSET, min_count=1).symbols) > len(
        load_names(SUBSET, min_count=3).symbols
    )


def test_a_character_never_seen_is_unknown_and_not_an_error(task):
    x, lengths = task.encode(["Пари́ж", "aЖ"])
    assert x[1, :2].tolist() == [task.symbols.index("a"), 1]
    assert (x[0, : lengths[0]] == 1).all()
    assert task.decode(x)[1] == "a�"


def test_texts_are_in_composed_form(all_names):
    assert all(unicodedata.is_normalized("NFC", name.text) for name in all_names)
    assert all(name.text for name in all_names)


def test_adding_a_language_moves_no_name_to_another_split():
    few, more = own_names(SUBSET), own_names((*SUBSET, "sv"))
    where = {(n.category, n.code): side(n) for n in few}
    assert all(where.get((n.category, n.code), side(n)) == side(n) for n in more)


FINGERPRINT = """
import hashlib
from rnn_course.tasks import load_names
task = load_names()
parts = [bytes(str((task.symbols, task.labels)), "utf8")]
for split in (task.train, task.valid, task.test):
    parts += [t.numpy().tobytes() for t in (split.x, split.y, split.lengths)]
print(hashlib.sha256(b"".join(parts)).hexdigest())
"""


def test_the_task_is_the_same_in_every_process(task):
    here = [bytes(str((task.symbols, task.labels)), "utf8")]
    for split in (task.train, task.valid, task.test):
        here += [t.numpy().tobytes() for t in (split.x, split.y, split.lengths)]
    assert (
        printed_elsewhere(FINGERPRINT, "0")
        == printed_elsewhere(FINGERPRINT, "12345")
        == hashlib.sha256(b"".join(here)).hexdigest()
    )


@pytest.mark.parametrize(
    "languages, words",
    [
        (["en"], "two or more different codes"),
        (["en", "en"], "two or more different codes"),
        (["en", "klingon"], "expected CLDR locale codes, got 'klingon'"),
        (["en", ""], "expected CLDR locale codes, got ''"),
    ],
)
def test_wrong_languages_are_refused(languages, words):
    with pytest.raises(ValueError, match=f"languages: .*{words}"):
        load_names(languages)

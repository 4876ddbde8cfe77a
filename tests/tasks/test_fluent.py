"""The country and its language: gaps, balance, splits and the rule that answers."""

from __future__ import annotations

import random

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from rnn_course.tasks.base import UNKNOWN
from rnn_course.tasks.fluent import (
    END,
    START,
    fillers,
    languages,
    make_fluent,
    sentence,
    vocabulary,
)


@pytest.fixture(scope="module")
def task():
    return make_fluent(12, n_train=1140, n_test=570)


def test_the_countries_have_their_languages():
    assert languages()["France"] == "French" and languages()["Brazil"] == "Portuguese"
    assert "Switzerland" not in languages()  # it has several languages
    assert languages()["Montenegro"] == "Serbian"  # official as sr_Latn
    assert len(languages()) > 150 and len(set(languages().values())) > 50


@given(
    country=st.sampled_from(sorted(languages())),
    gap=st.integers(3, 90),
    side=st.sampled_from(["train", "valid", "test"]),
    seed=st.integers(0, 99),
)
def test_the_gap_is_the_number_of_words_after_the_country(country, gap, side, seed):
    words = sentence(country, gap, side, random.Random(seed))
    assert words[:4] == START and words[-3:] == END and words[4] == country
    assert len(words) - 1 - words.index(country) == gap
    filler = words[5:-3]
    assert (
        not filler
        or any(  # it ends with a whole sentence,
            filler[-len(s) :] == s or s[-len(filler) :] == filler  # or is the end of one
            for s in fillers()[side]
        )
    )


def test_fillers_are_real_sentences_and_no_split_shares_one():
    sides = [set(fillers()[side]) for side in ("train", "valid", "test")]
    assert [len(a & b) for a, b in zip(sides, sides[1:] + sides[:1], strict=True)] == [0, 0, 0]
    assert min(map(len, sides)) > 50
    single_names = {name.lower() for name in languages() if " " not in name}
    assert not single_names & {word for side in sides for s in side for word in s}


def test_languages_are_balanced_and_all_countries_are_in_training(task):
    for split in (task.train, task.valid, task.test):
        counts = torch.bincount(split.y, minlength=len(task.labels))
        assert counts.max() - counts.min() <= 1
    big = make_fluent(3, n_train=20_000, n_test=57)
    assert set(big.train.x[:, 4].tolist()) == set(range(2, 2 + len(languages())))


def test_the_rule_is_always_right_and_needs_one_word(task):
    for split in (task.train, task.valid, task.test):
        assert (task.by_rule(split.x) == split.y).all()
    hidden = task.test.x.clone()
    hidden[:, 5:] = 0  # nothing after the country
    assert (task.by_rule(hidden) == task.test.y).all()
    hidden[3, 4] = UNKNOWN
    with pytest.raises(ValueError, match="x: expected one country per row, got 0 at index 3"):
        task.by_rule(hidden)


def test_the_filler_says_nothing_about_the_language(task):
    """Counts of its words predict the language of new sentences no better than chance."""
    from sklearn.linear_model import LogisticRegression

    def counted(split):
        filler = split.x[:, 5:]
        counts = torch.zeros(len(filler), len(task.symbols))
        return counts.scatter_add_(1, filler, torch.ones(filler.shape)).numpy()

    model = LogisticRegression(max_iter=100).fit(counted(task.train), task.train.y)
    assert model.score(counted(task.test), task.test.y) < 3 / len(task.labels)


def test_shapes_symbols_and_text(task):
    assert task.train.x.shape == (1140, 17) and task.gap == 12 and task.train.lengths is None
    text = task.decode(task.test.x[:1])[0]
    assert text.startswith("i grew up in ") and text.endswith("i speak fluent")
    assert len(vocabulary()) == len(set(vocabulary())) == len(task.symbols)
    country = task.symbols[task.test.x[0, 4]]
    x, lengths = task.encode([(*START, country, *END), ("i", "speak", "xyz")])
    assert lengths.tolist() == [8, 3] and x[1].tolist()[2:] == [UNKNOWN, 0, 0, 0, 0, 0]
    assert x[0, 4] == task.test.x[0, 4]


def test_the_same_seed_gives_the_same_sentences():
    a, b, c = (make_fluent(9, 100, n_test=57, seed=seed) for seed in (0, 0, 1))
    assert torch.equal(a.train.x, b.train.x) and not torch.equal(a.train.x, c.train.x)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda: make_fluent(2),
            ValueError,
            "gap: expected at least 3, since 'i speak fluent' is part",
        ),
        (lambda: make_fluent(3.5), ValueError, "gap: expected a whole number"),
        (lambda: make_fluent(5, 0), ValueError, "count: expected an integer of at least 1, got 0"),
        (
            lambda: sentence("Atlantis", 5, "train", random.Random(0)),
            ValueError,
            "country: expected",
        ),
        (
            lambda: sentence("France", 5, "exam", random.Random(0)),
            ValueError,
            "side: expected one of",
        ),
    ],
)
def test_bad_input_is_refused(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_encode_refuses_strings_and_empty_sentences(task):
    with pytest.raises(TypeError, match="texts: expected sentences as sequences of words"):
        task.encode(["i grew up in France"])
    with pytest.raises(ValueError, match="texts: expected no empty text, got one at index 0"):
        task.encode([()])
    with pytest.raises(ValueError, match="texts: expected at least one text, got none"):
        task.encode([])

"""What a tune is measured by: against counting by hand, on real tunes, and on what is no tune."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnn_course.measures.tunes import (
    Copied,
    melodies,
    share_full,
    share_home,
    share_readable,
    share_returning,
)
from rnn_course.tasks.tunes.task import load_tunes

JIG = "M:6/8\nK:G\nD | GAB d2B | cAF ABc | BGB AFD | G3 G2 :|"


@pytest.fixture(scope="module")
def texts():
    return {side: [t.text for t in tunes] for side, tunes in load_tunes().members.items()}


def test_only_bars_between_single_lines_have_to_add_up():
    assert share_full(melodies([JIG])) == 1  # the upbeat and the last bar are not looked at
    assert share_full(melodies([JIG.replace("cAF", "cA")])) == pytest.approx(2 / 3)
    assert share_full(melodies([JIG.replace("M:6/8", "M:9/8")])) == 0
    assert share_full(melodies([JIG, "no tune"])) == pytest.approx(3 / 4)
    assert share_full(melodies(["no tune"])) == 0


def test_home_is_the_note_of_the_key_in_any_octave():
    assert share_home(melodies([JIG])) == 1
    assert (
        share_home(melodies([JIG.replace("G2 :|", "g2 :|"), JIG.replace("G2 :|", "A2 :|")])) == 0.5
    )
    assert share_home(melodies([JIG.replace("G2 :|", "G z :|")])) == 1  # a rest is not a note
    assert share_home(melodies([JIG.replace("K:G", "K:D"), "no tune"])) == 0


def test_what_can_be_read():
    assert share_readable(melodies([JIG, "M:6/8\nK:G\nz6 |", "M:6/8\nK:G\nG?", ""])) == 0.25
    assert melodies([JIG, ""])[1] is None


def test_a_bar_returns_if_it_has_been_there_note_for_note():
    assert share_returning(melodies([JIG])) == 0
    tune = JIG.replace("ABc |", "GAB d2B | GAB d2 B | GABd2B | gab d2b |")
    assert share_returning(melodies([tune])) == pytest.approx(2 / 8)  # blanks do not matter
    assert share_returning(melodies([tune, JIG, "no tune"])) == pytest.approx(1 / 8)
    # the same letters in another bar may be other notes
    assert share_returning(melodies(["M:C\nK:C\nF4 ^FF3 | F4 FF3 | F4 FF3 |"])) == pytest.approx(
        1 / 3
    )


@pytest.mark.parametrize("measure", [share_full, share_home, share_readable, share_returning])
def test_nothing_cannot_be_measured(measure):
    with pytest.raises(ValueError, match="tunes"):
        measure([])


@given(
    texts=st.lists(st.text("ab", max_size=12), max_size=5),
    text=st.text("abc", max_size=12),
    most=st.integers(1, 9),
)
def test_the_longest_run_is_that_of_the_plainest_search(texts, text, most):
    runs = {text[i : i + n] for i in range(len(text)) for n in range(1, most + 1)}
    expected = max((len(run) for run in runs if any(run in t for t in texts)), default=0)
    assert Copied(texts, most).longest(text) == expected


def test_no_run_goes_from_one_text_into_the_next():
    assert Copied(["abc", "def"]).longest("abcdef") == 3
    with pytest.raises(ValueError, match="most"):
        Copied(["abc"], 0)


def test_what_real_tunes_have(texts):
    """What a network can hope for; and a shuffled tune has none of it."""
    assert share_full(melodies(texts["test"])) > 0.98
    assert share_home(melodies(texts["test"])) > 0.75
    assert share_readable(melodies(texts["test"])) == 1
    assert share_returning(melodies(texts["test"])) > 0.2
    rng = random.Random(0)
    shuffled = []
    for text in texts["test"][:50]:
        head, body = text.split("\n", 2)[:2], text.split("\n", 2)[2].split()
        rng.shuffle(body)
        shuffled.append("\n".join([*head, " ".join(body)]))
    assert share_full(melodies(shuffled)) < 0.5


def test_new_families_share_little_with_training_and_old_ones_all(texts):
    copied = Copied(texts["train"])
    assert copied.longest(texts["train"][7]) == 100
    runs = sorted(copied.longest(text) for text in texts["test"][:60])
    assert runs[30] < 25 and runs[-1] < 60

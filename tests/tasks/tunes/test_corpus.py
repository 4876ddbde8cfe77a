"""Tunes as they are kept: by hand for small pieces of ABC, and what is true of all of them."""

import re
from collections import Counter

import pytest

from rnn_course.tasks.tunes.corpus import BOOKS, LONGEST, load_corpus, read, tidy, tidy_key, unit


@pytest.fixture(scope="module")
def tunes():
    return load_corpus()


def piece(body, metre="6/8", key="D", length="1/8"):
    return f"X: 7\nT: A Tune\nM: {metre}\nL: {length}\nZ: someone\nK: {key}\n{body}\n"


@pytest.mark.parametrize(
    "printed, kept",
    [
        ("{g}A~B Tc|", "AB c |"),  # graces and ornaments
        ('"Am"A"4"B vc ud|', "AB c d |"),  # chords, fingerings, bowing
        ("(AB)c (3(def) .g|", "ABc (3def g |"),  # slurs and staccato, but not triplets
        ("A-A|", "AA |"),  # ties
        ("A/2B/2 c//d/4 e3/2|", "A/B/ c/4d/4 e3/ |"),  # one way to write a length
        ("A|B||c|]d||:e:|f:||:g::a|:b", "A | B || c || d |: e :| f :: g :: a |: b"),
        ("A|1 B:|2 c:|", "A |1 B :|2 c :|"),
        ("A|[1B :|[2c:|", "A |1 B :|2 c :|"),
        ("|: A | B :|", "A | B :|"),
        ("A |\n| B", "A |\nB"),  # a bar line drawn twice, at the end and at the start of a line
        ("A ||\n|: B", "A |:\nB"),
        ("A \\\nB|", "A B |"),  # a line that goes on
        ("A | % a comment\n\n  B |", "A |\nB |"),
        ("[c2E2] [E2c2] [ce]2 [g2B2D2G,2]|", "c2 c2 e2 g2 |"),  # the highest note
        ("^F__B=c'D,,|", "^F__B=c'D,, |"),
        ("A>B c<<d|", "A>B c<<d |"),
    ],
)
def test_what_is_printed_around_the_notes_goes_and_what_is_played_stays(printed, kept):
    assert tidy(printed) == kept
    assert tidy(kept) == kept


def test_the_header_is_reduced_to_metre_and_key():
    tune = read(piece("ABc|def :|"), "oneills1850")
    assert (tune.title, tune.book) == ("A Tune", "oneills1850")
    assert tune.text == "M:6/8\nK:D\nABc | def :|"
    assert tune.melody == "ABcdef"
    assert read(piece("W: words\nABc|"), "oneills1850").text == "M:6/8\nK:D\nABc |"


@pytest.mark.parametrize(
    "left_out",
    [
        piece("ABc|\nK: G\ndef|"),  # changes key
        piece("ABc|[M:9/8]def|"),
        piece("ABc|", length="1/4"),  # not the unit of the metre
        piece("ABc|", key="Hp"),
        piece("ABc|", metre="none"),
        piece("(5ABcde|"),  # a quintuplet
        piece("ABc x|"),  # an invisible rest
        piece('"Am AB|'),  # a quotation without end
        piece("ABc de " * LONGEST),
        piece(""),
    ],
)
def test_tunes_that_are_left_out(left_out):
    assert read(left_out, "oneills1850") is None


@pytest.mark.parametrize(
    "metre, length",
    [("2/4", "1/16"), ("3/8", "1/16"), ("3/4", "1/8"), ("6/8", "1/8"), ("9/8", "1/8")]
    + [("C", "1/8"), ("C|", "1/8"), ("4/4", "1/8"), ("", None), ("none", None)],
)
def test_the_unit_of_a_metre(metre, length):
    assert unit(metre) == length


@pytest.mark.parametrize(
    "key, kept",
    [("Em", "Em"), ("A Minor", "Am"), ("Amin", "Am"), ("GM", "G"), ("C major", "C")]
    + [("ADorian", "Ador"), ("AMix", "Amix"), ("F#m", "F#m"), ("Bb", "Bb"), ("Bn", None)]
    + [("", None), ("H", None)],
)
def test_a_key_is_written_in_one_way(key, kept):
    assert tidy_key(key) == kept


def test_all_tunes_are_of_one_form(tunes):
    note = r"(?:\^\^?|__?|=)?[A-Ga-g][,']*\d*(?:/\d*)?"
    bar = r" (?:\|\||\|:|:\||::|\|[12]|:\|[12]|\|)(?:[ \n]|$)"
    form = re.compile(
        rf"M:\S+\nK:[A-G][#b]?[a-z]*\n(?:{note}|z\d*(?:/\d*)?|\(3|[<>]+|{bar}|[ \n])+"
    )
    for tune in tunes:
        assert form.fullmatch(tune.text), tune
        assert len(tune.text) <= LONGEST
        assert not any(blank in tune.text for blank in ("  ", " \n", "\n\n"))
        assert tune.text == tune.text.strip()


def test_both_books_are_there_and_no_text_comes_twice(tunes):
    count = Counter(tune.book for tune in tunes)
    assert set(count) == set(BOOKS) and count["oneills1850"] > 1800 and count["ryansMammoth"] > 900
    bodies = [tune.text.split("\n", 2)[2] for tune in tunes]
    assert len(set(bodies)) == len(bodies)


def test_a_tune_that_anybody_can_look_up(tunes):
    (tune,) = [t for t in tunes if t.title == "The Kinnegad Slashers."]
    assert tune.text.startswith("M:6/8\nK:D\nA | d>ed dAF | A>BA ABc | d>ed dAF | E<ee e2f |\n")

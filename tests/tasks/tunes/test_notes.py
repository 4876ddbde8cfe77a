"""Notes out of ABC: by hand for what ABC can say, and equal to music21 over whole tunes."""

from fractions import Fraction

import pytest

from rnn_course.tasks.tunes.corpus import load_corpus
from rnn_course.tasks.tunes.notes import Note, read_melody


def notes(body, metre="6/8", key="C"):
    return [(n.pitch, n.length) for n in read_melody(f"M:{metre}\nK:{key}\n{body}").notes]


def pitches(body, key="C"):
    return [pitch for pitch, _ in notes(body, key=key)]


@pytest.mark.parametrize(
    "key, scale",
    [
        ("C", [60, 62, 64, 65, 67, 69, 71]),
        ("G", [60, 62, 64, 66, 67, 69, 71]),
        ("D", [61, 62, 64, 66, 67, 69, 71]),
        ("Bb", [60, 62, 63, 65, 67, 69, 70]),
        ("Am", [60, 62, 64, 65, 67, 69, 71]),
        ("F#m", [61, 62, 64, 66, 68, 69, 71]),
        ("Gm", [60, 62, 63, 65, 67, 69, 70]),
        ("Ador", [60, 62, 64, 66, 67, 69, 71]),
        ("Dmix", [60, 62, 64, 66, 67, 69, 71]),
        ("Glyd", [61, 62, 64, 66, 67, 69, 71]),
        ("Bphr", [60, 62, 64, 66, 67, 69, 71]),
    ],
)
def test_the_key_says_which_letters_are_raised_or_lowered(key, scale):
    assert pitches("CDEFGAB", key) == scale


def test_octaves():
    assert pitches("C, C c c' C,, c''") == [48, 60, 72, 84, 36, 96]


def test_an_accidental_holds_in_its_octave_until_the_end_of_the_bar():
    assert pitches("^FFf | F =c _c ^^c __c c | c", "D") == [66, 66, 78, 66, 72, 71, 74, 70, 70, 73]


@pytest.mark.parametrize(
    "body, lengths",
    [
        ("A A2 A3 A/ A3/ A/4 A3/4", [1, 2, 3, "1/2", "3/2", "1/4", "3/4"]),
        ("A>B c", ["3/2", "1/2", 1]),
        ("A<B c", ["1/2", "3/2", 1]),
        ("A>>B", ["7/4", "1/4"]),
        ("A2>B2", [3, 1]),
        ("A > B", ["3/2", "1/2"]),
        ("(3ABc d", ["2/3", "2/3", "2/3", 1]),
        ("(3A/B/c/ d", ["1/3", "1/3", "1/3", 1]),
        ("z A z2", [1, 1, 2]),
    ],
)
def test_lengths(body, lengths):
    assert [length for _, length in notes(body)] == [Fraction(n) for n in lengths]


def test_bars_and_what_stands_between_them():
    melody = read_melody("M:6/8\nK:G\nA | BcB A2G | ABA :|\nd :: e2 |1 f :|2 g6 ||")
    assert [(str(bar.length), bar.opened, bar.closed) for bar in melody.bars] == [
        ("1", "", "|"),
        ("6", "|", "|"),
        ("3", "|", ":|"),
        ("1", ":|", "::"),
        ("2", "::", "|1"),
        ("1", "|1", ":|2"),
        ("6", ":|2", "||"),
    ]
    assert melody.notes[0] == Note(69, Fraction(1))


@pytest.mark.parametrize(
    "metre, full, unit",
    [("6/8", 6, "1/8"), ("9/8", 9, "1/8"), ("C", 8, "1/8"), ("C|", 8, "1/8"), ("3/4", 6, "1/8")]
    + [("2/4", 8, "1/16"), ("3/8", 6, "1/16"), ("4/4", 8, "1/8")],
)
def test_a_full_bar_in_units(metre, full, unit):
    melody = read_melody(f"M:{metre}\nK:Em\nA")
    assert (melody.full, melody.unit, melody.tonic) == (full, Fraction(unit), 4)


@pytest.mark.parametrize("key, tonic", [("G", 7), ("Bb", 10), ("F#m", 6), ("Cm", 0), ("Edor", 4)])
def test_the_note_of_a_key(key, tonic):
    assert read_melody(f"M:C\nK:{key}\nA").tonic == tonic


@pytest.mark.parametrize(
    "wrong",
    ["", "M:6/8\nABC", "M:6\nK:C\nA", "M:6/8\nK:H\nA", "M:6/8\nK:Cxyz\nA", "M:6/8\nK:C\nA?B"]
    + ["M:6/8\nK:C\n>A", "M:6/8\nK:C\nA0", "M:6/8\nK:C\nA2/0", "M:0/8\nK:C\nA", "M:6/0\nK:C\nA"]
    + ["M:6/8\nK:C\n^", "M:6/8\nK:C\n2A", "M:6/8\nK:C\n(4ABcd"],
)
def test_what_is_no_abc(wrong):
    with pytest.raises(ValueError, match="text: expected"):
        read_melody(wrong)


@pytest.fixture(scope="module")
def tunes():
    return load_corpus()


def test_it_reads_as_music21_does(tunes):
    """Pitches where no accidental is written: music21 lets one hold for its own note alone."""
    from music21 import converter

    compared = 0
    for tune in tunes[::60]:
        mine = read_melody(tune.text)
        head, body = tune.text.split("\nK:")
        score = converter.parse(f"X:1\nT:t\n{head}\nL:{mine.unit}\nK:{body}\n", format="abc")
        theirs = [*score.flatten().notesAndRests]
        assert [n.length * mine.unit * 4 for n in mine.notes] == [
            Fraction(n.quarterLength) for n in theirs
        ]
        if not set("^_=") & set(tune.text):
            assert [n.pitch for n in mine.notes] == [
                n.pitch.midi if n.isNote else None for n in theirs
            ]
            compared += 1
    assert compared > 20


def test_all_tunes_can_be_read_and_stay_within_an_instrument(tunes):
    for tune in tunes:
        found = [n.pitch for n in read_melody(tune.text).notes if n.pitch is not None]
        assert 48 <= min(found) <= max(found) <= 98, tune

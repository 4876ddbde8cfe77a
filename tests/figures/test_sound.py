"""The sound: the right pitch for the right time, silent where it should be, without clicks."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnn_course.figures.sound import ATTACK, DECAY, PARTIALS, RELEASE, render, render_melody

RATE = 11025
SLOW = 40  # quarter notes a minute: a note lasts 1.5 s


def spectrum(sound, rate=RATE):
    """Frequencies in Hz, finely spaced, and how strong each is."""
    size = 8 * len(sound)
    strength = np.abs(np.fft.rfft(sound * np.hanning(len(sound)), size))
    return np.fft.rfftfreq(size, 1 / rate), strength


@pytest.mark.parametrize(
    "note, hertz", [(69, 440.0), (57, 220.0), (60, 261.6256), (36, 65.4064), (81, 880.0)]
)
def test_a_note_has_its_fundamental_and_multiples_of_it(note, hertz):
    frequencies, strength = spectrum(render([[note]], SLOW))
    loudest = frequencies[strength.argmax()]
    assert loudest == pytest.approx(hertz, abs=1)
    peaks = [
        strength[np.abs(frequencies - k * hertz) < 2].max()
        for k in range(1, PARTIALS + 1)
        if k * hertz < RATE / 2 - 10
    ]
    assert peaks == pytest.approx([peaks[0] / (k + 1) ** 2 for k in range(len(peaks))], rel=0.1)
    between = strength[np.abs(frequencies - 1.5 * hertz) < 2].max()
    assert between < 0.01 * peaks[0]


def test_no_partial_is_folded_back_from_above_half_the_rate():
    frequencies, strength = spectrum(render([[100]], SLOW, rate=8000), 8000)  # 2637 Hz
    assert frequencies[strength.argmax()] == pytest.approx(2637.0, abs=1)
    assert strength[np.abs(frequencies - 2637) > 20].max() < 0.01 * strength.max()


@pytest.mark.parametrize(
    "steps, tempo, rate", [(1, 80, 11025), (7, 80, 11025), (48, 73, 8000), (5, 61.7, 44100)]
)
def test_it_lasts_as_long_as_its_quarter_notes(steps, tempo, rate):
    sound = render([([60, 62] * 24)[:steps]], tempo, rate)
    assert sound.dtype == np.float32 and sound.ndim == 1
    assert len(sound) == round(steps * 60 / tempo * rate)


def test_each_step_sounds_its_own_note():
    notes = [60, 67, None, 64]
    steps = np.array_split(render([notes], SLOW), 4)
    for note, step in zip(notes, steps, strict=True):
        frequencies, strength = spectrum(step)
        if note is None:
            assert not step.any()
        else:
            hertz = 440 * 2 ** ((note - 69) / 12)
            assert frequencies[strength.argmax()] == pytest.approx(hertz, abs=1)


def test_a_voice_is_not_shifted_by_what_rounding_leaves():
    # 97 quarter notes a minute at 8000 Hz are 4948.45… samples: the last step starts where it must.
    sound = render([[None] * 99 + [60]], 97, 8000)
    first = int(np.flatnonzero(sound)[0])
    assert first == pytest.approx(99 * 60 / 97 * 8000, abs=2)


def test_equal_numbers_in_a_row_are_one_held_note():
    def envelope(sound):
        return np.array([np.abs(part).max() for part in np.array_split(sound, 60)])

    held, struck = envelope(render([[60, 60]])), envelope(render([[60, 64]]))
    assert held[28:32].min() > 0.8 * held[20]
    assert struck[28:32].min() < 0.2 * struck[20]


@given(
    st.lists(
        st.lists(st.none() | st.integers(0, 127), min_size=3, max_size=3), min_size=1, max_size=5
    ),
    st.sampled_from([40, 80, 333, 6000]),
)
def test_it_never_clips_and_is_always_finite(voices, tempo):
    sound = render(voices, tempo)
    assert np.isfinite(sound).all() and np.abs(sound).max(initial=0) <= 1


def test_as_many_equal_voices_as_you_like_do_not_clip():
    one, many = render([[60]]), render([[60]] * 12)
    assert 0.3 < np.abs(one).max() <= 1
    np.testing.assert_allclose(many, one, atol=1e-6)


def test_the_voices_add_up():
    a, b = [60, 62, None], [48, 48, 43]
    together = render([a, b])
    np.testing.assert_allclose(together, (render([a]) + render([b])) / 2, atol=1e-6)


@pytest.mark.parametrize("notes", [[36], [36, 38], [36, None, 36], [None, 36, 36, 38, 37]])
@pytest.mark.parametrize("tempo", [80, 2000])  # at 2000 a note is shorter than its envelope
def test_nothing_clicks(notes, tempo):
    """From a sample to the next, no more than the wave's and the envelope's own slopes allow.

    The notes are low, and so smooth in themselves that a note cut off would show as a jump.
    """
    sound = np.concatenate([[0], render([notes], tempo), [0]])
    partials = np.arange(1, PARTIALS + 1)
    hertz = 440 * 2 ** ((38 - 69) / 12)
    slope = 2 * np.pi * hertz * (1 / partials).sum() / (1 / partials**2).sum()
    slope += np.pi / 2 * (1 / ATTACK + 1 / RELEASE) + 1 / DECAY
    assert np.abs(np.diff(sound)).max() < slope / RATE < 0.1


@pytest.mark.parametrize(
    "voices, words",
    [
        ([], "one voice or more"),
        ([[]], "one voice or more"),
        ([[60], [60, 62]], r"got lengths \[1, 2\]"),
        ([[60, 128]], "got 128 in voice 0 at step 1"),
        ([[60], [-1]], "got -1 in voice 1 at step 0"),
        ([[60.5]], "got 60.5"),
        ([[True]], "got True"),
        (["60"], "got '6'"),
    ],
)
def test_wrong_voices_are_refused(voices, words):
    with pytest.raises(ValueError, match=f"voices: expected .*{words}"):
        render(voices)


def test_one_voice_that_is_not_in_a_list_is_refused():
    with pytest.raises(TypeError, match="voices: expected a sequence of notes for each voice"):
        render([60, 62])


@pytest.mark.parametrize(
    "name, value",
    [
        ("tempo", 0),
        ("tempo", -1),
        ("tempo", float("nan")),
        ("tempo", "fast"),
        ("rate", 0),
        ("rate", float("inf")),
        ("rate", True),
    ],
)
def test_wrong_speeds_are_refused(name, value):
    with pytest.raises(ValueError, match=f"{name}: expected a positive number, got"):
        render([[60]], **{name: value})


# ---------------------------------------------------------------------------------------- melodies


def test_a_melody_of_quarter_notes_is_that_voice():
    voice = [60, 64, None, 67, 65]
    sound = render_melody([(note, 1) for note in voice], 90)
    np.testing.assert_array_equal(sound, render([voice], 90))


@pytest.mark.parametrize("lengths", [[0.5, 0.25, 1.5], [Fraction(1, 3)] * 3, [2]])
def test_a_melody_lasts_as_long_as_its_notes(lengths):
    sound = render_melody([(60, n) for n in lengths], tempo=75, rate=8000)
    assert len(sound) == round(float(sum(lengths)) * 60 / 75 * 8000)
    assert sound.dtype == np.float32 and 0.3 < np.abs(sound).max() <= 1


def test_a_repeated_note_is_struck_again():
    twice, held = render_melody([(60, 1), (60, 1)], 60), render_melody([(60, 2)], 60)
    middle = slice(RATE - 50, RATE + 50)
    assert np.abs(twice[middle]).max() < 0.05 < 0.3 < np.abs(held[middle]).max()


@pytest.mark.parametrize(
    "wrong", [[], [(60, 0)], [(60, -1)], [(128, 1)], [(60.5, 1)], [(True, 1)], [(60, np.inf)]]
)
def test_melodies_that_cannot_be(wrong):
    with pytest.raises(ValueError, match="notes"):
        render_melody(wrong)
    with pytest.raises(ValueError, match="tempo"):
        render_melody([(60, 1)], tempo=0)

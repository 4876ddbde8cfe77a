"""Notes made audible: a few voices as a waveform of sines, with nothing but NumPy."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from numbers import Integral, Real
from typing import Any

import numpy as np

PARTIALS = 6
ATTACK, RELEASE, DECAY = 0.03, 0.12, 2.0  # seconds


def render(
    voices: Sequence[Sequence[int | None]], tempo: float = 80, rate: int = 11025
) -> np.ndarray:
    """The sound of voices that sing together, float32 (samples,) between -1 and 1.

    A note m has the fundamental frequency f = 440 · 2^((m - 69) / 12) Hz and the partials
    f, 2 f, 3 f, … below half the rate, the k-th with an amplitude proportional to 1 / k². It
    swells for 30 ms, decays slowly, and dies away over its last 120 ms, so that nothing clicks.
    Each voice has the same share of the amplitude, so that the sum never exceeds 1.

    Args:
        voices: A sequence for each voice, all of the same length, with a MIDI number (0 to 127) per
            quarter note, or None for a rest, which is silent. Equal numbers in a row are one held
            note: a grid of quarter notes does not show which were struck again (few in the
            chorales).
        tempo: Quarter notes per minute.
        rate: Samples per second.

    Raises:
        TypeError: If `voices` is not a sequence of sequences.
        ValueError: If the voices differ in length or are empty, a note is not a MIDI number, or
            `tempo` or `rate` is not positive.
    """
    _check(tempo, rate)
    try:
        voices = [list(voice) for voice in voices]
    except TypeError as error:
        raise TypeError(
            f"voices: expected a sequence of notes for each voice, got {voices!r}"
        ) from error
    if not voices or not voices[0] or len({len(voice) for voice in voices}) > 1:
        raise ValueError(
            "voices: expected one voice or more, all of the same length and not empty, "
            f"got lengths {[len(voice) for voice in voices]}"
        )
    for i, voice in enumerate(voices):
        for t, note in enumerate(voice):
            if not _is_note(note):
                raise ValueError(
                    f"voices: expected MIDI numbers 0 … 127 or None, got {note!r} in "
                    f"voice {i} at step {t}"
                )
    # Where step t begins, in samples: rounded as a whole, so that errors do not add up.
    starts = np.round(np.arange(len(voices[0]) + 1) * 60 / tempo * rate).astype(int)
    sound = np.zeros(starts[-1])
    for voice in voices:
        step = 0
        for note, run in groupby(voice):
            begin, step = step, step + len(list(run))
            if note is not None:
                sound[starts[begin] : starts[step]] += _tone(
                    note, starts[step] - starts[begin], rate
                )
    return (sound / len(voices)).astype(np.float32)


def render_melody(
    notes: Sequence[tuple[int | None, float]], tempo: float = 80, rate: int = 11025
) -> np.ndarray:
    """The sound of one voice, float32 (samples,) between -1 and 1.

    Here each note has a length of its own and is struck anew, as in `render` it cannot be.

    Args:
        notes: A MIDI number (0 to 127), or None for a rest, and how many quarter notes it lasts.
        tempo: Quarter notes per minute.
        rate: Samples per second.

    Raises:
        ValueError: If there are no notes, one is not a MIDI number, a length is not a positive
            number, or `tempo` or `rate` is not positive.
    """
    _check(tempo, rate)
    if not notes:
        raise ValueError("notes: expected one or more, got none")
    for i, (note, length) in enumerate(notes):
        if not _is_note(note) or not 0 < length < np.inf:
            raise ValueError(
                "notes: expected MIDI numbers 0 … 127 or None, each with a positive length, "
                f"got {note!r} and {length!r} at {i}"
            )
    ends = np.round(np.cumsum([float(n) for _, n in notes]) * 60 / tempo * rate).astype(int)
    sound = np.zeros(ends[-1])
    for (note, _), begin, end in zip(notes, [0, *ends], ends, strict=False):
        if note is not None:
            sound[begin:end] = _tone(note, end - begin, rate)
    return sound.astype(np.float32)


def _check(tempo: float, rate: int) -> None:
    for name, value in (("tempo", tempo), ("rate", rate)):
        if isinstance(value, bool) or not isinstance(value, Real) or not 0 < value < np.inf:
            raise ValueError(f"{name}: expected a positive number, got {value!r}")


def _is_note(note: Any) -> bool:
    """Whether it is a MIDI number, or None for a rest."""
    whole = isinstance(note, Integral) and not isinstance(note, bool)
    return note is None or (whole and 0 <= note <= 127)


def _tone(note: int, samples: int, rate: float) -> np.ndarray:
    """One note, between -1 and 1, from silence to silence."""
    time = np.arange(samples) / rate
    frequency = 440 * 2 ** ((note - 69) / 12)
    partials = [k for k in range(1, PARTIALS + 1) if k * frequency < rate / 2]
    wave = sum(
        (np.sin(2 * np.pi * k * frequency * time) / k**2 for k in partials), start=np.zeros(samples)
    )
    left = samples / rate - time
    swell, fade = (
        0.5 - 0.5 * np.cos(np.pi * np.minimum(part, 1)) for part in (time / ATTACK, left / RELEASE)
    )
    loudest = sum(1 / k**2 for k in range(1, PARTIALS + 1))
    return wave / loudest * np.exp(-time / DECAY) * swell * fade

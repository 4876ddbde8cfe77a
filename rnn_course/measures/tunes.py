"""Whether a text is a tune: do its bars add up, does it end at home, does it return, is it new?"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from os.path import commonprefix

from rnn_course import checks
from rnn_course.tasks.tunes.notes import Melody, read_melody


def melodies(texts: Iterable[str]) -> list[Melody | None]:
    """Each text read as a tune, or None where it is not ABC or has no notes."""
    found: list[Melody | None] = []
    for text in texts:
        try:
            melody = read_melody(text)
        except ValueError:
            found.append(None)
        else:
            found.append(melody if any(note.pitch is not None for note in melody.notes) else None)
    return found


def share_readable(tunes: Sequence[Melody | None]) -> float:
    """The share of the texts that can be played.

    Raises:
        ValueError: If there are no texts.
    """
    return sum(tune is not None for tune in tunes) / _some(tunes)


def share_full(tunes: Sequence[Melody | None]) -> float:
    """The share of bars whose notes add up to the metre, of all bars between two single lines.

    A bar at a double line or a repeat may be shorter: the tune, or its part, begins with an upbeat,
    and what is missing there stands at the end. A text that cannot be read counts as one bar that
    does not add up.

    Raises:
        ValueError: If there are no texts.
    """
    full, count = 0, 0 * _some(tunes)
    for tune in tunes:
        if tune is None:
            count += 1
            continue
        inner = [bar.length for bar in tune.bars if bar.opened == bar.closed == "|"]
        full, count = full + inner.count(tune.full), count + len(inner)
    return full / max(1, count)


def share_home(tunes: Sequence[Melody | None]) -> float:
    """The share of texts whose last note is the one that their key is named after, in any octave.

    A text that cannot be read does not end there.

    Raises:
        ValueError: If there are no texts.
    """
    home = 0
    for tune in tunes:
        if tune is not None:
            pitches = [note.pitch for note in tune.notes if note.pitch is not None]
            home += (pitches[-1] - tune.tonic) % 12 == 0
    return home / _some(tunes)


def share_returning(tunes: Sequence[Melody | None]) -> float:
    """The share of a tune's bars that have stood in it before, note for note: the mean over tunes.

    Texts that cannot be read are left out.

    Raises:
        ValueError: If no text can be read.
    """
    bars = [[bar.notes for bar in tune.bars] for tune in tunes if tune is not None]
    return sum(1 - len(set(those)) / len(those) for those in bars) / _some(bars)


class Copied:
    """How much of a text stands in others, word for word.

    The beginnings of all their suffixes are kept in order, so that the longest run that begins at
    some place is shared with one of the two between which that place belongs.

    Args:
        texts: What may have been copied. No run goes from one into the next.
        most: Runs are looked at up to this many characters.

    Raises:
        ValueError: If `most` is not a positive integer.
    """

    def __init__(self, texts: Iterable[str], most: int = 100) -> None:
        self.most = checks.positive("most", most)
        self.known = sorted(t[i : i + most] for t in texts for i in range(len(t)))

    def longest(self, text: str) -> int:
        """The characters of the longest run that `text` has in common with one of the others."""
        return max((self._from(text[i : i + self.most]) for i in range(len(text))), default=0)

    def _from(self, run: str) -> int:
        at = bisect_left(self.known, run)
        near = self.known[max(0, at - 1) : at + 1]
        return max((len(commonprefix([run, other])) for other in near), default=0)


def _some(tunes: Sequence) -> int:
    if not len(tunes):
        raise ValueError("tunes: expected at least one, got none")
    return len(tunes)

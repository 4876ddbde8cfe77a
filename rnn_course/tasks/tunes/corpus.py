"""Two books of tunes in ABC notation, as music21 ships them: what of each text is kept.

O'Neill's *Music of Ireland* (Chicago, 1903) and *Ryan's Mammoth Collection* (Boston, 1883) were
printed long ago. Volunteers typed them in, and signed most tunes (field Z) without a word about
rights; music21's licence says of its corpus that it is distributed with the permission of the
encoders, and that for some pieces commercial use may be restricted.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path

BOOKS = {"oneills1850": "O'Neill's Music of Ireland", "ryansMammoth": "Ryan's Mammoth Collection"}
"""The folder of each book in music21's corpus, and its title."""
LONGEST = 700
"""The most characters of a tune; three are longer."""
MODES = {"": "", "m": "m", "min": "m", "mix": "mix", "dor": "dor", "lyd": "lyd", "phr": "phr"}

# What is printed above, between or around the notes and does not say which they are or how long:
# in quotes a fingering or a chord, in braces a grace, in !…! and single letters an ornament or the
# bow's direction, . staccato, - and brackets a tie or a slur (but "(3" is a triplet).
_PRINTED = re.compile(
    r'"[^"\n]*"|\{[^}\n]*\}|![^!\n]*!|%.*|\\[ \t]*\n|[~.THLMOPSUknopuv`*\-)]|\((?!3)'
)
_CHORD = re.compile(r"\[([^\[\]|:]*)\](\d*/*\d*)")
_NOTE = re.compile(r"(?:\^\^?|__?|=)?([A-Ga-g])([,']*)\d*/*\d*")
_BAR = re.compile(r"[ \n]*((?:\[(?=[ \n]*\|)|[|:\]][ \n]*)+)(?:\[?([12])(?!\d))?[ \n]*")
_BODY = re.compile(
    r"(?:(?:\^\^?|__?|=)?[A-Ga-g][,']*\d*(?:/\d*)?|z\d*(?:/\d*)?|\(3|[<>]+|[|:]+[12]?|[ \n])+"
)
_FIELD = re.compile(r"^([A-Za-z]):[ \t]*(.*)$")
_INLINE = re.compile(r"\[[A-Z]:")


@dataclass(frozen=True)
class Tune:
    """One tune.

    Attributes:
        title: Its name, and in which book it is.
        book: A key of `BOOKS`.
        text: The metre, the key and the notes, in ABC: what a network reads.
    """

    title: str
    book: str
    text: str = field(repr=False)

    @property
    def melody(self) -> str:
        """Its letters alone: neither accidentals, octave marks nor lengths."""
        return re.sub("[^A-Ga-g]", "", self.text.split("\n", 2)[2])


def load_corpus() -> list[Tune]:
    """The tunes of both books in the order of their files, each text once: some 2,600.

    The header is reduced to metre and key, and each tune is written the same way: bar lines
    between spaces, `||` for every kind of double bar, `/` for half a unit, only the highest note of
    a chord. Left out are graces, ornaments, slurs and ties, fingerings and comments, and, as a
    whole, tunes that change metre or key on the way, whose unit of length is not the one that ABC
    prescribes for their metre, that are longer than `LONGEST`, or that hold anything else.

    Raises:
        RuntimeError: If music21's corpus has no tunes.
    """
    found: dict[str, Tune] = {}
    for book in BOOKS:
        for path in sorted(_folder(book).glob("*.abc")):
            for given in _pieces(path.read_text(encoding="utf-8", errors="replace")):
                tune = read(given, book)
                if tune is not None:
                    found.setdefault(tune.text.split("\n", 2)[2], tune)
    if not found:
        raise RuntimeError(f"music21: expected tunes in its corpus ({', '.join(BOOKS)}), got none")
    return list(found.values())


def _folder(book: str) -> Path:
    spec = find_spec("music21")  # importing it would take a second
    if spec is None or spec.origin is None:
        raise RuntimeError("music21: expected to be installed, since it ships the tunes")
    return Path(spec.origin).parent / "corpus" / book


def _pieces(text: str) -> Iterator[str]:
    """The tunes of a file: each begins with its number in the field X."""
    return (piece for piece in re.split(r"(?m)^(?=X:)", text) if piece.startswith("X:"))


def read(given: str, book: str) -> Tune | None:
    """A tune as it is kept, from its ABC; None if it is left out (see `load_corpus`)."""
    header: dict[str, str] = {}
    lines: list[str] = []
    for line in given.replace("\t", " ").splitlines():
        named = _FIELD.match(line)
        if named and "K" not in header:
            header.setdefault(named[1], named[2].split("%")[0].strip())
        elif named and named[1] in "KLM":
            return None  # it changes on the way
        elif not named and "K" in header:
            lines.append(line)
    metre, key = header.get("M", ""), tidy_key(header.get("K", ""))
    body = "\n".join(lines)
    if key is None or _INLINE.search(body) or header.get("L", unit(metre)) != unit(metre):
        return None
    body = tidy(body)
    text = f"M:{metre}\nK:{key}\n{body}"
    if not body or len(text) > LONGEST or not _BODY.fullmatch(body):
        return None
    return Tune(header.get("T", "").strip(), book, text)


def unit(metre: str) -> str | None:
    """The length of a note without a number: a sixteenth in metres under 3/4, else an eighth.

    None for what is not a metre. Source: the ABC standard 2.1, section 3.1.7.
    """
    if metre in ("C", "C|"):
        return "1/8"
    parts = re.fullmatch(r"([1-9]\d*)/([1-9]\d*)", metre)
    return None if parts is None else "1/16" if int(parts[1]) / int(parts[2]) < 3 / 4 else "1/8"


def tidy_key(key: str) -> str | None:
    """A key as tonic and mode, "Am" for "A minor", "Dmix" for "DMixolydian"; None for others."""
    parts = re.fullmatch(r"([A-G][#b]?) ?([A-Za-z]*)", key)
    if parts is None:
        return None
    mode = parts[2] if parts[2] in ("m", "M") else parts[2].lower()[:3]
    mode = {"M": "", "maj": ""}.get(mode, mode)
    return parts[1] + MODES[mode] if mode in MODES else None


def tidy(body: str) -> str:
    """The notes of a tune and its bar lines, all tunes written the same way."""
    body = _PRINTED.sub("", body)
    body = _CHORD.sub(lambda chord: _highest(chord[1]) + chord[2], body)
    body = body.replace("//", "/4").replace("/2", "/")
    body = re.sub(r" *\n\s*", "\n", re.sub(r" +", " ", body)).strip()
    return _BAR.sub(_bar, body).lstrip("|: \n").rstrip()


def _highest(chord: str) -> str:
    notes = [
        (m[2].count("'") - m[2].count(","), m[1].islower(), "CDEFGAB".index(m[1].upper()), m[0])
        for m in _NOTE.finditer(chord)
    ]
    return max(notes)[-1] if notes else "?"  # no tune has a "?"


def _bar(found: re.Match) -> str:
    """One bar line: |, ||, |:, :|, ::, or with the number of an ending |1, :|2."""
    marks, ending = re.sub(r"[\s\[]", "", found[1]), found[2] or ""
    line_ends = "\n" in found[0]
    if line_ends and set(found[1].split()) == {"|"}:  # drawn again where the next line begins
        marks = "|"
    before, after = marks.startswith(":"), marks.endswith(":")
    if ending:
        kind = f":|{ending}" if ":" in marks else f"|{ending}"
    elif before and after:
        kind = "::"
    elif ":" in marks:
        kind = "|:" if after else ":|"
    else:
        kind = "||" if len(marks) > 1 else "|"
    return f" {kind}" + ("\n" if line_ends else " ")

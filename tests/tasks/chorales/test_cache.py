"""Reading the chorales: the notes in music21's files, kept safely, and read only once."""

import hashlib
import logging
import math
import os
import re
import subprocess
import sys
import tempfile
import time
import zipfile
from fractions import Fraction
from pathlib import Path
from xml.etree import ElementTree

import pytest
import torch

from rnn_course import storage
from rnn_course.storage import FOLDER_VARIABLE
from rnn_course.tasks.chorales import corpus, reader
from rnn_course.tasks.chorales.cache import Cache
from rnn_course.tasks.chorales.corpus import REST, Chorale, load_corpus


def digest(pieces):
    """A checksum of everything that was read."""
    parts = [f"{p.name} {p.title} {p.parts} {p.notes.tolist()}" for p in pieces]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


# ------------------------------------------------------------------------------------- reading


def read_independently(path):
    """The names of the parts and their notes at each quarter, straight from the MusicXML."""
    if path.suffix == ".mxl":
        with zipfile.ZipFile(path) as archive:
            container = ElementTree.fromstring(archive.read("META-INF/container.xml"))
            file = next(e for e in container.iter() if e.tag.endswith("rootfile")).get("full-path")
            score = ElementTree.fromstring(archive.read(file))
    else:
        score = ElementTree.fromstring(path.read_bytes())
    steps_of = dict(C=0, D=2, E=4, F=5, G=7, A=9, B=11)
    parts, last = [], 0
    for part in score.iter("part"):
        sung, measure_starts, divisions = [], Fraction(0), 1
        for measure in part.iter("measure"):
            now = onset = longest = Fraction(0)
            for element in measure:
                divisions = int(element.findtext("divisions") or divisions)
                lasts = Fraction(element.findtext("duration") or 0) / divisions
                if element.tag == "note" and element.find("grace") is None:
                    if element.find("chord") is None:
                        onset, now = now, now + lasts
                    if (pitch := element.find("pitch")) is not None:
                        midi = (
                            12 * (int(pitch.findtext("octave")) + 1)
                            + steps_of[pitch.findtext("step")]
                            + int(pitch.findtext("alter") or 0)
                        )
                        sung.append((measure_starts + onset, measure_starts + onset + lasts, midi))
                    last = max(last, measure_starts + now)
                now += {"forward": lasts, "backup": -lasts}.get(element.tag, 0)
                longest = max(longest, now)
            measure_starts += longest
        parts.append(sung)
    rows = [
        [
            max((midi for begin, end, midi in sung if begin <= t < end), default=REST)
            for t in range(math.ceil(last))
        ]
        for sung in parts
    ]
    return tuple(p.findtext("part-name") for p in score.iter("score-part")), rows


@pytest.fixture(scope="module")
def every():
    """All the chorales, from the user's own cache."""
    return load_corpus(progress=False)


def test_the_notes_read_are_those_in_the_files(every):
    """Every sixth chorale, and those with instruments, unusual files or unusual metres."""
    odd = {"bwv18.5-l", "bwv69.6", "bwv244.3", "bwv281", "bwv248.23-2", "bwv299", "bwv27.6"}
    chosen = [p for i, p in enumerate(every) if i % 6 == 0 or len(p.parts) > 4 or p.name in odd]
    assert len(chosen) > 70 and odd <= {p.name for p in chosen}
    for piece in chosen:
        parts, rows = read_independently(reader.file_of(piece.name))
        assert piece.parts == parts, piece.name
        assert piece.notes.tolist() == rows, piece.name


def test_the_chorales_are_those_of_riemenschneiders_edition(every):
    assert len(every) == len({piece.name for piece in every}) == 350
    assert every[0].name == "bwv269" and every[0].title == "Aus meines Herzens Grunde"
    assert sum(piece.notes.shape[1] for piece in every) > 19_000
    assert all(piece.notes.dtype == torch.int64 for piece in every)


def test_every_chorale_has_four_voices_in_their_ranges(every):
    lows = {"soprano": 57, "alto": 50, "tenor": 45, "bass": 36}
    highs = {"soprano": 81, "alto": 75, "tenor": 70, "bass": 64}
    for piece in every:
        for voice in lows:
            sung = piece.voice(voice)
            sung = sung[sung != REST]
            assert lows[voice] <= int(sung.min()) <= int(sung.max()) <= highs[voice], piece.name
    # By their place in the score, some would be horns, violins, kettledrums or organs.
    assert sum(not torch.equal(piece.notes[3], piece.voice("bass")) for piece in every) > 10


def test_a_voice_is_found_by_its_name():
    piece = Chorale(
        "bwv0",
        "",
        ("Horn", "Soprano 1", "Soprano 2", "Bass Continuo"),
        torch.tensor([[70], [72], [69], [50]]),
    )
    assert piece.voice("soprano").tolist() == [72]
    assert piece.voice("bass").tolist() == [50]
    with pytest.raises(
        ValueError,
        match=r"voice: expected one of the parts of bwv0 \(Horn, .*"
        r"got 'tenor'",
    ):
        piece.voice("tenor")


@pytest.mark.parametrize(
    "name, file",
    [
        ("bwv269", "bwv269.mxl"),
        ("bwv281", "bwv281.mxl"),  # and a .krn
        ("bwv244.3", "bwv244.3.mxl"),  # and 244.32 and 244.37
        ("bwv112.5", "bwv112.5.mxl"),  # and 112.5-sc
        ("bwv69.6", "bwv69.6.xml"),  # and 69.6-a.mxl, which is another work
        ("bwv18.5-l", "bwv18.5-lz.mxl"),
    ],
)
def test_of_several_files_the_one_of_the_work_is_read(name, file):
    assert reader.file_of(name).name == file


SCORE = """<score-partwise>
<part-list><score-part id="P1"><part-name>Soprano</part-name></score-part></part-list>
<part id="P1"><measure number="1"><attributes><divisions>4</divisions>
<time><beats>7</beats><beat-type>4</beat-type></time></attributes>{}</measure></part>
</score-partwise>"""


def note(pitch, lasts, extra=""):
    if pitch is None:
        return f"<note><rest/><duration>{lasts}</duration></note>"
    return (
        f"<note>{extra}<pitch><step>{pitch[0]}</step><octave>{pitch[1]}</octave></pitch>"
        + (f"<duration>{lasts}</duration>" if lasts else "")
        + "</note>"
    )


@pytest.mark.parametrize(
    "notes, sounding",
    [
        (note("C4", 8) + note("D4", 4), [60, 60, 62]),
        (note("C4", 2) + note("D4", 2) + note("E4", 4), [60, 64]),  # D falls between two onsets
        (note("C4", 6) + note("D4", 2) + note("E4", 4), [60, 60, 64]),
        (note(None, 4) + note("C4", 4), [REST, 60]),
        (note(None, 2) + note("C4", 4) + note("D4", 2), [REST, 60]),  # it sounds at the onset
        (note("C4", 4) + note("E4", 4, "<chord/>") + note("D4", 4), [64, 62]),
        (note("B4", 0, "<grace/>") + note("C4", 4), [60]),
        (note("C4", 3) + note("D4", 2), [60, 62]),  # a last step, not full
    ],
)
def test_a_step_holds_the_note_at_its_onset(notes, sounding, tmp_path, monkeypatch):
    path = tmp_path / "score.xml"
    path.write_text(SCORE.format(notes))
    monkeypatch.setattr(reader, "file_of", lambda name: path)
    assert reader.parse("it") == {"parts": ["Soprano"], "notes": [sounding]}


# --------------------------------------------------------------------------------------- cache


class Recorded:
    """In place of the processes that read: it knows ten works, and records what was asked."""

    NAMES = [f"bwv{i}" for i in range(10)]

    def __init__(self):
        self.asked = []

    def __call__(self, names):
        for name in names:
            self.asked.append(name)
            if name == "works":
                yield [[name, f"Title of {name}"] for name in self.NAMES]
            else:
                yield {"parts": ["Soprano", "Bass"], "notes": [[60 + int(name[3:])] * 3, [0] * 3]}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """An empty cache folder."""
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path / "cache"))
    monkeypatch.setattr(storage, "_told", set())
    return tmp_path / "cache"


@pytest.fixture
def recorded(folder, monkeypatch):
    monkeypatch.setattr(corpus, "CHUNK", 4)
    reader = Recorded()
    monkeypatch.setattr(corpus, "_answers", reader)
    return reader


def files(folder):
    return sorted(path for path in folder.rglob("*") if path.is_file())


def test_chorales_once_read_come_from_the_cache(recorded, folder):
    first = load_corpus(progress=False)
    assert recorded.asked == ["works", *Recorded.NAMES]
    again = load_corpus(progress=False)
    assert recorded.asked == ["works", *Recorded.NAMES]
    assert digest(again) == digest(first)
    assert [p.name for p in again] == Recorded.NAMES
    assert again[3].title == "Title of bwv3" and again[3].parts == ("Soprano", "Bass")
    assert again[3].notes.tolist() == [[63] * 3, [REST] * 3]
    assert [path.name for path in files(folder)] == [
        "chunk-00.json",
        "chunk-01.json",
        "chunk-02.json",
        "works.json",
    ]


def test_only_the_chorales_asked_for_are_read(recorded):
    assert [p.name for p in load_corpus(3, progress=False)] == Recorded.NAMES[:3]
    assert recorded.asked == ["works", *Recorded.NAMES[:4]]  # one cache file at a time
    assert [p.name for p in load_corpus(8, progress=False)] == Recorded.NAMES[:8]
    assert recorded.asked == ["works", *Recorded.NAMES[:8]]
    assert [p.name for p in load_corpus(99, progress=False)] == Recorded.NAMES
    assert recorded.asked == ["works", *Recorded.NAMES]


def test_chorales_read_before_an_interruption_are_kept(recorded, monkeypatch):
    def interrupted(names):
        yield from Recorded()(names[:5])
        raise KeyboardInterrupt

    load_corpus(1, progress=False)
    monkeypatch.setattr(corpus, "_answers", interrupted)
    with pytest.raises(KeyboardInterrupt):
        load_corpus(progress=False)
    monkeypatch.setattr(corpus, "_answers", recorded)
    recorded.asked.clear()
    assert len(load_corpus(progress=False)) == 10
    assert recorded.asked == Recorded.NAMES[8:]


@pytest.mark.parametrize("damage", ["truncated", "flipped", "empty", "text", "another's", "folder"])
@pytest.mark.parametrize("name", ["chunk-01", "works"])
def test_a_damaged_file_is_replaced(damage, name, recorded, folder, caplog):
    caplog.set_level(logging.INFO)
    sound = digest(load_corpus(progress=False))
    recorded.asked.clear()
    path = next(path for path in files(folder) if path.stem == name)
    data = path.read_bytes()
    if damage == "folder":
        path.unlink()
        path.mkdir()
    else:
        path.write_bytes(
            {
                "truncated": data[:-5],
                "flipped": data[:-20] + bytes([data[-20] ^ 1]) + data[-19:],
                "empty": b"",
                "text": b"not a cache",
                "another's": path.with_name("chunk-00.json").read_bytes(),
            }[damage]
        )
    assert digest(load_corpus(progress=False)) == sound
    assert recorded.asked == (["works"] if name == "works" else Recorded.NAMES[4:8])
    if damage == "folder":  # a folder cannot be replaced
        assert len(files(folder)) == 3 and len(caplog.records) == 1
    else:
        assert len(files(folder)) == 4 and not caplog.records
        assert path.read_bytes() == data


@pytest.mark.parametrize("where", ["no right to write", "disk full"])
def test_the_chorales_are_returned_even_if_they_cannot_be_kept(
    where, recorded, folder, caplog, monkeypatch, recwarn
):
    if where == "no right to write":

        def refuse(*args, **kwargs):
            raise PermissionError(13, "Permission denied")

        monkeypatch.setattr(storage.Path, "mkdir", refuse)
    else:

        def full(*args):
            raise OSError(28, "No space left on device")

        monkeypatch.setattr("rnn_course.training.checkpoints.os.fsync", full)
    with caplog.at_level(logging.INFO):
        pieces = load_corpus(progress=False)
    assert [p.name for p in pieces] == Recorded.NAMES
    [record] = caplog.records  # logged once
    assert re.search(
        r"cannot be kept \(.+\): it will be read again.*Set RNN_COURSE_CACHE", record.getMessage()
    )
    assert record.levelname == "INFO" and not recwarn.list  # and no page stops
    assert not files(folder)  # no partial file is left


def test_a_read_only_cache_is_read(recorded, folder, tmp_path, monkeypatch):
    sound = digest(load_corpus(progress=False))
    recorded.asked.clear()
    chunk = next(path for path in files(folder) if path.stem == "chunk-02")
    chunk.write_bytes(b"damaged")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    real = storage.make_sure_of

    def read_only(path):
        if path.is_relative_to(folder):
            raise PermissionError(13, "Permission denied", str(folder))
        real(path)

    monkeypatch.setattr(storage, "make_sure_of", read_only)
    for _ in range(2):  # the second time, it is kept elsewhere
        assert digest(load_corpus(progress=False)) == sound
    assert recorded.asked == Recorded.NAMES[8:] and chunk.read_bytes() == b"damaged"


def test_each_version_has_its_own_cache(recorded, folder, tmp_path, monkeypatch):
    load_corpus(progress=False)
    before = {path: path.read_bytes() for path in files(folder)}
    recorded.asked.clear()
    with monkeypatch.context() as other:
        other.setattr("importlib.metadata.version", lambda name: "99.0")
        load_corpus(progress=False)
    assert len(recorded.asked) == 11
    changed = tmp_path / "reader.py"
    changed.write_text("# it reads otherwise")
    with monkeypatch.context() as other:
        other.setattr(reader, "__file__", str(changed))
        load_corpus(progress=False)
    assert len(recorded.asked) == 22
    assert before.items() <= {path: path.read_bytes() for path in files(folder)}.items()
    assert len(files(folder)) == 3 * len(before)


def test_there_is_a_progress_bar_only_while_something_is_read(recorded, capsys):
    load_corpus(progress=True)
    assert "reading chorales: 100%" in capsys.readouterr().err
    load_corpus(progress=True)
    captured = capsys.readouterr()
    assert not captured.err and not captured.out


@pytest.mark.parametrize("limit", [0, -1, True, 2.0, "all"])
def test_a_wrong_limit_is_refused(limit, recorded):
    with pytest.raises(ValueError, match="limit: expected an integer of at least 1, got"):
        load_corpus(limit)
    assert not recorded.asked


# ------------------------------------------------------------------------- real processes

SCRIPT = """
import sys
from rnn_course.tasks.chorales import corpus
from tasks.chorales.test_cache import digest
corpus.CHUNK = 3
print(digest(corpus.load_corpus(6, progress=False)), "music21" in sys.modules)
"""


def start(tmp_path, root):
    """Start a plain script, without a main guard, that may write nothing but the cache."""
    home, temporary = tmp_path / "home", tmp_path / "temporary"
    home.mkdir(exist_ok=True)
    temporary.mkdir(exist_ok=True)
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    path = os.pathsep.join([str(root), str(root / "tests")])
    environment = {
        **os.environ,
        "PYTHONPATH": path,
        "HOME": str(home),
        "TMPDIR": str(temporary),
        "PYTHONDONTWRITEBYTECODE": "1",
        FOLDER_VARIABLE: str(tmp_path / "cache"),
    }
    return subprocess.Popen(
        [sys.executable, "-W", "error", str(script)],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.slow
def test_two_processes_with_an_empty_cache_both_get_everything(every, tmp_path, root):
    processes = [start(tmp_path, root) for _ in range(2)]
    answers = [process.communicate(timeout=120) for process in processes]
    assert [process.returncode for process in processes] == [0, 0], answers
    expected = f"{digest(every[:6])} False\n"  # the parent does not import music21
    assert answers == [(expected, ""), (expected, "")]

    assert [path.name for path in files(tmp_path / "cache")] == [
        "chunk-00.json",
        "chunk-01.json",
        "works.json",
    ]
    assert files(tmp_path / "home") == files(tmp_path / "temporary") == []


WRITER = """
import sys
from pathlib import Path
from rnn_course.tasks.chorales.cache import Cache
value, enough = int(sys.argv[1]), Path(sys.argv[2])
while not enough.exists():
    Cache("v").keep("it", [value] * 50_000)
"""


@pytest.mark.slow
def test_a_reader_meanwhile_finds_a_whole_file_of_one_writer(folder, root, tmp_path):
    enough, deadline = tmp_path / "enough", time.monotonic() + 60
    Cache("v").keep("it", [0] * 50_000)
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, str(value), str(enough)],
            cwd=root,
            stderr=subprocess.PIPE,
            text=True,
        )
        for value in (1, 2)
    ]
    changes, last = [0, 0, 0], 0
    try:
        while min(changes[1:]) < 5 and time.monotonic() < deadline:
            content = Cache("v").load("it")
            assert content in ([0] * 50_000, [1] * 50_000, [2] * 50_000)
            changes[content[0]] += content[0] != last
            last = content[0]
    finally:
        enough.touch()
        logs = [writer.communicate()[1] for writer in writers]
    assert logs == ["", ""] and [writer.returncode for writer in writers] == [0, 0]
    assert min(changes[1:]) >= 5
    assert [path.name for path in files(folder)] == ["it.json"]


def test_the_answers_come_in_order_from_several_readers(every, monkeypatch):
    started = []
    monkeypatch.setattr(corpus, "SHARE", 1)
    monkeypatch.setattr(corpus, "_cores", lambda: 2)
    monkeypatch.setattr(subprocess, "Popen", counting(subprocess.Popen, started))
    answers = list(corpus._answers([piece.name for piece in every[:5]]))
    assert [answer["notes"] for answer in answers] == [p.notes.tolist() for p in every[:5]]
    assert len(started) == 2 and all(process.poll() is not None for process in started)


def counting(popen, started):
    def start(*args, **kwargs):
        started.append(popen(*args, **kwargs))
        return started[-1]

    return start


def test_files_beside_the_reader_hide_no_module(every, tmp_path, monkeypatch):
    (tmp_path / "json.py").write_text("raise ImportError('the wrong one')")
    copy = tmp_path / "reader.py"
    copy.write_bytes(Path(reader.__file__).read_bytes())
    monkeypatch.setattr(reader, "__file__", str(copy))
    [answer] = corpus._answers(["bwv269"])
    assert answer["notes"] == every[0].notes.tolist()


def test_the_error_names_a_work_that_cannot_be_read():
    with pytest.raises(RuntimeError, match="music21: expected to read bwv0, got CorpusException"):
        list(corpus._answers(["bwv0"]))


def test_a_reader_that_dies_is_an_error_and_not_an_endless_wait(tmp_path, monkeypatch):
    script = tmp_path / "reader.py"
    script.write_text("import os; os._exit(1)")
    monkeypatch.setattr(reader, "__file__", str(script))
    with pytest.raises(RuntimeError, match="expected to read bwv269, got .* its process ended"):
        list(corpus._answers(["bwv269"]))

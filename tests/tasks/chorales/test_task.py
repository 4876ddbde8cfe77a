"""The chorales task: no melody in two splits, one alphabet, crops that occur in the music."""

import hashlib
import os
import subprocess
import sys
from collections import Counter
from dataclasses import replace

import pytest
import torch

from rnn_course.tasks.base import PADDING, SPLITS, Split, Task
from rnn_course.tasks.chorales.corpus import REST, Chorale, load_corpus
from rnn_course.tasks.chorales.task import (
    FIRST_NOTE,
    HIGHEST,
    LOWEST,
    SILENT,
    SYMBOLS,
    Crops,
    _by_hash,
    decode,
    encode,
    fingerprints,
    load_chorales,
    sides,
    split_chorales,
    transposed,
)


@pytest.fixture(scope="module")
def every():
    return load_corpus(progress=False)


@pytest.fixture(scope="module")
def task():
    return load_chorales(progress=False)


@pytest.fixture(scope="module")
def members():
    return split_chorales(progress=False)


# ---------------------------------------------------------------------------------- no leaks


def windows(melody, size=12):
    """Every `size` consecutive notes without a rest, as a string of intervals."""
    for start in range(len(melody) - size + 1):
        window = melody[start : start + size]
        if REST not in window:
            yield " ".join(str(note - window[0]) for note in window)


def passages(piece):
    """The passages that relate melodies, written independently of the package's own rule."""
    steps = piece.voice("soprano").tolist()
    sung = []
    for note in steps:
        if note != REST and (not sung or sung[-1] != note):
            sung.append(note)
    return {"steps " + w for w in windows(steps)} | {"notes " + w for w in windows(sung)}


def leaks(pieces, side_of):
    """The pairs of chorales that share a passage and are in different splits."""
    found, where = set(), {}
    for piece in pieces:
        if piece.name in side_of:
            for passage in passages(piece):
                for other in where.setdefault(passage, []):
                    if side_of[other] != side_of[piece.name]:
                        found.add((other, piece.name))
                where[passage].append(piece.name)
    return found


def test_no_chorale_has_a_relative_in_another_split(every):
    assert not leaks(every, sides(every))


def test_a_split_by_name_alone_would_leak(every):
    """The same check finds the leaks of a split that looks only at the name."""
    assert len(leaks(every, {p.name: _by_hash(p.name) for p in every})) > 50


def test_the_rows_of_each_split_are_its_chorales(task, members, every):
    side_of = sides(every)
    for side in SPLITS:
        split = getattr(task, side)
        assert [p.name for p in members[side]] == [
            p.name for p in every if side_of.get(p.name) == side
        ]
        assert len(split) == len(members[side])
        for row, piece in enumerate(members[side]):
            steps = piece.notes.shape[1]
            assert int(split.lengths[row]) == steps
            for symbols, voice in ((split.x[row], "soprano"), (split.y[row], "bass")):
                assert [note or REST for note in decode(symbols)] == piece.voice(voice).tolist()
                assert (symbols[steps:] == PADDING).all() and (symbols[:steps] != PADDING).all()
        assert torch.equal(split.y_lengths, split.lengths)


def test_duplicates_are_left_out(every):
    """348 of the 350 differ; no two that are kept are equal in all voices, in any key."""

    def music(piece):
        voices = [piece.voice(v).tolist() for v in ("soprano", "alto", "tenor", "bass")]
        key = next(note for note in voices[0] if note != REST)
        return str([[note and note - key for note in voice] for voice in voices])

    assert len({music(piece) for piece in every}) == 348
    side_of = sides(every)
    kept = [piece for piece in every if piece.name in side_of]
    assert len({music(piece) for piece in kept}) == len(kept)


def test_few_are_left_out_and_each_split_has_its_share(every, members):
    kept = sum(map(len, members.values()))
    assert 335 <= kept <= 348
    shares = [len(members[side]) / kept for side in SPLITS]
    assert shares == pytest.approx([0.7, 0.15, 0.15], abs=0.04)
    assert all(sum(p.notes.shape[1] for p in members[side]) > 2000 for side in SPLITS)


@pytest.mark.parametrize("limit", [20, 60, 100, 200, 349])
def test_a_limit_moves_no_chorale_to_another_split(limit, every):
    few, all_of_them = sides(every[:limit]), sides(every)
    assert few == {p.name: all_of_them[p.name] for p in every[:limit] if p.name in all_of_them}


def tune(name, soprano, bass=48):
    """A chorale with this melody over one long note."""
    rows = [soprano, [64] * len(soprano), [55] * len(soprano), [bass] * len(soprano)]
    return Chorale(name, "", ("Soprano", "Alto", "Tenor", "Bass"), torch.tensor(rows))


MELODY = [67, 71, 69, 72, 71, 74, 72, 76, 74, 77, 76, 72, 74, 71]
OTHER = [60, 65, 62, 67, 64, 69, 65, 70, 67, 72, 69, 74, 71, 76]


def related(a, b):
    return not fingerprints(a).isdisjoint(fingerprints(b))


@pytest.mark.parametrize(
    "variant, expected",
    [
        (MELODY, True),
        ([note - 5 for note in MELODY], True),  # in another key
        ([note for note in MELODY for _ in range(2)], True),  # twice as slow
        ([note for i, note in enumerate(MELODY) for _ in range(1 + i % 2)], True),  # in three-time
        ([*MELODY[:6], REST, *MELODY[6:]], True),  # with a rest inside
        ([*OTHER, *MELODY[:12], *OTHER], True),
        ([*OTHER, *MELODY[:11], *OTHER], False),  # eleven notes are not twelve
        ([*MELODY[:6], MELODY[6] + 1, *MELODY[7:]], False),
        (MELODY[::-1], False),
        (OTHER, False),
    ],
)
def test_melodies_are_recognised_in_another_key_and_rhythm(variant, expected):
    assert related(tune("a", MELODY), tune("b", variant)) is expected


def named(side, other_than=()):
    """A name that the hash sends to this side."""
    return next(
        f"bwv{i}"
        for i in range(1000, 2000)
        if _by_hash(f"bwv{i}") == side and f"bwv{i}" not in other_than
    )


def test_relatives_follow_and_copies_and_those_related_to_two_splits_are_left_out():
    first, second = named("test"), named("train")
    between = [*MELODY, *OTHER]
    pieces = [
        tune(first, MELODY),
        tune(second, OTHER),
        tune("copy", [note - 5 for note in MELODY], bass=43),
    ]
    pieces[2].notes[1:3] -= 5  # all of it in another key
    pieces += [tune("between", between)]
    for side in SPLITS:
        name = named(side, other_than=(first, second))
        pieces += [tune(f"{name}", MELODY, bass=50 + len(pieces))]
    found = sides(pieces)
    assert found[first] == "test" and found[second] == "train"
    assert "copy" not in found and "between" not in found
    assert [found[p.name] for p in pieces[4:]] == ["test"] * 3  # whatever their names


def test_the_task_is_the_same_in_every_process():
    script = """
import hashlib
from rnn_course.tasks.chorales.task import load_chorales
task = load_chorales(40, progress=False)
parts = [t.numpy().tobytes() for s in (task.train, task.valid, task.test)
         for t in (s.x, s.y, s.lengths)]
print(hashlib.sha256(b"".join(parts)).hexdigest())
"""
    there = subprocess.run(
        [sys.executable, "-c", script],
        text=True,
        check=True,
        capture_output=True,
        env={**os.environ, "PYTHONHASHSEED": "12345"},
    )
    task = load_chorales(40, progress=False)
    here = hashlib.sha256(
        b"".join(
            t.numpy().tobytes()
            for s in (task.train, task.valid, task.test)
            for t in (s.x, s.y, s.lengths)
        )
    ).hexdigest()
    assert there.stdout == here + "\n"


def test_a_limit_that_leaves_a_split_empty_is_refused(every):
    with pytest.raises(
        ValueError,
        match="limit: expected enough chorales for each side, got 1, which leaves no chorale in",
    ):
        load_chorales(1, progress=False)
    with pytest.raises(ValueError, match="limit: expected an integer of at least 1, got 0"):
        load_chorales(0)


# ------------------------------------------------------------------------------ the alphabet


def test_the_alphabet_is_padding_a_rest_and_the_notes_in_order(task):
    assert task.symbols == task.labels == SYMBOLS
    assert SYMBOLS[PADDING] == "" and SYMBOLS[SILENT] == "rest"
    assert list(SYMBOLS[FIRST_NOTE:]) == [str(midi) for midi in range(LOWEST, HIGHEST + 1)]
    assert encode(torch.tensor([REST, LOWEST, 60, HIGHEST])).tolist() == [
        SILENT,
        FIRST_NOTE,
        SYMBOLS.index("60"),
        len(SYMBOLS) - 1,
    ]


def test_decoding_notes_inverts_encoding():
    notes = torch.tensor([60, REST, REST, LOWEST, HIGHEST])
    assert decode(encode(notes)) == [60, None, None, LOWEST, HIGHEST]
    assert decode(torch.tensor([5, PADDING, PADDING])) == [LOWEST + 3]


@pytest.mark.parametrize("note", [LOWEST - 1, HIGHEST + 1, -1])
def test_a_note_outside_the_alphabet_is_refused(note):
    with pytest.raises(ValueError, match=f"notes: expected a rest .* 31 … 86, got {note}"):
        encode(torch.tensor([60, note]))


def test_a_transposition_moves_the_notes_and_nothing_else(task):
    for voice in (task.train.x, task.train.y, task.test.x, task.test.y, task.valid.x, task.valid.y):
        for semitones in (-5, 3, 5):  # the alphabet has room for every chorale
            moved = transposed(voice, semitones)
            notes = voice >= FIRST_NOTE
            assert (moved[notes] - voice[notes] == semitones).all()
            assert torch.equal(moved[~notes], voice[~notes])
            assert torch.equal(transposed(moved, -semitones), voice)
    up = transposed(task.train.x[:2], torch.tensor([[1], [-1]]))
    assert torch.equal(up[0], transposed(task.train.x[0], 1))
    assert torch.equal(up[1], transposed(task.train.x[1], -1))


def test_a_transposition_beyond_the_alphabet_is_refused(task):
    with pytest.raises(
        ValueError,
        match="semitones: expected a shift that keeps the notes within "
        "MIDI 31 … 86, got one to 77 … 101",
    ):
        transposed(task.train.x, 20)


# ------------------------------------------------------------------------------------ crops

SMALL = Split(
    encode(torch.tensor([[60, 62, 64, REST, 67, 69, 71], [72, 71, 70, 0, 0, 0, 0]])),
    encode(torch.tensor([[48, 50, REST, 43, 41, 40, 39], [36, 38, 40, 0, 0, 0, 0]])),
    torch.tensor([7, 3]),
    torch.tensor([7, 3]),
)
SMALL.x[1, 3:] = SMALL.y[1, 3:] = PADDING


def draws(crops, count=200):
    generator = torch.Generator().manual_seed(1)
    return [crops.draw(generator) for _ in range(count)]


def test_each_crop_is_a_window_of_its_chorale_in_one_key():
    seen = Counter()
    for drawn in draws(Crops(SMALL, steps=4, semitones=2)):
        assert drawn.lengths.tolist() == drawn.y_lengths.tolist() == [4, 3]
        for row in range(2):
            steps = int(drawn.lengths[row])
            matches = [
                (start, key)
                for start in range(int(SMALL.lengths[row]) - steps + 1)
                for key in range(-2, 3)
                if all(
                    torch.equal(
                        drawn_voice[row, :steps], transposed(voice[row, start : start + steps], key)
                    )
                    for drawn_voice, voice in ((drawn.x, SMALL.x), (drawn.y, SMALL.y))
                )
            ]
            assert len(matches) == 1
            seen[row, *matches[0]] += 1
    # Every place and key occurs about equally often: 200 draws over 4 · 5 and 1 · 5.
    assert len(seen) == 4 * 5 + 5
    for (row, *_), count in seen.items():
        assert count == pytest.approx((10, 40)[row], abs=(16, 30)[row])


def test_crops_of_full_length_in_the_same_key_are_the_split_itself():
    for steps in (7, 48):
        drawn = Crops(SMALL, steps=steps, semitones=0).draw(torch.Generator())
        inside = torch.arange(7) < SMALL.lengths.unsqueeze(1)
        assert torch.equal(drawn.x[inside], SMALL.x[inside])
        assert torch.equal(drawn.y[inside], SMALL.y[inside])
        assert torch.equal(drawn.lengths, SMALL.lengths)


def test_a_short_chorale_is_padded_past_its_end():
    for drawn in draws(Crops(SMALL, steps=5), 20):
        assert (drawn.x[1, 3:] == PADDING).all() and (drawn.y[1, 3:] == PADDING).all()


def test_crops_train_like_a_split(task):
    crops = Crops(task.train, steps=48, per_example=3)
    assert len(crops) == 3 * len(task.train)

    def epoch(seed):
        return list(crops.batches(32, torch.Generator().manual_seed(seed)))

    first, again, other = epoch(1), epoch(1), epoch(2)
    assert sum(len(batch.x) for batch in first) == len(crops)
    assert all(batch.x.shape[1] <= 48 and batch.x.shape == batch.y.shape for batch in first)
    assert all(
        torch.equal(a.x, b.x) and torch.equal(a.y, b.y) for a, b in zip(first, again, strict=True)
    )
    assert any(
        a.x.shape != b.x.shape or not torch.equal(a.x, b.x)
        for a, b in zip(first, other, strict=True)
    )
    without = [list(crops.batches(32)) for _ in range(2)]
    assert all(torch.equal(a.x, b.x) for a, b in zip(*without, strict=True))
    left = torch.get_rng_state()
    epoch(3)
    assert torch.equal(left, torch.get_rng_state())


def test_wrong_crops_are_refused(task):
    with pytest.raises(TypeError, match="split: expected a Split, got Task"):
        Crops(task)
    with pytest.raises(ValueError, match="split: expected lengths, and a y as long as x"):
        Crops(Split(SMALL.x, SMALL.y[:, 0], SMALL.lengths))
    for name in ("steps", "per_example"):
        with pytest.raises(ValueError, match=f"{name}: expected an integer of at least 1, got 0"):
            Crops(SMALL, **{name: 0})
    with pytest.raises(ValueError, match="semitones: expected an integer of at least 0, got -1"):
        Crops(SMALL, semitones=-1)
    with pytest.raises(ValueError, match="batch_size: expected an integer of at least 1, got 0"):
        Crops(SMALL).batches(0)


def test_the_task_is_a_task(task):
    assert isinstance(task, Task) and task.name == "chorales"
    assert replace(task.train).x.dtype == task.train.y.dtype == torch.int64

"""Tunes split by family, and the streams that a network reads."""

import pytest
import torch

from rnn_course.tasks.base import SPLITS, Split
from rnn_course.tasks.tunes.streams import Streams, pieces
from rnn_course.tasks.tunes.task import END, RELATED, families, load_tunes


@pytest.fixture(scope="module")
def task():
    return load_tunes()


def rows(melody, n):
    return {melody[i : i + n] for i in range(len(melody) - n + 1)}


def test_no_tune_has_a_relative_on_another_side(task):
    letters = {
        side: set().union(*(rows(t.melody, RELATED) for t in task.members[side])) for side in SPLITS
    }
    assert not letters["train"] & letters["valid"]
    assert not letters["train"] & letters["test"]
    assert not letters["valid"] & letters["test"]
    texts = [t.text for side in SPLITS for t in task.members[side]]
    assert len(set(texts)) == len(texts) > 2700


def test_relatives_of_relatives_are_a_family():
    # 0 and 2 share nothing, but 1 shares four letters with each
    found = families(["ABCDEF", "CDEFGAab", "GAabcd", "ggggg", "fffff", "ggggga", "AB"], related=4)
    groups = {}
    for i, family in enumerate(found):
        groups.setdefault(family, []).append(i)
    assert sorted(groups.values()) == [[0, 1, 2], [3, 5], [4], [6]]


def test_families_are_those_of_the_plainest_search(task):
    tunes = [t.melody for side in SPLITS for t in task.members[side]][::9]
    found, seen = list(range(len(tunes))), [rows(m, RELATED) for m in tunes]
    for i in range(len(tunes)):
        for j in range(i):
            if seen[i] & seen[j] and found[i] != found[j]:
                found = [found[j] if f == found[i] else f for f in found]
    pairs = set(zip(found, families(tunes), strict=True))
    assert len(pairs) == len(set(found)) == len(set(families(tunes))) < len(tunes)


def test_the_next_character_is_the_target(task):
    for side in SPLITS:
        split = getattr(task, side)
        assert len(split) == len(task.members[side])
        assert torch.equal(split.lengths, split.y_lengths)
        for i in (0, len(split) - 1):
            text = task.members[side][i].text
            assert task.decode(split.x[i : i + 1]) == [END + text]
            assert task.decode(split.y[i : i + 1]) == [text + END]
            assert split.lengths[i] == len(text) + 1
    texts = [t.text for t in task.members["test"][:3]]
    assert task.texts(task.test.y[:3]) == texts
    assert task.texts(task.test.y[:1, :5]) == [texts[0][:5]]  # not yet at its end
    assert task.symbols[task.end] == END and not (task.train.x == 1).any()


def test_the_sides_have_eight_tenths_and_a_tenth_each(task):
    sizes = [len(getattr(task, side)) for side in SPLITS]
    assert [round(n / sum(sizes), 1) for n in sizes] == [0.8, 0.1, 0.1]


def test_a_limit_is_of_the_training_tunes_only(task):
    some = load_tunes(50)
    assert len(some.train) == 50 and some.symbols == task.symbols
    assert torch.equal(some.test.x, task.test.x)
    with pytest.raises(ValueError, match="limit"):
        load_tunes(0)


# ---------------------------------------------------------------------------------------- streams


def small():
    """Sequences 1, 2 3, 4 5 6, … padded, whose targets are a hundred more."""
    lengths = torch.arange(1, 8)
    x = torch.zeros(7, 7, dtype=torch.int64)
    x[torch.arange(7) < lengths[:, None]] = torch.arange(1, 29)
    return Split(x, torch.where(x > 0, x + 100, 0), lengths, lengths)


def read(windows):
    """What each stream reads: the sequences in it, or the parts of them."""
    streams = [[] for _ in windows[0].x]
    for window in windows:
        for row, (x, n, fresh) in enumerate(
            zip(window.x.tolist(), window.lengths.tolist(), window.fresh.tolist(), strict=True)
        ):
            if fresh:
                streams[row].append([])
            streams[row][-1] += x[:n]
            assert not any(x[n:])
    return streams


def test_a_row_goes_on_where_it_ended_and_a_new_sequence_is_fresh():
    windows = list(Streams(small(), rows=2, steps=3).batches(2))
    # the pieces: 1 | 2 3 | 4 5 6 | 7 8 9, 10 | 11 12 13, and in the other stream 14 15 | …
    assert read(windows) == [
        [[1], [2, 3], [4, 5, 6], [7, 8, 9, 10], [11, 12, 13]],
        [[14, 15], [16, 17, 18, 19, 20, 21], [22, 23, 24, 25, 26, 27, 28]],
    ]
    for window in windows:
        inside = torch.arange(3) < window.lengths[:, None]
        assert torch.equal(window.y[inside], window.x[inside] + 100)


def test_each_sequence_is_read_whole_and_once_in_a_new_order_each_epoch():
    streams = Streams(small(), rows=1, steps=2)
    whole = [list(filter(None, row)) for row in small().x.tolist()]
    generator = torch.Generator().manual_seed(1)
    (first,), (second,) = (read(list(streams.batches(1, generator))) for _ in range(2))
    assert first != second and sorted(first) == sorted(second) == sorted(whole)
    (again,) = read(list(streams.batches(1, torch.Generator().manual_seed(1))))
    assert again == first
    assert read(list(streams.batches(1)))[0] == whole


@pytest.mark.parametrize("rows", [1, 2, 3, 5])
def test_what_is_left_over_is_less_than_a_window(rows):
    streams = Streams(small(), rows, steps=3)
    windows = list(streams.batches(rows, torch.Generator().manual_seed(0)))
    n = 1 + 1 + 1 + 2 + 2 + 2 + 3  # the pieces
    assert len(windows) == n // rows and len(streams) == rows * (n // rows)
    assert windows[0].fresh.all()
    seen = [x for stream in read(windows) for sequence in stream for x in sequence]
    assert len(set(seen)) == len(seen) > 28 - 3 * rows


def test_pieces_are_the_sequences_cut():
    cut, first = pieces(small(), 3)
    rows = [x[:n].tolist() for x, n in zip(cut.x, cut.lengths, strict=True)]
    assert rows[:5] == [[1], [2, 3], [4, 5, 6], [7, 8, 9], [10]]
    assert [x for row in rows for x in row] == list(range(1, 29))
    assert first.tolist()[:6] == [True, True, True, True, False, True]
    whole, first = pieces(small(), 7)
    assert torch.equal(whole.x, small().x) and first.all()


@pytest.mark.parametrize("rows, steps", [(0, 4), (4, 0), (29, 1), (True, 2), (2.0, 2), (8, 7)])
def test_windows_that_cannot_be(rows, steps):
    with pytest.raises(ValueError, match="rows|steps"):
        Streams(small(), rows, steps)


def test_streams_say_what_they_need():
    split = small()
    with pytest.raises(TypeError, match="split"):
        Streams(split.x, 2, 4)
    with pytest.raises(ValueError, match="lengths"):
        Streams(Split(split.x, split.y), 2, 4)
    with pytest.raises(ValueError, match="batch_size: expected the 2 rows, got 3"):
        Streams(split, 2, 4).batches(3)

"""Tunes split by family, and the streams that a network reads."""

import pytest
import torch

from rnn_course.tasks.base import SPLITS, Split
from rnn_course.tasks.tunes.streams import Streams
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


def test_a_window_goes_on_where_the_one_before_ended():
    windows = list(Streams(small(), rows=2, steps=4).batches(2))
    assert [w.fresh for w in windows] == [True, False, False]
    x = torch.cat([w.x for w in windows], dim=1)
    assert x.tolist() == [list(range(1, 13)), list(range(13, 25))]
    assert torch.equal(torch.cat([w.y for w in windows], dim=1), x + 100)


def test_sequences_are_shuffled_whole_and_only_the_rest_is_missing():
    streams = Streams(small(), rows=3, steps=3)
    generator = torch.Generator().manual_seed(1)
    first, second = (
        torch.cat([w.x for w in streams.batches(3, generator)], dim=1) for _ in range(2)
    )
    assert first.shape == (3, 9) and len(streams) == 9
    assert not torch.equal(first, second)
    text = first.flatten().tolist()
    assert len(set(text)) == 27
    starts = [int(row[0]) for row in small().x]
    for here, there in zip(text, text[1:], strict=False):  # what follows: the next, or a beginning
        assert there == here + 1 or there in starts
    again = torch.Generator().manual_seed(1)
    assert torch.equal(torch.cat([w.x for w in streams.batches(3, again)], dim=1), first)


@pytest.mark.parametrize("rows, steps", [(0, 4), (4, 0), (2, 15), (29, 1), (True, 2), (2.0, 2)])
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

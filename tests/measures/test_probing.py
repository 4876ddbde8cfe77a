"""Asking states: the right places, the right symbols, and nothing told that is not there."""

import pytest
import torch
from torch.nn import functional as F

from rnn_course.measures.probing import places, told
from rnn_course.tasks.base import Split


def draw(count, seed, steps=9, n=4):
    generator = torch.Generator().manual_seed(seed)
    x = torch.randint(n, (count, steps), generator=generator)
    lengths = torch.randint(1, steps + 1, (count,), generator=generator)
    return Split(x, x, lengths, lengths)


def window(*offsets):
    """States that hold exactly the symbols at these offsets, one-hot, and some noise."""

    def states(split):
        parts = []
        for k in offsets:
            moved = F.pad(split.x, (9, 9))[:, 9 + k : 9 + k + split.x.shape[1]]
            parts.append(F.one_hot(moved, 4).float())
        h = torch.cat(parts, dim=2)
        return h + 0.1 * torch.randn(h.shape, generator=torch.Generator().manual_seed(0))

    return states


@pytest.mark.parametrize("reach", [1, 2, 4])
def test_places_are_those_with_room_on_both_sides(reach):
    split = draw(20, seed=0)
    expected = [
        (i, t)
        for i, length in enumerate(split.lengths.tolist())
        for t in range(length)
        if t - reach >= 0 and t + reach < length
    ]
    row, t = places(split, reach, 1000)
    assert list(zip(row.tolist(), t.tolist(), strict=True)) == expected
    assert [part.tolist() for part in places(split, reach, 3)] == [
        [place[i] for place in expected[:3]] for i in (0, 1)
    ]
    whole = Split(split.x, split.x)  # no lengths: all steps belong to it
    assert len(places(whole, reach, 1000)[0]) == 20 * (9 - 2 * reach)


def test_what_is_in_the_states_is_told_and_nothing_else():
    train, test = draw(600, seed=1), draw(600, seed=2)
    offsets = (-2, -1, 0, 1, 2)
    for kept in ((-2, 0), (1,), (-1, 2)):
        for k, share in zip(offsets, told(window(*kept), train, test, offsets), strict=True):
            if k in kept:
                assert share > 0.99
            else:  # a quarter of them, by luck
                assert abs(share - 0.25) < 5 * (0.25 * 0.75 / len(places(test, 2, 6000)[0])) ** 0.5


def test_a_symbol_seen_once_is_told_wrong_and_warns_of_nothing():
    train, test = draw(300, seed=1), draw(300, seed=2)
    x = train.x.clone()
    row, t = places(train, 1, 6000)
    x[row[0], t[0]] = 4  # stands at one place of training
    once = Split(x, x, train.lengths)
    strange = Split(torch.full_like(test.x, 4), test.x, test.lengths)
    states = torch.randn(300, 9, 5, generator=torch.Generator().manual_seed(0))
    assert told(lambda split: states, once, strange, (-1, 0, 1)) == [0, 0, 0]


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda s: places(s, 0, 5), "reach: expected an integer of at least 1, got 0"),
        (lambda s: places(s, 1, 0), "most: expected an integer of at least 1, got 0"),
        (lambda s: places(s, 5, 5), "split: expected a sequence of more than 10 steps, got none"),
        (lambda s: told(lambda split: split.x, s, s, ()), "reach: expected an integer"),
    ],
)
def test_errors(call, message):
    with pytest.raises(ValueError, match=message):
        call(draw(5, seed=0))

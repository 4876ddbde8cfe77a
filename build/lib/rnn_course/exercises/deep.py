"""Chapter 8: paths counted by hand, and the highest key."""

from __future__ import annotations

from typing import Any

import torch

from rnn_course import checks
from rnn_course.exercises.registry import Part, agree, exercise, formula, holds


@exercise("ch8-count", "", "a number of layers")
def count(layers: Any) -> None:
    """The shortest path through the stack."""
    n = checks.whole("ch8-count", layers)
    holds(n != 4, "there are four moves, but each goes through a transition of two layers")
    holds(n != 10, "no input block counts: the path begins at h_1^(t), which is there already")
    holds(n != 12, "not each level's step in time is on the path: two moves upwards, two in time")
    holds(n != 6, "moves upwards and moves in time both cost the two layers of a transition")
    holds(n == 8, "count the moves, upwards and in time, and the layers that each goes through")


@exercise(
    "ch8-output",
    "x_a, h_h, h_o",
    "the layers on the shortest path from x^(t) to o^(t), without the skip and with it",
)
def output(paths: Any) -> None:
    """Blocks of no layer to three, transitions without a skip."""
    formula(
        paths,
        "x_a, h_h, h_o",
        [(0, 1, 1), (1, 2, 1), (2, 1, 3), (0, 3, 0)],
        Part("without the skip", lambda a, h, o: a + h + o, {
            "from a^(t) to h^(t) the path goes through the transition": lambda a, h, o: a + o,
            "the output block is on the path as well": lambda a, h, o: a + h,
            "the input block is on the path as well": lambda a, h, o: h + o,
        }),
        Part("with the skip", lambda a, h, o: o, {
            "the output block is still on the way": lambda a, h, o: 0,
            "x^(t) reaches the output block without the input block": lambda a, h, o: a + o,
            "there is a shorter way than through the state": lambda a, h, o: a + h + o,
        }),
    )  # fmt: skip


@exercise("ch8-probe", "frames", "the index of the highest key that sounds, (N,)")
def probe(highest: Any) -> None:
    """Five frames of one to four keys."""
    keys = [[3, 9], [0], [11], [2, 5, 6, 7], [1, 10]]
    frames = torch.zeros(5, 12)
    for frame, sounding in zip(frames, keys, strict=True):
        frame[sounding] = 1
    want = torch.tensor([max(each) for each in keys])
    agree(highest(frames), want, "the highest key is the last that sounds", {
        "this is the lowest key: argmax finds the first 1": frames.argmax(1),
        "this counts from the top: the keys were reversed": frames.flip(1).argmax(1),
        "12 keys have the indices 0 to 11: one off": 12 - frames.flip(1).argmax(1),
        "this is the number of keys that sound": frames.sum(1),
    })  # fmt: skip

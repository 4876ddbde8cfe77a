"""The exhibits by number: what is right, and what the bug costs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rnn_course.homework.museum import looking, padding, recurrence, shapes, training
from rnn_course.homework.museum.measuring import Cost

EXHIBITS: dict[int, tuple[Callable[[Any], Cost], tuple[Any, ...]]] = {
    1: (recurrence.cost_of_no_nonlinearity, (recurrence.WithTanh, recurrence.WithReLU)),
    2: (recurrence.cost_of_detaching, (recurrence.Attached, recurrence.Whole)),
    3: (recurrence.cost_of_starting_anew, (recurrence.HandedOn, recurrence.HandedOnByHand)),
    4: (padding.cost_of_reading_the_padding, (padding.OwnEnd, padding.Packed)),
    5: (padding.cost_of_counting_the_padding, (padding.masked_loss, padding.packed_loss)),
    6: (padding.cost_of_the_last_position, (padding.BothEnds, padding.FinalStates)),
    7: (shapes.cost_of_view, (shapes.Transposed, shapes.BatchFirst)),
    8: (shapes.cost_of_the_final_state, (shapes.BothLevels, shapes.OneByOne)),
    9: (shapes.cost_of_the_final_state_handed_up, (shapes.TwoLevels, shapes.TwoCells)),
    10: (looking.cost_of_ignoring_the_encoder, (looking.General, looking.Additive)),
    11: (looking.cost_of_a_leak, (looking.lower_triangle, looking.not_later)),
    12: (looking.cost_of_not_shifting, (looking.cut, looking.moved)),
    13: (training.cost_of_clipping_too_late, (training.clip_between, training.clip_by_hand)),
    14: (training.cost_of_the_wrong_split, (training.named_scores, training.scores_one_by_one)),
    15: (training.cost_of_slicing, (training.Unbound, training.NoLoop)),
}
"""Of each exhibit what measures its bug, and two versions without it, written differently."""


def cost(exhibit: int, broken: Any) -> Cost:
    """What a bug costs, measured: an exhibit's task with its bug, without it, and a baseline.

    Args:
        broken: The exhibit's network, a class, or its function.

    Raises:
        ValueError: If there is no such exhibit.
    """
    return _found(exhibit)[0](broken)


def right(exhibit: int) -> tuple[Any, ...]:
    """Versions without an exhibit's bug, written differently.

    Raises:
        ValueError: If there is no such exhibit.
    """
    return _found(exhibit)[1]


def _found(exhibit: int) -> tuple[Callable[[Any], Cost], tuple[Any, ...]]:
    if exhibit not in EXHIBITS:
        raise ValueError(f"exhibit: expected one of 1 to {len(EXHIBITS)}, got {exhibit!r}")
    return EXHIBITS[exhibit]

"""How far the sequences that a network wrote are from the right ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")
Each = TypeVar("Each")


def edit_distance(a: Sequence[object], b: Sequence[object]) -> int:
    """The fewest insertions, deletions and substitutions of a symbol that turn a into b.

    With d(i, j) the distance between the first i symbols of a and the first j of b:

        d(i, j) = min(d(i-1, j) + 1, d(i, j-1) + 1, d(i-1, j-1) + [a_i ≠ b_j])

    Source: Levenshtein (1966); Wagner and Fischer (1974).
    """
    row = list(range(len(b) + 1))  # d(0, j)
    for i, a_i in enumerate(a, start=1):
        diagonal, row[0] = row[0], i
        for j, b_j in enumerate(b, start=1):
            diagonal, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, diagonal + (a_i != b_j))
    return row[-1]


def nearest(written: Sequence[T], accepted: Sequence[Sequence[T]]) -> Sequence[T]:
    """The right answer that is the fewest edits away from what was written; the first if tied.

    Raises:
        ValueError: If there is no right answer.
    """
    if not accepted:
        raise ValueError("accepted: expected at least one right answer, got none")
    if len(accepted) == 1:
        return accepted[0]
    return min(accepted, key=lambda answer: edit_distance(written, answer))


def error_rate(written: Sequence[Sequence[object]], truth: Sequence[Sequence[object]]) -> float:
    """The edit distances as a share of the symbols (characters, phones or words) to be written:

        Σ edit_distance(written, truth) / Σ length(truth)

    0 is perfect, and more than 1 is possible.

    Raises:
        ValueError: If the lists differ in length, or there was nothing to write.
    """
    total = sum(map(len, _as_many(written, truth)))
    if total == 0:
        raise ValueError("truth: expected at least one symbol, got none")
    return sum(map(edit_distance, written, truth)) / total


def exact_match(written: Sequence[Sequence[object]], truth: Sequence[Sequence[object]]) -> float:
    """The share of sequences that are right from the first symbol to the last.

    Raises:
        ValueError: If the lists differ in length or are empty.
    """
    right = [a == b for a, b in zip(written, _as_many(written, truth), strict=True)]
    return sum(right) / len(right)


def accepted_rates(
    written: Sequence[Sequence[T]], accepted: Sequence[Sequence[Sequence[T]]]
) -> tuple[float, float]:
    """The error rates of symbols and of whole sequences when several answers are right.

    Errors of symbols are counted against the `nearest` answer; a sequence is wrong if it is none of
    the answers.

    Raises:
        ValueError: If the lists differ in length, or a sequence has no right answer.
    """
    right = [
        nearest(each, answers)
        for each, answers in zip(written, _as_many(written, accepted), strict=True)
    ]
    return error_rate(written, right), 1 - exact_match(written, right)


def _as_many(written: Sequence[Sequence[object]], truth: Sequence[Each]) -> Sequence[Each]:
    """`truth`, if it has as many sequences as `written`."""
    if len(written) != len(truth) or not truth:
        raise ValueError(
            f"written: expected a sequence for each in truth, {len(truth)} and at "
            f"least one, got {len(written)}"
        )
    return truth

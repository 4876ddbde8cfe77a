"""How far what a network wrote is from what it should have written."""

from __future__ import annotations

from collections.abc import Sequence


def edit_distance(a: Sequence[object], b: Sequence[object]) -> int:
    """The fewest insertions, deletions and substitutions of one symbol that make a into b.

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


def nearest(written: Sequence[object], accepted: Sequence[Sequence[object]]) -> Sequence[object]:
    """That of several right answers from which what was written is the fewest edits away.

    The first of equals. Raises ValueError where no answer is right.
    """
    if not accepted:
        raise ValueError("accepted: expected at least one right answer, got none")
    return min(accepted, key=lambda answer: edit_distance(written, answer))


def error_rate(written: Sequence[Sequence[object]], truth: Sequence[Sequence[object]]) -> float:
    """The edit distances as a share of what there was to write: of characters, phones or words.

        Σ edit_distance(written, truth) / Σ length(truth)

    0 is perfect, and more than 1 is possible. Raises ValueError for lists of different lengths and
    where there was nothing to write.
    """
    total = sum(map(len, _as_many(written, truth)))
    if total == 0:
        raise ValueError("truth: expected at least one symbol, got none")
    return sum(map(edit_distance, written, truth)) / total


def exact_match(written: Sequence[Sequence[object]], truth: Sequence[Sequence[object]]) -> float:
    """The share of sequences that are right from the first symbol to the last.

    Raises ValueError for lists of different lengths and for empty ones.
    """
    right = [a == b for a, b in zip(written, _as_many(written, truth), strict=True)]
    return sum(right) / len(right)


def accepted_rates(
    written: Sequence[Sequence[object]], accepted: Sequence[Sequence[Sequence[object]]]
) -> tuple[float, float]:
    """Error rates where several answers are right: of symbols and of whole sequences.

    The symbols' errors are counted against the `nearest` answer, and a sequence is wrong if it is
    none of them. Raises ValueError for lists of different lengths and where no answer is right.
    """
    right = [
        nearest(each, answers)
        for each, answers in zip(written, _as_many(written, accepted), strict=True)
    ]
    return error_rate(written, right), 1 - exact_match(written, right)


def _as_many(
    written: Sequence[Sequence[object]], truth: Sequence[Sequence[object]]
) -> Sequence[Sequence[object]]:
    if len(written) != len(truth) or not truth:
        raise ValueError(
            f"written: expected a sequence for each in truth, {len(truth)} and at "
            f"least one, got {len(written)}"
        )
    return truth

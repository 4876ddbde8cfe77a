"""The task that depends on what comes later: its answers, and its ceilings by brute force."""

from collections import defaultdict
from itertools import product

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from rnn_course.tasks.futures import DIRECTIONS, Futures, make_futures

voters = st.sampled_from([(0, 0), (0, 2), (1, 1), (2, 0), (1, 3), (2, 2), (0, 4)])
laws = st.builds(
    lambda steps, v, shortest: Futures(steps, *v, min(shortest, steps) or None),
    st.integers(1, 6),
    voters,
    st.integers(0, 6),
)


def answers(law, x):
    """y for a list x, straight from the definition."""

    def at(s):
        return x[s] if 0 <= s < len(x) else 0

    window = law.past + 1 + law.future
    return [
        int(sum(at(t + k) for k in range(-law.past, law.future + 1)) > window // 2)
        for t in range(len(x))
    ]


def brute(law, direction):
    """The best accuracy, from all lengths, all x and everything read so far."""
    cases = defaultdict(lambda: [0.0, 0.0])
    for length in range(law.shortest or law.steps, law.steps + 1):
        for x in product((0, 1), repeat=length):
            for t, y in enumerate(answers(law, x)):
                read = {"forward": x[: t + 1], "backward": (x[t:], "from the end"), "both": (t, x)}[
                    direction
                ]
                cases[read][y] += 0.5**length
    return sum(map(max, cases.values())) / sum(map(sum, cases.values()))


@given(laws, st.sampled_from(DIRECTIONS))
def test_the_ceiling_agrees_with_enumerating_all_sequences(law, direction):
    assert law.ceiling(direction) == pytest.approx(brute(law, direction), abs=1e-12)


def test_the_numbers_in_the_chapter():
    law = Futures(400, past=1, future=1)
    assert law.ceiling("forward") == law.ceiling("backward") == pytest.approx(0.75, abs=1e-3)
    assert law.ceiling("both") == 1
    law = Futures(400)  # two of the three voters are in the future
    assert law.ceiling("forward") == pytest.approx(0.75, abs=1e-3)
    assert law.ceiling("backward") == 1


@given(laws, st.integers(0, 2**31))
def test_the_answers_are_majorities_inside_each_sequence(law, seed):
    drawn = law.draw(8, torch.Generator().manual_seed(seed))
    lengths = [law.steps] * 8 if drawn.lengths is None else drawn.lengths.tolist()
    assert (drawn.lengths is None) == (law.shortest is None)
    for x, y, length in zip(drawn.x.tolist(), drawn.y.tolist(), lengths, strict=True):
        assert (law.shortest or law.steps) <= length <= law.steps
        assert y == answers(law, x[:length]) + [0] * (law.steps - length)
        assert not any(x[length:])


def test_padding_does_not_vote():
    law = Futures(4, past=1, future=1, shortest=2)
    x, lengths = torch.tensor([[0, 1, 1, 1]]), torch.tensor([2])
    assert law.answers(x, lengths).tolist() == [[0, 0, 0, 0]]
    assert law.answers(x).tolist() == [[0, 1, 1, 1]]
    x = torch.ones(1, 4, dtype=torch.int64)
    assert Futures(4, past=2, future=0).answers(x, lengths).tolist() == [[0, 1, 0, 0]]


def test_draws_are_fair():
    drawn = Futures(6, shortest=3).draw(20_000, torch.Generator().manual_seed(0))
    counts = torch.bincount(drawn.lengths, minlength=7)[3:]
    assert (counts - 5000).abs().max() < 5 * (20_000 * 0.25 * 0.75) ** 0.5
    ones = drawn.x.sum() / drawn.lengths.sum()
    assert abs(float(ones) - 0.5) < 5 * 0.5 / float(drawn.lengths.sum()) ** 0.5


def test_the_best_forward_table_reaches_the_ceiling_and_none_exceeds_it():
    """The most frequent answer to (t, x^(t)), counted on one half and scored on the other."""
    law = Futures(8)
    fit, score = (law.draw(40_000, torch.Generator().manual_seed(s)) for s in (0, 1))
    right = 0
    for t in range(8):
        for x_t in (0, 1):
            best = fit.y[fit.x[:, t] == x_t, t].float().mean().round().long()
            right += int((score.y[score.x[:, t] == x_t, t] == best).sum())
    assert right / score.y.numel() == pytest.approx(law.ceiling("forward"), abs=0.005)


def test_the_task():
    task = make_futures(5, past=1, future=1, shortest=3, n_train=50, n_test=20, seed=3)
    assert task.train.x.shape == task.train.y.shape == (50, 5) and len(task.test) == 20
    assert torch.equal(task.train.lengths, task.train.y_lengths)
    again = make_futures(5, past=1, future=1, shortest=3, n_train=50, n_test=20, seed=3)
    assert torch.equal(task.train.y, again.train.y) and torch.equal(task.test.x, again.test.x)
    assert not torch.equal(task.valid.x, task.test.x)


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: Futures(0), "steps: expected an integer of at least 1, got 0"),
        (lambda: Futures(3, past=-1), "past: expected a whole number of at least 0, got -1"),
        (lambda: Futures(3, future=1.0), "future: expected a whole number of at least 0, got 1.0"),
        (lambda: Futures(3, past=1), "past, future: expected an even sum, .* got 1 and 2"),
        (lambda: Futures(3, shortest=4), r"shortest: expected at most 3 \(the steps\), got 4"),
        (lambda: Futures(3, shortest=0), "shortest: expected an integer of at least 1, got 0"),
        (lambda: Futures(3).ceiling("up"), "direction: expected one of forward, backward, both"),
        (lambda: make_futures(3, n_train=0), "count: expected an integer of at least 1, got 0"),
    ],
)
def test_errors(call, message):
    with pytest.raises(ValueError, match=message):
        call()

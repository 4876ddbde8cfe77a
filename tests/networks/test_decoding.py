"""A network that runs freely: what it writes is what it is given next."""

import pytest
import torch

from rnn_course.networks.decoding import generate

P = torch.tensor(
    [
        [0.0, 0.7, 0.2, 0.1],  # from 0 mostly to 1, from 1 to 2, from 2 to 3
        [0.1, 0.0, 0.8, 0.1],
        [0.1, 0.1, 0.1, 0.7],
        [0.4, 0.3, 0.2, 0.1],
    ],
    dtype=torch.float64,
)


def chain(t, y_before, state):
    """A Markov chain: its state only counts the steps."""
    return P[y_before].log().clamp(min=-1e3), state + 1


def start(n):
    return torch.zeros(n, dtype=torch.int64)


def test_greedy_takes_the_best_and_hands_it_on():
    found = generate(chain, start(2), 0, 4)
    assert found.y.tolist() == [[1, 2, 3, 0]] * 2
    expected = (P[0, 1] * P[1, 2] * P[2, 3] * P[3, 0]).log()
    torch.testing.assert_close(found.log_p, expected.expand(2))
    assert found.lengths.tolist() == [4, 4]


def test_samples_come_as_often_as_they_are_probable():
    found = generate(chain, start(20_000), 0, 2, generator=torch.Generator().manual_seed(0))
    for first in (1, 2, 3):
        for second in range(4):
            share = ((found.y == torch.tensor([first, second])).all(1)).double().mean()
            assert abs(share - P[0, first] * P[first, second]) < 0.02
    again = generate(chain, start(20_000), 0, 2, generator=torch.Generator().manual_seed(0))
    assert torch.equal(found.y, again.y)
    other = generate(chain, start(20_000), 0, 2, generator=torch.Generator().manual_seed(1))
    assert not torch.equal(found.y, other.y)


def test_a_sequence_is_over_with_its_end():
    found = generate(chain, torch.tensor([0, 1, 2]), 0, 6, end=3)
    assert found.y.tolist() == [[1, 2, 3], [2, 3, 0], [3, 0, 0]]  # and the loop ends with them
    assert found.lengths.tolist() == [3, 2, 1]
    torch.testing.assert_close(found.log_p[2], P[2, 3].log())  # nothing after the end counts
    cut = generate(chain, start(1), 0, 2, end=3)
    assert cut.y.tolist() == [[1, 2]] and cut.lengths.tolist() == [2]


def test_each_step_gets_its_number_and_the_state_before():
    seen = []

    def step(t, y_before, state):
        seen.append((t, y_before.tolist(), state))
        return P[y_before].log().clamp(min=-1e3), state + "x"

    generate(step, start(1), "", 3)
    assert seen == [(0, [0], ""), (1, [1], "x"), (2, [2], "xx")]


@pytest.mark.parametrize(
    "arguments, error, words",
    [
        ((chain, start(1), 0, 0), ValueError, "steps: expected an integer of at least 1, got 0"),
        ((chain, [0], 0, 3), TypeError, r"first: expected an int64 tensor \(B,\), got list"),
        ((chain, start(1).float(), 0, 3), TypeError, r"first: .* got torch.float32 \(1,\)"),
        ((lambda t, y, s: (P[0], s), start(1), 0, 3), ValueError, r"step: .* shape \(1, n_out\)"),
        (
            (lambda t, y, s: (P[y] / 0, s), start(1), 0, 3),
            ValueError,
            "step: expected finite outputs",
        ),
    ],
)
def test_bad_input_is_named(arguments, error, words):
    with pytest.raises(error, match=words):
        generate(*arguments)

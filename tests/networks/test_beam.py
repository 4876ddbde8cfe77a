"""Beam search: brute force on a toy vocabulary, greedy as width 1, and what it may lose."""

from __future__ import annotations

from itertools import product

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from networks.test_encoder_decoder import END, batch, network

from rnn_course.networks.decoding import beam_search, generate


def every_output(steps, n_out=5):
    """All outputs of at most `steps` symbols: those that end, and those that would go on."""
    symbols = [y for y in range(n_out) if y != END]
    return [(*y, END) for n in range(steps) for y in product(symbols, repeat=n)] + [
        *product(symbols, repeat=steps)
    ]


def by_brute_force(model, x, steps):
    """log P of every output, the most probable first."""
    outputs = every_output(steps)
    log_p = torch.stack([model.log_p(x, torch.tensor([y]))[0] for y in outputs])
    order = log_p.argsort(descending=True)
    return [outputs[i] for i in order], log_p[order]


@settings(deadline=None, max_examples=12)
@given(
    seed=st.integers(0, 10_000),
    cell=st.sampled_from(["elman", "gru after", "lstm"]),
    sharp=st.floats(0.5, 5),
)
def test_as_wide_as_the_outputs_are_many_it_is_brute_force(seed, cell, sharp):
    model, steps = network(cell, cell, seed=seed), 3
    with torch.no_grad():
        model.V.weight.mul_(sharp)
    x = batch(seed).x[:1]
    outputs, log_p = by_brute_force(model, x, steps)
    found = model.beam(x, steps, len(outputs) + 3, end=END)
    torch.testing.assert_close(found.log_p[0, : len(outputs)], log_p, atol=1e-10, rtol=1e-10)
    assert (found.log_p[0, len(outputs) :] == -torch.inf).all()
    written = [
        tuple(row[:n])
        for row, n in zip(found.y[0].tolist(), found.lengths[0].tolist(), strict=True)
    ]
    assert written[0] == outputs[0]  # equals further down may change places
    assert set(written[: len(outputs)]) == set(outputs)
    assert found.log_p[0].exp().sum().item() == pytest.approx(1, abs=1e-10)


@pytest.mark.parametrize("cell", ["elman", "lstm"])
def test_width_1_is_greedy(cell):
    model, pairs = network(cell, cell), batch()
    greedy = model.write(pairs.x, 7, pairs.lengths, end=END)
    found = model.beam(pairs.x, 7, 1, pairs.lengths, end=END)
    assert torch.equal(found.y[:, 0], greedy.y) and torch.equal(found.lengths[:, 0], greedy.lengths)
    torch.testing.assert_close(found.log_p[:, 0], greedy.log_p)


@settings(deadline=None, max_examples=15)
@given(seed=st.integers(0, 10_000), width=st.integers(1, 9), end=st.sampled_from([END, None]))
def test_what_it_finds_is_sorted_distinct_and_as_probable_as_it_says(seed, width, end):
    model, pairs = network("gru after", "lstm", seed=seed), batch(seed)
    found = model.beam(pairs.x, 4, width, pairs.lengths, end=end)
    assert (found.log_p.diff(dim=1) <= 0).all()
    for i in range(4):
        rows = {tuple(row) for row in found.y[i].tolist()}
        assert len(rows) == (found.log_p[i] > -torch.inf).sum()
        real = found.log_p[i] > -torch.inf
        again = model.log_p(
            pairs.x[i : i + 1].expand(int(real.sum()), -1),
            found.y[i][real],
            pairs.lengths[i : i + 1].expand(int(real.sum())),
            found.lengths[i][real],
        )
        torch.testing.assert_close(again, found.log_p[i][real])
    alone = [
        model.beam(pairs.x[i : i + 1], 4, width, pairs.lengths[i : i + 1], end=end)
        for i in range(4)
    ]
    torch.testing.assert_close(torch.cat([a.log_p for a in alone]), found.log_p)


def tree(of):
    """A `step` of three symbols: probabilities by what was written, evenly where nothing is said.

    The state is what was written so far.
    """

    def step(t, before, state):
        state = torch.cat([state, before.unsqueeze(1)], dim=1)
        p = [of.get(tuple(row[1:]), (1, 1, 1)) for row in state.tolist()]
        return torch.tensor(p).clamp(min=1e-12).log(), state

    return step, torch.tensor([0]), torch.zeros(1, 0, dtype=torch.int64)


def test_a_good_sequence_with_a_poor_beginning_is_lost_by_greedy_and_found_by_a_beam():
    asked = tree({(): (0.6, 0.4, 0), (1,): (0, 0, 1)})
    greedy, beam = generate(*asked, 2), beam_search(*asked, 2, 2)
    assert greedy.log_p.exp().item() == pytest.approx(0.6 / 3)
    assert beam.y[0, 0].tolist() == [1, 2]
    assert beam.log_p[0, 0].exp().item() == pytest.approx(0.4)


def test_a_wider_beam_may_lose_what_greedy_finds():
    asked = tree(
        {(): (0.40, 0.36, 0.24), (0,): (0.35, 0.33, 0.32), (1,): (0.5, 0.5, 0), (0, 0): (1, 0, 0)}
    )
    greedy, beam = generate(*asked, 3), beam_search(*asked, 3, 2)
    assert greedy.y.tolist() == [[0, 0, 0]]
    assert greedy.log_p.exp().item() == pytest.approx(0.14)
    assert beam.y[0, :, 0].tolist() == [1, 1]  # 1 0 and 1 1 drove 0 0 out
    assert beam.log_p[0, 0].exp().item() == pytest.approx(0.18 / 3)


@pytest.mark.parametrize(
    ("changed", "error", "message"),
    [
        ({"width": 0}, ValueError, "width: expected an integer of at least 1, got 0"),
        ({"steps": 0}, ValueError, "steps: expected an integer of at least 1, got 0"),
        ({"first": torch.zeros(2)}, TypeError, "first: expected an int64 tensor"),
        (
            {"step": lambda t, y, s: (torch.zeros(3, 4), s)},
            ValueError,
            "outputs of shape .4, n_out.",
        ),
        (
            {"step": lambda t, y, s: (torch.full((4, 4), torch.nan), s)},
            ValueError,
            "NaN or infinity",
        ),
    ],
)
def test_bad_input_is_named(changed, error, message):
    asked = {
        "step": lambda t, y, s: (torch.zeros(4, 4), s),
        "steps": 3,
        "width": 2,
        "first": torch.zeros(2, dtype=torch.int64),
        "state": torch.zeros(2, 1),
    }
    with pytest.raises(error, match=message):
        beam_search(**asked | changed)

"""Spelling by a recurrence with attention and by a transformer: of one size, trained alike."""

from dataclasses import replace

import pytest
import torch
from shortened import first

from rnn_course.experiments import attention, encoder_decoder, spelling
from rnn_course.experiments.spelling import BLOCKS, EXPERIMENT, HEADS, network
from rnn_course.networks.self_attention import POSITIONS
from rnn_course.networks.sizes import n_parameters
from rnn_course.networks.transformer_encoder_decoder import TransformerEncoderDecoder
from rnn_course.tasks.pronunciations import load_pronunciations

KINDS = [("GRU", None), ("transformer", "rotary"), ("transformer", "added")]


@pytest.fixture(scope="module")
def task():
    task = load_pronunciations(limit=300)
    return replace(task, test=first(task.test, 600))


@pytest.mark.parametrize("kind", KINDS)
def test_a_start_depends_on_the_seed_alone(kind, task):
    first, again, other = (
        network(task, seed=seed, blocks=1, **dict(zip(("model", "positions"), kind, strict=True)))
        for seed in (3, 3, 4)
    )
    for p, q in zip(first.parameters(), again.parameters(), strict=True):
        assert torch.equal(p, q)
    assert not torch.equal(first.V.weight, other.V.weight)


@pytest.mark.parametrize("positions", POSITIONS)
@pytest.mark.parametrize("blocks", BLOCKS)
def test_a_transformer_is_the_widest_within_the_size_of_the_others(blocks, positions, task):
    """Of those whose heads have an even width."""
    limit = n_parameters(attention.network(task, "fixed C", 0))
    net = network(task, "transformer", 0, blocks, positions)
    n_x, n_y, n = len(task.symbols), len(task.phones), net.V.in_features
    wider = TransformerEncoderDecoder(n_x, n_y, n + 2 * HEADS, HEADS, blocks, task.end)
    assert net.positions == positions
    assert 0.9 * limit < n_parameters(net) <= limit < n_parameters(wider)
    assert 0.97 * limit < n_parameters(network(task, "GRU", 0)) <= limit


def test_a_trial_has_its_figures(tmp_path, monkeypatch, task):
    monkeypatch.setattr(encoder_decoder, "_task", lambda words: task)
    seen = {}
    fit = encoder_decoder.fit

    def watched(net, *rest, **given):
        seen.update(given, net=net)
        return fit(net, *rest, **given)

    monkeypatch.setattr(encoder_decoder, "fit", watched)
    given = {**EXPERIMENT.small[0], "epochs": 2, "lr": 1e-3}
    figures = EXPERIMENT.trial(checkpoint=tmp_path / "c", progress=False, device="cpu", **given)
    updates = 2 * -(-len(task.train) // encoder_decoder.BATCH_SIZE)
    assert figures["updates"] == updates and len(figures["valid_loss"]) == 2
    assert seen["warm_up"] == spelling.WARM_UP and seen["lr"] == 1e-3
    again = spelling.scores(seen["net"], task, task.test)
    assert {name: figures[name] for name in again} == again
    assert figures["parameters"] == n_parameters(seen["net"])

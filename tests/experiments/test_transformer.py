"""A recurrence and a transformer on the tunes: of one size, and trained in the same way."""

import math

import pytest
import torch
from torch.nn import functional as F

from rnn_course.experiments import transformer
from rnn_course.experiments.transformer import EXPERIMENT, GRU_HIDDEN, WIDTH, network
from rnn_course.networks.language_model import LanguageModel
from rnn_course.networks.self_attention import POSITIONS
from rnn_course.networks.sizes import n_parameters
from rnn_course.networks.transformer import Transformer
from rnn_course.tasks.tunes.task import load_tunes


@pytest.fixture(scope="module")
def task():
    return load_tunes(12)


@pytest.mark.parametrize(
    ("model", "positions"), [("GRU", None), *(("transformer", kind) for kind in POSITIONS)]
)
def test_a_start_depends_on_the_seed_alone(model, positions, task):
    first, again, other = (network(task, model, seed, 16, 0.1, positions) for seed in (3, 3, 4))
    for p, q in zip(first.parameters(), again.parameters(), strict=True):
        assert torch.equal(p, q)
    assert not torch.equal(first.V.weight, other.V.weight)


def test_the_transformer_is_the_widest_that_is_no_larger_than_the_gru():
    """With the symbols of all tunes."""
    symbols = 51

    def size(n):
        return n_parameters(LanguageModel(symbols, Transformer(n, transformer.HEADS, 2)))

    gru = LanguageModel(symbols, transformer.language_model.CELLS["GRU"](32, GRU_HIDDEN))
    assert size(WIDTH) <= n_parameters(gru) < size(WIDTH + 2 * transformer.HEADS)
    assert size(WIDTH) > 0.97 * n_parameters(gru)


@pytest.mark.slow
def test_a_trial_has_its_figures(tmp_path, monkeypatch, task):
    """Of a few tunes; with the state handed on, and the rate warmed up."""
    monkeypatch.setattr(transformer.language_model, "_task", lambda limit: task)
    seen = {}
    fit = transformer.language_model.fit

    def watched(model, loss, streams, valid, **given):
        seen.update(given, loss=loss, model=model)
        return fit(model, loss, streams, valid, **given)

    monkeypatch.setattr(transformer.language_model, "fit", watched)
    monkeypatch.setattr(transformer.language_model, "SYMBOLS_PER_UPDATE", 256)
    for setting in EXPERIMENT.small:
        given = {**setting, "dropout": 0.0, "epochs": 2}
        path = tmp_path / setting["model"]
        figures = EXPERIMENT.trial(checkpoint=path, progress=False, device="cpu", **given)
        assert figures["updates"] > 2 and len(figures["curve"]) == 2
        nats = sum(
            F.cross_entropy(seen["model"](x[None, :n])[0][0], y[:n], reduction="sum").item()
            for x, y, n in zip(task.test.x, task.test.y, task.test.lengths, strict=True)
        )
        bits = nats / task.test.lengths.sum().item() / math.log(2)
        assert figures["bits"] == pytest.approx(bits, rel=1e-4)
        assert seen["loss"].handed_on and seen["warm_up"] == setting["warm_up"]

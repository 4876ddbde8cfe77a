"""The long run on language models: its networks, its choices, and the committed one."""

from statistics import mean

import pytest
import torch

from rnn_course.experiments import figures, language_model, results
from rnn_course.experiments.language_model import (
    CELLS,
    DROPOUT,
    DROPOUTS,
    EPOCHS,
    GRID,
    NORMED_GRID,
    RATES,
    REACHES,
    SHORT_EPOCHS,
    WIDE,
    network,
    scores,
    train,
    trained,
)
from rnn_course.measures.character_ngrams import character_ngram
from rnn_course.networks.language_model import LanguageModel
from rnn_course.tasks.base import Split
from rnn_course.tasks.tunes.task import load_tunes

USUAL = {"n_hidden": 128, "dropout": 0.0, "reach": 64, "handed_on": True, "epochs": EPOCHS}


@pytest.fixture(scope="module")
def task():
    return load_tunes(12)


def committed(figure, **where):
    return figures(figure, "language_model", limit=None, **where)


@pytest.mark.parametrize("name", CELLS)
def test_each_network_trains_and_its_start_depends_on_the_seed_alone(name, task):
    model, again = network(task, name, 3, 8), network(task, name, 3, 8)
    for p, q in zip(model.parameters(), again.parameters(), strict=True):
        assert torch.equal(p, q)
    x, y, lengths = (part[:6] for part in (task.valid.x, task.valid.y, task.valid.lengths))
    short = Split(x, y, lengths, lengths)
    some = type(task)("tunes", task.train, short, short, task.symbols, task.labels)
    history = train(model, some, 1, 0, lr=1e-2, progress=False, device="cpu")
    assert len(history.loss) == 1 and any(
        not torch.equal(p, q) for p, q in zip(model.parameters(), again.parameters(), strict=True)
    )


def test_an_update_sees_as_many_symbols_whatever_the_reach(task, monkeypatch):
    seen = {}

    def fit(model, loss, streams, valid, **more):
        seen[loss.reach] = streams.rows, streams.steps, loss.handed_on, len(valid)

    monkeypatch.setattr(language_model, "fit", fit)
    for reach in REACHES:
        train(network(task, "GRU", 0, 4), load_tunes(60), 1, 0, lr=1e-2, reach=reach)
    assert {reach: rows * steps for reach, (rows, steps, *_) in seen.items()} == dict.fromkeys(
        REACHES, 2048
    )
    assert all(steps >= reach for reach, (_, steps, *_) in seen.items())
    train(network(task, "GRU", 0, 4), load_tunes(60), 1, 0, lr=1e-2, reach=16, handed_on=False)
    rows, steps, handed_on, valid = seen[16]
    assert (rows, steps, handed_on) == (32, 64, False) and valid > len(task.valid)


def test_bits_are_a_mean_over_characters(task):
    model = network(task, "GRU", 0, 8)
    torch.nn.init.zeros_(model.V.weight)
    torch.nn.init.zeros_(model.V.bias)
    even = torch.tensor(len(task.symbols)).log2().item()
    assert scores(model, task, task.test)["bits"] == pytest.approx(even, abs=1e-4)
    model.V.bias.data[task.end] = 50.0  # certain of the end: right once in each tune
    lengths = task.test.lengths.double()
    expected = 50 / torch.tensor(2.0).log().item() * (1 - 1 / lengths.mean().item())
    assert scores(model, task, task.test)["bits"] == pytest.approx(expected, rel=1e-3)


# ----------------------------------------------------------------------------- what is committed


def test_the_rates_are_the_best_on_validation_of_one_grid():
    for cell in CELLS:
        grid = [lr for lr in NORMED_GRID if lr in GRID] if "norm" in cell else GRID
        costs = {lr: committed("valid_bits", cell=cell, lr=lr, seed=0, **USUAL)[0] for lr in grid}
        best = min(costs, key=costs.__getitem__)
        assert RATES[cell] == best
        assert GRID[0] < best < GRID[-1] or cell == "GRU, layer norm"  # as the chapter says


def test_the_dropout_of_the_wide_network_is_the_best_on_validation():
    others = {key: value for key, value in WIDE.items() if key != "dropout"}
    costs = {
        dropout: committed("valid_bits", cell="GRU", seed=0, **others, dropout=dropout)[0]
        for dropout in DROPOUTS
    }
    assert min(costs, key=costs.__getitem__) == WIDE["dropout"]


def test_the_committed_network_scores_what_its_trial_did():
    model, task = trained()
    assert isinstance(model, LanguageModel) and not model.training
    (bits,) = committed("bits", cell="GRU", seed=0, **WIDE)
    assert scores(model, task, task.test)["bits"] == pytest.approx(bits, abs=2e-3)


def test_all_beat_the_n_grams_and_no_network_was_left_untrained():
    counted = character_ngram(load_tunes()).nll(load_tunes().test) / torch.tensor(2.0).log().item()
    for cell in ("tanh", "LSTM", "GRU"):
        seeds = committed("bits", cell=cell, lr=RATES[cell], **USUAL)
        assert len(seeds) == 5 and max(seeds) < counted - 0.2
    wide = committed("bits", cell="GRU", seed=list(range(5)), **WIDE)
    assert len(wide) == 5 and mean(wide) < mean(
        committed("bits", cell="GRU", lr=RATES["GRU"], **USUAL)
    )


def test_what_the_chapter_says_of_layer_norm_and_dropout():
    def bits(cell, dropout=0.0, figure="bits"):
        where = USUAL | {"cell": cell, "lr": RATES[cell], "dropout": dropout}
        return committed(figure, **where)

    for cell in ("tanh", "GRU"):
        for dropout in (0.0, DROPOUT):
            assert len(bits(cell, dropout)) == len(bits(f"{cell}, layer norm", dropout)) == 5
        assert max(bits(f"{cell}, layer norm")) < min(bits(cell))
        assert min(bits(cell, DROPOUT, "train_bits")) > max(bits(cell, 0.0, "train_bits"))
    assert min(bits("tanh", DROPOUT)) > max(bits("tanh"))
    assert abs(mean(bits("GRU", DROPOUT)) - mean(bits("GRU"))) < 0.01


def test_each_reach_has_three_seeds_with_the_state_and_without():
    for reach in REACHES:
        for handed_on in (True, False):
            trials = results(
                "language_model", reach=reach, handed_on=handed_on, epochs=SHORT_EPOCHS, limit=None
            )
            assert [t["setting"]["seed"] for t in trials] == [0, 1, 2]
            assert all(("piece_bits" in t["figures"]) != handed_on for t in trials)

"""The long run of chapter 2: whether the units can be read before any of their letters."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from rnn_course.experiments import vector_to_sequence as runs
from rnn_course.measures.metrics import error_rate, exact_match
from rnn_course.tasks.number_words import make_number_words, words


@pytest.fixture(scope="module")
def task():
    return make_number_words(n_train=8_000, n_test=1_000)


class KnowsTheLetters(nn.Module):
    """h^(t) holds all letters up to y^(t-1), and nothing of the pictures."""

    def hidden(self, x, y):
        before = F.one_hot(F.pad(y, (1, 0))[:, :-1], 33).float()  # (B, T, 33)
        read = torch.ones(y.shape[1], y.shape[1]).tril()  # up to step t
        h = (read[..., None] * before[:, None]).flatten(2)
        # A little noise, since the probe wants a covariance that can be inverted.
        return h + 0.01 * torch.randn(h.shape, generator=torch.Generator().manual_seed(0))


class KnowsTheUnits(nn.Module):
    """h^(t) is the picture of the units; it keeps the letters that it was shown before h^(7)."""

    shown: set[tuple[int, ...]] = set()

    def hidden(self, x, y):
        self.shown = self.shown | set(map(tuple, y[:, :6].tolist()))
        return x[:, None, 64:128].expand(-1, y.shape[1], -1)


def test_the_letters_before_the_units_tell_nothing_of_them(task):
    assert max(runs.units_probe(KnowsTheLetters(), task)) < 0.2
    units = KnowsTheUnits()
    read = runs.units_probe(units, task)
    assert len(read) == runs.PROBED
    assert min(read) == max(read) > 0.85
    beginnings = {"".join(task.symbols[i] for i in letters) for letters in units.shown}
    assert {"twenty", "forty-", "trente", "veinti"} < beginnings
    decades = [
        words(language)[first + 1 : first + 10]
        for language in task.languages
        for first in range(20, 100, 10)
    ]
    for beginning in beginnings:
        assert any(all(word.startswith(beginning) for word in decade) for decade in decades)


def test_a_network_learns_and_its_captions_are_words(task):
    model = runs.network(task, "both", seed=0)
    before = runs.captions(model, task, task.test)
    history = runs.train(model, task, 1, seed=0, progress=False)
    after = runs.captions(model, task, task.test)
    truth = task.decode(task.test.y)
    assert error_rate(before, truth) > 0.8 > 0.5 > error_rate(after, truth)
    assert [
        exact_match(runs.captions(model, task, task.valid), task.decode(task.valid.y))
    ] == pytest.approx(history.valid_metric)
    drawn = [
        runs.captions(model, task, task.test, torch.Generator().manual_seed(seed))
        for seed in (0, 0, 1)
    ]
    assert drawn[0] == drawn[1] != drawn[2]


def test_the_budget_is_named(task):
    with pytest.raises(ValueError, match="epochs: expected one of 1, 10, got 2"):
        runs.train(runs.network(task, "both", 0), task, 2, seed=0)

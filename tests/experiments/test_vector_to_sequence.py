"""The long run of chapter 2: whether the units can be read before any of their letters."""

import matplotlib.pyplot as plt
import pytest
import torch
from matplotlib.patches import FancyArrowPatch
from torch import nn
from torch.nn import functional as F

from rnn_course.experiments import vector_to_sequence as runs
from rnn_course.figures import vector_to_sequence as figures
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


# the figures


@pytest.fixture(autouse=True)
def agg():
    """A backend without a screen, and nothing left open."""
    before = plt.get_backend()
    plt.switch_backend("agg")
    yield
    plt.close("all")
    plt.switch_backend(before)


def test_an_arrow_for_each_step_where_x_enters():
    for ax, enters in zip(
        figures.entries({"one": [True, False, False], "two": [True] * 3}), (1, 3), strict=True
    ):
        arrows = [patch for patch in ax.patches if isinstance(patch, FancyArrowPatch)]
        starts = [patch._posA_posB[0] for patch in arrows]
        assert sum(start == (1.0, -1.4) for start in starts) == enters
        assert len(arrows) == enters + 2 + 2  # and two by W, two by V
    assert ax.get_title() == "two"


def test_pairs_are_shown_side_by_side_under_their_titles(task):
    axes = figures.show_pairs(task.pictures(task.test.x[:4]), ["a", "b", "c", "d"])
    assert [ax.get_title() for ax in axes] == ["a", "b", "c", "d"]
    tens, units = task.pictures(task.test.x[3:4])[0]
    image = torch.tensor(axes[3].images[0].get_array())
    assert torch.equal(image, torch.cat([tens, units], dim=1))


def test_what_is_said_is_drawn_and_put_in_words(task):
    _, ax = plt.subplots()
    words = figures.said_of(
        ax,
        task.pictures(task.test.x[:1])[0],
        "two.",
        {"each": {"ten.": 0.1, "two.": 0.75, "six.": 0.05, "one.": 0.06}, "both": {"six.": 1.0}},
    )
    assert words == (
        "Two digits; asked for is 'two.'. each says 'two.' with probability 0.75; "
        "both says 'six.' with probability 1.00."
    )
    assert [bar.get_width() for bar in ax.patches] == [0.75, 0.1, 0.06, 1.0]
    assert [text.get_text() for text in ax.texts if text.get_weight() == "bold"] == ["two."]

"""The figures of chapter 2: where x enters, pairs of digits, and what a network says of them."""

from __future__ import annotations

import pytest
import torch
from matplotlib import pyplot as plt
from matplotlib.patches import FancyArrowPatch

from rnn_course.figures.vector_to_sequence import entries, show_pairs, words_about
from rnn_course.tasks.number_words import make_number_words


@pytest.fixture(scope="module")
def task():
    return make_number_words(n_train=500, n_test=100)


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


def test_an_arrow_for_each_step_where_x_enters():
    for ax, enters in zip(
        entries({"one": [True, False, False], "two": [True] * 3}), (1, 3), strict=True
    ):
        arrows = [patch for patch in ax.patches if isinstance(patch, FancyArrowPatch)]
        starts = [patch._posA_posB[0] for patch in arrows]
        assert sum(start == (1.0, -1.4) for start in starts) == enters
        assert len(arrows) == enters + 2 + 2  # and two by W, two by V
    assert ax.get_title() == "two"


def test_pairs_are_shown_side_by_side_under_their_titles(task):
    axes = show_pairs(task.pictures(task.test.x[:4]), ["a", "b", "c", "d"])
    assert [ax.get_title() for ax in axes] == ["a", "b", "c", "d"]
    tens, units = task.pictures(task.test.x[3:4])[0]
    image = torch.tensor(axes[3].images[0].get_array())
    assert torch.equal(image, torch.cat([tens, units], dim=1))


def test_what_is_said_is_drawn_and_put_in_words(task, ax):
    words = words_about(
        ax,
        task.pictures(task.test.x[:1])[0],
        "two.",
        {"each": {"ten.": 0.1, "two.": 0.75, "six.": 0.05, "one.": 0.06}, "both": {"six.": 1.0}},
    )
    assert words == (
        "Two digits; the caption asked for is 'two.'. each says 'two.' with probability 0.75; "
        "both says 'six.' with probability 1.00."
    )
    assert [bar.get_width() for bar in ax.patches] == [0.75, 0.1, 0.06, 1.0]
    assert [text.get_text() for text in ax.texts if text.get_weight() == "bold"] == ["two."]

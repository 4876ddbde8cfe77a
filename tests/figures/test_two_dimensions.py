"""The figures on two dimensions show the numbers that they are given."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from matplotlib.patches import Circle, FancyArrowPatch

from rnn_course.figures import two_dimensions
from rnn_course.networks.two_dimensions import CORNERS, quadrants


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


def numbers(ax):
    return {
        (round(t.get_position()[0] - 0.5, 6), round(t.get_position()[1] - 0.5, 6)): int(
            t.get_text()
        )
        for t in ax.texts
        if t.get_text().isdigit()
    }


def test_each_pixel_has_its_step_and_an_arrow_from_each_it_waits_for():
    ax = two_dimensions.steps(3, 4)
    found = {t.get_position(): int(t.get_text()) for t in ax.texts if t.get_text()}
    assert found == {(j, i): i + j + 1 for i in range(3) for j in range(4)}
    arrows = {p.get_label() for p in ax.patches if isinstance(p, FancyArrowPatch)}
    assert arrows == (
        {f"{i - 1}, {j} to {i}, {j}" for i in range(1, 3) for j in range(4)}
        | {f"{i}, {j - 1} to {i}, {j}" for i in range(3) for j in range(1, 4)}
    )
    circles = {p.get_label(): p.center for p in ax.patches if isinstance(p, Circle)}
    assert circles == {f"{i}, {j}": (j, i) for i in range(3) for j in range(4)}


def test_the_fields_are_blank_where_nothing_is_seen_and_counted_where_it_is():
    slopes = {corner: quadrants([corner], 4, 4) * 0.01 for corner in CORNERS}
    _, ax = plt.subplots()
    two_dimensions.fields(slopes, (1, 2), ax)
    for image, slope in zip(ax.images, slopes.values(), strict=False):
        assert np.array_equal(~np.ma.getmaskarray(image.get_array()), slope[1, 2] > 0)
        assert np.allclose(image.get_array().compressed(), -2)
    left, right, bottom, top = ax.images[4].get_extent()
    assert numbers(ax) == {
        (left + m, top + k): (1 + (k == 1)) * (1 + (m == 2)) for k in range(4) for m in range(4)
    }


def test_answers_stand_beside_the_image_on_its_background():
    ink, p = torch.rand(3, 4), torch.rand(3, 4)
    _, ax = plt.subplots()
    two_dimensions.answers(ink, ink < 0.5, {"truth": 1 - p, "network": p}, ax)
    shown = [image.get_array() for image in ax.images]
    assert len(shown) == 5 and np.array_equal(shown[0], ink)
    for image, given in ((shown[2], 1 - p), (shown[4], p)):
        assert np.array_equal(np.ma.getmaskarray(image), ink >= 0.5)
        assert np.allclose(image.compressed(), given[ink < 0.5])
    titles = [t.get_text() for t in ax.texts if t.get_text()]
    assert titles == ["the image", "truth", "network"]


def test_corner_maps_write_the_four_corners():
    shares = torch.arange(12).view(3, 4) / 12
    figure = two_dimensions.corner_maps({"one": shares, "four": 1 - shares}, "share")
    one, four, bar = figure.axes
    assert np.array_equal(one.images[0].get_array(), shares) and bar.get_ylabel() == "share"
    assert [t.get_text() for t in four.texts] == ["1.00", "0.75", "0.33", "0.08"]

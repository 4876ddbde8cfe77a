"""The figures of chapter 4 show the numbers that they are given, at their places."""

import numpy as np
import pytest
from matplotlib.patches import Rectangle

from rnn_course.figures import maps

CELLS = [(6, 2), (6, 3), (7, 2), (7, 4)]


def test_a_map_has_each_share_at_its_length_and_position(ax):
    picture = maps.accuracy_map(CELLS, [0.1, 0.2, 0.3, 0.4], [True, False, False, True], ax, "t")
    image = np.ma.filled(picture.get_array(), np.nan)
    np.testing.assert_array_equal(image, [[0.1, 0.2, np.nan], [0.3, np.nan, 0.4]])
    left, right, bottom, top = picture.get_extent()
    assert (left, right, top, bottom) == (1.5, 4.5, 5.5, 7.5)
    assert picture.get_clim() == (0, 1)
    frames = [patch.get_xy() for patch in ax.patches if isinstance(patch, Rectangle)]
    assert frames == [(1.5, 5.5), (3.5, 6.5)]


def test_bands_have_mean_lowest_and_highest(ax):
    maps.bands(
        {"a": [[0.2, 0.4], [0.5, 0.9]], "b": [[0, 1], [1, 1]]},
        (500, 1000),
        ax,
        xlabel="n",
        ylabel="share",
        log=True,
    )
    lines = {line.get_label(): line.get_ydata().tolist() for line in ax.lines}
    assert lines == {"a": pytest.approx([0.3, 0.7]), "b": [0.5, 1.0]}
    corners = ax.collections[0].get_paths()[0].vertices[:, 1]
    assert (corners.min(), corners.max()) == (0.2, 0.9)
    assert ax.get_xscale() == "log" and ax.get_xlabel() == "n"


def test_chances_are_bars_and_answers(ax):
    maps.chances({"tied": (0.7, "1999"), "window": (0.1, "1987")}, ax, "1999")
    assert [bar.get_width() for bar in ax.patches] == pytest.approx([0.7, 0.3, 0.1, 0.9])
    assert [text.get_text() for text in ax.texts] == ["1999", "1987"]
    assert [label.get_text() for label in ax.get_yticklabels()] == ["tied", "window"]


@pytest.mark.parametrize(
    ("shares", "trained", "message"),
    [
        ([0.1] * 3, [True] * 4, r"shares: expected one for each of 4 cells, .* got shape \(3,\)"),
        ([0.1] * 4, [True] * 5, "trained: expected one for each of 4 cells"),
        ([0.1, 0.2, 0.3, 1.4], [True] * 4, r"shares: expected numbers from 0 to 1, got 0.1 … 1.4"),
        ([0.1, 0.2, 0.3, float("nan")], [True] * 4, "shares: expected numbers from 0 to 1"),
    ],
)
def test_wrong_maps_are_refused(ax, shares, trained, message):
    with pytest.raises(ValueError, match=message):
        maps.accuracy_map(CELLS, shares, trained, ax)


def test_wrong_curves_are_refused(ax):
    with pytest.raises(ValueError, match=r"curves\['a'\]: expected 3 rows .* got shape \(2, 1\)"):
        maps.bands({"a": [[0.1], [0.2]]}, (1, 2, 3), ax, xlabel="", ylabel="")

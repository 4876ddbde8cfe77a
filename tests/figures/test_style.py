"""One table has the look of each network, and all figures take it from there."""

from __future__ import annotations

import pytest

from rnn_course.experiments import (
    attention,
    both_directions,
    deep,
    echo,
    long_gaps,
    sharing,
    two_dimensions,
    until_done,
)
from rnn_course.figures.style import BLUE, COLOURS, CYCLE, GREEN, NETWORKS, VERMILION, styles
from rnn_course.networks.dashed_edges import EDGES


def test_a_network_has_the_same_colour_in_every_figure():
    assert styles(["LSTM", "GRU"])["GRU"] == styles(["GRU"])["GRU"] == NETWORKS["GRU"]
    assert styles(["coins: backward"])["coins: backward"] == styles(["backward"])["backward"]
    assert styles(["a", "tied", "b"]) == {"a": VERMILION, "tied": BLUE, "b": GREEN}
    assert len(set(CYCLE)) == len(styles(map(str, range(len(CYCLE))))) == len(CYCLE)


@pytest.mark.parametrize(
    "names",
    [
        [*long_gaps.ARCHITECTURES],
        ["tanh, orthogonal", *long_gaps.REMEDIES, *[*long_gaps.ARCHITECTURES][4:]],
        [*until_done.CELLS],
        [*sharing.NETWORKS],
        [*deep.CELLS],
        [*echo.TRANSITIONS],
        [*attention.READERS],
        [*both_directions.DIRECTIONS],
        [*two_dimensions.DIRECTIONS, two_dimensions.CONVOLUTION],
        [*EDGES],
        ["clipped", "not clipped", "GRU"],
        ["GRU, this page", "tanh", "LSTM", "GRU", "GRU, 256 units"],
        ["state handed on", "state reset in training"],
    ],
)
def test_the_networks_of_a_chapter_differ_in_colour_and_are_all_in_the_table(names):
    assert set(names) <= set(NETWORKS)
    colours = {name: style.colour for name, style in styles(names).items()}
    free = set(COLOURS) - set(colours.values())
    for name, colour in colours.items():
        same = [other for other in names if colours[other] == colour]
        assert same == [name], f"{same} have one colour; free in this figure: {free}"

"""The figures: the numbers behind them, the words on them, and what they say of bad input."""

from __future__ import annotations

from itertools import combinations
from types import SimpleNamespace

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.patches import Circle, FancyArrowPatch
from matplotlib.path import Path

from rnn_course import ElmanCell, GRUCell, JordanCell, LSTMCell, Summariser
from rnn_course.figures import plots
from rnn_course.figures.style import BLUE
from rnn_course.measures.graph import unfold
from rnn_course.networks.dashed_edges import enters, three_networks

MODELS = {
    "summariser": Summariser(28, 24, ElmanCell(24, 128), 18),
    "elman": ElmanCell(3, 4),
    "jordan": JordanCell(3, 4, 2),
    "gru": GRUCell(3, 4, reset="before"),
    "lstm": Summariser(28, 24, LSTMCell(24, 128), 18),
}


@pytest.fixture(autouse=True)
def _no_window(monkeypatch):
    """A backend without a screen; no plot may show itself, and all are closed in the end."""
    before = matplotlib.get_backend()
    plt.switch_backend("agg")

    def show() -> None:
        raise AssertionError("a plot called plt.show()")

    monkeypatch.setattr(plt, "show", show)
    yield
    plt.close("all")
    plt.switch_backend(before)


def lines(ax: Axes) -> dict[str, tuple[list[float], list[float]]]:
    return {line.get_label(): (list(line.get_xdata()), list(line.get_ydata())) for line in ax.lines}


# ---- unfolded ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("steps", [1, 4, 8])
def test_unfolded_draws_each_node_and_edge_that_was_measured(name, steps):
    ax = plots.unfolded(MODELS[name], steps)
    graph = unfold(MODELS[name], steps)
    circles = {p.get_label(): p for p in ax.patches if isinstance(p, Circle)}
    arrows = {(p.get_label(), p.get_gid()) for p in ax.patches if isinstance(p, FancyArrowPatch)}
    assert set(circles) == {node.name for node in graph.nodes}
    assert arrows == {
        (f"{e.source} to {e.target}", ", ".join(sorted(e.parameters)) or "without parameters")
        for e in graph.edges
    }
    for node in graph.nodes:
        assert abs(circles[node.name].center[0] - node.step) < 0.5
    letters = [text.get_text() for text in ax.texts if "^" not in text.get_text()]
    assert sorted(letters) == sorted(
        f"${', '.join(sorted(e.parameters))}$" for e in graph.edges if e.parameters
    )


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("steps", [1, 6])
@pytest.mark.parametrize("size", [None, (6.6, 3.9)])
def test_unfolded_has_no_text_over_text_or_out_of_the_picture(name, steps, size):
    ax = plots.unfolded(
        MODELS[name], steps, size and Figure(figsize=size, layout="constrained").subplots()
    )
    figure = ax.figure
    figure.draw_without_rendering()
    texts = [*ax.texts, ax.xaxis.label, *ax.get_yticklabels()]
    boxes = [text.get_window_extent() for text in texts]
    for (text, box), (other, box2) in combinations(zip(texts, boxes, strict=True), 2):
        assert not box.overlaps(box2), (text, other)
    for text, box in zip(texts, boxes, strict=True):
        assert box.x0 >= 0 and box.y0 >= 0, text
        assert box.x1 <= figure.bbox.x1 and box.y1 <= figure.bbox.y1, text
    circles = {p.get_label(): p for p in ax.patches if isinstance(p, Circle)}
    ways = [
        [circles[end].center for end in p.get_label().split(" to ")]
        for p in ax.patches
        if isinstance(p, FancyArrowPatch)
    ]
    for text, box in zip(texts, boxes, strict=True):
        if text in ax.texts and "^" not in text.get_text():
            letters = box.transformed(ax.transData.inverted())
            centre = (letters.p0 + letters.p1) / 2
            assert all(np.hypot(*(centre - c.center)) > c.radius for c in circles.values()), text
            assert not any(Path(way).intersects_bbox(letters) for way in ways), text


def test_unfolded_says_which_parameters_serve_every_step():
    assert plots.unfolded(MODELS["summariser"], 4).get_xlabel().splitlines() == [
        "U 128×24, W 128×128, b 128: the same at all 4 steps",
        "V 18×128, c 18: used at one step",
    ]
    assert plots.unfolded(MODELS["jordan"], 3).get_xlabel().replace("\n", " ") == (
        "U 4×3, W 4×2, b 4, V 2×4, c 2: the same at all 3 steps"
    )


def test_unfolded_draws_the_edges_from_y_dashed():
    networks = three_networks(3, 2, n_embed=4, n_hidden=5, seed=0)
    for name, model in networks.items():
        edges = enters(model, 3)
        ax = plots.unfolded(model, 3, dashed=edges)
        drawn = {p.get_label(): p for p in ax.patches if isinstance(p, FancyArrowPatch)}
        dashed = {label for label, p in drawn.items() if p.get_linestyle() not in ("-", "solid")}
        assert dashed == {f"y({s}) to h({t})" for s, t in edges}
        assert ("h(1) to h(2)" in drawn) == (name != "output to hidden")
        rows = [label.get_text() for label in ax.get_yticklabels()]
        assert ("target $y$" in rows) == bool(edges)
        plt.close(ax.figure)


def test_unfolded_names_its_rows():
    ax = plots.unfolded(MODELS["lstm"], 2)
    assert [text.get_text() for text in ax.get_yticklabels()] == [
        "input $x$",
        "memory $c$",
        "hidden $h$",
        "output $o$",
    ]


@pytest.mark.parametrize(
    "steps, message",
    [
        (9, "steps: expected at most 8, to stay legible, got 9"),
        (0, "steps: expected an integer of at least 1, got 0"),
    ],
)
def test_unfolded_refuses_other_steps(steps, message):
    with pytest.raises(ValueError, match=message):
        plots.unfolded(MODELS["elman"], steps)


# ---- learning curves -----------------------------------------------------------------------------


def test_learning_curves_draw_mean_range_and_every_seed():
    ax = plots.learning_curves({"tanh": [[4, 2, 1], [6, 4, 3]], "GRU": [[1, 1, 1]]}, ylabel="loss")
    drawn = lines(ax)
    assert drawn["tanh, 2 seeds"] == ([1, 2, 3], [5, 3, 2])
    assert drawn["GRU, 1 seed"] == ([1, 2, 3], [1, 1, 1])
    faint = [list(line.get_ydata()) for line in ax.lines if line.get_label() == "_tanh"]
    assert faint == [[4, 2, 1], [6, 4, 3]]
    (band,) = ax.collections
    corners = {tuple(map(float, point)) for point in band.get_paths()[0].vertices}
    assert corners == {(1, 4), (2, 2), (3, 1), (1, 6), (2, 4), (3, 3)}
    legend = ax.get_legend()
    assert legend.get_title().get_text() == "band: lowest to highest seed"
    assert [text.get_text() for text in legend.get_texts()] == ["tanh, 2 seeds", "GRU, 1 seed"]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("step", "loss")


def test_learning_curves_with_standard_deviation():
    ax = plots.learning_curves({"tanh": [[1.0, 1.0], [3.0, 1.0]]}, spread="sd")
    heights = ax.collections[0].get_paths()[0].vertices[:, 1]
    assert heights.max() == pytest.approx(2 + 2**0.5)  # mean 2, of the sample sd √2
    assert heights.min() == pytest.approx(2 - 2**0.5)
    assert ax.get_legend().get_title().get_text() == "band: mean ± 1 standard deviation"


def test_learning_curves_smooth_over_the_last_values_only():
    ax = plots.learning_curves({"tanh": [[3, 6, 9, 0]]}, smooth=3)
    steps, mean = lines(ax)["tanh, 1 seed"]
    assert steps == [3, 4] and mean == pytest.approx([6, 5])
    assert ax.get_xlabel() == "step (means over the last 3)"


def test_learning_curves_of_histories_and_of_unequal_lengths():
    histories = [
        SimpleNamespace(loss=[9, 9], valid_loss=[3, 2, 1]),
        SimpleNamespace(loss=[9, 9], valid_loss=[5, 4]),
    ]
    ax = plots.learning_curves({"tanh": histories}, values="valid_loss", log=True)
    assert lines(ax)["tanh, 2 seeds"] == ([1, 2], [4, 3])
    assert [len(line.get_ydata()) for line in ax.lines if line.get_label() == "_tanh"] == [3, 2]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("epoch", "validation loss")
    assert ax.get_yscale() == "log"


@pytest.mark.parametrize(
    "runs, settings, error, message",
    [
        ({}, {}, ValueError, r"runs: expected \{name: \[one entry per seed\]\}"),
        ([[1, 2]], {}, ValueError, "runs: expected"),
        ({"a": []}, {}, ValueError, r"runs\['a'\]: expected at least one seed, got none"),
        ({"a": 3}, {}, TypeError, r"runs\['a'\]: expected a list with an entry per seed, got int"),
        ({"a": [1, 2, 3]}, {}, ValueError, r"runs\['a'\]\[0\]: expected a sequence of at least 1"),
        (
            {"a": [[1, 2]]},
            {"smooth": 3},
            ValueError,
            r"at least 3 numbers \(smooth\), got shape \(2,\)",
        ),
        (
            {"a": [[1, 2], [1, float("nan")]]},
            {},
            ValueError,
            r"runs\['a'\]\[1\]: expected finite numbers, got nan at index 1",
        ),
        (
            {"a": [SimpleNamespace(loss=[1])]},
            {"values": "los"},
            TypeError,
            r"something that has them as \.los, got SimpleNamespace",
        ),
        (
            {"a": [[1, 2]]},
            {"spread": "se"},
            ValueError,
            "spread: expected one of range, sd, got 'se'",
        ),
        ({"a": [[1, 2]]}, {"smooth": 0}, ValueError, "smooth: expected an integer of at least 1"),
        ({"a": [[1, 2]]}, {"ax": "left"}, TypeError, "ax: expected .*Axes"),
    ],
)
def test_learning_curves_name_what_is_wrong(runs, settings, error, message):
    with pytest.raises(error, match=message):
        plots.learning_curves(runs, **settings)


# ---- accuracies ----------------------------------------------------------------------------------


def test_accuracies_draw_each_seed_the_mean_and_each_baseline():
    ax = plots.accuracies({"tanh": [0.7, 0.8], "GRU": [0.9]}, {"majority": 0.25})
    drawn = lines(ax)
    assert drawn["_tanh"][0] == [0.7, 0.8] and drawn["_GRU"][0] == [0.9]
    assert drawn["_tanh, mean"][0] == pytest.approx([0.75, 0.75])
    assert drawn["_majority"] == ([0.25], [2]) and drawn["_majority, line"][0] == [0.25, 0.25]
    assert [text.get_text() for text in ax.get_yticklabels()] == ["tanh", "GRU", "majority"]
    (right,) = ax.child_axes
    assert [text.get_text() for text in right.get_yticklabels()] == [
        "0.750 (0.700–0.800)",
        "0.900",
        "0.250",
    ]
    assert ax.get_xlabel() == "accuracy (share correct)\ndot: a seed, bar: their mean"
    assert ax.get_ylim()[0] > ax.get_ylim()[1]  # the first name stands on top


@pytest.mark.parametrize(
    "results, baselines, message",
    [
        ({}, None, "results: expected"),
        ({"a": []}, None, r"results\['a'\]: expected at least one seed"),
        ({"a": [78.0]}, None, r"results\['a'\]\[0\]: expected a share between 0 and 1, got 78.0"),
        ({"a": [float("nan")]}, None, "expected a share between 0 and 1, got nan"),
        (
            {"a": [0.5]},
            {"b": -0.1},
            r"baselines\['b'\]: expected a share between 0 and 1, got -0.1",
        ),
        ({"a": [0.5]}, {"a": 0.1}, "baselines: expected names that are not in results, got 'a'"),
    ],
)
def test_accuracies_name_what_is_wrong(results, baselines, message):
    with pytest.raises(ValueError, match=message):
        plots.accuracies(results, baselines)


# ---- confusion -----------------------------------------------------------------------------------

TRUTH, PREDICTED = [0, 0, 0, 0, 1, 1], [0, 0, 0, 2, 1, 0]


def test_confusion_counts_have_the_truth_in_rows():
    assert plots.confusion_counts(TRUTH, PREDICTED, 3).tolist() == [[3, 0, 1], [1, 1, 0], [0, 0, 0]]
    tensors = plots.confusion_counts(torch.tensor(TRUTH), torch.tensor(PREDICTED), 3)
    assert tensors.sum() == 6


def test_confusion_matrix_draws_the_shares_of_each_row():
    ax = plots.confusion_matrix(TRUTH, PREDICTED, ["cs", "de", "fi"])
    shares = ax.images[0].get_array()
    assert shares[:2].tolist() == [[0.75, 0, 0.25], [0.5, 0.5, 0]]
    assert shares.mask.tolist() == [[False] * 3, [False] * 3, [True] * 3]
    assert [text.get_text() for text in ax.get_xticklabels()] == ["cs", "de", "fi"]
    assert [text.get_text() for text in ax.get_yticklabels()] == ["cs (4)", "de (2)", "fi (0)"]
    written = {text.get_position(): text.get_text() for text in ax.texts}
    assert written == {(0, 0): "0.75", (2, 0): "0.25", (0, 1): "0.50", (1, 1): "0.50"}
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("predicted", "true (number of examples)")


@pytest.mark.parametrize("n", [3, 20])
def test_confusion_matrix_labels_do_not_touch(n):
    labels = [f"Vietnamese {i}" for i in range(n)]
    ax = plots.confusion_matrix(range(n), range(n), labels)
    ax.figure.draw_without_rendering()
    for texts in (ax.get_xticklabels(), ax.get_yticklabels()):
        boxes = [text.get_window_extent() for text in texts]
        assert not any(a.overlaps(b) for a, b in combinations(boxes, 2))
    assert (n <= 8) == bool(ax.texts)
    left = ax.yaxis.label.get_window_extent()
    assert left.x0 >= 0 and left.y0 >= 0 and left.y1 <= ax.figure.bbox.y1


@pytest.mark.parametrize(
    "truth, predicted, message",
    [
        ([], [], "truth: expected a sequence of classes, not empty"),
        ([0, 1], [0], "predicted: expected as many classes as truth has, 2, got 1"),
        ([0, 3], [0, 1], r"truth: expected classes 0 … 2 \(one for each label\), got 0 … 3"),
        ([0, 1], [0, -1], "predicted: expected classes 0 … 2"),
        ([0.0, 1.0], [0, 1], "truth: expected a sequence of classes.* of float64"),
        ([[0, 1]], [0, 1], r"truth: expected a sequence of classes.* got shape \(1, 2\)"),
    ],
)
def test_confusion_matrix_names_what_is_wrong(truth, predicted, message):
    with pytest.raises(ValueError, match=message):
        plots.confusion_matrix(truth, predicted, ["cs", "de", "fi"])


# ---- all of them ---------------------------------------------------------------------------------

DRAW = {
    "unfolded": lambda ax=None: plots.unfolded(MODELS["elman"], 2, ax),
    "learning_curves": lambda ax=None: plots.learning_curves({"a": [[1, 2], [2, 3]]}, ax),
    "accuracies": lambda ax=None: plots.accuracies({"a": [0.5]}, {"b": 0.2}, ax),
    "confusion_matrix": lambda ax=None: plots.confusion_matrix(TRUTH, PREDICTED, "abc", ax),
}


@pytest.mark.parametrize("name", DRAW)
def test_a_plot_draws_into_the_axes_that_it_is_given_and_no_figure_else(name):
    ax = Figure(layout="constrained").subplots()
    assert DRAW[name](ax) is ax and ax.has_data()
    assert plt.get_fignums() == []
    assert DRAW[name]().figure.number in plt.get_fignums()


@pytest.mark.parametrize("name", DRAW)
def test_a_plot_is_dark_on_white_in_a_dark_style_too(name):
    with plt.style.context("dark_background"):
        ax = DRAW[name]()
        ax.set_title("a title")
        ax.figure.draw_without_rendering()
    assert to_hex(ax.get_facecolor()) == to_hex(ax.figure.get_facecolor()) == "#ffffff"
    texts = [ax.title, ax.xaxis.label, ax.yaxis.label, *ax.get_xticklabels(), *ax.get_yticklabels()]
    if legend := ax.get_legend():
        texts += [legend.get_title(), *legend.get_texts()]
    assert {to_hex(text.get_color()) for text in texts if text.get_text()} == {"#222222"}


@pytest.mark.parametrize(
    "draw, words",
    [
        (
            lambda: plots.unfolded(MODELS["elman"], 2),
            "across: U 4×3, W 4×4, b 4: the same at all 2 steps. edges W: "
            "h(0) to h(1), h(1) to h(2). edges U: x(1) to h(1), x(2) to h(2).",
        ),
        (
            lambda: plots.learning_curves({"tanh": [[4, 2.5]]}, ylabel="loss"),
            "across: step. upwards: loss. tanh, 1 seed: from 4 to 2.5.",
        ),
        (
            lambda: plots.accuracies({"tanh": [0.7, 0.8]}, {"majority": 0.25}),
            "across: accuracy (share correct); dot: a seed, bar: their mean. tanh: "
            "0.750 (0.700–0.800). majority: 0.250.",
        ),
        (
            lambda: plots.confusion_matrix(TRUTH, PREDICTED, "abc"),
            "across: predicted. upwards: true (number of examples). a (4), "
            "predicted correctly: 0.75. b (2), predicted correctly: 0.50.",
        ),
    ],
)
def test_alt_puts_a_figure_in_words(draw, words):
    ax = draw()
    assert plots.alt(ax) == words
    ax.set_title("A title")
    assert plots.alt(ax.figure).startswith("A title. " + words[:-1])


def test_alt_refuses_what_is_no_figure():
    with pytest.raises(TypeError, match="figure: expected"):
        plots.alt("a picture")


# ---- seeds and dots


def test_every_seed_is_a_dot_beside_the_others(ax):
    plots.seeds(ax, 3, [0.1, 0.2, 0.6], BLUE, label="net")
    plots.seeds(ax, 3, [0.1, 0.2, 0.6], BLUE, upright=True, mean=False)
    across, mean, upright = (line.get_data() for line in ax.lines)
    assert list(across[0]) == list(upright[1]) == [0.1, 0.2, 0.6]
    assert list(across[1]) == list(upright[0]) == pytest.approx([2.91, 3, 3.09])
    assert mean == (pytest.approx([0.3, 0.3]), pytest.approx([2.7, 3.3]))


def test_dots_are_accuracies_of_any_number(ax):
    plots.dots({"net": [9.1, 9.3]}, {"table": 10.7}, ax, xlabel="nats", spec=".1f")
    assert "net: 9.2 (9.1–9.3)" in plots.alt(ax) and "table: 10.7" in plots.alt(ax)
    with pytest.raises(ValueError, match="baselines: expected names that are not in results"):
        plots.dots({"a": [1.0]}, {"a": 2.0}, ax, xlabel="nats")

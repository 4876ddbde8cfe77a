"""Figures that the reader can move: what goes into the page, and what a living kernel does."""

from __future__ import annotations

import base64
import json
import re

import pytest
from bs4 import BeautifulSoup
from IPython.core.formatters import DisplayFormatter
from ipywidgets import HTML, Play, SelectionSlider
from ipywidgets.embed import dependency_state
from matplotlib import pyplot as plt

from rnn_course.figures import widgets
from rnn_course.figures.widgets import IN_ADVANCE, LIVE, MAX_FRAMES, movable


def draw(ax, value) -> str:
    ax.plot([0, float(value)])
    ax.set(ylim=(0, 10))
    return f"A line up to {value}."


def parts(figure) -> tuple[Play, SelectionSlider, HTML]:
    controls, shown = figure.children
    return (*controls.children, shown)


def page(figure) -> BeautifulSoup:
    """What a page without a kernel gets."""
    bundle, _ = DisplayFormatter().format(figure)
    assert "application/vnd.jupyter.widget-view+json" in bundle  # for a kernel
    return BeautifulSoup(bundle["text/html"], "html.parser")


def alt(html: str) -> str:
    return re.search(r'alt="([^"]*)"', html)[1]


def picture(html: str) -> str:
    """The drawing, as SVG."""
    data = re.search(r'src="data:image/svg\+xml;base64,([^"]+)"', html)[1]
    return base64.b64decode(data).decode()


def test_a_page_has_a_frame_for_each_value_described_by_the_caller() -> None:
    figure = movable(draw, label="height <m>", values=(1, 2.5, 4), interval=250)
    html = page(figure)
    frames = html.select(".movable-frames img")
    assert [f["alt"] for f in frames] == [f"A line up to {n}." for n in ("1", "2.5", "4")]
    assert [f.has_attr("hidden") for f in frames] == [False, True, True]
    assert [f.get("loading") for f in frames] == [None, "lazy", "lazy"]
    root = html.select_one("div.movable")
    assert json.loads(root["data-names"]) == ["1", "2.5", "4"] and root["data-interval"] == "250"
    assert root["aria-label"] == "height <m>" and IN_ADVANCE not in root.text
    slider = html.select_one("input[type=range]")
    assert (slider["min"], slider["max"], slider["value"]) == ("0", "2", "0")
    assert html.select_one(".movable-controls").has_attr("hidden")  # until a script moves it


def test_frames_are_different_pictures_of_one_size_on_white() -> None:
    html = page(movable(draw, label="height", values=range(1, 5), size=(5, 2.5)))
    frames = html.select(".movable-frames img")
    pictures = [picture(str(frame)) for frame in frames]
    assert {re.search(r'viewBox="(.*?)"', p)[1] for p in pictures} == {"0 0 360 180"}
    assert {re.search(r"fill: (#\w+)", p)[1] for p in pictures} == {"#ffffff"}
    assert len(set(pictures)) == 4
    assert {(f["width"], f["height"]) for f in frames} == {("600", "300")}


def test_the_same_figure_is_drawn_the_same() -> None:
    one, two = (page(movable(draw, label="height", values=(1, 2))).select("img") for _ in "12")
    assert str(one) == str(two)


def test_a_picture_is_small() -> None:
    def noise(ax, value) -> str:
        ax.imshow([[(7 * i * i + 13 * i * j + value) % 31 for i in range(40)] for j in range(40)])
        return "A pattern of 40 by 40 squares."

    figure = movable(noise, label="shift", values=range(2))
    assert all(len(str(f)) < 60_000 for f in page(figure).select("img"))


def test_with_a_kernel_play_moves_the_slider_and_the_slider_redraws() -> None:
    figure = movable(draw, label="height", values=range(1, 4), interval=250)
    play, slider, shown = parts(figure)
    models = [model["state"] for model in dependency_state(figure).values()]
    links = [(state["source"], state["target"]) for state in models if "source" in state]
    play_id, slider_id = (f"IPY_MODEL_{w.model_id}" for w in (play, slider))
    assert links == [([play_id, "value"], [slider_id, "index"])]
    assert (play.min, play.max, play.interval) == (0, 2, 250)
    assert slider.options == ("1", "2", "3") and slider.description == "height"
    assert alt(shown.value) == "A line up to 1." and IN_ADVANCE in shown.value


def test_start_and_show() -> None:
    figure = movable(draw, label="height", values=[0.5, 1, 2], start=2, show="{:.2f}".format)
    play, slider, shown = parts(figure)
    assert slider.options == ("0.50", "1.00", "2.00")
    assert (play.value, slider.index, alt(shown.value)) == (2, 2, "A line up to 2.")
    html = page(figure)
    assert [f.has_attr("hidden") for f in html.select("img")] == [True, True, False]
    assert html.input["value"] == "2" and html.input["aria-valuetext"] == "2.00"
    assert html.output.text == "2.00"


def test_a_living_kernel_draws_anew_what_the_reader_has_changed() -> None:
    model = {"factor": 1}
    calls = []

    def scaled(ax, value) -> str:
        calls.append(value)
        return draw(ax, model["factor"] * value)

    figure = movable(scaled, label="height", values=[1, 2, 3])
    _, slider, shown = parts(figure)
    assert calls == [1, 2, 3]
    old = str(page(figure).select("img")[2])
    model["factor"] = 3
    slider.index = 2  # what the frontend sends at a move
    assert calls == [1, 2, 3, 3]
    assert alt(shown.value) == "A line up to 9."
    assert picture(shown.value) != picture(old)
    assert LIVE in shown.value and IN_ADVANCE not in shown.value


def test_an_error_in_a_living_kernel_is_shown() -> None:
    state = {"broken": False}

    def fragile(ax, value) -> str:
        if state["broken"]:
            raise RuntimeError("no <model> any more")
        return draw(ax, value)

    _, slider, shown = parts(movable(fragile, label="height", values=[1, 2]))
    state["broken"] = True
    slider.index = 1
    assert "RuntimeError: no &lt;model&gt; any more" in shown.value
    state["broken"] = False
    slider.index = 0
    slider.index = 1
    assert alt(shown.value) == "A line up to 2."


def test_alt_text_and_values_are_escaped() -> None:
    def quoting(ax, value) -> str:
        return f'h < {value} & "more"'

    figure = movable(quoting, label="bound", values=[1, 2], show='{} "<'.format)
    assert 'alt="h &lt; 1 &amp; &quot;more&quot;"' in parts(figure)[2].value
    html = page(figure)
    assert html.img["alt"] == 'h < 1 & "more"' and html.output.text == '1 "<'
    assert json.loads(html.div["data-names"]) == ['1 "<', '2 "<']


def test_pyplot_keeps_no_figure() -> None:
    before = plt.get_fignums()
    movable(draw, label="height", values=[1, 2])
    assert plt.get_fignums() == before


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"draw": 3}, TypeError, r"draw: expected a function draw\(ax, value\), got int"),
        ({"draw": lambda ax, value: None}, TypeError, "draw: .*sentence.* got None"),
        ({"draw": lambda ax, value: " "}, TypeError, "draw: .*sentence.* got ' '"),
        ({"label": ""}, TypeError, "label: .* got ''"),
        ({"label": 3}, TypeError, "label: .* got 3"),
        ({"values": 7}, TypeError, "values: .* got 7"),
        ({"values": []}, ValueError, "values: expected between 2 and 60, got 0"),
        ({"values": [1]}, ValueError, "values: expected between 2 and 60, got 1"),
        (
            {"values": range(MAX_FRAMES + 1)},
            ValueError,
            "values: expected between 2 and 60, got 61",
        ),
        (
            {"values": [1, 2, 1]},
            ValueError,
            "values: .* written differently, got '1' more than once",
        ),
        ({"start": 9}, ValueError, "start: expected one of 1, 2, got 9"),
        ({"size": (4, 0)}, ValueError, r"size: .* got \(4, 0\)"),
        ({"size": (4,)}, ValueError, r"size: .* got \(4,\)"),
        ({"interval": 0}, ValueError, "interval: .* got 0"),
    ],
)
def test_bad_input(changes: dict, error: type[Exception], message: str) -> None:
    arguments = {"draw": draw, "label": "height", "values": [1, 2]} | changes
    with pytest.raises(error, match=message):
        movable(arguments.pop("draw"), **arguments)


def test_an_error_while_drawing_says_which_frame() -> None:
    def fails_at_two(ax, value) -> str:
        return draw(ax, 1 / (2 - value))

    with pytest.raises(ZeroDivisionError) as caught:
        movable(fails_at_two, label="step t", values=[1, 2, 3])
    assert caught.value.__notes__ == ["movable: while drawing step t = 2"]


# a field to type in


def test_what_is_typed_is_answered_and_a_bad_word_explained():
    def answer(text):
        if "5" in text:
            raise ValueError(f"word: expected letters, got <b>{text}</b>")
        return text.upper() + "\n<i>"

    box = widgets.typed(answer, label="word", start="deep")
    field, shown = box.children
    assert "DEEP\n&lt;i&gt;" in shown.value and widgets.TYPE_IN_ADVANCE in shown.value
    field.value = "learning"
    assert "LEARNING" in shown.value and widgets.TYPED_LIVE in shown.value
    field.value = "45"
    assert 'role="alert"' in shown.value and "got &lt;b&gt;45" in shown.value
    field.value = "on"
    assert 'role="alert"' not in shown.value
    html = page(box)
    assert html.input["value"] == "deep" and html.input.has_attr("disabled")
    assert "DEEP\n<i>" in html.p.text and widgets.TYPE_IN_ADVANCE in html.text


@pytest.mark.parametrize("answer", ["deep", lambda text: None])
def test_answers_are_texts(answer):
    with pytest.raises(TypeError, match="answer: expected"):
        widgets.typed(answer, label="word", start="deep")

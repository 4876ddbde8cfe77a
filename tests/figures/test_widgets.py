"""Figures that the reader can move: what goes into the page, and what a living kernel does."""

from __future__ import annotations

import base64
import io
import re

import pytest
from ipywidgets import HTML, Play, SelectionSlider, Stack, VBox
from ipywidgets.embed import dependency_state
from matplotlib import pyplot as plt
from PIL import Image

from rnn_course.figures import widgets
from rnn_course.figures.widgets import IN_ADVANCE, LIVE, MAX_FRAMES, movable


def draw(ax, value) -> str:
    ax.plot([0, float(value)])
    ax.set(ylim=(0, 10))
    return f"A line up to {value}."


def parts(figure: VBox) -> tuple[Play, SelectionSlider, Stack]:
    controls, stack = figure.children
    return (*controls.children, stack)


def alt(frame: HTML) -> str:
    return re.search(r'alt="([^"]*)"', frame.value)[1]


def picture(frame: HTML) -> Image.Image:
    data = re.search(r'src="data:image/png;base64,([^"]+)"', frame.value)[1]
    return Image.open(io.BytesIO(base64.b64decode(data)))


def test_a_frame_for_each_value_described_by_the_caller() -> None:
    _, slider, stack = parts(movable(draw, label="height", values=(1, 2.5, 4)))
    assert [alt(frame) for frame in stack.children] == [
        "A line up to 1.",
        "A line up to 2.5.",
        "A line up to 4.",
    ]
    assert slider.options == ("1", "2.5", "4")
    assert slider.description == "height"
    assert all(IN_ADVANCE in frame.value for frame in stack.children)


def test_frames_are_different_pictures_of_one_size_on_white() -> None:
    figure = movable(draw, label="height", values=range(1, 5), size=(5, 2.5))
    pictures = [picture(frame).convert("RGB") for frame in parts(figure)[2].children]
    assert {p.size for p in pictures} == {(800, 400)}
    assert {p.getpixel((0, 0)) for p in pictures} == {(255, 255, 255)}
    assert len({p.tobytes() for p in pictures}) == 4
    assert 'width="600" height="300"' in parts(figure)[2].children[0].value


def test_a_picture_is_small() -> None:
    def noise(ax, value) -> str:
        ax.imshow([[(7 * i * i + 13 * i * j + value) % 31 for i in range(40)] for j in range(40)])
        return "A pattern of 40 by 40 squares."

    stack = parts(movable(noise, label="shift", values=range(2)))[2]
    assert all(len(frame.value) < 60_000 for frame in stack.children)


def test_play_moves_the_slider_and_the_slider_the_frames_without_a_kernel() -> None:
    figure = movable(draw, label="height", values=range(1, 4), interval=250)
    play, slider, stack = parts(figure)
    page = [model["state"] for model in dependency_state(figure).values()]  # what a page embeds
    links = [(state["source"], state["target"]) for state in page if "source" in state]
    play_id, slider_id, stack_id = (f"IPY_MODEL_{w.model_id}" for w in (play, slider, stack))
    assert sorted(links) == sorted(
        [
            ([play_id, "value"], [slider_id, "index"]),
            ([slider_id, "index"], [stack_id, "selected_index"]),
        ]
    )
    assert (play.min, play.max, play.interval) == (0, 2, 250)
    assert stack.selected_index == 0


def test_start_and_show() -> None:
    figure = movable(draw, label="height", values=[0.5, 1, 2], start=2, show="{:.2f}".format)
    play, slider, stack = parts(figure)
    assert slider.options == ("0.50", "1.00", "2.00")
    assert (play.value, slider.index, stack.selected_index) == (2, 2, 2)


def test_a_living_kernel_draws_anew_what_the_reader_has_changed() -> None:
    model = {"factor": 1}
    calls = []

    def scaled(ax, value) -> str:
        calls.append(value)
        return draw(ax, model["factor"] * value)

    _, slider, stack = parts(movable(scaled, label="height", values=[1, 2, 3]))
    assert calls == [1, 2, 3]
    old = picture(stack.children[2]).tobytes()
    model["factor"] = 3
    slider.index = 2  # what the frontend sends at a move
    assert calls == [1, 2, 3, 3]
    assert alt(stack.children[2]) == "A line up to 9."
    assert picture(stack.children[2]).tobytes() != old
    assert LIVE in stack.children[2].value and IN_ADVANCE not in stack.children[2].value
    assert IN_ADVANCE in stack.children[1].value  # not seen, not touched


def test_an_error_in_a_living_kernel_is_shown() -> None:
    state = {"broken": False}

    def fragile(ax, value) -> str:
        if state["broken"]:
            raise RuntimeError("no <model> any more")
        return draw(ax, value)

    _, slider, stack = parts(movable(fragile, label="height", values=[1, 2]))
    state["broken"] = True
    slider.index = 1
    assert "RuntimeError: no &lt;model&gt; any more" in stack.children[1].value
    state["broken"] = False
    slider.index = 0
    slider.index = 1
    assert alt(stack.children[1]) == "A line up to 2."


def test_alt_text_is_escaped() -> None:
    def quoting(ax, value) -> str:
        return f'h < {value} & "more"'

    frame = parts(movable(quoting, label="bound", values=[1, 2]))[2].children[0]
    assert 'alt="h &lt; 1 &amp; &quot;more&quot;"' in frame.value


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


@pytest.mark.parametrize("answer", ["deep", lambda text: None])
def test_answers_are_texts(answer):
    with pytest.raises(TypeError, match="answer: expected"):
        widgets.typed(answer, label="word", start="deep")

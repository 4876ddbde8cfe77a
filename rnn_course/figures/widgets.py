"""Figures that the reader can move: drawn in advance for a page, redrawn if a kernel runs."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Callable, Iterable
from html import escape
from typing import Any, TypeVar

from ipywidgets import HTML, HBox, Layout, Play, SelectionSlider, Text, VBox, jslink
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from rnn_course.figures.style import STYLE

T = TypeVar("T")

#: every frame is drawn in advance
MAX_FRAMES = 60
PIXELS = 120  # per inch, at full size: larger than in print, to be played with
IN_ADVANCE = "Drawn when this cell ran. If a kernel is running, moving the slider redraws it."
LIVE = "Drawn just now by the kernel, from the current values of its variables."

TYPE_IN_ADVANCE = (
    "Answered when this cell ran. To type another, you need a kernel: open this "
    "chapter with the rocket at the top, or on your own computer."
)
TYPED_LIVE = "Answered just now by the kernel."


class Drawn(VBox):
    """Widgets for a running kernel, and beside them HTML for a page that has none.

    A frontend with a kernel shows the widgets. The site shows the HTML, which
    `book/_static/site.js` moves; so does a notebook that is only looked at, unmoved.
    """

    def __init__(self, children: Iterable[Any], page: str, name: str) -> None:
        super().__init__(list(children), layout=Layout(width="100%"))
        self.page = page
        self.add_class(name)

    def _repr_mimebundle_(self, **options: Any) -> Any:
        return super()._repr_mimebundle_(**options) | {"text/html": self.page}


def movable(
    draw: Callable[[Axes, T], str],
    *,
    label: str,
    values: Iterable[T],
    start: T | None = None,
    show: Callable[[T], str] = str,
    size: tuple[float, float] = (5.0, 3.0),
    interval: int = 700,
) -> Drawn:
    """A figure with a slider and a Play button, which also works on a page without a kernel.

    `draw(ax, value)` draws one frame on the empty axes `ax` and returns a sentence that describes
    it for readers who cannot see it. It is called for all of `values` at once, for the page. If a
    kernel is running, it is called again at every move, so that it sees what the reader has changed
    since; the line under the figure says which of the two has happened.

    Args:
        draw: The function that draws. It should fix the limits of the axes, or they will jump.
        label: What the slider moves, such as "step t".
        values: Between 2 and 60 values for the slider.
        start: The value shown first; by default the first one.
        show: How a value is written next to the slider.
        size: Width and height of the figure in inches.
        interval: How long Play shows each frame, in milliseconds.

    Raises:
        TypeError: If `draw` is not callable or returns no string, `label` is not a string, or
            `values` is not iterable.
        ValueError: If there are too few or too many values, two are written alike, `start` is not
            one of them, or the size or the interval is not positive.
    """
    values = _checked(draw, label, values, size, interval)
    names = [show(value) for value in values]
    for name in names:
        if names.count(name) > 1:
            raise ValueError(
                f"values: expected values that are written differently, got {name!r} "
                "more than once; pass show= to write them otherwise"
            )
    if start is not None and show(start) not in names:
        raise ValueError(f"start: expected one of {', '.join(names)}, got {show(start)}")
    first = 0 if start is None else names.index(show(start))

    def picture(index: int) -> str:
        try:
            return _picture(draw, values[index], size)
        except Exception as error:
            error.add_note(f"movable: while drawing {label} = {names[index]}")
            raise

    pictures = [picture(index) for index in range(len(values))]
    shown = HTML(_framed(pictures[first], IN_ADVANCE), layout=Layout(width="100%", margin="0"))
    slider = SelectionSlider(
        options=names,
        index=first,
        description=label,
        style={"description_width": "initial"},
        layout=Layout(flex="1 1 16em", width="auto", max_width="28em"),
    )
    play = Play(min=0, max=len(values) - 1, value=first, interval=interval, show_repeat=False)
    jslink((play, "value"), (slider, "index"))

    def redraw(change: dict[str, int]) -> None:  # called by a kernel only
        try:
            shown.value = _framed(picture(change["new"]), LIVE)
        except Exception as error:  # a kernel hides what a callback raises
            what = f"{type(error).__name__}: {error}"
            shown.value = f'<p role="alert">draw failed: {escape(what)}</p>'

    slider.observe(redraw, names="index")
    controls = HBox([play, slider], layout=Layout(flex_flow="row wrap", align_items="center"))
    return Drawn([controls, shown], _page(pictures, names, label, first, interval), "movable")


def _page(pictures: list[str], names: list[str], label: str, first: int, interval: int) -> str:
    """The figure for a page: all frames, the first one in sight, and what moves them."""
    what = escape(label)
    frames = "".join(
        picture if index == first else picture.replace("<img ", '<img hidden loading="lazy" ', 1)
        for index, picture in enumerate(pictures)
    )
    return (
        f'<div class="movable" role="group" aria-label="{what}" data-interval="{interval}" '
        f'data-names="{escape(json.dumps(names))}">'
        '<div class="movable-controls" hidden>'
        f'<button type="button" class="movable-play" aria-label="Play: {what}"></button>'
        f'<button type="button" class="movable-back" aria-label="Back to the first: {what}">'
        f'</button><label>{what} <input type="range" min="0" max="{len(names) - 1}" step="1" '
        f'value="{first}" aria-valuetext="{escape(names[first])}"></label>'
        f"<output>{escape(names[first])}</output></div>"
        f'<div class="movable-frames">{frames}</div></div>'
    )


def typed(answer: Callable[[str], str], *, label: str, start: str) -> Drawn:
    """A text field, and under it what `answer` says about the text, if a kernel runs.

    A page has no kernel; it shows the answer for `start` and says how to type another. The message
    of a `ValueError` of `answer` is shown instead of an answer.

    Raises:
        TypeError: If `answer` is not callable or returns no string for `start`.
    """
    if not callable(answer):
        raise TypeError(f"answer: expected a function of a string, got {type(answer).__name__}")
    if not isinstance(answer(start), str):
        raise TypeError("answer: expected it to return a string")
    field = Text(
        value=start,
        description=label,
        continuous_update=False,
        style={"description_width": "initial"},
        layout=Layout(width="min(100%, 24em)"),
    )
    in_advance = _answered(answer, start, TYPE_IN_ADVANCE)
    shown = HTML(in_advance, layout=Layout(width="100%"))

    def again(change: dict[str, str]) -> None:  # called by a kernel only
        shown.value = _answered(answer, change["new"], TYPED_LIVE)

    field.observe(again, names="value")
    page = (
        f'<div class="typed"><label>{escape(label)} '
        f'<input type="text" value="{escape(start)}" disabled></label>{in_advance}</div>'
    )
    return Drawn([field, shown], page, "typed")


def _answered(answer: Callable[[str], str], text: str, caption: str) -> str:
    try:
        said, role = answer(text), ""
    except ValueError as error:
        said, role = str(error), ' role="alert"'
    return (
        f'<figure style="margin: 0"><p{role} style="white-space: pre-wrap; overflow-wrap: '
        f'anywhere">{escape(said)}</p><figcaption>{caption}</figcaption></figure>'
    )


def _checked(
    draw: object, label: object, values: Iterable[T], size: tuple[float, float], interval: int
) -> list[T]:
    if not callable(draw):
        raise TypeError(f"draw: expected a function draw(ax, value), got {type(draw).__name__}")
    if not isinstance(label, str) or not label.strip():
        raise TypeError(f"label: expected what the slider moves, such as 'step t', got {label!r}")
    try:
        values = list(values)
    except TypeError:
        raise TypeError(
            f"values: expected several values, such as range(1, 9), got {values!r}"
        ) from None
    if not 2 <= len(values) <= MAX_FRAMES:
        raise ValueError(f"values: expected between 2 and {MAX_FRAMES}, got {len(values)}")
    if len(size) != 2 or not all(side > 0 for side in size):
        raise ValueError(f"size: expected a width and a height above 0 in inches, got {size}")
    if interval <= 0:
        raise ValueError(f"interval: expected milliseconds above 0, got {interval}")
    return values


def _picture(draw: Callable[[Axes, T], str], value: T, size: tuple[float, float]) -> str:
    # No pyplot: it would keep the figure, and a notebook would show it a second time.
    drawing = io.BytesIO()
    with rc_context(STYLE):
        figure = Figure(figsize=size, facecolor="white", layout="constrained")
        alt = draw(figure.subplots(), value)
        figure.savefig(drawing, format="svg", metadata={"Date": None})
    if not isinstance(alt, str) or not alt.strip():
        raise TypeError(
            f"draw: expected it to return a sentence that says what the frame shows, got {alt!r}"
        )
    width, height = (round(side * PIXELS) for side in size)
    data = base64.b64encode(drawing.getvalue()).decode("ascii")
    return (
        f'<img src="data:image/svg+xml;base64,{data}" alt="{escape(alt)}" width="{width}" '
        f'height="{height}" style="max-width: 100%; height: auto">'
    )


def _framed(picture: str, caption: str) -> str:
    return f'<figure style="margin: 0">{picture}<figcaption>{caption}</figcaption></figure>'

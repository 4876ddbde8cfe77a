"""Every figure follows the theme, has a number and a caption, and can be enlarged and taken."""

from __future__ import annotations

import ast
import io
import re
import sys
from pathlib import Path

import matplotlib as mpl
import pytest
from bs4 import BeautifulSoup
from matplotlib.figure import Figure
from PIL import Image
from playwright.sync_api import Browser, Page, expect
from site_browser import ROOT, SITE, choose, violations, visit

from rnn_course.figures import style

sys.path.insert(0, str(ROOT / "book" / "_ext"))
import figures  # noqa: E402

CHAPTERS = sorted(path.stem for path in (SITE / "notebooks").glob("[0-9][0-9]_*.html"))


def drawn(size: float = 12, width: float = 6) -> str:
    """A drawing of a line and a word."""
    figure = Figure(figsize=(width, 3), facecolor="white")
    ax = figure.subplots()
    ax.plot([0, 1], color=style.INDIGO.colour)
    ax.set_axis_off()
    ax.text(0.5, 0.5, "$h^{(t)}$", fontsize=size, color=style.INK)
    text = io.StringIO()
    with mpl.rc_context(style.STYLE):
        figure.savefig(text, format="svg")
    return text.getvalue()


def luminance(colour: str) -> float:
    """Relative luminance, as WCAG defines it."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, two: str) -> float:
    low, high = sorted(map(luminance, (one, two)))
    return (high + 0.05) / (low + 0.05)


def test_the_size_of_a_drawing_and_of_its_type() -> None:
    large = figures.measure(drawn(size=12, width=6).encode())
    assert (large.width, large.height) == (576, 288)
    assert large.least == 324  # 12 points are 16 pixels: 9/16 of 576
    assert figures.measure(drawn(size=6, width=6).encode()).least == 576  # never wider than it is
    assert figures.measure(b"<svg/>") is None


def test_what_would_be_illegible_on_a_phone_keeps_its_size() -> None:
    tag = '<img src="a.svg">'
    assert figures.Drawing(576, 288, 324).legible(tag) == tag
    assert figures.Drawing(800, 288, 480).legible(tag) == (
        '<span class="wide"><img style="min-width: 480px" src="a.svg"></span>'
    )


def test_colours_become_those_of_the_theme() -> None:
    before, after = drawn(), figures.follow_the_theme(drawn())
    assert style.INDIGO.colour.lower() in before
    body = after[after.index("<defs>") :]
    assert not set(figures.COLOUR.findall(body)) & set(figures.LIGHT)
    assert "prefers-color-scheme:dark" in after and "CC BY 4.0" in after
    assert figures.follow_the_theme(after) == after  # once
    assert figures.follow_the_theme("<svg>#ffffff</svg>") == "<svg>#ffffff</svg>"  # a logo


@pytest.mark.parametrize("colour", [each.colour for each in style.CYCLE] + [style.INK, style.PALE])
def test_what_is_drawn_can_be_told_from_a_dark_page(colour: str) -> None:
    paper = figures.DARK["#ffffff"]
    assert contrast(figures.DARK.get(colour, colour), paper) >= 4
    assert colour.lower() not in (style.DARK_ON_MAP.lower(), style.LIGHT_ON_MAP.lower())


def test_a_chapters_kernel_draws_as_movable_figures_do() -> None:
    text = (ROOT / "book" / "_ext" / "kernel_config.py").read_text(encoding="utf-8")
    written = re.search(r"InlineBackend\.rc = (\{.*?\})", text, re.DOTALL)[1]
    assert ast.literal_eval(written) == style.STYLE


# --- the built site -------------------------------------------------------------------------------


def bodies(chapter: str) -> BeautifulSoup:
    return BeautifulSoup((SITE / "notebooks" / f"{chapter}.html").read_bytes(), "html.parser")


@pytest.mark.slow
@pytest.mark.parametrize("chapter", CHAPTERS)
def test_every_figure_has_a_number_a_caption_and_an_anchor(chapter: str) -> None:
    page = bodies(chapter)
    pictures = page.select("article img[src$='.svg']")
    assert pictures and not page.select("article .cell_output img:not([src$='.svg'])")
    for picture in pictures:
        figure = picture.find_parent("figure")
        assert figure is not None and figure.get("id"), picture
        assert re.match(r"Fig\. \d+", figure.select_one(".caption-number").text)
        assert len(figure.select_one(".caption-text").text) > 40


@pytest.mark.slow
def test_every_drawing_of_the_site_follows_the_theme() -> None:
    drawings = [p for p in (SITE / "_images").rglob("*.svg") if "Matplotlib" in p.read_text()]
    assert len(drawings) > 200
    for path in drawings:
        text = path.read_text(encoding="utf-8")
        assert "prefers-color-scheme:dark" in text and "CC BY" in text
        assert "<dc:date>" not in text, "a build must not depend on its day"


SMALLEST = """images => images.map(image => ({
  source: image.getAttribute("src"), width: image.getBoundingClientRect().width}))"""


@pytest.mark.slow
@pytest.mark.parametrize("chapter", CHAPTERS)
def test_no_type_is_too_small_on_a_phone(base: str, browser: Browser, chapter: str) -> None:
    with visit(browser, base, "phone") as visited:
        visited.go(f"notebooks/{chapter}.html")
        visited.page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
        shown = visited.page.locator("article img[src$='.svg']:visible").evaluate_all(SMALLEST)
        assert shown
        for picture in shown:
            data = (SITE / "notebooks" / picture["source"]).resolve().read_bytes()
            drawing = figures.measure(data)
            type_ = min(map(float, figures.TYPE.findall(data))) * 100 * figures.PIXELS
            pixels = type_ * picture["width"] / drawing.width
            assert pixels >= figures.LEAST - 0.1, (picture, pixels)


def corner(page: Page) -> tuple[int, ...]:
    """The colour of the first figure's background."""
    data = page.locator("article img[src$='.svg']:visible").first.screenshot()
    return Image.open(io.BytesIO(data)).convert("RGB").getpixel((2, 2))


@pytest.mark.slow
def test_a_figure_stands_on_the_pages_own_background(base: str, browser: Browser) -> None:
    for theme, colour in (("light", (255, 255, 255)), ("dark", (0x12, 0x12, 0x12))):
        other = "dark" if theme == "light" else "light"
        with visit(browser, base, "desktop", other) as visited:  # the system's theme is the other
            visited.go(f"notebooks/{CHAPTERS[0]}.html")
            choose(visited.page, theme)
            assert corner(visited.page) == colour, theme


@pytest.mark.slow
@pytest.mark.parametrize("size", ["desktop", "phone"])
def test_a_figure_can_be_enlarged_taken_and_linked_to(
    base: str, browser: Browser, size: str
) -> None:
    with visit(browser, base, size, fresh=True) as visited:
        page = visited.page
        page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        visited.go(f"notebooks/{CHAPTERS[9]}.html")
        figure = page.locator("figure#fig-09-gaps")
        figure.get_by_role("button", name="Copy link").click()
        expect(figure.get_by_role("button", name="Copied")).to_be_visible()
        assert page.evaluate("navigator.clipboard.readText()").endswith(
            "/notebooks/09_long_gaps.html#fig-09-gaps"
        )
        with page.expect_download() as taken:
            figure.get_by_role("link", name="Download").click()
        assert taken.value.suggested_filename == "fig-09-gaps.svg"
        assert "CC BY 4.0" in Path(taken.value.path()).read_text(encoding="utf-8")

        small = figure.locator("img").bounding_box()
        figure.locator("img").click()
        dialog = page.get_by_role("dialog", name="Figure, enlarged")
        assert dialog.locator("img").bounding_box()["width"] > small["width"]
        assert (
            "CC BY 4.0" in dialog.inner_text() and "Accuracy against the gap" in dialog.inner_text()
        )
        assert violations(page) == []
        page.keyboard.press("Escape")
        expect(dialog).to_have_count(0)
        assert visited.problems == []


@pytest.mark.slow
def test_a_movable_figure_is_taken_as_it_is(base: str, browser: Browser) -> None:
    with visit(browser, base) as visited:
        visited.go(f"notebooks/{CHAPTERS[9]}.html")
        figure = visited.page.locator("figure:has(.movable)").first
        figure.locator("input").press("End")
        frame = figure.locator("img:not([hidden])")
        expect(frame).to_have_count(1)
        figure.locator("input").press("Home")
        visited.page.wait_for_timeout(500)
        link = figure.get_by_role("link", name="Download")
        with visited.page.expect_download() as taken:
            link.click()
        shown = (SITE / "notebooks" / frame.get_attribute("src")).resolve()
        assert Path(taken.value.path()).read_bytes() == shown.read_bytes()

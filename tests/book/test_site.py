"""The built site in a browser that can reach nothing else. `make book` builds it first."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache
from hashlib import sha256
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
import yaml
from bs4 import BeautifulSoup
from page_laws import broken as broken_laws
from playwright.sync_api import Browser, Locator, Page, expect
from site_browser import (
    ALIKE,
    AXE,
    LIGHT,
    ROOT,
    SITE,
    SIZES,
    choose,
    serve,
    violations,
    visit,
    weight,
)

from rnn_course.address import SITE as PUBLISHED

TOC = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
CHAPTERS = [TOC["root"], *(page["file"] for part in TOC["parts"] for page in part["chapters"])]
ASSIGNMENTS = sorted(
    path.relative_to(ROOT).with_suffix("").as_posix()
    for path in (ROOT / "book" / "homework").glob("*.md")
    if path.stem != "index"
)
REFERENCE = sorted(
    path.relative_to(ROOT).with_suffix("").as_posix()
    for path in (ROOT / "book" / "api").glob("*.md")
    if path.stem != "index"
)
PAGES = [*CHAPTERS, *ASSIGNMENTS, *REFERENCE, "search", "genindex", "py-modindex"]
ZOOMED = {"width": 640, "height": 450}  # a desktop at 200 %
LOOKED_AT = [page for page in PAGES if not ALIKE.search(page)]
#: one page of each kind: on a desktop, sidebars stand beside what a phone shows
OF_EACH_KIND = {"book/intro", "notebooks/01_summarise", "book/homework/hw1", "book/api/steps"}


def source(page: str) -> str:
    """The source of a page; of a notebook, the sources of its cells."""
    notebook = ROOT / f"{page}.ipynb"
    if not notebook.exists():
        return (ROOT / f"{page}.md").read_text(encoding="utf-8")
    return "\n".join("".join(cell["source"]) for cell in json.loads(notebook.read_text())["cells"])


def movables(page: str) -> int:
    """How many movable figures the notebook of this page has."""
    notebook = ROOT / f"{page}.ipynb"
    if not notebook.exists():
        return 0
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    code = "\n".join("".join(c["source"]) for c in cells if c["cell_type"] == "code")
    return len(re.findall(r"\bmovable\(", code))


@pytest.fixture(scope="module")
def base() -> Iterator[str]:
    missing = [page for page in PAGES if not (SITE / f"{page}.html").exists()]
    assert not missing, f"run `make book` first; not built: {', '.join(missing)}"
    assert AXE.exists(), "run `python tools/vendor.py` first: axe-core is missing"
    with serve(SITE) as address:
        yield address


@cache
def parsed(path: Path) -> BeautifulSoup:
    """A page as it was built; parsed once for all tests, none of which changes it."""
    return BeautifulSoup(path.read_bytes(), "html.parser")


def typeset(name: str) -> None:
    """Assert that each formula in the source of a page was set when the site was built."""
    built = parsed(SITE / f"{name}.html")
    formulas = built.main.find_all(class_="math")
    written = re.sub(r"`[^`]*`", "", source(name))  # a $ in code is no formula
    assert formulas or not re.search(r"\$[^$\n]+\$", written), "formulas in the source only"
    assert all(each.find(class_=["katex", "katex-display"], recursive=False) for each in formulas)
    assert not built.find(class_="katex-error")


@pytest.mark.slow
@pytest.mark.parametrize("name", CHAPTERS)
def test_no_reader_is_shown_an_unknown_word(base: str, name: str) -> None:
    """Words that a network does not know are shown as written, not as the unknown symbol."""
    assert "�" not in parsed(SITE / f"{name}.html").select_one("main").text


def overflow(page: Page) -> int:
    """By how many pixels the page is wider than the window."""
    return page.evaluate("document.documentElement.scrollWidth - window.innerWidth")


def unfold(page: Page) -> None:
    """Open every solution and every folded cell, and wait until they have faded in."""
    page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    page.evaluate("document.querySelectorAll('.toggle-button-hidden').forEach(b => b.click())")
    page.evaluate("Promise.all(document.getAnimations().map(each => each.finished))")


@pytest.mark.slow
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", LOOKED_AT)
def test_page_is_sound(base: str, browser: Browser, name: str, size: str) -> None:
    with visit(browser, base, size, "light") as visited:
        visited.go(f"{name}.html")
        assert weight(visited) <= LIGHT, "a first view, compressed"
        page = visited.page
        if size == "desktop" and name in {*CHAPTERS, *REFERENCE}:
            typeset(name)  # of the file, whatever the window
        unfold(page)
        assert overflow(page) <= 0
        if size == "desktop":
            page.set_viewport_size(ZOOMED)
            assert overflow(page) <= 0
            page.set_viewport_size(SIZES[size])
        choose(page, "dark")
        assert broken_laws(page) == {}
        if size == "desktop":
            choose(page, "light")
            assert violations(page) == [], "light"
        if size == "phone" or name in OF_EACH_KIND:
            choose(page, "dark")
            assert violations(page, of_colour=size == "desktop") == [], "dark"
        assert visited.problems == []


@pytest.mark.slow
def test_the_reader_chooses_the_theme(base: str, browser: Browser) -> None:
    with visit(browser, base, theme="dark") as visited:
        visited.go(f"{CHAPTERS[0]}.html")
        themes = visited.page.locator("html")
        expect(themes).to_have_attribute("data-theme", "dark")
        visited.page.get_by_role("button", name="Color mode").click()
        visited.page.get_by_role("button", name="Color mode").click()
        expect(themes).to_have_attribute("data-theme", "light")
        assert visited.problems == []


@pytest.mark.slow
@pytest.mark.parametrize("size", SIZES)
def test_menus_are_sound_when_open(base: str, browser: Browser, size: str) -> None:
    with visit(browser, base, size) as visited:
        page = visited.page
        visited.go(f"{CHAPTERS[1]}.html")
        page.locator("button.search-button__button:visible").first.click()
        expect(page.locator("#pst-search-dialog")).to_be_visible()
        assert violations(page) == []
        page.keyboard.press("Escape")
        page.get_by_role("button", name="Launch interactive content").click()
        expect(page.get_by_role("link", name="Colab")).to_be_visible()
        assert violations(page) == []
        if size == "phone":
            page.keyboard.press("Escape")
            page.locator("button.primary-toggle").click()
            contents = page.get_by_role("navigation", name="Main")
            expect(contents.get_by_role("link", name="Glossary")).to_be_visible()
            assert violations(page) == []
        assert visited.problems == []


@pytest.mark.slow
def test_search_finds_a_word(base: str, browser: Browser) -> None:
    with visit(browser, base) as visited:
        visited.go("search.html?q=recurrence")
        expect(visited.page.locator("#search-results li").first).to_be_visible()
        assert visited.problems == []


# --- links, without a browser ---------------------------------------------------------------------


def soups() -> dict[Path, BeautifulSoup]:
    paths = (path for path in SITE.rglob("*.html") if "_static" not in path.parts)
    return {path: parsed(path) for path in paths}  # the themes' templates are in _static


def broken(pages: dict[Path, BeautifulSoup], folder: Path) -> list[str]:
    """What leads nowhere; and scripts, styles and pictures that come from another host."""
    wrong = []
    anchors = {
        path: {tag.get("id") or tag.get("name") for tag in soup.select("[id], a[name]")}
        for path, soup in pages.items()
    }
    for path, soup in pages.items():
        page = path.relative_to(folder)
        for tag in soup.select("[href], [src]"):
            address = tag.get("href") or tag.get("src") or ""
            url = urlsplit(address)
            if url.scheme == "data":
                continue
            if url.scheme or url.netloc:
                canonical = tag.get("rel") == ["canonical"] and address == f"{PUBLISHED}{page}"
                if tag.name != "a" and not canonical:
                    wrong.append(f"{page}: another host: {address}")
                continue
            target = (path.parent / unquote(url.path)).resolve() if url.path else path
            if not target.is_file():
                wrong.append(f"{page}: no such file: {address}")
            elif url.fragment and unquote(url.fragment) not in anchors.get(target, {url.fragment}):
                wrong.append(f"{page}: no such place: {address}")
    return wrong


@pytest.mark.slow
def test_every_internal_link_leads_somewhere(base: str) -> None:
    pages = soups()
    built = {path.relative_to(SITE).with_suffix("").as_posix() for path in pages}
    assert built == {*PAGES, "index"}, "pages of an older build: `make clean`"
    assert broken(pages, SITE) == []


@pytest.mark.slow
def test_every_picture_is_described(base: str) -> None:
    # Without alt text, Sphinx writes the file's name, which axe-core takes for a description.
    wrong = [
        f"{path.relative_to(SITE)}: {tag}"
        for path, soup in soups().items()
        for tag in soup.select("main img")
        if not tag.get("alt", "").strip() or Path(tag["alt"]).suffix in (".png", ".svg")
    ]
    assert wrong == []


# --- figures that the reader can move -------------------------------------------------------------


class Movable:
    """A figure on the page: its controls, and the picture shown at the moment."""

    def __init__(self, root: Locator) -> None:
        self.slider = root.get_by_role("slider")
        self.play = root.get_by_role("button", name=re.compile("^Play: "))
        self.pause = root.get_by_role("button", name=re.compile("^Pause: "))
        self.back = root.get_by_role("button", name=re.compile("^Back to the first: "))
        self.picture = root.locator("img:visible")

    def shown(self) -> tuple[str, str]:
        """The digest of the visible frame's picture, and the value that is read out."""
        expect(self.picture).to_have_count(1)
        source = self.picture.get_attribute("src")
        return sha256(source.encode()).hexdigest(), self.slider.get_attribute("aria-valuetext")

    def changed(self, before: tuple[str, str]) -> tuple[str, str]:
        """Wait until both the picture and the value differ from `before`."""
        for _ in range(500):
            now = self.shown()
            if now[0] != before[0] and now[1] != before[1]:
                return now
            self.picture.page.wait_for_timeout(10)
        raise AssertionError(f"five seconds on, the figure still shows {before[1]}")

    def becomes(self, wanted: tuple[str, str]) -> None:
        """Wait until this picture and this value are shown."""
        for _ in range(500):
            if self.shown() == wanted:
                return
            self.picture.page.wait_for_timeout(10)
        raise AssertionError(f"five seconds on, {self.shown()[1]} is shown, not {wanted[1]}")


def with_movables() -> list[str]:
    return [name for name in CHAPTERS if movables(name)]


def test_chapters_have_movable_figures() -> None:
    assert set(with_movables()) == {name for name in CHAPTERS if name.startswith("notebooks/")}


def fits(figure: Movable, size: str) -> bool:
    """Is the picture within the window? What would be too small to read scrolls within the page."""
    window = figure.picture.locator("xpath=ancestor::span[contains(@class, 'wide')]")
    shown = (window if window.count() else figure.picture).bounding_box()
    return 0 <= shown["x"] <= shown["x"] + shown["width"] <= SIZES[size]["width"]


@pytest.mark.slow
@pytest.mark.parametrize("name", with_movables())
def test_figures_fit_on_a_phone_and_move_there(base: str, browser: Browser, name: str) -> None:
    with visit(browser, base, "phone") as visited:
        visited.go(f"{name}.html")
        for root in visited.page.locator("div.movable").all():
            figure = Movable(root)
            figure.slider.press("Home")
            expect(root.locator("img").first).to_be_visible()
            first = figure.shown()
            figure.slider.press("End")
            figure.changed(first)
            assert fits(figure, "phone")
        assert visited.problems == []
        assert violations(visited.page, within=".movable") == []


@pytest.mark.slow
@pytest.mark.parametrize("name", with_movables())
def test_figures_move(base: str, browser: Browser, name: str) -> None:
    with visit(browser, base, fresh=True) as visited:
        clock, keyboard, mouse = visited.page.clock, visited.page.keyboard, visited.page.mouse
        clock.install()
        visited.go(f"{name}.html")
        roots = visited.page.locator("div.movable")
        assert roots.count() == movables(name)
        for root in roots.all():
            figure = Movable(root)
            assert len(figure.picture.get_attribute("alt")) > 20
            root.scroll_into_view_if_needed()

            figure.slider.focus()  # by keyboard, there and back
            keyboard.press("Home")
            expect(figure.slider).to_have_value("0")
            expect(root.locator("img").first).to_be_visible()  # it is decoded before it is shown
            first = figure.shown()
            keyboard.press("ArrowRight")
            figure.changed(first)
            keyboard.press("ArrowLeft")
            figure.becomes(first)
            keyboard.press("End")
            last = figure.changed(first)

            track = figure.slider.bounding_box()  # by mouse: a click, and a drag
            middle = track["y"] + track["height"] / 2
            mouse.click(track["x"] + 2, middle)
            figure.becomes(first)
            mouse.move(track["x"] + 8, middle)
            mouse.down()
            mouse.move(track["x"] + track["width"], middle, steps=5)
            mouse.up()
            figure.becomes(last)

            figure.back.click()  # by Play, from the first on
            figure.becomes(first)
            figure.play.focus()
            clock.pause_at(visited.page.evaluate("Date.now() / 1000 + 1"))  # not over first
            keyboard.press("Enter")
            clock.run_for(int(root.get_attribute("data-interval")))
            figure.changed(first)
            figure.pause.click()
            expect(figure.play).to_be_visible()
            clock.resume()

            assert fits(figure, "desktop")
        assert visited.problems == []
        assert violations(visited.page, within=".movable") == []


# --- the checks themselves ------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        (
            "<script src='https://example.org/a.js'></script>",
            "another host: https://example.org/a.js",
        ),
        ("<script>console.error('oh')</script>", "console error: oh"),
        ("<script>missing()</script>", "uncaught: missing is not defined"),
        ("<img src='missing.png' alt='A picture'>", "status 404"),
    ],
)
def test_a_bad_page_is_noticed(browser: Browser, tmp_path: Path, body: str, complaint: str) -> None:
    (tmp_path / "bad.html").write_text(f"<link rel=icon href=data:,>{body}", encoding="utf-8")
    with serve(tmp_path) as address, visit(browser, address) as visited:
        visited.go("bad.html")
        assert any(complaint in problem for problem in visited.problems)


@pytest.mark.slow
def test_a_bad_layout_is_noticed(browser: Browser, tmp_path: Path) -> None:
    (tmp_path / "bad.html").write_text(
        "<p style='width: 900px; color: #eee'>pale<img src=data:,>", encoding="utf-8"
    )
    with serve(tmp_path) as address, visit(browser, address, "phone") as visited:
        visited.go("bad.html")
        assert overflow(visited.page) > 0
        rules, of_colour = (
            {violation.partition(":")[0] for violation in violations(visited.page, colour)}
            for colour in (False, True)
        )
        assert {"image-alt", "color-contrast", "html-has-lang"} <= rules
        assert of_colour == {"color-contrast"}


@pytest.mark.slow
def test_a_pale_token_and_a_pale_formula_are_noticed(browser: Browser, tmp_path: Path) -> None:
    """One of each kind is left to look at, whichever it is and wherever it stands."""
    tokens = "<span class=k>for</span> <span class=n>each</span>"
    formula = "<span class=katex><span><math><mi>h</mi></math></span><span><i>{}</i></span></span>"
    (tmp_path / "pale.html").write_text(
        "<!doctype html><html lang=en><title>Pale</title><link rel=icon href=data:,>"
        "<style>.late .n { color: #eee } .set { color: #eee }</style><main><h1>Pale</h1>"
        f"<div class=highlight><pre>{tokens}\n{tokens}</pre></div><p>{formula.format('tanh')}"
        f"<div class='highlight late'><pre>{tokens} {tokens}</pre></div>"
        f"<p class=set>{formula.format('first')}{formula.format('second')}</main>",
        encoding="utf-8",
    )
    with serve(tmp_path) as address, visit(browser, address) as visited:
        visited.go("pale.html")
        found = violations(visited.page)
        assert len(found) == 2 and all(each.startswith("color-contrast") for each in found)
        assert '<span class="n">each</span>' in found[0] and "<i>first</i>" in found[1]


@pytest.mark.slow
def test_a_page_against_the_laws_is_noticed(browser: Browser, tmp_path: Path) -> None:
    long = "word" * 200
    (tmp_path / "bad.html").write_text(
        "<link rel=icon href=data:,><style>:focus-visible { outline: none }</style>"
        f"<article class=bd-article><pre style='overflow-x: auto'>{long}</pre>"
        f"<output style='display: block; width: 9px; overflow: hidden'>{long}</output>"
        "<input type=range><a href=x>x</a></article>",
        encoding="utf-8",
    )
    with serve(tmp_path) as address, visit(browser, address, "phone") as visited:
        visited.go("bad.html")
        assert {name: len(found) for name, found in broken_laws(visited.page).items()} == {
            "goes on without a sign": 1,
            "readout cut": 1,
            "too small to hit": 1,
            "no visible focus": 2,
        }


def test_a_broken_link_is_noticed(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    soup = BeautifulSoup(
        "<a href=none.html></a><a href=#none></a><a href=#here id=here></a>"
        "<a href=https://example.org></a><img src=https://example.org/a.png>",
        "html.parser",
    )
    page.touch()
    assert broken({page: soup}, tmp_path) == [
        "page.html: no such file: none.html",
        "page.html: no such place: #none",
        "page.html: another host: https://example.org/a.png",
    ]

"""The welcome page: it comes from the chapters and the ledger, is light, and does not jump."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from playwright.sync_api import expect
from site_browser import ROOT, SITE, SIZES, serve, visit

from rnn_course import ledger, ledger_report
from rnn_course.notebooks import chapters

sys.path.insert(0, str(ROOT / "book" / "_ext"))
import bookmap  # noqa: E402
import thumbnails  # noqa: E402
import welcome  # noqa: E402

CHAPTERS = welcome.found(ROOT)
WORDS = 600


@pytest.fixture(scope="module")
def page() -> BeautifulSoup:
    return BeautifulSoup((SITE / "book" / "intro.html").read_bytes(), "html.parser")


# --- what the chapters say ------------------------------------------------------------------------


def notebook(folder: Path, name: str, text: str) -> None:
    cells = [{"cell_type": "markdown", "metadata": {}, "source": text}]
    folder.mkdir(exist_ok=True)
    content = {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells}
    (folder / f"{name}.ipynb").write_text(json.dumps(content), encoding="utf-8")


def test_a_chapter_is_read_from_its_opening(tmp_path):
    folder = tmp_path / "notebooks"
    notebook(folder, "00_a", "# 0 · A\n\n**Why?**\n\n**You need** nothing.")
    notebook(
        folder,
        "01_b",
        "# 1 · B\n\n**How\nso?** And more.\n\n**You need** {doc}`00_a`,\n"
        "{doc}`the letters <../book/notation>`.\n\nLater, {doc}`01_b`.",
    )
    a, b = welcome.found(tmp_path)
    assert (a.title, a.question, a.needs) == ("0 · A", "Why?", [])
    assert (b.page, b.question, b.needs) == ("notebooks/01_b", "How so?", ["00_a"])


@pytest.mark.parametrize("missing", ["**Why?**", "**You need** nothing.", "# 0 · A"])
def test_an_incomplete_opening_stops_the_build(tmp_path, missing):
    text = "# 0 · A\n\n**Why?**\n\n**You need** nothing."
    notebook(tmp_path / "notebooks", "00_a", text.replace(missing, ""))
    with pytest.raises(ValueError, match="00_a.ipynb: no title, no opening question or no line"):
        welcome.found(tmp_path)


def test_a_chapter_needs_only_earlier_ones():
    seen: set[str] = set()
    for chapter in CHAPTERS:
        assert {*chapter.needs} <= seen, chapter.stem
        seen.add(chapter.stem)


@pytest.mark.slow
def test_each_chapter_has_its_card(page):
    cards = {
        card.a["href"].rpartition("/")[2]: card for card in page.select("ul.chapter-cards > li")
    }
    assert [*cards] == [*(f"{chapter.stem}.html" for chapter in CHAPTERS), "which_network.html"]
    titles = {
        link["href"].rpartition("/")[2]: link.get_text(strip=True)
        for link in page.select("nav.bd-links a[href]")
    }
    pictures = set()
    for name, card in cards.items():
        assert card.a.get_text(strip=True) == titles[name]  # as in the sidebar
        assert card.select("p")[1].get_text().endswith("?")
        picture = card.select_one("svg[role=img]")
        assert len(picture["aria-label"]) > 30
        pictures.add(str(picture))
    assert len(pictures) == len(cards)


def test_a_chapter_without_a_picture_stops_the_build():
    assert {*thumbnails.DRAWN} >= {path.stem for path in chapters(ROOT / "notebooks")}
    with pytest.raises(ValueError, match="99_new: the chapter needs a picture"):
        thumbnails.thumbnail("99_new")


@pytest.mark.slow
def test_the_numbers_are_those_of_the_ledger(page):
    line = ledger_report.count_line(ledger.load())
    assert page.select_one("a[href='ledger.html']:-soup-contains('settled')").get_text() == line
    source = (ROOT / "book" / "intro.md").read_text(encoding="utf-8")
    assert not re.search(r"\b\d+ (of \d+ )?(settled|statements)", source), "a number typed in"


# --- the map --------------------------------------------------------------------------------------

NEEDS = {"a": [], "b": ["a"], "c": ["a", "b"], "d": ["a"], "e": ["c", "d"]}


def test_the_map_leaves_out_what_a_longer_way_says():
    assert bookmap.reduced(NEEDS) == [("a", "b"), ("b", "c"), ("a", "d"), ("c", "e"), ("d", "e")]


def test_the_map_has_each_chapter_below_what_it_needs():
    for needs in (NEEDS, {chapter.stem: chapter.needs for chapter in CHAPTERS}):
        places, ways = bookmap.layout(needs)
        assert [*places] == [*needs]
        for stem, nears in needs.items():
            assert all(places[near][1] < places[stem][1] for near in nears)
        for (near, stem), way in zip(bookmap.reduced(needs), ways, strict=True):
            assert (way[0], way[-1]) == (places[near], places[stem])
            assert [row for _, row in way] == [*range(places[near][1], places[stem][1] + 1)]
            for x, row in way[1:-1]:  # a lane beside the boxes, not behind one
                others = [at for at, at_row in places.values() if at_row == row]
                assert all(abs(at - x) >= bookmap.BOX / 2 + bookmap.LANE / 2 for at in others)
        for x, row in places.values():
            assert bookmap.BOX / 2 <= x <= bookmap.WIDTH - bookmap.BOX / 2
            assert sum(abs(x - at) < bookmap.BOX and row == r for at, r in places.values()) == 1


@pytest.mark.slow
def test_the_map_says_what_each_chapter_needs(page):
    links = page.select("svg.book-map a")
    assert sorted(link["href"] for link in links) == [
        f"../{chapter.page}.html" for chapter in CHAPTERS
    ]
    said = {link["href"][3:-5]: link["aria-label"] for link in links}
    for chapter in CHAPTERS:
        numbers = [str(int(stem[:2])) for stem in chapter.needs]
        after = f", after {' and '.join(numbers)}" if numbers else ""
        assert said[chapter.page] == chapter.title + after
    assert len(page.select("svg.book-map g path")) == len(
        bookmap.reduced({chapter.stem: chapter.needs for chapter in CHAPTERS})
    )


# --- the figure at the top, and the doors ---------------------------------------------------------


@pytest.mark.slow
def test_the_figure_at_the_top_is_that_of_its_chapter(page):
    chapter = BeautifulSoup((SITE / "notebooks/01_summarise.html").read_bytes(), "html.parser")
    here = page.select_one("div.borrowed div.movable")
    there = chapter.select_one(f"div.movable[aria-label='{here['aria-label']}']")
    frames = [[frame["src"] for frame in each.select("img")] for each in (here, there)]
    assert frames[0] == frames[1] and len(frames[0]) > 5
    shown = [frame for frame in here.select("img") if not frame.has_attr("hidden")]
    assert len(shown) == 1 and shown[0]["loading"] == "eager"
    assert all(f["loading"] == "lazy" for f in here.select("img") if f not in shown)


@pytest.mark.slow
def test_the_figure_at_the_top_moves(browser):
    with serve(SITE) as base, visit(browser, base) as visited:
        visited.go("book/intro.html")
        slider = visited.page.get_by_role("slider")
        before = visited.page.locator(".borrowed img:visible").get_attribute("src")
        slider.focus()
        visited.page.keyboard.press("ArrowRight")
        shown = visited.page.locator(".borrowed img:visible")
        expect(shown).to_have_count(1)
        expect(shown).not_to_have_attribute("src", before)
        assert visited.problems == []


@pytest.mark.slow
def test_there_is_a_door_for_each_use_and_little_to_read(page):
    doors = [link["href"] for link in page.select("div.doors li strong a")]
    assert doors == [
        "../notebooks/00_before_the_deck.html", "running.html", "lecturers.html",
        "homework/index.html",
    ]  # fmt: skip
    article = BeautifulSoup(str(page.select_one("article")), "html.parser")
    for tag in article.select("script, style, svg, .movable"):
        tag.extract()
    assert len(article.get_text(" ").split()) <= WORDS


@pytest.mark.slow
@pytest.mark.parametrize("size", SIZES)
def test_the_doors_are_seen_at_once(browser, size):
    """On a desktop, what it is, the figure and the doors; on a phone, what it is and the figure."""
    with serve(SITE) as base, visit(browser, base, size) as visited:
        visited.go("book/intro.html")
        seen = {"desktop": ".hero", "phone": ".borrowed .movable"}[size]
        box = visited.page.locator(seen).bounding_box()
        assert box["y"] + box["height"] <= SIZES[size]["height"]


# --- light, and without a jolt --------------------------------------------------------------------


# --- numbers of chapters --------------------------------------------------------------------------


def test_a_link_to_a_chapter_gives_its_number():
    """[chapter 7](…/07_encoder_decoder.ipynb) and {doc}`chapter 7 <07_encoder_decoder>`."""
    link = re.compile(
        r"\[[Cc]hapter (\d+)[^\]]*\]\([^)]*?(\d\d)_\w+\.ipynb"
        r"|\{doc\}`[Cc]hapter (\d+) <[^>]*?(\d\d)_"
    )
    sources = [*(ROOT / "book").rglob("*.md"), *chapters(ROOT / "notebooks")]
    found = [
        (path.name, *filter(None, each))
        for path in sources
        for each in link.findall(path.read_text(encoding="utf-8"))
    ]
    assert len(found) > 20
    assert [each for each in found if int(each[1]) != int(each[2])] == []

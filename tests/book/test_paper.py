"""The book as a PDF and the site as a zip. `make paper` makes both from the built site first."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import closing
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from zipfile import ZipFile

import pypdfium2
import pytest
from bs4 import BeautifulSoup
from pypdf import PdfReader
from site_browser import ROOT, SITE, launch, visit

from rnn_course.address import SITE as PUBLISHED
from tools.paper import adapt, bundle, joined, printing
from tools.paper.__main__ import PDF, ZIP

# --- parts of a page ------------------------------------------------------------------------------


def movable(frames: int) -> BeautifulSoup:
    pictures = "".join(f'<span><img alt="{k}" hidden src="{k}.png"></span>' for k in range(frames))
    names = ", ".join(f'"{k}"' for k in range(frames))
    return adapt.fragment(
        f'<div class="movable" aria-label="step" data-names=\'[{names}]\'><input>'
        f'<div class="movable-frames">{pictures}</div></div>'
    )


@pytest.mark.parametrize(
    ("frames", "shown"), [(2, ["0", "1"]), (3, ["0", "1", "2"]), (8, ["0", "4", "7"])]
)
def test_of_a_movable_figure_three_frames_are_shown_with_their_values(frames, shown):
    page = movable(frames)
    adapt.adapt(page, "https://example.org/page.html")
    pictures = page.select("img")
    assert [picture["alt"] for picture in pictures] == shown
    assert not any(picture.has_attr("hidden") for picture in pictures)
    values = [picture.find_parent("figure").figcaption.get_text() for picture in pictures]
    assert values == [f"step: {name}" for name in shown]
    assert not page.select("input")
    assert page.select_one(".moves").a["href"] == "https://example.org/page.html"
    assert len(page.select(".movable-frames > *")) == len(shown) + 1  # and no empty holders


def test_folded_code_becomes_a_line_and_folded_output_is_shown():
    fold = '<details class="hide"><summary><p class="collapsed">How</p></summary>{}</details>'
    code, output = (
        "<pre>1</pre>",
        '<div class="cell_output">a</div><div class="cell_output">b</div>',
    )
    page = adapt.fragment(fold.format(code) + fold.format(code + output) + "<details>c</details>")
    adapt.adapt(page, "")
    assert page.select_one(".folded").get_text() == "How (in the notebook)"
    assert [each.get_text() for each in page.select(".cell_output")] == ["a", "b"]
    assert not page.select("pre") and page.details.has_attr("open")


def test_lines_of_code_keep_their_text_their_blanks_and_their_colours():
    source = '<span class="k">def</span> f():\n\n    <span class="s">"a\n      b"</span>\n'
    page = adapt.fragment(f'<div class="highlight"><pre><span></span>{source}</pre></div>')
    adapt.adapt(page, "")
    lines = page.select("pre > .line")
    assert [line.get_text() for line in lines] == ["def f():", "", '    "a', '      b"']
    assert [len(line.select(".s")) for line in lines] == [0, 0, 1, 1]


def test_exercise_and_solution_lead_to_one_another():
    page = adapt.fragment(
        '<div class="exercise" id="e"></div><div class="solution" id="s"><a href="#e">E</a></div>'
    )
    (solution,) = adapt.take_solutions(page)
    assert not page.select(".solution") and solution.a["href"] == "#e"
    line = page.select_one("#e .to-solution")
    assert line.a["href"] == "#s" and line.select_one("[data-of=s]")


def test_links_lead_into_the_book_where_it_has_their_target():
    page = SimpleNamespace(name="notebooks/one", anchor="c1")
    anchors = {"notebooks/one": "c1", "book/two": "c2"}

    def place(address: str, **more: object) -> str:
        return joined.place(page, address, **more)

    assert place("#here", anchors=anchors) == "#c1-here"
    assert place("../book/two.html", anchors=anchors) == "#c2"
    assert place("../book/two.html#there", anchors=anchors) == "#c2-there"
    assert place("../book/api/steps.html#f", anchors=anchors) == f"{PUBLISHED}book/api/steps.html#f"
    assert place("one.ipynb", anchors=anchors) == f"{PUBLISHED}notebooks/one.ipynb"
    assert place("https://example.org/#x", anchors=anchors) == "https://example.org/#x"
    assert place("../_images/a.png") == "/_images/a.png"


# --- printing -------------------------------------------------------------------------------------

PAGE = "<!doctype html><title>A</title><style>.line {{ display: block }}</style>{}"


def printed(tmp_path: Path, body: str) -> PdfReader:
    printing.write_pdf(PAGE.format(body), tmp_path, tmp_path / "a.pdf")
    return PdfReader(tmp_path / "a.pdf")


@pytest.mark.slow
def test_page_numbers_are_filled_in_and_long_lines_show_their_turn(tmp_path):
    long = "word " * 60
    reader = printed(
        tmp_path,
        f'<a href="#b">B</a> {adapt.page_of("b")}<div class="highlight"><pre '
        f'style="white-space: pre-wrap"><span class="line">{long}</span></pre></div>'
        '<p id="b" style="break-before: page">there</p>',
    )
    first, second = (page.extract_text() for page in reader.pages)
    assert re.search(r"B\s+2\b", first) and "there" in second
    assert printing.pages_of(tmp_path / "a.pdf") == {"b": 2}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("body", "said"),
    [
        (r'<span class="math">\(x\)</span>', r"formulas that are not set: \\\(x\\\)"),
        ('<img src="/none.png">', "none.png"),
        ('<img src="https://example.org/a.png">', "another host"),
    ],
)
def test_what_is_missing_is_not_printed_over(tmp_path, body, said):
    with pytest.raises(RuntimeError, match=said):
        printed(tmp_path, body)


# --- the PDF --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def reader() -> PdfReader:
    assert PDF.exists(), "run `make paper` first"
    return PdfReader(PDF)


@pytest.fixture(scope="module")
def texts() -> list[str]:
    """The text of each page, without its number."""
    with closing(pypdfium2.PdfDocument(PDF)) as document:
        read = [" ".join(page.get_textpage().get_text_bounded().split()) for page in document]
    return [re.sub(rf"^{number} | {number}$", "", text) for number, text in enumerate(read, 1)]


@pytest.fixture(scope="module")
def chapters() -> list[joined.Page]:
    return joined.pages(SITE)


@pytest.fixture(scope="module")
def begin() -> dict[str, int]:
    """The page on which each chapter begins, counted from 0."""
    return {name: page - 1 for name, page in printing.pages_of(PDF).items()}


@pytest.mark.slow
def test_every_page_of_the_contents_is_printed_but_the_reference(chapters):
    toc = joined.TOC
    listed = [toc["root"], *(page["file"] for part in toc["parts"] for page in part["chapters"])]
    names = [page.name for page in chapters]
    printed = [name for name in listed if not name.startswith(joined.LEFT_OUT)]
    assert [name for name in names if name in listed] == printed
    homework = (ROOT / "book" / "homework").glob("*.md")
    assert {f"book/homework/{path.stem}" for path in homework} <= set(names)


@pytest.mark.slow
def test_each_chapter_begins_on_a_page_of_its_own_and_has_its_text(reader, texts, chapters, begin):
    assert 100 < len(reader.pages) < 400
    starts = [begin[page.anchor] for page in chapters] + [begin["solutions"]]
    assert all(a < b for a, b in pairwise(starts)), "in the order of the contents"
    marks = {re.sub(r"\s", "", item.title): reader.get_destination_page_number(item)
             for item in reader.outline if not isinstance(item, list)}  # fmt: skip
    for page, start, end in zip(chapters, starts, starts[1:], strict=False):
        title = re.sub(r"\s", "", page.title)
        assert marks[title] == start
        assert title in re.sub(r"\s", "", texts[start])
        last = page.article.select("section > h2")
        if last:
            words = re.sub(r"\s", "", last[-1].get_text().removesuffix("#"))
            text = "".join(texts[start:end])
            assert words in re.sub(r"\s", "", text), page.name


@pytest.mark.slow
def test_the_contents_give_the_pages(texts, chapters, begin):
    first = begin[chapters[0].anchor]
    contents = " ".join(texts[1:first])
    for page in chapters:
        assert f"{page.title} {begin[page.anchor] + 1} " in f"{contents} ", page.title


@pytest.mark.slow
def test_every_link_leads_somewhere(reader):
    inside, outside = [], []
    for page in reader.pages:
        for link in (each.get_object() for each in page.get("/Annots", [])):
            if "/A" in link:
                outside.append(link["/A"]["/URI"])
            else:
                inside.append(link["/Dest"])
    places = reader.named_destinations
    assert len(inside) > 500 and {str(place) for place in inside} <= set(places)
    assert len(outside) > 50
    assert [
        address for address in outside if not address.startswith(("https://", "http://doi"))
    ] == []
    assert not any("127.0.0.1" in address for address in outside)


def structure(node: object) -> Iterator[dict]:
    """All elements of a PDF's structure."""
    node = node.get_object()
    if isinstance(node, list):
        for child in node:
            yield from structure(child)
    elif isinstance(node, dict):
        yield node
        if "/K" in node:
            yield from structure(node["/K"])


@pytest.mark.slow
def test_every_figure_of_the_site_is_there_with_its_description(reader, chapters):
    wanted = 0
    for page in chapters:
        frames = [len(figure.select("img")) for figure in page.article.select(".movable")]
        wanted += len(page.article.select("img")) - sum(frames) + sum(min(3, n) for n in frames)
        wanted += len(page.article.select("svg[role=img]"))
    figures = [
        element.get("/Alt")
        for element in structure(reader.trailer["/Root"]["/StructTreeRoot"])
        if element.get("/S") == "/Figure"
    ]
    # Elements without a description are those around a picture and its caption.
    assert len(list(filter(None, figures))) == wanted > 100


@pytest.mark.slow
def test_every_formula_of_the_site_is_there_and_set(texts, chapters):
    formulas = sum(len(page.article.select(".math")) for page in chapters)
    classes = re.findall(r'class="([^"]*)"', joined.joined(SITE))
    assert sum("math" in names.split() for names in classes) == formulas > 400
    # That each is set is made sure of by write_pdf; see test_what_is_missing_is_not_printed_over.
    raw = re.compile(r"\\[(\[]|\\(frac|sum|tanh|odot)\b")
    assert [page for page, text in enumerate(texts, 1) if raw.search(text)] == []


@pytest.mark.slow
def test_the_solutions_stand_at_the_end(texts, chapters, begin):
    solutions = sum(len(page.article.select(".solution")) for page in chapters)
    assert solutions == sum(len(page.article.select(".exercise")) for page in chapters) > 40
    pages = [text.count("Solution to Exercise") for text in texts]
    assert sum(pages[: begin["solutions"]]) == 0 and sum(pages) == solutions


@pytest.mark.slow
def test_no_line_of_code_is_cut(texts, chapters):
    book = re.sub(r"[\s↪]", "", "".join(texts))
    lines = [
        line
        for page in chapters
        for code in page.article.select(".cell_input pre, .cell_output pre")
        if not code.find_parent("details")
        for line in code.get_text().splitlines()
    ]
    long = [line for line in lines if len(line) > 90]
    assert len(long) > 20
    assert [line for line in long if re.sub(r"\s", "", line) not in book] == []


# --- the zip --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory) -> Path:
    assert ZIP.exists(), "run `make paper` first"
    folder = tmp_path_factory.mktemp("zip")
    with ZipFile(ZIP) as archive:
        archive.extractall(folder)
    (top,) = folder.iterdir()
    assert top.name == ZIP.stem
    return top


@pytest.mark.slow
def test_no_file_of_the_site_is_missing(unpacked):
    def files(folder: Path) -> dict[str, int]:
        paths = (path for path in folder.rglob("*") if path.is_file())
        return {path.relative_to(folder).as_posix(): path.stat().st_size for path in paths}

    wanted = {name: size for name, size in files(SITE).items() if not name.startswith(".")}
    assert len(wanted) > 500 and files(unpacked) == wanted


@pytest.mark.slow
def test_the_site_can_be_read_from_a_folder(unpacked):
    with launch() as browser, visit(browser, unpacked.as_uri() + "/") as visited:
        visited.page.goto(f"{visited.base}index.html")
        visited.page.wait_for_url("**/book/intro.html")
        visited.go("notebooks/01_summarise.html")
        figure = visited.page.locator(".movable").first
        before = figure.locator("img:visible").get_attribute("src")
        figure.get_by_role("slider").press("Home")
        figure.locator(f'img:visible:not([src="{before}"])').wait_for()
        visited.go("search.html?q=recurrence")
        visited.page.locator("#search-results li a").first.wait_for()
        assert visited.problems == []


def test_the_published_pages_offer_both(tmp_path):
    site = tmp_path / "site"
    (site / "book").mkdir(parents=True)
    for name in ("index.html", "book/a.html"):
        (site / name).write_text(f"<p>{bundle.MARK}</p>")
    made = [tmp_path / "b.pdf", tmp_path / "b.zip"]
    for path in made:
        path.write_bytes(bytes(2_100_000))
    bundle.offer(site, made)
    for name in ("index.html", "book/a.html"):
        page = BeautifulSoup((site / name).read_text(), "html.parser")
        assert "The book as a PDF (2 MB)" in page.get_text()
        for link in page.select("a"):
            assert ((site / name).parent / link["href"]).resolve().stat().st_size == 2_100_000


def test_one_site_makes_one_zip(tmp_path):
    site, target = tmp_path / "site", tmp_path / "course.zip"
    site.mkdir()
    made = []
    for hour in (1, 2):
        for name in ("index.html", ".hidden"):
            (site / name).write_text(name)
            os.utime(site / name, (3600 * hour, 3600 * hour))
        bundle.write_zip(site, target)
        made.append(target.read_bytes())
    assert made[0] == made[1]
    with ZipFile(target) as archive:
        assert archive.namelist() == ["course/index.html"]

"""How a page is found: by its description, its preview, the sitemap, and the site's own search."""

from __future__ import annotations

import re
import sys
from types import SimpleNamespace
from urllib.parse import parse_qs, urlsplit
from xml.etree import ElementTree

import pytest
from bs4 import BeautifulSoup
from docutils import nodes
from PIL import Image
from playwright.sync_api import expect
from site_browser import ROOT, SITE, serve, visit

from rnn_course.address import REPOSITORY, VERSION
from rnn_course.address import SITE as PUBLISHED

sys.path.insert(0, str(ROOT / "book" / "_ext"))
import found  # noqa: E402

# --- parts ----------------------------------------------------------------------------------------


def document(*paragraphs: list[nodes.Node]) -> nodes.document:
    page = nodes.document(None, None)
    page += nodes.section("", nodes.title("", "A title"))
    for paragraph in paragraphs:
        page[0] += nodes.paragraph("", "", *paragraph)
    return page


def test_the_description_is_whole_sentences_without_formulas_and_citations():
    long = "word " * 50
    page = document(
        [
            nodes.Text("What is it? One thing [Somebody et al., 2018]. "),
            nodes.Text(f"Then {long}."),
        ],
        [nodes.Text("Later.")],
    )
    assert found.describe(page) == "What is it? One thing."
    page = document(
        [nodes.Text("With "), nodes.math("", "x")], [nodes.Text("A sentence.")], [nodes.Text("B.")]
    )
    assert found.describe(page) == "A sentence. B."
    cut = found.describe(document([nodes.Text(f"{long}.")]))
    assert cut.endswith("word …") and len(cut) <= found.LONGEST


@pytest.mark.parametrize("size", [(300, 900), (3000, 300), (1200, 630)])
def test_a_card_shows_the_whole_picture(tmp_path, size):
    Image.new("RGB", size, "black").save(tmp_path / "a.png")
    card = found.framed(tmp_path / "a.png").convert("L")
    assert card.size == found.CARD
    left, top, right, bottom = card.point(lambda grey: 255 * (grey < 128)).getbbox()
    assert min(left, top, card.width - right, card.height - bottom) >= found.MARGIN
    assert (right - left) / (bottom - top) == pytest.approx(size[0] / size[1], rel=0.02)


def test_a_drawing_becomes_a_card_as_well(tmp_path):
    (tmp_path / "a.svg").write_text(
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9">'
        '<rect width="9" height="9"/></svg>'
    )
    card = found.framed(tmp_path / "a.svg").convert("L")
    assert card.getpixel((600, 315)) == 0 and card.getpixel((5, 5)) == 255


def test_a_description_of_ones_own_is_kept(monkeypatch):
    monkeypatch.setattr(found, "card", lambda *_: ("a.png", "A & B"))
    app = SimpleNamespace(
        config=SimpleNamespace(html_title="Book", html_baseurl="https://example.org/x/")
    )
    context = {"title": "T", "body": "", "metatags": '<meta name="description" content="mine">'}
    found.add_tags(app, "a/b", "", context, None)
    soup = BeautifulSoup(context["metatags"], "html.parser")
    assert [tag["content"] for tag in soup.select("[name=description]")] == ["mine"]
    assert soup.select_one("[property='og:url']")["content"] == "https://example.org/x/a/b.html"
    assert soup.select_one("[property='og:image:alt']")["content"] == "A & B"


# --- the built site -------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def pages() -> dict[str, BeautifulSoup]:
    paths = [path for path in SITE.rglob("*.html") if "_static" not in path.parts]
    read = {
        path.relative_to(SITE).as_posix(): BeautifulSoup(path.read_bytes(), "html.parser")
        for path in paths
        if path.name != "index.html" or path.parent != SITE  # which only leads on
    }
    assert len(read) > 30, "run `make book` first"
    return read


def content(page: BeautifulSoup, name: str) -> str:
    (tag,) = page.select(f'meta[property="{name}"], meta[name="{name}"]')
    return tag["content"]


@pytest.mark.slow
def test_every_page_says_what_it_is(pages):
    for name, page in pages.items():
        said = content(page, "description")
        assert 10 < len(said) <= found.LONGEST and said == content(page, "og:description"), name
        assert not re.search(r"\\|\$|&amp;|<", said), f"{name}: {said}"
        assert content(page, "og:title") and content(page, "og:site_name")
        assert content(page, "og:url") == f"{PUBLISHED}{name}"
        assert page.select_one("link[rel=canonical]")["href"] == f"{PUBLISHED}{name}"
        picture = SITE / content(page, "og:image").removeprefix(PUBLISHED)
        with Image.open(picture) as image:
            assert image.size == found.CARD, name
    said = [content(page, "description") for name, page in pages.items() if "notebooks/" in name]
    assert len(set(said)) == len(said) >= 11


@pytest.mark.slow
def test_a_chapter_is_shown_by_its_first_figure(pages):
    for name, page in pages.items():
        if name.startswith("notebooks/"):
            assert content(page, "og:image").endswith(f"/{name.replace('/', '-')[:-5]}.png")
            assert content(page, "og:image:alt") == page.select_one("article img")["alt"]


@pytest.mark.slow
def test_the_sitemap_lists_every_page(pages):
    tree = ElementTree.parse(SITE / "sitemap.xml")
    listed = [each.text for each in tree.iter("{http://www.sitemaps.org/schemas/sitemap/0.9}loc")]
    made = {"search.html", "genindex.html", "py-modindex.html"}
    assert sorted(listed) == sorted(f"{PUBLISHED}{name}" for name in pages.keys() - made)


@pytest.mark.slow
def test_edit_and_report_know_page_and_version(pages):
    for name, page in pages.items():
        assert f"Version {VERSION}." in page.select_one(".extra_footer").get_text(), name
        if "homework/hw" in name or name in ("search.html", "genindex.html", "py-modindex.html"):
            continue
        (report,) = page.select("a.btn-source-issues-button")
        query = parse_qs(urlsplit(report["href"]).query)
        assert report["href"].startswith(f"{REPOSITORY}/issues/new?")
        assert query["title"] == [f"{content(page, 'og:title')}: "]
        assert (
            f"{PUBLISHED}{name}" in query["body"][0] and f"Version: {VERSION}" in query["body"][0]
        )
        (edit,) = page.select("a.btn-source-edit-button")
        source = edit["href"].removeprefix(f"{REPOSITORY}/edit/main/")
        assert (ROOT / source).is_file(), edit["href"]


# --- the search -----------------------------------------------------------------------------------

SETTLED = "document.querySelector('.search-summary')?.textContent.includes('finished')"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("query", "first"),
    [
        ("attention", "13 · Attention"),
        ("LSTM", "9 · Long gaps"),
        ("padding", "1 · Summarise a sequence"),
        ("beam", "7 · Encoder and decoder"),
        ("clipping", "11 · Remedies"),
        ("vanishing gradient", "9 · Long gaps"),
    ],
)
def test_a_word_leads_to_a_chapter_with_a_sentence_that_has_it(browser, query, first):
    with serve(SITE) as base, visit(browser, base) as visited:
        visited.go(f"search.html?q={query}")
        visited.page.wait_for_function(SETTLED)
        found_first = visited.page.locator("#search-results li").first
        expect(found_first.locator("a")).to_have_text(first)
        assert found_first.locator("a").get_attribute("href").startswith("notebooks/")
        summary = found_first.locator("p.context")
        expect(summary).to_be_visible()
        said = summary.inner_text()
        stem = query.lower().split()[0][:6]
        assert stem in said.lower() and said[-1] in ".?!:" and not said.startswith("...")
        path = SITE / found_first.locator("a").get_attribute("href")
        source = BeautifulSoup(path.read_bytes(), "html.parser")
        for tag in source.select(".katex-mathml"):
            tag.decompose()
        text = " ".join(source.select_one("article").get_text().split())
        assert said in text.replace(r"\(", "").replace(r"\)", ""), "as it stands on the page"
        assert visited.problems == []


@pytest.mark.slow
def test_a_name_of_the_package_is_still_found(browser):
    with serve(SITE) as base, visit(browser, base) as visited:
        visited.go("search.html?q=read_out")
        visited.page.wait_for_function(SETTLED)
        results = visited.page.locator("#search-results li a")
        assert any("book/api/" in each.get_attribute("href") for each in results.all())

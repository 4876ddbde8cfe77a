"""The readers' notebooks: plain Markdown, and the numbers of the pages."""

from __future__ import annotations

import re
from pathlib import Path

import nbformat
import pytest
from bs4 import BeautifulSoup
from markdown_it import MarkdownIt

from rnn_course import address
from rnn_course.ledger import ID, VERDICT
from rnn_course.notebooks import chapters

ROOT = Path(__file__).resolve().parents[2]
SITE = ROOT / "_build" / "html" / "notebooks"
RELEASES = sorted((ROOT / "notebooks" / "homework" / "release").glob("*.ipynb"))
CHAPTERS = [path.stem for path in chapters(ROOT / "notebooks")]
MYST = re.compile(
    r"\{[a-z][\w:.+-]*\}`"  # a role
    r"|^\s*(?:`{3,}|~{3,}|:{3,})\s*\{"  # a directive
    r"|^\s*:::"
    r"|^\([\w-]+\)=\s*$"  # a label
    r"|\{\{.*?\}\}|^\+\+\+|^%\s",  # a substitution, a break, a comment
    re.MULTILINE,
)
NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
FORMULA = re.compile(r"\$\$.+?\$\$|(?<!\\)\$.+?(?<!\\)\$", re.DOTALL)
MARKDOWN = MarkdownIt("commonmark").enable("table")

pytestmark = pytest.mark.slow


def reader(name: str) -> nbformat.NotebookNode:
    return nbformat.read(SITE / f"{name}.ipynb", 4)


def prose(notebook: nbformat.NotebookNode) -> str:
    """The text of a reader's notebook as it is shown, without formulas."""
    sources = (
        FORMULA.sub(" ", cell.source)
        for cell in notebook.cells
        if cell.cell_type == "markdown" and cell.id != "about"
    )
    return "\n".join(BeautifulSoup(MARKDOWN.render(s), "html.parser").get_text() for s in sources)


def on_page(html: str) -> str:
    """The text of a page without its formulas, its code and what the code printed."""
    article = BeautifulSoup(html, "html.parser").select_one("article")
    for cell in article.select("div.cell"):
        captions = [caption.extract() for caption in cell.select("figcaption")]
        cell.replace_with(*captions)
    for node in article.select(".math, .headerlink, script, .prev-next-area, .present-link"):
        node.decompose()
    return article.get_text(" ")


@pytest.mark.parametrize("name", CHAPTERS)
def test_nothing_is_left_that_only_the_build_understands(name):
    left = [
        (cell.id, found[0])
        for cell in reader(name).cells
        if cell.cell_type == "markdown" and (found := MYST.search(cell.source))
    ]
    assert left == []


@pytest.mark.parametrize("path", RELEASES, ids=lambda path: path.stem)
def test_homework_needs_no_build_either(path):
    cells = nbformat.read(path, 4).cells
    assert not [c.source for c in cells if c.cell_type == "markdown" and MYST.search(c.source)]
    assert any(c.source == address.INSTALL for c in cells)


@pytest.mark.parametrize("name", CHAPTERS)
def test_the_numbers_of_the_text_are_those_of_the_page(name):
    shown = NUMBER.findall(on_page((SITE / f"{name}.html").read_text(encoding="utf-8")))
    assert len(shown) > 20
    assert NUMBER.findall(prose(reader(name))) == shown


@pytest.mark.parametrize("name", CHAPTERS)
def test_the_code_is_the_chapters_and_folded_where_the_page_folds_it(name):
    source = nbformat.read(ROOT / "notebooks" / f"{name}.ipynb", 4)
    made = reader(name)
    assert [c.source for c in made.cells if c.cell_type == "code" and c.id != "install"] == [
        c.source for c in source.cells if c.cell_type == "code"
    ]
    for cell in made.cells:
        if cell.cell_type == "code":
            tags = set(cell.metadata.tags)
            hidden = cell.metadata.get("jupyter", {}).get("source_hidden", False)
            assert hidden == bool(tags & {"hide-input", "hide-cell", "remove-input", "remove-cell"})
    assert all(c.execution_count for c in made.cells if c.get("outputs"))  # else nbval complains
    assert "papermill" not in nbformat.writes(made)  # numbers for the prose, which is resolved
    outputs = [o for c in made.cells if c.cell_type == "code" for o in c.outputs]
    printed = "".join("".join(o.text) for o in outputs if o.output_type == "stream")
    page = (SITE / f"{name}.html").read_text(encoding="utf-8")
    assert [id for id, _ in VERDICT.findall(printed)] == re.findall(rf'id="verdict-({ID})"', page)


@pytest.mark.parametrize("name", CHAPTERS)
def test_it_installs_first_and_leads_to_its_page(name):
    code = [cell for cell in reader(name).cells if cell.cell_type == "code"]
    assert code[0].source == address.INSTALL
    links = re.findall(r"\]\(([^)\s]+)\)", "\n".join(
        c.source for c in reader(name).cells if c.cell_type == "markdown"))  # fmt: skip
    assert f"{address.SITE}notebooks/{name}.html" in links
    assert all(link.startswith(("https://", "http://")) for link in links)
    for link in links:
        if link.startswith(address.SITE):
            page, _, anchor = link.removeprefix(address.SITE).partition("#")
            html = (SITE.parent / page).read_text(encoding="utf-8")
            assert not anchor or f'id="{anchor}"' in html, link


@pytest.mark.parametrize("name", CHAPTERS)
def test_the_buttons_of_a_page_lead_to_it(name):
    html = BeautifulSoup((SITE / f"{name}.html").read_text(encoding="utf-8"), "html.parser")
    hrefs = {a["href"] for a in html.select(".article-header-buttons a[href]")}
    owner = address.REPOSITORY.removeprefix("https://github.com/")
    path = f"{owner}/blob/{address.BRANCH}/notebooks/{name}.ipynb"
    assert f"https://colab.research.google.com/github/{path}" in hrefs
    opens = f"urlpath=lab/tree/notebooks/{name}.ipynb"
    assert f"https://mybinder.org/v2/gh/{owner}/{address.BRANCH}?{opens}" in hrefs
    assert f"{name}.ipynb" in hrefs and not [h for h in hrefs if "_sources" in h]


@pytest.mark.parametrize(
    "text", ["{glue:text}`a`", "{term}`b <c>`", "```{note}\nx\n```", "(label)=\n# T", ":::\nx\n:::"]
)
def test_what_only_the_build_understands_is_found(text):
    assert MYST.search(f"Some text.\n\n{text}\n")


def test_plain_markdown_is_not():
    assert not MYST.search("$P(y \\mid x)$ and `x{1}`, {y}, (see) = 3\n\n```python\nx = {1}\n```\n")

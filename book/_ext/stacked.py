"""Tables of the class `stacked`: on a phone each row is a block, and each cell says its column."""

from __future__ import annotations

import re
from typing import Any

from bs4 import BeautifulSoup
from docutils import nodes
from sphinx.application import Sphinx

TABLE = re.compile(r'<table class="[^"]*\bstacked\b[^"]*">.*?</table>', re.DOTALL)
NOTHING = "–"


def named(table: str) -> str:
    """A table whose cells name their columns; its roles stay when its rows become blocks."""
    soup = BeautifulSoup(table, "html.parser")
    columns = [head.get_text(strip=True) for head in soup.select("thead th")]
    for tag, role in (("table", "table"), ("tr", "row"), ("th", "columnheader"), ("td", "cell")):
        for found in soup.find_all(tag):
            found["role"] = role
    for row in soup.select("tbody tr"):
        for column, cell in zip(columns, row.find_all("td"), strict=True):
            cell["data-column"] = column
            if cell.get_text(strip=True) == NOTHING:
                cell["class"] = [*cell.get("class", []), "nothing"]
    return str(soup)


def stack(
    app: Sphinx, pagename: str, template: str, context: dict[str, Any], doctree: nodes.document
) -> None:
    """Name the cells of a page's stacked tables."""
    if context.get("body"):
        context["body"] = TABLE.sub(lambda found: named(found[0]), context["body"])


def setup(app: Sphinx) -> dict[str, bool]:
    """Connect the above to Sphinx."""
    app.connect("html-page-context", stack)
    return {"parallel_read_safe": True, "parallel_write_safe": True}

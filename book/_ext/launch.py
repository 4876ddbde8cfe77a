"""Where a page's notebook opens: the buttons above a chapter, and the roles {binder} and {colab}.

All of them lead to the reader's notebooks, which `reader` writes beside the pages and the workflow
`publish` puts on a branch of their own.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote, urlsplit

from docutils import nodes
from docutils.parsers.rst.states import Inliner
from sphinx.application import Sphinx

from rnn_course.address import BRANCH, REPOSITORY

PRESENT = (
    '<a class="present-link" href="?present">Present this chapter as slides</a>'
    "<noscript><style>.present-link { display: none; }</style></noscript>"
)


def address(where: str, path: str) -> str:
    """Where a notebook of the readers' branch opens on Binder or Colab."""
    name = urlsplit(REPOSITORY).path.strip("/")
    if where == "Binder":
        return f"https://mybinder.org/v2/gh/{name}/{BRANCH}?urlpath=lab/tree/{quote(path)}"
    return f"https://colab.research.google.com/github/{name}/blob/{BRANCH}/{quote(path)}"


def role(where: str) -> Any:
    """The role for one of the two: its text is a path on the readers' branch."""

    def link(
        name: str, raw: str, path: str, line: int, inliner: Inliner, *_: Any, **__: Any
    ) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        return [nodes.reference(raw, f"Open in {where}", refuri=address(where, path))], []

    return link


def lead_to_readers(
    app: Sphinx, pagename: str, template: str, context: dict[str, Any], doctree: nodes.document
) -> None:
    """Let a chapter's buttons lead to the reader's notebook, a line under its title to slides."""
    if doctree is None or not app.env.doc2path(pagename).endswith(".ipynb"):
        return
    # Written here, not by a script: nothing moves while the page loads.
    context["body"] = context["body"].replace("</h1>", f"</h1>\n{PRESENT}", 1)
    for group in context["header_buttons"]:
        for button in group.get("buttons", []):
            if group["label"] == "launch-buttons":
                button["url"] = address(button["text"], f"{pagename}.ipynb")
            elif button.get("label") == "download-source-button":
                button["url"] = f"{pagename.rpartition('/')[2]}.ipynb"
                button["tooltip"] = "Download the notebook"


def setup(app: Sphinx) -> dict[str, bool]:
    """Called by Sphinx."""
    app.add_role("binder", role("Binder"))
    app.add_role("colab", role("Colab"))
    app.connect("html-page-context", lead_to_readers, priority=502)  # after the theme
    return {"parallel_read_safe": True, "parallel_write_safe": True}

"""Roles that open a notebook of the repository elsewhere: {binder}`path` and {colab}`path`."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote, urlsplit

from docutils import nodes
from docutils.parsers.rst.states import Inliner
from sphinx.application import Sphinx


def address(where: str, repository: str, branch: str, path: str) -> str:
    """Where a notebook of a GitHub repository opens on Binder or Colab."""
    name = urlsplit(repository).path.strip("/")
    if where == "Binder":
        return f"https://mybinder.org/v2/gh/{name}/{branch}?urlpath=lab/tree/{quote(path)}"
    return f"https://colab.research.google.com/github/{name}/blob/{branch}/{quote(path)}"


def role(where: str) -> Any:
    """The role for one of the two: its text is a path in the repository."""

    def link(
        name: str, raw: str, path: str, line: int, inliner: Inliner, *_: Any, **__: Any
    ) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        options = inliner.document.settings.env.config.html_theme_options
        target = address(
            where, options["repository_url"], options.get("repository_branch", "main"), path
        )
        return [nodes.reference(raw, f"Open in {where}", refuri=target)], []

    return link


def setup(app: Sphinx) -> dict[str, bool]:
    """Called by Sphinx."""
    app.add_role("binder", role("Binder"))
    app.add_role("colab", role("Colab"))
    return {"parallel_read_safe": True, "parallel_write_safe": True}

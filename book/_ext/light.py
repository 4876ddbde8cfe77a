"""Light pages: pictures and sounds are files, fetched when they come near."""

from __future__ import annotations

import base64
import os
import re
from hashlib import sha256
from pathlib import Path
from typing import Any

import figures
from docutils import nodes
from PIL import Image
from sphinx.application import Sphinx

FOLDER = "_images/data"  # beside what Sphinx copies
EMBEDDED = re.compile(
    r'(<(?:img|source)\b[^>]*?src=")data:(image|audio)/(\w+)(?:\+xml)?;base64,([^"]+)"'
)
PICTURE = re.compile(r"<img\b[^>]*>")
SOUND = re.compile(r"<audio\b(?![^>]*preload)")
ATTRIBUTE = re.compile(r'(\w[\w-]*)="([^"]*)"')


def lighten(
    app: Sphinx, pagename: str, template: str, context: dict[str, Any], doctree: nodes.document
) -> None:
    """Take data out of a page's body, and give its pictures their size."""
    if context.get("body"):
        up = "../" * pagename.count("/")
        body = EMBEDDED.sub(lambda found: _as_file(app, up, found), context["body"])
        body = SOUND.sub('<audio preload="none"', body)
        count = 0

        def sized(found: re.Match[str]) -> str:
            nonlocal count
            count += 1
            return _sized(app, pagename, found[0], lazy=count > 1)

        context["body"] = PICTURE.sub(sized, body)


def _as_file(app: Sphinx, up: str, found: re.Match[str]) -> str:
    tag, _, kind, text = found.groups()
    data = base64.b64decode(text)
    path = Path(app.outdir) / FOLDER / f"{sha256(data).hexdigest()[:16]}.{kind}"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return f'{tag}{up}{FOLDER}/{path.name}"'


def _sized(app: Sphinx, pagename: str, tag: str, lazy: bool) -> str:
    """A picture with its width and height, so that nothing moves when it comes."""
    given = dict(ATTRIBUTE.findall(tag))
    source = given.get("src", "")
    added = ""
    if lazy and "loading" not in given:
        added += ' loading="lazy"'
    original = file_of(app, pagename, source)
    if "width" not in given and "style" not in given and original.suffix == ".png":
        with Image.open(original) as picture:
            added += f' width="{picture.width}" height="{picture.height}"'
    drawn = figures.measure(original.read_bytes()) if original.suffix == ".svg" else None
    if drawn and "width" not in given:
        added += f' width="{drawn.width}" height="{drawn.height}"'
    tag = tag.replace("<img", f"<img{added}", 1)
    return drawn.legible(tag) if drawn else tag


def file_of(app: Sphinx, pagename: str, source: str) -> Path:
    """The file of a page's picture, or what Sphinx will copy there: pages are written before."""
    path = Path(app.outdir, os.path.normpath(f"{pagename}/../{source}"))
    for name, (_, target) in app.env.images.items():
        if target == path.name:
            return Path(app.srcdir) / name
    return path


def setup(app: Sphinx) -> dict[str, bool]:
    """Connect the above to Sphinx."""
    app.connect("html-page-context", lighten, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}

"""How a page is found and shown elsewhere: description, preview, sitemap; and how to reach us."""

from __future__ import annotations

import io
import re
from html import escape, unescape
from pathlib import Path
from textwrap import shorten
from typing import Any
from urllib.parse import urlencode, urljoin

import resvg_py
from docutils import nodes
from light import file_of
from PIL import Image, ImageOps
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.search import IndexBuilder, WordStore
from sphinx_exercise.nodes import is_extension_node

from rnn_course.address import REPOSITORY, VERSION

CARDS = "_images/card"
CARD = (1200, 630)  # pixels, as social networks show previews
MARGIN = 40
LONGEST = 200  # letters: what a search engine shows of a description
ENOUGH = 110
CITATION = re.compile(r"\s*\[[^\]]*\d{4}\w?\]")
DESCRIPTION = re.compile(r'<meta\b(?=[^>]*\bname="description")[^>]*\bcontent="([^"]*)"')
SENTENCE = re.compile(r"(?<=[.?!])\s+(?=[A-Z])")
PICTURE = re.compile(r'<img\b[^>]*?\balt="([^"]*)"[^>]*>')
POINTS = re.compile(r'="([\d.]+)pt"')  # a unit that resvg refuses
SOURCE = re.compile(r'\bsrc="([^"]+)"')


def describe(doctree: nodes.document) -> str:
    """The first sentences of a page, whole where they fit, without formulas and citations."""
    said = ""
    for paragraph in doctree.findall(nodes.paragraph):
        if not isinstance(paragraph.parent, nodes.section) or next(
            paragraph.findall(nodes.math), 0
        ):
            continue
        text = " ".join(CITATION.sub("", paragraph.astext()).split())
        for sentence in SENTENCE.split(text):
            if said and len(said) + len(sentence) >= LONGEST:
                return said
            said = shorten(f"{said} {sentence}".strip(), LONGEST, placeholder=" …")
        if len(said) >= ENOUGH:
            break
    return said


def card(app: Sphinx, pagename: str, body: str) -> tuple[str, str]:
    """Make the preview of a page from its first figure; return where it is, and what it shows."""
    name, shown, alt = "book", Path(app.confdir) / app.config.html_logo, app.config.html_title
    if found := PICTURE.search(body):
        source = SOURCE.search(found[0])[1]
        name, shown, alt = pagename.replace("/", "-"), file_of(app, pagename, source), found[1]
    target = Path(app.outdir) / CARDS / f"{name}.png"
    target.parent.mkdir(parents=True, exist_ok=True)
    framed(shown).save(target)
    return f"{CARDS}/{name}.png", alt


def framed(path: Path) -> Image.Image:
    """A picture in the middle of a white card."""
    if path.suffix == ".svg":
        drawing = POINTS.sub(r'="\1"', path.read_text(encoding="utf-8"))
        data = bytes(resvg_py.svg_to_bytes(svg_string=drawing, width=CARD[0]))
    else:
        data = path.read_bytes()
    picture = Image.open(io.BytesIO(data)).convert("RGBA")
    room = (CARD[0] - 2 * MARGIN, CARD[1] - 2 * MARGIN)
    picture = ImageOps.contain(picture, room, Image.Resampling.LANCZOS)
    made = Image.new("RGBA", CARD, "white")
    made.alpha_composite(picture, ((CARD[0] - picture.width) // 2, (CARD[1] - picture.height) // 2))
    return made.convert("RGB").quantize(256)


def add_tags(
    app: Sphinx, pagename: str, template: str, context: dict[str, Any], doctree: nodes.document
) -> None:
    """Say in a page's head what search engines and previews show of it."""
    title = re.sub(r"<[^>]*>", "", context.get("title") or pagename.capitalize())
    own = DESCRIPTION.search(context.get("metatags", ""))
    said = unescape(own[1]) if own else doctree is not None and describe(doctree)
    said = said or f"{title}: {app.config.html_title}"
    picture, alt = card(app, pagename, context.get("body") or "")
    tags = {
        "og:site_name": app.config.html_title,
        "og:type": "article",
        "og:title": title,
        "og:description": said,
        "og:url": urljoin(app.config.html_baseurl, f"{pagename}.html"),
        "og:image": urljoin(app.config.html_baseurl, picture),
        "og:image:alt": alt,
        "og:image:width": str(CARD[0]),
        "og:image:height": str(CARD[1]),
    }
    named = {"twitter:card": "summary_large_image"}
    if not own:
        named["description"] = said
    lines = [f'<meta property="{k}" content="{attribute(v)}">' for k, v in tags.items()]
    lines += [f'<meta name="{k}" content="{attribute(v)}">' for k, v in named.items()]
    context["metatags"] = "\n".join([context.get("metatags", ""), *lines])


def attribute(text: str) -> str:
    """A text as the value of an attribute, escaped once."""
    return escape(re.sub(r"&amp;", "&", text))


def fill_in_report(
    app: Sphinx, pagename: str, template: str, context: dict[str, Any], doctree: nodes.document
) -> None:
    """Let the button "open issue" name the page and the version."""
    title = re.sub(r"<[^>]*>", "", context.get("title") or pagename)
    page = urljoin(app.config.html_baseurl, f"{pagename}.html")
    body = f"Page: {page}\nVersion: {VERSION}\n\nWhat is wrong, or unclear?\n"
    for group in context.get("header_buttons", []):
        for button in group.get("buttons", []):
            if button.get("label") == "source-issues-button":
                query = urlencode({"title": f"{title}: ", "body": body})
                button["url"] = f"{REPOSITORY}/issues/new?{query}"
                button["text"] = "Report a mistake"
            elif button.get("label") == "source-edit-button":
                button["icon"] = (
                    "fas fa-pencil"  # pencil-alt is another name of it, and is not kept
                )


def name_version(app: Sphinx, config: Config) -> None:
    """Put the version into the foot of each page."""
    foot = config.html_theme_options.get("extra_footer", "")
    config.html_theme_options["extra_footer"] = f"{foot} Version {VERSION}."


def words_of(
    index: IndexBuilder, doctree: nodes.document, collect: Any = IndexBuilder._word_collector
) -> WordStore:
    """The words of a page for the search: those of an exercise's title are text, no heading."""
    found = collect(index, doctree)
    headings = (t for t in doctree.findall(nodes.title) if not is_extension_node(t.parent))
    found.title_words = [word for t in headings for word in index.lang.split(t.astext())]
    return found


def write_sitemap(app: Sphinx, exception: Exception | None) -> None:
    """List all pages for search engines."""
    if exception or app.builder.name != "html":
        return
    pages = [
        urljoin(app.config.html_baseurl, f"{name}.html") for name in sorted(app.env.found_docs)
    ]
    (Path(app.outdir) / "sitemap.xml").write_text(
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">\n'
        + "".join(f"<url><loc>{escape(page)}</loc></url>\n" for page in pages)
        + "</urlset>\n",
        encoding="utf-8",
    )


def setup(app: Sphinx) -> dict[str, bool]:
    """Called by Sphinx."""
    app.connect("config-inited", name_version)
    app.connect("html-page-context", fill_in_report, priority=502)  # after the theme
    app.connect("html-page-context", add_tags, priority=950)  # after `light` has made files
    app.connect("build-finished", write_sitemap)
    IndexBuilder._word_collector = words_of
    return {"parallel_read_safe": True, "parallel_write_safe": True}

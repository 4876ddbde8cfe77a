"""One look for every figure: drawn as SVG, on the page's own background, light or dark.

Matplotlib draws dark ink on white. Its few colours become variables in the file, whose values
follow the `color-scheme` of the picture that shows it. What a map or a photograph shows keeps its
colours, and so does what is written on it, in colours that are not in the table.
"""

from __future__ import annotations

import math
import os
import re
import shutil
from pathlib import Path
from typing import NamedTuple

from sphinx.application import Sphinx
from sphinx.config import Config

from rnn_course.address import SITE
from rnn_course.figures import style

#: for each colour of a drawing, what it is on a dark page
DARK = {
    "#ffffff": "#121212",  # the page's own background
    "#000000": "#ced6dd",
    style.INK: "#ced6dd",
    style.PALE: "#9aa4af",
    style.FAINT: "#4a525c",
    "#d9d9d9": "#3a424c",
    style.BLUE.colour: "#4aa3df",
    style.VERMILION.colour: "#f07a2b",
    style.GREEN.colour: "#1fb58a",
    style.INDIGO.colour: "#9a8cf0",
    style.WINE.colour: "#d6719f",
    style.OLIVE.colour: "#b5b54a",
    style.BROWN.colour: "#c08a7e",
}
LIGHT = {colour.lower(): colour.lower() for colour in DARK}
COLOUR = re.compile(r"#[0-9a-fA-F]{6}\b")
DRAWN = "Matplotlib v"
SIZE = re.compile(rb'<svg [^>]*?\bviewBox="0 0 ([\d.]+) ([\d.]+)"')  # in points
#: a piece of text, whose glyphs have 100 units to the em
TYPE = re.compile(rb'transform="translate\([^)]*\)(?: rotate\([^)]*\))? scale\(([\d.]+) -[\d.]+\)"')
PIXELS = 4 / 3  # of CSS, to a point
LEAST = 9  # pixels: the smallest type on a phone, exponents and indices excepted
PHONE = 386  # pixels: what a phone has for a figure, which reaches from edge to edge
RIGHTS = f"CC BY 4.0. Recurrent neural networks, slide by slide, {SITE}"


class Drawing(NamedTuple):
    """The size of a drawing in pixels, and how wide it has to stay for its type to be legible."""

    width: int
    height: int
    least: int

    def legible(self, tag: str) -> str:
        """The tag of its picture, which scrolls sideways where it would be narrower than that."""
        if self.least <= PHONE:
            return tag
        least = f"min-width: {self.least}px"
        if 'style="' in tag:
            tag = tag.replace('style="', f'style="{least}; ', 1)
        else:
            tag = tag.replace("<img", f'<img style="{least}"', 1)
        return f'<span class="wide">{tag}</span>'


def measure(data: bytes) -> Drawing | None:
    """The size of what Matplotlib has drawn as SVG."""
    if not (found := SIZE.search(data)):
        return None
    width, height = (float(points) * PIXELS for points in found.groups())
    smallest = min(map(float, TYPE.findall(data)), default=0) * 100 * PIXELS
    least = width * LEAST / smallest if smallest else 0
    return Drawing(round(width), round(height), min(round(width), math.ceil(least)))


def follow_the_theme(text: str) -> str:
    """A drawing whose colours are those of a light page, or on a dark one those of a dark one."""
    if DRAWN not in text or "--c" in text:
        return text
    numbers = {colour: f"--c{n}" for n, colour in enumerate(LIGHT)}

    def variable(found: re.Match[str]) -> str:
        name = numbers.get(found[0].lower())
        return f"var({name})" if name else found[0]

    head, tag, body = text.partition("<defs>")
    body = COLOUR.sub(variable, body)
    light = ";".join(f"{numbers[c]}:{c}" for c in LIGHT)
    dark = ";".join(f"{numbers[c.lower()]}:{d}" for c, d in DARK.items())
    rules = f"<style>svg{{{light}}}@media (prefers-color-scheme:dark){{svg{{{dark}}}}}</style>"
    return f"{head}<desc>{RIGHTS}</desc>{rules}{tag}{body}"


def recolour(app: Sphinx, exception: Exception | None) -> None:
    """Let every drawing of the site follow the theme."""
    if exception or app.builder.name != "html":
        return
    for path in (Path(app.outdir) / "_images").rglob("*.svg"):
        text = path.read_text(encoding="utf-8")
        if (new := follow_the_theme(text)) != text:
            path.write_text(new, encoding="utf-8")


def draw_sharply(app: Sphinx, config: Config) -> None:
    """Let the kernels that run the chapters draw as `kernel_config` says."""
    draw_sharply_in(
        Path(os.environ.setdefault("IPYTHONDIR", str(Path(app.outdir).parent / "ipython")))
    )


def draw_sharply_in(folder: Path) -> None:
    """Let kernels whose IPYTHONDIR is this folder draw as `kernel_config` says."""
    profile = folder / "profile_default"
    profile.mkdir(parents=True, exist_ok=True)
    shutil.copy(Path(__file__).with_name("kernel_config.py"), profile / "ipython_kernel_config.py")


def setup(app: Sphinx) -> dict[str, bool]:
    """Called by Sphinx."""
    app.connect("config-inited", draw_sharply)
    app.connect("build-finished", recolour)
    return {"parallel_read_safe": True, "parallel_write_safe": True}

"""Light pages: no data inside them, and pictures with their size."""

from __future__ import annotations

import base64
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from bs4 import BeautifulSoup
from PIL import Image

ROOT = Path(__file__).resolve().parents[2]
SITE = ROOT / "_build" / "html"
sys.path.insert(0, str(ROOT / "book" / "_ext"))
import light  # noqa: E402

PIXEL = base64.b64encode(b"a picture").decode()


@pytest.fixture
def app(tmp_path):
    """A build with one picture that Sphinx will copy."""
    Image.new("RGB", (40, 20)).save(tmp_path / "made.png")
    return SimpleNamespace(
        outdir=tmp_path / "html",
        srcdir=tmp_path,
        builder=SimpleNamespace(name="html"),
        env=SimpleNamespace(images={"made.png": ({"page"}, "abc.png")}),
    )


def lightened(app, body, pagename="notebooks/one"):
    context = {"body": body}
    light.lighten(app, pagename, "page.html", context, None)
    return context["body"]


def test_data_become_files_and_the_rest_stays(app):
    body = lightened(app, f'<p>a</p><img alt="x" src="data:image/png;base64,{PIXEL}" width="5">')
    source = BeautifulSoup(body, "html.parser").img["src"]
    assert source.startswith("../_images/data/") and source.endswith(".png")
    assert (app.outdir / "notebooks" / source).resolve().read_bytes() == b"a picture"
    assert body.startswith("<p>a</p><img")


def test_a_sound_is_fetched_when_it_is_played(app):
    body = lightened(
        app, f'<audio controls><source src="data:audio/wav;base64,{PIXEL}" type="x"></audio>'
    )
    soup = BeautifulSoup(body, "html.parser")
    assert soup.audio["preload"] == "none" and soup.source["src"].endswith(".wav")


def test_pictures_get_their_size_and_all_but_the_first_wait(app):
    picture = '<img src="../_images/abc.png" alt="x">'
    one, two = BeautifulSoup(lightened(app, picture * 2), "html.parser").select("img")
    assert (one["width"], one["height"]) == ("40", "20") and not one.has_attr("loading")
    assert two["loading"] == "lazy" and two["width"] == "40"


def test_what_has_a_size_keeps_it(app):
    body = lightened(app, '<img src="../_images/abc.png" width="7" height="9" loading="eager">')
    image = BeautifulSoup(body, "html.parser").img
    assert (image["width"], image["height"], image["loading"]) == ("7", "9", "eager")


# --- the built site -------------------------------------------------------------------------------


@pytest.mark.slow
def test_no_page_carries_data():
    pages = list(SITE.rglob("*.html"))
    assert pages
    for page in pages:
        assert not light.EMBEDDED.search(page.read_text(encoding="utf-8")), page

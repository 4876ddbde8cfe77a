"""Of the theme's icons, those in use are kept, and no others."""

from __future__ import annotations

import re
import shutil
import sys
from pathlib import Path
from types import SimpleNamespace

import pydata_sphinx_theme
import pytest
from bs4 import BeautifulSoup, SoupStrainer
from fontTools.ttLib import TTFont
from site_browser import ROOT, SITE

sys.path.insert(0, str(ROOT / "book" / "_ext"))
import icons  # noqa: E402


def test_only_the_icons_in_use_are_kept(tmp_path):
    static = tmp_path / "_static"
    fonts = static / "vendor" / "fontawesome" / "webfonts"
    for folder in (static / "scripts", fonts):
        folder.mkdir(parents=True)
    (static / "site.js").write_text("")
    (tmp_path / "index.html").write_text('<i class="fas fa-bars"></i>')
    tables = 'var a={bars:[448,512,["navicon"],"f0c9","M0z"],"cat":[576,512,[],"f6be",["M1","M2"]]}'
    (static / "scripts" / "fontawesome.js").write_text(tables)
    sheet = '.fa-cat:before{content:"\\f6be"}.fa-bars:before,.fa-navicon:before{content:"\\f0c9"}'
    (static / "theme.css").write_text(sheet + ".note:before{content:'\uf0eb'}")
    whole = Path(pydata_sphinx_theme.__file__).parent.joinpath(
        "theme/pydata_sphinx_theme/static/vendor/fontawesome/webfonts/fa-solid-900.woff2"
    )
    shutil.copy(whole, fonts)
    site = SimpleNamespace(outdir=tmp_path, builder=SimpleNamespace(name="html"))
    icons.keep_used(site, None)
    assert (static / "scripts" / "fontawesome.js").read_text() == (
        'var a={bars:[448,512,["navicon"],"f0c9","M0z"],}'
    )
    assert "fa-cat" not in (static / "theme.css").read_text()
    assert "fa-navicon" in (static / "theme.css").read_text()
    assert set(TTFont(fonts / whole.name).getBestCmap()) == {0xF0C9, 0xF0EB}


@pytest.mark.slow
def test_every_icon_that_a_page_names_is_there():
    script = (SITE / "_static" / "scripts" / "fontawesome.js").read_text(encoding="utf-8")
    kept = {found[1] for found in icons.ENTRY.finditer(script)}
    named = {
        name
        for page in SITE.rglob("*.html")
        for icon in BeautifulSoup(
            page.read_text(encoding="utf-8"), "html.parser", parse_only=SoupStrainer("i")
        ).select("i")
        for name in re.findall(r"fa-([a-z0-9-]+)", " ".join(icon.get("class", [])))
    } - {"lg", "solid", "regular", "brands", "fw"}
    assert len(named) > 8 and named <= kept
    assert len(script) < 120_000  # of 1,489,308
    for font in (SITE / "_static").rglob("fa-*.woff2"):
        assert font.stat().st_size < 10_000  # of 156,404

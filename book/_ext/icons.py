"""Cut the theme's two thousand icons down to those in use: its script, style sheet and fonts."""

from __future__ import annotations

import re
from pathlib import Path

from fontTools import subset
from sphinx.application import Sphinx

NAME = re.compile(r"fa-([a-z0-9-]+)")
#: an entry of the script's tables: its name, and its size, other names, code point and path
ENTRY = re.compile(
    r'"?([a-z0-9-]+)"?:\[\d+,\d+,\[[^\]]*\],"[0-9a-f]+",(?:"[^"]*"|\["[^"]*","[^"]*"\])\],?'
)
#: a rule of the style sheet: the names of an icon, and its code point
RULE = re.compile(r'((?:\.fa-[\w-]+::?before,?)+)\{content:"\\([0-9a-f]{4})"\}')
#: how a style sheet writes a code point of the fonts, all of which are for private use
ESCAPED, PRIVATE = re.compile(r"\\([ef][0-9a-f]{3})"), re.compile("[\ue000-\uf8ff]")


def keep_used(app: Sphinx, exception: Exception | None) -> None:
    """Leave the icons that a page or a script names, and those of the style sheets themselves."""
    if exception or app.builder.name != "html":
        return
    static = Path(app.outdir) / "_static"
    users = [*Path(app.outdir).rglob("*.html"), *static.glob("**/*-theme.js"), *static.glob("*.js")]
    used = {n for p in users for n in NAME.findall(p.read_text(encoding="utf-8", errors="ignore"))}

    script = static / "scripts" / "fontawesome.js"
    text = script.read_text(encoding="utf-8")
    script.write_text(ENTRY.sub(lambda e: e[0] if e[1] in used else "", text), encoding="utf-8")

    codes: set[int] = set()
    for sheet in static.rglob("*.css"):
        text = sheet.read_text(encoding="utf-8")
        kept = RULE.sub(lambda rule: rule[0] if used & set(NAME.findall(rule[1])) else "", text)
        if kept != text:
            sheet.write_text(kept, encoding="utf-8")
        codes |= {int(code, 16) for code in ESCAPED.findall(kept)} | set(
            map(ord, PRIVATE.findall(kept))
        )
    for font in static.glob("vendor/fontawesome/webfonts/*.woff2"):
        subset.main(
            [
                str(font),
                "--unicodes=" + ",".join(f"{code:x}" for code in sorted(codes)),
                "--flavor=woff2",
                f"--output-file={font}",
            ]
        )
    for font in static.glob("vendor/fontawesome/webfonts/*.ttf"):
        font.unlink()  # for browsers of before 2016


def setup(app: Sphinx) -> dict[str, bool]:
    """Called by Sphinx."""
    app.connect("build-finished", keep_used)
    return {"parallel_read_safe": True, "parallel_write_safe": True}

"""Photograph pages of the built site: python tools/screenshots.py FOLDER [PAGE ...]

Each page is taken whole, on a desktop and a phone, in the light and the dark theme.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from itertools import product
from pathlib import Path
from typing import Any

import yaml

from rnn_course import command, storage

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]
from site_browser import SITE, SIZES, THEMES, launch, serve, visit  # noqa: E402

# A page taken whole shows what would be fetched only when somebody scrolls to it.
EVERYTHING = """async () => {
  const pictures = [...document.querySelectorAll("img:not([hidden])")];
  pictures.forEach((picture) => { picture.loading = "eager"; });
  await Promise.all(pictures.map((picture) => picture.decode().catch(() => {})));
}"""


def toc_pages() -> list[str]:
    """The pages of the table of contents, in order."""
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
    return [toc["root"], *(page for part in toc["parts"] for page in _pages(part["chapters"]))]


def _pages(entries: list[dict[str, Any]]) -> Iterator[str]:
    for entry in entries:
        if "glob" in entry:
            found = sorted(ROOT.glob(f"{entry['glob']}.md"))
            yield from (str(path.relative_to(ROOT).with_suffix("")) for path in found)
        else:
            yield entry["file"]
        yield from _pages(entry.get("sections", []))


def main(arguments: Sequence[str] | None = None) -> None:
    """Write one PNG for each page, size and theme into a folder."""
    parser = argparse.ArgumentParser(description="Photograph pages of the built site.")
    parser.add_argument("folder", type=Path, help="where the pictures go")
    parser.add_argument(
        "page", nargs="*", help="such as notebooks/01_summarise (default: the table of contents)"
    )
    options = parser.parse_args(arguments)
    pages = options.page or toc_pages()
    for page in pages:
        if not (SITE / f"{page}.html").is_file():
            parser.error(f"page: expected one of the built site, got {page}")
    storage.make_sure_of(options.folder / "any.png")
    with serve(SITE) as base, launch() as browser:
        for size, theme in product(SIZES, THEMES):
            with visit(browser, base, size, theme) as visited:
                for page in pages:
                    visited.go(f"{page}.html")
                    visited.page.evaluate(EVERYTHING)
                    picture = options.folder / f"{page.replace('/', '-')}-{size}-{theme}.png"
                    visited.page.screenshot(path=picture, full_page=True)
                    print(picture)
                print(*visited.problems, sep="\n", end="")


if __name__ == "__main__":
    command.run(main)

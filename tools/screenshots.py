"""Photograph pages of the built site: python tools/screenshots.py FOLDER [PAGE ...]

Each page (such as notebooks/01_summarise; all of the table of contents if none is given) is taken
whole, on a desktop and a phone, in the light and the dark theme.
"""

import sys
from functools import partial
from itertools import product
from pathlib import Path

import yaml

from rnn_course import command, storage

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]
from site_browser import SITE, SIZES, THEMES, launch, serve, visit  # noqa: E402


def toc_pages() -> list[str]:
    """The pages of the table of contents, in order."""
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
    return [toc["root"], *(c["file"] for part in toc["parts"] for c in part["chapters"])]


def main(folder: str, *pages: str) -> None:
    """Write one PNG for each page, size and theme into `folder`."""
    storage.make_sure_of(Path(folder) / "any.png")
    with serve(SITE) as base, launch() as browser:
        for size, theme in product(SIZES, THEMES):
            with visit(browser, base, size, theme) as visited:
                for page in pages or toc_pages():
                    visited.go(f"{page}.html")
                    name = f"{page.replace('/', '-')}-{size}-{theme}.png"
                    visited.page.screenshot(path=Path(folder) / name, full_page=True)
                    print(Path(folder) / name)
                print(*visited.problems, sep="\n", end="")


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    command.run(partial(main, *sys.argv[1:]))

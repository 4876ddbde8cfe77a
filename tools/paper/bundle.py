"""The site as one file, to be read without a network."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

#: where a page says that there is more: `_config.yml` puts it into the footer, empty
MARK = '<span class="on-paper"></span>'
EARLIEST = (1980, 1, 1, 0, 0, 0)  # the date of each file: the same site makes the same zip


def write_zip(site: Path, target: Path) -> None:
    """Put the site into a zip file, in a folder of the file's name."""
    with ZipFile(target, "w", ZIP_DEFLATED) as archive:
        for path in sorted(site.rglob("*")):
            name = path.relative_to(site)
            if path.is_file() and not any(part.startswith(".") for part in name.parts):
                entry = ZipInfo(f"{target.stem}/{name.as_posix()}", EARLIEST)
                entry.compress_type = ZIP_DEFLATED
                archive.writestr(entry, path.read_bytes())


def offer(site: Path, files: Iterable[Path]) -> None:
    """Copy the files into the site, and let the foot of each page lead to them."""
    links = []
    for path in files:
        shutil.copy(path, site)
        size = max(1, round(path.stat().st_size / 1e6))
        kind = {".pdf": "The book as a PDF", ".zip": "The site as a zip"}[path.suffix]
        links.append(f'<a href="{{up}}{path.name}">{kind}</a> ({size} MB)')
    line = f'<span class="on-paper">{", ".join(links)}.</span>'
    for page in site.rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        if MARK in text:
            up = "../" * (len(page.relative_to(site).parts) - 1)
            page.write_text(text.replace(MARK, line.format(up=up)), encoding="utf-8")

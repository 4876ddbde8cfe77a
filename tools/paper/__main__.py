"""Put the book on paper, from the built site: python -m tools.paper [--offer]

Writes a PDF of the book and a zip of the site into _build/paper. With --offer, both are put into
the site as well, and its pages lead to them: for publishing.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from pathlib import Path

from rnn_course import command
from rnn_course.address import VERSION
from tools.paper.bundle import offer, write_zip
from tools.paper.joined import joined
from tools.paper.printing import write_pdf

BUILD = Path(__file__).resolve().parents[2] / "_build"
SITE = BUILD / "html"
PDF = BUILD / "paper" / f"rnn-course-{VERSION}.pdf"
ZIP = BUILD / "paper" / f"rnn-course-{VERSION}-site.zip"


def main(arguments: Sequence[str] | None = None) -> None:
    """Do as the command line says."""
    parser = argparse.ArgumentParser(description="Put the book on paper, from the built site.")
    parser.add_argument("--offer", action="store_true", help="put what was made into the site")
    options = parser.parse_args(arguments)
    if options.offer:
        offer(SITE, (PDF, ZIP))
        return
    if not (SITE / "index.html").exists():
        parser.error("the site is not built: run `make book` first")
    PDF.parent.mkdir(parents=True, exist_ok=True)
    start = time.perf_counter()
    write_zip(SITE, ZIP)
    write_pdf(joined(SITE), SITE, PDF)
    print(PDF, ZIP, f"{time.perf_counter() - start:.0f} s", sep="\n")


if __name__ == "__main__":
    command.run(main)

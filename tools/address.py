"""Give a copy of the course its own address, everywhere.

    python tools/address.py URL [SITE]       the repository's address, and the site's
    python tools/address.py --check URL TAG  change nothing; 1 if the course has another address, or
                                             the tag is not that of its version

Without SITE, the site is where GitHub Pages publishes a repository. Needs nothing installed.
"""

from __future__ import annotations

import argparse
import os
import re
import runpy
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
URL = re.compile(r"https://[\w.-]+(?::\d+)?/([\w.-]+)/([\w.-]+?)(?:\.git)?/?")


def present(root: Path = ROOT) -> dict[str, str]:
    """What `rnn_course/address.py` says."""
    return runpy.run_path(str(root / "rnn_course" / "address.py"))


def pages(url: str) -> str:
    """Where GitHub Pages publishes a repository.

    Raises:
        ValueError: If this is not a repository's address.
    """
    if not (parts := URL.fullmatch(url)):
        raise ValueError(
            f"URL: expected a repository's address such as {present()['REPOSITORY']}, got {url!r}"
        )
    owner, name = parts.groups()
    host = f"{owner.lower()}.github.io"
    return f"https://{host}/" if name.lower() == host else f"https://{host}/{name}/"


def change(url: str, site: str | None = None, root: Path = ROOT) -> list[Path]:
    """Put another address into every tracked file that has the present one; return those files.

    Raises:
        ValueError: If this is not a repository's address.
    """
    own = pages(url)
    old = present(root)
    url = re.sub(r"(\.git)?/?$", "", url)
    site = (site or own).rstrip("/") + "/"
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=root, check=True, capture_output=True, text=True
    )
    changed = []
    for path in sorted(root / name for name in listed.stdout.split("\0") if name):
        before = path.read_bytes() if path.is_file() and not path.is_symlink() else b""
        after = before.replace(old["SITE"].encode(), site.encode())
        after = re.sub(
            re.escape(old["REPOSITORY"].encode()) + rb"(?![\w-])", lambda _: url.encode(), after
        )
        if after != before:
            new = path.with_name(f".{path.name}.new")
            new.write_bytes(after)
            new.chmod(path.stat().st_mode)
            os.replace(new, path)
            changed.append(path)
    return changed


def disagreements(url: str, tag: str, root: Path = ROOT) -> list[str]:
    """Why a repository with this address must not publish the course under this tag."""
    here = present(root)
    wrong = []
    if url.lower() != here["REPOSITORY"].lower():
        wrong.append(
            f"The course gives {here['REPOSITORY']} as its address, and this repository is {url}: "
            f"run `make address URL={url}` and commit what it changes."
        )
    if tag != f"v{here['VERSION']}":
        wrong.append(
            f"The tag is {tag}, and the version in rnn_course/address.py {here['VERSION']}."
        )
    return wrong


def main() -> int:
    """Do as the command line says."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--check", action="store_true", help="change nothing; compare")
    parser.add_argument("url", metavar="URL")
    parser.add_argument("other", nargs="?", metavar="SITE or TAG")
    options = parser.parse_args()
    try:
        if options.check:
            wrong = disagreements(options.url, options.other or "")
            print(*wrong, sep="\n", end="\n" if wrong else "", file=sys.stderr)
            return 1 if wrong else 0
        changed = change(options.url, options.other)
    except ValueError as error:
        print(error, file=sys.stderr)
        return 1
    print(f"{len(changed)} files changed; look at them with git diff, and commit them.")
    return 0


if __name__ == "__main__":
    sys.exit(main())

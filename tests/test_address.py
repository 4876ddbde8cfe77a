"""The course's address: in one place, everywhere the same, and changed by one command."""

from __future__ import annotations

import re
import runpy
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import rnn_course
from rnn_course.address import REPOSITORY, SITE, VERSION, WHEEL
from tools import address

ROOT = Path(__file__).resolve().parents[1]
URL = "https://github.com/uni-x/rnn-2027"


def tracked(root: Path) -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=root, check=True, capture_output=True, text=True
    )
    return [root / name for name in listed.stdout.split("\0") if name and (root / name).is_file()]


@pytest.fixture
def clone(tmp_path):
    """The tracked files as they are here, in a repository of their own."""
    root = tmp_path / "clone"
    for path in tracked(ROOT):
        target = root / path.relative_to(ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(path.read_bytes())
    for command in (["init", "-q"], ["add", "--all"]):
        subprocess.run(["git", *command], cwd=root, check=True)
    return root


def test_a_fork_gets_its_own_address_everywhere(clone):
    changed = address.change(URL, root=clone)
    assert {path.relative_to(clone).as_posix() for path in changed} >= {
        "README.md", "CITATION.cff", "_config.yml", "pyproject.toml", "rnn_course/address.py",
        "book/running.md", "notebooks/homework/release/hw1.ipynb",
    }  # fmt: skip
    for path in tracked(clone):
        text = path.read_bytes()
        assert REPOSITORY.encode() not in text and SITE.encode() not in text, path
    there = runpy.run_path(str(clone / "rnn_course" / "address.py"))
    assert there["REPOSITORY"] == URL and there["SITE"] == "https://uni-x.github.io/rnn-2027/"
    assert there["WHEEL"].startswith(f"{URL}/releases/")
    address.change(REPOSITORY, SITE, clone)  # and back
    assert all(
        path.read_bytes() == (ROOT / path.relative_to(clone)).read_bytes() for path in changed
    )


@pytest.mark.parametrize(
    ("url", "site"),
    [
        (URL, "https://uni-x.github.io/rnn-2027/"),
        (f"{URL}.git", "https://uni-x.github.io/rnn-2027/"),
        (f"{URL}/", "https://uni-x.github.io/rnn-2027/"),
        ("https://github.com/Uni-X/uni-x.github.io", "https://uni-x.github.io/"),
    ],
)
def test_where_pages_publishes(url, site):
    assert address.pages(url) == site


@pytest.mark.parametrize(
    "url", ["github.com/a/b", "https://github.com/a", "git@github.com:a/b", ""]
)
def test_what_is_no_address_is_refused(url):
    with pytest.raises(ValueError, match="URL: expected a repository's address such as"):
        address.change(url)


@pytest.mark.parametrize(
    ("url", "tag", "said"),
    [
        (REPOSITORY, f"v{VERSION}", []),
        (REPOSITORY.upper().replace("HTTPS", "https"), f"v{VERSION}", []),
        (URL, f"v{VERSION}", [f"make address URL={URL}"]),
        (REPOSITORY, "v9.9", ["The tag is v9.9"]),
        (URL, "main", ["make address", "The tag is main"]),
    ],
)
def test_nothing_is_published_under_another_address_or_version(url, tag, said):
    command = [sys.executable, "-S", str(ROOT / "tools" / "address.py"), "--check", url, tag]
    done = subprocess.run(command, capture_output=True, text=True)  # -S: nothing is installed
    assert done.returncode == bool(said)
    lines = done.stderr.splitlines()
    assert len(lines) == len(said) and all(a in b for a, b in zip(said, lines, strict=True))


def test_version_changelog_and_citation_agree():
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert re.findall(r"^## \[(\d.+?)\]", changelog, re.MULTILINE)[0] == VERSION
    assert rnn_course.__version__ == VERSION and f"rnn_course-{VERSION}-" in WHEEL
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert re.findall(r"^version: \"?(.+?)\"?$", citation, re.MULTILINE) == [VERSION]
    tags = subprocess.run(["git", "tag", "--points-at", "HEAD", "v*"], cwd=ROOT, check=True,
                          capture_output=True, text=True).stdout.split()  # fmt: skip
    assert set(tags) <= {f"v{VERSION}"}


# --- what Binder installs -------------------------------------------------------------------------


def pins(path: Path) -> dict[str, str]:
    text = path.read_text(encoding="utf-8")
    return dict(re.findall(r"^([\w.-]+)==(\S+)$", text, re.MULTILINE))


def test_binder_installs_what_the_package_needs_and_nothing_else():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    needed = {re.split(r"[><=]", one)[0] for one in project["dependencies"]}
    binder = pins(ROOT / ".binder" / "requirements.txt")
    assert set(binder) == needed
    assert binder.items() <= pins(ROOT / "requirements.txt").items()


def test_the_workflows_pin_their_actions_by_hash():
    used = [
        line
        for path in (ROOT / ".github" / "workflows").glob("*.yml")
        for line in re.findall(r"uses: (.+)", path.read_text(encoding="utf-8"))
    ]
    assert used and all(re.fullmatch(r"[\w./-]+@[0-9a-f]{40} # v[\d.]+", line) for line in used)

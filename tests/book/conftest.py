"""The built site, served, and a browser that can reach it: what the tests of pages share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser
from site_browser import SITE, launch, serve


@pytest.fixture(scope="module")
def base() -> Iterator[str]:
    """The address of the built site."""
    assert (SITE / "index.html").exists(), "run `make book` first"
    with serve(SITE) as address:
        yield address


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A browser; there can be one at a time."""
    with launch() as started:
        yield started

"""Movable figures and text fields: in JupyterLab with a kernel, and on a page without scripts."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import nbformat
import pytest
from playwright.sync_api import Page, expect
from site_browser import ROOT, SITE, launch, serve, visit

from rnn_course.figures.widgets import LIVE, TYPED_LIVE

CHAPTERS = sorted((ROOT / "notebooks").glob("[01]*.ipynb"))

SECONDS = 60
SOURCE = """\
from rnn_course.figures.widgets import movable, typed

factor = 1

def draw(ax, n):
    ax.plot([0, factor * n])
    return f"a line up to {factor * n}"

display(movable(draw, label="height", values=range(1, 6), start=2))
display(typed(lambda text: f"{text[::-1]} is {text} reversed", label="word", start="recur"))
"""


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


@pytest.fixture
def patience() -> Iterator[None]:
    expect.set_options(timeout=1000 * SECONDS)
    yield
    expect.set_options(timeout=5000)


@pytest.fixture
def lab(tmp_path) -> Iterator[str]:
    """The address of a JupyterLab that shows a folder with one notebook, `live.ipynb`."""
    cells = [nbformat.v4.new_code_cell(SOURCE), nbformat.v4.new_code_cell("factor = 10")]
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=kernel), tmp_path / "live.ipynb")
    base = f"http://127.0.0.1:{(port := free_port())}/"
    folders = {
        f"JUPYTER_{name}_DIR": str(tmp_path / name) for name in ("CONFIG", "DATA", "RUNTIME")
    }
    environment = {
        **os.environ,
        **folders,
        "PYTHONPATH": str(ROOT),
        "IPYTHONDIR": str(tmp_path / "i"),
    }
    with (tmp_path / "log").open("w") as log:
        server = subprocess.Popen(
            [sys.executable, "-m", "jupyterlab", "--no-browser", f"--port={port}", "--allow-root",
             "--IdentityProvider.token=", f"--ServerApp.root_dir={tmp_path}",
             "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
             "--LabApp.news_url=", "--ServerApp.port_retries=0"],
            env=environment, stdout=log, stderr=log,
        )  # fmt: skip
        try:
            wait_for(base, server, tmp_path / "log")
            yield base
        finally:
            server.terminate()  # and the kernels with it
            server.wait(30)


def wait_for(base: str, server: subprocess.Popen, log: Path) -> None:
    end = time.monotonic() + SECONDS
    while time.monotonic() < end and server.poll() is None:
        try:
            with urlopen(f"{base}api", timeout=5):
                return
        except (URLError, OSError):
            time.sleep(0.2)
    raise AssertionError(log.read_text())


def run_next(page: Page) -> None:
    """Run the cell that is chosen, and choose the next."""
    page.keyboard.press("Shift+Enter")


@pytest.mark.slow
def test_the_kernel_redraws_what_the_reader_moves_and_answers_what_is_typed(lab, patience):
    with launch() as browser, visit(browser, lab) as visited:
        page = visited.page
        page.set_default_timeout(1000 * SECONDS)
        page.goto(f"{lab}lab/tree/live.ipynb")
        expect(page.get_by_role("button", name="| Idle")).to_be_visible()  # the kernel is there
        page.locator(".jp-CodeCell .cm-content").first.click()
        run_next(page)

        figure = page.locator(".jupyter-widgets.movable")
        picture, caption = figure.locator("img"), figure.locator("figcaption")
        expect(picture).to_have_attribute("alt", "a line up to 2")
        expect(caption).not_to_contain_text(LIVE)
        assert page.locator("div.movable:not(.jupyter-widgets)").count() == 0, "not the page's too"
        before = picture.get_attribute("src")
        handle = figure.locator("[role=slider]").first
        handle.press("ArrowRight")
        expect(picture).to_have_attribute("alt", "a line up to 3")
        expect(caption).to_have_text(LIVE)
        assert picture.get_attribute("src") != before

        # The kernel draws with what the reader has changed since.
        page.locator(".jp-CodeCell").nth(1).locator(".cm-content").click()
        run_next(page)
        expect(page.locator(".jp-CodeCell").nth(1).locator(".jp-InputPrompt").first).to_have_text(
            "[2]:"
        )
        handle.press("ArrowRight")
        expect(picture).to_have_attribute("alt", "a line up to 40")

        field = page.locator(".jupyter-widgets.typed")
        expect(field).to_contain_text("rucer is recur reversed")
        field.locator("input[type=text]").fill("gate")
        field.locator("input[type=text]").press("Enter")
        expect(field).to_contain_text("etag is gate reversed")
        expect(field.locator("figcaption")).to_have_text(TYPED_LIVE)


@pytest.mark.slow
def test_without_scripts_the_first_frame_and_its_caption_stand_there():
    seen = 0
    with serve(SITE) as base, launch() as browser:
        context = browser.new_context(java_script_enabled=False)
        page = context.new_page()
        for chapter in CHAPTERS:
            page.goto(f"{base}notebooks/{chapter.stem}.html")
            for figure in page.locator("div.movable").all():
                picture = figure.locator("img:visible")
                expect(picture).to_have_count(1)
                shown = figure.locator("input").get_attribute("value")
                frames = figure.locator("img").all()
                assert frames[int(shown)].get_attribute("src") == picture.get_attribute("src")
                picture.scroll_into_view_if_needed()
                assert (
                    picture.evaluate("image => image.decode().then(() => image.naturalWidth)") > 0
                )
                assert figure.locator("input:visible, button:visible").count() == 0
                # Its caption is under it, within the figure or after it.
                within = figure.locator("xpath=ancestor::div[contains(@class, 'cell_output')]")
                caption = within.locator("figcaption:visible")
                expect(caption.first).to_be_visible()
                assert len(caption.first.inner_text()) > 20
                seen += 1
        context.close()
    assert seen >= len(CHAPTERS) >= 11

"""A browser that can reach the built site and nothing else, for tests and screenshots."""

from __future__ import annotations

import gzip
import re
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache, partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tools.browser import NAMES

ROOT = Path(__file__).resolve().parent.parent
SITE = ROOT / "_build" / "html"
AXE = ROOT / "book" / "_static" / "vendor" / "axe" / "axe.min.js"
AXE_RUN = """async ([within, options]) => (
  await axe.run(within, {resultTypes: ["violations"], ...options})).violations.flatMap(
  v => v.nodes.map(n => `${v.id}: ${v.help}: ${n.target.join(' ')}: ${n.html.slice(0, 160)}`))"""
# Of the tokens of code, and of formulas, one of each kind is left: a kind is a class, and those of
# all that it stands in. The others could say no more, and would take three quarters of the time.
ABRIDGED = """() => {
  const seen = new Set();
  const path = (e) => e ? `${path(e.parentElement)}/${e.localName}.${e.className}` : "";
  const again = (kind) => seen.has(kind) || !seen.add(kind);
  const formulas = [...document.querySelectorAll(".katex")].filter((each) => again(path(each)));
  const boxes = formulas.map((each) => each.lastElementChild.getBoundingClientRect());
  formulas.forEach(({firstElementChild: mathml, lastElementChild: html}, i) => {
    mathml.replaceChildren();
    html.replaceChildren();
    Object.assign(html.style, {
      display: "inline-block", width: `${boxes[i].width}px`, height: `${boxes[i].height}px`});
  });
  for (const code of document.querySelectorAll(".highlight pre")) {
    const at = path(code), whole = document.createElement("span");
    const kinds = [...code.querySelectorAll("span")].filter(
      (token) => !token.childElementCount && !again(at + token.className));
    whole.textContent = code.textContent;
    code.replaceChildren(whole, ...kinds.flatMap((token) => [token, "\\n"]));
  }
}"""
# But for these rules a theme makes no difference.
OF_COLOUR = ("color-contrast", "link-in-text-block")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-sync",
    "--disable-background-networking",
    "--disable-component-update",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
]
#: pages made from one template, of which hw1 is looked at
ALIKE = re.compile(r"/hw[2-8]$|/puzzles$")
SIZES = {"desktop": {"width": 1280, "height": 900}, "phone": {"width": 390, "height": 844}}
THEMES = ("light", "dark")
LIGHT = 1_000_000  # bytes of a first view, compressed

# Waits for what a page loads late: fonts. Frames of a figure load when shown.
SETTLED = """async () => {
  await document.fonts.ready;
  await new Promise(resolve => requestAnimationFrame(() => requestAnimationFrame(resolve)));
}"""


@cache
def sent(path: Path) -> tuple[bytes, bool]:
    """What a server that compresses sends of a file, and whether it is compressed."""
    data = path.read_bytes()
    packed = gzip.compress(data)
    return (packed, True) if len(packed) < len(data) else (data, False)


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *args: object) -> None:
        pass


class _Compressing(_Quiet):
    """Sends what is text compressed, as hosts of sites do, and lets the browser keep it."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        path = Path(self.translate_path(self.path))
        if not path.is_file():
            return self.send_error(404)
        data, packed = sent(path)
        self.send_response(200)
        self.send_header("Content-Type", self.guess_type(str(path)))
        if packed:
            self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)
        return None


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: object, client_address: object) -> None:
        if not isinstance(sys.exception(), ConnectionError):  # the browser has left the page
            super().handle_error(request, client_address)


@contextmanager
def serve(folder: Path, compressed: bool = False) -> Iterator[str]:
    """Serve a folder on a free port of this machine; yield the address."""
    handler = _Compressing if compressed else _Quiet
    server = _Server(("127.0.0.1", 0), partial(handler, directory=str(folder)))
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def launch() -> Iterator[Browser]:
    """Start the first Chromium found in PATH, or else the one that Playwright installed."""
    path = next(filter(None, map(shutil.which, NAMES)), None)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        try:
            yield browser
        finally:
            _opened.clear()
            browser.close()


@dataclass
class Visit:
    """A page in the browser, and everything that went wrong on it so far."""

    page: Page
    base: str
    problems: list[str] = field(default_factory=list)
    fetched: set[str] = field(default_factory=set)

    def go(self, path: str) -> None:
        """Open a page of the site and wait until its fonts are there."""
        self.page.goto(self.base + path, wait_until="load")
        self.page.evaluate(SETTLED)


_opened: dict[tuple[Browser, str, str], BrowserContext] = {}


def _context(browser: Browser, size: str, theme: str) -> BrowserContext:
    context = browser.new_context(
        viewport=SIZES[size], color_scheme=theme, reduced_motion="reduce", device_scale_factor=1
    )
    context.add_init_script(
        "if (!sessionStorage.begun) localStorage.clear(); sessionStorage.begun = true;"
        f"localStorage.mode = localStorage.theme = '{theme}'"
    )
    return context


@contextmanager
def visit(
    browser: Browser, base: str, size: str = "desktop", theme: str = "light", fresh: bool = False
) -> Iterator[Visit]:
    """Open a window that can reach only `base` and records every complaint.

    Windows of one size and theme share the files that they have fetched, but nothing that a page
    keeps in storage. A `fresh` one shares nothing: for tests of that, of the clock, of permissions.
    """
    if fresh:
        context = _context(browser, size, theme)
    elif (browser, size, theme) in _opened:
        context = _opened[browser, size, theme]
    else:
        context = _opened[browser, size, theme] = _context(browser, size, theme)
    visited = Visit(context.new_page(), base)
    note, page = visited.problems.append, visited.page
    page.on(
        "request",
        lambda request: (
            request.url.startswith((base, "data:", "blob:")) or note(f"another host: {request.url}")
        ),
    )
    page.on(
        "console",
        lambda message: (
            message.type in ("error", "warning") and note(f"console {message.type}: {message.text}")
        ),
    )
    page.on("pageerror", lambda error: note(f"uncaught: {error}"))
    page.on(
        "requestfailed",
        lambda request: (
            request.failure != "net::ERR_ABORTED"  # the next page was asked for before it came
            and note(f"request failed: {request.url}")
        ),
    )
    page.on("response", lambda response: visited.fetched.add(urlsplit(response.url).path))
    page.on(
        "response",
        lambda response: (
            response.status >= 400 and note(f"status {response.status}: {response.url}")
        ),
    )
    try:
        yield visited
    finally:
        (context if fresh else page).close()


def choose(page: Page, theme: str) -> None:
    """Show the page in this theme."""
    page.evaluate(f"document.documentElement.dataset.theme = '{theme}'")


def weight(visited: Visit) -> int:
    """The bytes that the page has fetched so far, compressed as servers compress them."""
    files = [SITE / path.lstrip("/") for path in visited.fetched]
    return sum(len(sent(path)[0]) for path in files if path.is_file())


def violations(page: Page, of_colour: bool = False, within: str = "html") -> list[str]:
    """What axe-core finds in what the selector `within` names, as it is now.

    All of its rules are applied, or those of colour alone, to the page `ABRIDGED`: it stays so.
    """
    page.evaluate(ABRIDGED)
    rules = {"runOnly": {"type": "rule", "values": OF_COLOUR}} if of_colour else {}
    page.add_script_tag(path=AXE)
    return page.evaluate(AXE_RUN, [within, rules])

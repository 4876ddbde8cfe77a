"""The built site as a reader gets it: compressed, at 10 Mbit/s, with a delay of 40 ms."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

from playwright.sync_api import Page

BYTES_A_SECOND = 10_000_000 / 8
DELAY = 40  # milliseconds
COMPRESSED = {".html", ".css", ".js", ".svg", ".json", ".txt"}

OBSERVE = """() => {
  window.shift = 0; window.paint = 0;
  new PerformanceObserver(list => list.getEntries().forEach(e => {
    if (!e.hadRecentInput) window.shift += e.value;
  })).observe({type: 'layout-shift', buffered: true});
  new PerformanceObserver(list => list.getEntries().forEach(e => { window.paint = e.startTime; }))
    .observe({type: 'largest-contentful-paint', buffered: true});
}"""


class _Compressing(SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args: object) -> None:
        pass

    def do_GET(self) -> None:
        path = Path(self.translate_path(self.path))
        if not path.is_file():
            return self.send_error(404)
        data = path.read_bytes()
        self.send_response(200)
        self.send_header("Content-Type", self.guess_type(str(path)))
        if path.suffix in COMPRESSED:
            data = gzip.compress(data, 6)
            self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)
        return None


@contextmanager
def serve_compressed(folder: Path) -> Iterator[str]:
    """Serve a folder on a free port, text compressed; yield the address."""

    def handler(*args: Any) -> _Compressing:
        return _Compressing(*args, directory=str(folder))

    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()


def measured(page: Page, address: str) -> tuple[float, float]:
    """Open a page over a slow network: its largest paint in seconds, and its layout shift."""
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    session.send(
        "Network.emulateNetworkConditions",
        {
            "offline": False,
            "latency": DELAY,
            "downloadThroughput": BYTES_A_SECOND,
            "uploadThroughput": BYTES_A_SECOND,
        },
    )
    page.add_init_script(f"({OBSERVE})()")
    page.goto(address, wait_until="networkidle")
    page.evaluate("() => window.MathJax?.startup?.promise")
    page.wait_for_timeout(500)  # what is still to move
    return page.evaluate("window.paint / 1000"), page.evaluate("window.shift")

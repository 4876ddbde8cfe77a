"""How soon a page is there on a slow line, and how much of it moves. Timed, so run alone."""

from __future__ import annotations

from collections.abc import Iterator
from statistics import median

import pytest
from playwright.sync_api import Browser
from site_browser import ALIKE, LIGHT, SITE, launch, serve, visit, weight

from tools.screenshots import toc_pages

pytestmark = pytest.mark.slow
LINE = {  # 10 Mbit/s and 40 ms
    "offline": False,
    "latency": 40,
    "downloadThroughput": 10e6 / 8,
    "uploadThroughput": 10e6 / 8,
}
WATCH = """
window.seen = {paint: 0, what: "", shift: 0};
new PerformanceObserver((list) => list.getEntries().forEach((entry) => {
  window.seen.paint = entry.startTime;
  window.seen.what = entry.element?.outerHTML.slice(0, 80) ?? "";
})).observe({type: "largest-contentful-paint", buffered: true});
new PerformanceObserver((list) => list.getEntries().forEach((entry) => {
  if (!entry.hadRecentInput) window.seen.shift += entry.value;
})).observe({type: "layout-shift", buffered: true});
"""
PAINT, SLOW_PAINT, SHIFT = 1000, 2500, 0.05  # ms, ms at a quarter of the speed, score
MEDIAN = 600_000  # bytes of a first view, compressed
PAGES = [page for page in toc_pages() if not ALIKE.search(page)]


@pytest.fixture(scope="module")
def base() -> Iterator[str]:
    with serve(SITE, compressed=True) as address:
        yield address


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with launch() as started:
        yield started


def look(browser: Browser, base: str, name: str, size: str, slower: int) -> dict[str, float]:
    """Open a page with an empty cache on that line: its largest paint, shifts and weight."""
    with visit(browser, base, size, fresh=True) as visited:
        session = visited.page.context.new_cdp_session(visited.page)
        session.send("Network.enable")
        session.send("Network.emulateNetworkConditions", LINE)
        session.send("Emulation.setCPUThrottlingRate", {"rate": slower})
        visited.page.add_init_script(WATCH)
        visited.go(f"{name}.html")
        visited.page.wait_for_timeout(300)
        return visited.page.evaluate("window.seen") | {"bytes": weight(visited)}


def best(browser: Browser, base: str, name: str, size: str, slower: int) -> dict[str, float]:
    """The best of up to four visits, as many as it takes: the machine may have been busy."""
    limit = PAINT if slower == 1 else SLOW_PAINT
    seen = look(browser, base, name, size, slower)
    for _ in range(3):
        if seen["paint"] > limit:
            again = look(browser, base, name, size, slower)
            seen = min(seen, again, key=lambda each: each["paint"])
    return seen


def test_every_page_is_there_soon(base: str, browser: Browser) -> None:
    found = {name: best(browser, base, name, "desktop", 1) for name in PAGES}
    for name, seen in found.items():
        print(
            f"{name:36} {seen['bytes'] / 1e3:6.0f} KB {seen['paint']:5.0f} ms {seen['shift']:.3f}"
        )
    sizes = [seen["bytes"] for seen in found.values()]
    print(f"median {median(sizes) / 1e3:.0f} KB, most {max(sizes) / 1e3:.0f} KB")
    assert not {name: seen for name, seen in found.items() if not 0 < seen["paint"] <= PAINT}
    assert not {name: seen for name, seen in found.items() if seen["shift"] > SHIFT}
    assert max(sizes) <= LIGHT and median(sizes) <= MEDIAN


def test_so_is_it_on_a_slow_phone(base: str, browser: Browser) -> None:
    found = {name: best(browser, base, name, "phone", 4) for name in PAGES}
    for name, seen in found.items():
        print(f"{name:36} {seen['paint']:5.0f} ms {seen['shift']:.3f}  {seen['what']}")
    assert not {name: seen for name, seen in found.items() if not 0 < seen["paint"] <= SLOW_PAINT}
    assert not {name: seen for name, seen in found.items() if seen["shift"] > SHIFT}


def test_a_page_that_moves_is_noticed(browser: Browser, tmp_path) -> None:
    late = (
        "<link rel=icon href=data:,>"
        + "<p>a line of text</p>" * 30
        + "<script>setTimeout(() => document.body.prepend("
    )
    late += "Object.assign(document.createElement('div'), {style: 'height: 500px'})), 100)</script>"
    (tmp_path / "late.html").write_text(late, encoding="utf-8")
    with serve(tmp_path, compressed=True) as address:
        assert look(browser, address, "late", "desktop", 1)["shift"] > SHIFT

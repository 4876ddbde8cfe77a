"""The benchmarks' chart is drawn from the results; tables fold, and stack on a phone."""

from __future__ import annotations

import re
import sys

import pytest
from bs4 import BeautifulSoup
from site_browser import ROOT, SITE, serve, visit

from benchmarks import chart, pairs, tanh

sys.path.insert(0, str(ROOT / "book" / "_ext"))
import benchmark_page  # noqa: E402
import stacked  # noqa: E402

RESULTS = chart.FILE.read_text(encoding="utf-8")


# --- the chart ------------------------------------------------------------------------------------


def test_the_chart_reads_the_rows_of_one_thread():
    found = chart.read(RESULTS)
    assert [*found] == [chart.TANH, *(of.title for of in pairs.COMPARISONS)]
    for bars in found.values():
        assert [bar.shape for bar in bars] == tanh.SHAPES
    row = next(line for line in RESULTS.splitlines() if line.startswith("| 784, 32, 1, 128 |"))
    ours = next(bar for bar in found[chart.TANH] if bar.shape[0] == 784)
    assert f"**{ours.speed_up:.2f}**" in row and f" {ours.limit:.2f} " in row
    gru = next(line for line in RESULTS.partition("**GRU**")[2].splitlines() if "| 1 | 784" in line)
    assert f"**{next(b for b in found['GRU'] if b.shape[0] == 784).speed_up:.2f}**" in gru


def test_the_chart_shows_each_bar_gate_and_limit():
    found = chart.read(RESULTS)
    [ax] = chart.draw(found).axes
    widths = [round(bar.get_width(), 2) for bar in ax.patches]
    for bar in found[chart.TANH]:
        assert bar.speed_up in widths and bar.limit in widths
    lines = [list(line.get_xdata()) for line in ax.lines]
    for bar in found[chart.TANH]:
        assert [tanh.gate(bar.shape)] * 2 in lines
    for of in pairs.COMPARISONS:
        assert [bar.speed_up for bar in found[of.title]] in lines and [of.gate] * 2 in lines


def test_the_chart_in_words_has_its_numbers():
    said = chart.describe(chart.read(RESULTS))
    row = next(line for line in RESULTS.splitlines() if line.startswith("| 784, 32, 1, 128 |"))
    speed_up = row.split("**")[1]
    slower = RESULTS.replace(row, row.replace(f"**{speed_up}**", "**0.99**"))
    assert f"784 steps and 128 units: {speed_up}, gate 1.4" in said
    assert "784 steps and 128 units: 0.99, gate 1.4" in chart.describe(chart.read(slower))


def test_the_same_results_give_the_same_picture(tmp_path):
    for name in ("one.svg", "two.svg"):
        chart.save(chart.read(RESULTS), tmp_path / name)
    assert (tmp_path / "one.svg").read_bytes() == (tmp_path / "two.svg").read_bytes()


@pytest.mark.slow
def test_the_page_begins_with_the_chart():
    page = BeautifulSoup((SITE / "book" / "benchmarks.html").read_bytes(), "html.parser")
    picture = page.select_one("article figure img")
    assert picture["alt"] == chart.describe(chart.read(RESULTS))
    assert picture["src"].endswith(".svg") and picture["width"] and picture["height"]
    assert page.select_one("article").find(["h2", "table", "figure"]).name == "figure"


# --- folded tables --------------------------------------------------------------------------------


def test_each_table_is_folded_under_its_line_and_nothing_is_lost():
    lines = benchmark_page.folded(RESULTS)
    folds = [line for line in lines if line.startswith(":::{dropdown}")]
    assert len(folds) == len([*chart.tables(RESULTS)]) == lines.count(":::")
    assert folds[0] == ":::{dropdown} The tanh network, 1 thread"
    written = [line for line in RESULTS.splitlines() if line and not line.startswith("**")]
    assert [line for line in lines if line and not line.startswith((":::", "**"))] == written
    assert ("**Gates missed in this run**" in lines) == ("**Gates missed" in RESULTS)


def test_the_main_column_comes_first():
    for title, rows in chart.tables(RESULTS):
        columns = [column for column in rows[0] if column != "threads"]
        assert columns[1] == "speed-up", title


# --- tables on a phone ----------------------------------------------------------------------------


def test_cells_say_their_column_and_empty_ones_are_marked():
    table = (
        '<table class="stacked table"><thead><tr><th>what</th><th>here</th></tr></thead>'
        "<tbody><tr><td>state</td><td><p>–</p></td></tr></tbody></table>"
    )
    context = {"body": f"<p>a</p>{table}<table class='other'></table>"}
    stacked.stack(None, "book/notation", "page.html", context, None)
    soup = BeautifulSoup(context["body"], "html.parser")
    assert [cell["data-column"] for cell in soup.select("td")] == ["what", "here"]
    assert [cell.get("class") for cell in soup.select("td")] == [None, ["nothing"]]
    roles = ["table", "row", "columnheader", "columnheader", "row", "cell", "cell"]
    assert [tag["role"] for tag in soup.select("[role]")] == roles
    assert "role" not in soup.select_one("table.other").attrs


@pytest.mark.slow
def test_no_column_of_the_notation_is_out_of_sight_on_a_phone(browser):
    with serve(SITE) as base, visit(browser, base, "phone") as visited:
        visited.go("book/notation.html")
        cells = visited.page.locator("table.stacked td:not(.nothing)")
        assert cells.count() > 100
        right = cells.evaluate_all(
            "all => Math.max(...all.map(c => c.getBoundingClientRect().right))"
        )
        assert right <= visited.page.viewport_size["width"]
        label = "c => getComputedStyle(c, '::before').content"
        assert cells.nth(1).evaluate(label) == '"slides"'


@pytest.mark.slow
def test_the_speed_up_is_in_sight_on_a_phone(browser):
    with serve(SITE) as base, visit(browser, base, "phone") as visited:
        visited.go("book/benchmarks.html")
        visited.page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
        for table in visited.page.locator("article table").all():
            heads = table.locator("th").all()
            column = next(h for h in heads if re.fullmatch("speed-up", h.inner_text()))
            box = column.bounding_box()
            assert box["x"] + box["width"] <= visited.page.viewport_size["width"]

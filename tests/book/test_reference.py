"""The package's reference: every module, its source, its equations; and the list of references."""

from __future__ import annotations

import importlib
import inspect
import re
import sys
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from house import modules

import rnn_course
from rnn_course.address import REPOSITORY, VERSION

ROOT = Path(__file__).resolve().parents[2]
SITE = ROOT / "_build" / "html"
API = ROOT / "book" / "api"
sys.path.insert(0, str(ROOT / "book" / "_ext"))
import equations  # noqa: E402
import reference  # noqa: E402

DESCRIBED = {
    path.stem: reference.MODULE.findall(path.read_text(encoding="utf-8"))
    for path in sorted(API.glob("*.md"))
}
#: a paragraph of a docstring that is indented once more than what stands around it
INDENTED = re.compile(r"(?<=\n\n)(?: {4}\S.*\n?)+")


# --- every module ---------------------------------------------------------------------------------


def test_every_module_is_described_once():
    """On some page of book/api; `__init__` under its folder's name."""
    described = sorted(name for names in DESCRIBED.values() for name in names)
    expected = {*modules(rnn_course)} - {"rnn_course", "rnn_course.__main__"}
    expected |= {"rnn_course.homework.__main__"}  # the command is described there
    assert described == sorted(expected)


def test_the_overview_leads_to_every_page():
    index = (API / "index.md").read_text(encoding="utf-8")
    listed = re.findall(r"^## \[[^\]]+\]\((\w+)\.md\)\n\n```\{modules\} (\w+)\n```", index, re.M)
    assert sorted(listed) == sorted((page, page) for page in DESCRIBED if page != "index")
    toc = (ROOT / "_toc.yml").read_text(encoding="utf-8")
    assert re.findall(r"file: book/api/(\w+)", toc) == ["index", *(page for page, _ in listed)]


@pytest.mark.slow
def test_the_overview_has_a_line_for_every_module():
    page = BeautifulSoup((SITE / "book/api/index.html").read_bytes(), "html.parser")
    lines = {
        line.a["href"].rpartition("#module-")[2]: line.get_text(" ", strip=True)
        for line in page.select("div.modules li")
    }
    assert sorted(lines) == sorted(name for names in DESCRIBED.values() for name in names)
    assert [name for name, line in lines.items() if len(line) < len(name) / 3 + 15] == []


# --- the source -----------------------------------------------------------------------------------


def test_a_link_leads_to_the_lines_of_the_release():
    info = {"module": "rnn_course.cells", "fullname": "ElmanCell.step"}
    address = reference.source_of("py", info)
    found = re.fullmatch(rf"{REPOSITORY}/blob/v{re.escape(VERSION)}/(\S+)#L(\d+)-L(\d+)", address)
    lines = (ROOT / found[1]).read_text(encoding="utf-8").splitlines()
    shown = lines[int(found[2]) - 1 : int(found[3])]
    source = inspect.getsource(importlib.import_module("rnn_course.cells").ElmanCell.step)
    assert "\n".join(shown) == source.rstrip("\n")


def test_a_name_leads_to_where_it_is_defined_and_a_value_nowhere():
    info = {"module": "rnn_course.exercises", "fullname": "check"}
    assert "/rnn_course/exercises/registry.py#" in reference.source_of("py", info)
    foreign = {"module": "rnn_course.cells", "fullname": "nn.Module"}
    assert reference.source_of("py", foreign) is None
    assert reference.source_of("py", {"module": "rnn_course.ledger", "fullname": "COUNT"}) is None


@pytest.mark.slow
def test_the_pages_link_to_the_source():
    page = BeautifulSoup((SITE / "book/api/steps.html").read_bytes(), "html.parser")
    links = [link["href"] for link in page.select("dt.sig a[href^=http]")]
    assert len(links) > 20
    for link in links:
        path, first, last = re.fullmatch(
            rf"{REPOSITORY}/blob/v\S+?/(\S+)#L(\d+)-L(\d+)", link
        ).groups()
        assert int(first) < int(last) <= len((ROOT / path).read_text().splitlines()) + 1


# --- equations ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("h^(t) = tanh(b + W h^(t-1))", r"h^{(t)} = \tanh (b + W h^{(t-1)})"),
        ("W_(i+1)ᵀ δ_k^(t)", r"W_{i+1}^{\top} \delta _{k}^{(t)}"),
        ("1 - h^(τ)²", r"1 - {h^{(\tau )}}^{2}"),  # TeX takes no second exponent
        ("o = c + V max_t h^(t)", r"o = c + V \max _{t} h^{(t)}"),
        ("P(y | x) = Π_t p_{y^(t)}", r"P(y \mid x) = \prod _{t} p_{y^{(t)}}"),
        ("h̃ = σ(a) ⊙ c̃", r"\tilde h = \sigma (a) \odot  \tilde c"),
        ("α_tj, n_in, z_depth", r"\alpha _{tj}, n_{\mathrm{in}}, z_{\mathrm{depth}}"),
        ("y = 1 if x ≠ 0, else 0", r"y = 1 \text{ if } x \ne  0, \text{ else } 0"),
        ("a = cell.project(x)", r"a = \mathrm{cell.project}(x)"),
        ("h = unroll_grid(x)", r"h = \mathrm{unroll\_grid}(x)"),
        ("L = x,    in nats per pair", r"L = x, \quad \text{in nats per pair}"),
        ("a^(t)* ⊙ δ", r"{a^{(t)}}^{*} \odot  \delta"),
        ("h = 2 Re s, so 1", r"h = 2 \operatorname{Re} s, \text{ so } 1"),
        ("y = n mod 2", r"y = n \operatorname{mod} 2"),
    ],
)
def test_typed_equations_become_tex(typed, expected):
    assert equations.tex(typed) == expected


def test_what_is_no_equation_stays_as_typed():
    lines = [
        "One step:", "", "    h^(t) = tanh(a)", "    o = V h^(t)", "",
        "On the command line:", "", "    python -m rnn_course run", "",
        "x, y : what comes in,", "    wrapped",
    ]  # fmt: skip
    reference.mend_docstring(None, "class", "C", None, None, lines)
    assert lines == [
        "One step:", "",
        ".. math::", "", r"   \begin{aligned}", r"   & h^{(t)} = \tanh (a) \\",
        r"   & o = V h^{(t)}", r"   \end{aligned}", "", "",
        "On the command line:", "", "::", "", "    python -m rnn_course run", "",
        ":x, y: what comes in,", "    wrapped",
    ]  # fmt: skip


def test_one_line_is_not_aligned():
    assert equations.block(["    o = V h^(t)", ""]) == ["   o = V h^{(t)}"]


def test_a_line_further_in_goes_on_with_the_one_before():
    _, first, second, _ = equations.block(["    P = n_k", "        + a_k"])
    assert (first, second) == (r"   & P = n_{k} \\", r"   & \qquad + a_{k}")


def test_letters_in_prose_are_set_and_code_is_not():
    assert (
        equations.inline("from x^(t) to `h^(t)`", ":math:`{}`") == "from :math:`x^{(t)}` to `h^(t)`"
    )


def docstrings():
    """Of every module, and of every class, function and method that is defined in it."""
    for name in modules(rnn_course):
        module = importlib.import_module(name)
        own = [t for t in vars(module).values() if getattr(t, "__module__", "") == name]
        members = [m for t in own if inspect.isclass(t) for m in vars(t).values()]
        documented = (getattr(thing, "__doc__", None) for thing in [module, *own, *members])
        yield from (inspect.cleandoc(doc) for doc in documented if isinstance(doc, str))


def test_all_equations_of_the_package_are_read():
    """None has a sign that the reader does not know, and its brackets are closed."""
    blocks = [found.splitlines() for doc in docstrings() for found in INDENTED.findall(doc)]
    set_ones = [equations.block(lines) for lines in blocks if equations.is_mathematics(lines)]
    assert len(set_ones) > 40
    for lines in set_ones:
        text = re.sub(r"\\[{}]|\\text\{[^}]*\}", "", "\n".join(lines))
        assert text.isascii(), text
        assert text.count("{") == text.count("}")
        assert not re.search(r"\^\{[^{}]*\}\^|\^\(", text), text


# --- the list of references -----------------------------------------------------------------------


def test_most_references_can_be_followed():
    """By DOI, by arXiv number or by address, each in its form."""
    entries = re.split(r"\n(?=@)", (ROOT / "book/references.bib").read_text(encoding="utf-8"))
    followed = [e for e in entries if re.search(r"^ *(doi|eprint|url) *=", e, re.MULTILINE)]
    assert len(followed) > 0.75 * len(entries)
    text = "".join(entries)
    for doi in re.findall(r"^ *doi *= *\{(.+)\}", text, re.MULTILINE):
        assert re.fullmatch(r"10\.\d{4,5}/\S+", doi), doi
    for number in re.findall(r"^ *eprint *= *\{(.+)\}", text, re.MULTILINE):
        assert re.fullmatch(r"\d{4}\.\d{4,5}", number), number
    assert "arXiv:" not in text  # a number in a note is no link

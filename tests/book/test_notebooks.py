"""The form of the notebooks, and of the tool that gives it to them."""

import importlib.util
import json
import re
import subprocess

import nbformat
import pytest
import yaml
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from rnn_course.ledger import FILE

ROOT = FILE.parent.parent
spec = importlib.util.spec_from_file_location("notebooks", ROOT / "tools" / "notebooks.py")
tool = importlib.util.module_from_spec(spec)
spec.loader.exec_module(tool)

NOTEBOOKS = tool.notebooks()
LIMIT = 100_000  # bytes
VOLATILE = re.compile(r"0x[0-9a-f]{6,}|/(home|root|tmp|Users)/|\b\d\.\d{6,}")


@pytest.fixture(scope="module", params=NOTEBOOKS, ids=lambda path: path.stem)
def path(request):
    return request.param


def code_cells(path):
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return [cell for cell in cells if cell["cell_type"] == "code"]


# the notebooks


def test_there_are_notebooks():
    assert NOTEBOOKS


def test_a_notebook_is_in_its_committed_form(path):
    assert tool.tidy(tool.read(path)) == path.read_text(encoding="utf-8")


def test_a_notebook_is_small(path):
    assert path.stat().st_size < LIMIT


def test_every_code_cell_was_run_once_in_order_without_an_error(path):
    cells = code_cells(path)
    assert [cell["execution_count"] for cell in cells] == list(range(1, len(cells) + 1))
    kinds = {output["output_type"] for cell in cells for output in cell["outputs"]}
    assert kinds <= {"stream", "display_data", "execute_result"}


def test_nothing_that_differs_from_run_to_run_is_compared(path):
    for cell in code_cells(path):
        assert not VOLATILE.search(json.dumps(cell["outputs"])), cell["id"]


def test_only_tags_decide_what_nbval_compares(path):
    for cell in code_cells(path):
        assert not re.search(r"#\s*(PYTEST_VALIDATE|NBVAL)_", "".join(cell["source"])), cell["id"]
        assert not {"nbval-skip", "nbval-raises-exception", "raises-exception"} & set(
            cell["metadata"].get("tags", [])
        ), cell["id"]


def test_a_chapter_opens_with_its_title(path):
    first = json.loads(path.read_text(encoding="utf-8"))["cells"][0]
    assert first["cell_type"] == "markdown"
    assert re.match(r"# \S", "".join(first["source"]))


def test_cell_ids_are_unique_over_all_chapters():
    ids = [
        cell["id"]
        for path in NOTEBOOKS
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]
    ]
    assert len(ids) == len(set(ids))


def test_the_table_of_contents_and_the_chapters_match():
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))

    def pages(node):
        if isinstance(node, dict):
            for key, value in node.items():
                yield from [value] if key in {"file", "root"} else pages(value)
        elif isinstance(node, list):
            for child in node:
                yield from pages(child)

    listed = list(pages(toc))
    missing = [
        page
        for page in listed
        if not any((ROOT / f"{page}{suffix}").is_file() for suffix in ("", ".md", ".ipynb"))
    ]
    assert missing == []
    chapters = [str(path.relative_to(ROOT).with_suffix("")) for path in NOTEBOOKS]
    assert len(chapters) > 10
    assert [re.sub(r"\.ipynb$", "", page) for page in listed if "notebooks/" in page] == chapters


def test_every_notebook_that_git_knows_is_in_the_table_of_contents():
    known = subprocess.run(
        ["git", "ls-files", "-z", "notebooks/*.ipynb"], cwd=ROOT, capture_output=True, text=True
    )
    if known.returncode:
        pytest.skip("no git here")
    chapters = {name for name in known.stdout.split("\0") if "/homework/" not in name} - {""}
    assert chapters == {str(p.relative_to(ROOT)) for p in NOTEBOOKS}


# the tool


def write(path, *cells, **metadata):
    nbformat.write(new_notebook(cells=list(cells), metadata=metadata), path)
    return path


def test_running_twice_gives_the_same_bytes_and_what_nbval_compares(tmp_path, capsys):
    path = write(
        tmp_path / "01_toy.ipynb",
        new_markdown_cell("# Toy"),
        new_code_cell("print('a')\nprint('b', flush=True)\nprint('c')\n40 + 2"),
        new_code_cell("import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.show()"),
        new_code_cell(
            "import sys, time\nprint(time.time())\nprint('!', file=sys.stderr)",
            metadata={"tags": ["nbval-ignore-output"], "collapsed": True},
        ),
        widgets={"state": 1},
        kernelspec={"name": "other", "display_name": "3.99"},
    )
    assert tool.main([str(path)]) == 0
    first = path.read_text(encoding="utf-8")
    assert tool.main([str(path)]) == 0
    assert path.read_text(encoding="utf-8") == first and first.endswith("}\n")
    assert "unchanged" in capsys.readouterr().out
    notebook = json.loads(first)
    assert notebook["metadata"] == tool.METADATA
    _, text, figure, ignored = notebook["cells"]
    assert [o.get("text") or o["data"]["text/plain"] for o in text["outputs"]] == [
        ["a\n", "b\n", "c\n"],
        ["42"],
    ]
    assert list(figure["outputs"][0]["data"]) == ["text/plain"]
    assert ignored["outputs"] == [] and ignored["metadata"] == {"tags": ["nbval-ignore-output"]}
    assert [cell.get("execution_count") for cell in notebook["cells"]] == [None, 1, 2, 3]


def test_what_the_page_folds_is_collapsed_in_jupyter(tmp_path):
    folded = {"tags": ["hide-input"], "collapsed": True}
    path = write(
        tmp_path / "01_toy.ipynb",
        new_code_cell("1", metadata=folded),
        new_code_cell("2", metadata={"jupyter": {"source_hidden": True}}),
    )
    cells = nbformat.reads(tool.tidy(tool.read(path)), as_version=4).cells
    assert cells[0].metadata == {"tags": ["hide-input"], "jupyter": {"source_hidden": True}}
    assert cells[1].metadata == {}


def test_ids_stay_and_missing_ones_follow_from_the_text(tmp_path):
    path = write(
        tmp_path / "01_toy.ipynb",
        new_code_cell("1", id="mine"),
        new_code_cell("2"),
        new_code_cell("2"),
    )
    content = json.loads(path.read_text(encoding="utf-8"))
    for cell in content["cells"][1:]:
        del cell["id"]
    path.write_text(json.dumps(content), encoding="utf-8")
    ids = [cell.id for cell in tool.read(path).cells]
    assert ids == [cell.id for cell in tool.read(path).cells]
    assert ids[0] == "mine" and ids[1].startswith("01-") and len(set(ids)) == 3


def test_check_reports_and_changes_nothing(tmp_path, capsys):
    path = write(
        tmp_path / "01_toy.ipynb",
        new_code_cell(
            "1", execution_count=7, outputs=[new_output("display_data", {"image/png": "AAAA"})]
        ),
    )
    before = path.read_bytes()
    assert tool.main(["--check", str(path)]) == 1
    assert "01_toy.ipynb: not in its committed form" in capsys.readouterr().err
    assert path.read_bytes() == before
    assert tool.main(["--tidy", str(path)]) == 0
    assert tool.main(["--check", str(path)]) == 0
    [cell] = code_cells(path)
    assert (cell["execution_count"], cell["outputs"]) == (1, [])


@pytest.mark.parametrize(
    "source, message",
    [
        ("1 / 0", "ZeroDivisionError"),
        ("import warnings; warnings.warn('old')", "cell c1 writes to stderr"),
    ],
)
def test_a_failing_notebook_is_named_and_left_alone(tmp_path, capsys, source, message):
    path = write(tmp_path / "01_toy.ipynb", new_code_cell(source, id="c1"))
    before = path.read_bytes()
    assert tool.main([str(path)]) == 1
    error = capsys.readouterr().err
    assert "01_toy.ipynb" in error and message in error
    assert path.read_bytes() == before


def test_wrong_usage_of_the_tool_is_explained(tmp_path, capsys):
    with pytest.raises(SystemExit) as stopped:
        tool.main([str(tmp_path / "nowhere.ipynb")])
    assert stopped.value.code == 2
    assert "expected an .ipynb file, got" in capsys.readouterr().err


def test_what_is_cited_is_in_the_bibliography_and_what_is_there_is_cited():
    entries = re.findall(r"^@\w+\{(\w+),", (ROOT / "book" / "references.bib").read_text(), re.M)
    pages = [*(ROOT / "book").glob("*.md"), *NOTEBOOKS]
    text = "".join(page.read_text(encoding="utf-8") for page in pages)
    roles = re.findall(r"\{cite(?::\w+)?\}`([^`]+)`", text)
    cited = {key.strip() for role in roles for key in role.split(",")}
    assert len(entries) == len(set(entries)) > 30
    assert cited == set(entries)

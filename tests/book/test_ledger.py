"""The ledger: settling a statement, and the file held against the executed notebooks."""

import dataclasses
import subprocess
import sys
from pathlib import Path

import nbformat
import numpy as np
import pytest
import torch
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from rnn_course import cli, effects, ledger, ledger_report
from rnn_course.ledger import StatementNotSettled, settle

SETTLE = "from rnn_course.ledger import settle\n"
S11 = SETTLE + 'settle("S1.1", {holds}, "{{n:,}} parameters", n=9344)'


def execute(folder: Path, stem: str, *sources: str, fails: bool = False) -> None:
    """Write an executed notebook."""
    notebook = new_notebook(
        cells=[
            new_markdown_cell("# Summarise\n\nText.\n\n# No title"),
            *map(new_code_cell, sources),
        ]
    )
    client = NotebookClient(notebook, timeout=60, kernel_name="python3")
    if fails:
        with pytest.raises(CellExecutionError):
            client.execute()
    else:
        client.execute()
    nbformat.write(notebook, folder / f"{stem}.ipynb")


def only(**states: str) -> list[ledger.Statement]:
    """The ledger's statements, all open but those named, such as S1_1="settled"."""
    return [
        dataclasses.replace(s, state=states.get(s.id.replace(".", "_"), "open"))
        for s in ledger.load()
    ]


# settle


def test_settle_prints_one_line_with_rounded_figures(capsys):
    settle(
        "S1.3",
        {"above the bag": 0.7012 > 0.585},
        "right for {rnn:.0%} of {n:,}, not {bag:.1%}",
        rnn=0.7012,
        bag=np.float32(0.585),
        n=torch.tensor(3321),
    )
    assert capsys.readouterr().out == "S1.3 settled: right for 70% of 3,321, not 58.5%\n"


def test_settle_lists_the_figures_without_a_text(capsys):
    settle("S1.1", holds=np.bool_(True), parameters=9344, largest_difference=1.23456e-9)
    assert capsys.readouterr().out == (
        "S1.1 settled: parameters 9,344, largest difference 1.23e-09\n"
    )


def test_settle_names_what_failed_and_what_was_measured(capsys):
    conditions = {"above the bag": False, "above chance": True, "under the n-grams": False}
    with pytest.raises(StatementNotSettled) as caught:
        settle("S1.3", conditions, "{rnn:.0%}", rnn=0.58499)
    assert str(caught.value) == (
        "S1.3: above the bag, under the n-grams does not hold; measured: rnn = 0.58499"
    )
    assert capsys.readouterr().out == ""


def test_the_condition_sees_unrounded_figures():
    rnn, bag = 0.7001, 0.7004
    with pytest.raises(StatementNotSettled, match=r"rnn = 0\.7001, bag = 0\.7004"):
        settle("S1.3", rnn > bag, "{rnn:.0%} against {bag:.0%}", rnn=rnn, bag=bag)


@pytest.mark.parametrize(
    "holds",
    [1.0, 1, "yes", None, np.array([True, True]), np.array([True]), torch.tensor([1.0]), [True]],
)
@pytest.mark.parametrize("named", [False, True])
def test_a_condition_is_a_bool(holds, named):
    with pytest.raises(TypeError, match=r"holds\['.*'\]: expected True or False, got"):
        settle("S1.1", {"same": holds} if named else holds, n=1)


def test_no_condition_at_all_is_refused():
    with pytest.raises(ValueError, match="holds: expected at least one condition, got an empty"):
        settle("S1.1", {}, n=1)


@pytest.mark.parametrize(
    "figure, error",
    [
        (float("nan"), ValueError),
        (float("inf"), ValueError),
        (np.float64("nan"), ValueError),
        (torch.tensor(float("nan")), ValueError),
        ("70 %", TypeError),
        (True, TypeError),
        (None, TypeError),
        (np.ones(2), TypeError),
        (torch.ones(1), TypeError),
        ([1.0], TypeError),
    ],
)
def test_a_figure_is_a_finite_number(figure, error):
    with pytest.raises(error, match=r"accuracy: expected a (finite )?number, got"):
        settle("S1.1", True, accuracy=figure)


@pytest.mark.parametrize("name", ["S9.1", "S1.5", "s1.1", "G0", "", None])
def test_an_unknown_statement(name):
    with pytest.raises(ValueError, match=r"statement: expected one of S1.1, S1.2, .*S8.3.*, got"):
        settle(name, True, n=1)


@pytest.mark.parametrize(
    "text, got", [("{n} of {m}", "m, n"), ("nothing", "none"), ("{n.real}", "n.real"), ("{}", "")]
)
def test_text_and_figures_match(text, got):
    with pytest.raises(ValueError, match=f"text: expected the fields n, got {got}"):
        settle("S1.1", True, text, n=1)


@pytest.mark.parametrize(
    "text, error, message",
    [
        ("{n", ValueError, "text: expected words with fields such as {n:,}, got '{n'"),
        (3, TypeError, "text: expected words with fields such as {n:,}, got 3"),
        ("{n:q}", ValueError, "text: expected a rounding of n, got 'q'"),
    ],
)
def test_a_text_that_cannot_be_filled_in_is_named(text, error, message):
    with pytest.raises(error) as caught:
        settle("S1.1", True, text, n=1)
    assert str(caught.value).startswith(message)


def test_a_verdict_is_one_line():
    with pytest.raises(ValueError, match="text: expected one line"):
        settle("S1.1", True, "{n}\nS1.2 settled: by stealth", n=1)


def test_no_figure_at_all_is_refused():
    with pytest.raises(ValueError, match="figures: expected at least one"):
        settle("S1.1", True)


# the file


def test_the_file_lists_the_33_statements():
    per_section = {"S1": 4, "S2": 4, "S3": 3, "S4": 5, "S5": 4, "S6": 4, "S7": 6, "S8": 3}
    assert [s.id for s in ledger.load() if not s.own] == [
        f"{section}.{n + 1}" for section, count in per_section.items() for n in range(count)
    ]


@pytest.mark.parametrize(
    "old, new, message",
    [
        ('id = "S1.2"', 'id = "S1.1"', "S1.1: duplicate id"),
        ('id = "S1.2"', 'id = "S9.2"', "S9.2: expected a section among S1, S2"),
        ('id = "S1.2"', 'id = "G1.2"', "G1.2: expected an id such as S1.1 or G1, got 'G1.2'"),
        ('state = "settled"', 'state = "done"', "S1.1: expected state settled or open, got 'done'"),
        ('chapter = "01_summarise"', 'chapter = ""', "S1.1: settled, but no chapter is named"),
        ('id = "S1.2"\n', "", "a statement without id: expected id, text, chapter, state"),
        (
            'id = "S1.2"',
            'id = "S1.2"\nslide = 3',
            "S1.2: expected id, text, chapter, state, kind, saboteur, got",
        ),
        ('kind = "measured"\n', "", "S1.3: expected id, text, chapter, state, kind, saboteur, got"),
        (
            'kind = "measured"',
            'kind = "seen"',
            "S1.3: expected kind measured or construction, got 'seen'",
        ),
        ('saboteur = "the labels are shuffled"', 'saboteur = ""', "S1.3: no saboteur is named"),
        ('kind = "construction"', 'kind = "measured"', "S1.1: expected tested where it holds by"),
        ('tested = "the unfolded', 'saboteurs = "the unfolded', "S1.1: expected id, text"),
        (
            '[statement.effect]\nscale = "new',
            '[spare]\nscale = "new',
            "S1.3: measured, but no effec",
        ),
        ('scale = "new names', 'scales = "new names', "S1.3: effect: expected scale and found"),
        ('{"the network" = "network"}', "{}", "S1.3: effect: nothing is found"),
        ('"the network" = "network"', '"the network" = 0.65', "S1.3: effect: a bar is the name of"),
        (
            '[[statement]]\nid = "S1.1"',
            '[spare]\nid = "S1.1"',
            "expected 33 statements of the lecture, got 32",
        ),
    ],
)
def test_a_malformed_file_names_the_statement(tmp_path, old, new, message):
    text = ledger.FILE.read_text(encoding="utf-8")
    assert old in text
    (tmp_path / "ledger.toml").write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ValueError, match=message):
        ledger.load(tmp_path / "ledger.toml")


OWN = """
[[statement]]
id = "M99"
text = "The book says so."
chapter = "01_summarise"
state = "settled"
kind = "construction"
saboteur = "it does not"
tested = "it is looked up"
"""


def with_own(folder: Path, sections: str = 'G = "Beyond') -> tuple[ledger.Statement, ...]:
    """The ledger with one more statement of the book's own."""
    text = ledger.FILE.read_text(encoding="utf-8").replace('G = "Beyond', sections)
    (folder / "ledger.toml").write_text(text + OWN, encoding="utf-8")
    return ledger.load(folder / "ledger.toml")


def test_the_statements_of_the_books_own_are_counted_apart(tmp_path):
    *before, last = statements = with_own(tmp_path)
    assert [s.id for s in before if s.own] == [s.id for s in ledger.load() if s.own]
    assert last.own and last.section == "M · Recurrences that need not wait: the book's own"
    assert ledger_report.count_line(statements) == ledger_report.count_line(ledger.load())
    assert ledger_report.count_line([last], own=True) == (
        "1 of 1 settled: 0 measured, 1 by construction"
    )
    *_, own, lectures = ledger_report.as_text(statements, []).splitlines()
    assert own.startswith("The book's own: ") and lectures.startswith("33 of 33 settled")
    page = ledger_report.as_markdown(statements, [])
    assert "for each of the 33 statements of the lecture" in page
    lecture, apart = page.split("\n## G · Beyond the deck: the book's own\n")
    assert "### S8.3" in lecture and "### S" not in apart and "### M99" in apart
    for letter, before in (("G", "is counted apart: "), ("M", "the book's own\n\n")):
        own = [s for s in statements if s.id.startswith(letter)]
        assert f"{before}**{ledger_report.count_line(own, own=True)}.** Of these," in apart


def test_the_lectures_statements_come_first_and_all_are_in_order():
    own = [(s.id[0], int(s.id[1:])) for s in ledger.load() if s.own]
    assert own == sorted(own)
    assert not any(s.own for s in ledger.load()[: ledger.COUNT])


def test_a_statement_of_the_books_own_needs_its_section(tmp_path):
    with pytest.raises(ValueError, match=r"G\d+: expected a section among S1, S2, .*, got G"):
        with_own(tmp_path, sections='H = "Beyond')


def test_a_verdict_of_the_books_own_is_read():
    said = "G12 settled: 1 of 2\nG2P settled: no\nG1.1 settled: no"
    assert ledger.VERDICT.findall(said) == [("G12", "1 of 2")]


def test_a_file_that_is_not_toml_is_named(tmp_path):
    (tmp_path / "ledger.toml").write_text("[sections\n", encoding="utf-8")
    with pytest.raises(ValueError, match=r"^ledger.toml: not valid TOML \(.*line 1"):
        ledger.load(tmp_path / "ledger.toml")
    (tmp_path / "other.toml").write_bytes(b"\xff")
    with pytest.raises(ValueError, match=r"^other.toml: not valid TOML \(.*can't decode"):
        ledger.load(tmp_path / "other.toml")


# the file against executed notebooks


@pytest.fixture(scope="module")
def settled(tmp_path_factory):
    """A folder with a chapter that settles S1.1."""
    folder = tmp_path_factory.mktemp("notebooks")
    execute(folder, "01_summarise", S11.format(holds=True))
    return folder


def test_a_settled_statement_is_found_and_glued(settled):
    found = ledger.verdicts(settled)
    line = "9,344 parameters"
    assert found == [("S1.1", "01_summarise", "Summarise", line, True, {"n": "9,344"})]
    assert ledger.problems(only(S1_1="settled"), found) == []
    outputs = nbformat.read(settled / "01_summarise.ipynb", 4).cells[1].outputs
    assert [(o.metadata.scrapbook.name, *o.data.values()) for o in outputs[1:]] == [
        ("S1.1.n", "'9,344'")
    ]


def test_a_claim_that_no_notebook_shows(settled):
    states = only(S1_1="settled", S1_2="settled")
    assert ledger.problems(states, ledger.verdicts(settled)) == [
        "S1.2: the ledger says settled, but 01_summarise does not show it"
    ]


def test_a_verdict_on_what_the_file_calls_open(settled):
    assert ledger.problems(only(), ledger.verdicts(settled)) == [
        "S1.1: the ledger says open, but 01_summarise settles it"
    ]


def test_a_verdict_that_raised(tmp_path):
    execute(tmp_path, "01_summarise", S11.format(holds=False), fails=True)
    assert ledger.problems(only(S1_1="settled"), ledger.verdicts(tmp_path)) == [
        "S1.1: not settled in 01_summarise: the condition does not hold; measured: n = 9344",
        "S1.1: the ledger says settled, but 01_summarise does not show it",
    ]


def test_a_verdict_in_another_chapter_or_twice_or_unknown():
    found = [
        ledger.Verdict(name, chapter, "T", "n 1", True)
        for name, chapter in [
            ("S1.1", "02_other"),
            ("S1.2", "01_summarise"),
            ("S1.2", "01_summarise"),
            ("S0.7", "01_summarise"),
        ]
    ]
    assert ledger.problems(only(S1_1="settled", S1_2="settled"), found) == [
        "S1.2: settled more than once",
        "S1.1: the ledger says 01_summarise settles it, but 02_other does",
        "S0.7: unknown to the ledger",
    ]


def test_the_course_shows_what_its_ledger_claims(root):
    assert ledger.problems(ledger.load(), ledger.verdicts(root / "notebooks")) == []


def test_the_page_of_the_book_is_up_to_date(root):
    page = ledger_report.as_markdown(ledger.load(), ledger.verdicts(root / "notebooks"))
    assert (root / "book" / "ledger.md").read_text(encoding="utf-8") == page + "\n"


# the command line


def test_the_command_prints_every_statement_and_the_count(root):
    done = subprocess.run(
        [sys.executable, "-m", "rnn_course", "ledger"], cwd=root, capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (0, "")
    *lines, count = done.stdout.splitlines()
    assert count == "33 of 33 settled: 24 measured, 9 by construction"
    found = {v.id: v.line for v in ledger.verdicts(root / "notebooks")}
    for s in ledger.load():
        kind = {"measured": "measured", "construction": "by construction"}[s.kind]
        at = lines.index(f"  {s.id}  {s.state}  {s.chapter}")
        assert lines[at + 1 : at + 4] == [
            f"        {line}"
            for line in (s.text, f"{kind}: {found[s.id]}", f"fails when {s.saboteur}")
        ]


def test_what_is_open_is_counted_as_neither_kind():
    assert ledger_report.count_line(only()) == "0 of 33 settled: 0 measured, 0 by construction"
    assert ledger_report.count_line(only(S1_1="settled", S1_3="settled", S1_4="settled")) == (
        "3 of 33 settled: 2 measured, 1 by construction"
    )


def test_the_page_shows_the_figures_and_the_saboteur_beside_the_verdict():
    first, _, third, *_ = statements = only(S1_1="settled", S1_3="settled")
    figures = {"network": "65%", "majority": "7%", "bag": "58%", "ngrams": "85%"}
    found = [
        ledger.Verdict(name, "01_summarise", "Title", "70% right.", True, figures)
        for name in ("S1.1", "S1.3")
    ]
    page = ledger_report.as_markdown(statements, found)
    assert f"### S1.1\n\n**{first.text}**\n\n*By construction:* 70% right.\n" in page
    assert f"\n*Tested:* {first.tested}.\n\n*Fails when* {first.saboteur}.\n" in page
    assert (
        f"**{third.text}**\n\n"
        "| new names right | figure |\n| --- | --- |\n| **the network** | 65% |\n"
        "| most frequent language | 7% |\n| bag of characters | 58% |\n| n-grams | 85% |\n\n"
        "*Measured:* 70% right.\n\n*Fails when* the labels are shuffled.\n\n"
        "See the [verdict](../notebooks/01_summarise.ipynb#verdict-S1.3) in "
        "[Title](../notebooks/01_summarise.ipynb#S1.3).\n"
    ) in page
    assert f"### S1.2\n\n**{statements[1].text}**\n\n*Open.*\n" in page
    assert "**2 of 33 settled: 1 measured, 1 by construction.**" in page


# the figures of an effect

BARS = {"scale": "{n} names", "found": {"a": "x"}, "baseline": {"b": "y"}, "limit": {"c": "z"}}


@pytest.mark.parametrize(
    "texts, shares",
    [
        (("65%", "7%", "100%"), [0.65, 0.07, 1]),
        (("0.25", "0.5", "0.75"), [0.25, 0.5, 0.75]),
        (("1,000", "250", "2,000"), [0.5, 0.125, 1]),
    ],
)
def test_figures_are_drawn_on_one_scale(texts, shares):
    effect = effects.read(BARS)
    figures = dict(zip("xyz", texts, strict=True)) | {"n": "9"}
    assert effect.title(figures) == "9 names"
    drawn = effect.draw(figures)
    assert [bar.share for bar in drawn] == shares
    assert [(bar.role, bar.label, bar.text) for bar in drawn] == [
        ("found", "a", texts[0]),
        ("baseline", "b", texts[1]),
        ("limit", "c", texts[2]),
    ]


def test_a_figure_that_settle_was_not_given_is_refused():
    with pytest.raises(ValueError, match="no figure n, z among x, y"):
        effects.read(BARS).draw({"x": "1", "y": "2"})
    with pytest.raises(ValueError, match="could not convert"):
        effects.read(BARS).draw({"x": "1", "y": "many", "z": "3", "n": "9"})


def test_the_command_fails_where_file_and_notebooks_disagree(tmp_path, capsys):
    assert cli.main(["ledger", "--notebooks", str(tmp_path)]) == 1
    assert "S1.4: the ledger says settled, but 01_summarise does not" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments, message",
    [
        ([], "required: command"),
        (["leger"], "invalid choice: 'leger'"),
        (["ledger", "--html"], "unrecognized arguments: --html"),
        (["ledger", "--notebooks", "nowhere"], "expected a folder of notebooks, got nowhere"),
    ],
)
def test_wrong_usage_of_the_command_is_explained(arguments, message, capsys):
    with pytest.raises(SystemExit) as stopped:
        cli.main(arguments)
    assert stopped.value.code == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    "first",
    [
        "",
        "import sys; sys.modules['myst_nb'] = None\n",
        "import sys; sys.modules['IPython'] = None\n",
    ],
)
def test_settle_prints_just_its_line_in_a_plain_script(first):
    script = (
        first
        + S11.format(holds=True)
        + "\nimport sys; assert sys.modules.get('myst_nb') is None, 'glued'"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", script], capture_output=True, text=True
    )
    assert (done.stdout, done.stderr) == ("S1.1 settled: 9,344 parameters\n", "")


def test_settle_works_in_a_notebook_without_myst_nb(tmp_path):
    execute(
        tmp_path,
        "01_summarise",
        "import sys; sys.modules['myst_nb'] = None",
        S11.format(holds=True),
    )
    assert [v.line for v in ledger.verdicts(tmp_path)] == ["9,344 parameters"]


def test_what_holds_in_part_is_told_apart(tmp_path):
    assert [s.id for s in ledger.load() if s.outcome == "holds in part"] == ["S7.2"]
    assert ledger_report.outcomes(ledger.load()) == "Of these, 32 hold and 1 holds in part."
    assert ledger_report.outcomes(only(S1_1="settled")) == "Of these, 1 holds."
    text = ledger.FILE.read_text(encoding="utf-8").replace('"holds in part"', '"maybe"')
    (tmp_path / "ledger.toml").write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match="S7.2: expected outcome holds or holds in part, got 'may"):
        ledger.load(tmp_path / "ledger.toml")

"""The long run's weights: saved beside the results, scored again, asked for words."""

from __future__ import annotations

import json

import pytest
import torch

from rnn_course import cli, experiments
from rnn_course.experiments import g2p
from rnn_course.storage import FOLDER_VARIABLE
from rnn_course.tasks.pronunciations import pronunciations, read_file

FILE = "deep  D IY1 P\ndeeply  D IY1 P L IY0\nread  R EH1 D\nread(2)  R IY1 D\n"


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    """A network trained for moments with four lines held out, by the command itself."""
    folder = tmp_path_factory.mktemp("g2p")
    (folder / "words.dict").write_text(FILE)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(FOLDER_VARIABLE, str(folder / "cache"))
        patch.setattr(g2p, "WHOLE", {**g2p.WHOLE, "n_hidden": 8, "n_context": 4, "epochs": 1})
        patch.setattr(g2p, "pronunciations", lambda stress, limit=None, held_out=None:
                      pronunciations(stress, limit or 300, held_out))
        assert cli.main(["experiment", "g2p", "--test-words", str(folder / "words.dict")]) == 0
        yield folder


def test_held_out_words_are_trained_without_and_scored(tiny, capsys):
    words = read_file(tiny / "words.dict", stress=True)
    [place] = (tiny / "cache").glob("g2p-*")
    assert sorted(path.name for path in place.iterdir()) == ["g2p.json", "g2p.safetensors"]
    assert list((tiny / "cache" / "experiments").iterdir()) == []
    [trial] = json.loads((place / "g2p.json").read_text())["trials"]
    assert trial["setting"]["held_out"] == g2p.mark(words) and trial["figures"]["words"] == 3

    assert cli.main(["evaluate", "g2p", "--words", str(tiny / "words.dict")]) == 0
    printed = capsys.readouterr().out
    assert printed.startswith("3 words that were not in training")
    for name, label in (("per", "greedy, stress removed"), ("per_stress", "greedy, with stress"),
                        ("beam_per", "beam of 5, stress removed")):
        [line] = [line for line in printed.splitlines() if line.startswith(label)]
        per = float(line.split()[-2].rstrip("%")) / 100
        assert per == pytest.approx(trial["figures"][name], rel=1e-3)

    other = tiny / "other.dict"
    other.write_text(FILE + "steep  S T IY1 P\n")
    assert cli.main(["evaluate", "g2p", "--words", str(other)]) == 2
    assert f"experiment g2p --test-words {other}" in capsys.readouterr().err
    assert cli.main(["evaluate", "g2p", "--words", str(other), "--folder", str(place)]) == 2
    assert "weights for which these words were held out" in capsys.readouterr().err
    assert cli.main(["evaluate", "g2p", "--folder", str(place)]) == 2
    assert "weights for which these words were held out" in capsys.readouterr().err


def test_words_are_said_and_wrong_ones_explained(tiny, capsys):
    [place] = (tiny / "cache").glob("g2p-*")
    assert cli.main(["g2p", "Deep", "o'clock", "--folder", str(place)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split("  ")[0] for line in lines] == ["Deep", "o'clock"]
    phones = set(pronunciations(stress=True, limit=1).phones)
    assert all(set(line.split("  ")[1].split()) <= phones for line in lines)
    for word in ("naïve", "able-bodied", "42", ""):
        assert cli.main(["g2p", word, "--folder", str(place)]) == 2
        assert "expected letters a to z and apostrophes, got" in capsys.readouterr().err


def test_without_weights_it_says_how_to_train(tmp_path, capsys):
    for command in (["g2p", "deep"], ["evaluate", "g2p"]):
        assert cli.main([*command, "--folder", str(tmp_path)]) == 2
        said = capsys.readouterr().err
        assert "no trained weights" in said and "python -m rnn_course experiment g2p" in said


def test_damaged_weights_are_refused(tiny, tmp_path, capsys):
    [place] = (tiny / "cache").glob("g2p-*")
    (tmp_path / "g2p.json").write_bytes((place / "g2p.json").read_bytes())
    data = bytearray((place / "g2p.safetensors").read_bytes())
    data[-1] ^= 1
    (tmp_path / "g2p.safetensors").write_bytes(data)
    assert cli.main(["g2p", "deep", "--folder", str(tmp_path)]) == 2
    assert "damaged" in capsys.readouterr().err


@pytest.mark.parametrize(("arguments", "message"), [
    (["experiment", "edges", "--test-words", "x"], "only the experiment g2p can hold out words"),
    (["evaluate", "edges"], "invalid choice: 'edges'"),
    (["g2p"], "the following arguments are required: WORD"),
])
def test_misuse_is_explained(arguments, message, capsys):
    with pytest.raises(SystemExit) as stopped:
        cli.main(arguments)
    assert stopped.value.code == 2
    assert message in capsys.readouterr().err


def test_a_file_of_words_that_is_wrong_is_named(tmp_path, capsys):
    assert cli.main(["evaluate", "g2p", "--words", str(tmp_path / "none")]) == 2
    assert "none" in capsys.readouterr().err
    (tmp_path / "bad").write_text("deep D IY1 P\nable-bodied EY1\n")
    assert cli.main(["experiment", "g2p", "--test-words", str(tmp_path / "bad")]) == 2
    assert "bad, line 2: expected a word" in capsys.readouterr().err


def test_rates_accept_any_listed_pronunciation(monkeypatch):
    task = pronunciations(stress=True, limit=1)
    words = ["read", "deep"]
    monkeypatch.setattr(g2p, "say", lambda *_: [("R", "IY0", "D"), ("D", "IY1", "B", "P")])
    x, lengths = g2p.spelled(words, task)
    split = g2p.Split(x, torch.ones(2, dtype=torch.int64), lengths)
    assert g2p.rates(None, task, split) == pytest.approx(
        {"per": 1 / 6, "wer": 1 / 2, "per_stress": 2 / 6, "wer_stress": 1})


def test_the_committed_weights_score_as_the_results_say():
    model, task, held_out = g2p.trained()
    [figures] = [t["figures"] for t in experiments.results("g2p", limit=None)]
    assert held_out is None and figures["words"] == len(task.test)
    few = slice(0, len(task.test), 8)
    some = g2p.Split(task.test.x[few], task.test.y[few], task.test.lengths[few],
                     task.test.y_lengths[few])
    assert g2p.rates(model, task, some)["per"] == pytest.approx(figures["per"], abs=0.02)

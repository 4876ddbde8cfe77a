"""The long runs: what is kept, what is resumed, and that the committed results are repeatable."""

import importlib
import inspect
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from rnn_course import cli, experiments
from rnn_course.experiments import base, running, spreading

ROOT = Path(__file__).resolve().parents[2]


def made(trial, seeds=(0, 1, 2), **more):
    asked = {
        "name": "dashed_edges",
        "about": "A test.",
        "statements": ("S3.2",),
        "settings": tuple({"seed": seed} for seed in seeds),
        "trial": trial,
        "small": ({"seed": seeds[0]},),
        "tolerance": {"loss": 0.1},
    }
    return experiments.Experiment(**asked | more)


def test_each_trial_is_kept_as_it_ends_and_none_is_run_twice(tmp_path):
    ran = []

    def trial(checkpoint, progress, device, seed):
        ran.append(seed)
        if seed == 2 and ran.count(2) == 1:
            checkpoint.write_text("half-way")
            raise KeyboardInterrupt
        assert checkpoint.exists() == (seed == 2)
        return {"loss": seed + 1 / 3, "curve": [1, 0.5]}

    with pytest.raises(KeyboardInterrupt):
        experiments.run(made(trial), tmp_path, progress=False, scratch=tmp_path / "scratch")
    assert [t["setting"]["seed"] for t in experiments.results("dashed_edges", tmp_path)] == [0, 1]
    path = experiments.run(made(trial), tmp_path, progress=False, scratch=tmp_path / "scratch")
    assert ran == [0, 1, 2, 2]
    assert list((tmp_path / "scratch").iterdir()) == []
    content = json.loads(path.read_text())
    assert [t["figures"] for t in content["trials"]] == [
        {"loss": value, "curve": [1, 0.5]} for value in (0.33333, 1.3333, 2.3333)
    ]
    assert content["command"] == "python -m rnn_course experiment dashed_edges"
    assert {"date", "versions", "machine", "statements", "about"} < set(content)
    assert content["versions"]["torch"].startswith("2.")
    assert experiments.results("dashed_edges", tmp_path, seed=1)[0]["figures"]["loss"] == 1.3333


def test_a_trial_whose_weights_are_gone_is_run_again(tmp_path):
    ran = []

    def trial(checkpoint, progress, device, seed):
        ran.append(seed)
        if seed == 1:
            checkpoint.with_suffix(".weights").write_text("weights")
        return {"loss": float(seed)}

    for gone in (False, False, True, False):
        if gone:
            (tmp_path / "dashed_edges.safetensors").unlink()
        experiments.run(
            made(trial, kept={"seed": 1}), tmp_path, progress=False, scratch=tmp_path / "scratch"
        )
        assert (tmp_path / "dashed_edges.safetensors").read_text() == "weights"
        assert [t["setting"]["seed"] for t in experiments.results("dashed_edges", tmp_path)] == [
            0,
            1,
            2,
        ]
    assert ran == [0, 1, 2, 1]


def test_experiments_with_weights_say_which_trial_leaves_them():
    kept = {name: experiments.find(name).kept for name in experiments.NAMES}
    assert {name for name in kept if kept[name]} == {
        path.stem for path in base.FOLDER.glob("*.safetensors")
    }


def test_settings_that_an_experiment_no_longer_has_leave_the_file(tmp_path):
    def trial(checkpoint, progress, device, seed):
        return {"loss": float(seed)}

    for seeds in ((0, 1), (1, 5)):
        experiments.run(made(trial, seeds), tmp_path, progress=False, scratch=tmp_path)
    assert [t["setting"]["seed"] for t in experiments.results("dashed_edges", tmp_path)] == [1, 5]


@pytest.mark.parametrize("value", [float("nan"), "many", None, True, [1.0, float("inf")]])
def test_figures_are_finite_numbers(tmp_path, value):
    with pytest.raises(ValueError, match="edges: loss: expected finite numbers"):
        experiments.run(
            made(lambda **_: {"loss": value}), tmp_path, progress=False, scratch=tmp_path
        )
    assert not (tmp_path / "dashed_edges.json").exists()


TRIAL = '{"setting": {"seed": 0}, "figures": {"loss": 1}, "seconds": 0}'


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "3",
        "{}",
        '{"trials": [{"setting": {}}]}',
        '{"trials": 3}',
        '{"trials": {}}',
        '{"trials": [3]}',
        '{"trials": [{"setting":[],"figures":{},"seconds":0}]}',
        *(
            f'{{"trials": [{TRIAL.replace(*wrong)}]}}'
            for wrong in (
                ('{"loss": 1}', "[]"),
                ('{"loss": 1}', '{"loss": "low"}'),
                ("1", "NaN"),
                ("1", "null"),
                ('"seconds": 0', '"seconds": "long"'),
                (', "seconds": 0', ""),
                ("1", "[[1], [{}]]"),
            )
        ),
    ],
)
def test_a_results_file_that_cannot_be_read_is_named_and_not_overwritten(tmp_path, text):
    path = tmp_path / "dashed_edges.json"
    path.write_text(text)
    with pytest.raises(ValueError, match="edges.json: not a results file"):
        experiments.run(made(lambda **_: {"loss": 0.0}), tmp_path, progress=False, scratch=tmp_path)
    assert path.read_text() == text


def test_a_sound_file_is_read(tmp_path):
    (tmp_path / "dashed_edges.json").write_text(f'{{"trials": [{TRIAL}]}}')
    assert experiments.results("dashed_edges", str(tmp_path), seed=0)[0]["figures"] == {"loss": 1}


@pytest.mark.parametrize("where", ["results", "scratch", "a folder in the weights' place"])
def test_a_place_that_cannot_be_written_is_found_before_the_first_trial(where, tmp_path):
    def never(**_):
        raise AssertionError("a trial has been run")

    (tmp_path / "file").write_text("")
    (tmp_path / "dashed_edges.safetensors").mkdir()
    folder = {"results": tmp_path / "file" / "results", "scratch": tmp_path / "results"}.get(
        where, tmp_path
    )
    scratch = tmp_path / "file" / "scratch" if where == "scratch" else tmp_path / "scratch"
    with pytest.raises(OSError, match="cannot be written|got a folder"):
        experiments.run(made(never), folder, progress=False, scratch=scratch)


def test_where_all_is_done_nothing_has_to_be_written(tmp_path, monkeypatch):
    def trial(checkpoint, progress, device, seed):
        return {"loss": float(seed)}

    path = experiments.run(made(trial), tmp_path, progress=False, scratch=tmp_path / "scratch")
    monkeypatch.setattr(running, "make_sure_of", None)
    monkeypatch.setattr(spreading, "cache_folder", None)
    assert experiments.run(made(trial), tmp_path, progress=False) == path


def test_the_command_names_a_folder_that_cannot_be_written(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(experiments, "find", lambda name: made(None))
    (tmp_path / "file").write_text("")
    assert cli.main(["experiment", "dashed_edges", "--folder", str(tmp_path / "file" / "x")]) == 2
    said = capsys.readouterr().err
    assert "the folder cannot be written (Not a directory)" in said and "Traceback" not in said


def test_what_is_asked_for_wrongly():
    with pytest.raises(TypeError, match="experiment: expected a Experiment, got str"):
        experiments.run("edges")
    with pytest.raises(TypeError, match="settings, small: expected a Mapping, got int"):
        made(None, settings=(3,))
    with pytest.raises(TypeError, match="edges: figures: expected a Mapping, got float"):
        experiments.one_trial(made(lambda **_: 0.5), {"seed": 0}, Path("unused"))
    with pytest.raises(ValueError, match="experiment: expected one of summarise, .* got 'music'"):
        experiments.find("music")
    with pytest.raises(ValueError, match="settings: .* all different, got 2, 1 of them"):
        made(None, (1, 1))
    with pytest.raises(ValueError, match="small: expected settings of the experiment"):
        made(None, small=({"seed": 9},))
    with pytest.raises(ValueError, match="kept: expected settings of the experiment"):
        made(None, kept={"seed": 9})
    with pytest.raises(
        ValueError, match="name: .* run: python -m rnn_course experiment dashed_edges"
    ):
        experiments.results("dashed_edges", ROOT / "tests")
    with pytest.raises(ValueError, match="where: expected settings of 'dashed_edges'"):
        experiments.results("dashed_edges", seed=-1)


def test_a_figure_is_read_by_seed_and_by_the_settings_asked_for():
    read = experiments.figures
    [one] = read("accuracy", "long_gaps", architecture="GRU", gap=20, seed=3)
    assert read("accuracy", "long_gaps", architecture="GRU", gap=20)[3] == one
    nested = read(
        "accuracy",
        "long_gaps",
        by=("architecture", "gap"),
        architecture=["LSTM, forget bias 1", "GRU"],
        gap=(20, 3),
    )
    assert list(nested) == ["LSTM, forget bias 1", "GRU"] and list(nested["GRU"]) == [20, 3]
    assert nested["GRU"][20][3] == one
    assert list(read("nll", "transplant", by="below", limit=None)) == [
        "raw",
        "untrained",
        "alone",
        "joint",
    ]
    # a setting may be called `name`
    assert len(read("nll", "deep", name="shallow", lr=3e-3)) == 5


def test_seeds_come_in_order_wherever_they_are_in_the_file(tmp_path):
    trials = ",".join(
        f'{{"setting": {{"model": "{model}", "seed": {seed}}}, "figures": {{"loss": {seed}}}, '
        '"seconds": 0}'
        for model, seed in (("b", 2), ("a", 1), ("b", 0), ("a", 3))
    )
    (tmp_path / "deep.json").write_text(f'{{"trials": [{trials}]}}')
    assert experiments.figures("loss", "deep", tmp_path) == [0, 1, 2, 3]
    assert experiments.figures("loss", "deep", tmp_path, by="model") == {"b": [0, 2], "a": [1, 3]}


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        (("loss", "long_gaps"), "figure: expected accuracy, .* got loss"),
        (("accuracy", "music"), "name: expected one of summarise, .* got 'music'"),
    ],
)
def test_a_figure_that_does_not_exist_is_named(asked, message):
    with pytest.raises(ValueError, match=message):
        experiments.figures(*asked)
    with pytest.raises(ValueError, match="by: expected architecture, gap, seed, got model"):
        experiments.figures("accuracy", "long_gaps", by="model")
    with pytest.raises(ValueError, match="where: expected settings of 'long_gaps', got gap=7"):
        experiments.figures("accuracy", "long_gaps", by="gap", gap=(3, 7))


@pytest.mark.parametrize("name", experiments.NAMES)
def test_network_train_and_scores_mean_the_same_in_every_experiment(name):
    experiment = experiments.find(name)
    module = importlib.import_module(f"rnn_course.experiments.{name}")
    expected = {
        "network": [("task", 0), ("seed", 2)],
        "train": [("model", 0), ("task", 1), ("epochs", 2), ("seed", 3), ("options", -1)],
        "scores": [("model", 0), ("task", 1), ("split", 2)],
    }
    for field, places in expected.items():
        function = getattr(experiment, field)
        assert function is getattr(module, field, None)
        if function is not None:
            parameters = [*inspect.signature(function).parameters]
            assert [parameters[place] for _, place in places] == [name for name, _ in places]
    # the first has two, `donor` and `host`; the second times a recurrence
    assert experiment.network or name in ("transplant", "scan")
    shared = name in (
        "gates",
        "remedies",
        "parity",
        "selective",
        "linear",
        "digits",
    )  # which differ in their settings only
    where = "rnn_course.experiments.until_done" if shared else module.__name__
    assert experiment.trial.__module__ == where


def test_disagreements_are_found():
    old = {"figures": {"loss": 1.0, "curve": [1.0, 2.0]}}
    new = {"figures": {"loss": 1.05, "curve": [1.0, 2.3]}}
    assert not experiments.disagreements(old, new, {"loss": 0.1, "curve": 0.5})
    wrong = experiments.disagreements(old, new, {"loss": 0.01, "curve": 0.2})
    assert [line.partition(":")[0] for line in wrong] == ["loss", "curve"]
    short = {"figures": {"loss": 1.0, "curve": [1.0]}}
    assert experiments.disagreements(old, short, {"curve": 9.0}) == [
        "curve: 2 values before, 1 now"
    ]
    assert experiments.disagreements(old, {"figures": {}}, {"loss": 9.0, "acc": 1.0}) == [
        "loss: not among the figures now",
        "acc: not among the figures before nor now",
    ]


@pytest.mark.slow
@pytest.mark.parametrize("name", experiments.NAMES)
def test_the_committed_results_are_whole_small_and_come_out_again(name, tmp_path):
    experiment = experiments.find(name)
    trials = experiments.results(name)
    assert [t["setting"] for t in trials] == [dict(s) for s in experiment.settings]
    path = base.FOLDER / f"{name}.json"
    assert path.stat().st_size < 100_000
    assert json.loads(path.read_text())["about"] == experiment.about
    for number, setting in enumerate(experiment.small):
        again = experiments.one_trial(experiment, setting, tmp_path / f"{number}.safetensors")
        [committed] = [t for t in trials if t["setting"] == dict(setting)]
        assert set(committed["figures"]) == set(again["figures"])
        assert not experiments.disagreements(committed, again, experiment.tolerance)


SLOW = """
import signal
import time
from pathlib import Path
from rnn_course import cli, experiments
from rnn_course.experiments import base, running, spreading

signal.signal(signal.SIGINT, signal.default_int_handler)   # a shell's "&" has it ignored

def trial(checkpoint, progress, device, seed):
    print("trial", seed, flush=True)
    time.sleep(0 if seed == 0 else 60)
    return {"loss": 1.0}

experiment = experiments.Experiment("dashed_edges", "A test.", (), ({"seed": 0}, {"seed": 1}),
                                    trial, ({"seed": 0},), {"loss": 0.1})
experiments.find = lambda name: experiment
raise SystemExit(cli.main(["experiment", "dashed_edges", "--folder", "."]))
"""


def test_interrupted_at_the_keyboard_it_says_how_to_go_on(tmp_path):
    environment = os.environ | {"PYTHONPATH": str(ROOT), "XDG_CACHE_HOME": str(tmp_path)}
    with subprocess.Popen(
        [sys.executable, "-c", SLOW],
        cwd=tmp_path,
        env=environment,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout.readline() == "trial 0\n"
        assert process.stdout.readline() == "trial 1\n"
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Stopped. Nothing is lost" in said and "Traceback" not in said
    assert len(experiments.results("dashed_edges", tmp_path)) == 1


def test_the_command_line_names_the_experiments(capsys):
    with pytest.raises(SystemExit):
        cli.main(["experiment", "music"])
    assert "vector_to_sequence" in capsys.readouterr().err

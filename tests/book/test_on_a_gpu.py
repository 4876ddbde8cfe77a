"""Every chapter, experiment and command from top to bottom on a stand-in for a GPU."""

import importlib
import re
from dataclasses import replace
from pathlib import Path

import matplotlib
import pytest
import torch
from matplotlib.figure import Figure
from shortened import first, run_chapter, shorten
from stand_in_gpu import GPU, stand_in_gpu

from rnn_course import cli, devices, experiments
from rnn_course.experiments import (
    attention,
    encoder_decoder,
    g2p,
    pronunciation,
    spellers,
    spelling,
)
from rnn_course.notebooks import chapters
from rnn_course.training import fit as training

ROOT = Path(__file__).resolve().parents[2]
CHAPTERS = chapters(ROOT / "notebooks")
TRAINS_NOTHING = {"00", "13"}


@pytest.fixture
def worked(monkeypatch):
    """The device that each training or evaluation asked for, and those of its batches."""
    seen = []
    batches = training._batches

    def watched(*given, **named):
        for batch in batches(*given, **named):
            seen[-1].append(batch.x.device)
            yield batch

    monkeypatch.setattr(training, "_batches", watched)
    for name in experiments.NAMES:
        experiments.find(name)  # import it, so that it is shortened
    shorten(monkeypatch, lambda name, device: seen.append([name, device]))
    return seen


@pytest.mark.slow
@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::DeprecationWarning")
def test_every_chapter_runs_and_trains_on_the_device_that_its_reader_chose(
    path, worked, monkeypatch
):
    matplotlib.use("Agg")
    # Movable figures are drawn, but no file is made of their frames.
    monkeypatch.setattr(Figure, "savefig", lambda *_, **__: None)
    monkeypatch.chdir(path.parent)
    threads = torch.get_num_threads()
    try:
        with stand_in_gpu(float64=False):  # as strict as MPS
            run_chapter(path, monkeypatch)
    finally:
        torch.set_num_threads(threads)
    assert worked or path.stem[:2] in TRAINS_NOTHING
    for _, *at in worked:
        assert at and set(at) == {GPU}  # the device asked for, then each batch's
    lines = re.findall(r"\bfind_device\((.*?)\)", path.read_text(encoding="utf-8"))
    assert lines == ([""] if worked else []), "one line in which a reader chooses"


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in experiments.NAMES if name != "scan"])
def test_every_experiment_trains_on_the_accelerator_unless_it_is_told_not_to(
    name, worked, tmp_path, monkeypatch
):
    experiment = experiments.find(name)
    for module in (attention, encoder_decoder, g2p, pronunciation, spelling):
        scores = module.scores
        monkeypatch.setattr(  # all words, by beam, take two minutes here
            module,
            "scores",
            lambda model, task, split, *width, scores=scores: scores(
                model, task, first(split, 300), *width
            ),
        )
    with stand_in_gpu(float64=False):
        for device, where in (("cpu", torch.device("cpu")), (None, GPU)):
            worked.clear()
            experiments.one_trial(
                experiment, experiment.small[0], tmp_path / f"{where}", False, device
            )
            assert worked and {each for _, asked, *at in worked for each in at} == {where}
            assert {asked for _, asked, *at in worked} == {device}


def test_the_experiment_that_trains_nothing_works_there_too(tmp_path, monkeypatch):
    """`scan` times a recurrence."""
    module, seen = importlib.import_module("rnn_course.experiments.scan"), []

    def watched(way):
        return lambda a, b, h0: (seen.append((a.device, b.device, h0.device)), way(a, b, h0))[1]

    monkeypatch.setattr(module, "WAYS", {name: watched(way) for name, way in module.WAYS.items()})
    with stand_in_gpu(float64=False):
        for device, where in (("cpu", torch.device("cpu")), (None, GPU)):
            seen.clear()
            experiments.one_trial(
                module.EXPERIMENT, module.EXPERIMENT.small[0], tmp_path / f"{where}", False, device
            )
            assert len(seen) == 12 and {each for at in seen for each in at} == {where}


@pytest.mark.parametrize("options, where", [([], GPU), (["--device", "cpu"], torch.device("cpu"))])
def test_the_experiment_command_hands_its_device_on(
    options, where, worked, tmp_path, capsys, monkeypatch
):
    find = experiments.find
    monkeypatch.setattr(
        experiments,
        "find",
        lambda name: replace(find(name), settings=find(name).small[:1], small=find(name).small[:1]),
    )
    monkeypatch.setenv("RNN_COURSE_CACHE", str(tmp_path / "cache"))
    with stand_in_gpu():
        assert cli.main(["experiment", "dashed_edges", "--folder", str(tmp_path), *options]) == 0
    assert {each for _, _, *at in worked for each in at} == {where}
    machine = (tmp_path / "dashed_edges.json").read_text()
    assert ("trained on the CPU" if options else f"trained on {GPU}") in machine
    capsys.readouterr()


@pytest.fixture
def few_words(monkeypatch):
    """The trained network with five words to score it on; and the devices on which it said them."""
    trained, say, seen = spellers.trained, g2p.say, []

    def with_few(*given):
        model, task, mark = trained(*given)
        return model, replace(task, test=first(task.test, 5)), mark

    def watched(model, *given):
        seen.append(next(model.parameters()).device)
        return say(model, *given)

    monkeypatch.setattr(spellers, "trained", with_few)
    monkeypatch.setattr(g2p, "say", watched)
    return seen


@pytest.mark.parametrize(
    "command, where",
    [
        (["evaluate", "g2p"], GPU),
        (["evaluate", "g2p", "--device", "cpu"], torch.device("cpu")),
        (["g2p", "network", "--device", GPU.type], GPU),
        (["g2p", "network"], torch.device("cpu")),
    ],
)
def test_the_commands_of_the_trained_network_compute_where_they_are_told(
    command, where, few_words, capsys
):
    on_cpu = [part for part in command if part not in ("--device", GPU.type, "cpu")]
    assert cli.main([*on_cpu, "--device", "cpu"]) == 0
    expected = capsys.readouterr()
    few_words.clear()
    with stand_in_gpu(float64=False):
        assert cli.main(command) == 0
    assert set(few_words) == {where}
    assert capsys.readouterr() == expected


@pytest.mark.parametrize(
    "command", [["experiment", "dashed_edges"], ["evaluate", "g2p"], ["g2p", "a"]]
)
def test_a_device_that_is_not_here_is_no_traceback(command, capsys):
    assert cli.main([*command, "--device", "xpu:7"]) == 2
    assert "device: expected None or one that is here" in capsys.readouterr().err


ASKED = re.compile(r"torch\.(cuda|mps|xpu|accelerator)\b|\.cuda\(|is_cuda|device=\\?[\"']")


@pytest.mark.parametrize(
    "path", [*sorted((ROOT / "rnn_course").rglob("*.py")), *CHAPTERS], ids=lambda path: path.name
)
def test_one_module_alone_asks_for_devices(path):
    text = path.read_text(encoding="utf-8")
    if path == Path(devices.__file__):
        assert ASKED.search(text)
    else:
        found = [line for line in text.splitlines() if ASKED.search(line)]
        assert found == []

"""Trials in several processes and on a cluster: the same results, and none lost on the way."""

import json
import logging
import os
import signal
import subprocess
import sys
import threading
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import distributed
import psutil
import pytest
import torch
from joblib.externals.loky import get_reusable_executor
from safetensors.torch import load_file
from sweeps import HELD_AT, SEEDS, deadly, experiment, hold, notes, saved, wait_until

from rnn_course import cli, experiments
from rnn_course.experiments import cluster, spreading

ROOT = Path(__file__).resolve().parents[2]
ENVIRONMENT = os.environ | {
    "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "tests")]),
    "OMP_NUM_THREADS": "2",  # trials use one all the same
}


def run(folder, **where):
    return experiments.run(experiment(folder), folder, scratch=folder / "scratch", **where)


def figures(folder):
    """Settings and figures in the order of the file, and every bit of the weights."""
    trials = json.loads((folder / "dashed_edges.json").read_text())["trials"]
    rows = [(t["setting"], {k: v for k, v in t["figures"].items() if k != "bar"}) for t in trials]
    weights = load_file(folder / "dashed_edges.safetensors")
    return rows, {name: tensor.tolist() for name, tensor in weights.items()}


@pytest.fixture(scope="module", autouse=True)
def processes():
    """joblib keeps its processes for a while, for the next call."""
    yield
    get_reusable_executor().shutdown(wait=True, kill_workers=True)


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    """The trials one after another, in this process."""
    folder = tmp_path_factory.mktemp("alone")
    threads = torch.get_num_threads()
    torch.set_num_threads(2)  # trials use one all the same
    run(folder, progress=False)
    assert torch.get_num_threads() == 2
    torch.set_num_threads(threads)
    return folder


def pids(folder):
    return {pid for seed in SEEDS for pid in notes(folder, seed)}


def test_trials_in_processes_give_what_they_give_here(alone, tmp_path, capfd, caplog):
    caplog.set_level(logging.INFO, "rnn_course")
    run(tmp_path, jobs=2)
    assert figures(tmp_path) == figures(alone)
    for trial in experiments.results("dashed_edges", tmp_path):
        assert trial["figures"]["threads"] == 1 and not trial["figures"]["bar"]
    assert len(pids(tmp_path)) == 2 and os.getpid() not in pids(tmp_path)
    assert pids(alone) == {os.getpid()}
    assert list((tmp_path / "scratch").iterdir()) == []
    said = capfd.readouterr().err
    assert "| 4/4 " in said
    assert all(f"trial {seed} begins\n" in said for seed in SEEDS)


@pytest.mark.slow
def test_each_trial_is_saved_as_it_ends_and_the_file_has_the_order_of_the_settings(alone, tmp_path):
    hold(tmp_path, 0).touch()  # until the last trial finds the two between in the file
    run(tmp_path, jobs=2, progress=False)
    assert figures(tmp_path) == figures(alone) and saved(tmp_path) == list(SEEDS)


@pytest.mark.slow
@pytest.mark.parametrize(
    "by, held, done", [(signal.SIGKILL, (0, 1), []), (signal.SIGINT, (1,), [0, 2, 3])]
)
def test_a_stopped_run_leaves_no_process_and_goes_on_from_each_checkpoint(
    by, held, done, alone, tmp_path
):
    for seed in held:
        hold(tmp_path, seed).touch()
    script = [sys.executable, ROOT / "tests" / "sweeps.py", tmp_path]
    with subprocess.Popen(
        script, env=ENVIRONMENT, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        wait_until(lambda: all(len(notes(tmp_path, seed)) == HELD_AT for seed in held))
        wait_until(lambda: saved(tmp_path) == done)  # the other process has nothing to do
        children = psutil.Process(process.pid).children(recursive=True)
        assert {child.pid for child in children} >= pids(tmp_path)
        if by == signal.SIGKILL:
            process.kill()
        else:
            os.killpg(process.pid, by)  # as from a terminal: to all of them
        _, said = process.communicate(timeout=200)  # until all have closed stderr
    assert process.returncode == (-by if by == signal.SIGKILL else 130)
    assert psutil.wait_procs(children, timeout=200)[1] == []
    if by == signal.SIGINT:
        assert "Stopped. Nothing is lost" in said
        assert "Traceback" not in said and "Warning" not in said
    for seed in held:
        hold(tmp_path, seed).unlink()
    run(tmp_path, jobs=2, progress=False)
    assert figures(tmp_path) == figures(alone)
    for seed in SEEDS:  # a checkpoint is written every three batches
        assert len(notes(tmp_path, seed)) <= len(notes(alone, seed)) + 4


def kill_when_held(folder, seed):
    """Kill the process of a trial once it is held up, and let later ones pass."""

    def watch():
        wait_until(lambda: len(notes(folder, seed)) == HELD_AT)
        os.kill(notes(folder, seed)[-1], signal.SIGKILL)
        hold(folder, seed).unlink()

    hold(folder, seed).touch()
    thread = threading.Thread(target=watch)
    thread.start()
    return thread


@pytest.mark.slow
def test_a_killed_process_is_named_and_the_run_can_be_resumed(alone, tmp_path):
    thread = kill_when_held(tmp_path, 0)
    with pytest.raises(ChildProcessError, match="was killed.*--jobs.* resumes from here"):
        run(tmp_path, jobs=2, progress=False)
    thread.join()
    run(tmp_path, jobs=2, progress=False)
    assert figures(tmp_path) == figures(alone)


@pytest.mark.parametrize("jobs", [0, -1, 1.5, "2", True])
def test_jobs_is_a_whole_number_above_zero(jobs, tmp_path):
    with pytest.raises(ValueError, match="jobs: expected an integer of at least 1, got"):
        run(tmp_path, jobs=jobs)


# --- on a cluster -------------------------------------------------------------------------------


@contextmanager
def started(folder, *command, **environment):
    """A part of Dask, in a process of its own."""
    with (
        open(folder / f"{command[0]}.log", "w") as log,
        subprocess.Popen(
            [sys.executable, "-m", f"distributed.cli.dask_{command[0]}", *command[1:]],
            env=ENVIRONMENT | environment,
            stdout=log,
            stderr=log,
        ) as process,
    ):
        try:
            yield process
        finally:
            for each in (*psutil.Process(process.pid).children(recursive=True), process):
                each.kill()


@contextmanager
def scheduler(folder, **environment):
    """A Dask scheduler without workers, and its address."""
    file = folder / "scheduler.json"
    options = ["--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--scheduler-file", file]
    with started(folder, "scheduler", *options, **environment) as process:
        wait_until(lambda: file.exists() and file.read_text())
        yield json.loads(file.read_text())["address"], process


@pytest.fixture(scope="module")
def dask(tmp_path_factory):
    """The address of a scheduler with two workers; a trial may cost one of them, not two."""
    folder = tmp_path_factory.mktemp("dask")
    with scheduler(folder, DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES="1") as (address, _):
        options = ["--nthreads", "1", "--nworkers", "2", "--no-dashboard"]
        options += ["--local-directory", folder]
        with started(folder, "worker", address, *options, RNN_COURSE_CACHE=str(folder / "cache")):
            with distributed.Client(address, timeout=200, set_as_default=False) as client:
                client.wait_for_workers(2, timeout=200)
            yield SimpleNamespace(address=address, kept=folder / "cache" / "experiments")


def on_dask(folder, dask, **more):
    return experiments.run(experiment(folder, **more), folder, scheduler=dask.address)


@pytest.mark.slow
def test_trials_on_a_cluster_give_what_they_give_here(alone, dask, tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("RNN_COURSE_CACHE", str(tmp_path / "unused"))
    on_dask(tmp_path, dask)
    assert figures(tmp_path) == figures(alone)
    assert os.getpid() not in pids(tmp_path) and len(pids(tmp_path)) == 2
    assert list(dask.kept.iterdir()) == [] and not (tmp_path / "unused").exists()
    assert "| 4/4 " in capsys.readouterr().err


@pytest.mark.slow
def test_a_trial_whose_worker_was_killed_is_run_again(alone, dask, tmp_path, capsys):
    thread = kill_when_held(tmp_path, 1)
    on_dask(tmp_path, dask)
    thread.join()
    assert figures(tmp_path) == figures(alone)
    assert len(set(notes(tmp_path, 1))) == 2  # the first of them is dead
    assert "| 4/4 " in capsys.readouterr().err


@pytest.mark.slow
def test_a_trial_that_costs_too_many_workers_ends_the_run(dask, tmp_path):
    with pytest.raises(
        ChildProcessError, match=r"2 workers .* the trial {'seed': 0} died.*resumes"
    ):
        on_dask(tmp_path, dask, work=deadly, seeds=(0,))
    assert len(set(notes(tmp_path, 0))) == 2


@pytest.mark.slow
def test_a_scheduler_that_is_lost_is_named(tmp_path, caplog):
    with scheduler(tmp_path) as (address, process):

        class Kill(logging.Handler):
            def emit(self, record):
                process.kill()

        caplog.set_level(logging.INFO, "rnn_course")
        logging.getLogger("rnn_course").addHandler(killer := Kill())
        try:
            with pytest.raises(ConnectionError, match=f"{address} was lost.*resumes from here"):
                on_dask(tmp_path, SimpleNamespace(address=address))
        finally:
            logging.getLogger("rnn_course").removeHandler(killer)
    assert f"No workers yet. To start one: dask worker {address} --nthreads 1" in caplog.text


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:1", "nonsense", "tcp://127.0.0.1"])
def test_a_scheduler_that_does_not_answer_is_named(address, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(cluster, "TIMEOUT", 0.5)
    monkeypatch.setattr(experiments, "find", lambda name: experiment(tmp_path))
    command = ["experiment", "dashed_edges", "--folder", str(tmp_path), "--backend", "dask"]
    assert cli.main([*command, "--scheduler", address]) == 2
    said = capsys.readouterr().err
    assert "scheduler: expected the address of a Dask scheduler, such as tcp://" in said
    assert f"got {address!r}, where none answered within 0.5 seconds" in said


def test_without_dask_the_message_names_the_extra(tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "distributed", None)
    monkeypatch.setattr(experiments, "find", lambda name: experiment(tmp_path))
    command = ["experiment", "dashed_edges", "--folder", str(tmp_path), "--backend", "dask"]
    assert cli.main([*command, "--scheduler", "tcp://127.0.0.1:1"]) == 2
    assert 'need Dask: pip install "rnn-course[cluster]"' in capsys.readouterr().err


@pytest.mark.parametrize(
    "options",
    [["--backend", "dask"], ["--scheduler", "x:1"], ["--backend", "processes", "--scheduler", "x"]],
)
def test_dask_and_an_address_are_given_together(options, capsys):
    with pytest.raises(SystemExit):
        cli.main(["experiment", "deep", *options])
    assert (
        "--backend dask, --scheduler ADDRESS: expected both or neither" in capsys.readouterr().err
    )


def test_a_cluster_has_workers_of_its_own(tmp_path):
    with pytest.raises(ValueError, match="jobs: expected 1 with a scheduler.* got 2"):
        run(tmp_path, jobs=2, scheduler="tcp://127.0.0.1:1")


@pytest.mark.parametrize(
    "threads, torch, message",
    [
        (2, "2.13.0", "tcp://w:1: expected one thread, got 2; start it with --nthreads 1"),
        (1, "2.6.0", r"tcp://w:1: has torch 2\.[0-9.+a-z]+, not 2.6.0$"),
    ],
)
def test_a_worker_that_would_compute_something_else_is_named(
    threads, torch, message, tmp_path, monkeypatch
):
    worker = SimpleNamespace(address="tcp://w:1", state=SimpleNamespace(nthreads=threads))
    monkeypatch.setattr(distributed, "get_worker", lambda: worker)
    there = spreading.versions_for(experiment(tmp_path)) | {"torch": torch}
    with pytest.raises(ValueError, match=message):
        cluster._on_worker({"seed": 0}, experiment(tmp_path), tmp_path, None, there)

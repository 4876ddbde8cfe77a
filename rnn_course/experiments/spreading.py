"""Where the trials of an experiment run: one after another here, or in several processes.

`here`, `in_processes` and `cluster.on_cluster` take an experiment, the settings to be run, the
folder of the checkpoints and the device, and yield an `Outcome` as each trial ends. Asked for the
next, they take it that this one is saved, and remove its checkpoint.
"""

from __future__ import annotations

import hashlib
import logging
import os
import threading
import time
import warnings
from collections.abc import Generator, Iterable
from importlib import metadata
from pathlib import Path
from typing import Any, NamedTuple

import joblib
import psutil
import torch
from joblib.externals.loky.process_executor import TerminatedWorkerError
from tqdm import tqdm

from rnn_course import checks
from rnn_course.devices import Device, device_name, find_device
from rnn_course.experiments.base import MAPPING, Experiment, Setting, key_of, rounded
from rnn_course.storage import cache_folder

PACKAGES = ("torch", "numpy", "scikit-learn")


class Outcome(NamedTuple):
    """What a trial gives: its entry in the results, weights to be kept, and where it ran."""

    entry: dict[str, Any]
    weights: bytes | None
    machine: str


def here(
    experiment: Experiment,
    todo: Iterable[Setting],
    scratch: Path | None = None,
    device: Device = None,
    progress: bool = False,
) -> Generator[Outcome]:
    """One trial after another, in this process."""
    for setting in todo:
        yield outcome(experiment, setting, scratch, device, progress)
        clear(experiment, setting, scratch)


def in_processes(
    experiment: Experiment,
    todo: Iterable[Setting],
    scratch: Path | None = None,
    device: Device = None,
    jobs: int = 2,
) -> Generator[Outcome]:
    """As many trials at a time as `jobs`, each in a process of its own, by joblib.

    Raises:
        ChildProcessError: If one of the processes was killed.
    """
    parallel = joblib.Parallel(
        jobs,
        backend="loky",
        return_as="generator_unordered",
        batch_size=1,
        pre_dispatch=jobs,
        initializer=_begin,
        initargs=(os.getpid(), logging.getLogger("rnn_course").getEffectiveLevel()),
    )
    run = joblib.delayed(outcome)
    found = parallel(run(experiment, setting, scratch, device) for setting in todo)
    try:
        for trial in found:
            yield trial
            clear(experiment, trial.entry["setting"], scratch)
    except TerminatedWorkerError as error:
        raise ChildProcessError(
            "A process that ran a trial was killed. If memory ran out, fewer --jobs will do. The "
            "same command resumes from here."
        ) from error
    finally:
        with warnings.catch_warnings(action="ignore"):  # that the trials not asked for are ended
            found.close()


def outcome(
    experiment: Experiment,
    setting: Setting,
    scratch: Path | None = None,
    device: Device = None,
    progress: bool = False,
) -> Outcome:
    """Run one trial, from its checkpoint if there is one; what it leaves there stays."""
    checkpoint = checkpoint_of(experiment, setting, scratch)
    entry = one_trial(experiment, setting, checkpoint, progress, device)
    weights = checkpoint.with_suffix(".weights")
    return Outcome(
        entry,
        weights.read_bytes() if weights.exists() else None,
        f"{os.cpu_count()} processors, one used by torch; trained on "
        + device_name(find_device(device)),
    )


def checkpoint_of(experiment: Experiment, setting: Setting, scratch: Path | None = None) -> Path:
    """The trial's own checkpoint, in `scratch` or the course's cache folder."""
    mark = hashlib.sha256(key_of(setting).encode()).hexdigest()[:16]
    folder = scratch or cache_folder() / "experiments"
    return folder / f"{experiment.name}-{mark}.safetensors"


def clear(experiment: Experiment, setting: Setting, scratch: Path | None = None) -> None:
    """Remove the trial's checkpoint and its weights beside it, where there are any."""
    checkpoint = checkpoint_of(experiment, setting, scratch)
    checkpoint.unlink(missing_ok=True)
    checkpoint.with_suffix(".weights").unlink(missing_ok=True)


def one_trial(
    experiment: Experiment,
    setting: Setting,
    checkpoint: Path,
    progress: bool = False,
    device: Device = None,
) -> dict[str, Any]:
    """Run one trial and return its entry in the results: setting, seconds taken, figures.

    It runs on one thread, which is no slower for networks of this size, and rounds the same
    way on machines with more or fewer processors.
    """
    threads, started = torch.get_num_threads(), time.perf_counter()
    torch.set_num_threads(1)
    try:
        figures = experiment.trial(
            checkpoint=checkpoint, progress=progress, device=device, **setting
        )
    finally:
        torch.set_num_threads(threads)
    seconds = round(time.perf_counter() - started, 1)
    checks.instance(f"{experiment.name}: figures", figures, MAPPING)
    return {
        "setting": dict(setting),
        "seconds": seconds,
        "figures": {
            name: rounded(f"{experiment.name}: {name}", value) for name, value in figures.items()
        },
    }


def versions_for(experiment: Experiment) -> dict[str, str]:
    """The versions here of the packages that affect the experiment's results."""
    return {name: metadata.version(name) for name in (*PACKAGES, *experiment.packages)}


def _begin(parent: int, level: int) -> None:
    """What a process of `in_processes` does first: log as its parent does, and end with it."""
    logging.basicConfig(format="%(message)s")
    logging.getLogger("rnn_course").setLevel(level)
    # tqdm's own lock is between processes, and would be reported as not given back.
    tqdm.set_lock(threading.RLock())

    def watch() -> None:
        # A trial of a killed run would otherwise go on beside the run that resumes it.
        while (above := psutil.Process().parent()) and above.pid == parent:
            time.sleep(0.5)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()

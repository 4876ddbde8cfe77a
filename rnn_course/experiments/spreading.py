"""Where the trials of an experiment are computed: in this process or in several.

Each function takes the same arguments and yields one `Outcome` for each setting, as trials end.
"""

from __future__ import annotations

import hashlib
import logging
import os
import signal
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import joblib
import psutil
import torch
from joblib.externals.loky.process_executor import TerminatedWorkerError

from rnn_course import checks
from rnn_course.devices import Device
from rnn_course.experiments.base import MAPPING, Experiment, Setting, key_of, rounded


class Outcome(NamedTuple):
    """One trial's entry in the results, and the weights it leaves to be kept, if any."""

    entry: dict[str, Any]
    weights: bytes | None


def here(
    experiment: Experiment,
    todo: Iterable[Setting],
    scratch: Path,
    device: Device = None,
    progress: bool = False,
) -> Iterator[Outcome]:
    """One trial after another, in this process."""
    for setting in todo:
        yield outcome(experiment, setting, scratch, device, progress)


def in_processes(
    experiment: Experiment,
    todo: Iterable[Setting],
    scratch: Path,
    device: Device = None,
    jobs: int = 2,
) -> Iterator[Outcome]:
    """As many trials at a time as `jobs`, each in a process of its own (joblib, loky).

    Raises:
        ChildProcessError: If one of the processes was killed.
    """
    level = logging.getLogger("rnn_course").getEffectiveLevel()
    parallel = joblib.Parallel(
        jobs,
        backend="loky",
        return_as="generator_unordered",
        batch_size=1,
        pre_dispatch=jobs,
        initializer=_begin,
        initargs=(os.getpid(), level),
    )
    try:
        yield from parallel(
            joblib.delayed(outcome)(experiment, setting, scratch, device) for setting in todo
        )
    except TerminatedWorkerError as error:
        raise ChildProcessError(
            "A process that ran a trial was killed; perhaps memory ran out, and fewer --jobs "
            "would do. The same command resumes from here."
        ) from error


def outcome(
    experiment: Experiment,
    setting: Setting,
    scratch: Path,
    device: Device = None,
    progress: bool = False,
) -> Outcome:
    """Run one trial, with its checkpoint in `scratch`; it stays until `clear`."""
    checkpoint = checkpoint_of(experiment, setting, scratch)
    entry = one_trial(experiment, setting, checkpoint, progress, device)
    weights = checkpoint.with_suffix(".weights")
    return Outcome(entry, weights.read_bytes() if weights.exists() else None)


def clear(experiment: Experiment, setting: Setting, scratch: Path) -> None:
    """Remove what a trial has left in `scratch`, once its outcome is kept."""
    checkpoint = checkpoint_of(experiment, setting, scratch)
    checkpoint.unlink(missing_ok=True)
    checkpoint.with_suffix(".weights").unlink(missing_ok=True)


def checkpoint_of(experiment: Experiment, setting: Setting, scratch: Path) -> Path:
    """The trial's own checkpoint, by which it resumes if it was killed."""
    mark = hashlib.sha256(key_of(setting).encode()).hexdigest()[:16]
    return scratch / f"{experiment.name}-{mark}.safetensors"


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


def _begin(parent: int, level: int) -> None:
    """What a process does before its first trial: log as its parent does, and end with it."""
    logging.basicConfig(format="%(message)s")
    logging.getLogger("rnn_course").setLevel(level)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent ends it

    def watch() -> None:
        # Or a killed run's trial would go on, beside the same trial of the run that resumes it.
        with suppress(psutil.NoSuchProcess):
            psutil.Process(parent).wait()
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()

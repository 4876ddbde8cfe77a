"""Running an experiment: one trial after another, each saved as it ends, none repeated."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import time
from collections.abc import Mapping, Sequence
from datetime import date
from importlib import metadata
from pathlib import Path
from typing import Any

import torch

from rnn_course import checks
from rnn_course.devices import Device, device_name, find_device
from rnn_course.experiments.base import FOLDER, MAPPING, Experiment, Setting, key_of, read, rounded
from rnn_course.progress import progress_bar
from rnn_course.storage import cache_folder, make_sure_of, write_whole

PACKAGES = ("torch", "numpy", "scikit-learn")


def run(
    experiment: Experiment,
    folder: Path = FOLDER,
    *,
    progress: bool = True,
    scratch: Path | None = None,
    device: Device = None,
) -> Path:
    """Run the trials that the results file lacks, write it after each, and return its path.

    The trial whose weights are `kept` is also run if these are missing. Training takes place on
    `device`, chosen as in `fit`: None is the accelerator if there is one.

    If killed and called again, it resumes with the trial that was running, from that trial's
    checkpoint (in `scratch`, by default the course's cache folder). Trials whose settings the
    experiment no longer has are dropped from the file.

    Raises:
        TypeError: If `experiment` is not an Experiment.
        ValueError: If the results file cannot be read or a figure is not a finite number.
        OSError: If results or checkpoints cannot be written; before the first trial.
    """
    checks.instance("experiment", experiment, Experiment)
    path, kept = (Path(folder) / f"{experiment.name}.{end}" for end in ("json", "safetensors"))
    done = {key_of(t["setting"]): t for t in (read(path)["trials"] if path.exists() else [])}
    done = {key: done[key] for key in map(key_of, experiment.settings) if key in done}
    if experiment.kept and not kept.exists():
        done.pop(key_of(experiment.kept), None)
    todo = [setting for setting in experiment.settings if key_of(setting) not in done]
    if not todo:
        return path
    scratch = scratch or cache_folder() / "experiments"
    for place in path, kept, scratch / "any":
        make_sure_of(place)
    bar = progress_bar(experiment.settings, desc=experiment.name, unit="trial", shown=progress)
    for setting in bar:
        key = key_of(setting)
        bar.set_postfix_str(", ".join(map(str, setting.values())))
        if key in done:
            continue
        mark = hashlib.sha256(key.encode()).hexdigest()[:16]
        checkpoint = scratch / f"{experiment.name}-{mark}.safetensors"
        done[key] = one_trial(experiment, setting, checkpoint, progress, device)
        weights = checkpoint.with_suffix(".weights")
        if weights.exists():
            write_whole(kept, weights.read_bytes())
        ordered = [done[k] for k in map(key_of, experiment.settings) if k in done]
        write_whole(path, _as_json(experiment, ordered, find_device(device)).encode())
        checkpoint.unlink(missing_ok=True)
        weights.unlink(missing_ok=True)
    return path


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


def _as_json(
    experiment: Experiment, trials: Sequence[Mapping[str, Any]], device: torch.device
) -> str:
    """The results file: one line per trial, so that two versions can be compared by eye."""
    versions = {name: metadata.version(name) for name in (*PACKAGES, *experiment.packages)}
    head = {
        "command": f"python -m rnn_course experiment {experiment.name}",
        "about": experiment.about,
        "statements": experiment.statements,
        "date": date.today().isoformat(),
        "versions": {"python": platform.python_version(), **versions},
        "machine": f"{os.cpu_count()} processors, one used by torch; trained on "
        + device_name(device),
    }
    lines = [f'  "{name}": {json.dumps(value, ensure_ascii=False)}' for name, value in head.items()]
    rows = ",\n".join(f"    {json.dumps(trial, ensure_ascii=False)}" for trial in trials)
    lines.append(f'  "trials": [\n{rows}\n  ]')
    return "{\n" + ",\n".join(lines) + "\n}\n"

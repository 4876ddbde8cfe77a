"""Running an experiment: each trial is saved as it ends, and none is repeated."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Mapping, Sequence
from contextlib import closing
from datetime import date
from importlib import metadata
from pathlib import Path
from typing import Any

import torch

from rnn_course import checks
from rnn_course.devices import Device, device_name, find_device
from rnn_course.experiments.base import FOLDER, Experiment, Setting, key_of, read
from rnn_course.experiments.spreading import clear, here, in_processes
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
    jobs: int = 1,
) -> Path:
    """Run the trials that the results file lacks, write it after each, and return its path.

    The trial whose weights are `kept` is also run if these are missing. Training takes place on
    `device`, chosen as in `fit`: None is the accelerator if there is one. With `jobs` above 1, as
    many trials run at a time, each in a process of its own; the figures are the same.

    If killed and called again, it resumes with the trials that were running, from their
    checkpoints (in `scratch`, by default the course's cache folder). Trials whose settings the
    experiment no longer has are dropped from the file.

    Raises:
        TypeError: If `experiment` is not an Experiment.
        ValueError: If `jobs` is not a positive whole number, the results file cannot be read or a
            figure is not a finite number.
        OSError: If results or checkpoints cannot be written; before the first trial. If a process
            that runs trials was killed.
    """
    checks.instance("experiment", experiment, Experiment)
    checks.positive("jobs", jobs)
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
    trained_on = find_device(device)
    with progress_bar(
        total=len(experiment.settings),
        initial=len(done),
        desc=experiment.name,
        unit="trial",
        shown=progress,
    ) as bar:

        def begun(setting: Setting) -> Setting:
            bar.set_postfix_str(", ".join(map(str, setting.values())))
            return setting

        arguments = experiment, map(begun, todo), scratch, device
        outcomes = here(*arguments, progress) if jobs == 1 else in_processes(*arguments, jobs)
        with closing(outcomes):
            for entry, weights in outcomes:
                done[key_of(entry["setting"])] = entry
                if weights is not None:
                    write_whole(kept, weights)
                ordered = [done[key] for key in map(key_of, experiment.settings) if key in done]
                write_whole(path, _as_json(experiment, ordered, trained_on).encode())
                clear(experiment, entry["setting"], scratch)
                bar.update()
    return path


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

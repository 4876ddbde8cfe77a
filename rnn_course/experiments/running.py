"""Running an experiment: each trial is saved as it ends, and none is repeated."""

from __future__ import annotations

import json
import platform
from collections.abc import Mapping, Sequence
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Any

from rnn_course import checks
from rnn_course.devices import Device
from rnn_course.experiments.base import FOLDER, Experiment, Setting, key_of, read
from rnn_course.experiments.cluster import on_cluster
from rnn_course.experiments.spreading import checkpoint_of, here, in_processes, versions_for
from rnn_course.progress import progress_bar
from rnn_course.storage import make_sure_of, write_whole


def run(
    experiment: Experiment,
    folder: Path = FOLDER,
    *,
    progress: bool = True,
    scratch: Path | None = None,
    device: Device = None,
    jobs: int = 1,
    scheduler: str | None = None,
) -> Path:
    """Run the trials that the results file lacks, write it after each, and return its path.

    The trial whose weights are `kept` is also run if these are missing. Training takes place on
    `device`, chosen as in `fit`: None is the accelerator if there is one.

    Trials run one after another; with `jobs` above 1, as many at a time, each in a process of its
    own (see `in_processes`); with the address of a Dask `scheduler`, on its workers (see
    `on_cluster`). The figures are the same.

    If killed and called again, it resumes with the trials that were running, from their
    checkpoints (in `scratch`, by default the course's cache folder, of the machine that runs them).
    Trials whose settings the experiment no longer has are dropped from the file.

    Raises:
        TypeError: If `experiment` is not an Experiment.
        ValueError: If `jobs` is not a positive whole number, or given with a scheduler; if the
            results file cannot be read or a figure is not a finite number.
        OSError: If results or checkpoints cannot be written, or the scheduler does not answer;
            before the first trial. If a process that runs trials was killed.
        ModuleNotFoundError: If a scheduler is given and Dask is not installed.
    """
    checks.instance("experiment", experiment, Experiment)
    checks.positive("jobs", jobs)
    if scheduler and jobs > 1:
        raise ValueError(
            f"jobs: expected 1 with a scheduler, which has its own workers, got {jobs}"
        )
    path, kept = (Path(folder) / f"{experiment.name}.{end}" for end in ("json", "safetensors"))
    done = {key_of(t["setting"]): t for t in (read(path)["trials"] if path.exists() else [])}
    done = {key: done[key] for key in map(key_of, experiment.settings) if key in done}
    if experiment.kept and not kept.exists():
        done.pop(key_of(experiment.kept), None)
    todo = [setting for setting in experiment.settings if key_of(setting) not in done]
    if not todo:
        return path
    for place in path, kept, *([] if scheduler else [checkpoint_of(experiment, todo[0], scratch)]):
        make_sure_of(place)
    with progress_bar(
        total=len(experiment.settings),
        initial=len(done),
        desc=experiment.name,
        unit="trial",
        shown=progress,
    ) as bar:

        def shown(setting: Setting) -> Setting:
            bar.set_postfix_str(", ".join(map(str, setting.values())))
            return setting

        if scheduler:
            outcomes = on_cluster(experiment, todo, scratch, device, scheduler)
        elif min(jobs, len(todo)) > 1:
            outcomes = in_processes(experiment, todo, scratch, device, min(jobs, len(todo)))
        else:
            outcomes = here(experiment, map(shown, todo), scratch, device, progress)
        with closing(outcomes):
            for entry, weights, machine in outcomes:
                done[key_of(entry["setting"])] = entry
                if weights is not None:
                    write_whole(kept, weights)
                ordered = [done[key] for key in map(key_of, experiment.settings) if key in done]
                write_whole(path, _as_json(experiment, ordered, machine).encode())
                shown(entry["setting"])
                bar.update()
    return path


def _as_json(experiment: Experiment, trials: Sequence[Mapping[str, Any]], machine: str) -> str:
    """The results file: one line per trial, so that two versions can be compared by eye."""
    head = {
        "command": f"python -m rnn_course experiment {experiment.name}",
        "about": experiment.about,
        "statements": experiment.statements,
        "date": date.today().isoformat(),
        "versions": {"python": platform.python_version(), **versions_for(experiment)},
        "machine": machine,
    }
    lines = [f'  "{name}": {json.dumps(value, ensure_ascii=False)}' for name, value in head.items()]
    rows = ",\n".join(f"    {json.dumps(trial, ensure_ascii=False)}" for trial in trials)
    lines.append(f'  "trials": [\n{rows}\n  ]')
    return "{\n" + ",\n".join(lines) + "\n}\n"

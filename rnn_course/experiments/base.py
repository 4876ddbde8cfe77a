"""Long runs: many trials, each with its own setting, whose figures are kept in one small file.

A chapter has a minute, and so few seeds. An experiment has the time it takes. It is run by hand,
`python -m rnn_course experiment NAME`, and its results are committed; the chapter plots them beside
what it computes itself, and a test runs some of the trials again.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import platform
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from importlib import import_module, metadata
from pathlib import Path
from typing import Any

import torch

from rnn_course import checks
from rnn_course.devices import Device, described, find_device
from rnn_course.storage import cache_folder, make_sure_of, write_whole
from rnn_course.training.progress import progress_bar

NAMES = (
    "summarise",
    "vector_to_sequence",
    "dashed_edges",
    "chorales",
    "sharing",
    "both_directions",
    "two_dimensions",
    "encoder_decoder",
    "g2p",
    "deep",
    "transplant",
    "echo",
    "long_gaps",
    "remedies",
    "attention",
)
FOLDER = Path(__file__).with_name("results")
PACKAGES = ("torch", "numpy", "scikit-learn")

Setting = Mapping[str, Any]


@dataclass(frozen=True)
class Experiment:
    """A family of trials.

    name, about : what the command line calls it, and one sentence on what it measures.
    statements : the slide ids that it speaks to.
    settings : one for each trial, such as {"conditioning": "both", "seed": 3}.
    trial : `trial(checkpoint=, progress=, device=, **setting)` gives the figures of one trial:
        numbers, or lists of numbers. It hands checkpoint (a path), progress and device on to `fit`,
        so that a trial which was killed goes on where it stood. Weights that it leaves at
        `checkpoint.with_suffix(".weights")` are kept beside the results, as NAME.safetensors.
    small : those of the settings that the tests run again, together in seconds.
    tolerance : for each figure that is then compared, how far apart two runs may lie. Figures
        differ a little between processors, since these round differently.
    packages : whose versions the results depend on, besides torch, numpy and scikit-learn.
    kept : the setting whose trial leaves the weights, if one does; it runs again where they are
        missing.

    Raises `ValueError` for two settings that are the same, none at all, and a small or kept one
    that is none of them.
    """

    name: str
    about: str
    statements: tuple[str, ...]
    settings: tuple[Setting, ...]
    trial: Callable[..., Mapping[str, Any]]
    small: tuple[Setting, ...]
    tolerance: Mapping[str, float]
    packages: tuple[str, ...] = ()
    kept: Setting | None = None

    def __post_init__(self) -> None:
        for setting in (*self.settings, *self.small):
            checks.instance("settings, small", setting, Mapping)
        keys = [_key(setting) for setting in self.settings]
        if not keys or len(set(keys)) < len(keys):
            raise ValueError(
                f"settings: expected one or more, all different, got {len(keys)}, "
                f"{len(set(keys))} of them different"
            )
        for name, some in (("small", self.small), ("kept", (self.kept,) if self.kept else ())):
            for setting in some:
                if _key(setting) not in keys:
                    raise ValueError(f"{name}: expected settings of the experiment, got {setting}")
        if not self.small or not self.tolerance:
            raise ValueError("small, tolerance: expected something to run again and to compare")


def find(name: str) -> Experiment:
    """The experiment of that name. Raises `ValueError`, with the names that there are."""
    checks.one_of("experiment", name, NAMES)
    return import_module(f"rnn_course.experiments.{name}").EXPERIMENT


def run(
    experiment: Experiment,
    folder: Path = FOLDER,
    *,
    progress: bool = True,
    scratch: Path | None = None,
    device: Device = None,
) -> Path:
    """Run the trials that the results file lacks, and the one whose weights are `kept` and missing;
    write the file after each; return its path.

    They are trained on `device`, chosen as in `fit`: None is the accelerator where there is one.

    Killed and called again, it goes on: with the trial it was in, from that trial's checkpoint (in
    `scratch`, the course's cache folder if not given). Trials whose settings the experiment no
    longer has are dropped from the file.

    Raises `TypeError` for what is no experiment, `ValueError` for a results file that cannot be
    read and for figures that are no finite numbers; and, before the first trial, `OSError` where
    results or checkpoints could not be written.
    """
    checks.instance("experiment", experiment, Experiment)
    path, kept = (Path(folder) / f"{experiment.name}.{end}" for end in ("json", "safetensors"))
    done = {_key(t["setting"]): t for t in (_read(path)["trials"] if path.exists() else [])}
    done = {key: done[key] for key in map(_key, experiment.settings) if key in done}
    if experiment.kept and not kept.exists():
        done.pop(_key(experiment.kept), None)
    if len(done) < len(experiment.settings):
        scratch = scratch or cache_folder() / "experiments"
        for place in path, kept, scratch / "any":
            make_sure_of(place)
    bar = progress_bar(experiment.settings, desc=experiment.name, unit="trial", shown=progress)
    for setting in bar:
        key = _key(setting)
        bar.set_postfix_str(", ".join(map(str, setting.values())))
        if key in done:
            continue
        mark = hashlib.sha256(key.encode()).hexdigest()[:16]
        checkpoint = scratch / f"{experiment.name}-{mark}.safetensors"
        done[key] = one_trial(experiment, setting, checkpoint, progress, device)
        weights = checkpoint.with_suffix(".weights")
        if weights.exists():
            write_whole(kept, weights.read_bytes())
        ordered = [done[k] for k in map(_key, experiment.settings) if k in done]
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
    """One trial as it stands in the results: setting, figures, and the seconds that it took.

    It runs on one thread, which for networks of this size is no slower, and rounds alike on
    machines with more or fewer processors.
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
    checks.instance(f"{experiment.name}: figures", figures, Mapping)
    return {
        "setting": dict(setting),
        "seconds": seconds,
        "figures": {
            name: _rounded(f"{experiment.name}: {name}", value) for name, value in figures.items()
        },
    }


def results(name: str, folder: Path = FOLDER, **where: Any) -> list[dict[str, Any]]:
    """The committed trials of an experiment, those whose settings are as asked for in `where`.

    Each has "setting", "figures" and "seconds": `results("sharing", model="tied")`.

    Raises `ValueError` for an experiment that is unknown or has not been run, and where no trial
    is as asked for.
    """
    path = Path(folder) / f"{checks.one_of('name', name, NAMES)}.json"
    if not path.exists():
        raise ValueError(
            f"name: expected an experiment with results, got {name!r}; run: "
            f"python -m rnn_course experiment {name}"
        )
    found = [
        trial
        for trial in _read(path)["trials"]
        if all(trial["setting"].get(key) == value for key, value in where.items())
    ]
    if not found:
        raise ValueError(f"where: expected settings of {name!r}, got {where}")
    return found


def disagreements(
    old: Mapping[str, Any], new: Mapping[str, Any], tolerance: Mapping[str, float]
) -> list[str]:
    """Where two runs of one trial differ by more than the tolerance, a line for each figure."""
    wrong = []
    for name, allowed in tolerance.items():
        if missing := [
            of for of, trial in (("before", old), ("now", new)) if name not in trial["figures"]
        ]:
            wrong.append(f"{name}: not among the figures {' nor '.join(missing)}")
            continue
        was, now = (_flat(trial["figures"][name]) for trial in (old, new))
        if len(was) != len(now):
            wrong.append(f"{name}: {len(was)} values before, {len(now)} now")
        elif (gap := max(abs(a - b) for a, b in zip(was, now, strict=True))) > allowed:
            wrong.append(f"{name}: {was} before, {now} now, {gap:.4g} apart, allowed {allowed}")
    return wrong


def _as_json(
    experiment: Experiment, trials: Sequence[Mapping[str, Any]], device: torch.device
) -> str:
    """The results file: a line a trial, so that a difference between two versions can be read."""
    versions = {name: metadata.version(name) for name in (*PACKAGES, *experiment.packages)}
    head = {
        "command": f"python -m rnn_course experiment {experiment.name}",
        "about": experiment.about,
        "statements": experiment.statements,
        "date": date.today().isoformat(),
        "versions": {"python": platform.python_version(), **versions},
        "machine": f"{os.cpu_count()} processors, one used by torch; trained on "
        + described(device),
    }
    lines = [f'  "{name}": {json.dumps(value, ensure_ascii=False)}' for name, value in head.items()]
    rows = ",\n".join(f"    {json.dumps(trial, ensure_ascii=False)}" for trial in trials)
    lines.append(f'  "trials": [\n{rows}\n  ]')
    return "{\n" + ",\n".join(lines) + "\n}\n"


def _read(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        checks.instance("the file", content, dict)
        for trial in checks.instance("trials", content.get("trials"), list):
            checks.instance("a trial", trial, dict)
            for name in "setting", "figures":
                checks.instance(f"a trial's {name}", trial.get(name), dict)
            for name, value in (*trial["figures"].items(), ("seconds", trial.get("seconds"))):
                _rounded(name, value)
    except (ValueError, TypeError) as error:
        raise ValueError(
            f"{path}: not a results file ({error}); restore it, or delete it to run all trials anew"
        ) from error
    return content


def _key(setting: Setting) -> str:
    return json.dumps(dict(setting), sort_keys=True)


def _rounded(name: str, value: Any) -> Any:
    """Numbers with five significant digits: more of them differ between processors."""
    if isinstance(value, Iterable) and not isinstance(value, str | Mapping):
        return [_rounded(name, each) for each in value]
    if not math.isfinite(checks.real(value)):
        raise ValueError(f"{name}: expected finite numbers, got {value!r}")
    whole = checks.integer(value)
    return float(f"{value:.5g}") if whole is None else whole


def _flat(value: Any) -> list[float]:
    return [v for each in value for v in _flat(each)] if isinstance(value, list) else [value]

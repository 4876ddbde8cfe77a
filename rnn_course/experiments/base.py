"""Long runs: many trials, each with its own setting, whose figures are kept in one small file.

A chapter has a minute, and so only a few seeds; an experiment takes the time it needs. It is run by
hand, `python -m rnn_course experiment NAME`, and its results are committed. The chapter plots them
beside what it computes itself, and a test runs some of the trials again.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from torch import nn

from rnn_course import checks
from rnn_course.training.fit import History

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
    "gates",
    "remedies",
    "clipping",
    "attention",
    "language_model",
    "scan",
    "parity",
    "selective",
    "linear",
    "digits",
    "spelling",
    "transformer",
    "pronunciation",
)
FOLDER = Path(__file__).with_name("results")

Setting = Mapping[str, Any]
Figures = Mapping[str, Any]
MAPPING: type = Mapping  # mypy takes no abstract class where an argument is a type


@dataclass(frozen=True)
class Experiment:
    """A family of trials, and the three functions that make one up.

    These have the same meaning and the same order of arguments in every experiment:

        network(task, name, seed)           an untrained network, its weights drawn from the seed
        train(model, task, epochs, seed)    `fit` with the experiment's settings; a History
        scores(model, task, split)          figures of the network on one side of the task, by name

    `name` is what the experiment compares: a kind of cell, the size of C, ... Further options
    follow by keyword; those that `train` does not know go to `fit` (device, checkpoint, progress).

    Attributes:
        name: What the command line calls it.
        about: One sentence on what it measures.
        statements: The ids of the statements of the ledger that it bears on.
        settings: One for each trial, such as {"conditioning": "both", "seed": 3}.
        trial: `trial(checkpoint=, progress=, device=, **setting)` gives the figures of one trial:
            numbers, or lists of numbers. It passes checkpoint (a path), progress and device on to
            `fit`, so that a trial that was killed resumes where it stopped. Weights that it leaves
            at `checkpoint.with_suffix(".weights")` are kept with the results, as NAME.safetensors.
        small: The settings that the tests run again, in seconds altogether.
        tolerance: For each figure that is then compared, how far apart two runs may be. Processors
            round differently, so figures differ a little between them.
        packages: Those whose versions affect the results, besides torch, numpy and scikit-learn.
        kept: The setting whose trial leaves the weights, if any; it is run again if they are
            missing.
        network, train, scores: See above; None if a trial is made up differently.

    Raises:
        ValueError: If there are no settings or two are the same, or if a small or kept one is not
            among them, or small or tolerance is empty.
    """

    name: str
    about: str
    statements: tuple[str, ...]
    settings: tuple[Setting, ...]
    trial: Callable[..., Figures]
    small: tuple[Setting, ...]
    tolerance: Mapping[str, float]
    packages: tuple[str, ...] = ()
    kept: Setting | None = None
    network: Callable[..., nn.Module] | None = None
    train: Callable[..., History] | None = None
    scores: Callable[..., Figures] | None = None

    def __post_init__(self) -> None:
        for setting in (*self.settings, *self.small):
            checks.instance("settings, small", setting, MAPPING)
        keys = [key_of(setting) for setting in self.settings]
        if not keys or len(set(keys)) < len(keys):
            raise ValueError(
                f"settings: expected one or more, all different, got {len(keys)}, "
                f"{len(set(keys))} of them different"
            )
        for name, some in (("small", self.small), ("kept", (self.kept,) if self.kept else ())):
            for setting in some:
                if key_of(setting) not in keys:
                    raise ValueError(f"{name}: expected settings of the experiment, got {setting}")
        if not self.small or not self.tolerance:
            raise ValueError("small, tolerance: expected something to run again and to compare")


def find(name: str) -> Experiment:
    """Return the experiment with this name.

    Raises:
        ValueError: If there is none; the message lists the names.
    """
    checks.one_of("experiment", name, NAMES)
    return import_module(f"rnn_course.experiments.{name}").EXPERIMENT


def results(name: str, folder: Path = FOLDER, /, **where: Any) -> list[dict[str, Any]]:
    """Return the committed trials of an experiment whose settings are as given in `where`.

    A value in `where` may also be a list or a tuple, for any of its elements. Each trial has
    "setting", "figures" and "seconds".

    >>> results("sharing", model="tied", n_train=(2000, 4000))

    Raises:
        ValueError: If the experiment is unknown or has not been run, or if no trial matches.
    """
    path = Path(folder) / f"{checks.one_of('name', name, NAMES)}.json"
    if not path.exists():
        raise ValueError(
            f"name: expected an experiment with results, got {name!r}; run: "
            f"python -m rnn_course experiment {name}"
        )
    found = [
        trial
        for trial in read(path)["trials"]
        if all(trial["setting"].get(key) in _values(value) for key, value in where.items())
    ]
    if not found:
        raise ValueError(f"where: expected settings of {name!r}, got {where}")
    return found


def figures(
    figure: str, name: str, folder: Path = FOLDER, /, *, by: str | Sequence[str] = (), **where: Any
) -> Any:
    """Return one figure of a long run: a list with one entry per seed.

    With `by`, a key of the settings, a dict from each value of that key to such a list; with
    several keys, dicts in dicts. `where` selects trials as in `results`, and the values of a list
    or tuple keep their order in the dict.

    >>> figures("accuracy", "long_gaps", architecture="GRU", gap=20)
    [0.633, 0.865, 0.533, 0.586, 0.493]
    >>> figures("accuracy", "long_gaps", by=("architecture", "gap"))["GRU"][20][0]
    0.633

    Raises:
        ValueError: As `results` does; if a trial lacks the figure or a key of `by`; or if no trial
            has one of the values asked for.
    """
    trials = sorted(results(name, folder, **where), key=lambda t: t["setting"].get("seed", 0))
    keys = (by,) if isinstance(by, str) else tuple(by)
    for trial in trials:
        for what, asked, part in (("by", keys, "setting"), ("figure", (figure,), "figures")):
            if missing := [key for key in asked if key not in trial[part]]:
                raise ValueError(
                    f"{what}: expected {', '.join(trial[part])}, got {', '.join(missing)}"
                )

    def nested(trials: list[dict[str, Any]], keys: tuple[str, ...]) -> Any:
        if not keys:
            return [trial["figures"][figure] for trial in trials]
        first, *rest = keys
        groups: dict[Any, list[dict[str, Any]]] = {}
        for value in _values(where[first]) if first in where else ():
            groups[value] = []
        for trial in trials:
            groups.setdefault(trial["setting"][first], []).append(trial)
        if empty := [value for value, group in groups.items() if not group]:
            raise ValueError(f"where: expected settings of {name!r}, got {first}={empty[0]!r}")
        return {value: nested(group, tuple(rest)) for value, group in groups.items()}

    return nested(trials, keys)


def disagreements(
    old: Mapping[str, Any], new: Mapping[str, Any], tolerance: Mapping[str, float]
) -> list[str]:
    """Say where two runs of one trial differ by more than the tolerance, a line for each figure."""
    wrong = []
    for name, allowed in tolerance.items():
        if missing := [
            when for when, trial in (("before", old), ("now", new)) if name not in trial["figures"]
        ]:
            wrong.append(f"{name}: not among the figures {' nor '.join(missing)}")
            continue
        was, now = (_flat(trial["figures"][name]) for trial in (old, new))
        if len(was) != len(now):
            wrong.append(f"{name}: {len(was)} values before, {len(now)} now")
        elif (gap := max(abs(a - b) for a, b in zip(was, now, strict=True))) > allowed:
            wrong.append(f"{name}: {was} before, {now} now, {gap:.4g} apart, allowed {allowed}")
    return wrong


def read(path: Path) -> dict[str, Any]:
    """Read a results file.

    Raises:
        ValueError: If it is not one.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        checks.instance("the file", content, dict)
        for trial in checks.instance("trials", content.get("trials"), list):
            checks.instance("a trial", trial, dict)
            for name in "setting", "figures":
                checks.instance(f"a trial's {name}", trial.get(name), dict)
            for name, value in (*trial["figures"].items(), ("seconds", trial.get("seconds"))):
                rounded(name, value)
    except (ValueError, TypeError) as error:
        raise ValueError(
            f"{path}: not a results file ({error}); restore it, or delete it to run every trial"
        ) from error
    return content


def key_of(setting: Setting) -> str:
    """Return a string that is the same for two settings if and only if they are equal."""
    return json.dumps(dict(setting), sort_keys=True)


def rounded(name: str, value: Any) -> Any:
    """Round numbers, or lists of them, to five significant digits: processors differ in the rest.

    Raises:
        ValueError: If one is not a finite number.
    """
    if isinstance(value, Iterable) and not isinstance(value, str | Mapping):
        return [rounded(name, each) for each in value]
    if not math.isfinite(checks.real(value)):
        raise ValueError(f"{name}: expected finite numbers, got {value!r}")
    whole = checks.integer(value)
    return float(f"{value:.5g}") if whole is None else whole


def _values(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list | tuple) else (value,)


def _flat(value: Any) -> list[float]:
    return [v for each in value for v in _flat(each)] if isinstance(value, list) else [value]

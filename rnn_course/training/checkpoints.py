"""Checkpoints: a training run or a model's weights in one safetensors file, whole or not at all.

A file holds tensors, a short text (JSON) and a checksum over both. There is no pickle in it, so
opening one runs no code. It is written whole (`rnn_course.storage.write_whole`): whatever happens
meanwhile, the place holds the older file or the new one, never a part.
"""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor, nn

from rnn_course import checks
from rnn_course.devices import random_state, set_random_state
from rnn_course.storage import write_whole

RUN = "rnn_course run 1"
WEIGHTS = "rnn_course weights 1"


class CheckpointError(RuntimeError):
    """A checkpoint that cannot be written, read, or used here; the message says what to do."""


def save_weights(model: nn.Module, path: str | os.PathLike[str]) -> None:
    """Write the model's weights and buffers to `path` (safetensors), replacing what is there.

    Where `path` is a link, the file that it leads to is replaced. The weights of a model that was
    compiled (`torch.compile`) or wrapped (`nn.DataParallel`) have the names of the model inside.

    Raises `TypeError` for what is no model or no path, `CheckpointError` where the file cannot be
    written; an older file is then untouched.
    """
    model = unwrapped(model)
    write(path, WEIGHTS, copied(model), {"model": described(model)})


def load_weights(model: nn.Module, path: str | os.PathLike[str]) -> None:
    """Set the model's weights and buffers, in place, to those that `save_weights` wrote.

    The model may be compiled or wrapped (see `save_weights`), whatever it was when it was saved.

    Raises `TypeError` for what is no model or no path, `CheckpointError` where the file is damaged,
    of another kind, or of another model (other names, shapes or dtypes); the model is then
    untouched.
    """
    model = unwrapped(model)
    tensors, facts = read(path, WEIGHTS)
    _same(
        path,
        "of another model",
        facts["model"],
        described(model),
        "Build the model as it was when its weights were saved.",
    )
    restore(model, tensors, path)


@dataclass
class RunFile:
    """The file of one training run: all that it takes to go on as if nothing had happened.

    That is the weights (and the best ones so far), the optimiser's state, torch's random states,
    and the history, whose length is the position in the run. `settings` names what shapes the
    outcome; a file with other settings is refused.
    """

    path: str | os.PathLike[str]
    settings: dict[str, Any]
    model: nn.Module
    optimiser: torch.optim.Optimizer
    device: torch.device

    def exists(self) -> bool:
        """Whether there is a file to resume from."""
        return os.path.exists(self.path)

    def save(self, history: dict[str, Any], best: dict[str, Tensor] | None, over: bool) -> None:
        """Write the run as it stands now; raises `CheckpointError` where that fails."""
        state: dict[str, Any] = {f"weights/{name}": t for name, t in copied(self.model).items()}
        state |= {f"best/{name}": t for name, t in (best or {}).items()}
        state |= {
            f"history/{name}": torch.tensor(value, dtype=torch.float64)
            if isinstance(value, list)
            else value
            for name, value in history.items()
        }
        for index, values in self.optimiser.state_dict()["state"].items():
            state |= {f"optimiser/{index}/{name}": value for name, value in values.items()}
        for device in (torch.device("cpu"), self.device):
            state[f"random/{device.type}"] = random_state(device)

        tensors = {name: value for name, value in state.items() if isinstance(value, Tensor)}
        facts = {
            "settings": self.settings,
            "device": self.device.type,
            "over": over,
            "rest": {name: value for name, value in state.items() if name not in tensors},
            "on_device": [name for name, tensor in tensors.items() if tensor.device.type != "cpu"],
            "torch": torch.__version__,
        }
        write(self.path, RUN, tensors, facts)

    def load(self) -> tuple[dict[str, Any], dict[str, Tensor] | None]:
        """Put the run back into model, optimiser and random generators; return history and best.

        A run that was on another kind of device goes on here, with the draws of dropout that this
        device has for the run's seed: it does not end with the same bits.

        Raises `CheckpointError` where the file is damaged, of another kind, or of another run.
        """
        tensors, facts = read(self.path, RUN)
        _same(
            self.path,
            f"of another run (torch {facts['torch']})",
            facts["settings"],
            self.settings,
            "Ask for the same settings to resume that run, or choose another path "
            "(or delete the file) to start a new one.",
        )
        state = tensors | facts["rest"]
        parts: dict[str, dict[str, Any]] = {}
        for name, value in state.items():
            part, _, rest = name.partition("/")
            parts.setdefault(part, {})[rest] = value

        restore(self.model, parts["weights"], self.path)
        # Not load_state_dict: it would cast each value to its parameter's dtype, and some
        # optimisers keep theirs in another one.
        parameters = [p for group in self.optimiser.param_groups for p in group["params"]]
        for name, value in parts.get("optimiser", {}).items():
            index, _, key = name.partition("/")
            if isinstance(value, Tensor) and self._moves(key, f"optimiser/{name}", facts):
                value = value.to(self.device)
            self.optimiser.state[parameters[int(index)]][key] = value
        for device in (torch.device("cpu"), self.device):
            if device.type in parts["random"]:
                set_random_state(parts["random"][device.type], device)
        history = {
            name: value.tolist() if isinstance(value, Tensor) else value
            for name, value in parts["history"].items()
        }
        return history, parts.get("best")

    def _moves(self, key: str, name: str, facts: dict[str, Any]) -> bool:
        """Whether this tensor of the optimiser's state belongs on the device.

        As when it was saved; a run from another kind of device follows torch's own rule for
        loading, by which only the number of steps may stay on the CPU.
        """
        if facts["device"] == self.device.type:
            return name in facts["on_device"]
        group = self.optimiser.param_groups[0]
        return key != "step" or bool(group.get("capturable") or group.get("fused"))


def described_run(
    model: nn.Module, optimiser: torch.optim.Optimizer, **asked: Any
) -> dict[str, Any]:
    """All that shapes a run's outcome, by name: what was asked for, the optimiser, the model."""
    group = optimiser.param_groups[0]
    options = {f"optimiser.{name}": value for name, value in group.items() if name != "params"}
    trained = [name for name, p in model.named_parameters() if p.requires_grad]
    tensors = {f"model.{name}": value for name, value in described(model).items()}
    facts = {
        **asked,
        "optimiser": type(optimiser).__name__,
        **options,
        **tensors,
        "trained": trained,
    }
    return json.loads(json.dumps(facts, default=str))


def unwrapped(model: nn.Module) -> nn.Module:
    """The model itself, out of what `torch.compile` and `nn.DataParallel` put around it: their
    names for its weights begin with "_orig_mod." and "module."."""
    checks.instance("model", model, nn.Module)
    while True:
        if isinstance(model, nn.DataParallel | nn.parallel.DistributedDataParallel):
            model = model.module
        elif isinstance(getattr(model, "_orig_mod", None), nn.Module):
            model = model._orig_mod
        else:
            return model


def copied(model: nn.Module) -> dict[str, Tensor]:
    """A copy of the model's weights and buffers, by name; a tied tensor under each of its names."""
    state = model.state_dict()
    for name, value in state.items():
        if not isinstance(value, Tensor):
            raise TypeError(
                f"model: expected only tensors in its state_dict, got "
                f"{type(value).__name__} under {name!r}"
            )
    return {name: tensor.detach().clone() for name, tensor in state.items()}


def described(model: nn.Module) -> dict[str, str]:
    """The model's tensors by name, each as its dtype and shape: {"V.weight": "float32 (2, 8)"}."""
    return {
        name: f"{str(tensor.dtype).removeprefix('torch.')} {tuple(tensor.shape)}"
        for name, tensor in copied(model).items()
    }


def restore(model: nn.Module, weights: dict[str, Tensor], path: str | os.PathLike[str]) -> None:
    """Copy `weights` into the model's own tensors, so that what is tied stays tied."""
    first: dict[Any, str] = {}
    for name, tensor in model.state_dict().items():
        twin = first.setdefault((tensor.data_ptr(), tensor.shape, tensor.stride()), name)
        if twin != name and not torch.equal(weights[twin], weights[name]):
            raise CheckpointError(
                f"{path}: {twin} and {name} are one tensor in this model and "
                "two different ones in the file; untie them to load it"
            )
    model.load_state_dict(weights)


def write(
    path: str | os.PathLike[str], kind: str, tensors: dict[str, Tensor], facts: dict[str, Any]
) -> None:
    """Put tensors and facts into one file at `path`: all of them, or none and `CheckpointError`."""
    checks.path("path", path)
    tensors = {
        name: tensor.detach().cpu().clone(memory_format=torch.contiguous_format)
        for name, tensor in tensors.items()
    }
    text = json.dumps(facts)
    about = {"format": kind, "facts": text, "sha256": _digest(tensors, text)}
    try:
        write_whole(Path(path), safetensors.torch.save(tensors, about))
    except OSError as error:
        raise CheckpointError(
            f"{path}: the checkpoint could not be written ({error.strerror}); an older one there "
            "is untouched. Make room or choose another path, then run again."
        ) from error


def read(path: str | os.PathLike[str], kind: str) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """The tensors and facts of the file at `path`; `CheckpointError` unless all of it is sound."""
    checks.path("path", path)
    remedy = "Restore it from a copy, or choose another path (or delete the file) to start anew."
    try:
        with safe_open(path, framework="pt") as file:
            about = file.metadata() or {}
            if about.get("format") != kind:
                raise CheckpointError(
                    f"{path}: expected a file of the format {kind!r}, "
                    f"got {about.get('format', 'another program’s')!r}. {remedy}"
                )
            # Copies: the file may be replaced while the tensors are in use.
            tensors = {name: file.get_tensor(name).clone() for name in file.keys()}
    except (OSError, SafetensorError) as error:
        raise CheckpointError(
            f"{path}: not a readable safetensors file ({error}). {remedy}"
        ) from error
    if about.get("sha256") != _digest(tensors, about.get("facts", "")):
        raise CheckpointError(
            f"{path}: damaged: the content does not have the checksum that was "
            f"written with it. {remedy}"
        )
    return tensors, json.loads(about["facts"])


def _digest(tensors: dict[str, Tensor], text: str) -> str:
    """The SHA-256 of the text and of each tensor's name, dtype, shape and bytes."""
    digest = hashlib.sha256(text.encode())
    for name in sorted(tensors):
        tensor = tensors[name]
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        digest.update(tensor.reshape(-1).view(torch.uint8).numpy())
    return digest.hexdigest()


def _same(
    path: str | os.PathLike[str],
    what: str,
    found: dict[str, Any],
    expected: dict[str, Any],
    remedy: str,
) -> None:
    """Raise `CheckpointError` with each difference unless the file has what is expected here."""
    lines = [
        f"  {name}: {found.get(name, 'nothing')} in the file, {expected.get(name, 'nothing')} here"
        for name in [*expected, *(name for name in found if name not in expected)]
        if found.get(name, ...) != expected.get(name, ...)
    ]
    wrappers = {
        part
        for name in found.keys() ^ expected.keys()
        for part in name.split(".")
        if part in ("_orig_mod", "module")
    }
    if wrappers:
        remedy += (
            f" The {' and '.join(sorted(wrappers))} in names is what torch.compile or "
            "nn.DataParallel puts there: compile or wrap the same parts of it."
        )
    if lines:
        raise CheckpointError("\n".join([f"{path}: {what}:", *lines, remedy]))

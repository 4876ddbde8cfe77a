"""Checkpoints: tensors in one safetensors file, written whole or not at all.

A file holds tensors, a short text (JSON) and a checksum over both. It contains no pickle, so
opening it runs no code. It is written whole (`rnn_course.storage.write_whole`): whatever happens
meanwhile, its place holds the older file or the new one, never a part. Here are a model's weights;
`run_file` keeps a whole training run in the same format.
"""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any, TypeVar

import safetensors.torch
import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor, nn

from rnn_course import checks
from rnn_course.storage import write_whole

M = TypeVar("M", bound=nn.Module)
WEIGHTS = "rnn_course weights 1"


class CheckpointError(RuntimeError):
    """A checkpoint cannot be written, read or used here; the message says what to do."""


def save_weights(model: nn.Module, path: str | os.PathLike[str]) -> None:
    """Write the model's weights and buffers to `path` (safetensors), replacing what is there.

    If `path` is a link, the file that it leads to is replaced. The weights of a compiled
    (`torch.compile`) or wrapped (`nn.DataParallel`) model keep the names of the model inside.

    Raises:
        TypeError: If `model` is not a module, or `path` not a path.
        CheckpointError: If the file cannot be written; an older file is then untouched.
    """
    model = unwrapped(model)
    write(path, WEIGHTS, copied(model), {"model": described(model)})


def load_weights(model: nn.Module, path: str | os.PathLike[str]) -> None:
    """Set the model's weights and buffers, in place, to those that `save_weights` wrote.

    The model may be compiled or wrapped (see `save_weights`), whether or not the saved one was.

    Raises:
        TypeError: If `model` is not a module, or `path` not a path.
        CheckpointError: If the file is damaged, of the wrong kind, or of a different model (its
            names, shapes or dtypes differ); the model is then untouched.
    """
    model = unwrapped(model)
    tensors, facts = read(path, WEIGHTS)
    require_same(
        path,
        "of a different model",
        facts["model"],
        described(model),
        "Build the model as it was when its weights were saved.",
    )
    restore(model, tensors, path)


def load_half(model: M, path: str | os.PathLike[str]) -> M:
    """Load weights that were saved in half precision; the model is in single, and in eval mode.

    Raises:
        TypeError, CheckpointError: As `load_weights` does.
    """
    load_weights(model.half(), path)
    return model.float().eval()


def unwrapped(model: nn.Module) -> nn.Module:
    """The model inside the wrappers of `torch.compile` and `nn.DataParallel`.

    Their names for its weights begin with "_orig_mod." and "module.".
    """
    checks.instance("model", model, nn.Module)
    if isinstance(model, nn.DataParallel | nn.parallel.DistributedDataParallel):
        return unwrapped(model.module)
    compiled = getattr(model, "_orig_mod", None)
    return unwrapped(compiled) if isinstance(compiled, nn.Module) else model


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
    """Copy `weights` into the model's own tensors, so that tied ones stay tied.

    Raises:
        CheckpointError: If tensors that are tied in the model differ in the file.
    """
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
    """Write tensors and facts into one file of this kind at `path`.

    Raises:
        CheckpointError: If the file cannot be written; an older one is then untouched.
    """
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
    """Read the tensors and facts of the file at `path`.

    Raises:
        CheckpointError: If the file cannot be read, is of the wrong kind, or is damaged.
    """
    checks.path("path", path)
    remedy = "Restore it from a copy, or choose another path (or delete the file) to start afresh."
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
        digest.update(tensor.reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()


def require_same(
    path: str | os.PathLike[str],
    what: str,
    found: dict[str, Any],
    expected: dict[str, Any],
    remedy: str,
) -> None:
    """Compare the facts of a file with those expected here.

    Raises:
        CheckpointError: If they differ; the message lists each difference, then the remedy.
    """
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

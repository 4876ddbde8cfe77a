"""Where a network is trained: on the accelerator if there is one, unless another is asked for.

Nothing else in the package or in a chapter asks for devices. `torch.accelerator` stands for CUDA
(NVIDIA, AMD), MPS (Apple) and XPU (Intel); a machine has at most one kind of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain

import torch
from torch import Tensor, nn

Device = torch.device | str | None
"""What may be asked for: a device, its name, or None for the best available."""


def find_device(device: Device = None) -> torch.device:
    """The device asked for; if None, the accelerator if there is one, else the CPU.

    Raises:
        ValueError: If this machine has no such device.
    """
    here = torch.accelerator.current_accelerator() if torch.accelerator.is_available() else None
    if device is None:
        return here or torch.device("cpu")
    try:
        found = torch.device(device)
    except (RuntimeError, TypeError):
        found = None
    known = ["cpu"] if here is None else ["cpu", here.type]
    if found is None or found.type not in known:
        raise ValueError(
            f"device: expected None or one that is here ({' and '.join(known)}), "
            f"got {str(device)!r}"
        )
    if found.type != "cpu" and (found.index or 0) >= (n := torch.accelerator.device_count()):
        raise ValueError(
            f"device: expected an index below {n}, the number of {found.type} devices "
            f"here, got {str(device)!r}"
        )
    return found


def device_for(model: nn.Module, device: Device = None) -> torch.device:
    """The device on which to run this model: the one asked for, or if None, the best one.

    That is the accelerator on which the model already is, or else `find_device`'s, or the CPU if
    the accelerator cannot compute in one of the model's dtypes, as MPS cannot in float64.

    Raises:
        ValueError: If the device asked for is missing or lacks one of the dtypes, or if the model's
            tensors are on several devices.
    """
    if device is None and (home := _home(model)).type != "cpu":
        return home
    found = find_device(device)
    for name, tensor in chain(model.named_parameters(), model.named_buffers()):
        if not _computes(found, tensor.dtype):
            if device is None:
                return torch.device("cpu")
            dtype = str(tensor.dtype).removeprefix("torch.")
            raise ValueError(
                f"device: {str(found)!r} has no {dtype}, which {name} is in; make it "
                "float32 (model.float()), or stay on the CPU (device='cpu')"
            )
    return found


@contextmanager
def lent(model: nn.Module, device: torch.device) -> Iterator[None]:
    """Move the model to `device` and, at the end, whatever happens, back where it was.

    The line after a training then need not know where it took place: `model(x)` takes the same x as
    before. The parameters stay the same objects, so an optimiser's references to them stay valid.
    """
    home = _home(model)
    try:
        model.to(device)
        yield
    finally:
        model.to(home)


@contextmanager
def seeded(seed: int, device: torch.device) -> Iterator[None]:
    """Seed the random numbers of the CPU and of `device`; at the end, restore the caller's."""
    before = [(each, random_state(each)) for each in {torch.device("cpu"), device}]
    try:
        torch.default_generator.manual_seed(seed)
        if device.type != "cpu":
            set_random_state(torch.Generator(device).manual_seed(seed).get_state(), device)
        yield
    finally:
        for each, state in before:
            set_random_state(state, each)


def random_state(device: torch.device) -> Tensor:
    """The state of the device's random generator, as a tensor on the CPU."""
    if device.type == "cpu":
        return torch.get_rng_state()
    return torch.get_device_module(device).get_rng_state(device)


def set_random_state(state: Tensor, device: torch.device) -> None:
    """Set the device's random generator to a state from `random_state`."""
    if device.type == "cpu":
        torch.set_rng_state(state)
    else:
        torch.get_device_module(device).set_rng_state(state, device)


def device_name(device: torch.device) -> str:
    """The device in words: "the CPU", or "cuda (NVIDIA H100)"."""
    if device.type == "cpu":
        return "the CPU"
    named = getattr(torch.get_device_module(device), "get_device_name", None)
    return f"{device} ({named(device)})" if named else str(device)


def _home(model: nn.Module) -> torch.device:
    """The one device of all the model's tensors; the CPU if it has no tensors."""
    found = {tensor.device for tensor in chain(model.parameters(), model.buffers())}
    if len(found) > 1:
        raise ValueError(
            "model: expected all parameters and buffers on one device, got "
            + " and ".join(sorted(map(str, found)))
        )
    return found.pop() if found else torch.device("cpu")


def _computes(device: torch.device, dtype: torch.dtype) -> bool:
    """Can the device multiply two numbers of that dtype?"""
    try:
        return (torch.ones(1, dtype=dtype, device=device) * 2).cpu().item() == 2
    except (RuntimeError, TypeError):
        return False

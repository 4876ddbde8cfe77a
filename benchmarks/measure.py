"""Time several ways to do the same thing, in turns, so that only the ratios need be trusted."""

from __future__ import annotations

import ctypes
import os
import platform
import random
import statistics
import time
from collections.abc import Callable
from datetime import date

import torch
from torch import nn

from rnn_course import Cell


def interleaved(
    runs: dict[str, Callable[[], object]], seconds: float, at_least: int = 7
) -> dict[str, float]:
    """The median time of each run, in seconds; every round calls all of them, in a new order.

    Each is called once beforehand, to warm up.
    """
    order, rng = list(runs), random.Random(0)
    times: dict[str, list[float]] = {name: [] for name in runs}
    for name in order:
        runs[name]()
    end = time.perf_counter() + seconds
    while time.perf_counter() < end or len(times[order[0]]) < at_least:
        rng.shuffle(order)
        for name in order:
            start = time.perf_counter()
            runs[name]()
            times[name].append(time.perf_counter() - start)
    return {name: statistics.median(values) for name, values in times.items()}


def milliseconds(
    variants: Callable[..., dict[str, Callable[[], object]]],
    shape: tuple[int, ...],
    threads: int,
    seconds: float,
    at_least: int = 7,
) -> dict[str, float]:
    """The medians of the runs of `variants(*shape)`, with seed 0, on that number of threads.

    Gates apply to one thread only; figures for more threads are shown as well, and get a third of
    the time.
    """
    if threads > 1:
        seconds, at_least = seconds / 3, min(at_least, 3)
    torch.set_num_threads(threads)
    torch.manual_seed(0)
    medians = interleaved(variants(*shape), seconds, at_least)
    return {name: 1e3 * value for name, value in medians.items()}


def trained(
    forward: Callable[[], torch.Tensor], module: nn.Module, g: torch.Tensor
) -> Callable[[], torch.Tensor]:
    """A training step without the update: forward, and back from the gradient g at h."""

    def run() -> torch.Tensor:
        module.zero_grad(set_to_none=True)
        h = forward()
        h.backward(g)
        return h.detach()

    return run


def copy_weights(cell: Cell, module: nn.RNNBase, end: str = "") -> None:
    """Copy the cell's weights into torch's module, and set its second bias to zero."""
    with torch.no_grad():
        for name, value in (("weight_ih", cell.U), ("weight_hh", cell.W), ("bias_ih", cell.b)):
            getattr(module, f"{name}_l0{end}").copy_(value)
        getattr(module, f"bias_hh_l0{end}").zero_()


def alive_between_passes(forward: Callable[[], torch.Tensor]) -> int:
    """The bytes in use after the forward pass: the output, and what autograd keeps for later."""
    storages: dict[int, int] = {}

    def pack(tensor: torch.Tensor) -> torch.Tensor:
        storage = tensor.untyped_storage()
        storages[storage.data_ptr()] = storage.nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        pack(forward())
    return sum(storages.values())


def machine() -> dict[str, str]:
    """The facts about this machine that belong with every figure."""
    return {
        "processor": _processor(),
        "vector instructions": torch.backends.cpu.get_cpu_capability(),
        "cores": str(os.cpu_count()),
        "torch": torch.__version__,
        "python": platform.python_version(),
        "malloc": _malloc(),
        "date": date.today().isoformat(),
    }


def _processor() -> str:
    try:
        with open("/proc/cpuinfo") as lines:
            return next(line.split(":")[1].strip() for line in lines if "model name" in line)
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def _malloc() -> str:
    settings = [
        f"{k}={v}"
        for k, v in sorted(os.environ.items())
        if k.startswith(("MALLOC_", "GLIBC_TUNABLES", "LD_PRELOAD"))
    ]
    try:
        version = ctypes.CDLL(None).gnu_get_libc_version
        version.restype = ctypes.c_char_p
        name = f"glibc {version().decode()}"
    except AttributeError:
        name = platform.libc_ver()[0] or platform.system()
    return f"{name}, {', '.join(settings) or 'no settings of its own'}"

"""A stand-in for a GPU on a machine without one: it finds tensors that the code forgot to move.

    with stand_in_gpu() as gpu:
        x = torch.randn(3).to(gpu)        # x + torch.randn(3) raises, as on a real one

A tensor that is moved or made there keeps its numbers on the CPU and is computed with on the CPU,
but reports its device as "meta" (the only other one that torch's CPU build lets autograd pass
through). Like CUDA it refuses to be combined with the CPU's tensors, except scalars and indices, to
be drawn by a generator of the CPU, and to become a NumPy array; on request it has no float64, like
MPS. It says nothing about speed, kernels or rounding.
"""

from __future__ import annotations

import contextlib
import types
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch.optim import optimizer
from torch.utils import _pytree as pytree
from torch.utils._python_dispatch import TorchDispatchMode

GPU = torch.device("meta")
GENERATOR = torch.Generator
COPIES = {"aten::_to_copy", "aten::copy_"}
INDEXED = {
    "aten::index",
    "aten::index_put",
    "aten::index_put_",
    "aten::_index_put_impl_",
    "aten::_unsafe_index",
}  # an index may be on the CPU


class OnGPU(torch.Tensor):
    """A tensor that reports the GPU as its device and keeps its numbers in `inner`, on the CPU."""

    @staticmethod
    def __new__(cls, inner: torch.Tensor) -> OnGPU:
        made = torch.Tensor._make_wrapper_subclass(
            cls,
            inner.shape,
            strides=inner.stride(),
            storage_offset=inner.storage_offset(),
            dtype=inner.dtype,
            layout=inner.layout,
            device=GPU,
        )
        made.inner = inner
        return made

    def __repr__(self) -> str:
        return f"OnGPU({self.inner!r})"

    @classmethod
    def __torch_dispatch__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return _run(func, args, kwargs or {}, True)


class _Moves(TorchDispatchMode):
    """A mode in which tensors made on the GPU, or moved there, become `OnGPU`."""

    def __init__(self, float64: bool) -> None:
        super().__init__()
        self.float64 = float64

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        if OnGPU in types or _is_gpu(kwargs.get("device")):
            return _run(func, args, kwargs, self.float64)
        return func(*args, **kwargs)


def _moved(value: Any) -> bool:
    return isinstance(value, OnGPU)


def _is_gpu(device: Any) -> bool:
    return device is not None and torch.device(device).type == GPU.type


def _bare(value: Any) -> Any:
    return value.inner if _moved(value) else value


def _run(func: Any, args: Any, kwargs: dict[str, Any], float64: bool) -> Any:
    """Compute on the CPU, and put the result where a real GPU would have it."""
    name, leaves = func._schema.name, pytree.tree_leaves((args, kwargs))
    tensors = [leaf for leaf in leaves if isinstance(leaf, torch.Tensor)]
    here = any(map(_moved, tensors))
    if here and name not in COPIES:
        strangers = any(not _moved(t) and t.dim() > 0 for t in tensors)
        if strangers and not (name in INDEXED and _moved(args[0])):
            raise RuntimeError(
                "Expected all tensors to be on the same device, but found at least "
                f"two devices, {GPU} and cpu! (in {name})"
            )
        if any(isinstance(leaf, GENERATOR) for leaf in leaves):
            raise RuntimeError(f"Expected a {GPU!s} device type for generator but found 'cpu'")
    wanted = kwargs.get("device")
    if wanted is not None:
        kwargs = {**kwargs, "device": torch.device("cpu")}
    out = func(*pytree.tree_map(_bare, args), **pytree.tree_map(_bare, kwargs))
    goes = (
        _is_gpu(wanted)
        if wanted is not None
        else here and not (name == "aten::copy_" and not _moved(args[0]))
    )
    given = {id(_bare(t)): t for t in tensors}

    def placed(value: Any) -> Any:
        if not isinstance(value, torch.Tensor) or _moved(value):
            return value
        if wanted is None and id(value) in given:  # in place: return the tensor that was given
            return given[id(value)]
        if not goes:
            return value
        if value.dtype == torch.float64 and not float64:
            raise TypeError(
                f"Cannot convert a {GPU} Tensor to float64 dtype as the framework "
                "doesn't support float64. Please use float32 instead."
            )
        return OnGPU(value.clone() if id(value) in given else value)

    return pytree.tree_map(placed, out)


as_tensor = torch.as_tensor


def _from_data(make: Callable[..., torch.Tensor]) -> Callable[..., torch.Tensor]:
    """`tensor`, `as_tensor` and `new_tensor` bypass modes: make on the CPU, then move."""

    def made(*args: Any, **kwargs: Any) -> torch.Tensor:
        first = args[0] if args and _moved(args[0]) and make is not as_tensor else None
        device = kwargs.pop("device", None) or (None if first is None else first.device)
        if first is not None:
            kwargs.setdefault("dtype", first.dtype)
            args = (torch.empty(0, dtype=first.dtype), *args[1:])
        out = make(*args, **kwargs)
        return out if device is None else out.to(device)

    return made


def _refused(numpy: Callable[..., Any]) -> Callable[..., Any]:
    def made(tensor: torch.Tensor, *args: Any, **kwargs: Any) -> Any:
        if _moved(tensor):
            raise TypeError(
                f"can't convert {GPU} device type tensor to numpy. Use Tensor.cpu() to "
                "copy the tensor to host memory first."
            )
        return numpy(tensor, *args, **kwargs)

    return made


def _swap(one: torch.Tensor, other: torch.Tensor) -> None:
    """`torch.utils.swap_tensors`, without its demand that no graph of an earlier step is left.

    On a real GPU a parameter only gets other numbers; here it has to change its class.
    """
    one.__class__, other.__class__ = other.__class__, one.__class__
    one.__dict__, other.__dict__ = other.__dict__, one.__dict__
    torch._C._swap_tensor_impl(one, other)


class _Generators(type):
    def __call__(cls, device: Any = "cpu") -> torch.Generator:
        return GENERATOR("cpu" if _is_gpu(device) else device)

    def __instancecheck__(cls, value: Any) -> bool:
        return isinstance(value, GENERATOR)


class _Generator(metaclass=_Generators):
    """`torch.Generator`, which can also be made for the GPU."""


def _module() -> types.SimpleNamespace:
    """What torch asks of a device's module, with a random state that can be restored."""
    generator = GENERATOR()
    return types.SimpleNamespace(
        device_count=lambda: 1,
        is_available=lambda: True,
        current_device=lambda: 0,
        manual_seed=generator.manual_seed,
        manual_seed_all=generator.manual_seed,
        get_rng_state=lambda device=None: generator.get_state(),
        set_rng_state=lambda state, device=None: generator.set_state(state),
        _is_in_bad_fork=lambda: False,
    )


@contextlib.contextmanager
def stand_in_gpu(float64: bool = True) -> Iterator[torch.device]:
    """Make torch believe in one accelerator for a while; yield its device."""
    fused = optimizer._get_fused_kernels_supported_devices()
    fakes = {
        (torch, GPU.type): _module(),
        (optimizer, "_get_fused_kernels_supported_devices"): lambda: [*fused, GPU.type],
        (torch.accelerator, "current_accelerator"): lambda *_, **__: GPU,
        (torch.accelerator, "is_available"): lambda: True,
        (torch.accelerator, "device_count"): lambda: 1,
        (torch, "Generator"): _Generator,
        (torch.utils, "swap_tensors"): _swap,
        (torch, "tensor"): _from_data(torch.tensor),
        (torch, "as_tensor"): _from_data(torch.as_tensor),
        (torch.Tensor, "new_tensor"): _from_data(torch.Tensor.new_tensor),
        (torch.Tensor, "tolist"): lambda t, real=torch.Tensor.tolist: real(_bare(t)),
        (torch.Tensor, "data_ptr"): lambda t, real=torch.Tensor.data_ptr: real(_bare(t)),
        (torch.Tensor, "numpy"): _refused(torch.Tensor.numpy),
        (torch.Tensor, "__array__"): _refused(torch.Tensor.__array__),
    }
    old = {(where, key): getattr(where, key, None) for where, key in fakes}
    swap = torch.__future__.get_swap_module_params_on_conversion()
    torch.__future__.set_swap_module_params_on_conversion(True)
    for (where, key), value in fakes.items():
        setattr(where, key, value)
    torch.get_device_module.cache_clear()
    try:
        with _Moves(float64), warnings.catch_warnings():  # the copy does take place here
            warnings.filterwarnings("ignore", ".* copying from a non-meta parameter")
            yield GPU
    finally:
        for (where, key), value in old.items():
            if value is None:
                delattr(where, key)
            else:
                setattr(where, key, value)
        torch.get_device_module.cache_clear()
        torch.__future__.set_swap_module_params_on_conversion(swap)

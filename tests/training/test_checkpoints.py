"""The files of checkpoints: whole or not at all, sound or refused, and without pickle."""

import errno
import json
import os
import pickle
import resource
import stat
from contextlib import contextmanager

import pytest
import safetensors.torch
import torch
from torch import nn

from rnn_course import storage
from rnn_course.training import checkpoints
from rnn_course.training.checkpoints import CheckpointError, load_weights, save_weights
from rnn_course.training.run_file import RunFile


class Tied(nn.Module):
    """An embedding and a readout that share one matrix."""

    def __init__(self, tie=True):
        super().__init__()
        self.embed, self.V = nn.Embedding(5, 3), nn.Linear(3, 5)
        if tie:
            self.V.weight = self.embed.weight


class Odd(nn.Module):
    """Tensors of many kinds: turned, empty, scalar, whole numbers, half and double precision."""

    def __init__(self, fill):
        super().__init__()
        self.turned = nn.Parameter(torch.full((3, 2), fill).T)
        self.wide = nn.Parameter(torch.tensor([fill, -0.0, 1e-310], dtype=torch.float64))
        self.narrow = nn.Parameter(torch.tensor([fill, 2.5], dtype=torch.bfloat16))
        self.register_buffer("seen", torch.tensor(int(fill)))
        self.register_buffer("empty", torch.empty(0, 4))
        self.register_buffer("mask", torch.tensor([True, False]))
        self.register_buffer("broken", torch.tensor([float("nan"), float("inf")]))


def content(model):
    """Every bit of the model's tensors."""
    return {
        name: (t.dtype, t.shape, t.contiguous().reshape(-1).view(torch.uint8).tolist())
        for name, t in model.state_dict().items()
    }


def linear(seed=0, n_in=2):
    torch.manual_seed(seed)
    return nn.Linear(n_in, 2)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "weights.safetensors"


def refused(model, path):
    """The message with which loading is refused; the model must be as it was."""
    before = content(model)
    with pytest.raises(CheckpointError) as error:
        load_weights(model, path)
    assert content(model) == before
    assert str(error.value).startswith(str(path))
    return str(error.value)


def test_weights_come_back_bit_for_bit(path):
    old, new = Odd(7.0), Odd(1.0)
    assert content(old) != content(new)
    save_weights(old, path)
    load_weights(new, str(path))
    assert content(new) == content(old)
    assert not new.turned.is_contiguous()


def test_what_is_tied_stays_tied(path):
    torch.manual_seed(0)
    old, new = Tied(), Tied()
    save_weights(old, path)
    load_weights(new, path)
    assert new.V.weight is new.embed.weight
    assert torch.equal(new.V.weight, old.V.weight)


def test_different_tensors_are_not_put_into_a_tied_one(path):
    torch.manual_seed(0)
    save_weights(Tied(tie=False), path)
    assert "embed.weight and V.weight are one tensor" in refused(Tied(), path)


def test_a_model_with_more_than_tensors_is_refused(path):
    class Extra(nn.Linear):
        def get_extra_state(self):
            return {"anything": 1}

    with pytest.raises(TypeError, match="expected only tensors in its state_dict, got dict"):
        save_weights(Extra(2, 2), path)
    assert not path.exists()


def test_files_hold_no_pickle(path, monkeypatch):
    save_weights(linear(), path)
    data = path.read_bytes()
    size = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + size])
    ends = [about["data_offsets"][1] for name, about in header.items() if name != "__metadata__"]
    assert len(data) == 8 + size + max(ends), "nothing but the header and the numbers"

    def never(*args, **kwargs):
        raise AssertionError("unpickled something")

    for module, name in (
        (pickle, "load"),
        (pickle, "loads"),
        (pickle, "Unpickler"),
        (torch, "load"),
    ):
        monkeypatch.setattr(module, name, never)
    load_weights(linear(1), path)


def test_every_changed_byte_is_noticed(path):
    save_weights(linear(), path)
    good, model = path.read_bytes(), linear(1)
    before = content(model)
    for at in range(len(good)):
        bad = bytearray(good)
        bad[at] ^= 1 << at % 8
        path.write_bytes(bad)
        with pytest.raises(CheckpointError):
            load_weights(model, path)
    assert content(model) == before


@pytest.mark.parametrize("keep", [0, 4, 100, -1])
def test_a_file_that_was_cut_off_is_refused(path, keep):
    save_weights(linear(), path)
    path.write_bytes(path.read_bytes()[:keep])
    assert "not a readable safetensors file" in refused(linear(1), path)


def test_a_changed_number_is_called_damage(path):
    save_weights(linear(), path)
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    assert "damaged: the content does not have the checksum" in refused(linear(1), path)


def test_a_file_of_another_format_is_refused(path, tmp_path):
    assert "No such file" in refused(linear(), path)
    path.write_text("epoch,loss\n0,1.5\n")
    assert "not a readable safetensors file" in refused(linear(), path)
    safetensors.torch.save_file(linear().state_dict(), path)
    assert "expected a file of the format 'rnn_course weights 1', got 'another" in refused(
        linear(), path
    )
    assert "not a readable safetensors file" in refused(linear(), tmp_path)


def test_weights_and_runs_are_not_mixed_up(path):
    model = linear()
    run = RunFile(path, {}, model, torch.optim.SGD(model.parameters()), torch.device("cpu"))
    run.save({"loss": []}, None, over=False)
    assert "got 'rnn_course run 1'" in refused(model, path)
    save_weights(model, path)
    with pytest.raises(CheckpointError, match="got 'rnn_course weights 1'"):
        run.load()


@pytest.mark.parametrize(
    "other, difference",
    [
        (nn.Linear(3, 2), "weight: float32 (2, 2) in the file, float32 (2, 3) here"),
        (nn.Linear(2, 2, dtype=torch.float64), "bias: float32 (2,) in the file, float64 (2,) here"),
        (nn.Linear(2, 2, bias=False), "bias: float32 (2,) in the file, nothing here"),
        (nn.Sequential(nn.Linear(2, 2)), "0.weight: nothing in the file, float32 (2, 2) here"),
    ],
)
def test_weights_of_another_model_are_refused(path, other, difference):
    save_weights(linear(), path)
    assert difference in refused(other, path)


def test_a_file_is_on_the_disk_before_it_takes_its_place(path, monkeypatch):
    calls = []

    def spy(name):
        real = getattr(os, name)

        def call(first, *rest):
            what = "folder" if stat.S_ISDIR(os.stat(first).st_mode) else "file"
            calls.append(f"{name} {what}")
            return real(first, *rest)

        monkeypatch.setattr(os, name, call)

    spy("fsync")
    spy("replace")
    save_weights(linear(), path)
    assert calls == ["fsync file", "replace file", "fsync folder"]


def still_whole(path, model, before):
    """Saving must fail, leave the older file's every byte, and no other file."""
    with pytest.raises(CheckpointError) as error:
        save_weights(model, path)
    assert path.read_bytes() == before
    assert os.listdir(path.parent) == [path.name]
    message = str(error.value)
    assert message.startswith(str(path)) and "an older one there is untouched" in message
    return message


@pytest.mark.parametrize("name", ["fsync", "replace"])
def test_a_late_error_leaves_the_older_file(path, monkeypatch, name):
    save_weights(linear(), path)

    def fail(*args):
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(checkpoints.os, name, fail)
    assert "Input/output error" in still_whole(path, linear(1), path.read_bytes())


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs Linux's /dev/full")
def test_a_full_disk_leaves_the_older_file(path, monkeypatch):
    save_weights(linear(), path)
    monkeypatch.setattr(storage.secrets, "token_hex", lambda n: "it")
    own = f"{storage._mark(path)}{os.getpid()}-it.tmp"
    os.symlink("/dev/full", path.with_name(own))  # the kernel answers each write with ENOSPC
    assert os.strerror(errno.ENOSPC) in still_whole(path, linear(1), path.read_bytes())


@contextmanager
def largest_file(size):
    """The kernel refuses to let any file of this process grow beyond `size` bytes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_half_written_file_leaves_the_older_one(path):
    save_weights(linear(), path)
    with largest_file(20_000):
        message = still_whole(path, linear(1, n_in=50_000), path.read_bytes())
    assert os.strerror(errno.EFBIG) in message
    save_weights(linear(1), path)
    load_weights(model := linear(), path)
    assert content(model) == content(linear(1))


@pytest.mark.parametrize("saved", ["plain", "compiled", "wrapped"])
@pytest.mark.parametrize("loaded", ["plain", "compiled", "wrapped"])
def test_a_compiled_or_wrapped_model_has_the_names_of_the_model_inside(path, saved, loaded):
    dress = {"plain": lambda model: model, "compiled": torch.compile, "wrapped": nn.DataParallel}
    save_weights(dress[saved](linear()), path)
    load_weights(dress[loaded](model := linear(1)), path)
    assert content(model) == content(linear())


def test_a_part_that_was_compiled_is_named(path):
    save_weights(nn.Sequential(torch.compile(linear())), path)
    message = refused(nn.Sequential(linear()), path)
    assert "0._orig_mod.weight: float32 (2, 2) in the file, nothing here" in message
    assert "The _orig_mod in names is what torch.compile" in message


@pytest.mark.parametrize("wrong", [None, "", 3, b"bytes", "nul\0"])
def test_an_argument_that_is_not_a_path_is_refused(wrong):
    for call in save_weights, load_weights:
        with pytest.raises(TypeError, match="path: expected a path, got"):
            call(linear(), wrong)


def test_an_argument_that_is_not_a_model_is_refused(path):
    for call in save_weights, load_weights:
        with pytest.raises(TypeError, match="model: expected a Module, got OrderedDict"):
            call(linear().state_dict(), path)
    assert not path.exists()


def test_a_missing_folder_is_named(tmp_path):
    path = tmp_path / "nowhere" / "weights.safetensors"
    with pytest.raises(CheckpointError, match="nowhere.*No such file or directory"):
        save_weights(linear(), path)


def test_a_cancelled_writing_leaves_no_litter(path, monkeypatch):
    def stop(*args):
        raise KeyboardInterrupt

    monkeypatch.setattr(checkpoints.os, "fsync", stop)
    with pytest.raises(KeyboardInterrupt):
        save_weights(linear(), path)
    assert os.listdir(path.parent) == []


def test_a_file_has_the_rights_of_any_other(path):
    save_weights(linear(), path)
    (path.parent / "plain").write_text("")
    assert path.stat().st_mode == (path.parent / "plain").stat().st_mode

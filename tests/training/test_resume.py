"""A run that was stopped and resumed ends exactly as the run that was left alone."""

import json
import os
import resource
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest
import torch
from elsewhere import stopping
from torch import nn, optim
from torch.nn.functional import mse_loss

from rnn_course.tasks.base import Split
from rnn_course.training import checkpoints
from rnn_course.training.checkpoints import CheckpointError
from rnn_course.training.fit import fit
from rnn_course.training.run_file import RUN

STEPS = 12  # three epochs of four


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """One thread, and no waiting for the disk (the killed runs below do wait)."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    monkeypatch.setattr(checkpoints.os, "fsync", lambda file: None)
    yield
    torch.set_num_threads(threads)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "run.safetensors"


def network(seed=0, dtype=torch.float32):
    torch.manual_seed(seed)
    return nn.Sequential(
        nn.Linear(3, 8), nn.BatchNorm1d(8), nn.Tanh(), nn.Dropout(0.4), nn.Linear(8, 1)
    ).to(dtype)


def points(n, seed, dtype=torch.float32):
    numbers = torch.Generator().manual_seed(seed)
    x = torch.randn(n, 3, generator=numbers, dtype=dtype)
    return Split(x, x.sum(1, keepdim=True) + torch.randn(n, 1, generator=numbers, dtype=dtype))


def squared(model, batch):
    return mse_loss(model(batch.x), batch.y)


def run(path=None, seed=0, stop=None, training=True, dtype=torch.float32, **settings):
    """Train, and return every bit of what came out.

    `stop` ends the run with an error just before that step, or in the validation before it.
    """
    model, steps = network(seed, dtype), 0

    def loss(model, batch):
        nonlocal steps
        if steps == stop and model.training == training:
            raise InterruptedError
        steps += model.training
        return squared(model, batch)

    settings = dict(epochs=3, batch_size=6, lr=0.05, clip=0.5) | settings
    torch.manual_seed(1000 + seed)
    history = fit(
        model,
        loss,
        points(22, 1, dtype),
        points(9, 2, dtype),
        checkpoint=path,
        device="cpu",
        progress=False,
        **settings,
    )
    weights = {name: (t.dtype, t.tolist()) for name, t in model.state_dict().items()}
    return weights, history, steps


def stopped_and_resumed(path, stop, training=True, **settings):
    with pytest.raises(InterruptedError):
        run(path, stop=stop, training=training, **settings)
    return run(path, seed=1, **settings)  # another initialisation: all comes out of the file


@pytest.mark.parametrize("stop", range(STEPS))
@pytest.mark.parametrize("save_every", [None, 1, 3])
def test_stopped_at_any_step_it_ends_the_same(path, stop, save_every):
    weights, history, _ = run()
    again, same, steps = stopped_and_resumed(path, stop, save_every=save_every)
    assert again == weights and same == history
    saved = max(stop - stop % 4, stop - stop % (save_every or 4))
    assert steps == STEPS - saved, "it went on from the last save, not from the start"
    assert os.listdir(path.parent) == [path.name]


@pytest.mark.parametrize("stop", [4, 12])
def test_stopped_after_an_epochs_last_step_it_validates_next(path, stop):
    weights, history, _ = run()
    again, same, steps = stopped_and_resumed(path, stop, training=False, save_every=4)
    assert again == weights and same == history and steps == STEPS - stop


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize(
    "optimiser",
    [
        optim.AdamW,
        partial(optim.Adam, amsgrad=True),
        partial(optim.SGD, momentum=0.9),
        optim.SGD,
        optim.RMSprop,
        optim.NAdam,
        optim.RAdam,
        optim.Adagrad,
        optim.Adadelta,
        optim.Adamax,
        partial(optim.ASGD, t0=2.0),
        partial(optim.AdamW, foreach=True),
        partial(optim.AdamW, fused=True),
        optim.Adafactor,
    ],
    ids=lambda make: str(getattr(make, "__name__", getattr(make, "keywords", ""))),
)
def test_every_optimiser_goes_on_as_it_was(path, optimiser, dtype):
    settings = dict(optimiser=optimiser, dtype=dtype, save_every=1)
    weights, history, _ = run(**settings)
    again, same, _ = stopped_and_resumed(path, 6, **settings)
    assert again == weights and same == history


@pytest.mark.parametrize("stop", range(1, 20, 3))
def test_patience_and_the_best_weights_go_on_as_they_were(path, stop):
    settings = dict(epochs=40, patience=4, lr=0.3, decay=False, save_every=1)
    weights, history, steps = run(**settings)
    assert history.stopped_early and steps > 20 and history.best_epoch == history.epochs - 5
    again, same, _ = stopped_and_resumed(path, stop, **settings)
    assert again == weights and same == history


@pytest.mark.parametrize("stop", [1, 2, 3, 7])
def test_the_warm_up_goes_on_as_it_was(path, stop):
    """Of six steps: stopped within it and after it."""
    settings = dict(warm_up=6, save_every=1)
    weights, history, _ = run(**settings)
    again, same, _ = stopped_and_resumed(path, stop, **settings)
    assert again == weights and same == history
    assert history.lr == pytest.approx(
        [0.05 * (12 - k) / 12 * min(1, (k + 1) / 6) for k in range(12)]
    )


def test_a_finished_run_returns_at_once(path):
    for settings in ({}, dict(epochs=40, patience=4, lr=0.3, decay=False)):
        weights, history, _ = run(path, **settings)
        before = path.read_bytes()
        again, same, steps = run(path, seed=1, stop=0, **settings)
        assert again == weights and same == history and steps == 0
        assert same.seconds <= history.seconds and path.read_bytes() == before
        path.unlink()


def test_the_seconds_of_all_sittings_count(path):
    with pytest.raises(InterruptedError):
        run(path, stop=10)
    _, facts = checkpoints.read(path, RUN)
    first_sitting = facts["rest"]["history/seconds"]
    assert run(path)[1].seconds > first_sitting > 0


def test_the_callers_random_state_is_kept(path):
    with pytest.raises(InterruptedError):
        run(path, stop=7)
    expected = torch.rand(1, generator=torch.Generator().manual_seed(1000))
    run(path)
    assert torch.rand(1) == expected


# --- files that are not checkpoints of this run -----------------------------------------------


@pytest.mark.parametrize(
    "settings, difference",
    [
        (dict(epochs=4), "epochs: 3 in the file, 4 here"),
        (dict(batch_size=5), "batch_size: 6 in the file, 5 here"),
        (dict(lr=0.06), "lr: 0.05 in the file, 0.06 here"),
        (dict(decay=False), "decay: True in the file, False here"),
        (dict(warm_up=3), "warm_up: 0 in the file, 3 here"),
        (dict(clip=None), "clip: 0.5 in the file, None here"),
        (dict(seed_of_fit=1), "seed: 0 in the file, 1 here"),
        (dict(patience=9), "patience: None in the file, 9 here"),
        (dict(until=0.5), "until: None in the file, 0.5 here"),
        (dict(weight_decay=0.5), "optimiser.weight_decay: 0.01 in the file, 0.5 here"),
        (dict(optimiser=optim.Adam), "optimiser: AdamW in the file, Adam here"),
        (
            dict(optimiser=partial(optim.AdamW, betas=(0.5, 0.9))),
            "optimiser.betas: [0.9, 0.999] in the file, [0.5, 0.9] here",
        ),
        (dict(metric=lambda model, batch: batch.y[:, 0]), "metric: False in the file, True here"),
        (dict(train=points(23, 1)), "train_examples: 22 in the file, 23 here"),
        (dict(valid=None), "valid_examples: 9 in the file, 0 here"),
        (
            dict(model=network(dtype=torch.float64)),
            "model.0.weight: float32 (8, 3) in the file, float64 (8, 3) here",
        ),
        (dict(model=nn.Linear(3, 1)), "model.weight: nothing in the file, float32 (1, 3) here"),
    ],
)
def test_a_run_with_other_settings_is_refused(path, settings, difference):
    with pytest.raises(InterruptedError):
        run(path, stop=7)
    before = path.read_bytes()
    given = (
        dict(
            model=network(),
            loss=squared,
            train=points(22, 1),
            valid=points(9, 2),
            epochs=3,
            batch_size=6,
            lr=0.05,
            clip=0.5,
        )
        | settings
    )
    if "seed_of_fit" in given:
        given["seed"] = given.pop("seed_of_fit")
    weights = [p.tolist() for p in given["model"].parameters()]
    with pytest.raises(CheckpointError) as error:
        fit(**given, checkpoint=path, device="cpu", progress=False)
    message = str(error.value)
    assert message.startswith(f"{path}: of a different run (torch {torch.__version__}):")
    assert f"  {difference}\n" in message and "or choose another path" in message
    assert path.read_bytes() == before, "the other run's file is untouched"
    assert [p.tolist() for p in given["model"].parameters()] == weights


def test_frozen_weights_are_a_setting(path):
    run(path)
    model = network()
    model[0].requires_grad_(False)
    with pytest.raises(CheckpointError, match="trained: .*'0.weight'.* in the file, "):
        fit(
            model,
            squared,
            points(22, 1),
            points(9, 2),
            epochs=3,
            batch_size=6,
            lr=0.05,
            clip=0.5,
            checkpoint=path,
            device="cpu",
            progress=False,
        )


@pytest.mark.parametrize(
    "content, message",
    [
        (b"", "not a readable safetensors file"),
        (b"not a checkpoint, but a diary", "not a readable safetensors file"),
        (None, "damaged: the content does not have the checksum"),
    ],
)
def test_a_damaged_checkpoint_never_starts_anew(path, content, message):
    run(path)
    damaged = content if content is not None else path.read_bytes()[:-1] + b"\x7f"
    path.write_bytes(damaged)
    with pytest.raises(CheckpointError) as error:
        run(path)
    assert str(error.value).startswith(f"{path}: {message}")
    assert "choose another path (or delete the file) to start afresh" in str(error.value)
    assert path.read_bytes() == damaged


@pytest.mark.skipif(not torch.accelerator.is_available(), reason="needs an accelerator")
def test_on_an_accelerator_too_it_ends_the_same(path):
    def trained(seed, stop=None, checkpoint=None):
        model = network(seed)
        history = fit(
            model,
            stopping(squared, stop),
            points(22, 1),
            epochs=3,
            batch_size=6,
            checkpoint=checkpoint,
            save_every=1,
            progress=False,
        )
        return [p.tolist() for p in model.parameters()], history

    alone = trained(0)
    with pytest.raises(InterruptedError):
        trained(0, stop=7, checkpoint=path)
    assert trained(1, checkpoint=path) == alone


def test_a_run_that_cannot_save_says_so_and_can_go_on_later(path):
    weights, history, _ = run()
    with pytest.raises(InterruptedError):
        run(path, stop=7)
    before = path.read_bytes()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) // 2, hard))  # the kernel says no
    try:
        with pytest.raises(CheckpointError, match="could not be written .*File too large"):
            run(path, seed=1)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert path.read_bytes() == before and os.listdir(path.parent) == [path.name]
    again, same, _ = run(path, seed=2)
    assert again == weights and same == history


def test_a_run_that_goes_on_finds_out_before_its_first_step_as_well(path, monkeypatch):
    with pytest.raises(InterruptedError):
        run(path, stop=7)

    def refuse(*args):
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(checkpoints, "write_whole", refuse)
    with pytest.raises(CheckpointError, match="Read-only file system"):
        run(path, stop=0)


def test_a_link_to_a_checkpoint_stays_a_link(path, tmp_path):
    (tmp_path / "disk").mkdir()
    target = tmp_path / "disk" / "run.safetensors"
    path.symlink_to(target)  # which is not there yet
    weights, history, _ = run()
    again, same, _ = stopped_and_resumed(path, 7)
    assert again == weights and same == history
    assert path.is_symlink() and os.listdir(tmp_path / "disk") == [target.name]


def test_a_place_that_cannot_be_written_is_found_before_the_first_step(tmp_path):
    with pytest.raises(CheckpointError, match="nowhere.*No such file or directory"):
        run(tmp_path / "nowhere" / "run.safetensors", stop=0)


# --- killed ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def killed(tmp_path_factory, root):
    """What tests/killed_run.py did: its report, and each run's outcome as text."""
    folder = tmp_path_factory.mktemp("killed")
    done = subprocess.run(
        [sys.executable, "-W", "error", root / "tests" / "killed_run.py", folder],
        env=os.environ | {"PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout), {path.stem: path.read_text() for path in folder.glob("*.json")}


@pytest.mark.slow
def test_killed_twenty_times_it_ends_like_the_run_left_alone(killed):
    report, outcomes = killed
    random, whole = report["random"], json.loads(outcomes["alone"])[1]
    total = len(whole["loss"])
    assert random["landed"] == 20, "each kill found the run at work"
    positions = random["positions"]
    assert positions == sorted(positions) and positions[-1] < total
    assert sum(0 < position < total for position in positions) >= 15
    assert len(set(positions)) >= 8, "the kills met the run at different places"
    assert any(position % whole["steps_per_epoch"] for position in positions), "within an epoch"
    assert outcomes["killed"] == outcomes["timed"] == outcomes["alone"]


@pytest.mark.slow
def test_killed_while_it_writes_it_ends_like_the_run_left_alone(killed):
    report, outcomes = killed
    before_the_move, after_it = [signal.SIGKILL, True], [signal.SIGKILL, False]
    assert report["writing"] == [before_the_move] * 3 + [after_it] * 2
    assert outcomes["writing"] == outcomes["alone"]


@pytest.mark.slow
def test_killed_runs_leave_nothing_behind(killed):
    report, outcomes = killed
    files = {Path(name).suffix for name in report["random"]["left over"]}
    assert files == {".json", ".safetensors"}

"""Kills a training run again and again, for test_resume.py: `python killed_run.py FOLDER`.

The parent imports torch and trains nothing. Each run is a fork of it, and so reaches its loop a
moment after it starts. It reports its batches to the parent through a pipe, and is killed at a
random moment of a random batch: kills timed by a clock alone would come after the end of the run
on a faster machine. Prints a report as JSON.
"""

import json
import os
import random
import signal
import sys
import time
import traceback
from functools import partial
from pathlib import Path

import torch
from safetensors import safe_open
from torch import nn
from torch.nn.functional import cross_entropy

from rnn_course.cells import ElmanCell
from rnn_course.rnn import RNN
from rnn_course.tasks.base import Split
from rnn_course.training.fit import fit

EPOCHS, EXAMPLES, BATCH, KILLS = 8, 480, 12, 20


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn, self.drop, self.V = RNN(ElmanCell(4, 48)), nn.Dropout(0.3), nn.Linear(48, 3)

    def forward(self, batch):
        h, _ = self.rnn(batch.x, lengths=batch.lengths)
        return self.V(self.drop(h[:, -1]))


def data(n, seed):
    numbers = torch.Generator().manual_seed(seed)
    x = torch.randn(n, 9, 4, generator=numbers)
    return Split(x, x[:, 0, :3].argmax(1), torch.randint(3, 10, (n,), generator=numbers))


def train(checkpoint, seed=0, at_work=lambda: None, epochs=EPOCHS):
    """The run: dropout, clipping, decay, validation, patience, mid-epoch saves."""
    torch.manual_seed(seed)
    model = Net()

    def loss(model, batch):
        at_work()
        return cross_entropy(model(batch), batch.y)

    history = fit(
        model,
        loss,
        data(EXAMPLES, 1),
        data(100, 2),
        epochs=epochs,
        batch_size=BATCH,
        lr=0.01,
        clip=0.5,
        patience=EPOCHS,
        checkpoint=checkpoint,
        save_every=3,
        device="cpu",
        progress=False,
        metric=lambda model, batch: model(batch).argmax(1) == batch.y,
    )
    return model, history


def outcome(model, history):
    """The weights and the history to the last bit, as text."""
    weights = {
        name: [x.hex() for x in tensor.flatten().tolist()]
        for name, tensor in model.state_dict().items()
    }
    return json.dumps([weights, {k: v for k, v in vars(history).items() if k != "seconds"}])


def forked(work):
    """Start `work` in a child process; return the child's id."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            work()
            status = 0
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(status)
    return child


def died(child):
    """Wait for the child; return the signal that ended it, or 0."""
    _, status = os.waitpid(child, 0)
    if not os.WIFSIGNALED(status) and os.waitstatus_to_exitcode(status) != 0:
        raise SystemExit("a run failed")
    return os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0


def position(path):
    """How many steps the checkpoint holds."""
    with safe_open(path, framework="pt") as file:
        return len(file.get_tensor("history/loss"))


def run_to(result, checkpoint, seed=0, begun=1):
    """Start a child that trains to the end and writes its outcome; return after `begun` batches."""
    listen, tell = os.pipe()
    child = forked(
        lambda: result.write_text(
            outcome(*train(checkpoint, seed, at_work=lambda: os.write(tell, b".")))
        )
    )
    os.close(tell)
    with open(listen, "rb") as told:  # the child has this end too: its next writes do not fail
        told.read(begun)
    return child


def at_random(folder):
    """Kill one run within twenty random batches, then let it end."""
    child = run_to(folder / "timed.json", folder / "timed.safetensors")
    start = time.perf_counter()
    died(child)
    step = (time.perf_counter() - start) / (EPOCHS * EXAMPLES / BATCH)

    path, result, chance = folder / "killed.safetensors", folder / "killed.json", random.Random(0)
    positions, landed, writing = [], 0, 0
    for kill in range(KILLS):
        # Another initialisation each time: everything that matters must come from the file.
        child = run_to(result, path, seed=kill, begun=chance.randint(1, 24))
        time.sleep(chance.random() * step)
        os.kill(child, signal.SIGKILL)
        landed += died(child) == signal.SIGKILL
        positions.append(position(path))
        writing += any(folder.glob(f".{path.name}*.tmp"))
    died(run_to(result, path, seed=99))
    return {
        "landed": landed,
        "positions": positions,
        "while writing": writing,
        "left over": sorted(os.listdir(folder)),
    }


def while_writing(folder):
    """Let a run kill itself while it writes its checkpoint: before, between and after the steps."""
    path, result = folder / "writing.safetensors", folder / "writing.json"
    seen = []

    def kill_itself(name, call, before):
        real = getattr(os, name)
        calls = 0

        def deadly(*args):
            nonlocal calls
            calls += 1
            if calls == call and before:
                os.kill(os.getpid(), signal.SIGKILL)
            real(*args)
            if calls == call:
                os.kill(os.getpid(), signal.SIGKILL)

        setattr(os, name, deadly)
        train(path, seed=call if path.exists() else 0)

    # fsync is called twice per checkpoint: for the file, before it is moved, and for the folder.
    for name, call, before in (
        ("fsync", 9, True),
        ("fsync", 9, False),
        ("replace", 8, True),
        ("replace", 8, False),
        ("fsync", 10, True),
    ):
        ended_by = died(forked(partial(kill_itself, name, call, before)))
        seen.append([ended_by, any(folder.glob(f".{path.name}*.tmp"))])
    died(run_to(result, path, seed=99))
    return seen


if __name__ == "__main__":
    torch.set_num_threads(1)
    folder = Path(sys.argv[1])
    torch.optim.AdamW([torch.zeros(1, requires_grad=True)])  # now, instead of in each run
    died(run_to(folder / "alone.json", None))
    print(json.dumps({"random": at_random(folder), "writing": while_writing(folder)}))

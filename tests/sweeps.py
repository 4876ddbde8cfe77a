"""An experiment of four small real trials, for test_running.py: `python sweeps.py FOLDER`.

Trials note each batch in the folder, so that a test sees how far they are and in which processes,
and can hold one up by a file.
"""

import logging
import os
import signal
import sys
import time
from functools import partial
from pathlib import Path

import torch
from killed_run import train

from rnn_course import experiments
from rnn_course.training.checkpoints import save_weights

SEEDS, EPOCHS = (0, 1, 2, 3), 2
HELD_AT = 30  # batches


def notes(folder, seed):
    """The ids of the processes that ran each batch of a trial, one for each batch."""
    path = folder / f"batches-{seed}"
    return [int(line) for line in path.read_text().split()] if path.exists() else []


def hold(folder, seed):
    """The file that holds this trial up while it is there."""
    return folder / f"hold-{seed}"


def wait_until(condition, seconds=200):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError
        time.sleep(0.01)


def saved(folder):
    """The seeds whose trials the results file has."""
    path = folder / "dashed_edges.json"
    done = experiments.results("dashed_edges", folder) if path.exists() else []
    return [trial["setting"]["seed"] for trial in done]


def trial(folder, checkpoint, progress, device, seed):
    """Training of which the last figure to come depends on every batch; seed 0 leaves weights."""

    def at_work():
        with open(folder / f"batches-{seed}", "a") as file:
            file.write(f"{os.getpid()}\n")
        if len(notes(folder, seed)) == HELD_AT:
            wait_until(lambda: not hold(folder, seed).exists())

    logging.getLogger("rnn_course.sweeps").info("trial %s begins", seed)
    model, history = train(checkpoint, seed, at_work, EPOCHS)
    if seed == 0:
        save_weights(model, checkpoint.with_suffix(".weights"))
    if seed == 3 and hold(folder, 0).exists():  # let the first go once two others are saved
        wait_until(lambda: saved(folder) == [1, 2])
        hold(folder, 0).unlink()
    return {
        "loss": history.loss,
        "weights": sum(w.detach().abs().sum().item() for w in model.parameters()),
        "threads": torch.get_num_threads(),
        "bar": int(progress),
    }


def deadly(folder, checkpoint, progress, device, seed):
    """A trial that ends the process in which it runs."""
    with open(folder / f"batches-{seed}", "a") as file:
        file.write(f"{os.getpid()}\n")
    os.kill(os.getpid(), 9)


def experiment(folder, work=trial, seeds=SEEDS):
    settings = tuple({"seed": seed} for seed in seeds)
    return experiments.Experiment(
        name="dashed_edges",
        about="A test.",
        statements=(),
        settings=settings,
        trial=partial(work, folder),
        small=settings[:1],
        tolerance={"loss": 0.1},
        kept={"seed": 0} if work is trial else None,
    )


if __name__ == "__main__":
    from sweeps import experiment as made  # by the name under which other processes find it

    from rnn_course import cli

    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's "&" has it ignored
    folder = Path(sys.argv[1])
    status = cli.run_experiment(made(folder), folder, scratch=folder / "scratch", jobs=2)
    raise SystemExit(status)

"""The long runs behind the chapters, one file each, and their small committed results."""

from rnn_course.experiments.base import (
    FOLDER,
    NAMES,
    Experiment,
    disagreements,
    figures,
    find,
    results,
)
from rnn_course.experiments.running import run
from rnn_course.experiments.spreading import one_trial

__all__ = [
    "FOLDER",
    "NAMES",
    "Experiment",
    "disagreements",
    "figures",
    "find",
    "one_trial",
    "results",
    "run",
]

"""Data sets and synthetic tasks, one file each; every one of them returns a `Task`.

A task imports the package that its data come from when it is called: some take a second.
"""

from rnn_course.tasks.adding import make_adding
from rnn_course.tasks.base import Batch, Split, Task
from rnn_course.tasks.chorales.frames import load_frames
from rnn_course.tasks.chorales.task import load_chorales
from rnn_course.tasks.coins import make_coins
from rnn_course.tasks.copying import make_copying
from rnn_course.tasks.echo import make_echo
from rnn_course.tasks.fluent import make_fluent
from rnn_course.tasks.futures import make_futures
from rnn_course.tasks.holes import load_holes
from rnn_course.tasks.letters.task import load_letters
from rnn_course.tasks.names import load_names
from rnn_course.tasks.number_words import make_number_words
from rnn_course.tasks.pronunciations import load_pronunciations
from rnn_course.tasks.years.task import make_years

__all__ = [
    "Batch",
    "Split",
    "Task",
    "load_chorales",
    "load_frames",
    "load_holes",
    "load_letters",
    "load_names",
    "load_pronunciations",
    "make_adding",
    "make_coins",
    "make_copying",
    "make_echo",
    "make_fluent",
    "make_futures",
    "make_number_words",
    "make_years",
]

"""Data sets and synthetic tasks, one file each; every one of them returns a `Task`.

A task imports the package that its data come from when it is called: some take a second.
"""

from rnn_course.tasks.adding import adding
from rnn_course.tasks.base import Batch, Split, Task
from rnn_course.tasks.chorales import chorales
from rnn_course.tasks.coins import coins
from rnn_course.tasks.copying import copying
from rnn_course.tasks.echo import echo
from rnn_course.tasks.fluent import fluent
from rnn_course.tasks.frames import frames
from rnn_course.tasks.futures import futures
from rnn_course.tasks.holes import holes
from rnn_course.tasks.letters import letters
from rnn_course.tasks.names import names
from rnn_course.tasks.number_words import number_words
from rnn_course.tasks.pronunciations import pronunciations
from rnn_course.tasks.years import years

__all__ = ["Batch", "Split", "Task", "adding", "chorales", "coins", "copying", "echo", "fluent",
           "frames", "futures", "holes", "letters", "names", "number_words", "pronunciations",
           "years"]

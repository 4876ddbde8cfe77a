"""Data sets and synthetic tasks, one file each; every one of them returns a `Task`."""

from rnn_course.tasks.base import Batch, Split, Task
from rnn_course.tasks.chorales import chorales
from rnn_course.tasks.coins import coins
from rnn_course.tasks.names import names
from rnn_course.tasks.number_words import number_words
from rnn_course.tasks.years import years

__all__ = ["Batch", "Split", "Task", "chorales", "coins", "names", "number_words", "years"]

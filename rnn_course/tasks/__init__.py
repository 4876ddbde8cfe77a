"""Data sets and synthetic tasks, one file each; every one of them returns a `Task`."""

from rnn_course.tasks.base import Batch, Split, Task
from rnn_course.tasks.names import names

__all__ = ["Batch", "Split", "Task", "names"]

"""Homework: assignments written once, released by a key, checked by students, graded by lecturers.

What a check in an assignment uses stands here; `python -m rnn_course.homework` does the rest.
"""

from rnn_course.compare import at_least, cases, fails, same

__all__ = ["at_least", "cases", "fails", "same"]

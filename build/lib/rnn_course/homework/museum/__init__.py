"""The museum of silent bugs: real bugs that raised no error, and the tests that kill them.

`kills` judges a reader's test; `right` and `cost` hold, for each exhibit of the notebook, versions
without its bug, and what the bug costs. Do not read on here before you have found the bugs.
"""

from rnn_course.homework.museum.exhibits import cost, right
from rnn_course.homework.museum.training import written
from rnn_course.homework.museum.verdict import kills

__all__ = ["cost", "kills", "right", "written"]

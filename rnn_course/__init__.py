"""Recurrent networks, one step at a time: the code beside the lecture."""

from rnn_course.cells import Cell, ElmanCell, GRUCell, JordanCell, LSTMCell
from rnn_course.summarise import Summariser
from rnn_course.train import evaluate, fit
from rnn_course.unroll import RNN, unroll

__all__ = ["RNN", "Cell", "ElmanCell", "GRUCell", "JordanCell", "LSTMCell", "Summariser",
           "evaluate", "fit", "unroll"]

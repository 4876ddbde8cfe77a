"""Recurrent networks, one step at a time: the code beside the lecture."""

from rnn_course.cells import Cell, ElmanCell, GRUCell, JordanCell, LSTMCell, MemorylessCell
from rnn_course.conditioning import VectorToSequence
from rnn_course.feedback import FeedbackTagger, Tagger
from rnn_course.grid import MDRNN, GridCell, PixelTagger, unroll_grid
from rnn_course.seq2seq import EncoderDecoder
from rnn_course.summarise import Summariser
from rnn_course.train import evaluate, fit
from rnn_course.unroll import RNN, Backwards, Bidirectional, unroll

__all__ = ["MDRNN", "RNN", "Backwards", "Bidirectional", "Cell", "ElmanCell", "EncoderDecoder",
           "FeedbackTagger", "GRUCell", "GridCell", "JordanCell", "LSTMCell", "MemorylessCell",
           "PixelTagger", "Summariser", "Tagger", "VectorToSequence", "evaluate", "fit", "unroll",
           "unroll_grid"]

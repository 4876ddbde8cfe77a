"""Recurrent networks, one step at a time: the code beside the lecture."""

import sys

from rnn_course.command import guard_imports

if sys.argv[:1] == ["-m"]:  # python -m rnn_course: Ctrl-C may come before the command's own lines
    guard_imports()

from rnn_course.attention import AttentiveEncoderDecoder
from rnn_course.cells import Cell, ElmanCell, GRUCell, JordanCell, LSTMCell, MemorylessCell
from rnn_course.conditioning import VectorToSequence
from rnn_course.deep import BlockCell, SkipTransition, Stack, ThreeBlocks, Transition
from rnn_course.feedback import FeedbackTagger, Tagger
from rnn_course.grid import MDRNN, GridCell, PixelTagger, unroll_grid
from rnn_course.remedies import LeakyCell, ReLUCell, SkipCell
from rnn_course.seq2seq import EncoderDecoder
from rnn_course.summarise import Summariser
from rnn_course.train import evaluate, fit
from rnn_course.unroll import RNN, Backwards, Bidirectional, unroll

__all__ = ["MDRNN", "RNN", "AttentiveEncoderDecoder", "Backwards", "Bidirectional", "BlockCell",
           "Cell", "ElmanCell", "EncoderDecoder", "FeedbackTagger", "GRUCell", "GridCell",
           "JordanCell", "LSTMCell", "LeakyCell", "MemorylessCell", "PixelTagger", "ReLUCell",
           "SkipCell", "SkipTransition", "Stack", "Summariser", "Tagger", "ThreeBlocks",
           "Transition", "VectorToSequence", "evaluate", "fit", "unroll", "unroll_grid"]

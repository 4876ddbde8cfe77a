"""Recurrent networks, one step at a time: the code that goes with the lecture.

To read: `cells` (one step), `rnn` (all steps) and `networks` (what the slides show, a file for each
section), some 3,400 lines with their equations. Everything else is apparatus: `kernels` (the same
steps, faster), `training`, `tasks` (data), `measures`, `figures`, `experiments` (the long runs).
"""

import sys

from rnn_course.command import guard_imports

if sys.argv[:1] == ["-m"]:  # python -m rnn_course: Ctrl-C may come before the command's own lines
    guard_imports()

from rnn_course.address import VERSION as __version__
from rnn_course.cells import (
    Cell,
    DenseCell,
    ElmanCell,
    GRUCell,
    JordanCell,
    LSTMCell,
    MemorylessCell,
)
from rnn_course.networks.attention import AttentiveEncoderDecoder
from rnn_course.networks.both_directions import Backwards, Bidirectional
from rnn_course.networks.dashed_edges import FeedbackTagger, Tagger
from rnn_course.networks.deep import BlockCell, SkipTransition, Stack, ThreeBlocks, Transition
from rnn_course.networks.encoder_decoder import EncoderDecoder
from rnn_course.networks.language_model import LanguageModel
from rnn_course.networks.layer_norm import LayerNormCell, LayerNormGRUCell
from rnn_course.networks.remedies import LeakyCell, ReLUCell, SkipCell
from rnn_course.networks.summarise import Summariser
from rnn_course.networks.transformer import Transformer
from rnn_course.networks.transformer_encoder_decoder import TransformerEncoderDecoder
from rnn_course.networks.two_dimensions import MDRNN, GridCell, PixelTagger, unroll_grid
from rnn_course.networks.vector_to_sequence import VectorToSequence
from rnn_course.rnn import RNN, unroll
from rnn_course.training.fit import evaluate, fit

__all__ = [
    "MDRNN",
    "RNN",
    "AttentiveEncoderDecoder",
    "Backwards",
    "Bidirectional",
    "BlockCell",
    "Cell",
    "DenseCell",
    "ElmanCell",
    "EncoderDecoder",
    "FeedbackTagger",
    "GRUCell",
    "GridCell",
    "JordanCell",
    "LSTMCell",
    "LanguageModel",
    "LayerNormCell",
    "LayerNormGRUCell",
    "LeakyCell",
    "MemorylessCell",
    "PixelTagger",
    "ReLUCell",
    "SkipCell",
    "SkipTransition",
    "Stack",
    "Summariser",
    "Tagger",
    "ThreeBlocks",
    "Transformer",
    "TransformerEncoderDecoder",
    "Transition",
    "VectorToSequence",
    "__version__",
    "evaluate",
    "fit",
    "unroll",
    "unroll_grid",
]

"""Answers to the chapters' exercises, checked by one call: `check("ex-mean", mean_summary)`.

A module for each chapter says what holds of a right answer, and what the usual mistakes give.
"""

from rnn_course.exercises import (
    attention,
    before_the_deck,
    both_directions,
    dashed_edges,
    deep,
    encoder_decoder,
    gates,
    language_model,
    linear,
    long_gaps,
    remedies,
    sharing,
    summarise,
    two_dimensions,
    vector_to_sequence,
)
from rnn_course.exercises.registry import check

__all__ = ["check"]

# the modules that know the exercises, in the order of the chapters
CHAPTERS = (
    before_the_deck,
    summarise,
    vector_to_sequence,
    dashed_edges,
    sharing,
    both_directions,
    two_dimensions,
    encoder_decoder,
    deep,
    long_gaps,
    gates,
    remedies,
    language_model,
    attention,
    linear,
)

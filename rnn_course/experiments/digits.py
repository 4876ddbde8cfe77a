"""Chapter 14, M8: digits, read one pixel at a time."""

from __future__ import annotations

from rnn_course.experiments.base import Experiment
from rnn_course.experiments.rates import rates_and_seeds, setting
from rnn_course.experiments.until_done import COMPARED, LINEAR, network, scores, train, trial

_REHEARSAL = setting("digits", "minGRU", lr=2e-3, seed=0) | {"updates": 100}

EXPERIMENT = Experiment(
    name="digits",
    about="Digits read pixel by pixel, each network until it is done.",
    statements=("M8",),
    settings=(*rates_and_seeds("digits", (*COMPARED, *LINEAR)), _REHEARSAL),
    trial=trial,
    small=(_REHEARSAL,),
    tolerance={"error": 0.02, "valid": 0.05},
    network=network,
    train=train,
    scores=scores,
)

"""Chapter 14, M7: selective copying, where each letter waits for a time of its own."""

from __future__ import annotations

from rnn_course.experiments.base import Experiment
from rnn_course.experiments.rates import rates_and_seeds, setting
from rnn_course.experiments.until_done import COMPARED, LINEAR, network, scores, train, trial

_REHEARSAL = setting("selective copying", "minGRU", lr=2e-3, seed=0) | {"updates": 100}

EXPERIMENT = Experiment(
    name="selective",
    about="Selective copying over 20 steps, each network until it is done.",
    statements=("M7",),
    settings=(*rates_and_seeds("selective copying", (*COMPARED, *LINEAR)), _REHEARSAL),
    trial=trial,
    small=(_REHEARSAL,),
    tolerance={"error": 0.02, "valid": 0.05},
    network=network,
    train=train,
    scores=scores,
)

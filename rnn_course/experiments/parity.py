"""Chapter 14, M5 and M6: parity, learnt on short sequences and asked for on long ones."""

from __future__ import annotations

from rnn_course.experiments.base import Experiment
from rnn_course.experiments.rates import rates_and_seeds, setting
from rnn_course.experiments.until_done import COMPARED, LINEAR, network, scores, train, trial

_REHEARSAL = setting("parity", "signed minGRU", lr=2e-3, seed=0) | {"updates": 100}

EXPERIMENT = Experiment(
    name="parity",
    about="Parity over 40 steps, each network until it is done, and then over 4,000.",
    statements=("M5", "M6"),
    settings=(*rates_and_seeds("parity", (*COMPARED, *LINEAR)), _REHEARSAL),
    trial=trial,
    small=(_REHEARSAL,),
    tolerance={"error": 0.02, "valid": 0.05},
    network=network,
    train=train,
    scores=scores,
)

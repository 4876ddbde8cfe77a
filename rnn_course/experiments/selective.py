"""Chapter 14, M7: copying after a time that is fixed, or that differs from letter to letter."""

from __future__ import annotations

from rnn_course.experiments.base import Experiment
from rnn_course.experiments.rates import rates_and_seeds
from rnn_course.experiments.until_done import COMPARED, LINEAR, network, scores, train, trial

_REHEARSAL = {
    "task": "selective copying",
    "network_name": "minGRU",
    "lr": 2e-3,
    "updates": 100,
    "seed": 0,
}

EXPERIMENT = Experiment(
    name="selective",
    about="Copying over 20 steps, after a fixed or a random time, each network until it is done.",
    statements=("M7", "M8"),
    settings=(
        *rates_and_seeds("selective copying", (*COMPARED, *LINEAR)),
        *rates_and_seeds("short copying", (COMPARED[-1], *LINEAR)),
        _REHEARSAL,
    ),
    trial=trial,
    small=(_REHEARSAL,),
    tolerance={"error": 0.02, "valid": 0.05},
    network=network,
    train=train,
    scores=scores,
)

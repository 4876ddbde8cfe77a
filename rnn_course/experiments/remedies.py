"""Chapter 11, S8.3: the remedies without gates, and the sentences of chapter 9, until done.

The same tasks, rates and budgets as in `gates`, whose trials are not repeated here.
"""

from __future__ import annotations

from rnn_course.experiments.base import Experiment
from rnn_course.experiments.gates import UNGATED
from rnn_course.experiments.rates import rates_and_seeds, setting
from rnn_course.experiments.until_done import CELLS, network, scores, train, trial

_REHEARSAL = setting("sentences", "leaky units", lr=2e-3, seed=0) | {"updates": 100}

EXPERIMENT = Experiment(
    name="remedies",
    about="Adding, copying and sentences over long gaps, each network until it is done.",
    statements=("S8.3",),
    settings=(
        *rates_and_seeds("sentences", CELLS),
        *rates_and_seeds("adding", UNGATED),
        *rates_and_seeds("copying", UNGATED),
        _REHEARSAL,
    ),
    trial=trial,
    small=(_REHEARSAL,),
    tolerance={"error": 0.02, "valid": 0.05},
    packages=("babel",),
    network=network,
    train=train,
    scores=scores,
)

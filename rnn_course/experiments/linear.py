"""Chapter 14, M8: the tasks of chapters 10 and 11 for recurrences that need not wait.

The same rates and budgets as in `gates` and `remedies`, whose trials are not repeated here.
"""

from __future__ import annotations

from rnn_course.experiments.base import Experiment
from rnn_course.experiments.rates import rates_and_seeds, setting
from rnn_course.experiments.until_done import LINEAR, network, scores, train, trial

_REHEARSAL = setting("sentences", "minGRU", lr=2e-3, seed=0) | {"updates": 100}

EXPERIMENT = Experiment(
    name="linear",
    about="Sentences, adding and copying by linear recurrences, each network until it is done.",
    statements=("M8",),
    settings=(
        *rates_and_seeds("sentences", LINEAR),
        *rates_and_seeds("adding", LINEAR),
        *rates_and_seeds("copying", LINEAR),
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

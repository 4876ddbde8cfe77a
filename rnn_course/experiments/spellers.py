"""Networks that say words, of `g2p` and `pronunciation`: loaded, or trained without certain words.

The weights are kept with an experiment's results. With other words held out, or another dictionary
in place of CMUdict, they are kept in the course's cache folder.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from importlib import import_module
from pathlib import Path

import torch

from rnn_course.experiments.base import FOLDER, Experiment, results
from rnn_course.networks.encoder_decoder import EncoderDecoder
from rnn_course.storage import cache_folder
from rnn_course.tasks.base import encode
from rnn_course.tasks.dictionary import LETTERS, Dictionary, has_stress, read, spelling
from rnn_course.tasks.pronunciations import (
    Inventory,
    Pronunciations,
    Spoken,
    inventory,
    load_pronunciations,
    sides,
)
from rnn_course.training.checkpoints import load_half


class NoWeights(ValueError):
    """There are no trained weights in the folder."""


def mark(words: Dictionary | None) -> str | None:
    """A name for the words that are held out, in any order; None for the usual split."""
    return _digest(sorted(words)) if words else None


def _entries(words: Dictionary) -> str:
    return _digest(
        [f"{word} {' '.join(phones)}" for word in sorted(words) for phones in sorted(words[word])]
    )


def _digest(lines: Sequence[str]) -> str:
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:12]


def held_out(
    words: Dictionary, name: str = "g2p", dictionary: Dictionary | None = None
) -> tuple[Experiment, Path]:
    """The whole run of an experiment with other words held out, and a folder for what it leaves.

    The folder is in the course's cache folder, named after the words. The setting names the
    pronunciations as well, since the figures are counted against them, and the dictionary that
    takes CMUdict's place, if there is one. The network writes the stress if that has it.

    Raises:
        ValueError: If the words leave none for training or none for validation.
    """
    sides(read(stress=True) if dictionary is None else dictionary, words)
    of, folder = import_module(f"rnn_course.experiments.{name}"), f"{name}-{mark(words)}"
    setting = {**of.WHOLE, "held_out": mark(words), "listed": _entries(words)}
    if dictionary is not None:
        stress = has_stress(dictionary.values())
        setting |= {"learnt": _entries(dictionary), "stress": stress}
        folder += f"-{setting['learnt']}"
    experiment = replace(
        of.EXPERIMENT,
        about="Spelling to phones, with the words of a file held out.",
        settings=(setting,),
        trial=partial(of.EXPERIMENT.trial, words=words, dictionary=dictionary),
        small=(setting,),
        kept=setting,
    )
    return experiment, cache_folder() / folder


def speller(
    folder: Path = FOLDER, name: str = "g2p"
) -> tuple[EncoderDecoder, Inventory, str | None]:
    """A trained network in eval mode, its letters and phones, and the `mark` of held-out words.

    `name` is the experiment that trained it: "g2p", or "pronunciation" for chapter 13's. No
    dictionary is needed to say a word.

    Raises:
        NoWeights: If the folder has none.
        CheckpointError: If the file is damaged.
    """
    path = folder / f"{name}.safetensors"
    for file in (path, path.with_suffix(".json")):
        if not file.exists():
            raise NoWeights(f"{file}: no trained weights")
    setting = results(name, folder, limit=None)[0]["setting"]
    symbols = inventory(setting.get("stress", True))
    sizes = setting["n_hidden"], setting["n_context"]
    of = import_module(f"rnn_course.experiments.{name}")
    model = load_half(of.network(symbols, sizes, setting["seed"]), path)
    return model, symbols, setting.get("held_out")


def trained(
    folder: Path = FOLDER, words: Dictionary | None = None, name: str = "g2p"
) -> tuple[EncoderDecoder, Pronunciations, str | None]:
    """The network of `speller` with its task, to score it.

    The test side of the task is `words`, or the usual one; its training side has only one word.
    """
    model, symbols, held_out = speller(folder, name)
    stress = symbols == inventory(stress=True)
    return model, load_pronunciations(stress, limit=1, held_out=words), held_out


def spelled(words: Sequence[str], task: Spoken) -> tuple[torch.Tensor, torch.Tensor]:
    """Words as the network reads them, in the form of `spelling`: x (N, T) and lengths (N,).

    Any string of a to z and the apostrophe will do, whether it is a word or not.

    Raises:
        ValueError: If a word is empty or has other characters; the message lists all that do.
    """
    wrong = []
    for word in words:
        strange = sorted(set(spelling(word)) - set(LETTERS))
        if not word or strange:
            wrong.append(
                f"{', '.join(map(repr, strange))} in {word!r}" if word else "an empty word"
            )
    if wrong:
        raise ValueError("word: expected letters a to z and apostrophes, got " + "; ".join(wrong))
    return encode([spelling(word) for word in words], task.symbols)

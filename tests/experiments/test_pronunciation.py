"""The network for pronunciation at full scale: small enough to ship, and trained as chapter 7's."""

from pathlib import Path

import pytest
import torch

from rnn_course import experiments
from rnn_course.experiments import g2p, pronunciation, spellers
from rnn_course.networks.sizes import n_parameters
from rnn_course.tasks.dictionary import read_file
from rnn_course.tasks.pronunciations import inventory, load_pronunciations

WORDS = Path(__file__).resolve().parents[3] / "shared" / "data" / "cmudict-published.test"


def test_its_weights_are_under_four_megabytes():
    sizes = pronunciation.WHOLE["n_hidden"], pronunciation.WHOLE["n_context"]
    model = pronunciation.network(inventory(stress=True), sizes, 0)
    assert 3e6 < 2 * n_parameters(model) < 4e6


def test_it_is_trained_and_scored_as_that_of_chapter_7(tmp_path, monkeypatch):
    """With words held out as well."""
    task, words = load_pronunciations(stress=True, limit=60), {"deep": [("D", "IY1", "P")]}
    monkeypatch.setattr(g2p, "load_pronunciations", lambda *_: task)
    monkeypatch.setattr(g2p, "counted", lambda limit: {"ngram_per": 0.5})
    monkeypatch.setattr(pronunciation, "N_ENCODER", 4)
    seen = []
    monkeypatch.setattr(
        g2p, "scores", lambda model, *_: seen.append(model) or {"per": 0.5, "wer": 0.5}
    )
    monkeypatch.setattr(pronunciation, "scores", g2p.scores)
    small = {**pronunciation.WHOLE, "n_hidden": 8, "n_context": 4, "epochs": 1}
    given = {"checkpoint": tmp_path / "c", "progress": False, "device": "cpu"}
    figures = pronunciation.trial(**given, **small)
    assert type(seen[0]).__name__ == "AttentiveEncoderDecoder"
    assert figures["parameters"] == n_parameters(seen[0]) and figures["ngram_per"] == 0.5
    monkeypatch.setattr(pronunciation, "WHOLE", small)
    experiment, folder = spellers.held_out(words, "pronunciation")
    assert folder.name == f"pronunciation-{spellers.mark(words)}"
    [setting] = experiment.settings
    figures = experiment.trial(**given, **setting)
    assert "ngram_per" not in figures and figures["known"] == 1
    assert len(seen) == 5  # greedily, by beam, twice; and by today's dictionary


def test_the_published_words_were_held_out_of_what_the_committed_figures_are_of():
    """Of today's dictionary, and of the words that the split has for training."""
    today, of_then = experiments.results("pronunciation", pronunciation.PUBLISHED)
    for trial in (today, of_then):
        setting, figures = trial["setting"], trial["figures"]
        assert pronunciation.WHOLE.items() <= setting.items()
        assert figures["words"] == 12_000 and figures["pairs"] < 120_000
        assert figures["beam_wer"] < figures["wer"]
    assert today["figures"]["today_wer"] < today["figures"]["wer"]
    assert {"learnt", "stress"} == of_then["setting"].keys() - today["setting"].keys()
    assert not of_then["setting"]["stress"]
    if not WORDS.exists():
        pytest.skip("the published words are not part of the project")
    experiment, _ = spellers.held_out(read_file(WORDS, stress=True), "pronunciation")
    assert experiment.settings == (today["setting"],)
    assert experiment.settings[0].items() <= of_then["setting"].items()


def test_what_the_edition_accounts_for(monkeypatch):
    """Of three words one is not in CMUdict, one differs there, in one phone."""
    words = {"deep": [("D", "IY", "P")], "acted": [("AE", "K", "T", "AH", "D")], "xqzw": [("Z",)]}
    said = {"deep": ("D", "IY1", "P"), "acted": ("AE1", "K", "T", "IH0", "D")}
    monkeypatch.setattr(
        g2p, "say", lambda model, task, x, *_: [said[word] for word in task.decode(x)]
    )
    found = pronunciation.of_today(torch.nn.Linear(1, 1), words, "cpu")
    assert found == pytest.approx(
        {"today_per": 0, "today_wer": 0, "known_per": 1 / 8, "known_wer": 1 / 2, "known": 2}
    )

"""The network for pronunciation at full scale: small enough to ship, and trained as chapter 7's."""

from rnn_course.experiments import g2p, pronunciation
from rnn_course.networks.sizes import n_parameters
from rnn_course.tasks.pronunciations import inventory, load_pronunciations


def test_its_weights_are_under_four_megabytes():
    sizes = pronunciation.WHOLE["n_hidden"], pronunciation.WHOLE["n_context"]
    model = pronunciation.network(inventory(stress=True), sizes, 0)
    assert 3e6 < 2 * n_parameters(model) < 4e6


def test_it_is_trained_and_scored_as_that_of_chapter_7(tmp_path, monkeypatch):
    """With words held out as well."""
    task, words = load_pronunciations(stress=True, limit=60), {"deep": [("D", "IY1", "P")]}
    monkeypatch.setattr(g2p, "load_pronunciations", lambda **given: task)
    monkeypatch.setattr(g2p, "counted", lambda limit: {"ngram_per": 0.5})
    monkeypatch.setattr(pronunciation, "N_ENCODER", 4)
    seen = []
    monkeypatch.setattr(g2p, "scores", lambda model, *_: seen.append(model) or {"per": 0.5})
    small = {**pronunciation.REHEARSAL, "n_hidden": 8, "n_context": 4, "epochs": 1}
    given = {"checkpoint": tmp_path / "c", "progress": False, "device": "cpu"}
    figures = pronunciation.trial(**given, **small)
    assert type(seen[0]).__name__ == "AttentiveEncoderDecoder"
    assert figures["parameters"] == n_parameters(seen[0]) and figures["ngram_per"] == 0.5
    monkeypatch.setattr(pronunciation, "WHOLE", small)
    experiment, folder = g2p.held_out(words, "pronunciation")
    assert folder.name == f"pronunciation-{g2p.mark(words)}"
    [setting] = experiment.settings
    assert "ngram_per" not in experiment.trial(**given, **setting)

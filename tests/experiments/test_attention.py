"""The long run on attention: its networks' size, and the committed one."""

from rnn_course.experiments import attention
from rnn_course.experiments.g2p import say
from rnn_course.networks.sizes import n_parameters
from rnn_course.tasks.pronunciations import load_pronunciations


def test_attention_has_no_more_parameters_than_a_fixed_context():
    task = load_pronunciations(limit=200)
    sizes = {
        reader: n_parameters(attention.network(task, reader, 0)) for reader in attention.READERS
    }
    assert max(sizes.values()) == sizes["fixed C"]
    assert min(sizes.values()) > 0.95 * sizes["fixed C"]


def test_the_committed_reader_says_a_word_alone_as_it_says_it_in_a_batch():
    """With h at the last position as the summary, 79 of 400 words came out differently alone."""
    model, task = attention.trained()
    x, lengths = task.test.x[:80], task.test.lengths[:80]
    together = say(model, task, x, lengths)
    alone = [
        say(model, task, x[i : i + 1, :n], lengths[i : i + 1])[0] for i, n in enumerate(lengths)
    ]
    assert lengths.min() < x.shape[1] and together == alone

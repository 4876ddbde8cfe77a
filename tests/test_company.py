"""Company: what is said of a sequence does not depend on the batch it comes in, nor on padding."""

from __future__ import annotations

import importlib
import inspect
import pkgutil

import laws
import pytest
import torch
from laws import Company, each_step, flat
from torch import nn
from torch.nn import functional as F

import rnn_course
from rnn_course import rnn
from rnn_course.cells import (
    Cell,
    DenseCell,
    ElmanCell,
    GRUCell,
    JordanCell,
    LSTMCell,
    MemorylessCell,
)
from rnn_course.experiments import deep, echo, long_gaps, sharing, summarise, transplant, until_done
from rnn_course.networks import (
    attention,
    both_directions,
    dashed_edges,
    encoder_decoder,
    language_model,
    likelihood,
    siamese,
    transformer,
    transformer_encoder_decoder,
    two_dimensions,
)
from rnn_course.networks.attention import AdditiveAttention, AttentiveEncoderDecoder
from rnn_course.networks.both_directions import Backwards, Bidirectional
from rnn_course.networks.dashed_edges import FeedbackTagger, Tagger
from rnn_course.networks.deep import (
    BlockCell,
    SkipTransition,
    Stack,
    ThreeBlocks,
    Transition,
    levels,
    mlp,
)
from rnn_course.networks.encoder_decoder import EncoderDecoder, SequenceToSequence
from rnn_course.networks.gates import Held
from rnn_course.networks.language_model import LanguageModel
from rnn_course.networks.layer_norm import LayerNormCell, LayerNormGRUCell
from rnn_course.networks.linear import LRU, LinearCell, MinGRU, S4DLin, SignedMinGRU, layers
from rnn_course.networks.reader import Reader
from rnn_course.networks.remedies import LeakyCell, ReLUCell, SkipCell
from rnn_course.networks.sharing import (
    BagOfWords,
    Convolution,
    DeepSummariser,
    Layers,
    WindowNetwork,
)
from rnn_course.networks.siamese import Siamese
from rnn_course.networks.summarise import Summariser
from rnn_course.networks.transformer import Transformer
from rnn_course.networks.transformer_encoder_decoder import Read, TransformerEncoderDecoder
from rnn_course.networks.two_dimensions import (
    MDRNN,
    GridCell,
    PixelConvolution,
    PixelTagger,
    run_from,
    unroll_grid,
)
from rnn_course.networks.vector_to_sequence import CONDITIONINGS, VectorToSequence
from rnn_course.padding import inside
from rnn_course.rnn import RNN, unroll
from rnn_course.tasks.base import Batch

TAU, TAU_Y = torch.tensor([6, 1, 4, 3]), torch.tensor([2, 5, 1, 3])


# --- sequences ----------------------------------------------------------------------------------


def floats():
    """x (B, T, 3), an answer each."""
    return Batch(torch.randn(4, 6, 3).double(), torch.tensor([0, 2, 1, 2]), TAU)


def frames():
    """x (B, T, 3) and a frame beside each, of keys that sound or do not."""
    return Batch(torch.randn(4, 6, 3).double(), torch.rand(4, 6, 3).double().round(), TAU, TAU)


def symbols():
    """x (B, T) of six symbols, an answer each."""
    return Batch(torch.randint(6, (4, 6)), torch.tensor([0, 2, 1, 2]), TAU)


def beside():
    """x (B, T) of six symbols, and one of five beside each."""
    return Batch(torch.randint(6, (4, 6)), torch.randint(5, (4, 6)), TAU, TAU)


def weighted():
    """The same as floats: x (B, T, 6) and y (B, T, 5), each a weight for every symbol."""
    return Batch(torch.rand(4, 6, 6).double(), torch.rand(4, 6, 5).double(), TAU, TAU)


def pairs():
    """x (B, T) of six symbols, and y (B, T_y) of five."""
    return Batch(torch.randint(6, (4, 6)), torch.randint(5, (4, 5)), TAU, TAU_Y)


def about():
    """A vector each, and what is to be written about it."""
    return Batch(torch.randn(4, 3).double(), torch.randint(5, (4, 5)), None, TAU_Y)


def added():
    """The adding problem, its sequences of several lengths."""
    return Batch(torch.rand(4, 6, 3).double(), torch.rand(4, 1).double(), TAU)


def echoed():
    """Symbols, and those of two steps ago; nothing is asked of the first two steps."""
    x = torch.randint(echo.N_SYMBOLS, (4, 6))
    y = F.pad(x, (2, 0), value=-1)[:, :6]
    tau = torch.tensor([6, 3, 4, 3])
    return Batch(x, y.masked_fill(~inside(tau, 6), -1), tau, tau)


def bits():
    """x (B, T, 3), and two bits to be told at each step but the first."""
    y = torch.randint(2, (4, 6, 2)).double()
    y[:, 0] = -1
    tau = torch.tensor([6, 2, 4, 3])
    y = y.masked_fill(~inside(tau, 6).unsqueeze(2), -1)
    return Batch(torch.randn(4, 6, 3).double(), y, tau, tau)


def images():
    """x (B, rows, columns, 1) and a class a pixel, of some of them."""
    y = torch.randint(3, (4, 3, 5))
    return Batch(
        torch.randn(4, 3, 5, 1).double(), y.masked_fill(torch.rand(y.shape) < 0.3, -100), None
    )


# --- what is said -------------------------------------------------------------------------------


def steps(run):
    """h inside the sequence, and the last state, of `run(x, lengths=…)`."""

    def say(model, batch):
        h, state = (run or model)(batch.x, lengths=batch.lengths)
        return [
            [mine, *(part[i] for part in flat(state))]
            for i, mine in enumerate(each_step(h, batch.lengths))
        ]

    return say


def looked_back(model, batch):
    """o inside the sequence, and the keys and values at which its next step will look."""
    h, state = model(batch.x, lengths=batch.lengths)
    last = model.rnn.window or 99
    return [
        [mine, *(part[i][:, state.t[i] >= 0][:, -last:] for part in flat(state.memory))]
        for i, mine in enumerate(each_step(h, batch.lengths))
    ]


def summaries(model, batch):
    h, _ = model(batch.x, lengths=batch.lengths)
    return [[mine] for mine in model.summary(h)]


def answers(model, batch):
    return [[mine] for mine in model(batch.x, batch.lengths)]


def each_level(model, batch):
    found, states = levels(model.cell, batch.x, lengths=batch.lengths)
    return [
        [*(each_step(h, batch.lengths)[i] for h in found), *(part[i] for part in flat(states))]
        for i in range(len(batch.x))
    ]


def tags(model, batch):
    o = each_step(model(batch.x, batch.y, batch.lengths), batch.lengths)
    written = model.write(batch.x, lengths=batch.lengths)
    assert torch.equal(written.lengths, batch.lengths)
    return [
        [*row] for row in zip(o, each_step(written.y, batch.lengths), written.log_p, strict=True)
    ]


def captions(model, batch):
    written = model.write(batch.x, 7, end=4)
    return [
        [*row]
        for row in zip(
            each_step(model(batch.x, batch.y), batch.y_lengths),
            each_step(written.y, written.lengths),
            written.log_p,
            likelihood.log_likelihood(model(batch.x, batch.y), batch.y, batch.y_lengths),
            strict=True,
        )
    ]


def translations(model, batch):
    x, y, tau, tau_y = batch
    C = model.context(x, tau)
    said = [
        torch.zeros(len(x)) if isinstance(C, Read) else getattr(C, "C", C),
        model.log_p(*batch),
        each_step(model(x, y, tau), tau_y),
    ]
    written, best = model.write(x, 7, tau, end=4), model.beam(x, 7, 3, tau, end=4)
    said += [
        written.log_p,
        each_step(written.y, written.lengths),
        best.log_p,
        each_step(best.y[:, 0], best.lengths[:, 0]),
    ]
    if isinstance(model, AttentiveEncoderDecoder):
        alpha = each_step(model.alignment(x, y, tau), tau_y)
        said += [[mine[:, :n] for mine, n in zip(alpha, tau, strict=True)]]
    return [[*row] for row in zip(*said, strict=True)]


def pixels(run):
    return lambda model, batch: [[mine] for mine in (run or model)(batch.x)]


def score(metric):
    """A metric says one number of each sequence."""
    return lambda model, batch: [[mine] for mine in metric(model, batch)]


def loss(function, weight):
    """A loss is a mean, over `weight(batch)` sequences or steps: times that, it is a sum."""
    return lambda model, batch: [[function(model, batch) * weight(batch)]]


def mean_of(metric):
    return lambda model, batch: metric(model, batch).mean()


n_sequences, n_steps = (lambda batch: len(batch.x)), (lambda batch: batch.y_lengths.sum())


# --- whose company ------------------------------------------------------------------------------

CELLS = {
    "Elman": lambda: ElmanCell(3, 4),
    "memoryless": lambda: MemorylessCell(3, 4),
    "Jordan": lambda: JordanCell(3, 4, 2),
    "LSTM": lambda: LSTMCell(3, 4),
    "GRU": lambda: GRUCell(3, 4),
    "GRU before": lambda: GRUCell(3, 4, "before"),
    "ReLU": lambda: ReLUCell(3, 4),
    "leaky": lambda: LeakyCell(3, 4, 5.0),
    "skip": lambda: SkipCell(3, 4, 3),
    "layer norm": lambda: LayerNormCell(3, 4),
    "layer norm GRU": lambda: LayerNormGRUCell(3, 4),
    "minGRU": lambda: MinGRU(3, 4),
    "signed minGRU": lambda: SignedMinGRU(3, 4),
    "LRU": lambda: LRU(3, 4),
    "S4D-Lin": lambda: S4DLin(3, 4),
    "linear layers": lambda: layers(MinGRU, 3, 4, depth=2),
    "deep transition": lambda: BlockCell(3, mlp(3, 5, 4), Transition(4, 2)),
    "skip transition": lambda: BlockCell(3, mlp(3, 4), SkipTransition(4, 3)),
    "stack": lambda: Stack(GRUCell(3, 4), LSTMCell(4, 2), ElmanCell(2, 3)),
}
ENCODERS = {
    "Elman": lambda: ElmanCell(3, 4),
    "GRU": lambda: GRUCell(3, 4),
    "LSTM": lambda: LSTMCell(3, 4),
    "Backwards": lambda: Backwards(GRUCell(3, 4)),
    "both": lambda: Bidirectional(GRUCell(3, 4), ElmanCell(3, 2)),
    "both LSTM": lambda: Bidirectional(LSTMCell(3, 4), LSTMCell(3, 4)),
}


def _networks():
    for name, cell in CELLS.items():
        yield f"RNN {name}", lambda c=cell: RNN(c()), floats, steps(None)
        yield f"Backwards {name}", lambda c=cell: Backwards(c()), floats, steps(None)
    yield "levels", lambda: RNN(CELLS["stack"]()), floats, each_level
    for name in ("Backwards", "both", "both LSTM"):
        yield f"steps {name}", ENCODERS[name], floats, steps(None)
        yield f"summary {name}", ENCODERS[name], floats, summaries
    yield "three blocks", lambda: ThreeBlocks(GRUCell(3, 4), mlp(4, 5, 2)), floats, steps(None)
    yield "tied layers", lambda: Layers([ElmanCell(3, 4)] * 6), floats, steps(None)
    yield "layers", lambda: Layers([GRUCell(3, 4) for _ in range(7)]), floats, steps(None)
    yield (
        "Reader",
        lambda: Reader(GRUCell(3, 4), 2),
        floats,
        lambda m, b: [[mine] for mine in each_step(m(b.x, b.lengths), b.lengths)],
    )
    for name, make in {
        "Summariser": lambda: Summariser(6, 3, LSTMCell(3, 4), 2),
        "DeepSummariser": lambda: DeepSummariser(6, 3, [ElmanCell(3, 4) for _ in range(6)], 2),
        "WindowNetwork": lambda: WindowNetwork(6, 3, 7, 4, 2),
        "Convolution": lambda: Convolution(6, 3, 4, 2),
        "BagOfWords": lambda: BagOfWords(6, 2),
    }.items():
        yield name, make, symbols, answers
    for name in ("Elman", "Backwards", "both"):
        yield f"Tagger {name}", lambda n=name: Tagger(6, 3, ENCODERS[n](), 5), beside, tags
    for kind in (ElmanCell, MemorylessCell, LSTMCell):
        yield (
            f"FeedbackTagger {kind.__name__}",
            lambda k=kind: FeedbackTagger(6, 3, k(6, 4), 5),
            beside,
            tags,
        )
    yield "Tagger of floats", lambda: Tagger(6, 3, ENCODERS["both"](), 5), weighted, tags
    yield "FeedbackTagger of floats", lambda: FeedbackTagger(6, 3, GRUCell(6, 4), 5), weighted, tags
    for how in CONDITIONINGS:
        yield (
            f"VectorToSequence {how}",
            lambda h=how: VectorToSequence(3, 5, GRUCell(4, 4), h, 4),
            about,
            captions,
        )
    for kind in (EncoderDecoder, AttentiveEncoderDecoder):
        for name, encoder in ENCODERS.items():
            yield (
                f"{kind.__name__} {name}",
                lambda k=kind, e=encoder: k(6, 5, e(), GRUCell(5, 4), 2, 4),
                pairs,
                translations,
            )
    yield (
        "additive AttentiveEncoderDecoder",
        lambda: AttentiveEncoderDecoder(
            6, 5, ENCODERS["both"](), GRUCell(5, 4), 2, 4, attention=AdditiveAttention
        ),
        pairs,
        translations,
    )
    yield (
        "TransformerEncoderDecoder",
        lambda: TransformerEncoderDecoder(6, 5, 4, 2, 2, 4),
        pairs,
        translations,
    )
    yield "LanguageModel", lambda: LanguageModel(6, LSTMCell(3, 4)), symbols, steps(None)
    for window, positions in ((None, "rotary"), (3, "rotary"), (3, "added")):
        yield (
            f"Transformer, window {window}, {positions}",
            lambda w=window, p=positions: LanguageModel(6, Transformer(4, 2, 2, w, positions=p)),
            symbols,
            looked_back,
        )
    yield "MDRNN", lambda: MDRNN.four(1, 3), images, pixels(None)
    yield "PixelTagger", lambda: PixelTagger(MDRNN.four(1, 3), 3), images, pixels(None)
    yield "PixelConvolution", lambda: PixelConvolution(1, 4, 3, 2), images, pixels(None)


NETWORKS = {name: rest for name, *rest in _networks()}


def summariser():
    return Summariser(6, 3, GRUCell(3, 4), 3)


def blocks(n, m):
    return lambda: ThreeBlocks(GRUCell(n, 4), mlp(4, m))


def reader():
    return Reader(GRUCell(3, 4), 1)


# function, network, batch, its weight (None: it says one number of each sequence), padding of y
LOSSES = [
    (dashed_edges.tagging_loss, lambda: FeedbackTagger(6, 3, GRUCell(6, 4), 5), beside, n_steps),
    (dashed_edges.tagging_loss, NETWORKS["Tagger both"][0], beside, n_steps),
    (language_model.whole_nll, NETWORKS["LanguageModel"][0], beside, None),
    (language_model.whole_nll, NETWORKS["Transformer, window 3, rotary"][0], beside, None),
    (encoder_decoder.sequence_nll, NETWORKS["EncoderDecoder both"][0], pairs, n_sequences),
    (encoder_decoder.sequence_nll, NETWORKS["AttentiveEncoderDecoder both"][0], pairs, n_sequences),
    (
        two_dimensions.pixel_loss,
        NETWORKS["PixelTagger"][0],
        images,
        lambda batch: (batch.y >= 0).sum(),
    ),
    (deep.frame_nll, blocks(3, 3), frames, None),
    (echo.loss, blocks(8, 8), echoed, lambda batch: (batch.y >= 0).sum()),
    (echo.right, blocks(8, 8), echoed, None),
    (transplant._bits_loss, blocks(3, 2), bits, lambda batch: (batch.y >= 0).sum()),
    (long_gaps.answer_loss, summariser, symbols, n_sequences),
    (long_gaps.right, summariser, symbols, None),
    (sharing.right, summariser, symbols, None),
    (until_done.errors, summariser, symbols, None),
    (until_done.errors, reader, added, None),
    (until_done.errors, lambda: Reader(GRUCell(6, 4), 5), beside, None),
]


def company(make, batch, say, **more):
    torch.manual_seed(0)
    model = make().double()
    with torch.no_grad():
        for p in model.parameters():  # biases too
            p.copy_(0.6 * torch.randn_like(p))
    return Company(model, batch(), say, **more)


def of_loss(function, make, batch, weight):
    more = {"in_y": (-1,)} if batch is echoed else {}
    if weight is None:
        return company(make, batch, score(function), **more)
    return company(make, batch, loss(function, weight), together=True, **more)


@pytest.mark.parametrize("name", NETWORKS)
def test_company_does_not_matter_to_a_network(name):
    laws.company_does_not_matter(company(*NETWORKS[name]))


@pytest.mark.parametrize("name", CELLS)
def test_company_does_not_matter_to_the_plain_loop(name):
    make = CELLS[name]

    def say(model, batch):
        return steps(lambda x, lengths: unroll(model, x, None, lengths))(model, batch)

    laws.company_does_not_matter(company(make, floats, say))


def test_company_does_not_matter_to_the_plain_double_loop():
    laws.company_does_not_matter(
        company(
            lambda: GridCell(1, 3),
            images,
            lambda cell, batch: [
                [*both]
                for both in zip(
                    unroll_grid(cell, batch.x), run_from("top right", cell, batch.x), strict=True
                )
            ],
        )
    )


@pytest.mark.parametrize(
    "given",
    LOSSES,
    ids=lambda given: (
        f"{given[0].__module__.split('.')[-1]}.{given[0].__name__} {given[2].__name__}"
    ),
)
def test_company_does_not_matter_to_a_loss_or_score(given):
    laws.company_does_not_matter(of_loss(*given))


@pytest.mark.parametrize("output", [0, 1])
def test_company_does_not_matter_to_a_share_of_bits(output):
    laws.company_does_not_matter(
        company(
            blocks(3, 2), bits, score(lambda model, batch: transplant._wrong(model, batch, output))
        )
    )


@pytest.mark.parametrize("rubbish", [-100, 0, 4])
def test_company_does_not_matter_to_a_likelihood(rubbish):
    """Of outputs that are given: in their padding may stand anything, a NaN too."""
    y, mask = torch.randint(5, (4, 6)), inside(TAU, 6)
    o = torch.randn(4, 6, 5).double()
    alone = [F.cross_entropy(o[i, :n], y[i, :n], reduction="sum") for i, n in enumerate(TAU)]
    spoilt = o.masked_fill(~mask.unsqueeze(2), torch.nan).requires_grad_()
    y = y.masked_fill(~mask, rubbish)
    laws.close(likelihood.log_likelihood(spoilt, y, TAU), -torch.stack(alone))
    mean = likelihood.mean_nll(spoilt, y, TAU)
    laws.close(mean, sum(alone) / TAU.sum())
    (g,) = torch.autograd.grad(mean, spoilt)
    assert torch.equal(g.ne(0).any(2), mask) and g.isfinite().all()


def test_company_does_not_matter_to_a_pair():
    """Two sequences belong together as much as they do in a batch of their own; a loss of pairs is
    a mean over those of one class and over those of two, each pair as it is judged alone."""
    given = company(
        lambda: Siamese(Summariser(6, 3, GRUCell(3, 4), 2)),
        symbols,
        lambda m, b: [[row] for row in m(b.x, b.lengths)[[0, 1, 2, 0], [2, 2, 3, 1]]],
    )
    model, batch = given.model, given.batch
    together = laws._said(given, batch)
    for (i, j), mine in zip(([0, 2], [1, 2], [2, 3], [0, 1]), together, strict=True):
        two = Batch(batch.x[[i, j], : max(TAU[i], TAU[j])], batch.y[[i, j]], TAU[[i, j]])
        laws.close(
            mine, laws._said(given._replace(say=lambda m, b: [[m(b.x, b.lengths)[0, 1]]]), two)[0]
        )
    for longer in (laws._longer(batch, 2, 0, 0), laws._longer(batch, 1, 5, 0)):
        for mine, again in zip(together, laws._said(given, longer), strict=True):
            laws.close(mine, again)
    logits, order = model(batch.x, TAU), [2, 0, 3, 1]
    laws.close(model(batch.x[order], TAU[order]), logits[order][:, order])
    one, two = (
        F.softplus(-logits[[1, 3], [3, 1]]).mean(),
        F.softplus(logits[batch.y[:, None] != batch.y]).mean(),
    )
    laws.close(siamese.pair_loss(logits, batch.y), (one + two) / 2)
    laws.close(siamese.pair_loss(logits[order][:, order], batch.y[order]), (one + two) / 2)


def test_a_summary_is_taken_where_each_direction_ends():
    torch.manual_seed(0)
    x = torch.randint(1, 9, (2, 6))
    model = EncoderDecoder(9, 7, Bidirectional(GRUCell(4, 8), GRUCell(4, 8)), GRUCell(7, 8), 3, 1)
    C = model.context(x, [6, 3])
    torch.testing.assert_close(C[1], model.context(x[1:, :3])[0])
    h, (forwards, backwards) = model.encoder(model.embed_x(x), lengths=[6, 3])
    torch.testing.assert_close(C, torch.tanh(model.Q(torch.cat([forwards, backwards], dim=1))))
    once = torch.tanh(model.Q(h[0, -1]))  # [h^(τ), g^(τ)], where nothing is padded
    assert (C[0] - once).abs().max() > 1e-3


# --- nothing is left out ------------------------------------------------------------------------

WITHOUT_COMPANY = {
    Cell: "the contract: it has no step of its own",
    DenseCell: "the weights: it has no step of its own",
    LinearCell: "the recurrence alone: it has no weights",
    SequenceToSequence: "what it writes with: it reads nothing of its own",
    Siamese: "says something of pairs: see test_company_does_not_matter_to_a_pair",
    siamese.Comparison: "the same",
    Held: "holds some rows of the weights: it sees no sequence",
}
NO_LOSS = {
    echo.outputs: "makes the outputs for echo.loss and echo.right",
    summarise.output: "has the padding bug where it is asked to: that is what is measured",
    transplant._wrong: "is told which bit: see test_company_does_not_matter_to_a_share_of_bits",
}


def everything():
    for found in pkgutil.walk_packages(rnn_course.__path__, "rnn_course."):
        if not found.name.endswith("__main__") and ".homework." not in found.name:
            module = importlib.import_module(found.name)
            yield from (
                value
                for value in vars(module).values()
                if getattr(value, "__module__", None) == module.__name__
            )


def test_each_network_of_the_package_is_held_to_the_law():
    known = {
        value for value in everything() if inspect.isclass(value) and issubclass(value, nn.Module)
    }
    makers = [rest[0] for rest in NETWORKS.values()] + [lambda: RNN(CELLS["Elman"]())]
    held = {type(module) for make in makers for module in make().modules()}
    assert len(known) > 25
    missing = known - held - set(WITHOUT_COMPANY)
    assert not missing, f"add to CELLS or NETWORKS, or to WITHOUT_COMPANY with a reason: {missing}"
    assert set(WITHOUT_COMPANY) <= known - held


def test_each_loss_and_score_of_the_package_is_held_to_the_law():
    known = {
        value
        for value in everything()
        if inspect.isfunction(value)
        and [*inspect.signature(value).parameters][:2] == ["model", "batch"]
    }
    assert len(known) > 8
    missing = known - {given[0] for given in LOSSES} - set(NO_LOSS)
    assert not missing, f"add to LOSSES, or to NO_LOSS with a reason: {missing}"
    assert set(NO_LOSS) <= known - {given[0] for given in LOSSES}


# --- the law can fail ---------------------------------------------------------------------------


def averaged_over_padding(model, batch):
    return F.cross_entropy(model(batch.x, batch.y, batch.lengths).transpose(1, 2), batch.y)


def of_the_batch(model, batch):
    o = model(batch.x, batch.lengths)
    return (o - o.mean(0)).square().sum(1)


def unaware_of_lengths(cell, x, state, lengths, checked=rnn._checked):
    return checked(cell, x, state, None)


BUGS = {
    "the last position of what runs backward": (
        Backwards,
        "summary",
        RNN.summary,
        "EncoderDecoder both",
    ),
    "reversed padding": (
        both_directions,
        "reversed_inside",
        lambda x, lengths=None: x.flip(1),
        "Tagger both",
    ),
    "attention to the padding": (
        attention,
        "inside",
        lambda lengths, steps: torch.ones(len(lengths), steps).bool(),
        "AttentiveEncoderDecoder GRU",
    ),
    "a look at the padding of x": (
        transformer_encoder_decoder,
        "inside",
        lambda lengths, steps: torch.ones(len(lengths), steps).bool(),
        "TransformerEncoderDecoder",
    ),
    "a cache with padding in it": (
        transformer,
        "inside",
        lambda lengths, steps: torch.ones(len(lengths), steps).bool(),
        "Transformer, window None, rotary",
    ),
    "a NaN in the padding, times zero": (
        dashed_edges,
        "_known",
        lambda values, lengths: values,
        "Tagger of floats",
    ),
    "a summary from the padding": (rnn, "_checked", unaware_of_lengths, "Summariser"),
}


@pytest.mark.parametrize("bug", BUGS)
def test_the_law_fails_where_company_matters(bug, monkeypatch):
    where, name, changed, network = BUGS[bug]
    monkeypatch.setattr(where, name, changed)
    with pytest.raises(AssertionError):
        laws.company_does_not_matter(company(*NETWORKS[network]))


@pytest.mark.parametrize(
    ("function", "make", "batch", "weight"),
    [
        (averaged_over_padding, NETWORKS["Tagger both"][0], beside, n_steps),
        (mean_of(of_the_batch), summariser, symbols, n_sequences),
        (of_the_batch, summariser, symbols, None),
        (
            encoder_decoder.sequence_nll,
            NETWORKS["EncoderDecoder both"][0],
            pairs,
            n_steps,
        ),  # a wrong weight
    ],
    ids=["padding in the mean", "mean of the batch", "score", "weight"],
)
def test_the_law_fails_for_a_loss_to_which_company_matters(function, make, batch, weight):
    with pytest.raises(AssertionError):
        laws.company_does_not_matter(of_loss(function, make, batch, weight))

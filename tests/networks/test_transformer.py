"""The transformer: against torch's own modules, and the laws of a mask, a position and a cache."""

from __future__ import annotations

import math

import pytest
import torch
from laws import CLOSE, close, flat
from torch import nn
from torch.nn import functional as F

from rnn_course.cells import GRUCell
from rnn_course.networks.attention import masked_softmax
from rnn_course.networks.language_model import CarriedOver, LanguageModel, whole_nll
from rnn_course.networks.self_attention import (
    POSITIONS,
    MultiHeadAttention,
    attend,
    rotated,
    sinusoids,
)
from rnn_course.networks.transformer import Block, Transformer
from rnn_course.padding import inside
from rnn_course.rnn import RNN
from rnn_course.tasks.base import Batch, Split
from rnn_course.tasks.tunes.streams import Streams
from rnn_course.training.fit import fit

TAU = torch.tensor([6, 1, 4, 3])


def causal(T, S=None):
    return torch.ones(T, S or T, dtype=torch.bool).tril((S or T) - T)


def masks(kind):
    """(4, 6, 6): at which steps each step may look."""
    mask = torch.ones(4, 6, 6, dtype=torch.bool)
    if "causal" in kind:
        mask = mask & causal(6)
    if "padding" in kind:
        mask = mask & inside(TAU, 6).unsqueeze(1)
    return mask


def away_from_zero(module, seed=0):
    torch.manual_seed(seed)
    module = module.double()
    with torch.no_grad():
        for p in module.parameters():
            p.copy_(0.5 * torch.randn_like(p) + (0.5 if p.dim() == 1 else 0))
    return module


def of_torch(mine: MultiHeadAttention) -> nn.MultiheadAttention:
    """torch's module with the same weights."""
    n = mine.W_q.in_features
    theirs = nn.MultiheadAttention(n, mine.heads, batch_first=True).double()
    with torch.no_grad():
        parts = mine.W_q, mine.W_k, mine.W_v
        theirs.in_proj_weight.copy_(torch.cat([part.weight for part in parts]))
        theirs.in_proj_bias.copy_(torch.cat([part.bias for part in parts]))
    theirs.out_proj.load_state_dict(mine.W_o.state_dict())
    return theirs


def block_of_torch(mine: Block) -> nn.TransformerEncoderLayer:
    n = mine.norm_1.normalized_shape[0]
    theirs = nn.TransformerEncoderLayer(
        n, mine.attention.heads, 4 * n, dropout=0.0, batch_first=True, norm_first=True
    ).double()
    theirs.self_attn.load_state_dict(of_torch(mine.attention).state_dict())
    for name, part in (
        ("linear1", mine.W_1),
        ("linear2", mine.W_2),
        ("norm1", mine.norm_1),
        ("norm2", mine.norm_2),
    ):
        getattr(theirs, name).load_state_dict(part.state_dict())
    return theirs


def weighted(o, rows):
    """A sum of what counts, in which each number has its own weight."""
    kept = o[rows]
    return (kept * torch.linspace(0.5, 1.5, kept.numel(), dtype=kept.dtype).view_as(kept)).sum()


# --- attention ----------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["all", "causal", "padding", "causal padding"])
def test_it_is_torchs_scaled_dot_product(kind):
    torch.manual_seed(0)
    q, k, v = (torch.randn(4, 2, 6, d).double().requires_grad_() for d in (3, 3, 5))
    mask = masks(kind).unsqueeze(1)
    a, alpha = attend(q, k, v, mask)
    theirs = F.scaled_dot_product_attention(q, k, v, attn_mask=mask)
    torch.testing.assert_close(a, theirs, **CLOSE)
    close(
        torch.autograd.grad(weighted(a, slice(None)), (q, k, v)),
        torch.autograd.grad(weighted(theirs, slice(None)), (q, k, v)),
    )
    assert torch.equal(alpha > 0, mask.expand_as(alpha))
    torch.testing.assert_close(alpha.sum(-1), torch.ones(4, 2, 6).double())


def test_more_keys_than_queries_and_one_step_by_hand():
    torch.manual_seed(0)
    q, k, v = (torch.randn(n, d).double() for n, d in ((2, 3), (5, 3), (5, 4)))
    a, alpha = attend(q, k, v, causal(2, 5))
    for t in range(2):
        e = [math.exp(q[t] @ k[j] / math.sqrt(3)) for j in range(4 + t)]
        by_hand = sum(e_j / sum(e) * v[j] for j, e_j in enumerate(e))
        torch.testing.assert_close(a[t], by_hand, **CLOSE)
        assert alpha[t, 4 + t :].tolist() == [0] * (1 - t)


def test_the_softmax_leaves_out_whatever_stands_outside_the_mask():
    e = torch.tensor([[1.0, math.nan, 2.0, math.inf]], requires_grad=True)
    mask = torch.tensor([[True, False, True, False]])
    alpha = masked_softmax(e, mask)
    torch.testing.assert_close(alpha[0, [0, 2]], torch.tensor([1.0, 2.0]).softmax(0))
    assert alpha[0, [1, 3]].tolist() == [0, 0]
    (g,) = torch.autograd.grad(alpha[0, 0], e)
    assert g.isfinite().all() and (g[~mask] == 0).all()


@pytest.mark.parametrize("heads", [1, 2, 4])
@pytest.mark.parametrize("kind", ["all", "causal", "padding", "causal padding"])
def test_it_is_torchs_multihead_attention(kind, heads):
    """To itself, with the same weights: values, weights of each head, and gradients."""
    mine = away_from_zero(MultiHeadAttention(8, heads))
    theirs, mask = of_torch(mine), masks(kind)
    x = torch.randn(4, 6, 8).double().requires_grad_()
    o, alpha = mine(x, mine.remember(x), mask)
    o_theirs, alpha_theirs = theirs(
        x, x, x, attn_mask=~mask.repeat_interleave(heads, 0), average_attn_weights=False
    )
    close([o, alpha], [o_theirs, alpha_theirs])
    rows = inside(TAU, 6) if "padding" in kind else slice(None)
    by_kernel, no_weights = mine(x, mine.remember(x), mask, need_weights=False)
    close([by_kernel[rows]], [o[rows]])
    assert no_weights is None
    g, *found = torch.autograd.grad(weighted(o, rows), [x, *mine.parameters()])
    g_theirs, *rest = torch.autograd.grad(weighted(o_theirs, rows), [x, *theirs.parameters()])
    names = [name for name, _ in mine.named_parameters()]
    by_name = dict(zip(names, found, strict=True))
    gathered = [torch.cat([by_name[f"W_{p}.{of}"] for p in "qkv"]) for of in ("weight", "bias")]
    close([g, *gathered, by_name["W_o.weight"], by_name["W_o.bias"]], [g_theirs, *rest])


def test_it_is_torchs_multihead_attention_to_another_sequence():
    mine = away_from_zero(MultiHeadAttention(8, 2))
    x, h = torch.randn(4, 3, 8).double(), torch.randn(4, 6, 8).double()
    seen = inside(TAU, 6)
    o, _ = mine(x, mine.remember(h), seen.unsqueeze(1))
    theirs, _ = of_torch(mine)(x, h, h, key_padding_mask=~seen, need_weights=False)
    torch.testing.assert_close(o, theirs, **CLOSE)


# --- block --------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["all", "causal", "padding", "causal padding"])
def test_a_block_is_torchs_encoder_layer(kind):
    mine = away_from_zero(Block(8, 2))
    theirs, mask = block_of_torch(mine), masks(kind)
    x = torch.randn(4, 6, 8).double().requires_grad_()
    o, o_theirs = mine(x, mask)[0], theirs(x, src_mask=~mask.repeat_interleave(2, 0))
    torch.testing.assert_close(o, o_theirs, **CLOSE)
    rows = inside(TAU, 6) if "padding" in kind else slice(None)
    shared = ["norm_1", "norm_2", "W_1", "W_2"], ["norm1", "norm2", "linear1", "linear2"]
    weights, weights_theirs = (
        [x, *(p for name in names for p in getattr(module, name).parameters())]
        for names, module in zip(shared, (mine, theirs), strict=True)
    )
    close(
        torch.autograd.grad(weighted(o, rows), weights),
        torch.autograd.grad(weighted(o_theirs, rows), weights_theirs),
    )


def test_dropout_is_of_what_either_part_adds():
    block = away_from_zero(Block(8, 2, dropout=0.5))
    x, mask = torch.randn(2, 5, 8).double(), causal(5).expand(2, 5, 5)
    torch.manual_seed(3)
    o, _ = block(x, mask)
    torch.manual_seed(3)
    normed = block.norm_1(x)
    a = x + F.dropout(block.attention(normed, block.attention.remember(normed), mask)[0], 0.5)
    by_hand = a + F.dropout(block.W_2(block.W_1(block.norm_2(a)).relu()), 0.5)
    torch.testing.assert_close(o, by_hand, **CLOSE)
    assert not torch.allclose(o, block.eval()(x, mask)[0])


# --- positions ----------------------------------------------------------------------------------


def test_positions_are_those_of_the_paper():
    p = sinusoids(torch.arange(50), 6, torch.float64)
    for t in (0, 1, 7, 49):
        for i in range(3):
            angle = t / 10_000 ** (2 * i / 6)
            assert p[t, 2 * i].item() == pytest.approx(math.sin(angle))
            assert p[t, 2 * i + 1].item() == pytest.approx(math.cos(angle))
    # a step to the right is a rotation, wherever it begins
    turn = torch.linalg.lstsq(p[:-3], p[3:]).solution
    torch.testing.assert_close(p[:-3] @ turn, p[3:])


def test_without_positions_the_order_does_not_matter():
    """Blocks that may look anywhere: a sequence in another order gives the same in that order."""
    blocks = [away_from_zero(Block(8, 2), seed) for seed in range(2)]
    order, mask = torch.tensor([3, 0, 4, 2, 1]), torch.ones(2, 5, 5, dtype=torch.bool)
    x = torch.randn(2, 5, 8).double()

    def run(x):
        for block in blocks:
            x, _ = block(x, mask)
        return x

    torch.testing.assert_close(run(x[:, order]), run(x)[:, order], **CLOSE)
    p = sinusoids(torch.arange(5), 8, torch.float64)
    moved = run(x[:, order] + p) - run(x + p)[:, order]
    assert moved.abs().amax(2).min() > 1e-3


def by_complex_numbers(x, t):
    """x (…, T, d) rotated: its pairs are complex numbers, times exp(√-1 t / c_i)."""
    d = x.shape[-1]
    angle = t.unsqueeze(-1) / 10_000 ** (torch.arange(0, d, 2).double() / d)
    turn = torch.polar(torch.ones_like(angle), angle)
    return torch.view_as_real(torch.view_as_complex(x.unflatten(-1, (-1, 2))) * turn).flatten(-2)


@pytest.mark.parametrize("t", [torch.arange(5), torch.tensor([[0, 1, 2, 3, 4], [7, 9, 9, 2, 300]])])
def test_rotary_positions_multiply_by_a_complex_number(t):
    torch.manual_seed(0)
    x = torch.randn(2, 3, 5, 6).double().requires_grad_()
    turned, theirs = rotated(x, t), by_complex_numbers(x, t if t.dim() == 1 else t[:, None])
    torch.testing.assert_close(turned, theirs, **CLOSE)
    torch.testing.assert_close(turned.norm(dim=-1), x.norm(dim=-1), **CLOSE)
    every = slice(None)
    close(*(torch.autograd.grad(weighted(each, every), x) for each in (turned, theirs)))
    assert torch.equal(rotated(x, torch.zeros(5)), x)


def test_a_rotated_query_knows_how_far_a_key_is_and_not_where():
    torch.manual_seed(0)
    q, k, t = *torch.randn(2, 1, 1, 6, 8).double(), torch.arange(6)

    def scores(first):
        return rotated(q, t + first) @ rotated(k, t + first).transpose(2, 3)

    torch.testing.assert_close(scores(0), scores(41), **CLOSE)
    plain = q @ k.transpose(2, 3)
    torch.testing.assert_close(*(e.diagonal(dim1=2, dim2=3) for e in (scores(0), plain)), **CLOSE)
    away = ~torch.eye(6, dtype=torch.bool)
    assert (scores(0) - plain)[..., away].abs().min() > 1e-3


def test_attention_in_heads_with_rotary_positions():
    """Each head's numbers are rotated by themselves, of queries and of keys, not of values."""
    mine, t = away_from_zero(MultiHeadAttention(8, 2)), torch.tensor([4, 5, 7])
    x, h, j = torch.randn(2, 3, 8).double(), torch.randn(2, 5, 8).double(), torch.arange(5)
    mask = torch.ones(2, 3, 5, dtype=torch.bool)
    found = []
    for head in (slice(0, 4), slice(4, 8)):
        q = by_complex_numbers(mine.W_q(x)[..., head], t)
        k = by_complex_numbers(mine.W_k(h)[..., head], j)
        alpha = (q @ k.transpose(1, 2) / 2).softmax(2)
        found.append(alpha @ mine.W_v(h)[..., head])
    memory = mine.remember(h, j)
    expected = mine.W_o(torch.cat(found, 2))
    for need_weights in (True, False):
        close([mine(x, memory, mask, need_weights, t)[0]], [expected])


# --- the network --------------------------------------------------------------------------------


def network(window=None, blocks=2, seed=0, positions="rotary"):
    return away_from_zero(Transformer(8, 2, blocks, window, positions=positions), seed)


def test_with_rotary_positions_only_distances_count():
    """The same six steps, at the beginning and much later."""
    moved = {}
    for positions in POSITIONS:
        model, x = network(6, blocks=1, positions=positions), torch.randn(2, 48, 8).double()
        apart = model(x)[0][:, -1] - model(x[:, -6:])[0][:, -1]  # both see the last six steps
        moved[positions] = apart.abs().max().item()
    assert moved["rotary"] < 1e-9 < 1e-3 < moved["added"]


@pytest.mark.parametrize("lengths", [None, TAU])
def test_it_is_torchs_encoder_under_a_causal_mask(lengths):
    model = network(positions="added")
    x = torch.randn(4, 6, 8).double().requires_grad_()
    stack = [block_of_torch(block) for block in model.blocks]

    def theirs(x):
        h = x * math.sqrt(8) + sinusoids(torch.arange(6), 8, torch.float64)
        mask = nn.Transformer.generate_square_subsequent_mask(6, dtype=torch.float64)
        padding = None if lengths is None else torch.zeros(4, 6).double()
        if padding is not None:
            padding.masked_fill_(~inside(lengths, 6), -torch.inf)
        for layer in stack:
            h = layer(h, src_mask=mask, src_key_padding_mask=padding)
        return model.norm(h)

    rows = inside(torch.full((4,), 6) if lengths is None else lengths, 6)
    h, again = model(x, lengths=lengths)[0], theirs(x)
    torch.testing.assert_close(h[rows], again[rows], **CLOSE)
    assert (h[~rows] == 0).all()
    close(torch.autograd.grad(weighted(h, rows), x), torch.autograd.grad(weighted(again, rows), x))


@pytest.mark.parametrize("positions", POSITIONS)
@pytest.mark.parametrize("window", [None, 1, 2, 4, 99])
def test_a_step_looks_back_and_never_ahead(window, positions):
    """Each step of x is changed in turn: what changes comes at it or after, and within reach."""
    model, x = network(window, 1, positions=positions), torch.randn(2, 7, 8).double()
    h, _ = model(x)
    for j in range(7):
        other = x.clone()
        other[:, j] = torch.randn(2, 8)  # no shift of all 8: a layer norm would not see it
        changed = (model(other)[0] - h).abs().amax(2) > 1e-9
        expected = [j <= t < j + (window or 7) for t in range(7)]
        assert changed.tolist() == [expected] * 2


@pytest.mark.parametrize("positions", POSITIONS)
@pytest.mark.parametrize("window", [None, 1, 3, 4])
@pytest.mark.parametrize("sizes", [[1] * 9, [4, 5], [2, 1, 6], [9]])
def test_in_several_calls_it_is_the_same_as_in_one(window, sizes, positions):
    model, x = network(window, positions=positions), torch.randn(3, 9, 8).double()
    h, whole = model(x)
    state, parts = None, []
    for part in x.split(sizes, 1):
        o, state = model(part, state)
        parts.append(o)
        assert state.t.shape[1] <= (window or 9)
    close(torch.cat(parts, 1), h)
    close(flat(state), flat(whole))


@pytest.mark.parametrize("positions", POSITIONS)
@pytest.mark.parametrize("window", [None, 3])
def test_nothing_in_the_padding_is_seen_and_each_state_goes_on(window, positions):
    """NaN in the padding; then two calls with padding in both; then one sequence begins anew."""
    model, x = network(window, positions=positions), torch.randn(4, 6, 8).double()
    padded = x.masked_fill(~inside(TAU, 6).unsqueeze(2), torch.nan)
    h, state = model(padded, lengths=TAU)
    more = torch.randn(4, 5, 8).double()
    after = torch.tensor([2, 5, 1, 4])
    spoilt = more.masked_fill(~inside(after, 5).unsqueeze(2), torch.nan)
    again, state = model(spoilt, state, after)
    state = model.restarted(state, torch.tensor([False, False, True, False]))
    last, _ = model(more, state)
    for i, (n, m) in enumerate(zip(TAU, after, strict=True)):
        parts = [x[i : i + 1, :n], more[i : i + 1, :m], more[i : i + 1]]
        alone, _ = model(torch.cat(parts, 1) if i != 2 else torch.cat(parts[:2], 1))
        torch.testing.assert_close(h[i, :n], alone[0, :n], **CLOSE)
        torch.testing.assert_close(again[i, :m], alone[0, n : n + m], **CLOSE)
        end = model(parts[2])[0] if i == 2 else alone[:, n + m :]
        torch.testing.assert_close(last[i], end[0], **CLOSE)
    (h.square().sum() + again.square().sum()).backward()
    assert all(p.grad.isfinite().all() for p in model.parameters())


def test_the_state_is_as_large_as_what_can_be_looked_at():
    """Two numbers for each of the n_hidden, block and step; an RNN's is n_hidden at each length."""
    for T in (1, 5, 9):
        for window in (None, 4):
            _, state = network(window)(torch.randn(3, T, 8).double())
            keys = [part for memory in state.memory for part in memory]
            steps = T if window is None else min(T, window)
            assert sum(part.numel() for part in keys) == 3 * 2 * 2 * 8 * steps
            assert state.t.tolist() == [list(range(T - steps, T))] * 3


# --- as a language model ------------------------------------------------------------------------


def speaker(window=None, n=7, seed=0):
    torch.manual_seed(seed)
    return LanguageModel(n, Transformer(8, 2, 2, window)).double()


@pytest.mark.parametrize("window", [None, 1, 4])
def test_what_is_written_with_the_cache_is_what_comes_without(window):
    """Step by step: all that has been written is read again from its beginning."""
    model = speaker(window)
    x = torch.randint(7, (3, 4), generator=torch.Generator().manual_seed(1))
    written = model.write(x, 9)
    whole, log_p = x, torch.zeros(3).double()
    for t in range(9):
        o = model(whole)[0][:, -1]
        assert torch.equal(written.y[:, t], o.argmax(1))
        log_p += o.log_softmax(1).amax(1)
        whole = torch.cat([whole, o.argmax(1, keepdim=True)], 1)
    torch.testing.assert_close(written.log_p, log_p.detach(), **CLOSE)
    assert torch.equal(model.write(x[:, :1], 2).y[:, 0], model(x[:, :1])[0][:, -1].argmax(1))


def test_the_probabilities_of_all_texts_add_up_to_one():
    model, steps = speaker(n=3), 4
    texts = torch.cartesian_prod(*[torch.arange(3)] * steps)
    x = torch.cat([torch.zeros(len(texts), 1, dtype=torch.int64), texts[:, :-1]], dim=1)
    nll = whole_nll(model, Batch(x, texts, torch.full((len(texts),), steps)))
    torch.testing.assert_close((-nll).exp().sum(), torch.tensor(1.0).double())


@pytest.mark.parametrize("steps", [1, 4, 9])
def test_texts_in_streams_cost_what_they_cost_alone(steps):
    """The state is handed on from window to window, and anew where a text begins."""
    model, numbers = speaker(), torch.Generator().manual_seed(2)
    x = torch.randint(1, 7, (6, 10), generator=numbers)
    lengths = torch.tensor([9, 4, 7, 3, 8, 5])
    split = Split(x[:, :-1], x[:, 1:], lengths, lengths)
    loss, total = CarriedOver(), 0
    for window in Streams(split, rows=1, steps=steps).batches(1):
        total = total + loss(model, window) * window.lengths.sum()
    alone = whole_nll(model, Batch(x[:, :-1], x[:, 1:], lengths)).sum()
    torch.testing.assert_close(total, alone, **CLOSE)
    assert not any(part.requires_grad for part in flat(loss.state))


def test_the_gradient_ends_at_the_window():
    model, x = speaker(), torch.randint(7, (2, 9), generator=torch.Generator().manual_seed(1))
    weights, loss = [*model.parameters()], CarriedOver(reach=4)
    batch = Streams(Split(x[:, :-1], x[:, 1:], *[torch.tensor([8, 8])] * 2), 2, 8)
    found = torch.autograd.grad(loss(model, next(batch.batches(2))), weights)
    with torch.no_grad():
        state = model(x[:, :4])[1]
    parts = [model(x[:, :4])[0], model(x[:, 4:8], state)[0]]
    plain = F.cross_entropy(torch.cat(parts, 1).flatten(0, 1), x[:, 1:].flatten())
    close(found, torch.autograd.grad(plain, weights))


def test_a_copy_of_what_was_read_is_learnt():
    """Six random letters, twice: the second time each is known, and only by looking back at it."""
    letters = torch.randint(1, 7, (700, 6), generator=torch.Generator().manual_seed(0))
    text = torch.cat([letters, letters], 1)
    x, y, tau = text[:, :-1], text[:, 1:], torch.full((700,), 11)
    torch.manual_seed(0)
    model = LanguageModel(7, Transformer(32, 2, 2))
    loss = CarriedOver()
    train = Split(x[:600], y[:600], tau[:600], tau[:600])
    fit(model, loss, train, epochs=25, batch_size=30, lr=3e-3, progress=False, device="cpu")
    o, _ = model(x[600:])
    wrong = o.argmax(2) != y[600:]
    assert wrong[:, 6:].float().mean() < 0.05 and wrong[:, :5].float().mean() > 0.5


# --- bad input ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: MultiHeadAttention(8, 3), ValueError, "heads: expected a divisor of n_hidden = 8"),
        (lambda: MultiHeadAttention(0), ValueError, "n_hidden: expected an integer of at least 1"),
        (lambda: Transformer(8, 0, 1), ValueError, "heads: expected an integer of at least 1"),
        (lambda: Transformer(6, 2, 1), ValueError, "n_hidden: expected a multiple of 2 · 2 heads"),
        (
            lambda: Transformer(7, 1, 1, positions="added"),
            ValueError,
            "n_hidden: expected an even number, got 7",
        ),
        (lambda: Transformer(8, 1, 1, positions="sum"), ValueError, "positions: expected one of"),
        (lambda: Transformer(8, 1, 0), ValueError, "blocks: expected an integer of at least 1"),
        (lambda: Transformer(8, 1, 1, 0), ValueError, "window: expected an integer of at least 1"),
        (lambda: network()(torch.zeros(2, 3, 5).double()), ValueError, "x: expected n_in = 8"),
        (lambda: network()(torch.zeros(2, 3, 8)), TypeError, "x: expected the weights' dtype"),
        (
            lambda: network()(torch.zeros(2, 3, 8).double(), torch.zeros(2, 8)),
            TypeError,
            "state: expected a Cache, got Tensor",
        ),
        (lambda: network()(torch.ones(2, 3, 8).double(), None, [3]), ValueError, "lengths: expect"),
    ],
)
def test_bad_input_is_named(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_an_rnn_restarts_as_well():
    rnn = RNN(GRUCell(3, 4))
    state = torch.randn(2, 4)
    again = rnn.restarted(state, torch.tensor([True, False]))
    assert torch.equal(again, torch.stack([torch.zeros(4), state[1]]))

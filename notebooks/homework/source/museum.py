# %% [markdown]
# # The museum of silent bugs
#
# The worst bugs of recurrent networks raise no error. The shapes fit, the training runs, the loss
# falls, and the network is worse than it could be, or looks better than it is. The {{ points }}
# bugs in this notebook are real: people shipped them, other people found them, and at the end of
# each exhibit you can read where.
#
# Each exhibit goes like this:
#
# 1. **The code**, a few lines. It runs and it trains, and it has one bug. Read it before you go on.
# 2. **What it costs.** The same network is trained with the bug and without it, and set beside a
#    baseline. Before you run this cell, write down on paper what you expect.
# 3. **Your test.** Find the bug, and write a function that asserts what should hold. It gets the network
#    (or the function) of the exhibit as its argument. It should *fail* on the bug and *pass* on what is
#    right, however that is written. There is a hint, folded.
# 4. **The proof.** The check runs your test on the bug and on two right versions. It refuses a test that
#    passes on all, fails on all, or stops for another reason than an assertion, and says so. For the
#    point it is enough that your test tells these apart, even if it only asserts that something
#    differs. One that asserts what should hold finds the next bug, too.
# 5. **Where it was found**, folded. Read this last.
#
# All of them together take about {{ minutes }} minutes. They do not need each other; begin where you like.
# Chapter 1 is enough for 1 to 4, 7, 14 and 15; 5 and 12 need chapter 2, 6 needs chapter 5, 8 and 9 need
# chapter 8; 10 and 11 need chapter 13, and 13 needs chapter 11. A good test is short, seldom more than
# five lines, and does not look into the network: it gives it two inputs and compares what comes out, or asks for a
# gradient. It must not depend on luck, so it is run many times: on fresh parameters, if there are any,
# and with other random numbers. You need not repair the code; once the test is there, that is the easy
# part.

# %%
{{ install }}

# %%
import torch
from torch import nn
from torch.nn import functional as F

from rnn_course.homework.museum import cost, kills, right, written

torch.set_num_threads(1)

# %% [markdown]
# # Room 1 · The recurrence
#
# ## Exhibit 1 · The network that could not tell two bits apart (1 point)
#
# An Elman network, written out. It is asked two questions about the step before: do the first two
# bits differ, and what was the third bit? A network with a hidden state of 32 numbers should find
# neither hard.

# %%
class Recurrent(nn.Module):
    """x (B, T, 3) to o (B, T, 2)."""

    def __init__(self, n_in=3, n_hidden=32, n_out=2):
        super().__init__()
        self.n_hidden = n_hidden
        self.i2h = nn.Linear(n_in + n_hidden, n_hidden)
        self.h2o = nn.Linear(n_hidden, n_out)

    def forward(self, x):
        h, out = x.new_zeros(len(x), self.n_hidden), []
        for x_t in x.unbind(1):
            h = self.i2h(torch.cat([x_t, h], dim=1))
            out.append(self.h2o(h))
        return torch.stack(out, dim=1)

# %% kind="drawing"
print(cost(1, Recurrent))

# %% [markdown]
# One question is answered and the other is not. What can this network compute, and what can it not,
# however long it is trained? A comparison of its gradient with numerical differences finds nothing:
# the gradient is right, but of the wrong function.
#
# <details><summary>A hint</summary>What is the output for the sum of two inputs?</details>

# %% kind="code" name="test-1"
def test_exhibit_1(model):
    """A network: model(x), x (B, T, 3) to o (B, T, 2)."""
    ### BEGIN SOLUTION
    a, b = 3 * torch.randn(2, 4, 6, 3)
    apart = model(a) + model(b)
    together = model(a + b) + model(torch.zeros(4, 6, 3))
    assert not torch.allclose(apart, together, atol=1e-3), "the outputs are linear in the inputs"
    ### END SOLUTION

# %% kind="check" name="exhibit-1" points=1
# Runs your test on the bug and on two right versions. It has not looked at other bugs it may find.
kills(test_exhibit_1, Recurrent, right(1))

# %% [markdown]
# <details><summary>Where it was found: read this last</summary>
#
# There is no non-linearity: $h^{(t)}$ is a linear function of all inputs. In PyTorch's tutorial on
# generating names this was reported in 2019 ([pytorch/tutorials
# 647](https://github.com/pytorch/tutorials/issues/647); the thread was closed two years later for
# its age), and again in 2026 ([3953](https://github.com/pytorch/tutorials/issues/3953)); of its
# sister on classifying names someone asked in 2018 why there is no activation
# ([spro/practical-pytorch 110](https://github.com/spro/practical-pytorch/issues/110)). The results
# come out “relatively fine”, as the last report says; that is how it could stay.
#
# </details>
#
# ## Exhibit 2 · The network that learned to remember by chance (1 point)
#
# Another loop, with torch's own cell this time. Which of eight symbols came four steps ago?

# %%
class Echo(nn.Module):
    """One-hot symbols x (B, T, 8) to o (B, T, 8)."""

    def __init__(self, n_in=8, n_hidden=32):
        super().__init__()
        self.cell = nn.RNNCell(n_in, n_hidden)
        self.V = nn.Linear(n_hidden, n_in)

    def forward(self, x):
        h, out = x.new_zeros(len(x), self.cell.hidden_size), []
        for x_t in x.unbind(1):
            h = self.cell(x_t, h.detach())
            out.append(h)
        return self.V(torch.stack(out, dim=1))

# %% kind="drawing"
print(cost(2, Echo))

# %% [markdown]
# The values are those of a right network, to the last bit. So what is different? Your test cannot
# compare outputs.
#
# <details><summary>A hint</summary>Which input should the last output's error reach?</details>

# %% kind="code" name="test-2"
def test_exhibit_2(model):
    """A network: model(x), x (B, T, 8) to o (B, T, 8)."""
    ### BEGIN SOLUTION
    x = torch.randn(1, 5, 8, requires_grad=True)
    (received,) = torch.autograd.grad(model(x)[:, -1].sum(), x)
    assert received[:, 0].abs().max() > 0, "no gradient reaches the first step"
    ### END SOLUTION

# %% kind="check" name="exhibit-2" points=1
# Runs your test on the bug and on two right versions. It has not looked at other bugs it may find.
kills(test_exhibit_2, Echo, right(2))

# %% [markdown]
# <details><summary>Where it was found: read this last</summary>
#
# The state is detached at every step, so the gradient looks one step back and no further. A whole
# library did this in 2020: in Flux, “backprop through time is truncated to only 1 time step”, as
# the report says, which compares the gradient with one written out by hand ([FluxML/Flux.jl
# 1209](https://github.com/FluxML/Flux.jl/issues/1209)). The opposite happens, too: between the
# windows of a long text the state *should* be detached, and where it is not, the graph of the whole
# past is kept until the memory is full ([pytorch
# 2198](https://github.com/pytorch/pytorch/issues/2198)).
#
# </details>
#
# ## Exhibit 3 · The network without a yesterday (1 point)
#
# A long stream is read in windows of four steps; each call gets the state that the one before has
# returned. Which symbol came three steps ago?

# %%
class Stream(nn.Module):
    """A window x (B, T, 8) and the state after the window before, to o (B, T, 8) and the next state."""

    def __init__(self, n_in=8, n_hidden=32):
        super().__init__()
        self.rnn = nn.GRU(n_in, n_hidden, batch_first=True)
        self.V = nn.Linear(n_hidden, n_in)

    def forward(self, x, state=None):
        h, state = self.rnn(x)
        return self.V(h), state

# %% kind="drawing"
print(cost(3, Stream))

# %% [markdown]
# It is far better than chance. Work out where its right answers come from: each stream has twenty steps,
# and the first three are not scored, since there is no answer yet. How many of the others can be answered
# from their own window? (With guesses for the rest, you should come to 38.2 %.)
#
# <details><summary>A hint</summary>Cut a sequence in two.</details>

# %% kind="code" name="test-3"
def test_exhibit_3(model):
    """A network: o, state = model(x, state=None), x (B, T, 8), o (B, T, 8); what the state looks like is up to the model."""
    ### BEGIN SOLUTION
    x = torch.randn(2, 9, 8)
    whole, _ = model(x)
    first, state = model(x[:, :5])
    second, _ = model(x[:, 5:], state)
    assert torch.allclose(torch.cat([first, second], dim=1), whole, atol=1e-5), "two parts differ from the whole"
    ### END SOLUTION

# %% kind="check" name="exhibit-3" points=1
# Runs your test on the bug and on two right versions. It has not looked at other bugs it may find.
kills(test_exhibit_3, Stream, right(3))

# %% [markdown]
# <details><summary>Where it was found: read this last</summary>
#
# The state is accepted, returned, and never read. In a classifier of music the training loop resets
# `model.hidden`, which the network's `forward` never looks at; torch then starts from zero in every
# batch ([ruohoruotsi/LSTM-Music-Genre-Classification
# 12](https://github.com/ruohoruotsi/LSTM-Music-Genre-Classification/issues/12)).
#
# </details>
#
# # Room 2 · The end of a sequence
#
# ## Exhibit 4 · Which language is this? (1 point)
#
# Names in five languages, padded with zeros to the longest of the batch. The class takes the kind of
# recurrence as an argument; both an Elman network and a GRU are tried.

# %%
class Language(nn.Module):
    """Names x (B, T), padded with 0, and their lengths (B,), to o (B, 5)."""

    def __init__(self, rnn=nn.RNN, n_symbols=128, n_hidden=32):
        super().__init__()
        self.embed = nn.Embedding(n_symbols, 16)
        self.rnn = rnn(16, n_hidden, batch_first=True)
        self.V = nn.Linear(n_hidden, 5)

    def forward(self, x, lengths):
        h, _ = self.rnn(self.embed(x))
        return self.V(h[:, -1])

# %% kind="drawing"
print(cost(4, Language))

# %% [markdown]
# The same bug costs one network everything and the other next to nothing. How does the GRU cope,
# and what would you have to do to it to see the bug?
#
# <details><summary>A hint</summary>What should the answer for a name not depend on?</details>

# %% kind="code" name="test-4"
def test_exhibit_4(model):
    """A network: model(x, lengths), names x (B, T) int64 below 128, padded with 0, to o (B, 5)."""
    ### BEGIN SOLUTION
    x, lengths = torch.randint(1, 128, (3, 9)), torch.tensor([9, 5, 2])
    for row, length in zip(x, lengths):
        row[length:] = 0
    longer = F.pad(x, (0, 4))
    assert torch.allclose(model(x, lengths), model(longer, lengths), atol=1e-5), "more padding changes the answer"
    ### END SOLUTION

# %% kind="check" name="exhibit-4" points=1
# Runs your test on the bug and on two right versions. It has not looked at other bugs it may find.
kills(test_exhibit_4, Language, right(4))

# %% [markdown]
# <details><summary>Where it was found: read this last</summary>
#
# The summary is the state at the end of the *batch*, after all the padding. PyTorch's tutorial on
# translation has trained on padded batches since 2023; what that means for the network was asked in
# [pytorch/tutorials 2840](https://github.com/pytorch/tutorials/issues/2840) (2024), and in
# [3643](https://github.com/pytorch/tutorials/issues/3643) (2025): is the encoder's last state not
# that of the padding? A gated network learns to sit still on a symbol that is always the same, so
# the loss hardly shows it. To see the bug, ask the GRU about each name alone, without any padding: it is
# right less often, for it has learned to have its answer ready only after some.
#
# </details>
#
# ## Exhibit 5 · The perplexity of a beginner (1 point)
#
# A network spells names, letter by letter, and is trained and judged by this function.

# %%
def spelling_loss(o, y, lengths):
    """o (B, T, n) for letters y (B, T), padded with 0, and their lengths (B,), to the loss per letter."""
    return F.cross_entropy(o.flatten(0, 1), y.flatten())

# %% kind="drawing"
print(cost(5, spelling_loss))

# %% [markdown]
# Perplexity is $e^{\text{loss}}$: among how many equally likely letters the network would be as
# uncertain. Which of the two figures of the network with the bug would you have believed?
#
# <details><summary>A hint</summary>What is in `y` that no one wants to have predicted?</details>

# %% kind="code" name="test-5"
def test_exhibit_5(loss):
    """A function: loss(o, y, lengths), o (B, T, n), y (B, T) int64 below n, lengths (B,), to a scalar."""
    ### BEGIN SOLUTION
    o, y, lengths = torch.randn(2, 5, 7), torch.randint(7, (2, 5)), torch.tensor([5, 3])
    more = loss(F.pad(o, (0, 0, 0, 4)), F.pad(y, (0, 4)), lengths)
    assert torch.allclose(loss(o, y, lengths), more, atol=1e-5), "more padding changes the loss"
    ### END SOLUTION

# %% kind="check" name="exhibit-5" points=1
# Runs your test on the bug and on two right versions. It has not looked at other bugs it may find.
kills(test_exhibit_5, spelling_loss, right(5))

# %% [markdown]
# <details><summary>Where it was found: read this last</summary>
#
# The padding counts as letters, and is easy to predict: most of the mean is about nothing. The same
# thread as before asks it of the loss, too ([pytorch/tutorials
# 3643](https://github.com/pytorch/tutorials/issues/3643)). In 2026 a library for language models
# gave another perplexity for every batch size, since padding was scored; the repair came with a
# test that scores a short and a long text together and alone ([ml-explore/mlx-lm
# 1855](https://github.com/ml-explore/mlx-lm/pull/1855)).
#
# </details>
#
# ## Exhibit 6 · Read in both directions (1 point)
#
# Which of eight symbols came first, of thirty? For a network that reads forwards this is long ago.
# One that also reads backwards has just seen it.

# %%
class BothWays(nn.Module):
    """One-hot symbols x (B, T, 8) to o (B, 8)."""

    def __init__(self, n_in=8, n_hidden=16):
        super().__init__()
        self.rnn = nn.RNN(n_in, n_hidden, batch_first=True, bidirectional=True)
        self.V = nn.Linear(2 * n_hidden, n_in)

    def summary(self, x):
        """x (B, T, 8) to (B, 32): 16 numbers of the network that reads forwards, 16 of the other."""
        h, _ = self.rnn(x)
        return h[:, -1]

    def forward(self, x):
        return self.V(self.summary(x))

# %% kind="drawing"
print(cost(6, BothWays))

# %% [markdown]
# <details><summary>A hint</summary>What has the second half of the summary seen?</details>

# %% kind="code" name="test-6"
def test_exhibit_6(model):
    """A network: model.summary(x), x (B, T, 8) to (B, 32), 16 numbers forwards, then 16 backwards."""
    ### BEGIN SOLUTION
    x = torch.randn(1, 6, 8)
    changed = x.clone()
    changed[:, 0] += 1
    backwards, other = model.summary(x)[:, 16:], model.summary(changed)[:, 16:]
    assert not torch.allclose(backwards, other, atol=1e-5), "read backwards, the first step does not count"
    ### END SOLUTION

# %% kind="check" name="exhibit-6" points=1
# Runs your test on the bug and on two right versions. It has not looked at other bugs it may find.
kills(test_exhibit_6, BothWays, right(6))

# %% [markdown]
# <details><summary>Where it was found: read this last</summary>
#
# At the last position, the network that reads backwards has read one symbol. It was so in one of the
# most copied collections of PyTorch tutorials ([yunjey/pytorch-tutorial
# 149](https://github.com/yunjey/pytorch-tutorial/issues/149), 2018: “the reverse RNN will have only
# seen the last input”). A translation of the collection to C++ has the repair
# ([prabhuomkar/pytorch-cpp 13](https://github.com/prabhuomkar/pytorch-cpp/pull/13)).
#
# </details>
#
# # Room 3 · Which axis is which
#
# ## Exhibit 7 · Time first (1 point)
#
# The data come batch first, and this network wants time first. Which symbol came one step ago?

# %%
class TimeFirst(nn.Module):
    """One-hot symbols x (B, T, 8) to o (B, T, 8)."""

    def __init__(self, n_in=8, n_hidden=32):
        super().__init__()
        self.rnn = nn.GRU(n_in, n_hidden)
        self.V = nn.Linear(n_hidden, n_in)

    def forward(self, x):
        B, T, n_in = x.shape
        h, _ = self.rnn(x.view(T, B, n_in))
        return self.V(h).view(B, T, n_in)

# %% kind="drawing"
print(cost(7, TimeFirst))

# %% [markdown]
# Every shape is right. In a batch of one, so is every number, and the first sequence of a batch is a special
# case, too: mind both in your test.
#
# <details><summary>A hint</summary>Whose symbols does a sequence get to see? Look at all of them, not at the first alone.</details>

# %% kind="code" name="test-7"
def test_exhibit_7(model):
    """A network: model(x), x (B, T, 8) to o (B, T, 8)."""
    ### BEGIN SOLUTION
    x = torch.randn(4, 6, 8)
    alone = torch.cat([model(each.unsqueeze(0)) for each in x])
    assert torch.allclose(model(x), alone, atol=1e-5), "a sequence gets another answer in company"
    ### END SOLUTION

# %% kind="check" name="exhibit-7" points=1
# Runs your test on the bug and on two right versions. It has not looked at other bugs it may find.
kills(test_exhibit_7, TimeFirst, right(7))

# %% [markdown]
# <details><summary>Where it was found: read this last</summary>
#
# `view` reads the numbers in the order in which they lie and cuts them anew; only `transpose` swaps
# two axes. In fairseq, the two directions of the encoder were put together by a `view` that mixed
# the sentences of a batch ([fairseq 239](https://github.com/facebookresearch/fairseq/issues/239):
# “good catch”, and a repair with the answer); the same function stood in LASER
# ([138](https://github.com/facebookresearch/LASER/issues/138)). In [HHTseng/video-classification
# 42](https://github.com/HHTseng/video-classification/issues/42) one reader proposes a `view` and
# another shows, with ten numbers, why it has to be `transpose`.
#
# </details>
#
# ## Exhibit 8 · Two levels, one summary (1 point)
#
# A GRU of two levels, batch first, and the final states of both as a summary. Which symbol came
# last but one?

# %%
class Final(nn.Module):
    """One-hot symbols x (B, T, 8) to o (B, 8)."""

    def __init__(self, n_in=8, n_hidden=16):
        super().__init__()
        self.rnn = nn.GRU(n_in, n_hidden, num_layers=2, batch_first=True)
        self.V = nn.Linear(2 * n_hidden, n_in)

    def forward(self, x):
        _, h_n = self.rnn(x)
        return self.V(h_n.view(len(x), -1))

# %% kind="drawing"
print(cost(8, Final))

# %% [markdown]
# <details><summary>A hint</summary>Print the shape of h_n. If you have done exhibit 7, half of the work is done.</details>

# %% kind="code" name="test-8"
def test_exhibit_8(model):
    """A network: model(x), x (B, T, 8) to o (B, 8)."""
    ### BEGIN SOLUTION
    x = torch.randn(4, 6, 8)
    alone = torch.cat([model(each.unsqueeze(0)) for each in x])
    assert torch.allclose(model(x), alone, atol=1e-5), "a sequence gets another answer in company"
    ### END SOLUTION

# %% kind="check" name="exhibit-8" points=1
# Runs your test on the bug and on two right versions. It has not looked at other bugs it may find.
kills(test_exhibit_8, Final, right(8))

# %% [markdown]
# <details><summary>Where it was found: read this last</summary>
#
# `batch_first` moves the batch of the input and of the output, not that of the final state, which
# stays (levels, B, n). Reported as a bug of PyTorch more than once
# ([19675](https://github.com/pytorch/pytorch/issues/19675), 2019, and
# [34036](https://github.com/pytorch/pytorch/issues/34036), 2020); the proposal to make it
# consistent is older ([4145](https://github.com/pytorch/pytorch/issues/4145)). What it does to
# others: a variational autoencoder for sentences takes that state's first axis for the batch, and
# “the code can run without problems” ([timbmg/Sentence-VAE
# 15](https://github.com/timbmg/Sentence-VAE/issues/15)).
#
# </details>
#
# ## Exhibit 9 · One level upon another (1 point)
#
# Two levels again, and an output at each step. Which symbol came one step ago?

# %%
class Stacked(nn.Module):
    """One-hot symbols x (B, T, 8) to o (B, T, 8)."""

    def __init__(self, n_in=8, n_hidden=32):
        super().__init__()
        self.lower = nn.GRU(n_in, n_hidden, batch_first=True)
        self.upper = nn.GRU(n_hidden, n_hidden, batch_first=True)
        self.V = nn.Linear(n_hidden, n_in)

    def forward(self, x):
        _, h_n = self.lower(x)
        states = [h_n[-1] for _ in range(x.shape[1])]
        h, _ = self.upper(torch.stack(states, dim=1))
        return self.V(h)

# %% kind="drawing"
print(cost(9, Stacked))

# %% [markdown]
# <details><summary>A hint</summary>What may the output of an early step not know?</details>

# %% kind="code" name="test-9"
def test_exhibit_9(model):
    """A network: model(x), x (B, T, 8) to o (B, T, 8), an output at each step."""
    ### BEGIN SOLUTION
    x = torch.randn(2, 6, 8)
    changed = x.clone()
    changed[:, -1] += 1
    assert torch.allclose(model(x)[:, :-1], model(changed)[:, :-1], atol=1e-6), "the last step changes earlier ones"
    ### END SOLUTION

# %% kind="check" name="exhibit-9" points=1
# Runs your test on the bug and on two right versions. It has not looked at other bugs it may find.
kills(test_exhibit_9, Stacked, right(9))

# %% [markdown]
# <details><summary>Where it was found: read this last</summary>
#
# The upper level reads the lower one's *final* state, at every step. So it is told the whole sequence at
# once, and mostly names one of its commonest symbols, which is better than chance. The loop printed in the
# documentation of `torch.nn.RNN`, as “equivalent”, came to the same by another way: it collected
# references to one tensor that is overwritten, so that its output was the last state, T times over
# ([pytorch 142303](https://github.com/pytorch/pytorch/pull/142303), 2024); besides, each level was
# given x and not the level below ([140928](https://github.com/pytorch/pytorch/issues/140928)).
#
# </details>
#
# # Room 4 · What it may look at
#
# ## Exhibit 10 · A look at the encoder (1 point)
#
# Eight pairs of a key and a value stand in any order; a decoder asks for one key. The encoder's
# states hold both, so attention should find the value.

# %%
class Attention(nn.Module):
    """The decoder's state s (B, 16), the encoder's states h (B, 8, 16), to C (B, 16) and weights (B, 8)."""

    def __init__(self, n_s=16, n_h=16, max_length=8):
        super().__init__()
        self.attn = nn.Linear(n_s, max_length)

    def forward(self, s, h):
        alpha = self.attn(s).softmax(1)
        C = (alpha.unsqueeze(1) @ h).squeeze(1)
        return C, alpha

# %% kind="drawing"
print(cost(10, Attention))

# %% [markdown]
# The weights are positive and sum to one, and the encoder gets its gradient. Still, what are they
# made of?
#
# <details><summary>A hint</summary>Put the encoder's states in another order.</details>

# %% kind="code" name="test-10"
def test_exhibit_10(attention):
    """A module: C, alpha = attention(s, h), s (B, 16), h (B, 8, 16), C (B, 16), alpha (B, 8)."""
    ### BEGIN SOLUTION
    s, h = torch.randn(2, 16), torch.randn(2, 8, 16)
    _, alpha = attention(s, h)
    _, other = attention(s, h.flip(1))
    assert torch.allclose(other, alpha.flip(1), atol=1e-5), "the weights do not go with the states"
    ### END SOLUTION

# %% kind="check" name="exhibit-10" points=1
# Runs your test on the bug and on two right versions. It has not looked at other bugs it may find.
kills(test_exhibit_10, Attention, right(10))

# %% [markdown]
# <details><summary>Where it was found: read this last</summary>
#
# The weights are made from the decoder alone: it can look at a place, never at what stands there. What
# is left is to name the commonest of the eight values, which is better than chance. It was so in
# PyTorch's tutorial on translation; the report, of 2020, has a repair ([pytorch/tutorials
# 1098](https://github.com/pytorch/tutorials/issues/1098)). In sentences as short as the tutorial's, words
# that belong together often stand in about the same place, which may be why nothing was missed.
#
# </details>
#
# ## Exhibit 11 · Better than possible (1 point)
#
# Symbols come from a chain whose probabilities are known, so the least possible loss is known. A
# network predicts the next symbol at each step; in training the whole sequence is there, and this
# mask says who may look where.

# %%
def mask(T):
    """May step t, the row, look at step j, the column? (T, T) bool."""
    return torch.triu(torch.ones(T, T)).bool()

# %% kind="drawing"
print(cost(11, mask))

# %% [markdown]
# No network can be better than the least possible loss, on average. If yours is, do not celebrate.
#
# <details><summary>A hint</summary>Print mask(4).</details>

# %% kind="code" name="test-11"
def test_exhibit_11(mask):
    """A function: mask(T), (T, T) bool; may step t, the row, look at step j, the column?"""
    ### BEGIN SOLUTION
    allowed = mask(6)
    for t in range(6):
        assert not allowed[t, t + 1 :].any(), f"step {t} looks at what comes later"
    ### END SOLUTION

# %% kind="check" name="exhibit-11" points=1
# Runs your test on the bug and on two right versions. It has not looked at other bugs it may find.
kills(test_exhibit_11, mask, right(11))

# %% [markdown]
# <details><summary>Where it was found: read this last</summary>
#
# The mask is upside down. It was so in a release of PyTorch itself ([pytorch
# 29546](https://github.com/pytorch/pytorch/issues/29546), 2019, and again
# [34908](https://github.com/pytorch/pytorch/issues/34908), 2020). How such a leak shows: “98%
# accuracy” of a translator far too small for it, whose translations are nonsense
# ([jadore801120/attention-is-all-you-need-pytorch
# 19](https://github.com/jadore801120/attention-is-all-you-need-pytorch/issues/19), 2017). With a
# recurrent decoder it takes only `bidirectional=True` ([timbmg/Sentence-VAE
# 22](https://github.com/timbmg/Sentence-VAE/issues/22)).
#
# </details>
#
# ## Exhibit 12 · The perfect language model (1 point)
#
# The same chain, and a recurrent network, which cannot look ahead. This function cuts a sequence
# into what the network reads and what it is to say.

# %%
def pairs(x):
    """Symbols x (B, T) to what is read and, for each step of it, what is to be predicted."""
    return x, x

# %% kind="drawing"
print(cost(12, pairs))

# %% [markdown]
# <details><summary>A hint</summary>When the answer is due, has it been read already?</details>

# %% kind="code" name="test-12"
def test_exhibit_12(pairs):
    """A function: read, predicted = pairs(x), x (B, T) int64, both of one shape. Whether what is read
    begins with x, or with a start symbol before it, is open."""
    ### BEGIN SOLUTION
    read, predicted = pairs(torch.arange(1, 8).unsqueeze(0))
    assert torch.equal(read[:, 1:], predicted[:, :-1]), "what is read is not what was predicted a step before"
    ### END SOLUTION

# %% kind="check" name="exhibit-12" points=1
# Runs your test on the bug and on two right versions. It has not looked at other bugs it may find.
kills(test_exhibit_12, pairs, right(12))

# %% [markdown]
# <details><summary>Where it was found: read this last</summary>
#
# The targets are not shifted: the network learns to say what it has just read. Of a model that
# writes comments on code: “the token input to the model decoder at each time step is the same as
# the output token”, so its accuracy is very high ([code-gen/cscg
# 4](https://github.com/code-gen/cscg/issues/4), 2023). A library for medical images predicted
# “token N, given tokens 0-N inclusive” ([Project-MONAI/GenerativeModels
# 314](https://github.com/Project-MONAI/GenerativeModels/issues/314), 2023). In
# [ayaka14732/bart-base-jax 6](https://github.com/ayaka14732/bart-base-jax/pull/6) the loss was
# almost zero, and it was by adding unit tests that the author found out why.
#
# </details>
#
# # Room 5 · Around the network
#
# ## Exhibit 13 · A bold step (1 point)
#
# A network without a bound on its state, plain gradient descent, a bold rate: here the norm of the
# gradient has to be clipped (chapter 11). The task is the sum of two marked numbers of ten.

# %%
def step(model, loss, optimiser, bound):
    """One step of training; the gradient's norm is clipped to `bound`."""
    optimiser.zero_grad()
    loss.backward()
    optimiser.step()
    nn.utils.clip_grad_norm_(model.parameters(), bound)

# %% kind="drawing"
print(cost(13, step))

# %% [markdown]
# <details><summary>A hint</summary>With `torch.optim.SGD` and a rate of 1, how far may the parameters move? Keep a *copy* of them from before, by `clone()`: the step changes them in place.</details>

# %% kind="code" name="test-13"
def test_exhibit_13(step):
    """A function: step(model, loss, optimiser, bound) changes the model's parameters, once."""
    ### BEGIN SOLUTION
    model = nn.Linear(3, 2)
    before = torch.cat([each.detach().flatten().clone() for each in model.parameters()])
    loss = 1000 * model(torch.randn(5, 3)).pow(2).sum()
    step(model, loss, torch.optim.SGD(model.parameters(), lr=1.0), bound=1.0)
    after = torch.cat([each.detach().flatten() for each in model.parameters()])
    assert (after - before).norm() < 1.001, "the step is longer than rate times bound"
    ### END SOLUTION

# %% kind="check" name="exhibit-13" points=1
# Runs your test on the bug and on two right versions. It has not looked at other bugs it may find.
kills(test_exhibit_13, step, right(13))

# %% [markdown]
# <details><summary>Where it was found: read this last</summary>
#
# The gradient is clipped only after it has been used. It was so in [VGraphRNN/VGRNN
# 4](https://github.com/VGraphRNN/VGRNN/issues/4) (2020: “it isn't doing anything”), in
# [emited/VariationalRecurrentNeuralNetwork
# 3](https://github.com/emited/VariationalRecurrentNeuralNetwork/issues/3), and in
# [jongwook/onsets-and-frames 24](https://github.com/jongwook/onsets-and-frames/issues/24), whose
# author agrees, and adds that the gradient was below the bound for most of the training: a clipping
# that does nothing is missed only on the day that it is needed.
#
# </details>
#
# ## Exhibit 14 · Learned by heart (1 point)
#
# A network has learned to spell three hundred names. This function makes the row of the table in
# the report.

# %%
def scores(model, train, valid, test, perplexity):
    """The perplexity of a model on three splits, by their names; perplexity(model, split) is given."""
    on_train = perplexity(model, train)
    on_valid = perplexity(model, valid)
    on_test = perplexity(model, train)
    return {"train": on_train, "valid": on_valid, "test": on_test}

# %% kind="drawing"
print(cost(14, scores))

# %% [markdown]
# You will have seen this one at once. Would you have, in the three hundred lines of a script, with
# paths for splits? Your test needs neither a network nor data.
#
# <details><summary>A hint</summary>You choose what `perplexity` does.</details>

# %% kind="code" name="test-14"
def test_exhibit_14(scores):
    """A function: scores(model, train, valid, test, perplexity), to a mapping with those three names."""
    ### BEGIN SOLUTION
    shown = scores(None, "a", "b", "c", lambda model, split: split)
    assert dict(shown) == {"train": "a", "valid": "b", "test": "c"}, "a split is shown under another's name"
    ### END SOLUTION

# %% kind="check" name="exhibit-14" points=1
# Runs your test on the bug and on two right versions. It has not looked at other bugs it may find.
kills(test_exhibit_14, scores, right(14))

# %% [markdown]
# <details><summary>Where it was found: read this last</summary>
#
# In a well-known method's code for pretraining language models, the line for the test perplexity
# read the training path; the test set was never used there. “I guess it is typo”, says the author,
# who looked at other figures ([n-waves/multifit 22](https://github.com/n-waves/multifit/issues/22),
# 2018).
#
# </details>
#
# ## Exhibit 15 · Right, and slow (1 point)
#
# The last exhibit computes what it should, gradient included.

# %%
class Loop(nn.Module):
    """x (B, T, n_in) to h (B, T, n_hidden)."""

    def __init__(self, n_in=8, n_hidden=16):
        super().__init__()
        self.cell = nn.RNNCell(n_in, n_hidden)

    def forward(self, x):
        h, out = x.new_zeros(len(x), self.cell.hidden_size), []
        for t in range(x.shape[1]):
            h = self.cell(x[:, t], h)
            out.append(h)
        return torch.stack(out, dim=1)

# %% kind="drawing"
print(cost(15, Loop))

# %% [markdown]
# A test of seconds fails on a busy machine. So count work instead: `written(model, x)` says how
# many numbers torch writes on the way back from `model(x).sum()` to x.
#
# <details><summary>A hint</summary>Twice the steps: how much more work should that be?</details>

# %% kind="code" name="test-15"
def test_exhibit_15(model):
    """A network: model(x), x (B, T, 8) to h (B, T, 16); `written(model, x)` counts its work."""
    ### BEGIN SOLUTION
    some, more = (written(model, torch.randn(2, steps, 8)) for steps in (100, 200))
    assert more < 3 * some, "twice the steps are more than three times the work"
    ### END SOLUTION

# %% kind="check" name="exhibit-15" points=1
# Runs your test on the bug and on two right versions. It has not looked at other bugs it may find.
kills(test_exhibit_15, Loop, right(15))

# %% [markdown]
# <details><summary>Where it was found: read this last</summary>
#
# On the way back, each `x[:, t]` fills a tensor as large as all of x with zeros, writes one step
# into it and adds it up: T steps, T times the work. `x.unbind(1)` does it once for all. One of
# PyTorch's authors found the reason in 2017, when packing was slow ([pytorch
# 1788](https://github.com/pytorch/pytorch/issues/1788)); the request to make slicing cheaper is
# still open ([9701](https://github.com/pytorch/pytorch/issues/9701)).
#
# </details>
#
# # The way out
#
# Look over your tests. Most of them are one of four laws: *company does not matter* (4, 5, 7, 8),
# *the future does not matter* (9, 11, 12), *two parts are the whole* (3), *what should count gets a
# gradient, or changes the result* (2, 6). The others have a law of their own, such as *the output is not
# linear in the input* (1), or *the weights go with the states, in whatever order these come* (10). None
# needs a trained network, or more than a moment, and every recurrent network that you will ever write can
# be put to them. The course's own tests for such bugs, and the chapters, are on the page *Silent bugs* of the book.

# %% [markdown]
# # Homework 1 · Which steps does a summary listen to?
#
# Goes with chapter 1, *Summarise a sequence*. {{ minutes }} minutes, {{ points }} points. You need only
# chapters 0 and 1.
#
# In the chapter, the summary of a name was the state after its last letter, $h^{(\tau)}$. That is one
# choice among many. In general a summary can be a weighted mean of all states,
#
# $$s = \sum_{t=1}^{\tau} w_t \, h^{(t)} , \qquad w_t \ge 0 , \quad \sum_{t=1}^{\tau} w_t = 1 .$$
#
{% if form == "decay" %}
# Here the weights **decay** from the last step backwards by a factor $\lambda = {{ rate }}$ per step:
#
# $$w_t = \frac{\lambda^{\tau - t}}{\sum_{k=1}^{\tau} \lambda^{\tau - k}} .$$
#
# With $\lambda \to 0$ this is the last state, with $\lambda = 1$ the plain mean.
{% else %}
# Here the weights form a **window**: the last $k = {{ width }}$ steps count equally, those before do
# not count at all. A name of fewer than $k$ letters has only its own steps:
#
# $$w_t = \frac{1}{\min(k, \tau)} \text{ for } t > \tau - k , \qquad w_t = 0 \text{ else.}$$
#
# With $k = 1$ this is the last state, with $k \ge \tau$ the plain mean.
{% endif %}
#
# You will find out what such a summary does to the gradient, write it for a batch of names of
# different lengths, train it, and say where it helps.
#
# How to work: fill in the cells that say `YOUR CODE HERE` or `YOUR ANSWER HERE`, and run the check
# below each. A check tells you what is not right yet, and what it has *not* looked at; your lecturer's
# copy looks at more. Leave the check cells as they are: they are replaced before marking.

# %%
{{ install }}

# %%
import matplotlib.pyplot as plt
import torch
from torch import nn
from torch.nn import functional as F

from rnn_course import ElmanCell, RNN, Summariser, fit
from rnn_course.tasks import load_names

torch.set_num_threads(1)

# %% [markdown]
# ## Part 1 · By hand, before any code (5 points)
#
# The loss $L$ depends on the states only through $s$. Write $g = \partial L / \partial s$.
#
# 1. The state $h^{(t)}$ reaches the loss in two ways: directly through $s$, and through
#    $h^{(t+1)}$. Write down $\partial L / \partial h^{(t)}$ as the sum of the two, for the summary
#    above and for the last-state summary of the chapter, for $t < \tau$.
# 2. A name has $\tau = {{ tau }}$ letters. What is the *direct* part for $t = 1$, in terms of $g$: for
#    the summary above, and for the last state? Numbers, please.
# 3. Predict: suppose that the recurrence shrinks a gradient by a factor of 0.5 per step. Through which
#    of the two summaries does more gradient reach the first state, counting both parts, and about how many
#    times more? Say how you got it.

# %% [markdown] kind="answer" name="by-hand" points=5
# ### BEGIN SOLUTION
# **1.** For the weighted summary
# $\partial L/\partial h^{(t)} = w_t\, g + \bigl(\partial h^{(t+1)}/\partial h^{(t)}\bigr)^{\!\top} \partial L/\partial h^{(t+1)}$;
# for the last state the same without $w_t\,g$, starting from $\partial L/\partial h^{(\tau)} = g$.
#
# **2.** $w_1 g$ with $w_1 = {{ "%.3g" | format(w1) }}$; for the last state 0.
#
# **3.** Last state: $0.5^{{ '{' }}{{ tau - 1 }}{{ '}' }} g$. Weighted: $\sum_t w_t\,0.5^{t-1}\,g$. The
# ratio is about {{ "%.3g" | format(ratio) }}.
#
# **Marks:** 2 for the two sums (1 if the direct part is missing); 1 for the two numbers of question 2;
# 2 for a ratio of the right order of magnitude with its reason (1 if only $w_1$ is set against
# $0.5^{\tau-1}$ with a correct argument why that is enough or not).
# ### END SOLUTION

# %% [markdown]
# ## Part 2 · The weights (4 points)
#
# Write the weights for a whole batch at once. `lengths` holds $\tau$ of each name; what stands past a
# name's own end gets the weight 0. No loop over names is needed: think of a table of $t$ against
# $\tau$.

# %% kind="code" name="weights"
def weights(lengths, T):
    """The weights of a summary: lengths (B,), all at most T, to w (B, T) in float32; each row sums to 1."""
    ### BEGIN SOLUTION
    t = torch.arange(1, T + 1)
    ago = lengths[:, None] - t
{% if form == "decay" %}
    w = torch.where(ago >= 0, {{ rate }} ** ago.clamp(min=0).double(), 0.0)
{% else %}
    w = ((ago >= 0) & (ago < {{ width }})).double()
{% endif %}
    return (w / w.sum(1, keepdim=True)).float()
    ### END SOLUTION

# %% kind="check" name="check-weights" points=4
# Looks at sums, zeros and ratios of weights, for lengths drawn at random. It has not looked at every
# length: your lecturer's copy compares all weights with their definition.
from rnn_course.homework import cases, same

g = cases()
T = int(torch.randint({{ width }} + 3, {{ width }} + 12, (), generator=g))
lengths = torch.cat([torch.randint({{ width }} + 2, T, (6,), generator=g), torch.tensor([T, 1])])
w = weights(lengths, T)
same(str(w.dtype), "torch.float32", "the weights are of the states' type, float32")
same(w.shape, (len(lengths), T), "there is a weight for each name and each step")
same([(w[i, n:] == 0).all().item() for i, n in enumerate(lengths)], [True] * len(w),
     "past a name's own end every weight is zero")
same(w.sum(1), torch.ones(len(w)), "the weights of a name sum to one")
same(w[-1, 0], 1.0, "a name of one letter gives that letter all the weight")
last, before = w[range(6), lengths[:6] - 1], w[range(6), lengths[:6] - 2]
{% if form == "decay" %}
same(before / last, torch.full((6,), {{ rate }}), "from a name's own last step, a step back is a factor of {{ rate }}")
far = torch.tensor([w[i, n - 1 - {{ width }}] / w[i, n - 1] for i, n in enumerate(lengths[:6])])
same(far, torch.full((6,), {{ rate }} ** {{ width }}), "{{ width }} steps back is that factor {{ width }} times over", atol=1e-7)
{% else %}
same(before, last, "the last two steps of a long name count equally")
counted = [(w[i, n - {{ width }} : n] > 0).sum().item() for i, n in enumerate(lengths[:6])]
same(counted, [{{ width }}] * 6, "of a long name the last {{ width }} steps count")
same([(row > 0).sum().item() for row in w[:6]], counted, "of a long name no other steps count")
{% endif %}
### BEGIN HIDDEN TESTS
def by_definition(lengths, T):
    rows = []
    for n in lengths.tolist():
{% if form == "decay" %}
        row = [{{ rate }} ** (n - t) if t <= n else 0.0 for t in range(1, T + 1)]
{% else %}
        row = [1.0 if n - {{ width }} < t <= n else 0.0 for t in range(1, T + 1)]
{% endif %}
        rows.append([each / sum(row) for each in row])
    return torch.tensor(rows)


short = torch.arange(1, T + 1)
same(weights(short, T), by_definition(short, T), "every length from 1 to T gives its own weights")
### END HIDDEN TESTS

# %% [markdown]
# ## Part 3 · The summary of a batch, and its gradient (4 points)
#
# `pooled` turns the states of a batch into summaries. Then write the *direct* part of the gradient, of
# part 1, by hand: given $g = \partial L / \partial s$, what does each state receive directly?

# %% kind="code" name="pooled"
def pooled(h, lengths):
    """States h (B, T, n_hidden), and each name's length (B,), to the summaries s (B, n_hidden)."""
    ### BEGIN SOLUTION
    return (weights(lengths, h.shape[1])[:, :, None] * h).sum(1)
    ### END SOLUTION


def direct(g, lengths, T):
    """g = ∂L/∂s (B, n_hidden) to the direct part of ∂L/∂h (B, T, n_hidden), without autograd."""
    ### BEGIN SOLUTION
    return weights(lengths, T)[:, :, None] * g[:, None, :]
    ### END SOLUTION

{% set T = width + 3 if form == "window" else 9 %}
# %% kind="check" name="check-pooled" points=4
# Looks at a name alone and in company, and at your gradient beside autograd's. It has not compared
# the summary itself with its definition: your lecturer's copy does.
from rnn_course.homework import cases, same

g = cases()
lengths = torch.tensor([{{ T }}, 4, {{ T - 2 }}, 1])
h = torch.randn(4, {{ T }}, 5, generator=g)
kept = h.clone()
s = pooled(h, lengths)
same(h, kept, "the states that were given are as they were")
same(s.shape, (4, 5), "a name becomes one vector, as large as a state")
alone = torch.cat([pooled(h[i : i + 1, :n], lengths[i : i + 1]) for i, n in enumerate(lengths)])
same(s, alone, "a name's summary is the same alone and beside longer names (mind the padding)")
same(pooled(torch.ones(4, {{ T }}, 5), lengths), torch.ones(4, 5), "states that are all one have the summary one")
same(s[3], h[3, 0], "the summary of a name of one letter is its only state")
probe = h.clone().requires_grad_()
back = torch.randn(4, 5, generator=g)
(received,) = torch.autograd.grad(pooled(probe, lengths), probe, back)
by_hand = direct(back, lengths, {{ T }})
same(by_hand.shape, (4, {{ T }}, 5), "each state of each name receives a gradient of its own size")
same(by_hand, received, "the direct part of the gradient is what autograd gives")
### BEGIN HIDDEN TESTS
wanted = []
for states, n in zip(h, lengths.tolist()):
{% if form == "decay" %}
    w = torch.tensor([{{ rate }} ** (n - 1 - t) for t in range(n)])
{% else %}
    w = torch.tensor([1.0 if t >= n - {{ width }} else 0.0 for t in range(n)])
{% endif %}
    wanted.append((w / w.sum()) @ states[:n])
same(s, torch.stack(wanted), "the summary is the mean of the states, weighted as defined above")
same(by_hand.sum(1), back, "over the steps, the direct parts add up to g")
### END HIDDEN TESTS

# %% [markdown]
# ## Part 4 · A network with this summary (3 points)
#
# Complete the network: like the chapter's `Summariser`, but with your summary. `embed`, `rnn` and `V`
# are there already.

# %% kind="code" name="network"
class Pooled(nn.Module):
    """Names (B, T), as numbers of symbols, to one output o (B, n_out) each."""

    def __init__(self, n_symbols, n_embed, cell, n_out):
        super().__init__()
        self.embed = nn.Embedding(n_symbols, n_embed)
        self.rnn = RNN(cell)
        self.V = nn.Linear(cell.n_hidden, n_out)

    def forward(self, x, lengths):
        ### BEGIN SOLUTION
        h, _ = self.rnn(self.embed(x), lengths=lengths)
        return self.V(pooled(h, lengths))
        ### END SOLUTION

# %% kind="check" name="check-network" points=3
# Looks at shapes, at names in company and at which letters matter. It has not compared the outputs
# with a step-by-step computation: your lecturer's copy does.
from rnn_course.homework import at_least, cases, same

g = cases()
torch.manual_seed(0)
network = Pooled(12, 4, ElmanCell(4, 6), 3)
x, lengths = torch.randint(12, (4, {{ width }} + 5), generator=g), torch.tensor([{{ width }} + 5, 4, 3, 1])
o = network(x, lengths)
same(o.shape, (4, 3), "a name becomes one output of size n_out")
alone = torch.cat([network(x[i : i + 1, :n], lengths[i : i + 1]) for i, n in enumerate(lengths)])
same(o, alone, "a name's output is the same alone and beside longer names")
e = network.embed(x).detach().requires_grad_()
network.embed.forward = lambda _: e
(received,) = torch.autograd.grad(network(x, lengths).sum(), e)
at_least(received[0].abs().amax(1).min(), 1e-9, "every letter of the longest name reaches the output")
same(received[1:, 4:], torch.zeros(3, {{ width }} + 1, 4), "what stands past a name's end does not reach the output")
network.rnn.cell.W.data.zero_()  # now no state depends on the one before
(received,) = torch.autograd.grad(network(x, lengths).sum(), e)
{% if form == "decay" %}
same((received[0].abs().amax(1) > 0).sum(), {{ width }} + 5, "without W, each letter reaches the output through its own state")
{% else %}
same((received[0].abs().amax(1) > 0).sum(), {{ width }}, "without W, the last {{ width }} letters reach the output, each through its own state")
{% endif %}
### BEGIN HIDDEN TESTS
torch.manual_seed(1)
network.rnn = RNN(ElmanCell(4, 6))
o, cell, wanted = network(x, lengths), network.rnn.cell, []
for i, n in enumerate(lengths.tolist()):
    state, states = torch.zeros(6), []
    for t in range(n):
        state = torch.tanh(cell.b + cell.W @ state + cell.U @ e[i, t])
        states.append(state)
{% if form == "decay" %}
    w = torch.tensor([{{ rate }} ** (n - 1 - t) for t in range(n)])
{% else %}
    w = torch.tensor([1.0 if t >= n - {{ width }} else 0.0 for t in range(n)])
{% endif %}
    wanted.append(network.V((w / w.sum()) @ torch.stack(states)))
same(o, torch.stack(wanted), "the output is V applied to the summary of states computed step by step")
### END HIDDEN TESTS

# %% [markdown]
# ## Part 5 · The experiment (4 points)
#
# Train the chapter's `Summariser` and your network on the names, with the same sizes (64 numbers per letter),
# batches of 128, the same rate and number of epochs, **two seeds each** (for the first weights and for `fit`). Draw one figure: accuracy on the validation names against the length of
# the name (say, 1–6, 7–10, 11–15, 16 letters and more), one line for each network and seed. Label the
# axes. Training takes less than a minute in all.

# %%
task = load_names()
hidden, rate, epochs = 64, 8e-3, {{ epochs }}


def loss(model, batch):
    return F.cross_entropy(model(batch.x, batch.lengths), batch.y)

# %% kind="figure" name="experiment" points=4
### BEGIN SOLUTION
def network(kind, seed):
    torch.manual_seed(seed)
    model = kind(len(task.symbols), 64, ElmanCell(64, hidden), len(task.labels))
    fit(model, loss, task.train, epochs=epochs, batch_size=128, lr=rate, seed=seed)
    return model


models = {(kind.__name__, seed): network(kind, seed) for kind in (Summariser, Pooled) for seed in (0, 1)}
valid = task.valid
bins = {"1–6": (1, 6), "7–10": (7, 10), "11–15": (11, 15), "16+": (16, 99)}
_, ax = plt.subplots(layout="constrained")
for (name, seed), model in models.items():
    with torch.no_grad():
        right = (model(valid.x, valid.lengths).argmax(1) == valid.y).double()
    line = [right[(valid.lengths >= low) & (valid.lengths <= high)].mean() for low, high in bins.values()]
    ax.plot(list(bins), line, "o-" if name == "Pooled" else "s--", label=f"{name}, seed {seed}: {right.mean():.1%}")
ax.set(xlabel="letters of the name", ylabel="accuracy (share correct)", ylim=(0, 1))
ax.legend()
plt.show()
# Marks: 1 both networks trained equally, two seeds; 1 validation names, binned by length; 1 both
# kinds and seeds can be told apart; 1 axes with labels, share or per cent said.
### END SOLUTION

# %% [markdown]
# ## Part 6 · What it showed (2 points)
#
# In at most six sentences: did the summary help, and for which lengths (how many names has each group, and how far could chance
# move it)? Is the difference between the
# two networks larger than that between two seeds of one? Set it beside your prediction of part 1: if
# the first letter gets so much more gradient, why is the gain no larger (or: where does it show)?

# %% [markdown] kind="answer" name="reading" points=2
# ### BEGIN SOLUTION
# Any answer that agrees with the figure shown. **Marks:** 1 for comparing the difference between
# networks with that between seeds, by length; 1 for a reason that fits: the direct path helps most
# where names are long; or the end of a name says most about its language, so the last state already
# has what counts; more gradient at the first letter is of use only if the first letter is.
# ### END SOLUTION

{% macro k(t) %}{% if rule == "period" %}{{ (t - 1) % period }}{% elif rule == "block" %}{{ (t - 1) // block }}{% else %}{{ 1 if t == early else 2 if t == late else 0 }}{% endif %}{% endmacro %}
{% macro own(p) %}{{ p ~ "_{k(t)}" if p == part else p }}{% endmacro %}
{% macro lead(p) %}{{ "K, " if p == part else "" }}{% endmacro %}
{% macro at(p) %}{{ p ~ "[k[t]]" if p == part else p }}{% endmacro %}
{% macro num(n) %}{{ "{:,}".format(n)|replace(",", "{,}") }}{% endmacro %}
{% set others = {"U": "$W$ and $b$", "W": "$U$ and $b$", "b": "$U$ and $W$"}[part] %}
# %% [markdown]
# # Homework 4 · How much has to be shared?
#
# Goes with chapter 4, *One set of weights for every step*. {{ minutes }} minutes, {{ points }} points. You need this
# chapter and, for part 4, the backward pass of chapter 0.
#
# In the chapter, the steps of a network shared either all of their weights or none. There is much in
# between. Here {{ others }} are shared by all steps, as in any recurrent network, but of ${{ part }}$ there are
# several *copies*, ${{ part }}_0, {{ part }}_1, \dots$, and step $t$ uses the copy with the number $k(t)$:
#
# $$h^{(t)} = \tanh\!\left({{ own("b") }} + {{ own("W") }}\, h^{(t-1)} + {{ own("U") }}\, x^{(t)}\right) .$$
#
{% if rule == "period" %}
# The copies take turns, with a **period** of {{ period }} steps:
#
# $$k(t) = (t - 1) \bmod {{ period }} .$$
#
# Step 1 uses ${{ part }}_0$, step 2 uses ${{ part }}_1$, and step {{ period + 1 }} uses ${{ part }}_0$ again. However long the sequence is,
# there are no more than {{ period }} copies.
{% elif rule == "block" %}
# The copies are used in **blocks** of {{ block }} steps:
#
# $$k(t) = \left\lfloor \frac{t - 1}{{ '{' }}{{ block }}{{ '}' }} \right\rfloor .$$
#
# Steps 1 to {{ block }} use ${{ part }}_0$, the next {{ block }} steps use ${{ part }}_1$, and so on. The longer the sequences are, the more
# copies there have to be.
{% else %}
# **Two steps** have a copy of their own, and all others share one:
#
# $$k({{ early }}) = 1 , \qquad k({{ late }}) = 2 , \qquad k(t) = 0 \text{ for all other } t .$$
#
# A network for sequences of fewer than {{ late }} steps needs no ${{ part }}_2$, and one for fewer than {{ early }} steps
# needs ${{ part }}_0$ only.
{% endif %}
#
# The task is the chapter's: in which year? The training sentences have 6 to 12 words, with the year at
# word 2, 3 or 4, or at word 7 or later, never at words 5 and 6. You will count this network's parameters,
# write its steps and its gradient, and find out what it makes of positions and lengths that training
# did not have.
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

from rnn_course import RNN, ElmanCell, Summariser, fit
from rnn_course.networks.sharing import Layers
from rnn_course.networks.sizes import n_parameters
from rnn_course.padding import inside
from rnn_course.tasks import make_years

torch.set_num_threads(1)

# %% [markdown]
# ## Part 1 · By hand, before any code (5 points)
#
# 1. Words are vectors of 32 numbers, there are {{ hidden }} hidden units, and sentences have up to 18 words. How many
#    numbers do $U$, $W$ and $b$ hold (a) if all layers are tied, (b) in the network above, all copies
#    included, (c) if all layers are untied?
# 2. The chapter's sum of gradients runs over all steps. Which sums replace it here? Write down
#    $\partial L / \partial {{ part }}_k$ as a sum over steps, and $\partial L / \partial {{ "W" if part == "U" else "U" }}$ as well. Over which steps does the
#    sum for each copy run, if the sentence has {{ tau }} words? (Write $\partial L / \partial {{ part }}^{(t)}$ for the gradient that
#    step $t$ would have had if all layers were untied.)
# 3. Training had 42 pairs of a length and a position of the year, all equally frequent. Which copy of ${{ part }}$ is
#    used at word 5, and which at word 6? For each, in how many of the 42 pairs was it used *at the year*?
#    Which copies are used at words 13 to 18, and was each used in training at all? So what do you predict (a) when the
#    year stands at word 5 or 6, and (b) when the sentence has 13 words or more, with the year at a position
#    that training had: will the network answer most of these sentences, some, or hardly any? Give a reason
#    that says what ${{ part }}$ does.

# %% [markdown] kind="answer" name="by-hand" points=5
# ### BEGIN SOLUTION
# **1.** One set holds ${{ hidden }} \cdot (32 + {{ hidden }} + 1) = {{ num(tied) }}$ numbers: so many if all layers are tied. Of ${{ part }}$,
# with ${{ num(size) }}$ numbers, there are {{ K }} copies for 18 steps: ${{ num(tied) }} + {{ K - 1 }} \cdot {{ num(size) }} = {{ num(tied + (K - 1) * size) }}$. Untied: $18 \cdot {{ num(tied) }} = {{ num(18 * tied) }}$.
#
# **2.** $\partial L/\partial {{ part }}_k = \sum_{t \,:\, k(t) = k} \partial L/\partial {{ part }}^{(t)}$, and, for what all steps share,
# $\partial L/\partial {{ "W" if part == "U" else "U" }} = \sum_{t=1}^{\tau} \partial L/\partial {{ "W" if part == "U" else "U" }}^{(t)}$. With {{ tau }} words:
{% for j in range(K) %}
{% set steps = [] %}
{% for t in range(1, tau + 1) if k(t)|int == j %}{% set _ = steps.append(t) %}{% endfor %}
# ${{ part }}_{{ j }}$: {{ ("steps " if steps|length > 1 else "step ") ~ steps|join(", ") if steps else "no step, so its gradient is zero" }}{{ "." if loop.last else ";" }}
{% endfor %}
#
# **3.** In training, copies are used at words 1 to 12 only, and at years at words 2, 3, 4 and 7 to 12 only.
#
# | word | copy | used in training? | used at years, at words | pairs |
# | --- | --- | --- | --- | --- |
{% for t in [5, 6] + range(13, 19)|list %}
{% set words = [] %}{% set years = [] %}{% set pairs = [] %}
{% for s in range(1, 13) if k(s) == k(t) %}{% set _ = words.append(s) %}{% if s in [2, 3, 4, 7, 8, 9, 10, 11, 12] %}{% set _ = years.append(s) %}{% set _ = pairs.append([7, 13 - s]|min) %}{% endif %}{% endfor %}
# | {{ t }} | ${{ part }}_{{ k(t) }}$ | {{ "yes" if words else "never" }} | {{ (years|join(", ") or "never") ~ " | " ~ pairs|sum if t < 13 else "(not asked) |" }} |
{% endfor %}
#
{% if part == "U" %}
# $U$ takes the word in. A copy of $U$ that was used in training but never at a year has learnt to pass over numbers:
# years at its words are lost. A copy that was never used is random; but where the year has been read before, this does
# less harm, since the state is carried past it by the shared $W$, with some noise added.
# A copy that has read years at other words can read them here as well, the better the more pairs it had.
{% elif part == "W" %}
# $W$ carries the state on. A copy of $W$ that was never used is random, and *everything* has to pass through
# it: all sentences that reach its steps are lost, wherever their year stands. A copy that was used in training, but
# never at a year, carries on what it knows, but has not learnt to bring the word before a year (*in*) together with the
# year. A copy that was used at years at other words may do so here as well, the better the more pairs it had; but the
# state that it gets has passed through another copy than there.
{% else %}
# $b$ does not look at the word, nor at the state: it only shifts the sum. What a year looks like is in $U$, and how it
# is carried on in $W$, and these are shared. {% if rule != "period" %}A copy of $b$ that was never used is still zero, as it was made,
# and one{% else %}A copy of $b${% endif %} that was never used at a year, or seldom, has been trained all the same. So most sentences should be
# answered. Somewhat fewer than by the tied network is a good prediction too, above all in long sentences: the
# copies were trained together over at most 12 steps, and nothing has told them what their shifts add up to after that.
{% endif %}
#
# **Marks:** 1 for the three numbers; 2 for the two sums and the steps of each copy (1 if the shared weight's sum leaves
# steps out, or the steps are wrong); 2 for the copies, where they were used, and a prediction that follows from what
# ${{ part }}$ does (1 if no reason is given). A prediction that turns out wrong earns its points if its reason holds.
# ### END SOLUTION

# %% [markdown]
# ## Part 2 · Which copy, and how many numbers (3 points)
#
# `copies` says which copy each step uses, and `count` answers question 1 for any size. A network for
# up to $T$ steps has only those copies that one of its $T$ steps uses.

# %% kind="code" name="copies"
def copies(T):
    """The number k(t) of the copy that step t uses, for t = 1 … T: (T,) int64."""
    ### BEGIN SOLUTION
    t = torch.arange(1, T + 1)
{% if rule == "period" %}
    return (t - 1) % {{ period }}
{% elif rule == "block" %}
    return (t - 1) // {{ block }}
{% else %}
    return (t == {{ early }}).long() + 2 * (t == {{ late }}).long()
{% endif %}
    ### END SOLUTION


def count(n_in, n_hidden, T):
    """How many numbers U, W and b hold, all copies included, in a network for up to T steps."""
    ### BEGIN SOLUTION
    K = len(set(copies(T).tolist()))
    U, W, b = n_hidden * n_in, n_hidden * n_hidden, n_hidden
    return {{ {"U": "K * U + W + b", "W": "U + K * W + b", "b": "U + W + K * b"}[part] }}
    ### END SOLUTION

# %% kind="check" name="check-copies" points=3
# Looks at which steps use the same copy, and at what a further step costs. It has not compared all steps
# and all counts with their definition: your lecturer's copy does.
from rnn_course.homework import cases, same

g = cases()
T = int(torch.randint(24, 40, (), generator=g))
k = copies(T)
same(str(getattr(k, "dtype", type(k))), "torch.int64", "copies gives a tensor of int64")
same(k.shape, (T,), "copies gives a number for each of T steps")
{% if rule == "period" %}
same(k[0], 0, "step 1 uses copy 0")
same(k[{{ period }}:], k[:-{{ period }}], "{{ period }} steps later it is the turn of the same copy")
same(k[:{{ period }}].sort().values, torch.arange({{ period }}), "the first {{ period }} steps use {{ period }} copies, numbered from 0")
{% elif rule == "block" %}
same(k[0], 0, "step 1 uses copy 0")
same((k == 0).sum(), {{ block }}, "copy 0 is used by {{ block }} steps")
same(k[{{ block }}:] - k[:-{{ block }}], torch.ones(T - {{ block }}), "{{ block }} steps later comes the next copy")
{% else %}
same((k == 1).nonzero().flatten() + 1, torch.tensor([{{ early }}]), "copy 1 is used by step {{ early }} alone, counted from 1")
same((k == 2).nonzero().flatten() + 1, torch.tensor([{{ late }}]), "copy 2 is used by step {{ late }} alone, counted from 1")
same((k == 0).sum(), T - 2, "all other steps use copy 0")
{% endif %}
n_in, n_hidden = torch.randint(3, 30, (2,), generator=g).tolist()
cell = ElmanCell(n_in, n_hidden)
same(count(n_in, n_hidden, 1), n_parameters(cell), "a network of one step has as many numbers as an ElmanCell")
{% set new = {"period": 2, "block": block + 1, "chosen": early}[rule] %}
{% set old = {"period": period + 1, "block": block, "chosen": early + 1}[rule] %}
same(count(n_in, n_hidden, {{ old }}) - count(n_in, n_hidden, {{ old - 1 }}), 0,
     "a step whose copy is there already costs nothing: step {{ old }} after {{ old - 1 }}")
same(count(n_in, n_hidden, {{ new }}) - count(n_in, n_hidden, {{ new - 1 }}), cell.{{ part }}.numel(),
     "a step that needs a new copy costs one more {{ part }}: step {{ new }} after {{ new - 1 }}")
### BEGIN HIDDEN TESTS
by_definition = [{{ {"period": "(t - 1) % " ~ period, "block": "(t - 1) // " ~ block, "chosen": "{" ~ early ~ ": 1, " ~ late ~ ": 2}.get(t, 0)"}[rule] }} for t in range(1, T + 1)]
same(copies(T), torch.tensor(by_definition), "every step uses the copy that it should")
for steps in (1, 3, 5, 6, 12, 18, T):
    own = n_parameters(cell) + (len(set(by_definition[:steps])) - 1) * cell.{{ part }}.numel()
    same(count(n_in, n_hidden, steps), own, "every number of steps gives its own count")
### END HIDDEN TESTS

# %% [markdown]
# ## Part 3 · The steps (4 points)
#
# Now the network itself, for a batch of sentences of different lengths. As with the package's `RNN`, a
# sentence that has come to its own end keeps its state: past the end, $h$ repeats $h^{(\tau)}$. K is
# the number of copies.

# %% kind="code" name="run"
def run(x, U, W, b, lengths):
    """All steps, from a state of zeros: x (B, T, n_in) and lengths (B,) to h (B, T, n_hidden).

    U ({{ lead("U") }}n_hidden, n_in), W ({{ lead("W") }}n_hidden, n_hidden), b ({{ lead("b") }}n_hidden{{ "" if part == "b" else "," }}), lengths at most T.
    """
    ### BEGIN SOLUTION
    k = copies(x.shape[1]).tolist()
    h, states = x.new_zeros(len(x), b.shape[-1]), []
    for t, x_t in enumerate(x.unbind(1)):
        new = torch.tanh({{ at("b") }} + h @ {{ at("W") }}.T + x_t @ {{ at("U") }}.T)
        h = torch.where((t < lengths)[:, None], new, h)
        states.append(h)
    return torch.stack(states, dim=1)
    ### END SOLUTION

# %% kind="check" name="check-run" points=4
# Looks at equal copies, at sentences in company, and at which steps each copy reaches. It has not
# computed the states with copies that differ: your lecturer's copy does.
from rnn_course.homework import at_least, cases, same

g = cases()
B, T = 4, 19
k = torch.as_tensor(copies(T))
K, lengths = int(k.max()) + 1, torch.tensor([19, 11, 4, 1])
x = torch.randn(B, T, 3, generator=g)
U = torch.randn({{ lead("U") }}5, 3, generator=g)
W = torch.randn({{ lead("W") }}5, 5, generator=g) / 2
b = torch.randn({{ lead("b") }}5, generator=g)
h = run(x, U, W, b, lengths)
same(h.shape, (B, T, 5), "there is a state for each sentence and each step")
rnn = RNN(ElmanCell(3, 5))
rnn.cell.load_state_dict({"U": {{ "U[0]" if part == "U" else "U" }}, "W": {{ "W[0]" if part == "W" else "W" }}, "b": {{ "b[0]" if part == "b" else "b" }}})
alike = {{ part }}[:1].expand_as({{ part }})
same(run(x, {{ "alike" if part == "U" else "U" }}, {{ "alike" if part == "W" else "W" }}, {{ "alike" if part == "b" else "b" }}, torch.full((B,), T)), rnn(x)[0],
     "if all copies are equal, this is a recurrent network")
alone = [run(x[i : i + 1, :n], U, W, b, lengths[i : i + 1])[0] for i, n in enumerate(lengths)]
same([h[i, :n] for i, n in enumerate(lengths)], alone, "a sentence has the same states alone and beside longer ones")
padded = list(enumerate(lengths.tolist()))[1:]  # all but the longest
same([h[i, n + 1 :] for i, n in padded], [h[i, n:-1] for i, n in padded], "past a sentence's own end its state stands still")
same([h[i, n] for i, n in padded], [alone[i][-1] for i, n in padded],
     "what stands still there is the state of the sentence's own last word")
reached = torch.zeros(K, T)
for j in range(K):  # all copies are zero but one{{ "" if part == "W" else ", and W is zero" }}
    only = torch.zeros_like({{ part }})
    with_it, without = (run(x, {{ "each" if part == "U" else "U" if part == "W" else "0 * U" }}, {{ "each" if part == "W" else "0 * W" }}, {{ "each" if part == "b" else "b" }}, torch.full((B,), T))
                        for each in (only.index_copy(0, torch.tensor([j]), {{ part }}[j : j + 1]), only))
    reached[j] = ((with_it - without).abs().amax((0, 2)) > 1e-5).float()
expected = (k == torch.arange(K)[:, None]).float()
{% if part == "W" %}
expected[:, 0] = 0  # h^(0) is zero
{% endif %}
same(reached, expected, "a copy reaches the states of the steps that use it, and no others")
probe = x.clone().requires_grad_()
(received,) = torch.autograd.grad(run(probe, U, W, b, lengths)[0, 2].sum(), probe)
at_least(received[0, 0].abs().max(), 1e-9, "word 1 reaches the state of step 3")
### BEGIN HIDDEN TESTS
layers = Layers([ElmanCell(3, 5) for _ in range(T)])
for cell, j in zip(layers.cells, k.tolist()):
    cell.load_state_dict({"U": {{ "U[j]" if part == "U" else "U" }}, "W": {{ "W[j]" if part == "W" else "W" }}, "b": {{ "b[j]" if part == "b" else "b" }}})
same(h, layers(x, lengths=lengths)[0], "the states are those of layers with the weights of their steps")
### END HIDDEN TESTS

# %% [markdown]
# ## Part 4 · The gradient (4 points)
#
# Now the way back, by hand, as in chapter 0 under *Back-propagation through time*. The loss $L$ looks at the
# states inside the sentences; what it gives each of them *directly* is `g`. Ignore `g` past a sentence's
# own end.
#
# First, `by_step` computes the gradients that the steps would have if all layers were untied:
# $\partial L / \partial U^{(t)}$, $\partial L / \partial W^{(t)}$ and $\partial L / \partial b^{(t)}$ for each $t$, summed over the batch. Then `shared` adds up
# what belongs to one and the same weight, as you wrote in part 1.

# %% kind="code" name="gradient"
def by_step(x, h, g, W, lengths):
    """The gradients of each step's own weights, without autograd.

    x (B, T, n_in), its states h (B, T, n_hidden), g (B, T, n_hidden), lengths (B,), and
    W ({{ lead("W") }}n_hidden, n_hidden), to dU (T, n_hidden, n_in), dW (T, n_hidden, n_hidden) and
    db (T, n_hidden).
    """
    ### BEGIN SOLUTION
    T = x.shape[1]
{% if part == "W" %}
    k = copies(T).tolist()
{% endif %}
    before = F.pad(h, (0, 0, 1, 0))  # h^(t-1), beginning with zeros
    d, steps = torch.zeros_like(h[:, 0]), []
    for t in reversed(range(T)):
        d = d + torch.where((t < lengths)[:, None], g[:, t], 0)  # ∂L/∂h^(t)
        a = d * (1 - h[:, t] ** 2)  # before the tanh
        steps.append((a.T @ x[:, t], a.T @ before[:, t], a.sum(0)))
        d = a @ {{ at("W") }}
    return tuple(torch.stack(each) for each in zip(*reversed(steps)))
    ### END SOLUTION


def shared(dU, dW, db):
    """Gradients of T steps, as `by_step` gives them, to those of U, W and b, in their shapes.

    {{ part }} has those copies that T steps use.
    """
    ### BEGIN SOLUTION
    k = copies(len(dU))
    own = d{{ part }}.new_zeros(int(k.max()) + 1, *d{{ part }}.shape[1:]).index_add(0, k, d{{ part }})
    return {{ {"U": "own, dW.sum(0), db.sum(0)", "W": "dU.sum(0), own, db.sum(0)", "b": "dU.sum(0), dW.sum(0), own"}[part] }}
    ### END SOLUTION

# %% kind="check" name="check-gradient" points=4
# Looks at both functions beside autograd, the first with layers of the package: one step, two, 16, and then
# sentences of different lengths. It has not handed `shared` the gradient of one step alone: your
# lecturer's copy does.
from rnn_course.homework import at_least, cases, same

g = cases()
B, T = 4, 16
k = torch.as_tensor(copies(T))
K, lengths = int(k.max()) + 1, torch.tensor([16, 9, 3, 1])
x, direct = torch.randn(B, T, 3, generator=g), torch.randn(B, T, 5, generator=g)
W = torch.randn({{ lead("W") }}5, 5, generator=g) / 2
layers = Layers([ElmanCell(3, 5) for _ in range(T)])
for cell, j in zip(layers.cells, k.tolist()):
    cell.load_state_dict({"U": torch.randn(5, 3, generator=g), "W": {{ "W[j]" if part == "W" else "W" }}, "b": torch.randn(5, generator=g)})


def both(lengths):
    """By name, what `by_step` gives for sentences of these lengths, and what autograd gives."""
    T = int(lengths.max())
    h, _ = layers(x[:, :T], lengths=lengths)
    total = (h * direct[:, :T])[inside(lengths, T)].sum()
    wanted = {name: torch.stack(torch.autograd.grad(total, [getattr(cell, name) for cell in layers.cells[:T]], retain_graph=True)) for name in "bUW"}
    with torch.no_grad():
        dU, dW, db = by_step(x[:, :T], h.detach(), direct[:, :T], W, lengths)
    return {"b": db, "U": dU, "W": dW}, wanted


one, wanted = both(torch.full((B,), 1))
same(one["b"], wanted["b"], "of one step, db is g times the slope of the tanh, added up over the batch")
same(one["U"], wanted["U"], "of one step, dU is what autograd gives")
same(one["W"], wanted["W"], "of one step, dW is zero, as is the state before it")
two, wanted = both(torch.full((B,), 2))
for name in "bUW":
    same(two[name][1], wanted[name][1], f"the second of two steps comes second, and its d{name} is made of its own g alone")
at_least((two["b"][0] - one["b"][0]).abs().max(), 1e-9, "something comes back from step 2 to step 1")
for name in "bUW":
    same(two[name][0], wanted[name][0], f"of two steps, d{name} of the first is made of its own g and of what comes back through the W of the second, transposed")
for where, n in {f"of {T} steps without padding": torch.full((B,), T), "with padding, in which g is to be ignored": lengths}.items():
    steps, wanted = both(n)
    for name in "bUW":
        same(steps[name], wanted[name], f"{where}, d{name} holds what autograd gives to the {name} of each untied step")
U, W, b = weights = [torch.randn(*shape, generator=g).div(2).requires_grad_() for shape in (({{ lead("U") }}5, 3), ({{ lead("W") }}5, 5), ({{ lead("b") }}5,))]
h = run(x, *weights, lengths)
wanted = torch.autograd.grad((h * direct)[inside(lengths, T)].sum(), weights)
with torch.no_grad():
    added = shared(*by_step(x, h.detach(), direct, W, lengths))
for name, got, want in zip("UWb", added, wanted):
    same(got, want, f"added up, the gradient of {name} is what autograd gives for your network")
### BEGIN HIDDEN TESTS
T = 23
for t in torch.randint(T, (6,), generator=g).tolist():
    impulse = [torch.zeros(T, *shape) for shape in ((5, 3), (5, 5), (5,))]
    for each in impulse:
        each[t] = torch.randn(each.shape[1:], generator=g)
    added = shared(*impulse)
    j = {{ {"period": "t % " ~ period, "block": "t // " ~ block, "chosen": "{" ~ (early - 1) ~ ": 1, " ~ (late - 1) ~ ": 2}.get(t, 0)"}[rule] }}
    same(added[{{ "UWb".index(part) }}][j], impulse[{{ "UWb".index(part) }}][t], "what one step gives goes to the copy that it uses")
    same([each.sum() for each in added], [each.sum() for each in impulse], "what one step gives is handed on once, to U, to W and to b")
### END HIDDEN TESTS

# %% [markdown]
# ## Part 5 · The experiment (4 points)
#
# The next cell puts your `run` where the chapter's `Summariser` has its recurrent network, makes new test
# sentences of 6 to 18 words with the year at every possible word, and says with what to train.
#
# Train the `Summariser` (its layers are tied) and `PartlyTied` in the same way, **two seeds each**: call
# `torch.manual_seed(seed)` before you make a network, and hand `train` the same seed. Draw one figure with
# two panels: on the left, in sentences of up to 12 words, accuracy against the *position of the
# year*; on the right, for years at a position that training had, accuracy against the *length of
# the sentence*. Label the axes, and mark what training did not have: words 5 and 6, and lengths over 12.
# Training takes less than a minute.

# %%
task = make_years(4000)
n_embed, n_hidden, epochs, rate = 32, {{ hidden }}, {{ epochs }}, 5e-3
squares = [(n, p) for n in range(6, 19) for p in range(2, n + 1)]
each = 50  # test sentences for each length and position: up to 12 words, 350 with the year at word 2, but 50 at word 12
test = task.at(squares, each)
length, position = torch.tensor(squares).repeat_interleave(each, dim=0).T  # of each sentence in `test`


class PartlyTied(nn.Module):
    """The chapter's summariser with your recurrence: words (B, T), T up to 18, to o (B, n_out)."""

    def __init__(self, n_symbols, n_embed, n_hidden, n_out):
        super().__init__()
        made = Summariser(n_symbols, n_embed, ElmanCell(n_embed, n_hidden), n_out)
        cells = [ElmanCell(n_embed, n_hidden) for _ in range(len(set(copies(18).tolist())))]
        self.embed, self.V = made.embed, made.V
        self.U = nn.Parameter({{ "torch.stack([cell.U.data for cell in cells])" if part == "U" else "cells[0].U.data" }})
        self.W = nn.Parameter({{ "torch.stack([cell.W.data for cell in cells])" if part == "W" else "cells[0].W.data" }})
        self.b = nn.Parameter({{ "torch.stack([cell.b.data for cell in cells])" if part == "b" else "cells[0].b.data" }})

    def forward(self, x, lengths):
        h = run(self.embed(x), self.U, self.W, self.b, lengths)
        return self.V(h[:, -1])  # past its end a sentence's state stands still


def loss(model, batch):
    return F.cross_entropy(model(batch.x, batch.lengths), batch.y)


def train(model, seed):
    """Train in place, without weight decay{% if rule != "period" %}: a copy that no training sentence uses stays as it was made{% endif %}."""
    fit(model, loss, task.train, epochs=epochs, lr=rate, weight_decay=0, seed=seed)

# %% kind="figure" name="experiment" points=4
### BEGIN SOLUTION
def network(name, seed):
    torch.manual_seed(seed)
    if name == "tied":
        return Summariser(len(task.symbols), n_embed, ElmanCell(n_embed, n_hidden), len(task.labels))
    return PartlyTied(len(task.symbols), n_embed, n_hidden, len(task.labels))


figure, (left, right) = plt.subplots(1, 2, figsize=(9, 4), layout="constrained", sharey=True)
left.axvspan(4.5, 6.5, color="0.9")
right.axvspan(12.5, 18.5, color="0.9")
known = torch.isin(position, torch.tensor(task.positions))
for name, style in {"tied": "s--", "several copies of {{ part }}": "o-"}.items():
    for seed in (0, 1):
        model = network(name, seed)
        train(model, seed)
        with torch.no_grad():
            hit = (model(test.x, test.lengths).argmax(1) == test.y).double()
        at = [hit[(length <= 12) & (position == p)].mean() for p in range(2, 13)]
        left.plot(range(2, 13), at, style, label=f"{name}, seed {seed}")
        of = [hit[known & (length == n)].mean() for n in range(6, 19)]
        right.plot(range(6, 19), of, style)
left.set(xlabel="position of the year (word), up to 12 words", ylabel="accuracy (share correct)", ylim=(-0.03, 1.03))
right.set(xlabel="length of the sentence (words), year at a trained position")
figure.legend(loc="outside lower center", ncols=4, frameon=False)
plt.show()
# Marks: 1 both networks trained equally, two seeds; 1 the right sentences in each panel; 1 both kinds
# and seeds can be told apart; 1 axes with labels, and what training did not have is marked.
### END SOLUTION

# %% [markdown]
# ## Part 6 · What it showed (2 points)
#
# In at most six sentences: where does the network with several copies of ${{ part }}$ answer as well as the tied one,
# and where not? Does this agree with your prediction of part 1; if not, what did you overlook? Where it does
# worse, name one change of the *training sentences*, not of the network, that should help; if it does
# worse nowhere, say why.

# %% [markdown] kind="answer" name="reading" points=2
# ### BEGIN SOLUTION
# Any answer that agrees with the figure shown. **Marks:** 1 for setting the differences between the two networks beside
# those between seeds, at words 5 and 6, at the other words and at more than 12 words, and for judging the prediction
# by it; 1 for a change that gives each copy what it lacks: {% if rule == "period" %}more sentences, since each copy gets only its share of them; sentences
# of up to 18 words; or years at words 5 and 6, or more of them at other words with the same copies.{% elif rule == "block" %}years at words 5 and 6 if their copy has seen few, and
# sentences of up to 18 words, so that no copy is left as it was made.{% else %}years at word {{ early }}, and sentences
# of {{ late }} words and more.{% endif %}

{% if part == "b" %}
# With copies of $b$ two answers are right, according to the figure: “as well as the tied one”, with the reason that a
# bias does not see the word; and “somewhat worse”, above all in sentences of more than 12 words. Seeds differ, too.
{% else %}
# (A step also has to cope with what the step before it has made of the state, so that the words after one of the
# words in question may suffer as well. An answer that notices this deserves praise.)
{% endif %}
# ### END SOLUTION

# %% [markdown]
# # Homework 2 · A fourth way in: multiply
#
# Goes with chapter 2, *Vector to sequence*. {{ minutes }} minutes, {{ points }} points. You need only what
# chapters 0 to 2 have said.
#
# In the chapter, the vector x was *added* at each step, as $U R\,x$, or became the first state,
# $h^{(0)} = \tanh(R\,x)$, or both. Here it enters by *multiplication*. From x comes a vector s, a factor
# for each hidden unit, and with these factors the network scales
{% if place == "state" %}
# what it remembers:
#
# $$h^{(t)} = \tanh\bigl(b + s \odot (W h^{(t-1)}) + U e^{(t)}\bigr) .$$
{% elif place == "input" %}
# what it reads:
#
# $$h^{(t)} = \tanh\bigl(b + W h^{(t-1)} + s \odot (U e^{(t)})\bigr) .$$
{% else %}
# what it remembers and what it reads:
#
# $$h^{(t)} = \tanh\bigl(b + s \odot (W h^{(t-1)} + U e^{(t)})\bigr) .$$
{% endif %}
#
# Here $e^{(t)} = E\,y^{(t-1)}$ stands for the symbol that was written before, and ⊙ multiplies
# component by component. The factors, or **gains**, are
#
{% if form == "tanh" %}
# $$s = 1 + \gamma \tanh(R\,x) , \qquad \gamma = {{ gamma }} .$$
{% elif form == "exp" %}
# $$s = \exp\bigl(\gamma \tanh(R\,x)\bigr) , \qquad \gamma = {{ gamma }} .$$
{% else %}
# $$s = 1 + \tanh(\gamma\,R\,x) , \qquad \gamma = {{ gamma }} .$$
{% endif %}
#
# So $R\,x = 0$ gives $s = 1$, and a network that does not look at x at all.
{% if form == "tanh" %}
# As γ is below 1, every gain stays positive.
{% elif form == "exp" %}
# Every gain stays between $e^{-\gamma}$ and $e^{\gamma}$.
{% else %}
# Every gain stays between 0 and 2; γ says how fast it moves away from 1.
{% endif %}
# The network starts from a vector of its own, $h^{(0)} = h_0$, which is learned and is the same for every x.
#
# You will derive what gradient x receives through such a factor, write the network and its way back by
# hand, and compare it with the chapter's ways, on words that it was taught and on words that it was
# never taught.
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

from rnn_course import RNN, ElmanCell, VectorToSequence, fit
from rnn_course.networks.likelihood import mean_nll
from rnn_course.tasks.number_words import make_number_words

torch.set_num_threads(1)

# %% [markdown]
# ## Part 1 · By hand, before any code (5 points)
#
# Write $a^{(t)}$ for what stands inside the tanh of the state at step t,
# $\delta^{(t)} = \partial L / \partial a^{(t)}$ for the gradient that arrives there, and $q = R\,x$.
#
# 1. Express $\partial L / \partial s$ in terms of the $\delta^{(t)}$ and of what s multiplies at each step.
#    Then express $\partial L / \partial x$ in terms of $\partial L / \partial s$.
# 2. Which part of $\partial L / \partial h^{(t-1)}$ comes through $a^{(t)}$? Does s appear in it?
# 3. How strongly can x govern what is remembered? Take one hidden unit, leave out b and the tanh of the
#    state, and let $W = 1$. By what factor is $U e^{(1)}$, which is read at step 1, multiplied in
#    $h^{({{ far }})}$, as a function of s? How many times as large is that factor for a vector x with
#    $q = 1$ as for one with $q = -1$?
# 4. Predict. Replace $h_0$ by zeros. From which step on can $h^{(t)}$ depend on x? What would that mean
#    for the first letter that is written?

# %% [markdown] kind="answer" name="by-hand" points=5
# ### BEGIN SOLUTION
{% if place == "state" %}
# **1.** $\partial L/\partial s = \sum_t \delta^{(t)} \odot (W h^{(t-1)})$;
{% elif place == "input" %}
# **1.** $\partial L/\partial s = \sum_t \delta^{(t)} \odot (U e^{(t)})$;
{% else %}
# **1.** $\partial L/\partial s = \sum_t \delta^{(t)} \odot (W h^{(t-1)} + U e^{(t)})$;
{% endif %}
{% if form == "tanh" %}
# $\partial L/\partial x = R^\top\bigl(\gamma\,(1 - \tanh^2 q) \odot \partial L/\partial s\bigr)$.
{% elif form == "exp" %}
# $\partial L/\partial x = R^\top\bigl(\gamma\, s \odot (1 - \tanh^2 q) \odot \partial L/\partial s\bigr)$.
{% else %}
# $\partial L/\partial x = R^\top\bigl(\gamma\,(1 - \tanh^2(\gamma q)) \odot \partial L/\partial s\bigr)$.
{% endif %}
#
{% if place == "input" %}
# **2.** $W^\top \delta^{(t)}$: s does not appear in it, and a gradient on its way back is not scaled by it.
{% else %}
# **2.** $W^\top (s \odot \delta^{(t)})$: the gradient is scaled by s at each step on its way back.
{% endif %}
#
# **3.** $s^{{ '{' }}{{ power }}{{ '}' }}$. With $q = \pm 1$ the gains are {{ "%.3f" | format(plus) }} and
# {{ "%.3f" | format(minus) }}, so it is {{ "%.3g" | format((plus / minus) ** power) }} times as large.
{% if place == "input" %}
# (What is read is scaled once, and from then on x does not touch it.)
{% endif %}
#
{% if place == "state" %}
# **4.** From step 2: at step 1, $W h_0 = 0$, and there is nothing to scale. All pictures of one language,
# and of all languages, would get the same first letter.
{% else %}
# **4.** From step 1, because s scales $U e^{(1)}$. The first letter can depend on x, but only through the
# gains of the one vector $U E y^{(0)}$.
{% endif %}
#
# **Marks:** 2 for question 1 (1 for the sum over t, 1 for the chain to x); 1 for question 2; 1 for the
# power of s and the number; 1 for question 4 with its reason.
# ### END SOLUTION

# %% [markdown]
# ## Part 2 · Gains and states (3 points)
#
# First the gains, then all states of a batch. `e` holds $e^{(1)}, \dots, e^{(T)}$, and `cell` is an
# `ElmanCell`, of which you use the parameters `cell.U`, `cell.W` and `cell.b`. A loop over the steps is
# fine; a loop over the batch is not needed.

# %% kind="code" name="states"
def gain(q):
    """q = R x (B, n_hidden) to the gains s (B, n_hidden)."""
    ### BEGIN SOLUTION
{% if form == "tanh" %}
    return 1 + {{ gamma }} * torch.tanh(q)
{% elif form == "exp" %}
    return torch.exp({{ gamma }} * torch.tanh(q))
{% else %}
    return 1 + torch.tanh({{ gamma }} * q)
{% endif %}
    ### END SOLUTION


def states(s, h0, e, cell):
    """Gains s and first states h0 (B, n_hidden), e (B, T, n_in) to h (B, T, n_hidden)."""
    ### BEGIN SOLUTION
    h, out = h0, []
    for e_t in e.unbind(1):
{% if place == "state" %}
        h = torch.tanh(cell.b + s * (h @ cell.W.T) + e_t @ cell.U.T)
{% elif place == "input" %}
        h = torch.tanh(cell.b + h @ cell.W.T + s * (e_t @ cell.U.T))
{% else %}
        h = torch.tanh(cell.b + s * (h @ cell.W.T + e_t @ cell.U.T))
{% endif %}
        out.append(h)
    return torch.stack(out, dim=1)
    ### END SOLUTION

# %% kind="check" name="check-states" points=3
# Looks at the gain for R x near to and far from 0, and at states with special gains: all equal, or some
# of them 0. It has not looked at the *values* of states with other gains: your lecturer's copy does, step
# by step.
from rnn_course.homework import cases, same

g = cases()
q = torch.randn(3, 6, generator=g)
same(gain(torch.zeros(3, 6)), torch.ones(3, 6), "where R x is 0, the gain is 1")
near = (gain(torch.full((1, 1), 0.001)) - gain(torch.full((1, 1), -0.001))) / 0.002
same(near, torch.full((1, 1), {{ gamma }}), "near 0, the gain grows by γ times R x", rtol=1e-2)
{% if form == "exp" %}
same(gain(torch.tensor([[50.0, -50.0]])), torch.tensor([[{{ gamma }}, -{{ gamma }}]]).exp(),
     "far from 0, the gain levels off at exp(γ) and exp(-γ)")
same(gain(q) * gain(-q), torch.ones(3, 6), "the gains of q and of -q multiply to 1")
{% else %}
{% if form == "tanh" %}
same(gain(torch.tensor([[50.0, -50.0]])), torch.tensor([[1 + {{ gamma }}, 1 - {{ gamma }}]]),
     "far from 0, the gain levels off at 1 + γ and 1 - γ")
{% else %}
same(gain(torch.tensor([[50.0, -50.0]])), torch.tensor([[2.0, 0.0]]), "far from 0, the gain levels off at 2 and 0")
{% endif %}
same(gain(q) + gain(-q), torch.full((3, 6), 2.0), "the gains of q and of -q have the mean 1")
{% endif %}

cell = ElmanCell(5, 6)
for parameter in cell.parameters():
    parameter.data = 0.5 * torch.randn(parameter.shape, generator=g)
e, h0 = torch.randn(4, 7, 5, generator=g), torch.rand(4, 6, generator=g) - 0.5
s = torch.rand(4, 6, generator=g) + 0.5
h = states(s, h0, e, cell)
same(h.shape, (4, 7, 6), "there is a state for each step, as wide as W")
same(states(torch.ones(4, 6), h0, e, cell), RNN(cell)(e, h0)[0],
     "with all gains 1 this is the chapter's cell without x")
alone = torch.cat([states(s[i : i + 1], h0[i : i + 1], e[i : i + 1], cell) for i in range(4)])
same(h, alone, "the states of a sequence are the same alone and in a batch")
scaled = ElmanCell(5, 6)
{% if place == "state" %}
scaled.W.data, scaled.U.data, scaled.b.data = 0.7 * cell.W.data, cell.U.data, cell.b.data
same(states(torch.full((4, 6), 0.7), h0, e, cell), RNN(scaled)(e, h0)[0],
     "with all gains 0.7 it is as if W were 0.7 W")
{% elif place == "input" %}
scaled.W.data, scaled.U.data, scaled.b.data = cell.W.data, 0.7 * cell.U.data, cell.b.data
same(states(torch.full((4, 6), 0.7), h0, e, cell), RNN(scaled)(e, h0)[0],
     "with all gains 0.7 it is as if U were 0.7 U")
{% else %}
scaled.W.data, scaled.U.data, scaled.b.data = 0.7 * cell.W.data, 0.7 * cell.U.data, cell.b.data
same(states(torch.full((4, 6), 0.7), h0, e, cell), RNN(scaled)(e, h0)[0],
     "with all gains 0.7 it is as if U and W were 0.7 U and 0.7 W")
{% endif %}
off = torch.cat([torch.zeros(4, 3), torch.full((4, 3), 1.3)], dim=1)
{% if place == "state" %}
without = torch.tanh(cell.project(e))[..., :3]
same(states(off, h0, e, cell)[..., :3], without,
     "a unit whose gain is 0 remembers nothing, and b + U e is all it has")
{% elif place == "input" %}
deaf, deafer = states(off, h0, e, cell), states(torch.zeros(4, 6), h0, e, cell)
same(deaf[:, 0, :3], deafer[:, 0, :3], "a unit whose gain is 0 does not hear what is read")
same(deafer, states(torch.zeros(4, 6), h0, 0 * e, cell), "with all gains 0 it does not matter what is read")
{% else %}
without = torch.tanh(cell.b[:3]).expand(4, 7, 3)
same(states(off, h0, e, cell)[..., :3], without, "a unit whose gain is 0 has nothing but b")
{% endif %}
### BEGIN HIDDEN TESTS
wanted = []
for s_i, state, row in zip(s, h0, e):
    for e_t in row:
        before, read = cell.W @ state, cell.U @ e_t
{% if place == "state" %}
        state = torch.tanh(cell.b + s_i * before + read)
{% elif place == "input" %}
        state = torch.tanh(cell.b + before + s_i * read)
{% else %}
        state = torch.tanh(cell.b + s_i * (before + read))
{% endif %}
        wanted.append(state)
same(h, torch.stack(wanted).view(4, 7, 6), "the states are those of the equation, step by step")
{% if form == "tanh" %}
same(gain(q), 1 + {{ gamma }} * q.tanh(), "the gains are those of the equation")
{% elif form == "exp" %}
same(gain(q), ({{ gamma }} * q.tanh()).exp(), "the gains are those of the equation")
{% else %}
same(gain(q), 1 + ({{ gamma }} * q).tanh(), "the gains are those of the equation")
{% endif %}
### END HIDDEN TESTS

# %% [markdown]
# ## Part 3 · The way back (5 points)
#
# Now part 1 in code, without autograd. The readout gives each state a gradient directly; it comes as `g`,
# with $g^{(t)}$ the part of $\partial L / \partial h^{(t)}$ that does not go through $h^{(t+1)}$. First back
# through time to s and to $h_0$, then from s to x.

# %% kind="code" name="back-in-time"
def back_in_time(s, h0, e, cell, g):
    """s, h0, e as in `states`, g (B, T, n_hidden) to ∂L/∂s and ∂L/∂h0, both (B, n_hidden)."""
    ### BEGIN SOLUTION
    h = states(s, h0, e, cell)
    to_s, to_h = torch.zeros_like(s), torch.zeros_like(h0)
    for t in reversed(range(e.shape[1])):
        before = h[:, t - 1] if t > 0 else h0
        delta = (g[:, t] + to_h) * (1 - h[:, t] ** 2)
{% if place == "state" %}
        to_s = to_s + delta * (before @ cell.W.T)
        to_h = (s * delta) @ cell.W
{% elif place == "input" %}
        to_s = to_s + delta * (e[:, t] @ cell.U.T)
        to_h = delta @ cell.W
{% else %}
        to_s = to_s + delta * (before @ cell.W.T + e[:, t] @ cell.U.T)
        to_h = (s * delta) @ cell.W
{% endif %}
    return to_s, to_h
    ### END SOLUTION

# %% kind="check" name="check-back-in-time" points=3
# Looks at your gradients for one step, for two and for all (compared with autograd through *your* `states`;
# pass the check above first). It has not looked at gains of 0, nor at one step beside the equation: your
# lecturer's copy does.
from rnn_course.homework import cases, same

g = cases()
cell = ElmanCell(5, 6)
for parameter in cell.parameters():
    parameter.data = 0.5 * torch.randn(parameter.shape, generator=g)
e, h0 = torch.randn(4, 7, 5, generator=g), torch.rand(4, 6, generator=g) - 0.5
s, direct = torch.rand(4, 6, generator=g) + 0.5, torch.randn(4, 7, 6, generator=g)
W, unit, ones = cell.W.data, torch.eye(6), torch.ones(4, 6)
with torch.inference_mode():  # no autograd in here
    found = back_in_time(s, h0, e, cell, direct)
same([tuple(each.shape) for each in found], [(4, 6), (4, 6)],
     "s and h0 receive gradients of their own sizes")


def beside_autograd(part, W, s, direct, says):
    """Is what you find for s (part 0) or for h0 (part 1) what autograd finds?"""
    cell.W.data, read = W, e[:, : direct.shape[1]]
    probes = s.clone().requires_grad_(), h0.clone().requires_grad_()
    total = (states(*probes, read, cell) * direct).sum()
    with torch.inference_mode():
        found = back_in_time(s, h0, read, cell, direct)
    same(found[part], torch.autograd.grad(total, probes)[part], says)


one, two = direct[:, :1], torch.cat([torch.zeros(4, 1, 6), direct[:, 1:2]], dim=1)
beside_autograd(1, unit, ones, one,
                "one step, W the unit matrix, all gains 1: h0 receives g times the derivative of the tanh")
beside_autograd(1, unit, s, one,
                "one step, W the unit matrix: s appears in ∂L/∂h0 exactly if it multiplies W h")
beside_autograd(1, W, ones, one, "one step, all gains 1: W is used the right way round on the way back")
beside_autograd(1, W, s, one, "one step: s and W are in the right order on the way back")
beside_autograd(0, W, s, one, "one step: ∂L/∂s is δ times what s multiplies")
beside_autograd(1, W, s, two, "two steps: what the last state receives goes back through time to h0")
beside_autograd(0, W, s, two, "two steps: what the last state receives goes back through time to s, a sum")
beside_autograd(1, W, s, direct, "all steps: ∂L/∂h0 is what autograd gives")
beside_autograd(0, W, s, direct, "all steps: ∂L/∂s is what autograd gives")
### BEGIN HIDDEN TESTS
s[:, ::2] = 0
beside_autograd(0, W, s, direct, "∂L/∂s is right where a gain is 0")
beside_autograd(1, W, s, direct, "∂L/∂h0 is right where a gain is 0")
with torch.inference_mode():
    one_s, one_h0 = back_in_time(s, h0, e[:, :1], cell, one)
a = cell.project(e[:, 0])
before = h0 @ cell.W.T
{% if place == "state" %}
delta = direct[:, 0] * (1 - torch.tanh(a + s * before) ** 2)
same(one_s, delta * before, "∂L/∂s of one step is the equation's")
same(one_h0, (s * delta) @ cell.W, "∂L/∂h0 of one step is the equation's")
{% elif place == "input" %}
delta = direct[:, 0] * (1 - torch.tanh(cell.b + s * (a - cell.b) + before) ** 2)
same(one_s, delta * (a - cell.b), "∂L/∂s of one step is the equation's")
same(one_h0, delta @ cell.W, "∂L/∂h0 of one step is the equation's")
{% else %}
delta = direct[:, 0] * (1 - torch.tanh(cell.b + s * (a - cell.b + before)) ** 2)
same(one_s, delta * (a - cell.b + before), "∂L/∂s of one step is the equation's")
same(one_h0, (s * delta) @ cell.W, "∂L/∂h0 of one step is the equation's")
{% endif %}
### END HIDDEN TESTS

# %% kind="code" name="back-to-x"
def back_to_x(x, R, to_s):
    """x (B, n_x), R (n_hidden, n_x) and ∂L/∂s (B, n_hidden) to ∂L/∂x (B, n_x)."""
    ### BEGIN SOLUTION
{% if form == "tanh" %}
    q = x @ R.T
    return (to_s * {{ gamma }} * (1 - torch.tanh(q) ** 2)) @ R
{% elif form == "exp" %}
    q = x @ R.T
    return (to_s * gain(q) * {{ gamma }} * (1 - torch.tanh(q) ** 2)) @ R
{% else %}
    q = {{ gamma }} * (x @ R.T)
    return (to_s * {{ gamma }} * (1 - torch.tanh(q) ** 2)) @ R
{% endif %}
    ### END SOLUTION

# %% kind="check" name="check-back-to-x" points=2
# Looks at your gradient beside that of autograd through your `gain`. It has not looked at your gradient
# beside the equation: your lecturer's copy does.
from rnn_course.homework import cases, same

g = cases()
x, R = torch.randn(4, 9, generator=g), 0.3 * torch.randn(6, 9, generator=g)
to_s = torch.randn(4, 6, generator=g)
with torch.inference_mode():
    to_x = back_to_x(x, R, to_s)
same(to_x.shape, (4, 9), "x receives a gradient of its own size")
probe = x.clone().requires_grad_()
(wanted,) = torch.autograd.grad(gain(probe @ R.T), probe, to_s)
same(to_x, wanted, "∂L/∂x is what autograd gives")
same(back_to_x(0 * x, R, to_s), {{ gamma }} * to_s @ R, "at x = 0 it is γ times Rᵀ ∂L/∂s")
### BEGIN HIDDEN TESTS
q = x @ R.T
{% if form == "tanh" %}
slope = {{ gamma }} / q.cosh() ** 2
{% elif form == "exp" %}
slope = ({{ gamma }} * q.tanh()).exp() * {{ gamma }} / q.cosh() ** 2
{% else %}
slope = {{ gamma }} / ({{ gamma }} * q).cosh() ** 2
{% endif %}
same(to_x, (to_s * slope) @ R, "∂L/∂x is the equation's")
### END HIDDEN TESTS

# %% [markdown]
# ## Part 4 · The network (4 points)
#
# Complete the network with `gain` and `states`. In `forward` a teacher gives $y^{(t-1)}$ at step t, with
# the symbol `first` as $y^{(0)}$. In `write` the network reads what it has written: at each step the
# most probable symbol, and after the symbol `end` nothing but zeros. `write` always returns `steps`
# columns.

# %% kind="code" name="writer"
class Writer(nn.Module):
    """A network that writes a sequence y about a vector x, which scales it by its gains."""

    def __init__(self, n_x, n_symbols, n_hidden, first):
        super().__init__()
        self.first = first
        self.embed = nn.Embedding(n_symbols, n_hidden)
        self.R = nn.Linear(n_x, n_hidden, bias=False)
        self.cell = ElmanCell(n_hidden, n_hidden)
        self.V = nn.Linear(n_hidden, n_symbols)
        self.start = nn.Parameter(0.2 * torch.randn(n_hidden))
        nn.init.normal_(self.embed.weight, std=0.2)  # as in the chapter's networks
        nn.init.xavier_uniform_(self.R.weight)

    def forward(self, x, y):
        """x (B, n_x) and y (B, T) int64 to o (B, T, n_symbols); o^(t) knows y before t."""
        ### BEGIN SOLUTION
        before = torch.cat([torch.full_like(y[:, :1], self.first), y[:, :-1]], dim=1)
        h0 = self.start.expand(len(x), -1)
        return self.V(states(gain(self.R(x)), h0, self.embed(before), self.cell))
        ### END SOLUTION

    @torch.no_grad()
    def write(self, x, steps, end):
        """x (B, n_x) to y (B, steps) int64, 0 after each sequence's own end."""
        ### BEGIN SOLUTION
        s, h = gain(self.R(x)), self.start.expand(len(x), -1)
        y_t = torch.full((len(x),), self.first)
        live, y = torch.ones(len(x), dtype=torch.bool), []
        for _ in range(steps):
            h = states(s, h, self.embed(y_t)[:, None], self.cell)[:, 0]
            y_t = self.V(h).argmax(1)
            y.append(torch.where(live, y_t, 0))
            live = live & (y_t != end)
        return torch.stack(y, dim=1)
        ### END SOLUTION

# %% kind="check" name="check-writer" points=4
# Looks at which y an output knows, at the network without x beside the chapter's, and at what is written
# beside `forward`. It has not compared the outputs with x with a step-by-step computation: your
# lecturer's copy does.
from rnn_course.homework import at_least, cases, same

g = cases()
network = Writer(7, 15, 8, first=2)
for name, parameter in network.named_parameters():
    size = {"V.weight": 2.0, "V.bias": 0.3, "embed.weight": 1.5, "R.weight": 0.7}.get(name, 0.5)
    parameter.data = size * torch.randn(parameter.shape, generator=g)
network.cell.W.data -= torch.eye(8)  # the state swings to and fro
network.V.bias.data[0] = -100  # it never writes the padding
x, y = torch.randn(24, 7, generator=g), torch.randint(15, (24, 8), generator=g)
o = network(x, y)
same(o.shape, (24, 8, 15), "there is an output for each step and each symbol")
other = y.clone()
other[:, 3] = (y[:, 3] + 1) % 15
moved = (network(x, other) - o).abs().amax((0, 2))
same([t for t in range(1, 9) if moved[t - 1] > 1e-6], [5, 6, 7, 8],
     "a change of y at step 4 changes the outputs from step 5 on")
alone = torch.cat([network(x[i : i + 1], y[i : i + 1]) for i in range(24)])
same(o, alone, "the outputs about one x are the same alone and in a batch", atol=1e-3)
unused = {"allow_unused": True, "materialize_grads": True}  # then the gradient is 0, and no error
(received,) = torch.autograd.grad(o[:, 0, 1:].sum(), network.start, **unused)
at_least(received.abs().sum(), 1e-6, "the start reaches the first output, so that it can be learned")
given = x.clone().requires_grad_()
reached = [torch.autograd.grad(o_t[:, 1:].sum(), given, retain_graph=True, **unused)[0].abs().sum()
           for o_t in network(given, y).unbind(1)]
at_least(min(reached), 1e-6, "x reaches the outputs of all steps, the first as well")
free = network.write(x, 8, end=-1)
same(free.shape, (24, 8), "a symbol is written at each step")
same(free, network(x, free).argmax(2),
     "what is written is what `forward` finds most probable, given what was written before")
same(network.write(x[1:3], 8, end=-1), free[1:3],
     "what is written about one x is the same in any batch")
for end in range(1, 15):
    until = (free == end).cumsum(1) - (free == end).long() == 0
    same(network.write(x, 8, end), torch.where(until, free, 0),
         "the end symbol is written once, and nothing but zeros after it")
start = network.start.data.clone()
with torch.no_grad():
    network.R.weight.zero_()
blind = network(x, y)
same(blind[:, 0], blind[:1, 0].expand(24, 15), "with R = 0 the first output is the same for every x")
with torch.no_grad():
    network.start.zero_()
chapter = VectorToSequence(7, 15, ElmanCell(8, 8), "each", first=2)
for mine, its in [(network.embed, chapter.embed), (network.R, chapter.R), (network.V, chapter.V),
                  (network.cell, chapter.rnn.cell)]:
    its.load_state_dict(mine.state_dict())
same(network(x, y), chapter(x, y),
     "with R = 0 and the start 0 the outputs are those of the chapter's network", atol=1e-3)
### BEGIN HIDDEN TESTS
with torch.no_grad():
    network.R.weight.copy_(0.5 * torch.randn(8, 7, generator=g))
    network.start.copy_(start)
cell, wanted = network.cell, []
for x_i, y_i in zip(x[:6], y[:6]):
    q, state, symbol = network.R.weight @ x_i, start, 2
{% if form == "tanh" %}
    s_i = 1 + {{ gamma }} * q.tanh()
{% elif form == "exp" %}
    s_i = ({{ gamma }} * q.tanh()).exp()
{% else %}
    s_i = 1 + ({{ gamma }} * q).tanh()
{% endif %}
    for y_t in y_i:
        kept, read = cell.W @ state, cell.U @ network.embed.weight[symbol]
{% if place == "state" %}
        state = torch.tanh(cell.b + s_i * kept + read)
{% elif place == "input" %}
        state = torch.tanh(cell.b + kept + s_i * read)
{% else %}
        state = torch.tanh(cell.b + s_i * (kept + read))
{% endif %}
        wanted.append(network.V(state))
        symbol = y_t
same(network(x[:6], y[:6]), torch.stack(wanted).view(6, 8, 15),
     "the outputs are those of the equation, step by step", atol=1e-3)
### END HIDDEN TESTS

# %% [markdown]
# ## Part 5 · The experiment (4 points)
#
# The task is the chapter's, in two of its languages: two handwritten digits and a language in x, the
# number spelled out in y. `trained` trains one of three networks for {{ epochs }} epochs: the chapter's with x at
# each step (`"each"`), the chapter's with x as h(0) (`"h0"`), and yours (`"gains"`), whose only
# additional parameters are the {{ n_hidden }} of its start. Train each of them with **two seeds**.
#
# `score` gives the share of captions that are exactly right: use it on new pictures (`task.test`), and on
# numbers that training left out in the language asked for (`task.unseen`).
#
# Draw one figure: the score of each network and seed on `test` and on `unseen`. Label the axes. Training
# takes about half a minute in all.
#
# **Predict before you run:** will your network be nearer to `"each"` or to `"h0"`, on test and on unseen
# words?

# %% kind="drawing"
task = make_number_words({{ languages }}, n_train=12_000, n_test=1_000)
n_hidden, rate, epochs = {{ n_hidden }}, 0.01, {{ epochs }}


def loss(model, batch):
    return mean_nll(model(batch.x, batch.y), batch.y, batch.y_lengths)


def trained(way, seed):
    """A network with x at each step ("each"), as h(0) ("h0") or as gains ("gains"), trained."""
    torch.manual_seed(seed)  # draws the first parameters
    n_x, n_symbols = task.train.x.shape[1], len(task.symbols)
    if way == "gains":
        model = Writer(n_x, n_symbols, n_hidden, first=task.end)
    else:
        model = VectorToSequence(n_x, n_symbols, ElmanCell(n_hidden, n_hidden), way, first=task.end)
    fit(model, loss, task.train, epochs=epochs, batch_size=64, lr=rate, seed=seed)
    return model


def score(model, split):
    """The share of captions that are right from the first letter to the full stop."""
    steps = split.y.shape[1]
    written = model.write(split.x, steps, end=task.end)
    written = getattr(written, "y", written)  # the chapter's networks return more than y
    written = nn.functional.pad(written, (0, steps - written.shape[1]))
    return (written == split.y).all(1).double().mean().item()

# %% kind="figure" name="experiment" points=4
### BEGIN SOLUTION
ways = {"each": "x at each step", "h0": "x as h(0)", "gains": "x as gains"}
models = {way: [trained(way, seed) for seed in (0, 1)] for way in ways}

_, ax = plt.subplots(layout="constrained")
for place, split in enumerate((task.test, task.unseen)):
    for aside, (way, of_way) in enumerate(models.items()):
        at = place + 0.2 * (aside - 1)
        scores = [score(model, split) for model in of_way]
        ax.bar(at, sum(scores) / 2, 0.18, color=f"C{aside}", alpha=0.4, label=ways[way] if place == 0 else None)
        ax.plot([at - 0.04, at + 0.04], scores, "o", color=f"C{aside}")
ax.set(xticks=[0, 1], ylabel="captions exactly right (share)", ylim=(0, 1))
ax.set_xticklabels(["new pictures", "words never taught"])
ax.legend(title="bars: means of two seeds")
plt.show()
# Marks: 1 all three networks, two seeds each; 1 test and unseen kept apart; 1 networks and seeds can be told
# apart; 1 axes with labels.
### END SOLUTION

# %% [markdown]
# ## Part 6 · What it showed (3 points)
#
# In at most eight sentences.
#
# 1. Set the scores beside your prediction, on `test` and on `unseen`. Are the differences between networks
#    larger than those between the seeds of one?
# 2. Would the gap on `test` last with more epochs? Think of what the chapter found.
# 3. In the chapter, x as h(0) fails on words that were never taught: it comes only once, and on its way the
#    state is pulled towards that of a word the network knows. What helps on unseen words, by your figure:
#    that x is *added*, or that it comes at *every step*?

# %% [markdown] kind="answer" name="reading" points=3
# ### BEGIN SOLUTION
# Any answer that agrees with the figure shown. In our runs the gains came near to "each" on both sides, and far
# above "h0" on unseen words. On test, the chapter saw the gap to "h0" shrink with more epochs: much of it is
# speed of learning. On unseen words it did not close there. The gains are computed once, but act at every
# step: nothing has to be carried. So what helps is that x is there at every step, and not that it is added.
#
# **Marks:** 1 for comparing differences between networks with those between seeds, on both splits; 1 for
# the speed of learning; 1 for "at every step", with the reason from the figure.
# ### END SOLUTION

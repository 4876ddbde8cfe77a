# %% [markdown]
# # Homework 7 · A shortcut of your own
#
# Goes with chapter 8, *Deep networks*. {{ minutes }} minutes, {{ points }} points. You need only what the chapter has
# said.
#
# The skip connection of chapter 8 goes around the layers within *one* step. Yours also goes around
# steps: it starts at the state of **{{ k }} steps ago**, $h^{(t-{{ k }})}$. The transition has {{ depth }} layers, as
# in the chapter,
#
# $$z_1 = \tanh\bigl(a^{(t)} + W_1 h^{(t-1)}\bigr) , \qquad
# z_i = \tanh\bigl(b_i + W_i z_{i-1}\bigr) \quad (i = 2, {{ "3" if depth == 3 else "3, 4" }}) , \qquad h^{(t)} = z_{{ depth }} ,$$
#
{% if enters == "after" %}
# and the skip enters **after the last tanh**; in place of the last equation stands
#
# $$h^{(t)} = z_{{ depth }} + \gamma\, S\, h^{(t-{{ k }})} , \qquad \gamma = {{ gamma }} .$$
{% elif enters == 1 %}
# and the skip enters **the first layer**, before its tanh; in place of the first equation stands
#
# $$z_1 = \tanh\bigl(a^{(t)} + W_1 h^{(t-1)} + \gamma\, S\, h^{(t-{{ k }})}\bigr) , \qquad \gamma = {{ gamma }} .$$
{% else %}
# and the skip enters **layer {{ enters }}**, before its tanh; for $i = {{ enters }}$ the equation is
#
# $$z_{{ enters }} = \tanh\bigl(b_{{ enters }} + W_{{ enters }} z_{{ enters - 1 }} + \gamma\, S\, h^{(t-{{ k }})}\bigr) , \qquad \gamma = {{ gamma }} .$$
{% endif %}
#
# (Two ways at full strength can be too much of a good thing, as the chapter found; hence the $\gamma$.) Before
# the first step, all states are zero. The **{{ extra }} block has a hidden layer**, so that there is one
{% if extra == "input" %}
# tanh between $x^{(t)}$ and $a^{(t)}$; the output block is linear.
{% else %}
# tanh between $h^{(t)}$ and $o^{(t)}$; the input block is linear.
{% endif %}
#
# You will predict from the length of a path which lags such a network can learn, and measure whether it
# does.
#
# How to work: fill in the cells that say `YOUR CODE HERE` or `YOUR ANSWER HERE`, and run the check
# below each. A check tells you what is not right yet, and what it has *not* looked at; the lecturer's
# looks at more. Leave the check cells as they are: they are replaced before marking.

# %%
{{ install }}

# %%
import matplotlib.pyplot as plt
import torch
from torch import nn
from torch.nn import functional as F

from rnn_course import BlockCell, Cell, ThreeBlocks, Transition, evaluate, fit
from rnn_course.experiments import echo
from rnn_course.measures.walk import shortest_path
from rnn_course.networks import initial
from rnn_course.networks.deep import mlp
from rnn_course.tasks.echo import make_echo

torch.set_num_threads(1)

# %% [markdown]
# ## Part 1 · By hand, before any code (5 points)
#
# Count each tanh as one layer, and nothing else. The path that counts is always the one with the fewest
# layers.
#
# 1. How many layers lie between $h^{(t-{{ k }})}$ and $h^{(t)}$: on the way over the skip, and on the way through all
#    states in between?
# 2. How long is the shortest path from $x^{(1)}$ to $o^{(T)}$? Give a formula in T for this network and one
#    for the same network without the skip, and both numbers for $T = {{ T }}$. Say why no other
#    path is shorter.
# 3. In the *echo* of chapter 8, $y^{(t)} = x^{(t - \text{lag})}$, so that the signal has to bridge as many
#    steps as the lag. How long is the path from $x^{(t - \text{lag})}$ to $o^{(t)}$ for the lags {{ k - 1 }}, {{ k }}, {{ 2 * k - 1 }} and {{ 2 * k }}? In
#    which order of these lags, from the easiest to the hardest, should your network learn the echo, and in
#    which order the network without the skip?

# %% [markdown] kind="answer" name="by-hand" points=5
# ### BEGIN SOLUTION
{% if enters == "after" %}
# **1.** Over the skip none: what it brings enters after the last tanh. Through the states {{ k }} · {{ depth }} = {{ k * depth }}.
{% else %}
# **1.** Over the skip {{ skip_cost }}: from layer {{ enters }} to layer {{ depth }}. Through the states {{ k }} · {{ depth }} = {{ k * depth }}.
{% endif %}
#
# **2.** One layer in the {{ extra }} block, {{ depth }} from $a^{(1)}$ to $h^{(1)}$, and then $T - 1$ steps to bridge: as many skips as fit,
# $q = \lfloor (T-1)/{{ k }} \rfloor$, and the rest $r = (T - 1) - {{ k }}q$ step by step. So
# $1 + {{ depth }} + {{ skip_cost }}\,q + {{ depth }}\,r$, and without the skip $1 + {{ depth }}\,T$. For $T = {{ T }}$: $q = {{ skips }}$, $r = {{ rest }}$, {{ path }} layers with the skip and {{ plain }}
# without. A skip of {{ skip_cost }} layers replaces {{ k * depth }}, so a path with fewer skips is never shorter, and more than q do not fit.
#
# **3.** A lag of ℓ is $T = ℓ + 1$. The paths have {{ 1 + depth + (k - 1) * depth }}, {{ 1 + depth + skip_cost }}, {{ 1 + depth + skip_cost + (k - 1) * depth }} and {{ 1 + depth + 2 * skip_cost }} layers.
# So the lags {{ k }} and {{ 2 * k }} should be easier than {{ k - 1 }} and {{ 2 * k - 1 }}, although they are longer: the order is
# {{ k }}, {{ 2 * k }}, {{ k - 1 }}, {{ 2 * k - 1 }}{{ " (at equal length the shorter lag first)" if skip_cost == 0 else "" }}. Without it, the shorter the lag the easier.
#
# **Marks:** 1 for question 1; 2 for question 2 (1 for the formula with the skip, 1 for both numbers and the reason); 2 for question 3 (1 for the
# lengths, 1 for the orders).
# ### END SOLUTION

# %% [markdown]
# ## Part 2 · The step (4 points)
#
# Complete the cell. Its state is a *tuple* of {{ k }} tensors, $h^{(t-1)}, \dots, h^{(t-{{ k }})}$, the latest first. (In one
# wide tensor they would fit as well. But autograd's graph knows tensors and not their columns, so that
# in part 3 every state would seem to lead everywhere.) `a_t` is $a^{(t)}$, from `project`.
#
# `W[0]` is $W_1$, and `b[0]` is $b_2$, since the first layer has its bias in $a^{(t)}$. The step must also work
# with a `gamma` of 0.

# %% kind="code" name="step"
class Skipping(Cell):
    """A deep transition with a skip that starts {{ k }} steps ago; all weights start as torch draws them."""

    def __init__(self, n_in, n_hidden, gamma={{ gamma }}):
        super().__init__(n_in, n_hidden)
        self.input = mlp(n_in, {{ "n_hidden, " if extra == "input" else "" }}n_hidden)
        self.W = nn.Parameter(torch.empty({{ depth }}, n_hidden, n_hidden))
        self.b = nn.Parameter(torch.empty({{ depth - 1 }}, n_hidden))
        self.S = nn.Parameter(torch.empty(n_hidden, n_hidden))
        self.gamma = gamma
        initial.as_torch(self)

    def project(self, x):
        return self.input(x)

    def state_or_initial(self, state, batch):
        return self.initial_state(batch) if state is None else state

    def initial_state(self, batch):
        """The states before the first step: a tuple of {{ k }} tensors (batch, n_hidden)."""
        ### BEGIN SOLUTION
        return tuple(self.like.new_zeros(batch, self.n_hidden) for _ in range({{ k }}))
        ### END SOLUTION

    def step(self, a_t, state):
        """a^(t) (B, n_hidden) and the states before, to h^(t) (B, n_hidden) and the states after."""
        ### BEGIN SOLUTION
        h, old = state[0], state[-1]
        skip = self.gamma * old @ self.S.T
{% if enters == 1 %}
        z = torch.tanh(a_t + h @ self.W[0].T + skip)
{% else %}
        z = torch.tanh(a_t + h @ self.W[0].T)
{% endif %}
        for i in range(1, {{ depth }}):
            inner = self.b[i - 1] + z @ self.W[i].T
{% if enters in (2, 3) %}
            if i == {{ enters - 1 }}:
                inner = inner + skip
{% endif %}
            z = torch.tanh(inner)
{% if enters == "after" %}
        z = z + skip
{% endif %}
        return z, (z, *state[:-1])
        ### END SOLUTION

# %% kind="check" name="check-step" points=4
# Looks at the state, at the network without its skip, at which states matter, and at where the skip
# enters. It has not followed the network over several steps: your lecturer's check does.
from rnn_course.homework import cases, same


def kind(state):
    return "tuple" if isinstance(state, tuple | list) else type(state).__name__


g = cases()
cell = Skipping(3, 5)
for p in cell.parameters():
    p.data = 0.6 * torch.randn(p.shape, generator=g)
start = cell.initial_state(2)
same(kind(start), "tuple", "the state is a tuple of {{ k }} tensors")
same(len(start), {{ k }}, "the state is a tuple of {{ k }} tensors")
same([s.shape for s in start], [(2, 5)] * {{ k }}, "the state is {{ k }} tensors, one row for each sequence")
same(torch.stack(start), torch.zeros({{ k }}, 2, 5), "all states start at zero")
state = tuple(torch.randn(2, 5, generator=g).requires_grad_() for _ in range({{ k }}))
a = torch.randn(2, 5, generator=g)
h, after = cell.step(a, state)
same(h.shape, (2, 5), "there is a new state for each sequence")
same(kind(after), "tuple", "the state after the step is a tuple as well")
same(len(after), {{ k }}, "there are as many states after the step as before it")
same(after[0], h, "the latest state comes first")
same(torch.stack(after[1:]), torch.stack(state[:-1]), "the other states move up by one, and the oldest falls out")
moved = sum(s.sum() for s in after[1:]) + 0 * h.sum()
back = torch.autograd.grad(moved, state[:-1], retain_graph=True, allow_unused=True, materialize_grads=True)
same([(each != 0).sum() for each in back], [10] * {{ k - 1 }}, "a gradient comes back through the states that moved up")
plain, package = Skipping(3, 5, gamma=0.0), Transition(5, {{ depth }})
plain.load_state_dict(cell.state_dict())
package.load_state_dict({"W": cell.W, "b": cell.b})
plain.W.data = torch.eye(5).repeat({{ depth }}, 1, 1)
wanted = torch.tanh(a + state[0])
for b_i in cell.b:
    wanted = torch.tanh(b_i + wanted)
same(plain.step(a, state)[0], wanted, "with γ = 0, and the unit matrix for each W_i, every layer adds its bias and takes the tanh, from h^(t-1) on")
plain.W.data = cell.W.data
same(plain.step(a, state)[0], package(a, state[0]),
     "with γ = 0 it is the deep transition of the package, each layer with its own W_i (in a batch, W_i z is z @ W_i.T)")
back = torch.autograd.grad(h.sum(), state, allow_unused=True, materialize_grads=True)
same([(each != 0).sum() for each in back], [10, {{ "0, " * (k - 2) }}10],
     "h^(t) depends on h^(t-1) and h^(t-{{ k }}), and on no state between")
cell.S.data.zero_()
same(cell.step(a, state)[0], package(a, state[0]), "with S = 0 it is the deep transition as the package has it, too")
cell.S.data = torch.eye(5).roll(1, 0)  # hands the number of each unit to the next unit
brought = {{ gamma }} * state[-1].roll(1, 1)
nothing = (*state[:-1], torch.zeros(2, 5))
h, _ = cell.step(a, state)
{% if enters == "after" %}
same(h - cell.step(a, nothing)[0], brought, "what the skip brings is added after the last tanh, times {{ gamma }}")
{% elif enters == 1 %}
same(h, cell.step(a + brought, nothing)[0], "what the skip brings is added to a^(t), before the tanh of layer 1, times {{ gamma }}")
{% else %}
one = cell.step(a[:1], tuple(s[:1] for s in state))[0]
cell.b.data[{{ enters - 2 }}] += brought[0].detach()
same(one, cell.step(a[:1], tuple(s[:1] for s in nothing))[0],
     "what the skip brings is added to the bias of layer {{ enters }}, before the tanh, times {{ gamma }}")
{% endif %}
### BEGIN HIDDEN TESTS
from rnn_course import RNN

for p in cell.parameters():
    p.data = 0.5 * torch.randn(p.shape, generator=g)
x = torch.randn(2, {{ 2 * k + 2 }}, 3, generator=g)
found, _ = RNN(cell)(x)
for row, h_row in zip(x, found):
    before, wanted = [torch.zeros(5)] * {{ k }}, []
    for x_t in row:
        skip = {{ gamma }} * cell.S @ before[-{{ k }}]
        z, drive = before[-1], [cell.project(x_t), *cell.b]
        for layer in range({{ depth }}):
            v = drive[layer] + cell.W[layer] @ z
            z = torch.tanh(v{{ " + skip" if enters == 1 else "" }}) if layer == 0 else torch.tanh(v{{ " + (layer == %d) * skip" % (enters - 1) if enters in (2, 3) else "" }})
        before.append(z{{ " + skip" if enters == "after" else "" }})
    same(h_row, torch.stack(before[{{ k }}:]), "over many steps, each state is what the equations say")
### END HIDDEN TESTS

# %% [markdown]
# ## Part 3 · The path, by formula and by count (4 points)
#
# `predicted` is your formula of part 1, for any T. `counted` counts on the graph that autograd records,
# for any network of three blocks: `cell.step(cell.project(x_t), state)` gives h and the next state, and
# `shortest_path` the layers between $x^{(1)}$ and $o^{(T)}$. Each $x^{(t)}$ has to be a tensor of its own, and no leaf, as in
# the chapter: `torch.zeros(1, n_in, requires_grad=True) * 1`.
#
# A skip that is multiplied by $\gamma = 0$ still stands in the graph, so `counted` takes it. To try your formula without
# the skip, count on `ThreeBlocks(BlockCell(3, mlp(3, {{ "4, " if extra == "input" else "" }}4), Transition(4, {{ depth }})), mlp(4, {{ "4, " if extra == "output" else "" }}2))`.

# %% kind="code" name="path"
def predicted(T):
    """The layers on the shortest path from x^(1) to o^(T), by your formula: a whole number."""
    ### BEGIN SOLUTION
    skips, rest = divmod(T - 1, {{ k }})
    return {{ depth + 1 }} + skips * {{ skip_cost }} + rest * {{ depth }}
    ### END SOLUTION


def counted(net, T):
    """The same for a `ThreeBlocks`, counted on autograd's graph."""
    ### BEGIN SOLUTION
    cell = net.rnn.cell
    x = [cell.like.new_zeros(1, cell.n_in).requires_grad_() * 1 for _ in range(T)]
    state = cell.initial_state(1)
    for x_t in x:
        h, state = cell.step(cell.project(x_t), state)
    return shortest_path(x[0], net.output(h))
    ### END SOLUTION

# %% kind="check" name="check-path" points=4
# Looks at your count on networks of the package, whose paths you know from the chapter, and at your
# formula beside your count; a mistake in the step shows here too, so pass check-step first. It has not looked
# at the formula for large T: your lecturer's check does.
from rnn_course import SkipTransition
from rnn_course.homework import cases, same

g = cases()
T = int(torch.randint(4, 9, (), generator=g))
net = ThreeBlocks(BlockCell(3, mlp(3, 4), Transition(4, 2)), mlp(4, 2))
same([counted(net, n) for n in (1, 2, T)], [2, 4, 2 * T], "a transition of two layers: two layers for each step, the first included")
net.output = mlp(4, 4, 2)
same(counted(net, T), 2 * T + 1, "a hidden layer of the output block counts as well")
net = ThreeBlocks(BlockCell(3, mlp(3, 4, 4), SkipTransition(4, 3)), mlp(4, 2))
same(counted(net, T), 1 + 3 + (T - 1), "one layer of the input block, three to the first state, then one for each step over the skip")
same(predicted(1), {{ depth + 1 }}, "for T = 1 there is no time to bridge, and the path leads through all blocks once")
same(predicted(2) - predicted(1), {{ depth }}, "the second step costs {{ depth }} layers: there is no skip to take yet")
own = ThreeBlocks(Skipping(3, 4), mlp(4, {{ "4, " if extra == "output" else "" }}2))
for n in range(1, {{ 2 * k + 3 }}):
    same(predicted(n), counted(own, n), f"for T = {n}, your formula gives what your count gives")
### BEGIN HIDDEN TESTS
fewest = [0]
for gap in range(1, 60):
    over = fewest[gap - {{ k }}] + {{ skip_cost }} if gap >= {{ k }} else 999
    fewest.append(min(over, fewest[gap - 1] + {{ depth }}))
same([predicted(n) for n in range(1, 61)], [{{ depth + 1 }} + f for f in fewest], "the formula holds for every T up to 60")
same(counted(own, {{ 2 * k + 1 }}), {{ depth + 1 + 2 * skip_cost }}, "the count takes the skip twice")
### END HIDDEN TESTS

# %% [markdown]
# ## Part 4 · How much gradient comes back (3 points)
#
# What x at step 1 can teach the network is measured by the Jacobian $\partial o^{(T)} / \partial x^{(1)}$, a matrix of n_out
# rows and n_in columns. As in the chapter, take its norm: the **largest singular value**. (One call of
# `torch.autograd.grad` for each column of $o^{(T)}$, summed over the batch, gives one row of every sequence's matrix.)

# %% kind="code" name="reach"
def reach(net, x):
    """For each sequence in x (B, T, n_in), the norm of ∂o^(T)/∂x^(1) in a `ThreeBlocks`: (B,)."""
    ### BEGIN SOLUTION
    x = x.detach().clone().requires_grad_()
    o = net(x)[0][:, -1]
    rows = []
    for i in range(o.shape[1]):
        rows.append(torch.autograd.grad(o[:, i].sum(), x, retain_graph=True)[0][:, 0])
    J = torch.stack(rows, dim=1)  # (B, n_out, n_in)
    return torch.linalg.matrix_norm(J, 2)
    ### END SOLUTION

# %% kind="check" name="check-reach" points=3
# Looks at networks of the package: one with a single output, and one of orthogonal matrices. It has not
# compared the norms of a network with several outputs: your lecturer's check does.
from rnn_course.homework import cases, same
from rnn_course.measures.dependence import dependency_map

g = cases()
T = int(torch.randint(3, 7, (), generator=g))
net = ThreeBlocks(BlockCell(3, mlp(3, 4), Transition(4, 2)), mlp(4, 1))
for p in net.parameters():
    p.data = 0.7 * torch.randn(p.shape, generator=g)
x = torch.randn(5, T, 3, generator=g)
found = reach(net, x)
same(found.shape, (5,), "there is one number for each sequence")
depends = dependency_map(lambda x: net(x)[0], x)[:, -1, 0]
same(found / depends, torch.ones(5), "with a single output, the norms are those of the package's dependency map, o^(T) on x^(1)")
net = ThreeBlocks(BlockCell(4, mlp(4, 4), Transition(4, 1)), mlp(4, 4))
for p in (net.rnn.cell.input[0].weight, net.rnn.cell.transition.W[0]):
    p.data.copy_(torch.linalg.qr(torch.randn(4, 4, generator=g))[0])
net.output[0].weight.data = torch.diag(torch.tensor([1.0, 3.0, 2.0, 1.0]))
same(reach(net, torch.zeros(2, T, 4)), torch.tensor([3.0, 3.0]),
     "at x = 0, where tanh has the slope 1, and with orthogonal U and W the norm is that of V, 3 in this case")
### BEGIN HIDDEN TESTS
net = ThreeBlocks(BlockCell(3, mlp(3, 5), Transition(5, 2)), mlp(5, 4))
for p in net.parameters():
    p.data = 0.7 * torch.randn(p.shape, generator=g)
wanted = []
for one in x:
    J = torch.autograd.functional.jacobian(lambda v: net(v[None])[0][0, -1], one)[:, 0]
    wanted.append(torch.linalg.svdvals(J).max())
same(reach(net, x) / torch.stack(wanted), torch.ones(5), "with several outputs, the norm is the largest singular value of the Jacobian")
### END HIDDEN TESTS

# %% [markdown]
# ## Part 5 · The experiment (4 points)
#
# `network` below makes a network for the echo with random initial weights, with your skip or, for $\gamma = 0$, without.
# Draw one figure with two panels.
#
# 1. *The gradient against the prediction.* The mean of `reach` over the eight sequences `some`, of which only the
#    first T steps are read, against the gap $T - 1$, from 0 to {{ 2 * k + 2 }}, on a logarithmic scale: for `network({{ gamma }}, 0)` and
#    `network(0.0, 0)`, before any training. To set your prediction beside it, suppose that each layer multiplies
#    the gradient by one factor s. Take s from the network without the skip, from its norms at the first and the last gap.
#    With $R(T)$ for the measured norm, draw as a dashed line what you predict for the network with the skip:
#    $R(1) \cdot s^{\,\text{predicted}(T) - \text{predicted}(1)}$.
# 2. *What is learnt.* The accuracy of the echo after 200 updates (`learnt`; about ten seconds a network, two
#    minutes in all) against the lag, for the four lags of part 1: two seeds with the skip, one without.

# %%
def network(gamma, seed):
    """A network for the echo, before any training."""
    torch.manual_seed(seed)
    return ThreeBlocks(Skipping(8, 48, gamma), mlp(48, {{ "48, " if extra == "output" else "" }}8))


def learnt(gamma, lag, seed):
    """The accuracy of the echo on test sequences after a short training."""
    task, net = make_echo(lag, n_test=320), network(gamma, seed)
    fit(net, echo.loss, task.train, epochs=2, batch_size=64, lr=4e-3, seed=seed)
    return evaluate(net, task.test, echo.right)


some = F.one_hot(make_echo(1, n_train=8, n_test=8).train.x, 8).float()

# %% kind="figure" name="experiment" points=4
### BEGIN SOLUTION
gaps, lags = range({{ 2 * k + 3 }}), ({{ k - 1 }}, {{ k }}, {{ 2 * k - 1 }}, {{ 2 * k }})
norms = {
    gamma: torch.stack([reach(network(gamma, 0), some[:, : gap + 1]).mean() for gap in gaps])
    for gamma in ({{ gamma }}, 0.0)
}
per_layer = (norms[0.0][-1] / norms[0.0][0]) ** (1 / ({{ depth }} * gaps[-1]))
layers = torch.tensor([predicted(gap + 1) for gap in gaps])
_, (left, right) = plt.subplots(1, 2, figsize=(9, 3.8), layout="constrained")
left.semilogy(gaps, norms[{{ gamma }}], "o-", label="with the skip")
left.semilogy(gaps, norms[{{ gamma }}][0] * per_layer ** (layers - layers[0]), "k--", label=f"predicted, s = {per_layer:.2f}")
left.semilogy(gaps, norms[0.0], "s-", label="without")
left.set(xlabel="gap T - 1 (steps)", ylabel="norm of ∂o(T)/∂x(1)")
left.legend()
for gamma, seed, style in (({{ gamma }}, 0, "o-"), ({{ gamma }}, 1, "o--"), (0.0, 0, "s-")):
    label = f"{'with the skip' if gamma else 'without'}, seed {seed}"
    right.plot(lags, [learnt(gamma, lag, seed) for lag in lags], style, color="C0" if gamma else "C1", label=label)
right.axhline(1 / 8, color="0.7", linewidth=0.8)
right.set(xlabel="lag (steps)", ylabel="accuracy of the echo (share)", ylim=(0, 1.03), xticks=lags)
right.legend()
plt.show()
# Marks: 1 both norms over the gap on a logarithmic scale; 1 the prediction, with s from the network without the skip;
# 1 accuracy at the four lags, all runs to be told apart; 1 axes with labels and units.
### END SOLUTION

# %% [markdown]
# ## Part 6 · What it showed (2 points)
#
# In at most six sentences: where does the measured gradient follow your prediction, and where does it not?
# Name one thing that counting the layers of the shortest path leaves out. Did the network learn the lags in
# the order that you predicted; is a lag of {{ k }} easier for it than one of {{ k - 1 }}? What can be said of the order
# without the skip?

# %% [markdown] kind="answer" name="reading" points=2
# ### BEGIN SOLUTION
# Any answer that agrees with the figure shown. **Marks:** 1 for setting the gradient beside the prediction (the saw-tooth: it rises again at each
# multiple of {{ k }}) with one thing left out: that there are many paths of nearly the same length, whose contributions add up; that γ and S
# have a factor of their own; that a tanh's slope depends on what comes in; 1 for comparing the order of the lags with the one predicted,
# by the figure's own numbers.
# ### END SOLUTION

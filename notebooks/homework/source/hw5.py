{% set P1 = [[1 - alpha, alpha], [1, 0]] %}
{% set P2 = [[(1 - alpha) ** 2 + alpha, (1 - alpha) * alpha], [1 - alpha, alpha]] %}
{% set A = {1: P1, 2: P2}[a] %}
{% set B = {1: P1, 2: P2}[b] %}
{% set often = [1 / (1 + alpha), alpha / (1 + alpha)] %}
{% set wide = a + b - 1 %}
{% macro three(x) %}{{ "%.3f" | format(x) }}{% endmacro %}
# %% [markdown]
# # Homework 5 · What stands in the blank?
#
# Goes with chapter 5, *Both directions*. {{ minutes }} minutes, {{ points }} points. You need only what the chapter has
# said, and two facts that part 1 gives.
#
{% if wide == 1 %}
# *The cat sat on the m_t.* Cover a symbol of a sequence, and ask a network what stands there. It reads
{% elif wide == 2 %}
# *The cat sat on the m\_\_.* Cover two symbols of a sequence, and ask a network for the {{ "second" if a == 2 else "first" }}. It reads
{% else %}
# *The cat sat on the \_\_\_.* Cover three symbols of a sequence, and ask a network for the middle one. It reads
{% endif %}
# forward up to the blank and backward down to it, but it must not see what is covered. So $o^{(t)}$,
# which says what $x^{(t)}$ is, may be made of $h^{(t-{{ a }})}$ and $g^{(t+{{ b }})}$, and of nothing nearer:
{% if wide == 1 %}
# the blank is one symbol wide, $x^{(t)}$ itself. Write
{% elif a == b %}
# the blank is {{ wide }} symbols wide, $x^{(t)}$ and its two neighbours. Write
{% else %}
# the blank is {{ wide }} symbols wide, $x^{(t)}$ and the symbol {{ "before" if a == 2 else "after" }} it. Write
{% endif %}
# $p^{(t)} = h^{(t-{{ a }})}$ and $q^{(t)} = g^{(t+{{ b }})}$ for the two sides. They are combined
{% if how == "concat" %}
# **side by side**,
#
# $$o^{(t)} = c + V\,[p^{(t)}, q^{(t)}] .$$
{% elif how == "sum" %}
# **by their sum**,
#
# $$o^{(t)} = c + V\,(p^{(t)} + q^{(t)}) .$$
{% elif how == "gate" %}
# **by a gate**, which says for each hidden unit how much of either side is let through,
#
# $$z^{(t)} = \sigma\!\left(d + G\,[p^{(t)}, q^{(t)}]\right) , \qquad
# o^{(t)} = c + V\left(z^{(t)} \odot p^{(t)} + (1 - z^{(t)}) \odot q^{(t)}\right) .$$
{% else %}
# **by a switch**, one number per step that says how much of either side is let through,
#
# $$z^{(t)} = \sigma\!\left(d + G\,[p^{(t)}, q^{(t)}]\right) \in (0, 1) , \qquad
# o^{(t)} = c + V\left(z^{(t)} p^{(t)} + (1 - z^{(t)})\, q^{(t)}\right) .$$
{% endif %}
#
# Near an end there is no such step, since $t - {{ a }} < 1$ or $t + {{ b }} > \tau$. Then $p^{(t)}$ or $q^{(t)}$ is zero.
#
# You will compute the best that such a network can do, align the two directions in a batch of
# sequences of different lengths, and see what becomes of a misaligned network.
#
# How to work: fill in the cells that say `YOUR CODE HERE` or `YOUR ANSWER HERE`, and run the check
# below each. A check tells you what is not right yet, and what it has *not* looked at; your lecturer's
# copy looks at more. Leave the check cells as they are: they are replaced before marking.

# %%
{{ install }}

# %%
import itertools

import matplotlib.pyplot as plt
import torch
from torch import nn

{% if how == "sum" %}
from rnn_course import RNN, Backwards, ElmanCell, fit
{% else %}
from rnn_course import RNN, ElmanCell, fit
{% endif %}
from rnn_course.networks.likelihood import mean_nll
from rnn_course.padding import inside
from rnn_course.tasks import Split, load_pronunciations

torch.set_num_threads(1)

# %% [markdown]
# ## Part 1 · By hand, before any code (5 points)
#
# The first sequences are zeros and ones (we call them *coins*, though these are not fair) with a simple law.
# After a 1 there always comes a 0; after a 0 there comes a 1 with probability $\alpha = {{ alpha }}$. What comes next
# depends on the last symbol alone. Two facts about such laws, with $P_{ij}$ for the probability that j comes
# after i: far from the ends, the shares of the symbols, a row $\pi$, satisfy $\pi = \pi P$; and $(P^2)_{ij}$ is the
# probability that j comes two steps after i.
#
# 1. Far from the ends of a long sequence, what is the probability of a 1? Suppose that only the left side
#    is known, up to $x^{(t-{{ a }})}$. How often is the best guess at $x^{(t)}$ right?
# 2. Now both sides are known, up to $x^{(t-{{ a }})}$ and from $x^{(t+{{ b }})}$ on. For each of the four pairs of these
#    two symbols, write down the probability that it occurs together with $x^{(t)} = 0$, and with
#    $x^{(t)} = 1$. How often is the best guess right? This is the ceiling of your network far
#    from the ends.
# 3. The package's `Backwards`, called with `lengths`, returns $g$ of shape (B, T, n), and in the padding it
#    repeats the state that it has computed last. A fellow student takes `g[:, {{ b }}:]` for $g^{(t+{{ b }})}$, with zeros in place of
#    the {{ "column that is" if b == 1 else b ~ " columns that are" }} missing on the right, and combines it with the correct $h^{(t-{{ a }})}$. In which sequences of
#    the batch, and at which steps, is this not what you want?{{ " (Leave out sequences of T − 1 symbols.)" if b == 2 else "" }} What could
#    $o^{(t)}$ know there that it must not know? Must the accuracy rise because of it?

# %% [markdown] kind="answer" name="by-hand" points=5
# ### BEGIN SOLUTION
# **1.** With $\pi$ the probability of a 1, $\pi = (1 - \pi)\,\alpha$, so $\pi = \alpha/(1 + \alpha) = {{ three(often[1]) }}$, and a 0 has {{ three(often[0]) }}. Given
# $x^{(t-{{ a }})}$, what came before it says nothing more.
{% if a == 1 %}
# After a 1 the guess 0 is always right, after a 0 the guess
# {{ "1" if alpha > 0.5 else "0" }} with probability {{ three([alpha, 1 - alpha]|max) }}.
{% else %}
# Two steps after a 1 comes a 0 with probability $1 - \alpha$, two steps after a 0 with $(1-\alpha)^2 + \alpha$.
{% endif %}
# In all {{ three([often[0] * A[0][0], often[0] * A[0][1]]|max + [often[1] * A[1][0], often[1] * A[1][1]]|max) }}.
#
# **2.** The probabilities are $P(x^{(t-{{ a }})})\,P(x^{(t)} \mid x^{(t-{{ a }})})\,P(x^{(t+{{ b }})} \mid x^{(t)})${{ ", over two steps by the sum over what may stand between" if wide > 1 }}:
#
# | left, right | with 0 | with 1 | better guess |
# | --- | --- | --- | --- |
{% set parts = [] %}
{% for l in (0, 1) %}
{% for r in (0, 1) %}
{% set zero, one = often[l] * A[l][0] * B[0][r], often[l] * A[l][1] * B[1][r] %}
{% set _ = parts.append([zero, one]|max) %}
# | {{ l }}, {{ r }} | {{ three(zero) }} | {{ three(one) }} | {{ 1 if one > zero else 0 }} |
{% endfor %}
{% endfor %}
#
# The larger of the two in each row add up to the ceiling far from the ends, {{ three(parts|sum) }}.
#
# **3.** In all sequences shorter than the longest, at their last {{ "step" if b == 1 else b ~ " steps" }}: there the column of step $t + {{ b }}$ lies in the padding and holds
# $g^{(1)}$, the summary of the *whole* sequence, $x^{(t)}$ included, where zeros belong.{{ " (With T − 1 symbols, at the last step but one only, since the
# padding ends there.)" if b == 2 else "" }} So the answer could leak in. But the accuracy need not rise: $g^{(1)}$ read $x^{(t)}$ long before it read $x^{(1)}$, and may have
# kept little of it; the readout, the same at every step, takes it for the state next to the blank; and $o^{(t)}$ no
# longer sees that the end is near. It may even fall. That the accuracy does not rise proves nothing.
#
# **Marks:** 1 for both numbers of question 1; 2 for the table and the ceiling (1 if the probability of the left symbol is
# forgotten, or if there is one slip in the table); 2 for question 3: which sequences and steps; that the state has
# read the answer, and need not tell it, with one reason (1 each).
# ### END SOLUTION

# %% [markdown]
# ## Part 2 · The ceiling (4 points)
#
# `best` answers the questions of part 1 for any law of this kind; `P[i, j]` is $P_{ij}$. Then `ceiling` takes the ends into account: it is the mean over the steps of a sequence
# of $\tau$ symbols, in which the first steps have no left side and the last have no right side.
# (The first symbol is drawn as often as it occurs far from the ends.) Our sequences have {{ low }} to {{ high }}
# symbols, every length equally frequent, and `overall` is the share of *all their steps* that can be right
# at best. When you have passed the check, compare your numbers of part 1 with `best(law, {{ a }}, None)` and
# `best(law, {{ a }}, {{ b }})`.

# %%
law = torch.tensor([[{{ "%.2f" | format(1 - alpha) }}, {{ "%.2f" | format(alpha) }}], [1.00, 0.00]], dtype=torch.float64)  # law[i, j]: j comes after i

# %% kind="code" name="ceiling"
def best(P, a, b):
    """How often the best guess at x^(t) is right, far from the ends, given x^(t-a) and x^(t+b).

    P (m, m) float64; after enough steps every symbol can follow every other. a and b are numbers of
    steps, from 0 on, or None if nothing is known on that side.
    """
    ### BEGIN SOLUTION
    often = torch.linalg.matrix_power(P, 1000)[0]  # how often each symbol occurs
    left = often[None] if a is None else often[:, None] * torch.linalg.matrix_power(P, a)  # (left, x)
    right = torch.ones_like(often)[:, None] if b is None else torch.linalg.matrix_power(P, b)
    return (left[:, :, None] * right).amax(1).sum().item()  # of (left, x, right)
    ### END SOLUTION


def ceiling(P, a, b, tau):
    """The mean of the best over all steps of a sequence of tau symbols, the ends included.

    Here and in `overall`, a and b are numbers of steps, from 0 on, never None.
    """
    ### BEGIN SOLUTION
    each = [best(P, a if t > a else None, b if t + b <= tau else None) for t in range(1, tau + 1)]
    return sum(each) / tau
    ### END SOLUTION


def overall(P, a, b):
    """The mean over all steps of many sequences of {{ low }} to {{ high }} symbols, all lengths equally frequent."""
    ### BEGIN SOLUTION
    lengths = range({{ low }}, {{ high }} + 1)
    return sum(tau * ceiling(P, a, b, tau) for tau in lengths) / sum(lengths)
    ### END SOLUTION

# %% kind="check" name="check-ceiling" points=4
# Looks at laws that need no computing, at what a nearer symbol, or one more, is worth, and at short sequences.
# It has not gone through all sequences of a law: your lecturer's copy does.
from rnn_course.homework import at_least, cases, same

g = cases()
fair = torch.full((2, 2), 0.5, dtype=torch.float64)
same(best(fair, {{ a }}, {{ b }}), 0.5, "a fair coin cannot be guessed more often than half the time")
same(best(fair, 0, {{ b }}), 1.0, "if x^(t) itself is seen, the guess is always right")
P = torch.rand(4, 4, dtype=torch.float64, generator=g)
P = 0.6 * torch.eye(4, dtype=torch.float64).roll(1, 1) + 0.4 * P / P.sum(1, keepdim=True)  # mostly 0, 1, 2, 3, 0, 1, …
often = torch.linalg.matrix_power(P, 200)[0]
same(best(often.expand(4, 4), {{ a }}, {{ b }}), often.max(), "if no symbol depends on another, the most frequent is the best guess")
same(best(P, None, None), often.max(), "if nothing is known, the best guess is the most frequent symbol")
same(best(P, 0, None), 1.0, "if x^(t) itself is seen, the other side is not needed: a = 0 is not None")
same(best(P, None, 0), 1.0, "if x^(t) itself is seen, the other side is not needed: b = 0 is not None")
pairs = torch.zeros(2, 2, 2, 2, dtype=torch.float64)  # coins (c, d), then coins (d, e): each pair is a symbol
for c, d, e in itertools.product((0, 1), repeat=3):
    pairs[c, d, d, e] = 0.5
pairs = pairs.view(4, 4)
for a, b, right, tells in ((1, None, 0.5, "the left neighbour tells one coin"), (None, 1, 0.5, "the right neighbour tells one coin"),
                           (1, 1, 1, "both neighbours tell both coins"), (1, 2, 0.5, "the left neighbour tells one coin, the right side none"),
                           (2, 1, 0.5, "the right neighbour tells one coin, the left side none"), (3, 3, 0.25, "neither side tells any coin")):
    same(best(pairs, a, b), right, f"if a symbol is a pair of coins, one shared with either neighbour, then with a = {a} and b = {b} {tells}")
same(best(P, 3, 1000), best(P, 3, None), "what is very far away is as good as unknown")
u, w = (torch.rand(2, dtype=torch.float64, generator=g) / 10).tolist()
two = torch.tensor([[0.35 - u, 0.65 + u], [0.95 - w, 0.05 + w]], dtype=torch.float64)
same(best(two, 1, 3), best(two, 3, 1), "with two symbols, before and after are worth the same")
for a, b in ((1, 1), (1, 2), (2, 1), (2, 2)):
    at_least(best(P, a, b) - best(P, a, None), -1e-9, "to know the right side as well does no harm")
    at_least(best(P, a, b) - best(P, None, b), -1e-9, "to know the left side as well does no harm")
    at_least(best(P, a, b) - best(P, a, b + 1), -1e-9, "to know a nearer symbol does no harm")
same(ceiling(P, {{ a }}, {{ b }}, 1), best(P, None, None), "in a sequence of one symbol nothing is known")
same(2 * ceiling(P, 1, 3, 2), best(P, None, None) + best(P, 1, None),
     "with a = 1 and b = 3, of two steps the first knows nothing and the second its left side")
same(2 * ceiling(P, 3, 1, 2), best(P, None, 1) + best(P, None, None),
     "with a = 3 and b = 1, of two steps the first knows its right side and the second nothing")
same(12 * ceiling(P, {{ a }}, {{ b }}, 12) - 11 * ceiling(P, {{ a }}, {{ b }}, 11), best(P, {{ a }}, {{ b }}),
     "a longer sequence has one more step in the middle")
same(overall(pairs, 1, 1), 1 - 1 / {{ (low + high) / 2 }},
     "if half a symbol is lost at either end of each sequence, the share lost is 1 over the mean length, {{ (low + high) / 2 }}")
### BEGIN HIDDEN TESTS
P = P[:3, [1, 2, 0]] / P[:3, :3].sum(1, keepdim=True)
often = torch.linalg.matrix_power(P, 200)[0]


def through_all(P, a, b, tau):
    """The ceiling by going through all sequences of tau symbols."""
    cases = [{} for _ in range(tau)]
    for x in itertools.product(range(len(P)), repeat=tau):
        p = often[x[0]].item()
        for i, j in zip(x, x[1:]):
            p *= P[i, j].item()
        for t in range(tau):
            known = x[: max(0, t - a + 1)], x[t + b :]
            votes = cases[t].setdefault(known, [0] * len(P))
            votes[x[t]] += p
    return sum(max(votes) for each in cases for votes in each.values()) / tau


lengths = [tau for tau in range(1, {{ high }} + 1) if tau >= {{ low }}]
right = sum(tau * ceiling(P, {{ a }}, {{ b }}, tau) for tau in lengths)
same(overall(P, {{ a }}, {{ b }}) * sum(lengths), right, "overall, each step of each sequence counts the same")
for a, b, tau in (({{ a }}, {{ b }}, 6), (1, 2, 5), (2, 1, 4), (3, 1, 3), (0, 1, 3)):
    same(ceiling(P, a, b, tau), through_all(P, a, b, tau), "the ceiling is that of all sequences together")
### END HIDDEN TESTS

# %% [markdown]
# ## Part 3 · Aligned inside each sequence (4 points)
#
# Now the two directions, for sequences of different lengths. `own_reverse` reverses each sequence inside
# its own length, so that a network that runs forward can read it backward. `aligned` puts $h^{(t-a)}$ and
# $g^{(t+b)}$ beside step $t$; `h[:, t - 1]` and `g[:, t - 1]` are the states of the two networks at step $t$. What
# stands in the padding of h and g is of no use, and must not be taken for a state. You may use
# `blanked` and `reversed_inside` of `rnn_course.padding`; the second leaves the padding as it is.

# %% kind="code" name="aligned"
def own_reverse(x, lengths):
    """Each sequence from its own last step to its first, then zeros: x (B, T, n) to (B, T, n)."""
    ### BEGIN SOLUTION
    of = lengths[:, None] - 1 - torch.arange(x.shape[1])  # which step comes to each place
    back = x[torch.arange(len(x))[:, None], of.clamp(min=0)]
    return torch.where((of >= 0)[:, :, None], back, 0)
    ### END SOLUTION


def aligned(h, g, lengths, a={{ a }}, b={{ b }}):
    """h and g (B, T, n) to p, with p^(t) = h^(t-a), and q, with q^(t) = g^(t+b), both (B, T, n).

    They are zero where a sequence has no such step, and past its own end. a and b are at least 0.
    """
    ### BEGIN SOLUTION
    T = h.shape[1]
    t, tau = torch.arange(T), lengths[:, None]
    before, after = t - a, t + b
    p = torch.where(((before >= 0) & (t < tau))[:, :, None], h[:, before.clamp(min=0)], 0)
    q = torch.where((after < tau)[:, :, None], g[:, after.clamp(max=T - 1)], 0)
    return p, q
    ### END SOLUTION

# %% kind="check" name="check-aligned" points=4
# Looks at sequences whose states are the numbers of their steps, with rubbish in the padding. It has not
# looked at whole vectors, nor at how the gradient flows: your lecturer's copy does.
from rnn_course.homework import cases, same

g = cases()
T, lengths = 9, torch.tensor([9, 5, 3, 2, 1])
steps = torch.arange(1.0, T + 1).expand(5, T)  # 1 … T
rubbish = 100 + torch.rand(5, T, 2, generator=g)
numbers = torch.where(inside(lengths, T)[:, :, None], torch.stack([steps, -steps], dim=2), rubbish)
back = own_reverse(numbers, lengths)
same(back.shape, (5, T, 2), "what is reversed keeps its shape")
same(back[:, 0], torch.stack([lengths, -lengths], dim=1), "reversed, each sequence begins with its own last step")
same([row[:n, 0].diff() for row, n in zip(back, lengths)], [-torch.ones(n - 1) for n in lengths],
     "from there it goes back, one step at a time")
same([row[n:].abs().sum() for row, n in zip(back, lengths)], [0.0] * 5, "past a reversed sequence's own end there are zeros")
same(own_reverse(back, lengths), numbers * inside(lengths, T)[:, :, None], "reversed twice, a sequence is what it was")


def tried(g, **given):
    """The two of `aligned`, and what the call was; where `aligned` breaks off, the message says so."""
    where = f"with a = {given.get('a', {{ a }})} and b = {given.get('b', {{ b }})}, "
    try:
        return *aligned(numbers, g, lengths, **given), where
    except NotImplementedError:
        raise
    except Exception as error:
        raise AssertionError(f"{where}sequences of 9, 5, 3, 2 and 1 symbols have a p and a q (zeros where no step is left), but `aligned` broke off: {error}") from error


for given in ({}, {"a": 0, "b": 3}, {"a": 3, "b": 1}, {"a": 0, "b": 0}):
    p, q, where = tried(numbers, **given)
    a, b = given.get("a", {{ a }}), given.get("b", {{ b }})
    same([p.shape, q.shape], [(5, T, 2)] * 2, where + "p and q have the shape of h")
    same((p[..., 0] != 0).sum(1), (lengths - a).clamp(min=0), where + "all steps but the first a of a sequence have a p")
    same((q[..., 0] != 0).sum(1), (lengths - b).clamp(min=0), where + "all steps but the last b of a sequence have a q")
    same((steps - p[..., 0])[p[..., 0] != 0].unique(), torch.tensor([float(a)]), where + "p is the state of a steps before")
    same((q[..., 0] - steps)[q[..., 0] != 0].unique(), torch.tensor([float(b)]), where + "q is the state of b steps after")
p, q, _ = tried(10 * numbers, a=0, b=99)
same(q, torch.zeros(5, T, 2), "there is no step 99 steps later")
same(p[0], numbers[0], "with a = 0, p is h itself")
### BEGIN HIDDEN TESTS
h, g_states = (torch.randn(5, T, 4, generator=g).requires_grad_() for _ in range(2))
p, q = aligned(h, g_states, lengths)
wanted_p, wanted_q = torch.zeros(5, T, 4), torch.zeros(5, T, 4)
for i, n in enumerate(lengths.tolist()):
    for t in range(n):
        if t - {{ a }} >= 0:
            wanted_p[i, t] = h[i, t - {{ a }}].detach()
        if t + {{ b }} < n:
            wanted_q[i, t] = g_states[i, t + {{ b }}].detach()
same(p, wanted_p, "p holds the whole vector h^(t-{{ a }}), or zeros")
same(q, wanted_q, "q holds the whole vector g^(t+{{ b }}), or zeros")
received = torch.autograd.grad((p + q).sum(), (h, g_states), allow_unused=True)
same([each is not None for each in received], [True, True], "the gradient finds its way back to h and to g")
x = torch.randn(5, T, 4, generator=g)
same([row[:n] for row, n in zip(own_reverse(x, lengths), lengths)], [row[:n].flip(0) for row, n in zip(x, lengths)],
     "the order of the vectors is reversed, not that of their numbers")
### END HIDDEN TESTS

# %% [markdown]
# ## Part 4 · The network (3 points)
#
# Complete the network. Both of its halves are an `RNN`, which runs forward. So the second needs its
# sequences reversed, and its states reversed again.

# %% kind="code" name="network"
class Blank(nn.Module):
    """Symbols x (B, T), and lengths (B,), to o (B, T, n_symbols): what is x^(t), seen from outside?"""

    def __init__(self, n_symbols, n_embed, n_hidden, a={{ a }}, b={{ b }}):
        super().__init__()
        self.a, self.b = a, b
        self.embed = nn.Embedding(n_symbols, n_embed)
        self.forwards = RNN(ElmanCell(n_embed, n_hidden))
        self.backwards = RNN(ElmanCell(n_embed, n_hidden))
{% if how == "concat" %}
        self.V = nn.Linear(2 * n_hidden, n_symbols)  # its bias is c; it reads [p, q]
{% else %}
        self.V = nn.Linear(n_hidden, n_symbols)  # its bias is c
{% endif %}
{% if how == "gate" %}
        self.G = nn.Linear(2 * n_hidden, n_hidden)  # its bias is d; it reads [p, q]
{% elif how == "switch" %}
        self.G = nn.Linear(2 * n_hidden, 1)  # its bias is d; it reads [p, q]
{% endif %}

    def forward(self, x, lengths):
        ### BEGIN SOLUTION
        e = self.embed(x)
        h, _ = self.forwards(e, lengths=lengths)
        g, _ = self.backwards(own_reverse(e, lengths), lengths=lengths)
        p, q = aligned(h, own_reverse(g, lengths), lengths, self.a, self.b)
{% if how == "concat" %}
        return self.V(torch.cat([p, q], dim=2))
{% elif how == "sum" %}
        return self.V(p + q)
{% else %}
        z = torch.sigmoid(self.G(torch.cat([p, q], dim=2)))
        return self.V(z * p + (1 - z) * q)
{% endif %}
        ### END SOLUTION

# %% kind="check" name="check-network" points=3
# Looks at shapes, at sequences in company, and at which inputs each output depends on. It has not compared
# the outputs with a step-by-step computation: your lecturer's copy does.
from rnn_course.homework import at_least, cases, same

g = cases()
lengths = torch.tensor([9, 6, 3, 1])
x = torch.randint(7, (4, 9), generator=g)


def made(**offsets):
    """A network, its weights drawn."""
    network = Blank(7, 4, 5, **offsets).double()
    for parameter in network.parameters():
        parameter.data = torch.randn(parameter.shape, dtype=torch.float64, generator=g) / 2
    return network


def looks(network, n):
    """(n, n): 1 where o^(t) changes with x^(s), for a sequence of n symbols in a batch with T = 9."""
    x = torch.randint(7, (1, 9), generator=g).repeat(n + 2, 1)  # the last two stay as they are
    x[torch.arange(n), torch.arange(n)] = (x[0, :n] + 1) % 7
    o = network(x, torch.tensor([*[n] * (n + 1), 9]))
    return ((o[:n] - o[n]).abs().amax(2) > 1e-10).float().T[:n]


network = made()
o = network(x, lengths)
same(o.shape, (4, 9, 7), "there is an output for each step, a number for each symbol")
alone = [network(x[i : i + 1, :n], lengths[i : i + 1])[0] for i, n in enumerate(lengths)]
same([each[:n] for each, n in zip(o, lengths)], alone, "a sequence has the same outputs alone and beside longer ones")
same(o[3, 0], network.V.bias, "of a sequence of one symbol nothing is seen: o is c")
s, t = torch.arange(9), torch.arange(9)[:, None]
for n in (9, 6):
    same(looks(network, n), ((s <= t - {{ a }}) | (s >= t + {{ b }}) & (s < n)).float()[:n, :n],
         f"of {n} symbols, o^(t) depends on those up to t-{{ a }} and from t+{{ b }} on, not on those between (rows: t, columns: s, from 0)")
same(looks(made(a=1, b=3), 9), ((s <= t - 1) | (s >= t + 3)).float(), "the offsets are those with which the network was made")
silent = made()
for parameter in silent.backwards.parameters():
    parameter.data.zero_()
same(looks(silent, 9), (s <= t - {{ a }}).float(), "with a silent backward network, the left side is all that counts")
network(x, lengths)[0].sum().backward()
for name in ("embed.weight", "forwards.cell.W", "backwards.cell.W"):
    given = network.get_parameter(name).grad
    at_least(0 if given is None else given.abs().max(), 1e-9, f"the gradient reaches {name}")
{% if how == "concat" %}
with_left, n_hidden = made(), 5
with_left.V.weight.data[:, n_hidden:] = 0
same(looks(with_left, 9), (s <= t - {{ a }}).float(), "the first half of V's columns reads p, the second q")
{% elif how == "sum" %}
one_side = silent.V(silent.forwards(silent.embed(x))[0])
same(silent(x, lengths)[0, {{ a }}:], one_side[0, :-{{ a }}], "with a silent backward network, o^(t) is c + V h^(t-{{ a }})")
silent = made()
for parameter in silent.forwards.parameters():
    parameter.data.zero_()
one_side = silent.V(Backwards(silent.backwards.cell)(silent.embed(x))[0])
same(silent(x, lengths)[0, :-{{ b }}], one_side[0, {{ b }}:], "with a silent forward network, o^(t) is c + V g^(t+{{ b }})")
{% else %}
same(network.G.weight.shape, ({{ "5" if how == "gate" else "1" }}, 10), "{{ "the gate has a number for each hidden unit" if how == "gate" else "the switch is one number per step" }}")
network.G.weight.data.zero_()
network.G.bias.data.fill_(1000)
same(looks(network, 9), (s <= t - {{ a }}).float(), "where the {{ how }} z is 1, only the left side counts")
network.G.bias.data.fill_(-1000)
same(looks(network, 9), (s >= t + {{ b }}).float(), "where the {{ how }} z is 0, only the right side counts")
silent.G.weight.data[:, :5] = 0
one_side = silent.V(torch.sigmoid(silent.G.bias) * silent.forwards(silent.embed(x))[0])
same(silent(x, lengths)[0, {{ a }}:], one_side[0, :-{{ a }}], "if G reads only q, and q is silent, z is σ(d)")
{% endif %}
### BEGIN HIDDEN TESTS
network = made()
ahead, back, e = network.forwards.cell, network.backwards.cell, network.embed.weight[x]
for i, n in enumerate(lengths.tolist()):
    nothing = torch.zeros(5, dtype=torch.float64)
    h, g_states = [nothing], [nothing]
    for t in range(n):
        h.append(torch.tanh(ahead.b + ahead.W @ h[-1] + ahead.U @ e[i, t]))
        g_states.append(torch.tanh(back.b + back.W @ g_states[-1] + back.U @ e[i, n - 1 - t]))
    wanted = []
    for t in range(1, n + 1):
        p = h[t - {{ a }}] if t > {{ a }} else nothing
        q = g_states[n + 1 - t - {{ b }}] if t + {{ b }} <= n else nothing
{% if how == "concat" %}
        wanted.append(network.V(torch.cat([p, q])))
{% elif how == "sum" %}
        wanted.append(network.V.bias + network.V.weight @ p + network.V.weight @ q)
{% else %}
        z = 1 / (1 + torch.exp(-network.G(torch.cat([p, q]))))
        wanted.append(network.V(q + z * (p - q)))
{% endif %}
    same(network(x, lengths)[i, :n], torch.stack(wanted), "the outputs are those computed step by step")
### END HIDDEN TESTS

# %% [markdown]
# ## Part 5 · The experiment (4 points)
#
# The next cell draws coins by the law of part 1, and takes the words of the pronouncing dictionary, now
# without their pronunciations: which letter stands in the blank? Train four networks on each, **two seeds
# each** (call `torch.manual_seed(seed)` before you make a network, and hand `train` the same seed):
#
# | network | a | b |
# | --- | --- | --- |
# | as it should be | {{ a }} | {{ b }} |
# | one step nearer | {{ a - 1 }} | {{ b - 1 }} |
# | one step farther | {{ a + 1 }} | {{ b + 1 }} |
# | left side only | {{ a }} | 99 |
#
# Draw one figure with two panels, coins on the left and words on the right: the accuracy on test
# sequences, a dot for each network and seed. In the panel of the coins, mark the ceiling of each of the four,
# from your own function. (A test set is drawn, so a dot may lie a little above.) In that of the words, mark
# how often the most frequent letter would be right in the test words.
# Before you run it, write down in a comment in which order you expect the four on words. Training takes
# about a minute.

# %%
def coins(count, seed, shortest={{ low }}, longest={{ high }}):
    """Sequences by the law of part 1; the targets are the symbols themselves."""
    g = torch.Generator().manual_seed(seed)
    chance = torch.rand(count, longest, generator=g)
    x = torch.zeros(count, longest, dtype=torch.int64)
    x[:, 0] = chance[:, 0] < law[0, 1] / (1 + law[0, 1])
    for t in range(1, longest):
        x[:, t] = chance[:, t] < law[x[:, t - 1], 1]
    lengths = torch.randint(shortest, longest + 1, (count,), generator=g)
    x = x * inside(lengths, longest)
    return Split(x, x, lengths, lengths)


def letters(split):
    """Words with their own letters as targets."""
    return Split(split.x, split.x, split.lengths, split.lengths)


dictionary = load_pronunciations(limit=5000)
# (training, test, number of symbols, size of embedding, hidden units, epochs)
data = {
    "coins": (coins(3000, seed=0), coins(3000, seed=1), 2, 8, 16, 5),
    "words": (letters(dictionary.train), letters(dictionary.test), len(dictionary.symbols), 32, {{ hidden }}, 6),
}


def train(model, split, epochs, seed):
    """Train in place."""
    fit(model, lambda model, batch: mean_nll(model(batch.x, batch.lengths), batch.y, batch.lengths),
        split, epochs=epochs, lr=1e-2, seed=seed, progress=False)


def accuracy(model, split):
    """The share of all symbols that the model names correctly; the padding does not count."""
    with torch.no_grad():
        hit = model(split.x, split.lengths).argmax(2) == split.y
    return hit[inside(split.lengths, split.x.shape[1])].double().mean().item()

# %% kind="figure" name="experiment" points=4
### BEGIN SOLUTION
readers = {"as it should be": ({{ a }}, {{ b }}), "one step nearer": ({{ a - 1 }}, {{ b - 1 }}),
           "one step farther": ({{ a + 1 }}, {{ b + 1 }}), "left side only": ({{ a }}, 99)}
figure, axes = plt.subplots(1, 2, figsize=(9, 3.6), layout="constrained", sharey=True)
for ax, (name, (training, test, n_symbols, n_embed, n_hidden, epochs)) in zip(axes, data.items()):
    for row, (a, b) in enumerate(readers.values()):
        for seed in (0, 1):
            torch.manual_seed(seed)
            model = Blank(n_symbols, n_embed, n_hidden, a, b)
            train(model, training, epochs, seed)
            ax.plot(accuracy(model, test), row, "ox"[seed], color=f"C{seed}",
                    label=f"seed {seed}" if ax is axes[0] and row == 0 else None)
        if name == "coins":
            ax.plot([overall(law, a, b)] * 2, [row - 0.3, row + 0.3], "k--", label="ceiling" if row == 0 else None)
    ax.set(title=name, xlabel="accuracy (share of symbols right)", xlim=(0, 1.03))
seen = test.x[inside(test.lengths, test.x.shape[1])]
often = (seen == seen.mode().values).double().mean().item()
axes[1].axvline(often, color="0.6", linestyle=":", label="most frequent letter")
axes[0].set_yticks(range(len(readers)), list(readers))
axes[0].invert_yaxis()
figure.legend(loc="outside lower center", ncols=4, frameon=False)
plt.show()
# Marks: 1 four networks on both data sets, two seeds; 1 the ceilings of the coins, ends and lengths
# included; 1 the most frequent letter, and an order written down beforehand; 1 axes with labels, networks and
# seeds can be told apart.
### END SOLUTION

# %% [markdown]
# ## Part 6 · What it showed (2 points)
#
# In at most six sentences: are the networks at their ceilings on coins? On words, what is worth more, one
# side near the blank or both sides a step farther away? One of the four beats the network that is as it should be.
# What does it see that it must not? Suppose that on words, where nobody knows the ceiling, it were only a
# little better: how would you find the mistake without reading the code?

# %% [markdown] kind="answer" name="reading" points=2
# ### BEGIN SOLUTION
# Any answer that agrees with the figure shown. **Marks:** 1 for the ceilings and the comparison on words, with the seeds in
# view; 1 for the leak and a test for it: one step nearer, $o^{(t)}$ sees {{ "$x^{(t)}$ itself" if a == 1 or b == 1 else "the neighbours of $x^{(t)}$, which are covered" }}, and what it learns is of no use where the
# blank is really blank. To find it: change what is covered in a word and see whether $o^{(t)}$ changes, or look at the dependency map,
# whose entries there must be zero. (An accuracy that is too good is a reason to look, but no proof.)
# ### END SOLUTION

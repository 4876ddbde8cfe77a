# %% [markdown]
# # Homework 3 · The most probable bass
#
# Goes with chapter 3, *Same length, dashed edges*. {{ minutes }} minutes, {{ points }} points. You need only
# what chapters 0 to 3 have said.
#
# In the chapter, a network with dashed edges *drew* a bass note by note. Here we look for the **most
# probable** bass. That is a search: the best first note need not belong to the best bass. We take the
# network *output to hidden*,
#
# $$h^{(t)} = \tanh\bigl(b + U\,[x^{(t)}, y^{(t-1)}]\bigr) , \qquad
# P(y^{(t)} \mid \dots) = \operatorname{softmax}(c + V h^{(t)}) ,$$
#
# whose dashed edges reach **one step back** and no further. This makes a search possible that never misses
# the best bass. You will write it in two steps, and find out whether the most probable bass moves as Bach's
# does, and whether one that is drawn does.
#
{% if ending == "given" %}
# As in a cadence, the **last note is given**: we look for the most probable bass among those that end in it.
{% else %}
# The last note is free: every bass of the tune's length is allowed.
{% endif %}
#
# In addition, suppose the composer has a rule. We call the step from $y^{(t-1)}$ to $y^{(t)}$, $t \ge 2$, **marked** if
{% if rule == "repeat" %}
# it repeats the symbol, $y^{(t)} = y^{(t-1)}$, and each marked step costs a fee of F = {{ price }} nats:
#
# $$S(y) = \ln P(y \mid x) - F \cdot (\text{number of marked steps in } y) .$$
{% elif rule == "near" %}
# it is small, $|y^{(t)} - y^{(t-1)}| \le {{ limit }}$ (a repeated symbol is small, too), and each marked step
# costs a fee of F = {{ price }} nats:
#
# $$S(y) = \ln P(y \mid x) - F \cdot (\text{number of marked steps in } y) .$$
{% elif rule == "fall" %}
# it falls, $y^{(t)} < y^{(t-1)}$, and each marked step earns a bonus of F = {{ price }} nats:
#
# $$S(y) = \ln P(y \mid x) + F \cdot (\text{number of marked steps in } y) .$$
{% else %}
# it is a leap, $|y^{(t)} - y^{(t-1)}| > {{ limit }}$, and each marked step earns a bonus of F = {{ price }} nats:
#
# $$S(y) = \ln P(y \mid x) + F \cdot (\text{number of marked steps in } y) .$$
{% endif %}
#
{% if rule != "repeat" %}
# The symbols are compared by their numbers, which count semitones. (The rest, symbol 1, counts as a very
# low note.)
#
{% endif %}
# How to work: fill in the cells that say `YOUR CODE HERE` or `YOUR ANSWER HERE`, and run the check
# below each. A check tells you what is not right yet, and what it has *not* looked at; your lecturer's
# copy looks at more. Leave the check cells as they are: they are replaced before marking.

# %%
{{ install }}

# %%
import matplotlib.pyplot as plt
import torch
from torch.nn import functional as F

from rnn_course import FeedbackTagger, MemorylessCell, fit
from rnn_course.networks.dashed_edges import tagging_loss
from rnn_course.networks.likelihood import log_likelihood
from rnn_course.tasks.chorales.task import Crops, load_chorales

torch.set_num_threads(1)

# %% [markdown]
# ## Part 1 · By hand, before any code (5 points)
#
# 1. Write $P(y \mid x)$ of the network *output to hidden* as a product over the steps, and say what each
#    factor depends on. Suppose that two beginnings $y^{(1)}, \dots, y^{(t)}$ end in the same symbol, and that
#    one is less probable than the other. Why may the less probable one be dropped for good? Does the
#    same hold for the score S in place of ln P? And for the network with *both* kinds of edges?
# 2. Two symbols, three steps, and the same x at each. The first symbol is *a* with probability {{ pa }};
#    after *a* comes *a* with probability {{ paa }}; after *b* comes *b* with probability {{ pbb }}.
{% if ending == "given" %}
#    The last symbol has to be *b*.
{% endif %}
#    Which sequence does greedy search find (it takes the most probable symbol at each step{% if ending == "given" %}, and *b* at
#    the last{% endif %}), which is the most probable, and what are their probabilities $P(y \mid x)$?
# 3. A sequence of three steps is *drawn* from the same network{% if ending == "given" %} (its last symbol is free){% endif %}. How often does it
#    repeat a symbol, in expectation? (Between 0 and 2 times.)
# 4. With 58 symbols and {{ tau }} steps, how many sequences are there? {% if ending == "given" %}(Leave the last note free here.) {% endif %}How many continuations
#    does a beam of 16 look at in each step after the first? And how many does a search look at that keeps
#    one beginning for each symbol?

# %% [markdown] kind="answer" name="by-hand" points=5
# ### BEGIN SOLUTION
# **1.** $P(y \mid x) = \prod_t P(y^{(t)} \mid x^{(t)}, y^{(t-1)})$. Whatever follows the two beginnings, its
# factors see only the last symbol, and so are the same for both; each continuation of the worse is
# less probable than the same continuation of the better. It holds for S as well, for a step is marked by
# the last symbol and the next. With *both* kinds of edges the factors also see $h^{(t)}$,
# which depends on all of $y^{(1)}, \dots, y^{(t-1)}$: the two beginnings have different futures, and the worse may overtake.
#
{% if ending == "given" %}
# **2.** Greedy: *aab*, {{ "%.3f" | format(pa * paa * (1 - paa)) }}. Most probable: *bbb*, {{ "%.3f" | format((1 - pa) * pbb * pbb) }}.
{% else %}
# **2.** Greedy: *aaa*, {{ "%.3f" | format(pa * paa * paa) }}. Most probable: *bbb*, {{ "%.3f" | format((1 - pa) * pbb * pbb) }}.
{% endif %}
#
# **3.** At step 2 with probability {{ pa }} · {{ paa }} + {{ "%.2f" | format(1 - pa) }} · {{ pbb }} = {{ "%.3f" | format(rep2) }}. Then step 2 is *a* with
# probability {{ "%.3f" | format(pa2) }}, and step 3 repeats with probability {{ "%.3f" | format(rep3) }}. Together {{ "%.3f" | format(rep2 + rep3) }}.
#
# **4.** $58^{{ '{' }}{{ tau }}{{ '}' }}$; 16 · 58 = 928; 58 · 58 = 3364.
#
# **Marks:** 2 for question 1 (1 for the product with the argument, 1 for S and *both*); 1 for question 2; 1 for question
# 3; 1 for question 4.
# ### END SOLUTION

# %% [markdown]
# ## Part 2 · All steps in one table (4 points)
#
# For one tune x, the network is a table: `log_p[t, j, k]` is the log-probability of symbol k at step t
# (counted from 0) if symbol j came before it. There are K symbols, and one more row, j = K, for $y^{(0)}$. Row K is
# used at the first step only, and the other rows at the other steps only; what stands in the remaining places
# does not matter. `model.first` is K, `model.inputs(x, before)` is what the cell reads, and from there you
# get to o as in the chapter's `at_once`. The model is in eval mode.
#
# `marked` says which steps are marked, `priced` gives the table of the score S in place of ln P. The
# function `along` adds up a table along a sequence.

# %%
def along(scores, y):
    """scores (T, K + 1, K) and sequences y (..., T) to the sum of each over its steps, (...)."""
    before = F.pad(y[..., :-1], (1, 0), value=scores.shape[2])
    return scores[torch.arange(y.shape[-1]), before, y].sum(-1)

# %% kind="code" name="table"
@torch.no_grad()
def table(model, x):
    """One tune x (T,) to log_p (T, K + 1, K)."""
    ### BEGIN SOLUTION
    K, T = model.first, len(x)
    before = torch.arange(K + 1)[:, None].expand(K + 1, T)
    h, _ = model.rnn(model.inputs(x.expand(K + 1, T), before))
    return model.V(h).log_softmax(2).transpose(0, 1)
    ### END SOLUTION


def marked(K):
    """Is the step from symbol j to symbol k marked? (K, K) booleans, a row for each j."""
    ### BEGIN SOLUTION
    j, k = torch.arange(K)[:, None], torch.arange(K)
{% if rule == "repeat" %}
    return k == j
{% elif rule == "near" %}
    return (k - j).abs() <= {{ limit }}
{% elif rule == "fall" %}
    return k < j
{% else %}
    return (k - j).abs() > {{ limit }}
{% endif %}
    ### END SOLUTION


def priced(log_p):
    """log_p (T, K + 1, K) to the table of S, of the same shape; log_p itself stays as it is."""
    ### BEGIN SOLUTION
    K = log_p.shape[2]
    price = torch.zeros(K + 1, K)
    price[:K] = {{ price }} * marked(K)
    return log_p {{ sign }} price
    ### END SOLUTION

# %% kind="check" name="check-table" points=4
# Looks at sums, at which x a step knows, and at your table along sequences beside the package's
# log-likelihood and beside the rule. It has not looked at each number: your lecturer's copy does.
from rnn_course.homework import cases, same

g = cases()
model = FeedbackTagger(7, 4, MemorylessCell(8, 10), 12).eval()
for parameter in model.parameters():
    parameter.data = torch.randn(parameter.shape, generator=g)
x, y = torch.randint(7, (6,), generator=g), torch.randint(12, (50, 6), generator=g)
log_p = table(model, x)
same(log_p.shape, (6, 13, 12), "there is a number for each step, each symbol before and each symbol")
same(log_p[1:, :12].exp().sum(2), torch.ones(5, 12),
     "whatever came before, the probabilities of a step add up to one")
same(log_p[0, 12].exp().sum(), 1.0, "the probabilities of the first step add up to one")
same(along(log_p, y), log_likelihood(model(x.expand(50, 6), y), y),
     "along a sequence the table adds up to ln P(y | x)")
other = x.clone()
other[3] = (x[3] + 1) % 7
moved = (table(model, other) - log_p)[:, :12].abs().amax((1, 2)) > 1e-6
same([t for t in range(1, 6) if moved[t]], [3],
     "a change of x at one step changes the table at that step only")
same(marked(12).shape, (12, 12), "every pair of symbols is marked or not")
same(str(marked(12).dtype), "torch.bool", "`marked` returns booleans, not numbers")
kept = log_p.clone()
added = priced(log_p)
same(along(log_p, y), along(kept, y), "pricing leaves the table of ln P as it was")
same(along(added, y[:, :1]), along(log_p, y[:, :1]),
     "the first step has no price, because it has no symbol before it")
{% if rule == "repeat" %}
marks = (y[:, 1:] == y[:, :-1]).sum(1)
{% elif rule == "near" %}
marks = ((y[:, 1:] - y[:, :-1]).abs() <= {{ limit }}).sum(1)
{% elif rule == "fall" %}
marks = (y[:, 1:] < y[:, :-1]).sum(1)
{% else %}
marks = ((y[:, 1:] - y[:, :-1]).abs() > {{ limit }}).sum(1)
{% endif %}
before, after = y[:, :-1].flatten(), y[:, 1:].flatten()
same(marked(12)[before, after].view(50, 5).sum(1), marks,
     "the marked steps are those that the rule names")
same(along(added, y) - along(log_p, y), {{ sign }}{{ price }} * marks,
     "each marked step {{ 'costs the fee' if sign == '-' else 'earns the bonus' }}, and no other does", atol=1e-4)
### BEGIN HIDDEN TESTS
read = torch.cat([model.embed.weight[x[0]], model.embed_y.weight[12]])
first = model.V(torch.tanh(model.rnn.cell.b + model.rnn.cell.U @ read))
same(log_p[0, 12], first.log_softmax(0), "the first step knows x and that nothing was written before")
wanted = []
for x_t in x[1:]:
    for j in range(12):
        read = torch.cat([model.embed.weight[x_t], model.embed_y.weight[j]])
        wanted.append(model.V(torch.tanh(model.rnn.cell.b + model.rnn.cell.U @ read)).log_softmax(0))
same(log_p[1:, :12], torch.stack(wanted).view(5, 12, 12), "each number of the table is the network's", atol=1e-4)
{% if rule == "repeat" %}
right = [[k == j for k in range(30)] for j in range(30)]
{% elif rule == "near" %}
right = [[abs(k - j) <= {{ limit }} for k in range(30)] for j in range(30)]
{% elif rule == "fall" %}
right = [[k < j for k in range(30)] for j in range(30)]
{% else %}
right = [[abs(k - j) > {{ limit }} for k in range(30)] for j in range(30)]
{% endif %}
same(marked(30).tolist(), right, "with 30 symbols the rule is the same")
### END HIDDEN TESTS

# %% [markdown]
# ## Part 3 · A beam (3 points)
#
# **Beam search** keeps several beginnings. At each step every beginning that is kept is continued by every
# symbol, and of *all* these continuations the `width` best are kept, by the sum of the table so far. Greedy
# search is a beam of 1.
#
{% if ending == "given" %}
# At the last step only continuations by the symbol `last` are allowed. A beam cannot foresee this: up to there it
# searches as if the end were free.
#
{% endif %}
# Write it for one table of scores, which may be that of ln P or that of S. Lists and a loop over the
# beginnings are fast enough if you turn each row into Python numbers first (`.tolist()`); adding and sorting
# tensors number by number is far too slow.

# %% kind="code" name="beam"
def beam(scores, width{{ args }}):
    """scores (T, K + 1, K) to the best sequence found, a list of T symbols, and its score, a number."""
    ### BEGIN SOLUTION
    T, K = len(scores), scores.shape[2]
    kept = [(0.0, [])]
    for t, rows in enumerate(scores.tolist()):
{% if ending == "given" %}
        allowed = range(K) if t < T - 1 else [last]
{% else %}
        allowed = range(K)
{% endif %}
        longer = [(score + rows[y[-1] if y else K][k], y + [k]) for score, y in kept for k in allowed]
        kept = sorted(longer, reverse=True)[:width]
    score, y = kept[0]
    return y, score
    ### END SOLUTION

# %% kind="check" name="check-beam" points=3
# Looks at a beam of 1, at one that drops nothing, and at a small trap in which a beam of 2 must fall. It
# has not looked at a beam of 2 or more elsewhere: your lecturer's copy does.
from rnn_course.homework import cases, same

g = cases()
for {{ "end" if ending == "given" else "_" }} in range(5):
    scores = torch.randn(6, 6, 5, generator=g)
    y, score = beam(scores[:1], 1{{ end }})
    same(score, scores[0, 5, int(y[0])],
         "the score that is returned for a single symbol stands in row K, not in another")
    y, score = beam(scores, 1{{ end }})
    same(len(y), 6, "a symbol is found for each step")
    same(score, along(scores, torch.tensor([int(k) for k in y])),
         "the score that is returned is that of the sequence")
{% if ending == "given" %}
    same(int(y[-1]), end, "the sequence ends in the symbol that is given")
{% endif %}
    greedy, before = [], 5
    for rows in scores:
        before = int(rows[before].argmax())
        greedy.append(before)
{% if ending == "given" %}
    greedy[-1] = end
{% endif %}
    same(torch.tensor([int(k) for k in y]), torch.tensor(greedy),
         "a beam of 1 takes the best symbol at each step{{ " (and does not look ahead to the last)" if ending == "given" else "" }}")
every = torch.cartesian_prod(*[torch.arange(5)] * 4)
{% if ending == "given" %}
every = every[every[:, -1] == end]
{% endif %}
for _ in range(10):
    scores = torch.randn(4, 6, 5, generator=g)
    sums = along(scores, every)
    y, score = beam(scores, 625{{ end }})
    same(score, sums.max(), "a beam that drops nothing finds the best score of all")
    same(torch.tensor([int(k) for k in y]), every[sums.argmax()],
         "a beam that drops nothing finds the best sequence of all")
same(beam(scores[:1], 3{{ end }})[1], scores[0, 5{{ end }}].max(),
     "a sequence of one symbol is found from row K alone")

# The trap, as products of numbers: a good last step comes after c alone. After two steps the best
# beginnings are, in this order, aa (0.25), ba (0.24) and bc (0.15).
a, b, c = torch.randperm(3, generator=g).tolist()
trap = torch.full((3, 4, 3), 0.1)
trap[0, 3, [a, b, c]] = torch.tensor([0.5, 0.3, 0.2])
trap[1, a, [a, b, c]] = torch.tensor([0.5, 0.1, 0.1])
trap[1, b, [a, b, c]] = torch.tensor([0.8, 0.1, 0.5])
trap[2, [a, b, c], a] = torch.tensor([0.4, 0.3, 0.99])
trap, letters = trap.log(), {a: "a", b: "b", c: "c"}
same("".join(letters[int(k)] for k in beam(trap, 2{{ a }})[0]), "aaa",
     "in the trap, a beam of 2 keeps two beginnings in all, aa and ba, and so misses bca")
same("".join(letters[int(k)] for k in beam(trap, 3{{ a }})[0]), "bca",
     "in the trap, a beam of 3 keeps bc, and so finds bca")
### BEGIN HIDDEN TESTS
def by_definition(scores, width, last=None):
    kept = [[]]
    for t in range(len(scores)):
        symbols = range(scores.shape[2]) if last is None or t + 1 < len(scores) else [last]
        longer = [y + [k] for y in kept for k in symbols]
        longer.sort(key=lambda y: -along(scores[: t + 1], torch.tensor(y)).item())
        kept = longer[:width]
    return kept[0]


for width in (2, 3, 7):
    for _ in range(4):
        scores = torch.randn(5, 5, 4, generator=g)
        y, score = beam(scores, width{{ zero }})
        found = by_definition(scores, width{{ zero }})
        same(torch.tensor([int(k) for k in y]), torch.tensor(found), "a wider beam keeps the best of all continuations")
        same(score, along(scores, torch.tensor(found)), "the score of a wider beam is that of its sequence")
### END HIDDEN TESTS

# %% [markdown]
# ## Part 4 · A beam that merges (3 points)
#
# Now use what you said in part 1. At each step, of all continuations that end in the *same symbol* only the best
# stays; **then**, of those that are left, the `width` best are kept. With as many beginnings as there are
# symbols, this search never misses the best sequence, though it looks at no more than K² continuations per
# step, and not at each of the ${{ "K^{T-1}" if ending == "given" else "K^T" }}$ sequences. (It is then known as the *Viterbi algorithm*.)

# %% kind="code" name="merged"
def merged(scores, width{{ args }}):
    """As `beam`, but of all beginnings that end in the same symbol only the best is kept."""
    ### BEGIN SOLUTION
    T, K = len(scores), scores.shape[2]
    kept = [(0.0, [])]
    for t, rows in enumerate(scores.tolist()):
{% if ending == "given" %}
        allowed = range(K) if t < T - 1 else [last]
{% else %}
        allowed = range(K)
{% endif %}
        best = {}
        for score, y in kept:
            for k in allowed:
                total = score + rows[y[-1] if y else K][k]
                if k not in best or total > best[k][0]:
                    best[k] = total, y + [k]
        kept = sorted(best.values(), reverse=True)[:width]
    score, y = kept[0]
    return y, score
    ### END SOLUTION

# %% kind="check" name="check-merged" points=3
# Looks at ten small tables whose best sequence is found by trying all, at a width of 1, and at the trap. It
# has not looked at other widths elsewhere: your lecturer's copy does.
from rnn_course.homework import cases, same

g = cases()
every = torch.cartesian_prod(*[torch.arange(4)] * 6)
{% if ending == "given" %}
every = every[every[:, -1] == 2]
{% endif %}
a, b, c = torch.randperm(3, generator=g).tolist()
trap = torch.full((3, 4, 3), 0.1)
trap[0, 3, [a, b, c]] = torch.tensor([0.5, 0.3, 0.2])
trap[1, a, [a, b, c]] = torch.tensor([0.5, 0.1, 0.1])
trap[1, b, [a, b, c]] = torch.tensor([0.8, 0.1, 0.5])
trap[2, [a, b, c], a] = torch.tensor([0.4, 0.3, 0.99])
trap, letters = trap.log(), {a: "a", b: "b", c: "c"}
for _ in range(10):
    scores = torch.randn(6, 5, 4, generator=g)
    y, score = merged(scores, 1{{ two }})
    same(score, along(scores, torch.tensor([int(k) for k in y])),
         "the score that is returned is that of the sequence")
    greedy, before = [], 4
    for rows in scores:
        before = int(rows[before].argmax())
        greedy.append(before)
{% if ending == "given" %}
    greedy[-1] = 2
{% endif %}
    same(torch.tensor([int(k) for k in y]), torch.tensor(greedy),
         "with a width of 1 it takes the best symbol at each step{{ " (and does not look ahead to the last)" if ending == "given" else "" }}")
same("".join(letters[int(k)] for k in merged(trap, 2{{ a }})[0]), "bca",
     "in the trap, aa and ba end in the same symbol, so that bc stays and bca is found")
for _ in range(10):
    scores = torch.randn(6, 5, 4, generator=g)
    sums = along(scores, every)
    y, score = merged(scores, 4{{ two }})
    same(score, sums.max(), "as wide as there are symbols, it finds the best score of all")
    same(torch.tensor([int(k) for k in y]), every[sums.argmax()],
         "as wide as there are symbols, it finds the best sequence of all")
long = torch.randn(300, 5, 4, generator=g)
same(merged(long, 4{{ two }})[1], merged(long, 50{{ two }})[1], "more width than there are symbols changes nothing")
### BEGIN HIDDEN TESTS
def by_definition(scores, width, last=None):
    kept = [[]]
    for t in range(len(scores)):
        symbols = range(scores.shape[2]) if last is None or t + 1 < len(scores) else [last]
        longer = [y + [k] for y in kept for k in symbols]
        longer.sort(key=lambda y: -along(scores[: t + 1], torch.tensor(y)).item())
        kept = [y for place, y in enumerate(longer) if y[-1] not in [z[-1] for z in longer[:place]]][:width]
    return kept[0]


for width in (2, 3):
    for _ in range(6):
        scores = torch.randn(5, 7, 6, generator=g)
        y, score = merged(scores, width{{ zero }})
        found = by_definition(scores, width{{ zero }})
        same(torch.tensor([int(k) for k in y]), torch.tensor(found), "a narrow search merges first, and then keeps the best")
        same(score, along(scores, torch.tensor(found)), "the score of a narrow search is that of its sequence")
### END HIDDEN TESTS

# %% [markdown]
# ## Part 5 · What to expect of a bass that is drawn (3 points)
#
# The same table says what a bass is like that is *drawn* from the network, without drawing one. Go
# through the steps with the probabilities $P(y^{(t)} = k \mid x)$ of each symbol, whatever came before, and add up
# the probability that a step is marked. (Question 3 of part 1 did this for two symbols.)

# %% kind="code" name="expected"
def expected(log_p):
    """log_p (T, K + 1, K) to the expected number of marked steps in a sequence drawn from it."""
    ### BEGIN SOLUTION
    K = log_p.shape[2]
    now, total = log_p[0, K].exp(), torch.zeros(())
    for rows in log_p[1:]:
        both = now[:, None] * rows[:K].exp()
        total = total + both[marked(K)].sum()
        now = both.sum(0)
    return total
    ### END SOLUTION

# %% kind="check" name="check-expected" points=3
# Looks at cases that can be computed in your head, and at small tables for which every sequence is tried. It
# has not looked at a long sequence, nor at a single step: your lecturer's copy does.
from rnn_course.homework import cases, same

g = cases()
even = torch.full((6, 13, 12), 1 / 12).log()
same(expected(even), 5 * marked(12).sum() / 144,
     "if all symbols are equally probable, each step is marked as often as pairs are", atol=1e-4)
walk = torch.randint(12, (9,), generator=g)
sure = torch.full((9, 13, 12), -60.0)
for t in range(9):
    sure[t, :, walk[t]] = 0.0
marks = marked(12)[walk[:-1], walk[1:]].sum()
same(expected(sure), marks,
     "of a network that is sure of one sequence, the marked steps of that sequence are expected")
every = torch.cartesian_prod(*[torch.arange(8)] * 4)
counts = marked(8)[every[:, :-1], every[:, 1:]].sum(1).float()
for _ in range(5):
    log_p = (2 * torch.randn(4, 9, 8, generator=g)).log_softmax(2)
    mean, untouched = along(log_p, every).exp() @ counts, log_p.clone()
    same(expected(log_p), mean,
         "the expected number is the mean over all sequences, each with its probability", atol=1e-4)
    same(log_p, untouched, "the table is left as it was")
### BEGIN HIDDEN TESTS
same(expected(log_p[:1]), 0.0, "a sequence of one step has no marked step")
long = (2 * torch.randn(40, 13, 12, generator=g)).log_softmax(2).double()
now, wanted = long[0, 12].exp(), 0.0
for t in range(1, 40):
    new = torch.zeros(12).double()
    for j in range(12):
        for k in range(12):
            p = now[j] * long[t, j, k].exp()
            new[k] += p
{% if rule == "repeat" %}
            wanted += p if k == j else 0.0
{% elif rule == "near" %}
            wanted += p if abs(k - j) <= {{ limit }} else 0.0
{% elif rule == "fall" %}
            wanted += p if k < j else 0.0
{% else %}
            wanted += p if abs(k - j) > {{ limit }} else 0.0
{% endif %}
    now = new
same(expected(long.float()), wanted, "over 40 steps the expected number is the sum over all steps", atol=1e-3)
### END HIDDEN TESTS

# %% [markdown]
# ## Part 6 · The experiment (4 points)
#
# `musician` trains a network *output to hidden* on the first 150 chorales, in a few seconds. Train **two seeds**, and
# make the table of each tune in `tunes`, a dozen from the test. (If the chorales are read for the first
# time on this machine, that takes about half a minute.) Then draw one figure with two panels:
#
# 1. For `beam` and for `merged`, each with widths 1, 2, 4, 8 and 16: how far the ln P of what is found lies
#    below that of the most probable bass, in nats per note, the mean over the tunes.
# 2. The share of steps that are marked ({{ called }}): in Bach's basses, in expectation if the network draws
#    them (`expected`{% if ending == "given" %}, which knows nothing of the last note{% endif %}), in the most probable basses, and in the best basses by
#    the score S. (`share` counts for you.)
#
# Label the axes.{% if ending == "given" %} The last note that is given is Bach's.{% endif %} For each seed, print ln P per note of Bach's basses and of the most probable
# ones, and `shown` of the first tune's bass: Bach's, the most probable, and the best by S.
#
# (With rows of Python numbers the searches take a few seconds in all, with tensors number by number several minutes.)
#
# **Predict before you run:** how wide must each of the two searches be to find the most probable bass? Will that
# bass have more {{ called }} than Bach's, or fewer?

# %% kind="drawing"
task = load_chorales(150, progress=False)
tunes = [(x[:n], y[:n]) for x, y, n in zip(task.test.x, task.test.y, task.test.lengths)][:12]


def musician(seed):
    """A network output to hidden, trained on random crops in random keys, as in the chapter."""
    torch.manual_seed(seed)
    K = len(task.symbols)
    model = FeedbackTagger(K, 32, MemorylessCell(64, 192), K, dropout=0.1)
    crops = Crops(task.train, steps=32, per_example=4)
    fit(model, tagging_loss, crops, epochs=16, batch_size=32, lr=0.01, seed=seed)
    return model.eval()


def steps(y):
    """Which steps of a bass of T symbols are marked, T - 1 booleans."""
    y = torch.as_tensor(y)
    return marked(len(task.symbols))[y[:-1], y[1:]]


def share(basses):
    """The share of marked steps in a list of basses."""
    return torch.cat([steps(y) for y in basses]).double().mean().item()


def shown(y):
    """The steps of a bass as a line of text: x if marked, else a dot."""
    return "".join("x" if each else "." for each in steps(y))

# %% kind="figure" name="experiment" points=4
### BEGIN SOLUTION
K, widths, notes = len(task.symbols), (1, 2, 4, 8, 16), sum(len(y) for _, y in tunes)
searches = {"beam": beam, "merged": merged}
ends = [({{ "int(y[-1])," if ending == "given" else "" }}) for _, y in tunes]  # what else the searches are told

_, (left, right) = plt.subplots(1, 2, figsize=(9, 4), layout="constrained")
shares = []
for seed in (0, 1):
    model = musician(seed)
    tables = [table(model, x) for x, _ in tunes]
    exact = [merged(each, K, *end) for each, end in zip(tables, ends)]
    best = sum(score for _, score in exact)
    for name, mark in (("beam", "s--"), ("merged", "o-")):
        below = []
        for width in widths:
            found = sum(searches[name](each, width, *end)[1] for each, end in zip(tables, ends))
            below.append((best - found) / notes)
        left.plot(widths, below, mark, color="C0" if name == "beam" else "C1",
                  fillstyle="none" if seed else "full", label=f"{name}, seed {seed}")
    by_S = [merged(priced(each), K, *end)[0] for each, end in zip(tables, ends)]
    shares.append({
        "Bach": share([y for _, y in tunes]),
        "drawn,\nexpected": sum(expected(each).item() for each in tables) / (notes - len(tunes)),
        "most\nprobable": share([y for y, _ in exact]),
        "best\nby S": share(by_S),
    })
    of_bach = sum(along(each, y).item() for each, (_, y) in zip(tables, tunes))
    print(f"seed {seed}, ln P per note: Bach {of_bach / notes:.2f}, most probable {best / notes:.2f}")
    print("Bach         ", shown(tunes[0][1]))
    print("most probable", shown(exact[0][0]))
    print("best by S    ", shown(by_S[0]))
left.set(xlabel="width", ylabel="below the most probable bass (nats per note)", xscale="log", xticks=widths)
left.set_xticklabels(widths)
left.minorticks_off()
left.legend()
for seed, row in enumerate(shares):
    right.plot(list(row), list(row.values()), "o", color=f"C{seed + 2}", label=f"seed {seed}")
right.set(ylabel="marked steps (share)", ylim=(0, None))
right.legend()
plt.show()
# Marks: 1 both searches at all widths, two seeds, against the exact one, in nats per note; 1 all four shares,
# of the same tunes; 1 ln P and the marked steps printed; 1 lines and seeds can be told apart, axes with labels.
### END SOLUTION

# %% [markdown]
# ## Part 7 · What it showed (2 points)
#
# In at most eight sentences.
#
# 1. From which width on, if any, does each search find the most probable bass? Why does merging help that
#    much: what do the places of a beam hold otherwise?
# 2. By how many nats per note is the most probable bass more probable than Bach's own? Does it {{ moves }} as
#    often as Bach's does? Is a bass that is *drawn* nearer to Bach's in that respect, and how can that be,
#    though it is less probable?
# 3. What does the {{ "fee" if sign == "-" else "bonus" }} repair, and what does it not? Look at *how many* steps of the first tune are marked,
#    and *where*.

# %% [markdown] kind="answer" name="reading" points=2
# ### BEGIN SOLUTION
# Any answer that agrees with the figure shown. **Marks:** 1 for the widths with a reason: without merging the places of a beam
# fill up with beginnings that end alike and differ only long ago, of which all but one are of no
# use; 1 for seeing that the most probable bass is not a typical one: at each step it takes what is safe, and safe
# choices all go the same way, while a bass that is drawn has the network's shares of everything, which it has
# learned from Bach. The {{ "fee" if sign == "-" else "bonus" }} moves this one share, by a number that was set by hand; whatever else is untypical stays so, such as *where* the marked steps stand.
# ### END SOLUTION

# %% [markdown]
# # Homework 6 · Is the most probable output the best one?
#
# Goes with chapter 7, *Encoder and decoder*. {{ minutes }} minutes, {{ points }} points. You need only what the
# chapter has said.
#
# A decoder gives each output y a probability, and a beam looks for the most probable ones. But each
# further symbol makes an output less probable, a right one as well as a wrong one, and an exercise of
# chapter 7 hinted that a wide beam prefers short outputs for that reason. Here you will find out by how
# much, and try a score that allows for the length n of the output:
#
{% if form == "penalty" %}
# $$\text{score}(y) = \frac{\log P(y \mid x)}{\bigl(\frac{k + n}{k + 1}\bigr)^{\alpha}} ,
# \qquad k = {{ k }} , \quad \alpha = {{ alpha }} .$$
#
# (The *length penalty* of Google's translator of 2016 has this form, with $k = 5$. With $\alpha = 0$ the
# score is $\log P$ itself.)
{% elif form == "reward" %}
# $$\text{score}(y) = \log P(y \mid x) + r\, n , \qquad r = {{ reward }} .$$
#
# (This is the *word reward* of older translators: r nats for each symbol that is written. With $r = 0$
# the score is $\log P$ itself.)
{% else %}
# $$\text{score}(y) = \log P(y \mid x) + r \min(n, n_{\max}) , \qquad r = {{ reward }} , \quad n_{\max} = {{ most }} .$$
#
# (This is a *bounded reward*: r nats for each symbol that is written, up to as many as one expects. With
# $r = 0$ the score is $\log P$ itself.)
{% endif %}
#
{% if end == "with" %}
# In this homework **n counts the end symbol**: an output of three letters and the end has $n = 4$.
{% else %}
# In this homework **n does not count the end symbol**: an output of three letters and the end has
# $n = 3$. (The *steps* of an output do count it: that is what the decoder has to write.)
{% endif %}
#
# How to work: fill in the cells that say `YOUR CODE HERE` or `YOUR ANSWER HERE`, and run the check
# below each. A check tells you what is not right yet, and what it has *not* looked at; your lecturer's
# copy looks at more. Leave the check cells as they are: they are replaced before marking.

# %%
{{ install }}

# %%
import matplotlib.pyplot as plt
import torch
from torch.nn import functional as F

from rnn_course import EncoderDecoder, GRUCell, fit
from rnn_course.networks.encoder_decoder import sequence_nll
from rnn_course.networks.likelihood import log_likelihood
from rnn_course.tasks.base import Split
from rnn_course.tasks.names import load_names

torch.set_num_threads(1)

# %% [markdown]
# ## Part 1 · By hand, before any code (5 points)
#
# Two outputs are both right answers, and the decoder finds both equally easy: each step of either
# costs $c = {{ cost }}$ nats, so that $\log P = -c\,\tau$ for an output of $\tau$ steps, the end symbol
# included. The short one has $\tau = {{ short }}$, the long one $\tau = {{ long }}$.
#
# 1. By how many nats do the two values of $\log P$ differ? How many times as probable is the short
#    output as the long one?
{% if form == "penalty" %}
# 2. Write the score as a function of $\tau$. Show that for $0 \le \alpha \le 1$ it falls with each
#    further step: whatever the length, the shorter output still wins. What would k and α have to be for the score
#    to be the *mean* log-probability per counted symbol?
{% elif form == "reward" %}
# 2. Write the score as a function of $\tau$. For which r does the length not matter at all? Which
#    outputs win if r is larger than that, and which if it is smaller?
{% else %}
# 2. Write the score as a function of $\tau$. For which r does the length not matter, as long as
#    $n \le n_{\max}$? Which length wins if r is larger than that, and which if it is smaller?
{% endif %}
# 3. Now let the long output be the easier one: its steps cost $c'$ nats each, while those of the short one
#    cost {{ cost }}. How small must $c'$ be for the long output to win by $\log P$? By the mean per step,
#    $\log P / \tau$? By the score of this homework? Three numbers, please: in part 6 you will see
#    which of these conditions real names meet.

# %% [markdown] kind="answer" name="by-hand" points=5
# ### BEGIN SOLUTION
# **1.** {{ cost }} · ({{ long }} − {{ short }}) = {{ "%.1f" | format(e_power) }} nats, so the short one is $e^{{ '{' }}{{ "%.1f" | format(e_power) }}{{ '}' }} \approx$ {{ "%.1e" | format(times) }} times as probable.
#
{% if form == "penalty" %}
# **2.** With $n = \tau{{ ' - 1' if end == 'without' else '' }}$ the score is $-c\,\tau\,\bigl((k+1)/(k+n)\bigr)^{\alpha}$. The logarithm of its size has the slope
# $1/\tau - \alpha/(k+n)$, which is positive as long as $k + n > \alpha\tau$; for $\alpha \le 1$ and $k = {{ k }}$ that is always so. So the score gets more
# negative with each step. The mean per counted symbol is $k = 0$, $\alpha = 1$.
{% elif form == "reward" %}
# **2.** With $n = \tau{{ ' - 1' if end == 'without' else '' }}$ the score is $-c\,\tau + r\,n = (r - c)\,\tau{{ ' - r' if end == 'without' else '' }}$. It does not depend on $\tau$ for $r = c = {{ cost }}$. With a larger r the longest
# output wins, with a smaller one the shortest.
{% else %}
# **2.** With $n = \tau{{ ' - 1' if end == 'without' else '' }}$ the score is $(r - c)\,\tau{{ ' - r' if end == 'without' else '' }}$ up to $n_{\max}$, and falls by c per step from there on. It does not depend on the length
# for $r = c = {{ cost }}$ and $n \le n_{\max}$. With a larger r, outputs of $n = n_{\max}$ win; with a smaller one the shortest.
{% endif %}
#
# **3.** By $\log P$: $c' < {{ cost }} \cdot {{ short }}/{{ long }} = {{ "%.2f" | format(sum_wins) }}$. By the mean: $c' < {{ cost }}$. By the score:
{% if form == "penalty" %}
# $c' < {{ "%.2f" | format(sum_wins) }} \cdot \bigl(({{ k }} + {{ n2 }})/({{ k }} + {{ n1 }})\bigr)^{ {{- alpha -}} } = {{ "%.2f" | format(score_wins) }}$.
{% elif form == "reward" %}
# $-{{ cost }} \cdot {{ short }} + {{ reward }} \cdot {{ n1 }} < -c' \cdot {{ long }} + {{ reward }} \cdot {{ n2 }}$, so $c' < {{ "%.2f" | format(score_wins) }}$.
{% else %}
# $-{{ cost }} \cdot {{ short }} + {{ reward }} \cdot {{ n1 }} < -c' \cdot {{ long }} + {{ reward }} \cdot {{ most }}$, so $c' < {{ "%.2f" | format(score_wins) }}$.
{% endif %}
#
# **Marks:** 1 for both numbers of question 1; 2 for question 2 (1 for the score as a function of $\tau$, 1 for what
# follows); 2 for question 3 (1 for $\log P$ and the mean, 1 for the score; an n that is one off costs nothing
# if question 2 lost a point for it).
# ### END SOLUTION

# %% [markdown]
# ## Part 2 · The log-probability of an output (4 points)
#
# A decoder has given its outputs o, and y holds what was written. Nobody says how long each output is;
# it is over with its **first** end symbol, and whatever stands behind that is no part of it. An output
# without an end symbol is as long as its row. `steps` finds the number of steps $\tau$; it should also take
# several candidates for each input at once, (B, K, T).
#
# `log_p` may use the `log_likelihood(o, y, lengths)` of chapter 7, which has to be told every length.

# %% kind="code" name="log-p"
def steps(y, end):
    """Symbols y (..., T) to the steps of each output (...), its first end symbol included."""
    ### BEGIN SOLUTION
    is_end = y == end
    before = is_end.cumsum(-1) - is_end.long()  # end symbols before this step
    return (before == 0).sum(-1)
    ### END SOLUTION


def log_p(o, y, end):
    """o (B, T, n_out), not normalised, and symbols y (B, T), to log P of each output (B,), in nats."""
    ### BEGIN SOLUTION
    each = o.log_softmax(2).gather(2, y.unsqueeze(2)).squeeze(2)
    inside = torch.arange(y.shape[1]) < steps(y, end).unsqueeze(1)
    return torch.where(inside, each, 0.0).sum(1)
    ### END SOLUTION

# %% kind="check" name="check-log-p" points=4
# Looks at lengths drawn at random, at outputs without an end, at what stands behind the end, and at
# the gradient. It has not compared log P of an output that ends with the sum of its steps: your
# lecturer's copy does.
from rnn_course.homework import cases, same

g = cases()
end, T = int(torch.randint(5, (), generator=g)), 9
o = 2 * torch.randn(6, T, 5, generator=g)
never = (end + 1 + torch.randint(4, (6, T), generator=g)) % 5
tau = torch.cat([torch.tensor([T, 1]), torch.randint(2, T - 1, (4,), generator=g)])
y = never.clone()
y[range(6), tau - 1] = end
y[1:, -1] = end
same(steps(never, end), torch.full((6,), T), "an output that never ends has all its steps")
same(steps(y, end), tau, "the steps of an output end with its first end symbol, which counts")
same(steps(y.view(2, 3, T), end), tau.view(2, 3), "several candidates for an input are counted as well")
found = log_p(o, y, end)
same(found.shape, (6,), "there is one number for each output")
same(log_p(o, never, end), log_likelihood(o, never), "log P of an output without an end is as the package gives it")
same(log_p(torch.zeros(6, T, 5), y, end), -tau * torch.tensor(5.0).log(),
     "if all symbols are equally probable, each step up to the end costs ln 5, that of the end symbol as well")
inside = torch.arange(T) < tau[:, None]
other_y, other_o = torch.randint(5, (6, T), generator=g), torch.randn(6, T, 5, generator=g)
same(log_p(torch.where(inside[..., None], o, other_o), torch.where(inside, y, other_y), end), found,
     "what stands behind the end changes nothing")
probe = o.clone().requires_grad_()
(received,) = torch.autograd.grad(log_p(probe, y, end).sum(), probe)
same((received.abs().amax(2) > 0).sum(1), tau, "a gradient reaches each step up to the end, and no other")
### BEGIN HIDDEN TESTS
wanted = [sum(o[i, t].log_softmax(0)[y[i, t]] for t in range(n)) for i, n in enumerate(tau.tolist())]
same(found, torch.stack(wanted), "log P is the sum of the steps' log-probabilities up to the end")
same(steps(y[0], end), T, "a single output has its number of steps")
### END HIDDEN TESTS

# %% [markdown]
# ## Part 3 · The score (3 points)
#
{% if form == "penalty" %}
# `total` holds $\log P$ of outputs and `tau` their steps, as `steps` counts them; both are of the same
# shape, whatever that is. Mind which n the score is about. The constant k is {{ k }}; α can be chosen.
{% else %}
# `total` holds $\log P$ of outputs and `tau` their steps, as `steps` counts them; both are of the same
# shape, whatever that is. Mind which n the score is about. r can be chosen.
{% endif %}

# %% kind="code" name="score"
def score(total, tau, {{ "alpha=" ~ alpha if form == "penalty" else "r=" ~ reward }}):
    """log P and steps of outputs, tensors of one shape, to their scores, of the same shape."""
    ### BEGIN SOLUTION
    n = tau{{ " - 1" if end == "without" else "" }}
{% if form == "penalty" %}
    return total / (({{ k }} + n) / {{ k + 1 }}) ** alpha
{% elif form == "reward" %}
    return total + r * n
{% else %}
    return total + r * n.clamp(max={{ most }})
{% endif %}
    ### END SOLUTION

# %% kind="check" name="check-score" points=3
# Looks at scores that can be computed in one's head, and at what one symbol more does. It has not
# compared the score at every length with its definition: your lecturer's copy does.
from rnn_course.homework import cases, same

g = cases()
total = -30 * torch.rand(3, 6, generator=g) - 1
tau = torch.randint(2, 30, (3, 6), generator=g)
same(score(total, tau).shape, (3, 6), "each output has a score")
{% if form == "penalty" %}
same(score(total, torch.full((3, 6), {{ 1 + off }})), total, "an output with n = 1 keeps its log P")
same(score(total, torch.full((3, 6), {{ k + 2 + off }})), total / 2**{{ alpha }},
     "with n = {{ k + 2 }} log P is divided by 2 to the power of {{ alpha }}")
same(score(total, tau, 0.0), total, "with α = 0 nothing is changed")
same(score(2 * total, tau), 2 * score(total, tau), "if log P is doubled, so is the score")
{% else %}
{% if end == "with" %}
same(score(total, torch.full((3, 6), 1)), total + {{ reward }}, "an output of the end symbol alone is rewarded once")
{% else %}
same(score(total, torch.full((3, 6), 1)), total, "an output of the end symbol alone is not rewarded")
{% endif %}
few = torch.randint(1, {{ most - 1 if form == "bounded" else 30 }}, (3, 6), generator=g)
same(score(total, few + 1) - score(total, few), torch.full((3, 6), {{ reward }}), "one symbol more adds {{ reward }}")
{% if form == "bounded" %}
same(score(total, {{ most + off }} + tau), score(total, torch.full((3, 6), {{ most + off }})),
     "beyond n = {{ most }} no more is added")
{% endif %}
same(score(total, tau, 0.0), total, "with r = 0 nothing is changed")
{% endif %}
same(score(torch.tensor([-torch.inf]), torch.tensor([4])), torch.tensor([-torch.inf]), "what is impossible stays impossible")
### BEGIN HIDDEN TESTS
for {{ "alpha" if form == "penalty" else "r" }} in ({{ alpha if form == "penalty" else reward }}, 0.37, 1.2):
    wanted = []
    for L, n in zip(total.flatten().tolist(), tau.flatten().tolist()):
        n -= {{ off }}
{% if form == "penalty" %}
        wanted.append(L * ({{ k + 1 }} / ({{ k }} + n)) ** alpha)
{% elif form == "reward" %}
        wanted.append(L + n * r)
{% else %}
        wanted.append(L + min({{ most }}, n) * r)
{% endif %}
    same(score(total, tau, {{ "alpha" if form == "penalty" else "r" }}).flatten(), torch.tensor(wanted),
         "the score is as defined, at every length")
### END HIDDEN TESTS

# %% [markdown]
# ## Part 4 · Candidates in order (4 points)
#
# A beam returns K candidates for each input, as rows of y, with `total` their $\log P$. Put them into the
# order of their *scores*, the best first. One thing comes before the score: a candidate that **has not
# ended** is no answer yet. Such candidates come after all that have, again in the order of their scores.
#
# (torch's `argsort` keeps ties in order with `stable=True`, but only if you write `dim=1` by name as well.)

# %% kind="code" name="ranked"
def ranked(y, total, end):
    """Candidates y (B, K, T) and their log P (B, K), to their positions among the K, (B, K), best first."""
    ### BEGIN SOLUTION
    late = ~(y == end).any(-1)
    order = score(total, steps(y, end)).argsort(1, descending=True)
    late = late.gather(1, order)
    return order.gather(1, late.long().argsort(dim=1, stable=True))
    ### END SOLUTION

# %% kind="check" name="check-ranked" points=4
# Looks at candidates that are equally long, at the order of your own scores, at candidates that have not
# ended, and at candidates that come in another order. It has not ranked anything with scores of its own:
# your lecturer's copy does.
from rnn_course.homework import at_least, cases, same

g = cases()
end, T, K = 3, 24, 7
y = torch.randint(3, (4, K, T), generator=g)  # never the end so far
total = -30 * torch.rand(4, K, generator=g) - 1
level = y.clone()
level[..., 9] = end
same(ranked(level, total, end).sort(1).values, torch.arange(K).expand(4, K), "the order names each candidate once")
same(ranked(level, total, end), total.argsort(1, descending=True), "candidates that are equally long are in the order of log P")
tau = torch.stack([torch.cat([torch.tensor([3, 6]), 9 + torch.randperm(T - 10, generator=g)[: K - 4]]) for _ in range(4)])
for i in range(4):
    y[i, range(K - 2), tau[i] - 1] = end  # the last two never end
{% if form == "penalty" %}
total = -5 * ({{ k }} + tau).double() ** torch.tensor([{{ alpha / 2 }}, {{ alpha / 2 }}, 1, 1])[:, None]
{% else %}
total = -{{ reward }} * torch.stack([0.43 * tau[0], 0.43 * tau[1], 4 + 1.5 * tau[2], 4 + 1.5 * tau[3]])
{% endif %}
total = torch.cat([total, -4 - torch.rand(4, 2, generator=g)], 1)
shuffle = torch.randperm(K, generator=g)
y, total = y[:, shuffle], total[:, shuffle]
order = ranked(y, total, end)
has_ended = (y == end).any(2)
same(has_ended.gather(1, order)[:, : K - 2].sum(1), torch.full((4,), K - 2),
     "what has not ended comes after all that have")
falls = -score(total, steps(y, end)).gather(1, order).diff(dim=1)
at_least(falls[:, : K - 3].min(), 0, "among candidates that have ended, no score is higher than the one before")
at_least(falls[:, -1].min(), 0, "among candidates that have not ended, no score is higher than the one before")
again = ranked(y.flip(1), total.flip(1), end)
same(total.flip(1).gather(1, again), total.gather(1, order), "it does not matter in which order the candidates come in")
alone = torch.cat([ranked(y[i : i + 1], total[i : i + 1], end) for i in range(4)])
same(order, alone, "an input's candidates are ranked the same alone and beside those of other inputs")
### BEGIN HIDDEN TESTS
def own(L, n):
    n = n - {{ off }}
{% if form == "penalty" %}
    return L * ({{ k + 1 }} / ({{ k }} + n)) ** {{ alpha }}
{% elif form == "reward" %}
    return L + n * {{ reward }}
{% else %}
    return L + min({{ most }}, n) * {{ reward }}
{% endif %}


wanted = []
for i in range(4):
    keys = []
    for j in range(K):
        row = y[i, j].tolist()
        n = row.index(end) + 1 if end in row else T
        keys.append((end not in row, -own(total[i, j].item(), n)))
    wanted.append(sorted(range(K), key=keys.__getitem__))
same(order, torch.tensor(wanted), "the order is that of the scores as defined")
### END HIDDEN TESTS

# %% [markdown]
# ## Part 5 · The experiment (4 points)
#
# `trained` below trains a small decoder that writes names: it is told a language (the input is a single
# symbol) and writes a name in it, letter by letter. Names have all lengths, and a long one is as right an
# answer as a short one. Training takes about half a minute.
#
# `names_to_write` returns the task with its symbols and labels, the splits for training and for validation
# (below: `train` and `valid`), and the number of the end symbol. Draw one figure with two panels.
#
# 1. *Pairs of true names.* Take all pairs of names of `valid` in the same language of which one has at most 7 letters
#    and the other at least 15. In what share of the pairs does the **short** name have the higher score?
#    Draw this share against {{ "α, from 0 to 1.6" if form == "penalty" else "r, from 0 to 8" if form == "bounded" else "r, from 0 to 3" }}, with a mark at the {{ "α" if form == "penalty" else "r" }} of this homework; and, as a
#    horizontal line, the same share for the mean per step, $\log P/\tau$. (Use `log_p` on `model(x, y)`.)
#    Also print the mean cost of a step, minus the sum of the $\log P$ over the sum of the $\tau$: for all names,
#    for the short and for the long ones.
# 2. *What the decoder writes.* Let a beam of 20 look for names in each language:
#    `model.beam(torch.arange(len(names.labels))[:, None], steps=40, width=20, end=end)` has `y` and `log_p`. Of its
#    candidates (have all of them ended?), take the best by $\log P$, by the mean per step, and by your `ranked`.
#    Draw the mean number of letters of each of the three, and that of the names in `valid`.
#
# Print some of the names that each of the three has chosen; cut each row before its end, which is not among the
# symbols: `names.decode(row[None, : tau - 1])`. **Before you run it:** on which side of a half will the line of the
# mean lie, and why? (Which letters of a name can be guessed from those before, and which cannot?)

# %%
def names_to_write():
    """For training and validation: a language (N, 1), and a name with its end (N, T)."""
    names = load_names()
    end = len(names.symbols)
    splits = []
    for split in (names.train, names.valid):
        y = F.pad(split.x, (0, 1))
        y[range(len(y)), split.lengths] = end
        splits.append(Split(split.y[:, None], y, torch.ones_like(split.lengths), split.lengths + 1))
    return names, splits, end


def trained(train, n_languages, end, seed=0):
    """A decoder that is told a language and writes a name."""
    torch.manual_seed(seed)
    model = EncoderDecoder(n_languages, end + 1, GRUCell(16, 16), GRUCell(32 + 16, 96), 16, end)
    fit(model, sequence_nll, train, epochs=2, batch_size=64, lr=8e-3, clip=5.0, seed=seed)
    return model.eval()

# %% kind="figure" name="experiment" points=4
### BEGIN SOLUTION
names, (train, valid), end = names_to_write()
model = trained(train, len(names.labels), end)
with torch.no_grad():
    total = log_p(model(valid.x, valid.y), valid.y, end)
tau, language = steps(valid.y, end), valid.x[:, 0]


def short_wins(value):
    """In what share of the pairs of one language is the short name's value higher?"""
    won = of = 0
    for i in range(len(names.labels)):
        short = value[(language == i) & (tau - 1 <= 7)]
        long = value[(language == i) & (tau - 1 >= 15)]
        won += (short[:, None] > long).sum().item()
        of += len(short) * len(long)
    return won / of


for which, rows in {"all": tau > 0, "short": tau - 1 <= 7, "long": tau - 1 >= 15}.items():
    print(f"mean cost of a step, {which} names: {-(total[rows].sum() / tau[rows].sum()).item():.2f} nats")
mine = {{ alpha if form == "penalty" else reward }}
grid = torch.linspace(0, {{ {"penalty": 1.6, "reward": 3, "bounded": 8}[form] }}, 17).tolist()
_, (left, right) = plt.subplots(1, 2, figsize=(9, 3.6), layout="constrained")
left.plot(grid, [short_wins(score(total, tau, each)) for each in grid], "o-", label="score")
left.plot(mine, short_wins(score(total, tau)), "s", markersize=11, label="this homework's")
left.axhline(short_wins(total / tau), color="C2", label="mean per step")
left.axhline(0.5, color="0.7", linewidth=0.8)
left.set(xlabel="{{ "α" if form == "penalty" else "r (nats per symbol)" }}", ylabel="pairs in which the short name wins (share)", ylim=(0, 1.02))
left.legend()

beam = model.beam(torch.arange(len(names.labels))[:, None], steps=40, width=20, end=end)
beam_tau = steps(beam.y, end)
print("candidates that have not ended:", (beam.y != end).all(2).sum().item())
firsts = {
    "log P": beam.log_p.argmax(1),
    "score": ranked(beam.y, beam.log_p, end)[:, 0],
    "mean": (beam.log_p / beam_tau).argmax(1),
}
letters = {}
for name, first in firsts.items():
    chosen = beam.y[range(len(first)), first]
    letters[name] = (steps(chosen, end) - 1).double().mean().item()
    written = [names.decode(row[None, : n - 1])[0] for row, n in zip(chosen, steps(chosen, end))]
    print(f"{name:6}", ", ".join(written[:8]))
letters["true names"] = (tau - 1).double().mean().item()
right.bar(list(letters), list(letters.values()))
right.set(xlabel="the best of 20 candidates by …", ylabel="letters of a name (mean)")
plt.show()
# Marks: 1 shares over pairs of the same language, from validation names; 1 the curve, the mark and the line of
# the mean; 1 three choices from the same candidates, and the true names beside them; 1 axes with labels and units.
### END SOLUTION

# %% [markdown]
# ## Part 6 · What it showed (2 points)
#
# In at most six sentences: how strong is the bias of $\log P$ towards short names, and what becomes of it
{% if form == "penalty" %}
# with the α of this homework? At which α would the two lengths win equally often?
{% elif form == "reward" %}
# with the r of this homework? At which r would the two lengths win equally often, and is that near the
# mean cost of a step, as part 1 suggests?
{% else %}
# with the r of this homework? At which r would the two lengths win equally often, and why is that so much
# more than the mean cost of a step?
{% endif %}
# Put the mean costs of a step in short and in long names in the place of $c$ and $c'$: which of the three
# conditions of part 1 do they meet? The mean per step treats two outputs with equally easy steps alike: why
# does it not come out at a half here? Look at the names that the mean has chosen.

# %% [markdown] kind="answer" name="reading" points=2
# ### BEGIN SOLUTION
# Any answer that agrees with the figure shown. **Marks:** 1 for the bias of $\log P$ (the short name wins nearly always), what the
# score leaves of it, and where the curve crosses a half{{ " (beyond $n_{\\max}$ a step costs and is not rewarded, so the steps before must be rewarded for it)" if form == "bounded" else "" }}; 1 for the conditions, and a reason why the mean prefers
# long outputs: c' is less than c, which is its condition, but not as small as log P demands, since steps are not equally easy. The
# first letters of a name cost most, and so does deciding to end; the later letters of a long name are easy (endings, repetitions, years in
# brackets), so that a long output dilutes its hard steps.
# ### END SOLUTION

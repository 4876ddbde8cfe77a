# %% [markdown]
# # Homework 8 · The cliff, found by hand
#
# Goes with chapter 9, *Long gaps*; the cliff itself is in chapter 11. {{ minutes }} minutes, {{ points }} points.
#
# A single unit with a memory is enough to make a cliff in the loss:
#
{% if form == "plain" %}
# $$h^{(t)} = \tanh\bigl(b + w\,h^{(t-1)}\bigr) , \qquad t = 1 \dots T .$$
{% else %}
# $$h^{(t)} = \alpha\,h^{(t-1)} + (1 - \alpha)\tanh\bigl(b + w\,h^{(t-1)}\bigr) , \qquad t = 1 \dots T , \qquad \alpha = {{ alpha }} .$$
#
# (It is a leaky unit: it keeps the share $\alpha$ of what it was.)
{% endif %}
#
# It starts at $h^{(0)} = {{ h0 }}$, gets no input, and after $T = {{ T }}$ steps should have arrived at $y = {{ y }}$:
#
# $$L(w, b) = \bigl(h^{(T)} - y\bigr)^2 .$$
#
# You will predict where the cliff is, find its slope in two ways, and jump off it, with and without a
# rope.
#
# Fill in the cells that say `YOUR CODE HERE` or `YOUR ANSWER HERE`, and run the check below each. A check
# says what it has *not* looked at; your lecturer's copy looks at more. Leave the check cells as they
# are.

# %%
{{ install }}

# %%
import matplotlib.pyplot as plt
import torch

torch.set_num_threads(1)
torch.set_default_dtype(torch.float64)  # finite differences need the digits
T, h0, y = {{ T }}, {{ h0 }}, {{ y }}

# %% [markdown]
# ## Part 1 · Where is the cliff? (5 points)
#
# Let $w = {{ w }}$, and turn up $b$ slowly from 0.
#
# 1. A state that no longer changes, $h^{(t)} = h^{(t-1)} = h$, satisfies $h = \tanh(b + w h)$. Why{% if form != "plain" %}, and why does α
#    not appear in it{% endif %}? How many such $h$ are there for $b = 0$ (draw both sides), and to which of them does the
#    unit go from $h^{(0)} = {{ h0 }}$?
# 2. As $b$ grows, the state at which the unit had settled disappears: there the line $h$ touches the curve
#    $\tanh(b + w h)$. Two conditions hold at that point, equal values and equal slopes. Solve them for $h$
#    and for $b^*$, as formulas in $w$, and put in the number.
# 3. Predict: is the cliff of $L$ exactly at $b^*$, or to which side of it? Does it move when $T$ grows?

# %% [markdown] kind="answer" name="by-hand" points=5
# ### BEGIN SOLUTION
# **1.** Setting both states to h gives $h = \tanh(b + wh)$ (a leak drops out: $h = \alpha h + (1-\alpha)\tanh(\cdot)$). For
# $b = 0$ and $w > 1$ there are three: 0 and a positive and a negative one. From a negative start the unit
# goes to the negative one.
#
# **2.** $h = \tanh(b + wh)$ and $1 = w(1 - h^2)$, so $h = -\sqrt{1 - 1/w}$ and
# $b^* = \operatorname{artanh}(h) - wh = w\sqrt{1 - 1/w} - \operatorname{artanh}\sqrt{1 - 1/w}$, here {{ "%.4f" | format(b_star) }}.
#
# **3.** To the right of it, for just above $b^*$ the unit passes the place where the two curves nearly touch, in
# small steps, and needs more than T of them. With T the cliff moves left, towards $b^*$.
#
# **Marks:** 1 for the fixed points (1 alone is enough for “three, and the negative one”); 2 for the two
# conditions and their solution (1 for the conditions); 1 for the number; 1 for the side with its reason.
# ### END SOLUTION

# %% [markdown]
# ## Part 2 · The run, and its loss (3 points)

# %% kind="code" name="run"
def run(w, b, start=h0, steps=T):
    """The states of the unit from h(0) on, as one tensor (steps + 1,); w, b, start: tensors or numbers."""
    ### BEGIN SOLUTION
    h = [torch.as_tensor(start)]
    for _ in range(steps):
        new = torch.tanh(b + w * h[-1])
{% if form == "plain" %}
        h.append(new)
{% else %}
        h.append({{ alpha }} * h[-1] + (1 - {{ alpha }}) * new)
{% endif %}
    return torch.stack([torch.as_tensor(each) for each in h])
    ### END SOLUTION


def loss(w, b):
    """L, a tensor of no axes."""
    ### BEGIN SOLUTION
    return (run(w, b)[-1] - y) ** 2
    ### END SOLUTION

# %% kind="check" name="check-run" points=3
# Looks at the first state, at states that should not change, and at w = 0. It has not compared a whole
# run with a loop: your lecturer's copy does.
from rnn_course.homework import cases, same

g = cases()
w, b = 2 + torch.rand((), generator=g) / 2, 1.5 + torch.rand((), generator=g)
h = run(w, b)
same(h.shape, (T + 1,), "there are T + 1 states, the first one among them")
same(h[0], h0, "the first state is the start")
rest = 0.9 + 0.05 * torch.rand((), generator=g)
same(run(w, torch.atanh(rest) - w * rest, rest), rest.expand(T + 1), "a state with h = tanh(b + w h) never changes")
{% if form == "plain" %}
same(run(0.0 * w, b)[1:], torch.tanh(b).expand(T), "without w the unit forgets its start at once")
{% else %}
kept = {{ alpha }} ** torch.arange(T + 1)
same(run(0.0 * w, b), kept * h0 + (1 - kept) * torch.tanh(b), "without w the start fades by the factor {{ alpha }} per step")
{% endif %}
same(loss(w, b), (h[T] - y) ** 2, "the loss is the squared distance of the last state from y")
(slope,) = torch.autograd.grad(loss(w.requires_grad_(), b), w)
same(slope.isfinite(), True, "autograd can follow the loss back to w")
### BEGIN HIDDEN TESTS
state = torch.tensor(h0)
for each in run(w, b)[1:]:
{% if form == "plain" %}
    state = torch.tanh(b + w * state)
{% else %}
    state = {{ alpha }} * state + (1 - {{ alpha }}) * torch.tanh(b + w * state)
{% endif %}
    same(each, state, "each state follows from the one before by the equation above")
### END HIDDEN TESTS

# %% [markdown]
# ## Part 3 · The slope by finite differences (3 points)
#
# For a function $f$ of a vector $\theta$, the **central difference** in each of its numbers is
#
# $$\frac{f(\theta + \varepsilon e_i) - f(\theta - \varepsilon e_i)}{2 \varepsilon} .$$
#
# Write it for any function and any vector. It must leave `theta` as it found it.

# %% kind="code" name="numerical"
def numerical(f, theta, eps):
    """The central differences (n,) of f, which takes (n,) to a number, at theta (n,)."""
    ### BEGIN SOLUTION
    steps = eps * torch.eye(len(theta), dtype=theta.dtype)
    return torch.stack([(f(theta + step) - f(theta - step)) / (2 * eps) for step in steps]).detach()
    ### END SOLUTION

# %% kind="check" name="check-numerical" points=3
# Looks at polynomials, for which the error is known, and at whether theta is left alone. It has not
# looked at your loss: your lecturer's copy does.
from rnn_course.homework import cases, same

g = cases()
theta = torch.randn(3, generator=g)
kept = theta.clone()
c = torch.tensor([2.0, -1.0, 0.5])
same(numerical(lambda v: (c * v).sum(), theta, 0.1), c, "for a linear function the differences are its coefficients")
same(theta, kept, "theta is as it was")
same(numerical(lambda v: (v**2).sum() + v[0] * v[2], theta, 0.1), 2 * theta + torch.stack([theta[2], 0 * theta[1], theta[0]]),
     "for a quadratic function central differences are exact, and each number is moved alone")
same(numerical(lambda v: (v**3).sum(), theta, 0.1), 3 * theta**2 + 0.01, "for a cube the error is ε², no more")
### BEGIN HIDDEN TESTS
theta = torch.tensor([{{ w }}, 0.1])
(wanted,) = torch.autograd.grad((torch.tanh(theta.requires_grad_()).prod()), theta)
same(numerical(lambda v: torch.tanh(v).prod(), theta.detach(), 1e-5), wanted, "for small ε the differences are the gradient", atol=1e-7)
### END HIDDEN TESTS

# %% [markdown]
# ## Part 4 · The slope by hand, forwards (4 points)
#
# Chapter 9 went back from the loss. With only two parameters it is as cheap to go *forwards*: differentiate the
# recurrence itself with respect to $w$. With $p^{(t)} = \partial h^{(t)} / \partial w$ and $q^{(t)} = \partial h^{(t)} / \partial b$,
# both 0 at $t = 0$, each follows from the one before. Derive how, and compute
# $\partial L / \partial w$ and $\partial L / \partial b$ without autograd.

# %% kind="code" name="slope"
def slope(w, b, steps=T):
    """∂L/∂w and ∂L/∂b after so many steps, as a tensor (2,), by the recursions for p and q."""
    ### BEGIN SOLUTION
    h, p, q = torch.tensor(h0), 0.0, 0.0
    for _ in range(steps):
        new = torch.tanh(b + w * h)
        steep = 1 - new**2
{% if form == "plain" %}
        p, q = steep * (h + w * p), steep * (1 + w * q)
        h = new
{% else %}
        p = {{ alpha }} * p + (1 - {{ alpha }}) * steep * (h + w * p)
        q = {{ alpha }} * q + (1 - {{ alpha }}) * steep * (1 + w * q)
        h = {{ alpha }} * h + (1 - {{ alpha }}) * new
{% endif %}
    return 2 * (h - y) * torch.stack([torch.as_tensor(p), torch.as_tensor(q)])
    ### END SOLUTION

# %% kind="check" name="check-slope" points=4
# Looks at your recursions beside autograd through your own run, and at w = 0, where they can be done in your
# head. It has not looked at the cliff itself: your lecturer's copy does.
from rnn_course.homework import cases, same

g = cases()
w, b, few = torch.rand((), generator=g) / 2 + 0.5, torch.rand((), generator=g) / 2 + 0.2, 3
with torch.no_grad():
    got, still, first = slope(w, b, few), slope(0.0 * w, b, few), slope(w, b, 1)
same(got.shape, (2,), "there are two numbers, one for w and one for b")
same(first[0], first[1] * h0, "after one step, the slope in w is that in b times the first state")
h = run(0.0 * w, b, steps=few)
{% if form == "plain" %}
same(still[1], 2 * (h[-1] - y) * (1 - h[-1] ** 2), "without w, only the last step passes on a change of b")
{% else %}
same(still[1], 2 * (h[-1] - y) * (1 - {{ alpha }} ** few) * (1 - torch.tanh(b) ** 2), "without w, what the unit keeps of each step's change of b adds up")
{% endif %}
pair = w.clone().requires_grad_(), b.clone().requires_grad_()
wanted = torch.stack(torch.autograd.grad((run(*pair, steps=few)[-1] - y) ** 2, pair))
same(got[1], wanted[1], "the slope in b is what autograd gives")
same(got[0], wanted[0], "the slope in w is what autograd gives")
### BEGIN HIDDEN TESTS
pair = torch.tensor({{ w }}).requires_grad_(), torch.tensor({{ "%.4f" | format(b_star) }} + 0.02).requires_grad_()
wanted = torch.stack(torch.autograd.grad((run(*pair)[-1] - y) ** 2, pair))
with torch.no_grad():
    same(slope(*pair), wanted, "near the cliff as well the slopes are what autograd gives")
### END HIDDEN TESTS

# %% [markdown]
# ## Part 5 · The rope (3 points)
#
{% if clip == "norm" %}
# Clip the **norm of the whole**: if all tensors of the gradient together have a Euclidean norm above the bound,
# multiply every one of them by the same factor, so that the norm is the bound. Otherwise return them as
# they are.
{% elif clip == "value" %}
# Clip **each number**: what is above the bound becomes the bound, what is below minus the bound becomes minus the
# bound, and every other number stays as it is. (This is not the norm, which chapter 11 clips.)
{% else %}
# Clip **each tensor by itself**: a tensor whose own Euclidean norm is above the bound is multiplied by a factor
# that makes its norm the bound; the others stay as they are.
{% endif %}
# Do not change the tensors that you are given.

# %% kind="code" name="clip"
def clip(gradient, bound):
    """A list of tensors of any shapes to the list of the clipped ones."""
    ### BEGIN SOLUTION
{% if clip == "norm" %}
    norm = torch.cat([each.flatten() for each in gradient]).norm()
    factor = bound / norm if norm > bound else 1.0
    return [factor * each for each in gradient]
{% elif clip == "value" %}
    return [each.clamp(-bound, bound) for each in gradient]
{% else %}
    return [each * (bound / each.norm() if each.norm() > bound else 1.0) for each in gradient]
{% endif %}
    ### END SOLUTION

# %% kind="check" name="check-clip" points=3
# Looks at gradients over and under the bound, and at one of zeros. It has not compared the clipped
# gradients with the definition: your lecturer's copy does.
from rnn_course.homework import cases, same

g = cases()
small = [0.01 * torch.randn(2, 3, generator=g), 0.01 * torch.randn(4, generator=g)]
same(clip(small, {{ bound }}), small, "a gradient under the bound stays as it is")
same(clip([torch.zeros(3)], {{ bound }}), [torch.zeros(3)], "a gradient of zeros stays zero")
large = [torch.rand(2, 3, generator=g) + 4, -30 * torch.rand(4, generator=g) - 40, small[1]]
kept = [each.clone() for each in large]
got = clip(large, {{ bound }})
same(large, kept, "the tensors that were given are as they were")
same([each.shape for each in got], [each.shape for each in large], "every tensor keeps its shape")
{% if clip == "norm" %}
same(sum(each.square().sum() for each in got).sqrt(), {{ bound }}, "the norm of the whole is the bound")
same(torch.cat([each.flatten() for each in got]) / got[0][0, 0], torch.cat([each.flatten() for each in large]) / large[0][0, 0], "every number is scaled by the same factor, so the direction stays")
{% elif clip == "value" %}
same(max(each.abs().max() for each in got), {{ bound }}, "the largest number, which was beyond the bound, is now the bound")
same(got[2], small[1], "numbers under the bound stay as they are, whatever the others are")
same([each.sign() for each in got], [each.sign() for each in large], "every number keeps its sign")
{% else %}
same([got[0].norm(), got[1].norm()], [{{ bound }}, {{ bound }}], "a tensor whose own norm is above the bound has the bound as its norm")
same(got[2], small[1], "a tensor under the bound stays as it is, whatever the others are")
same(got[1] / got[1][0], large[1] / large[1][0], "within a tensor every number is scaled by the same factor")
{% endif %}
### BEGIN HIDDEN TESTS
{% if clip == "norm" %}
norm = sum(each.square().sum() for each in large).sqrt()
same(got, [each * {{ bound }} / norm for each in large], "the clipped gradient is the gradient times bound over norm")
{% elif clip == "value" %}
same(got, [each.clamp(-{{ bound }}, {{ bound }}) for each in large], "each number is clipped to the bound by itself")
{% else %}
same(got, [each * min(1.0, {{ bound }} / each.norm().item()) for each in large], "each tensor is clipped by its own norm")
{% endif %}
edge = [torch.tensor([{{ bound }}, 0.0])]
same(clip(edge, {{ bound }}), edge, "a gradient that is at the bound stays as it is")
### END HIDDEN TESTS

# %% [markdown]
# ## Part 6 · Over the edge (4 points)
#
# Set $w = {{ w }}$.
#
# 1. Draw $L$ against $b$ on a grid of 2001 points from 0 to {{ b_end }}, and once more close up, from just below your $b^*$
#    to 0.1 above it. Mark $b^*$ in both.
# 2. Find the steepest point of the grid by `slope`. Put beside its slope in $b$ there the central difference for
#    $\varepsilon = 10^{-2}, 10^{-4}, \dots, 10^{-12}$, and draw the error against ε, both axes logarithmic.
# 3. From the steepest point take **one** step of gradient descent in both $w$ and $b$ with a rate of {{ rate }}, once
#    unclipped, once clipped to {{ bound }}. Print where each ends, the loss there, and the slope there.

# %% kind="figure" name="experiment" points=4
### BEGIN SOLUTION
w = torch.tensor({{ w }})
grid = torch.linspace(0, {{ b_end }}, 2001)
with torch.no_grad():
    losses = torch.stack([loss(w, b) for b in grid])
    slopes = torch.stack([slope(w, b) for b in grid])
b = grid[slopes[:, 1].abs().argmax()]
exact = slope(w, b)
_, (left, close, right) = plt.subplots(1, 3, figsize=(12, 3.5), layout="constrained")
fine = torch.linspace({{ "%.4f" | format(b_star) }} - 0.02, {{ "%.4f" | format(b_star) }} + 0.1, 2001)
close.plot(fine, torch.stack([loss(w, each) for each in fine]))
close.axvline({{ "%.4f" | format(b_star) }}, linestyle="--", color="grey")
close.set(xlabel="b", ylabel="L")
left.plot(grid, losses)
left.axvline({{ "%.4f" | format(b_star) }}, linestyle="--", color="grey", label="b*")
left.set(xlabel="b", ylabel="L")
left.legend()
sizes = [10.0**-n for n in range(2, 13)]
errors = [(numerical(lambda v: loss(*v), torch.stack([w, b]), e)[1] - exact[1]).abs() for e in sizes]
right.loglog(sizes, errors, "o-")
right.set(xlabel="ε", ylabel="error of the central difference")
plt.show()
for name, step in {"as it is": exact, "clipped": torch.cat(clip([exact[:1], exact[1:]], {{ bound }}))}.items():
    new = torch.stack([w, b]) - {{ rate }} * step
    print(f"{name}: slope {exact.tolist()}, to w = {new[0]:.3f}, b = {new[1]:.3f}, loss {loss(*new):.4f}, slope {slope(*new).tolist()}")
# Marks: 1 the curve with b* marked, labels; 1 the steepest point and its slopes; 1 the error against ε, both
# axes logarithmic; 1 both steps with their losses.
### END SOLUTION

# %% [markdown]
# ## Part 7 · What it showed (2 points)
#
# In at most six sentences: was the cliff where you had predicted it? Why does the error of the central difference
# first fall and then rise as ε shrinks, and why is it so large here for $\varepsilon = 10^{-2}$? What did the rope change:
# the direction of the step, its length, or both? From which of the two places can the descent go on?

# %% [markdown] kind="answer" name="reading" points=2
# ### BEGIN SOLUTION
# The cliff lies right of $b^*$, as predicted. For large ε the two points stand on both sides of the cliff, and
# the truncation error, ε² times the third derivative, is large because the cliff is narrow; for small ε
# rounding in L, divided by 2ε, takes over.
{% if clip == "norm" %}
# Clipping the whole norm changes the length and not the direction.
{% else %}
# Clipped like this the step changes its direction as well: both numbers end at the same size, whatever their ratio was.
{% endif %}
# **Marks:** 1 for both reasons of the error; 1 for the rope with its reason.
# ### END SOLUTION

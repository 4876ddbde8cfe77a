# %% [markdown]
# # Twelve puzzles
#
# Each of these comes up in every recurrent network, and each can be written in **one line** of PyTorch:
# one `return`, no loop, no `if`, no comprehension. Allowed are indexing, broadcasting, `@`, comparisons,
# and any function of torch that you know or find; and the puzzles before, by their names. A drawing
# says what goes in and what comes out (axes of size 1 are not drawn); the check below looks at random cases.
#
# The check does not count your lines; you do. If you are stuck, write the loop first, and then ask of each index: is it summed
# over, looked up, or compared?

# %%
{{ install }}

# %%
import torch

from rnn_course.homework.drawing import puzzle

# %% [markdown]
# ## 1 · Mask (1 point)
#
# A batch of sequences is a rectangle, and every sequence has its own length. Which of the places belong
# to a sequence, and which to the padding?

# %% kind="drawing"
puzzle({"lengths": [2, 5, 1]}, {"mask": [[1, 1, 0, 0, 0], [1, 1, 1, 1, 1], [1, 0, 0, 0, 0]]})

# %% kind="code" name="mask"
def mask(lengths, T):
    """lengths (B,) to truth values (B, T): is this step one of the sequence's own?"""
    ### BEGIN SOLUTION
    return torch.arange(T) < lengths[:, None]
    ### END SOLUTION

# %% kind="check" name="check-mask" points=1
# Looks at random lengths, from 1 to T.
from rnn_course.homework import cases, same

g = cases()
lengths = torch.cat([torch.randint(1, 9, (5,), generator=g), torch.tensor([1, 8])])
wanted = [[float(t < n) for t in range(8)] for n in lengths.tolist()]
got = mask(lengths, 8)
same(str(got.dtype), "torch.bool", "the mask holds truth values")
same(got.float(), torch.tensor(wanted), "the first steps of each sequence, as many as it is long, are its own")

# %% [markdown]
# ## 2 · The last step (1 point)
#
# Chapter 1 read every summary at the sequence's own end. Gather it.

# %% kind="drawing"
puzzle({"h": [[1, 2, 9, 9], [3, 4, 5, 6]], "lengths": [2, 4]}, {"last": [2, 6]})

# %% kind="code" name="last"
def last(h, lengths):
    """h (B, T, n) and lengths (B,) to h at each sequence's own last step, (B, n)."""
    ### BEGIN SOLUTION
    return h[torch.arange(len(h)), lengths - 1]
    ### END SOLUTION

# %% kind="check" name="check-last" points=1
# Looks at random states and lengths.
from rnn_course.homework import cases, same

g = cases()
h, lengths = torch.randn(6, 5, 3, generator=g), torch.tensor([5, 1, 3, 2, 4, 5])
same(last(h, lengths), torch.stack([h[i, n - 1] for i, n in enumerate(lengths.tolist())]),
     "of each sequence it is the state at its own last step")

# %% [markdown]
# ## 3 · One-hot (1 point)
#
# A symbol as a vector: all zeros but for a one at the symbol's number. (torch has a function for it. Do
# without.)

# %% kind="drawing"
puzzle({"x": [2, 0]}, {"one-hot": [[0, 0, 1], [1, 0, 0]]})

# %% kind="code" name="one-hot"
def one_hot(x, n):
    """Symbols x (B, T), from 0 to n − 1, to vectors (B, T, n) of zeros and a one."""
    ### BEGIN SOLUTION
    return (x[..., None] == torch.arange(n)).float()
    ### END SOLUTION

# %% kind="check" name="check-one-hot" points=1
# Looks at random symbols.
from rnn_course.homework import cases, same

x = torch.randint(5, (3, 4), generator=cases())
got = one_hot(x, 5)
same(got.shape, (3, 4, 5), "each symbol becomes a vector of n numbers")
same(got.sum(2), torch.ones(3, 4), "each vector holds a single one")
same(got.float() @ torch.arange(5.0), x.float(), "the one stands at the symbol's number")

# %% [markdown]
# ## 4 · What the teacher says (1 point)
#
# A network that writes is given the symbol before: at the first step a start symbol, then the target, one
# step late.

# %% kind="drawing"
puzzle({"y": [[4, 5, 6, 7]], "start": [1]}, {"before": [[1, 4, 5, 6]]})

# %% kind="code" name="before"
def before(y, start):
    """Targets y (B, T) and a number `start` to what the teacher gives, (B, T)."""
    ### BEGIN SOLUTION
    return torch.cat([torch.full_like(y[:, :1], start), y[:, :-1]], dim=1)
    ### END SOLUTION

# %% kind="check" name="check-before" points=1
# Looks at random targets, and at a sequence of one step.
from rnn_course.homework import cases, same

y = torch.randint(2, 9, (3, 6), generator=cases())
got = before(y, 1)
same(got.shape, (3, 6), "there is an input for each target")
same(got[:, 0], torch.ones(3), "at the first step stands the start symbol")
same(got[:, 1:], y[:, :-1], "at each later step stands the target of the step before")
same(before(y[:, :1], 0), torch.zeros(3, 1), "a sequence of one step gets the start symbol alone")

# %% [markdown]
# ## 5 · The mean that leaves out the padding (1 point)
#
# The loss of each step is there, for the padding as well. Of the steps that are real, take the mean: each
# step counts once, so a long sequence counts more than a short one.

# %% kind="drawing"
puzzle({"losses": [[1, 3, 9, 9], [2, 2, 2, 9]], "lengths": [2, 3]}, {"mean": [2]})

# %% kind="code" name="mean-inside"
def mean_inside(losses, lengths):
    """Losses (B, T) and lengths (B,) to one number: the mean over all steps that are real."""
    ### BEGIN SOLUTION
    return losses[mask(lengths, losses.shape[1])].mean()
    ### END SOLUTION

# %% kind="check" name="check-mean-inside" points=1
# Looks at random losses, with large ones in the padding.
from rnn_course.homework import cases, same

losses, lengths = torch.rand(3, 6, generator=cases()), torch.tensor([6, 2, 4])
real = torch.cat([row[:n] for row, n in zip(losses, lengths.tolist())])
loud = losses.clone()
loud[1, 2:] = 1000
same(mean_inside(loud, lengths), mean_inside(losses, lengths), "what stands in the padding does not count")
same(mean_inside(losses, lengths), real.mean(), "each real step counts once")

# %% [markdown]
# ## 6 · Reversed, but not its padding (1 point)
#
# The backward network of chapter 5 starts at each sequence's own end. The padding stays where it is.

# %% kind="drawing"
puzzle({"x": [[1, 2, 0, 0], [3, 4, 5, 0]], "lengths": [2, 3]}, {"reversed": [[2, 1, 0, 0], [5, 4, 3, 0]]})

# %% kind="code" name="reverse"
def reverse(x, lengths):
    """x (B, T) and lengths (B,) to x with each sequence reversed inside its own length."""
    ### BEGIN SOLUTION
    return x.gather(1, (lengths[:, None] - 1 - torch.arange(x.shape[1])).where(mask(lengths, x.shape[1]), torch.arange(x.shape[1])))
    ### END SOLUTION

# %% kind="check" name="check-reverse" points=1
# Looks at random sequences, and reverses them twice.
from rnn_course.homework import cases, same

x, lengths = torch.randint(1, 90, (4, 7), generator=cases()), torch.tensor([7, 1, 4, 6])
wanted = torch.stack([torch.cat([row[:n].flip(0), row[n:]]) for row, n in zip(x, lengths.tolist())])
got = reverse(x, lengths)
same(got[0], wanted[0], "a sequence as long as the rectangle is reversed from end to end")
same([row[n:] for row, n in zip(got, lengths.tolist())], [row[n:] for row, n in zip(x, lengths.tolist())],
     "the padding stays where it is")
same(got, wanted, "each sequence is reversed inside its own length")
same(reverse(got, lengths), x, "reversed twice, it is as before")

# %% [markdown]
# ## 7 · One step back (1 point)
#
# Back-propagation through time, one step of it. With $h^{(t)} = \tanh(b + W h^{(t-1)} + U x^{(t)})$ you have
# $g = \partial L / \partial h^{(t)}$; what goes back to $h^{(t-1)}$?

# %% kind="drawing"
puzzle({"g": [[1, 0]], "h": [[0, 0.5]], "W": [[2, 3], [4, 5]]}, {"back": [[2, 3]]})

# %% kind="code" name="back"
def back(g, h, W):
    """∂L/∂h(t) (B, n), h(t) itself (B, n) and W (n, n) to ∂L/∂h(t−1) (B, n)."""
    ### BEGIN SOLUTION
    return ((1 - h**2) * g) @ W
    ### END SOLUTION

# %% kind="check" name="check-back" points=1
# Looks at your gradient beside autograd's.
from rnn_course.homework import cases, same

g = cases()
old, W = torch.randn(3, 4, generator=g).requires_grad_(), torch.randn(4, 4, generator=g)
received = torch.randn(3, 4, generator=g)
h = torch.tanh(old @ W.T + torch.randn(3, 4, generator=g))
(wanted,) = torch.autograd.grad(h, old, received)
same(back(torch.eye(4), torch.zeros(4, 4), W), W, "where tanh is steepest, at h = 0, the gradient passes through W alone")
same(back(received, h.detach(), W), wanted, "what goes back is what autograd gives")

# %% [markdown]
# ## 8 · The gradient of W, all steps at once (1 point)
#
# $W$ serves every step, so its gradient is a sum over all steps, and over the batch:
# $\sum_b \sum_t \delta^{(t)} \bigl(h^{(t-1)}\bigr)^{\!\top}$, with $\delta^{(t)} = \partial L / \partial a^{(t)}$. A sum of
# products is one product of larger matrices.

# %% kind="drawing"
puzzle({"delta": [[1, 2]], "h before": [[3, 4]]}, {"gradient": [[3 + 8]]})

# %% kind="code" name="gradient"
def gradient(delta, earlier):
    """δ(t) (B, T, n) and h(t−1) (B, T, m) to the gradient of W, (n, m)."""
    ### BEGIN SOLUTION
    return delta.flatten(0, 1).T @ earlier.flatten(0, 1)
    ### END SOLUTION

# %% kind="check" name="check-gradient" points=1
# Looks at the loop over sequences and steps.
from rnn_course.homework import cases, same

g = cases()
delta, earlier = torch.randn(3, 5, 4, generator=g), torch.randn(3, 5, 2, generator=g)
got = gradient(delta, earlier)
same(got.shape, (4, 2), "there is a row for each number of δ and a column for each number of h")
same(got, sum(torch.outer(delta[b, t], earlier[b, t]) for b in range(3) for t in range(5)),
     "it is the sum over all sequences and steps of δ times h of the step before")

# %% [markdown]
# ## 9 · The past, and nothing else (1 point)
#
# A network without recurrence has to be forbidden to look ahead. Which step (row) may look at which
# (column)? A step may look at itself.

# %% kind="drawing"
puzzle({"T": [3]}, {"may look": [[1, 0, 0], [1, 1, 0], [1, 1, 1]]})

# %% kind="code" name="causal"
def causal(T):
    """T to truth values (T, T): may step `row` look at step `column`?"""
    ### BEGIN SOLUTION
    return torch.arange(T)[:, None] >= torch.arange(T)
    ### END SOLUTION

# %% kind="check" name="check-causal" points=1
# Looks at a random size.
from rnn_course.homework import cases, same

T = int(torch.randint(3, 9, (), generator=cases()))
got = causal(T)
same(str(got.dtype), "torch.bool", "it holds truth values")
same(got.diagonal().float(), torch.ones(T), "a step may look at itself")
same(got.float(), torch.tensor([[float(s <= t) for s in range(T)] for t in range(T)]), "a step may look at what came before, and at nothing that comes later")

# %% [markdown]
# ## 10 · How likely is the whole sequence? (1 point)
#
# At each step the network gives a log-probability to every symbol. What does it give to a sequence? (No
# padding this time.)

# %% kind="drawing"
puzzle({"log P": [[-1, -2, -3], [-4, -5, -6]], "y": [0, 2]}, {"of y": [-7]})

# %% kind="code" name="sequence"
def sequence(log_p, y):
    """log-probabilities (B, T, n) and symbols y (B, T) to the log-probability of each y, (B,)."""
    ### BEGIN SOLUTION
    return log_p.gather(2, y[..., None]).sum((1, 2))
    ### END SOLUTION

# %% kind="check" name="check-sequence" points=1
# Looks at random log-probabilities.
from rnn_course.homework import cases, same

g = cases()
log_p, y = torch.randn(3, 5, 4, generator=g).log_softmax(2), torch.randint(4, (3, 5), generator=g)
got = sequence(log_p, y)
same(got.shape, (3,), "each sequence gets one number")
same(got, torch.tensor([sum(log_p[b, t, y[b, t]].item() for t in range(5)) for b in range(3)]),
     "it is the sum over the steps of the log-probability of the symbol there")

# %% [markdown]
# ## 11 · A beam changes places (1 point)
#
# Beam search keeps k beginnings of each sequence. After a step, the new best ones come from old ones: their
# `parents`. The states have to follow.

# %% kind="drawing"
puzzle({"states": [[10, 20, 30]], "parents": [[2, 2, 0]]}, {"follow": [[30, 30, 10]]})

# %% kind="code" name="follow"
def follow(states, parents):
    """States (B, k, n) and parents (B, k) to the states of the new beginnings, (B, k, n)."""
    ### BEGIN SOLUTION
    return states[torch.arange(len(states))[:, None], parents]
    ### END SOLUTION

# %% kind="check" name="check-follow" points=1
# Looks at random states and parents.
from rnn_course.homework import cases, same

g = cases()
states, parents = torch.randn(3, 4, 2, generator=g), torch.randint(4, (3, 4), generator=g)
got = follow(states, parents)
same(got.shape, (3, 4, 2), "each beginning has a state")
same(got, torch.stack([torch.stack([states[b, p] for p in parents[b].tolist()]) for b in range(3)]),
     "each new beginning has the state of its parent, in the same sequence")

# %% [markdown]
# ## 12 · Two steps in one (1 point)
#
# A *linear* recurrence, $h \leftarrow A h + b$, can do something that tanh cannot: two steps are one step, with another
# $A$ and another $b$. First $(A_1, b_1)$, then $(A_2, b_2)$: which pair does both? (Apply this in pairs, again and
# again, and T steps need only $\log_2 T$ rounds.)

# %% kind="drawing"
puzzle({"A1": [[2]], "b1": [1], "A2": [[3]], "b2": [5]}, {"A": [[6]], "b": [8]})

# %% kind="code" name="compose"
def compose(A1, b1, A2, b2):
    """Two steps h ← A h + b, A (n, n) and b (n,), the first one first, to A and b of both in one."""
    ### BEGIN SOLUTION
    return A2 @ A1, A2 @ b1 + b2
    ### END SOLUTION

# %% kind="check" name="check-compose" points=1
# Looks at random steps, and at three of them in both groupings.
from rnn_course.homework import cases, same

g = cases()
steps = [(torch.randn(3, 3, generator=g), torch.randn(3, generator=g)) for _ in range(3)]
h = torch.randn(3, generator=g)
A, b = compose(*steps[0], *steps[1])
same(b, steps[1][0] @ steps[0][1] + steps[1][1], "from h = 0, the step of both does what the first and then the second does")
same(A @ h + b, steps[1][0] @ (steps[0][0] @ h + steps[0][1]) + steps[1][1], "from any h, the step of both does what the first and then the second does")
left, right = compose(A, b, *steps[2]), compose(*steps[0], *compose(*steps[1], *steps[2]))
same(list(left), list(right), "which two of three are put together first does not matter")

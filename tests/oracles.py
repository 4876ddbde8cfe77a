"""Independent results for the cells: torch.nn with the same weights, and recurrences in NumPy."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from rnn_course import Cell, ElmanCell, GRUCell, LSTMCell

CELLS = {
    "elman": lambda n_in, H: ElmanCell(n_in, H),
    "lstm": lambda n_in, H: LSTMCell(n_in, H),
    "gru after": lambda n_in, H: GRUCell(n_in, H, reset="after"),
    "gru before": lambda n_in, H: GRUCell(n_in, H, reset="before"),
}


def make(name: str, n_in: int = 3, n_hidden: int = 5, seed: int = 0) -> Cell:
    """A cell in float64 whose parameters, biases included, are all away from zero."""
    torch.manual_seed(seed)
    cell = CELLS[name](n_in, n_hidden).double()
    with torch.no_grad():
        for p in cell.parameters():
            p.copy_(torch.randn_like(p) * 0.5)
    return cell


def torch_twin(cell: Cell) -> nn.Module:
    """The module of torch.nn that computes the same function with the cell's weights."""
    kind = {ElmanCell: nn.RNN, LSTMCell: nn.LSTM, GRUCell: nn.GRU}[type(cell)]
    twin = kind(cell.n_in, cell.n_hidden, batch_first=True).to(cell.U.dtype)
    with torch.no_grad():
        twin.weight_ih_l0.copy_(cell.U)
        twin.weight_hh_l0.copy_(cell.W)
        twin.bias_ih_l0.copy_(cell.b)
        twin.bias_hh_l0.zero_()
        if isinstance(cell, GRUCell):
            twin.bias_hh_l0[2 * cell.n_hidden :] = cell.b_r
    return twin


def twin_state(state: Tensor | tuple[Tensor, ...]) -> Tensor | tuple[Tensor, ...]:
    """A cell's state as torch.nn expects it, with an axis for the layers in front."""
    return state[None] if isinstance(state, Tensor) else tuple(part[None] for part in state)


def _sigmoid(a: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-a))


def by_hand(cell: Cell, x: Tensor, length: int) -> np.ndarray:
    """h (length, n_hidden) of one sequence x (T, n_in): the recurrence in NumPy."""
    p = {name: value.detach().numpy() for name, value in cell.named_parameters()}
    U, W, b, H = p["U"], p["W"], p["b"], cell.n_hidden
    h, c, out = np.zeros(H), np.zeros(H), []
    for x_t in x.numpy()[:length]:
        ux, wh = U @ x_t + b, W @ h
        if isinstance(cell, ElmanCell):
            h = np.tanh(ux + wh)
        elif isinstance(cell, LSTMCell):
            i, f, g, o = np.split(ux + wh, 4)
            c = _sigmoid(f) * c + _sigmoid(i) * np.tanh(g)
            h = _sigmoid(o) * np.tanh(c)
        elif isinstance(cell, GRUCell):
            r, z = np.split(_sigmoid((ux + wh)[: 2 * H]), 2)
            if cell.reset == "after":
                new = np.tanh(ux[2 * H :] + r * (wh[2 * H :] + p["b_r"]))
            else:
                new = np.tanh(ux[2 * H :] + W[2 * H :] @ (r * h))
            h = z * h + (1 - z) * new
        else:
            raise TypeError(f"by_hand: write the recurrence of {type(cell).__name__} here")
        out.append(h)
    return np.stack(out)


def names_of_nodes(tensor):
    """The names of all operations that autograd recorded on the way to a tensor."""
    seen, todo = set(), [tensor.grad_fn]
    while todo:
        node = todo.pop()
        if node is not None and node not in seen:
            seen.add(node)
            todo += [parent for parent, _ in node.next_functions]
    return " ".join(node.name() for node in seen)

"""A readout at each step, on any cell: what the tasks of long memory are read with."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional as F

from rnn_course.cells import Cell
from rnn_course.padding import Lengths
from rnn_course.rnn import RNN


class Reader(nn.Module):
    """A readout at each step, o^(t) = c + V h^(t): (B, T, n_out).

    x holds floats (B, T, n_in), or symbols (B, T), which are read as one-hot vectors.
    """

    def __init__(self, cell: Cell, n_out: int) -> None:
        super().__init__()
        self.rnn, self.V = RNN(cell), nn.Linear(cell.n_hidden, n_out)

    def forward(self, x: Tensor, lengths: Lengths | None = None) -> Tensor:
        if not x.is_floating_point():
            x = F.one_hot(x, self.rnn.n_in).to(self.V.weight.dtype)
        return self.V(self.rnn(x, lengths=lengths)[0])

"""What is handed out is the caller's: to change it changes nothing else, and gradients are kept."""

from __future__ import annotations

import pytest
import torch
from laws import close, flat
from test_company import CELLS, ENCODERS

from rnn_course.cells import ElmanCell, GRUCell, LSTMCell
from rnn_course.networks.both_directions import Backwards
from rnn_course.networks.deep import levels
from rnn_course.networks.sharing import Layers
from rnn_course.rnn import RNN, unroll

NETWORKS = {
    **{f"RNN {name}": lambda c=cell: RNN(c()) for name, cell in CELLS.items()},
    **{f"Backwards {name}": lambda c=cell: Backwards(c()) for name, cell in CELLS.items()},
    **{f"unroll {name}": lambda c=cell: _Loop(c()) for name, cell in CELLS.items()},
    **{name: ENCODERS[name] for name in ("both", "both LSTM")},
    "layers": lambda: Layers([ElmanCell(3, 4) for _ in range(5)]),
    "levels": lambda: _Levels(CELLS["stack"]()),
}


class _Loop(RNN):
    def forward(self, x, state=None, lengths=None):
        return unroll(self.cell, x, state, lengths)


class _Levels(RNN):
    def forward(self, x, state=None, lengths=None):
        return levels(self.cell, x, state, lengths)


def storage(tensor):
    return tensor.untyped_storage().data_ptr()


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("lengths", [None, [5, 1, 3], [5, 5, 5]])
@pytest.mark.parametrize("name", NETWORKS)
def test_h_and_the_state_share_no_memory(name, lengths, dtype):
    torch.manual_seed(0)
    network = NETWORKS[name]().to(dtype)
    x, start = torch.randn(3, 5, 3, dtype=dtype), None
    for _ in range(2):  # from the initial state, then from this
        h, state = network(x, start, lengths)
        given = [] if start is None else flat(start)
        seen = [
            storage(part)
            for part in (*flat(h), *flat(state), *given, x, *network.parameters())
            if part.numel()
        ]
        assert len(seen) == len(set(seen))
        start = state


@pytest.mark.parametrize("lengths", [None, [5, 1, 3]])
@pytest.mark.parametrize("name", NETWORKS)
def test_a_state_may_be_changed_in_place(name, lengths):
    """With gradients and without: h stays as it was, and so does its gradient."""
    torch.manual_seed(0)
    network = NETWORKS[name]()
    x = torch.randn(3, 5, 3)
    found = []
    for change in (False, True):
        h, state = network(x, lengths=lengths)
        before = [part.clone() for part in flat(h)]
        for part in flat(state) if change else ():
            part[0] = 0
        close(h, before)
        loss = sum(part.square().sum() for part in flat(h))
        found.append(torch.autograd.grad(loss, [*network.parameters()], materialize_grads=True))
    close(*found)
    with torch.no_grad():
        h, state = network(x, lengths=lengths)
        before = [part.clone() for part in flat(h)]
        for part in flat(state):
            part[0] = 0
        close(h, before)


@pytest.mark.parametrize("name", ["Backwards", "both", "both LSTM"])
def test_a_summary_is_no_view_of_h(name):
    network = ENCODERS[name]()
    h, _ = network(torch.randn(3, 5, 3))
    assert storage(network.summary(h)) != storage(h)
    h, _ = RNN(GRUCell(3, 4))(torch.randn(3, 5, 3))
    assert storage(RNN(GRUCell(3, 4)).summary(h)) != storage(h)


@pytest.mark.parametrize("name", CELLS)
def test_the_parts_of_an_initial_state_are_tensors_of_their_own(name):
    parts = [storage(part) for part in flat(CELLS[name]().initial_state(2)) if part.numel()]
    assert len(parts) == len(set(parts))
    start = LSTMCell(4, 5).initial_state(2)
    start.h[0] = 1
    assert not start.c.any()

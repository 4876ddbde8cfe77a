"""Chapter 12: the next symbol from all before it, and a state that is handed on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from rnn_course import checks
from rnn_course.cells import Cell
from rnn_course.networks.decoding import Generated, generate
from rnn_course.networks.embedding import symbol_table
from rnn_course.networks.likelihood import log_likelihood, mean_nll
from rnn_course.networks.transformer import Transformer
from rnn_course.padding import Lengths
from rnn_course.rnn import RNN
from rnn_course.states import State, each


class LanguageModel(nn.Module):
    """The probability of a text, symbol by symbol:

        h^(t), state = cell(E x^(t), state),    o^(t) = c + V h^(t)
        P(x^(t+1) | x^(1), …, x^(t)) = softmax(o^(t))

    Parameters: `embed` (E, n_symbols rows of n_in numbers), `rnn` (around the cell, or a network
    given in place of the cell: an `RNN`, a `Transformer`), `V` (its bias is c). With `dropout`, in
    training each number of E x^(t) and of h^(t) on its way to V is zeroed with this probability,
    and the rest scaled up; what one step hands to the next is left alone.
    Source: Mikolov et al. (2010); Zaremba et al. (2014) for dropout; Goodfellow et al. (2016),
    section 12.4.

    Raises:
        TypeError, ValueError: If `cell` is not a `Cell`, if n_symbols is not a positive integer, or
            if dropout is not a number from 0 to 1.
    """

    def __init__(
        self, n_symbols: int, cell: Cell | RNN | Transformer, dropout: float = 0.0
    ) -> None:
        super().__init__()
        self.rnn = cell if isinstance(cell, RNN | Transformer) else RNN(cell)
        self.embed = symbol_table("n_symbols", n_symbols, cell.n_in)
        self.dropout = nn.Dropout(checks.real(dropout))
        self.V = nn.Linear(cell.n_hidden, n_symbols)

    def forward(
        self, x: Tensor, state: State | None = None, lengths: Lengths | None = None
    ) -> tuple[Tensor, State]:
        """Symbols x (B, T) to o (B, T, n_symbols), not normalised, and the state to go on from."""
        checks.symbols("x", x, self.embed.num_embeddings)
        h, state = self.rnn(self.dropout(self.embed(x)), state, lengths)
        return self.V(self.dropout(h)), state

    @torch.no_grad()
    def write(
        self,
        x: Tensor,
        steps: int,
        *,
        end: int | None = None,
        generator: torch.Generator | None = None,
        shape: Callable[[Tensor], Tensor] = lambda o: o,
    ) -> Generated:
        """Go on from the beginnings x (B, T): what is drawn at one step is read at the next.

        `shape` changes each o^(t) (B, n_symbols) before a symbol is drawn (`networks.sampling`).
        Without a `generator` the likeliest is taken. What is returned begins after x, and its log
        probability is that of the shaped outputs. See `generate` for `steps` and `end`.
        """
        state = self(x[:, :-1])[1] if x.shape[1] > 1 else None

        def step(t: int, x_t: Tensor, state: State) -> tuple[Tensor, State]:
            o, state = self(x_t.unsqueeze(1), state)
            return shape(o[:, 0]), state

        return generate(step, x[:, -1], state, steps, end=end, generator=generator)


class CarriedOver:
    """The loss of truncated back-propagation through time, for `fit` over a task's `Streams`:

        o, state = model(x, state of the window before, without its gradient)

    and the mean of -log P(y) per symbol, in nats. The state is handed on from window to window, so
    that what was read long ago can be remembered; the gradient is cut, so that an update costs a
    window and not the whole text. A row whose text begins in this window starts from the initial
    state, and so does each sequence of a batch that is no window: the validation's, say.
    Source: Williams and Peng (1990); Mikolov et al. (2010).

    Args:
        reach: The gradient is cut within a window as well, after this many steps.
        handed_on: Whether the state goes on where the gradient is cut; if not, the initial state
            takes its place.

    Raises:
        ValueError: If `reach` is not a positive integer.
        RuntimeError: If a window continues one that this loss has not seen.
    """

    def __init__(self, reach: int | None = None, handed_on: bool = True) -> None:
        self.reach = None if reach is None else checks.positive("reach", reach)
        self.handed_on = handed_on
        self.state: State | None = None

    def __call__(self, model: LanguageModel, batch: Any) -> Tensor:
        if not hasattr(batch, "fresh"):
            return whole_nll(model, batch).sum() / batch.lengths.sum()
        initial = model.rnn.initial_state(len(batch.x))
        state = self._begun(model, batch.fresh, initial)
        outputs = []
        for x in batch.x.split(self.reach or batch.x.shape[1], dim=1):
            o, state = model(x, each(Tensor.detach, state if self.handed_on else initial))
            outputs.append(o)
        self.state = each(Tensor.detach, state)
        return mean_nll(torch.cat(outputs, dim=1), batch.y, batch.lengths)

    def _begun(self, model: LanguageModel, fresh: Tensor, initial: State) -> State:
        """The state before a window: initial where a text begins, else what the last one left."""
        if self.state is None:
            if not fresh.all():
                raise RuntimeError("state: expected the window before this one, got none")
            return initial
        return model.rnn.restarted(self.state, fresh)


def whole_nll(model: LanguageModel, batch: Any) -> Tensor:
    """-log P of each whole sequence of a batch, from the initial state on, in nats, (B,)."""
    o, _ = model(batch.x, lengths=batch.lengths)
    return -log_likelihood(o, batch.y, batch.lengths)

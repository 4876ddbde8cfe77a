"""Chapter 7: an encoder reads a sequence, a decoder writes one of another length."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from rnn_course import checks
from rnn_course.cells import Cell
from rnn_course.networks.both_directions import Bidirectional, network_of
from rnn_course.networks.decoding import Beams, Generated, beam_search, generate
from rnn_course.networks.embedding import symbol_table
from rnn_course.networks.likelihood import log_likelihood, shifted
from rnn_course.padding import Lengths
from rnn_course.rnn import RNN
from rnn_course.states import State


class SequenceToSequence(nn.Module):
    """A network that reads a sequence x and writes a sequence y, whatever it is made of.

    It has `forward(x, y, lengths)`, with y the teacher's, which gives o (B, T_y, n_y), and
    `writer(x, lengths)`, which gives what `generate` and `beam_search` need.
    """

    writer: Callable[..., tuple[Callable[[int, Tensor, Any], tuple[Tensor, Any]], Tensor, Any]]

    def log_p(
        self, x: Tensor, y: Tensor, lengths: Lengths | None = None, y_lengths: Lengths | None = None
    ) -> Tensor:
        """How probable the given outputs are, log P(y | x) in nats, (B,)."""
        return log_likelihood(self(x, y, lengths), y, y_lengths)

    def write(
        self,
        x: Tensor,
        steps: int,
        lengths: Lengths | None = None,
        *,
        end: int | None = None,
        generator: torch.Generator | None = None,
    ) -> Generated:
        """What the network writes for x (B, T), greedily or sampled: see `generate`."""
        step, first, state = self.writer(x, lengths)
        return generate(step, first, state, steps, end=end, generator=generator)

    def beam(
        self,
        x: Tensor,
        steps: int,
        width: int,
        lengths: Lengths | None = None,
        *,
        end: int | None = None,
    ) -> Beams:
        """The most probable outputs found for x (B, T): see `beam_search`."""
        step, first, state = self.writer(x, lengths)
        return beam_search(step, first, state, steps, width, end=end)


class EncoderDecoder(SequenceToSequence):
    """A sequence x becomes a vector C, and C a sequence y, which may differ in length:

        h^(t), state = encoder(E x^(t), state),              C = tanh(q + Q h^(τ))
        s^(t), state = decoder([F y^(t-1), C], state),       o^(t) = c + V s^(t)
        P(y^(1), …, y^(τ_y) | x) = Π_t softmax(o^(t))_{y^(t)}

    τ is each input's own last step. All that the decoder knows of x is C, n_context numbers for
    any length of x. C enters at each step together with y^(t-1), and both states start at zero.
    y^(0) is the symbol `first`. Parameters: `embed_x` (E) and `embed_y` (F), tables with a row for
    each of n_x and n_y symbols, drawn from a normal distribution of standard deviation 0.2, and as
    wide as the cells leave room for; `encoder` (the cell's RNN, or a network given in place of the
    cell: h^(τ) is then what each of its directions ends with, [h^(τ), g^(1)] for a
    `Bidirectional`); `decoder` (an RNN); `Q` (its bias is q); `V` (its bias is c). In train mode,
    a share `dropout` of what the cells read, C included, and of s is set to zero, but never while
    the network writes.
    Source: Cho et al. (2014); Sutskever et al. (2014); Goodfellow et al. (2016), section 10.4 and
    figure 10.12; deck S6.1 to S6.4.

    Raises:
        TypeError, ValueError: If a size is not a positive integer, if `first` is not a symbol, if
            dropout is outside 0 … 1, or if the decoder leaves no input besides C.
    """

    def __init__(
        self,
        n_x: int,
        n_y: int,
        encoder: Cell | RNN | Bidirectional,
        decoder: Cell,
        n_context: int,
        first: int,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        self.encoder, self.decoder = network_of(encoder), RNN(decoder)
        n_context, n_y = checks.positive("n_context", n_context), checks.positive("n_y", n_y)
        if decoder.n_in <= n_context:
            raise ValueError(
                f"decoder: expected n_in over n_context = {n_context}, so that y has "
                f"columns besides C, got n_in = {decoder.n_in}"
            )
        self.first = checks.symbol("first", first, n_y)
        self.embed_x = symbol_table("n_x", n_x, encoder.n_in)
        self.embed_y = symbol_table("n_y", n_y, decoder.n_in - n_context)
        self.Q = nn.Linear(encoder.n_hidden, n_context)
        self.V = nn.Linear(decoder.n_hidden, n_y)
        self.dropout = nn.Dropout(dropout)

    def context(self, x: Tensor, lengths: Lengths | None = None) -> Any:
        """Symbols x (B, T) to C (B, n_context): the same size for every length."""
        return self._summary(self._encode(x, lengths))

    def decode(self, C: Any, y: Tensor) -> Tensor:
        """What `context` gave and the true y (B, T) to o (B, T, n_y); o^(t) knows y before t only.

        No lengths are needed: no step looks ahead, and what is computed past a sequence's end is
        left out of the log-probability.
        """
        s, _ = self.decoder(self.dropout(self._read(C, shifted(y, self.first))))
        return self.read_out(self.dropout(s), C)

    def read_out(self, s: Tensor, C: Any) -> Tensor:
        """States of the decoder s (B, T, n_hidden), and what `context` gave, to o (B, T, n_y)."""
        return self.V(s)

    def forward(self, x: Tensor, y: Tensor, lengths: Lengths | None = None) -> Tensor:
        """x (B, T) and the true y (B, T_y), the teacher's, to o (B, T_y, n_y)."""
        return self.decode(self.context(x, lengths), y)

    def writer(
        self, x: Tensor, lengths: Lengths | None = None
    ) -> tuple[Callable[[int, Tensor, State], tuple[Tensor, State]], Tensor, State]:
        """What every way of decoding needs: `step`, `first` (B,) and the decoder's state before it.

        Of one input, `step` may be given several beginnings, side by side as a beam search has
        them: they read the same C, and stand where the steps of y stand in `decode`.
        """
        C, B = self.context(x, lengths), len(x)

        def step(t: int, before: Tensor, decoder: State) -> tuple[Tensor, State]:
            inputs = self._read(C, before.view(B, -1)).flatten(0, 1)
            s, decoder = self.decoder.cell(inputs, decoder)
            return self.read_out(s.view(B, -1, s.shape[1]), C).flatten(0, 1), decoder

        first = torch.full((B,), self.first, device=x.device)
        return step, first, self.decoder.cell.initial_state(B)

    def _encode(self, x: Tensor, lengths: Lengths | None) -> Tensor:
        """Symbols x (B, T) to the encoder's states h (B, T, n_hidden)."""
        checks.symbols("x", x, self.embed_x.num_embeddings)
        return self.encoder(self.dropout(self.embed_x(x)), lengths=lengths)[0]

    def _summary(self, h: Tensor) -> Tensor:
        """The encoder's states to C (B, n_context)."""
        return torch.tanh(self.Q(self.encoder.summary(h)))

    def _read(self, C: Any, before: Tensor) -> Tensor:
        """What the decoder reads, (B, T, n_in): F y^(t-1), and the same C at each step."""
        checks.symbols("y", before, self.embed_y.num_embeddings)
        if len(before) != len(C):
            raise ValueError(f"y: expected a sequence for each of {len(C)} in x, got {len(before)}")
        return torch.cat([self.embed_y(before), C.unsqueeze(1).expand(-1, before.shape[1], -1)], 2)

    def extra_repr(self) -> str:
        return f"first={self.first}"


def sequence_nll(model: SequenceToSequence, batch: Any) -> Tensor:
    """The loss of encoder and decoder, trained together: -log P(y | x), the mean over the pairs.

        L = - 1/N Σ_n log P(y_n | x_n)                     in nats per pair

    A scalar, for `fit`; padding, of x or of y, changes neither it nor its gradient.
    Source: Goodfellow et al. (2016), section 10.4; deck S6.4.
    """
    return -model.log_p(*batch).mean()

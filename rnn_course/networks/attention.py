"""Chapter 13: at each step the decoder chooses among all of the encoder's states."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from rnn_course import checks
from rnn_course.networks.encoder_decoder import EncoderDecoder
from rnn_course.networks.likelihood import shifted
from rnn_course.padding import Lengths, inside


class Source(NamedTuple):
    """What an attentive decoder knows of x.

    Attributes:
        C: (B, n_context), the fixed context, as without attention.
        h: (B, T, n_h), the encoder's states.
        inside: (B, T) bool, the steps that belong to each sequence.
    """

    C: Tensor
    h: Tensor
    inside: Tensor


def masked_softmax(e: Tensor, mask: Tensor) -> Tensor:
    """Scores e (…, T) to weights that sum to 1, over the steps that are true in the mask alone:

        α_j = exp(e_j) / Σ_j' exp(e_j'),    and 0 outside the mask, whatever e holds there

    The mask is bool, of a shape that broadcasts to that of e; each row has a step that is true.
    """
    return e.masked_fill(~mask, -torch.inf).softmax(-1)


class Attention(nn.Module):
    """A mean of the encoder's states, with weights chosen by the decoder's state:

        e_tj = s^(t)ᵀ K h^(j),    α_tj = exp(e_tj) / Σ_j' exp(e_tj'),    C^(t) = Σ_j α_tj h^(j)

    s^(t) is the decoder's state at step t of y, h^(j) the encoder's at step j of x. j runs over the
    steps that belong to the sequence (at least one); all others have weight 0, whatever they hold.
    K (n_s, n_h) starts Glorot-uniform.
    Source: Luong et al. (2015), equations 7 and 8 ("general"), after Bahdanau et al. (2015).
    """

    def __init__(self, n_s: int, n_h: int) -> None:
        super().__init__()
        self.K = nn.Parameter(torch.empty(checks.positive("n_s", n_s), checks.positive("n_h", n_h)))
        nn.init.xavier_uniform_(self.K)

    def forward(self, s: Tensor, h: Tensor, inside: Tensor) -> tuple[Tensor, Tensor]:
        """s (B, T_y, n_s), h (B, T, n_h), inside (B, T) to C^(t) (B, T_y, n_h), α (B, T_y, T)."""
        h = h.masked_fill(~inside.unsqueeze(2), 0)  # 0 · NaN would be NaN
        alpha = masked_softmax(s @ self.K @ h.transpose(1, 2), inside.unsqueeze(1))
        return alpha @ h, alpha


class AdditiveAttention(nn.Module):
    """The same mean as `Attention`, with weights from a hidden layer for each pair of steps:

        e_tj = vᵀ tanh(K_1 s^(t) + K_2 h^(j))

    K_1 (n, n_s) and K_2 (n, n_h) start Glorot-uniform, v (n) uniform up to 1/√n; n is n_s unless
    given. The tanh holds a tensor of T_y · T · n numbers, where `Attention` has a product of two
    matrices. Source: Bahdanau et al. (2015), section 3.1 and appendix A.1.2 (there with s^(t-1)).
    """

    def __init__(self, n_s: int, n_h: int, n: int | None = None) -> None:
        super().__init__()
        n = checks.positive("n_s", n_s) if n is None else checks.positive("n", n)
        self.K_1 = nn.Parameter(torch.empty(n, checks.positive("n_s", n_s)))
        self.K_2 = nn.Parameter(torch.empty(n, checks.positive("n_h", n_h)))
        self.v = nn.Parameter(torch.empty(n))
        nn.init.xavier_uniform_(self.K_1)
        nn.init.xavier_uniform_(self.K_2)
        nn.init.uniform_(self.v, -(n**-0.5), n**-0.5)

    def forward(self, s: Tensor, h: Tensor, inside: Tensor) -> tuple[Tensor, Tensor]:
        """s (B, T_y, n_s), h (B, T, n_h), inside (B, T) to C^(t) (B, T_y, n_h), α (B, T_y, T)."""
        h = h.masked_fill(~inside.unsqueeze(2), 0)
        from_s, from_h = (s @ self.K_1.t()).unsqueeze(2), (h @ self.K_2.t()).unsqueeze(1)
        alpha = masked_softmax(torch.tanh(from_s + from_h) @ self.v, inside.unsqueeze(1))
        return alpha @ h, alpha


class AttentiveEncoderDecoder(EncoderDecoder):
    """An `EncoderDecoder` whose outputs look back at x, instead of making do with C:

        s^(t), state = decoder([F y^(t-1), C], state),    C^(t) = Σ_j α_tj h^(j)   (`Attention`)
        o^(t) = c + V tanh(b_A + A [s^(t), C^(t)])

    C^(t) has the same width for every length of x, but there is a new one for each step of y. It
    enters after the recurrence: given the true y, no step of the attention waits for another, and
    the decoder keeps its kernel. (In Bahdanau et al. (2015) it also enters before, with y^(t-1).)
    Parameters beyond those of `EncoderDecoder`: `attention` (K), `A` (its bias is b_A). Another
    score is asked for by its class: `attention=AdditiveAttention`.
    Source: Luong et al. (2015), section 3; the bottleneck that it widens is deck S6.3.
    """

    def __init__(
        self, *args: Any, attention: Callable[[int, int], nn.Module] = Attention, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        n_s, n_h = self.decoder.n_hidden, self.encoder.n_hidden
        self.attention = attention(n_s, n_h)
        self.A = nn.Linear(n_s + n_h, n_s)

    def context(self, x: Tensor, lengths: Lengths | None = None) -> Source:
        """Symbols x (B, T) to C, the encoder's states and their mask."""
        h = self._encode(x, lengths)
        B, T = x.shape
        lengths = checks.lengths([T] * B if lengths is None else lengths, B, T, x.device)
        return Source(self._summary(h), h, inside(lengths, T))

    def read_out(self, s: Tensor, C: Source) -> Tensor:
        """The decoder's states s (B, T_y, n_s) and the encoder's, in C, to o (B, T_y, n_y)."""
        C_t, _ = self.attention(s, C.h, C.inside)
        return self.V(torch.tanh(self.A(torch.cat([s, C_t], dim=2))))

    @torch.no_grad()
    def alignment(self, x: Tensor, y: Tensor, lengths: Lengths | None = None) -> Tensor:
        """α (B, T_y, T): how much the decoder looks at each step of x while it writes y^(t)."""
        source = self.context(x, lengths)
        s, _ = self.decoder(self._read(source, shifted(y, self.first)))
        return self.attention(s, source.h, source.inside)[1]

    def _read(self, C: Any, before: Tensor) -> Tensor:
        return super()._read(C.C, before)

"""Two dimensions, four directions on 28 by 28 pixels: this package, the double loop, the limit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch

from benchmarks.measure import milliseconds, trained
from rnn_course.networks.two_dimensions import CORNERS, MDRNN, GridCell, unroll_grid

SIDE = 28
SHAPES = [(16, 1, 24), (32, 1, 24), (32, 1, 32), (32, 1, 64)]  # (B, n_in, n_hidden each)


@dataclass(frozen=True)
class Row:
    """The medians, in milliseconds, at one shape and thread count."""

    shape: tuple[int, int, int]
    threads: int
    ours: float
    loop: float
    naive: float
    limit: float

    @property
    def speed_up(self) -> float:
        """How many times faster than the naive double loop."""
        return self.naive / self.ours

    @property
    def of_limit(self) -> float:
        """How many times as long as the matrix products alone."""
        return self.ours / self.limit

    @property
    def short_of(self) -> list[str]:
        """The gates that this row misses, on one thread only: two are too noisy.

        With 64 hidden units the products are most of the work of either version, so the row is
        compared with these.
        """
        if self.threads != 1:
            return []
        name = f"two dimensions {self.shape}"
        if self.shape[2] < 64 and self.speed_up < 6:
            return [f"{name}: {self.speed_up:.2f} times as fast as the double loop, under 6"]
        if self.shape[2] >= 64 and self.of_limit > 2.5:
            return [f"{name}: {self.of_limit:.2f} times the limit, over 2.5"]
        return []


def measure(shape: tuple[int, int, int], threads: int, seconds: float) -> Row:
    """All versions at one shape, in turns, with the same weights, input and gradient."""
    return Row(shape, threads, **milliseconds(variants, shape, threads, seconds, at_least=3))


def variants(B: int, n_in: int, H: int, side: int = SIDE) -> dict[str, Callable[[], object]]:
    """What is timed: each takes x to h of all four directions, and a gradient at h back.

    naive: the equation as it is written, one pixel at a time. loop: `unroll_grid`, the package's
    double loop, which projects all inputs at once. limit: the matrix products alone.
    """
    x, g = torch.randn(B, side, side, n_in), torch.randn(B, side, side, 4 * H)
    net = MDRNN.four(n_in, H)
    nothing = x.new_zeros(B, H)

    def naive(cell: GridCell, x: torch.Tensor) -> torch.Tensor:
        h: dict[tuple[int, int], torch.Tensor] = {}
        for i in range(side):
            for j in range(side):
                above, left = h.get((i - 1, j), nothing), h.get((i, j - 1), nothing)
                h[i, j] = torch.tanh(
                    cell.b + x[:, i, j] @ cell.U.T + above @ cell.W_1.T + left @ cell.W_2.T
                )
        return torch.stack([*h.values()], dim=1).view(B, side, side, H)

    def turned(run: Callable) -> torch.Tensor:
        return torch.cat(
            [
                run(cell, x.flip(CORNERS[corner])).flip(CORNERS[corner])
                for corner, cell in net.cells.items()
            ],
            dim=3,
        )

    runs = {
        "ours": trained(lambda: net(x), net, g),
        "loop": trained(lambda: turned(unroll_grid), net, g),
        "naive": trained(lambda: turned(naive), net, g),
    }
    results: list[list[torch.Tensor]] = []
    for run in runs.values():
        h = run()
        results.append([h, *(p.grad for p in net.parameters() if p.grad is not None)])
    for other in results[1:]:  # a fast wrong answer is worth nothing
        for one, two in zip(results[0], other, strict=True):
            scale = max(1.0, float(one.abs().max()))
            torch.testing.assert_close(two / scale, one / scale, atol=1e-4, rtol=1e-4)
    return {**runs, "limit": matrix_products(B, n_in, H, side)}


def matrix_products(B: int, n_in: int, H: int, side: int) -> Callable[[], object]:
    """The products alone, one diagonal at a time: two forward, four back; U x and ∂L/∂U at once."""
    diagonals = [min(d, 2 * side - d) * B for d in range(1, 2 * side)]
    x, U, W, dW = torch.randn(side * side * B, n_in), torch.randn(H, n_in), *torch.randn(2, H, H)
    h, out, delta = torch.randn(3, side * side * B, H)

    def run() -> None:
        for _ in CORNERS:
            torch.mm(x, U.T, out=out)
            for rows in diagonals:
                a, b, d = out[:rows], h[:rows], delta[:rows]
                for _ in range(2):
                    torch.mm(b, W.T, out=a)
                for _ in range(2):
                    torch.mm(d, W, out=a)
                    torch.mm(d.T, b, out=dW)
            delta.T @ x

    return run


def markdown(rows: Sequence[Row]) -> str:
    """The figures as the page shows them."""
    lines = []
    for threads in sorted({row.threads for row in rows}):
        lines += [
            "",
            f"**Two dimensions, {SIDE} × {SIDE}, four directions, "
            f"{threads} thread{'s' if threads > 1 else ''}**",
            "",
            "| B, n_in, n_hidden each | speed-up | naive double loop, ms | this package, ms "
            "| `unroll_grid`, speed-up | limit, speed-up | this package / limit |",
            "| --- | ---: | ---: | ---: | ---: | ---: | ---: |",
        ]
        lines += [
            f"| {', '.join(map(str, row.shape))} | **{row.speed_up:.2f}** | {row.naive:.1f} "
            f"| {row.ours:.1f} | {row.naive / row.loop:.2f} "
            f"| {row.naive / row.limit:.2f} | {row.of_limit:.2f} |"
            for row in rows
            if row.threads == threads
        ]
    return "\n".join(lines)

"""The benchmarks compare like with like, and a missed gate is noticed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import torch

from benchmarks import bidirectional, grid, measure, tanh
from benchmarks.__main__ import markdown, told

ROW = tanh.Row((200, 32, 128, 256), threads=1, ours=1.0, torch=1.3, d2l=1.5, limit=0.9)
SCALING = tanh.Scaling([50, 100], [1.0, 2.0], exponent=1.0, bytes_ours=5, bytes_loop=9)


def test_the_versions_agree_and_can_be_timed():
    medians = measure.interleaved(tanh.variants(6, 2, 3, 4), seconds=0, at_least=2)
    assert set(medians) == {"ours", "torch", "d2l", "limit"}
    assert all(value > 0 for value in medians.values())


def test_each_gate_can_be_missed():
    assert not ROW.short_of and not SCALING.short_of
    assert "1.10 of torch.nn.RNN, under 1.2" in replace(ROW, torch=1.1).short_of[0]
    assert "1.30 of torch.nn.RNN, under 1.4" in replace(ROW, shape=(784, 32, 1, 128)).short_of[0]
    assert "of the limit, over 1.25" in replace(ROW, limit=0.7).short_of[0]
    assert "of the limit, over 1.9" in replace(ROW, shape=tanh.SHAPES[0], limit=0.5).short_of[0]
    assert not replace(ROW, threads=2, torch=0.5).short_of
    assert "T^1.20" in replace(SCALING, exponent=1.2).short_of[0]
    assert "10 bytes" in replace(SCALING, bytes_ours=10).short_of[0]


def test_memory_counts_what_is_kept_and_what_is_returned():
    x = torch.randn(1000, requires_grad=True)
    assert measure.alive_between_passes(lambda: x.tanh()) == 4000     # the output, kept as well
    assert measure.alive_between_passes(lambda: x.exp().sin()) == 8000
    found = tanh.scaling(seconds=0, steps=(20, 40), at_least=1)
    assert found.bytes_ours < found.bytes_loop


def test_the_page_says_which_gates_its_run_missed():
    text = (Path(measure.__file__).parent / "results.md").read_text(encoding="utf-8")
    rows = [line.split("|") for line in text.splitlines() if line.startswith("| ") and "**" in line]
    page, missed = {}, text.partition("**Gates missed in this run**")[2]
    for kind, part in (("tanh", rows[:6]), ("two", rows[12:18]), ("plane", rows[24:28])):
        for cells in part:                                            # one thread comes first
            shape = cells[2 if kind == "two" else 1].strip()
            page[kind, shape] = next(float(c.strip(" *")) for c in cells if "**" in c)
    for kind, shapes in (("tanh", tanh.SHAPES), ("two", bidirectional.SHAPES),
                         ("plane", grid.SHAPES)):
        for shape in shapes:
            gate = {"tanh": 1.4 if shape[0] >= 784 else 1.2, "two": bidirectional.GATE,
                    "plane": 6 if shape[2] < 64 else 0}[kind]
            found = page[kind, ", ".join(map(str, shape))]
            assert found > gate - 0.005 or f"{shape}: {found:.2f}" in missed
            assert found > 0.9 * gate                                 # or it needs another look
    assert ("All gates were met" in text) == (missed == "")
    assert told([]) == "All gates were met in this run." and "- a: 1" in told(["a: 1"])
    assert markdown({}, [ROW], SCALING).count("\n| 200, 32, 128, 256 |") == 1


def test_the_gates_of_the_other_tables_can_be_missed_too():
    both = bidirectional.Row((20, 64, 32, 64), threads=1, ours=1.0, torch=1.4)
    assert not both.short_of and not replace(both, torch=1.0, threads=2).short_of
    assert "1.20 of torch.nn.RNN(bidirectional), under 1.3" in replace(both, torch=1.2).short_of[0]
    assert "| 1 | 20, 64, 32, 64 | 1.40 | 1.00 | **1.40** |" in bidirectional.markdown([both])
    plane = grid.Row((16, 1, 24), threads=1, ours=1.0, loop=5.0, naive=7.0, limit=0.5)
    assert not plane.short_of and not replace(plane, naive=1.0, threads=2).short_of
    assert "5.00 of the double loop, under 6" in replace(plane, naive=5.0).short_of[0]
    wide = replace(plane, shape=(32, 1, 64), naive=4.0)
    assert not wide.short_of and "over 2.5" in replace(wide, limit=0.3).short_of[0]
    assert "| 16, 1, 24 | 7.0 | 1.0 | **7.00** |" in grid.markdown([plane])


def test_all_versions_do_the_same():
    for runs in (bidirectional.variants(4, 2, 3, 5), grid.variants(2, 1, 3, side=4)):
        assert all(value > 0 for value in
                   measure.interleaved(runs, seconds=0, at_least=1).values())

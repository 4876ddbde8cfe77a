"""The benchmarks compare like with like, and a missed gate is noticed."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from joblib.externals.loky import get_reusable_executor

from benchmarks import grid, jobs, measure, pairs, scan, tanh
from benchmarks.__main__ import SECONDS, gates_missed, main, markdown, plan

ROW = tanh.Row((200, 32, 128, 256), threads=1, ours=1.0, torch=1.3, d2l=1.5, limit=0.9)
SCANNED = scan.Row((8, 32, 784), 1, loop=6.0, scan=1.0, doubling=3.0, logarithms=12.0)
SCALING = tanh.Scaling([50, 100], [1.0, 2.0], exponent=1.0, bytes_ours=5, bytes_loop=9)


def test_the_versions_agree_and_can_be_timed():
    medians = measure.interleaved(tanh.variants(6, 2, 3, 4), seconds=0, at_least=2)
    assert set(medians) == {"ours", "torch", "d2l", "limit"}
    assert all(value > 0 for value in medians.values())


def test_each_gate_can_be_missed():
    assert not ROW.short_of and not SCALING.short_of
    assert "1.10 times as fast as torch.nn.RNN, under 1.2" in replace(ROW, torch=1.1).short_of[0]
    assert (
        "1.30 times as fast as torch.nn.RNN, under 1.4"
        in replace(ROW, shape=(784, 32, 1, 128)).short_of[0]
    )
    assert "times the limit, over 1.25" in replace(ROW, limit=0.7).short_of[0]
    assert "times the limit, over 1.9" in replace(ROW, shape=tanh.SHAPES[0], limit=0.5).short_of[0]
    assert not replace(ROW, threads=2, torch=0.5).short_of
    assert "T^1.20" in replace(SCALING, exponent=1.2).short_of[0]
    assert "10 bytes" in replace(SCALING, bytes_ours=10).short_of[0]


def test_memory_counts_what_is_kept_and_what_is_returned():
    x = torch.randn(1000, requires_grad=True)
    assert measure.alive_between_passes(lambda: x.tanh()) == 4000  # the output, kept as well
    assert measure.alive_between_passes(lambda: x.exp().sin()) == 8000
    found = tanh.scaling(seconds=0, steps=(20, 40), at_least=1)
    assert found.bytes_ours < found.bytes_loop


def tables(text):
    """Of each bold heading of the page: {(threads, shape): the bold figure of the row}."""
    found, title = {}, ""
    for line in text.splitlines():
        if line.startswith("**"):
            title = line.strip("*")
        elif line.startswith("| ") and "**" in line:
            cells = [cell.strip() for cell in line.strip("|").split("|")]
            shape = next(cell for cell in cells if "," in cell)
            threads = cells[0] if cells[0] in ("1", "2") else title.rpartition(" thread")[0][-1]
            bold = next(float(cell.strip("*")) for cell in cells if cell.startswith("**"))
            found.setdefault(title.partition(", four")[0], {})[int(threads), shape] = bold
    return found


def test_the_page_says_which_gates_its_run_missed():
    text = (Path(measure.__file__).parent / "results.md").read_text(encoding="utf-8")
    missed, page = text.partition("**Gates missed in this run**")[2], tables(text)
    gates = {
        "1 thread": (tanh.SHAPES, lambda shape: 1.4 if shape[0] >= 784 else 1.2),
        "Two dimensions, 28 × 28": (grid.SHAPES, lambda shape: 6 * (shape[2] < 64)),
        "Linear recurrences": (scan.SHAPES, lambda shape: scan.GATES.get(shape, 0)),
        **{of.title: (pairs.SHAPES, lambda shape, of=of: of.gate) for of in pairs.COMPARISONS},
    }
    for title, (shapes, gate_of) in gates.items():
        for shape in shapes:
            found = page[title][1, ", ".join(map(str, shape))]
            if title == "From both ends" and f"{shape}: {found:.2f}" in missed:
                assert found > 0.9 * gate_of(shape)  # short of it, and said so
            else:
                assert found > gate_of(shape) - 0.005
    assert ("All gates were met" in text) == (missed == "")
    assert gates_missed([]) == "All gates were met in this run." and "- a: 1" in gates_missed(
        ["a: 1"]
    )
    assert markdown({}, [ROW], SCALING).count("\n| 200, 32, 128, 256 |") == 1


@pytest.mark.parametrize("of", pairs.COMPARISONS, ids=lambda of: of.title)
def test_the_gate_of_each_comparison_can_be_missed(of):
    row = pairs.Row(of, (20, 64, 32, 64), threads=1, ours=1.0, theirs=of.gate + 0.2)
    assert not row.short_of and not replace(row, theirs=0.5, threads=2).short_of
    under = replace(row, theirs=of.gate - 0.1)
    assert f"{of.gate - 0.1:.2f} times as fast as {of.peer}, under {of.gate}" in under.short_of[0]
    figures = f"**{of.gate + 0.2:.2f}** | {of.gate + 0.2:.2f} | 1.00"
    assert f"| 1 | 20, 64, 32, 64 | {figures} |" in pairs.markdown([row, under])
    assert all(
        value > 0
        for value in measure.interleaved(of.variants(4, 2, 3, 5), seconds=0, at_least=1).values()
    )
    found = pairs.measure(of, (3, 2, 3, 4), 1, seconds=0)  # and all do the same
    assert found.ours > 0 and found.theirs > 0


def test_the_median_of_all_shapes_has_a_gate():
    gru = next(of for of in pairs.COMPARISONS if of.median_gate)
    rows = [pairs.Row(gru, shape, 1, ours=1.0, theirs=1.1) for shape in pairs.SHAPES]
    assert (
        "GRU: 1.10 times as fast as torch.nn.GRU in the median, under 1.15"
        in pairs.short_of(rows)[0]
    )
    assert not pairs.short_of([replace(row, theirs=1.2) for row in rows])


def test_the_gates_of_the_other_tables_can_be_missed_too():
    plane = grid.Row((16, 1, 24), threads=1, ours=1.0, loop=5.0, naive=7.0, limit=0.5)
    assert not plane.short_of and not replace(plane, naive=1.0, threads=2).short_of
    assert "5.00 times as fast as the double loop, under 6" in replace(plane, naive=5.0).short_of[0]
    wide = replace(plane, shape=(32, 1, 64), naive=4.0)
    assert not wide.short_of and "over 2.5" in replace(wide, limit=0.3).short_of[0]
    assert "| 16, 1, 24 | **7.00** | 7.0 | 1.0 |" in grid.markdown([plane])


def test_the_gates_of_the_scan_can_be_missed_and_its_losses_are_shown():
    assert not SCANNED.short_of and not replace(SCANNED, scan=3.0, threads=2).short_of
    assert not replace(SCANNED, shape=(1, 16, 3136), scan=3.0).short_of
    assert "4.00 times as fast as the loop, under 5" in replace(SCANNED, loop=4.0).short_of[0]
    layer = scan.Layer(1, mingru=10.0, gru=30.0)
    assert not layer.short_of and not replace(layer, gru=9.0, threads=2).short_of
    assert "0.90 times as fast as torch.nn.GRU" in replace(layer, gru=9.0).short_of[0]
    text = scan.markdown([SCANNED], [layer])
    assert "| 1 | 8, 32, 784 | **6.00** | 6.0 | 2.00 | 0.50 |" in text
    assert "a minGRU takes 10.0 ms at 32, 64, 784, torch.nn.GRU 30.0 ms: **3.00** times" in text
    runs = scan.variants(2, 3, 20)  # which all do the same
    assert set(runs) == {"loop", "scan", "doubling", "logarithms"}
    assert all(value > 0 for value in measure.interleaved(runs, seconds=0, at_least=1).values())


def test_a_run_is_planned_whole_and_says_how_far_it_is(monkeypatch, tmp_path, capsys):
    rows = plan(SECONDS)
    assert (
        len(rows)
        == 2 * (len(tanh.SHAPES) + len(grid.SHAPES) + len(pairs.COMPARISONS) * len(pairs.SHAPES))
        + 2 * (len(scan.SHAPES) + 1)
        + 2
    )
    monkeypatch.setattr(tanh, "measure", lambda shape, n, s: replace(ROW, shape=shape, threads=n))
    monkeypatch.setattr(tanh, "scaling", lambda s: SCALING)
    monkeypatch.setattr(pairs, "measure", lambda of, shape, n, s: pairs.Row(of, shape, n, 1.0, 3.0))
    monkeypatch.setattr(grid, "measure", lambda shape, n, s: grid.Row(shape, n, 1.0, 5.0, 7.0, 0.5))
    monkeypatch.setattr(scan, "measure", lambda shape, n, s: replace(SCANNED, shape=shape))
    monkeypatch.setattr(scan, "measure_layer", lambda n, s: scan.Layer(n, 10.0, 30.0))
    monkeypatch.setattr(jobs, "measure", lambda: jobs.Row(20.0, 15.0, processors=2))
    monkeypatch.setattr("benchmarks.__main__.TABLE", tmp_path / "results.md")
    monkeypatch.setattr("sys.argv", ["benchmarks", "--save"])
    assert main() == 1  # such a row misses the gate of T ≥ 784
    said = capsys.readouterr()
    assert f"| 0/{len(rows)} " in said.err and f"| {len(rows)}/{len(rows)} " in said.err
    text = (tmp_path / "results.md").read_text(encoding="utf-8")
    assert text == said.out and set(tables(text)) >= {"1 thread", "2 threads", "GRU", "LSTM"}
    assert "(784, 32, 1, 128): 1.30 times as fast as torch.nn.RNN, under 1.4" in text
    assert "take 20.0 seconds one after another, and 15.0 with `--jobs 2`: 1.33 times" in text


def test_two_trials_at_a_time_have_a_gate_and_the_same_results(tmp_path):
    row = jobs.Row(20.0, 15.0, processors=2)
    assert not row.short_of and not replace(row, two=19.0, processors=1).short_of
    assert "1.05 times as fast as --jobs 1, under 1.25" in replace(row, two=19.0).short_of[0]
    one, two = (
        json.loads(run())["trials"] for run in jobs.variants(tmp_path, trials=3, batches=2).values()
    )
    figures = [trial["figures"] for trial in one]
    assert figures == [trial["figures"] for trial in two] and figures == 3 * figures[:1]
    small = jobs.measure(trials=2, batches=1, rounds=1)
    assert small.one > 0 and small.two > 0
    get_reusable_executor().shutdown(wait=True, kill_workers=True)


@pytest.mark.parametrize("threads, seconds, rounds", [(1, 0.3, 7), (2, 0.1, 3)])
def test_a_row_takes_its_seconds_or_its_rounds_and_more_threads_less(
    threads, seconds, rounds, monkeypatch
):
    clock, calls = iter(range(10**6)), []
    monkeypatch.setattr(measure.time, "perf_counter", lambda: 0.01 * next(clock))
    monkeypatch.setattr(measure.torch, "set_num_threads", lambda n: None)
    measure.milliseconds(lambda: {"one": lambda: calls.append(1)}, (), threads, 0.3)
    ticks = 0.03 * (len(calls) - 1)  # of the clock, three a round
    assert abs(ticks - seconds) < 0.05
    calls.clear()
    measure.milliseconds(lambda: {"one": lambda: calls.append(1)}, (), threads, 0)
    assert len(calls) == 1 + rounds


def test_results_that_could_not_be_saved_are_not_measured(monkeypatch, tmp_path):
    monkeypatch.setattr("benchmarks.__main__.TABLE", tmp_path)
    monkeypatch.setattr("benchmarks.__main__.plan", None)
    monkeypatch.setattr("sys.argv", ["benchmarks", "--save"])
    with pytest.raises(OSError, match="got a folder"):
        main()


def test_all_versions_do_the_same():
    runs = grid.variants(2, 1, 3, side=4)
    assert all(value > 0 for value in measure.interleaved(runs, seconds=0, at_least=1).values())

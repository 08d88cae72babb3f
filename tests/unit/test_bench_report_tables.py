"""What people read of a report, on a terminal and as Markdown: all that was measured, and why the rest was not."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from rich.console import Console

from sdst_bench.report.figures import count_text
from sdst_bench.report.markdown import report_markdown
from sdst_bench.report.model import BenchReport, BundleReport, Peers
from sdst_bench.report.sections import report_sections
from sdst_bench.report.tables import report_tables
from tests.made_up_bench import (
    PARTS,
    made_up_bundle,
    made_up_closed_loop,
    made_up_host,
    made_up_jetson,
    made_up_report,
    minimal_report,
    partial_report,
    same,
)

Write = Callable[[BenchReport], str]


def terminal(report: BenchReport, width: int = 400) -> str:
    out = io.StringIO()
    console = Console(file=out, width=width, highlight=False, markup=False, emoji=False)
    for item in report_tables(report):
        console.print(item, soft_wrap=isinstance(item, str))
    return out.getvalue()


def test_no_figure_is_cut_off_on_a_narrow_terminal() -> None:
    report = made_up_report()
    text = terminal(report, 80)
    assert "…" not in text
    assert max(len(line) for line in text.splitlines() if "sdst-nano-m, onnx/fp32" not in line) <= 80
    figures = re.compile(r"\d[\d,]*\.\d+")
    assert sorted(figures.findall(text)) == sorted(figures.findall(terminal(report)))


def markdown(report: BenchReport) -> str:
    return report_markdown(report)


both = pytest.mark.parametrize("write", [terminal, markdown])

FIGURES = (
    # host and run
    "2026-01-02T03:04:05+00:00, sdst-edge bench m/ s/ --peers", "Made-up CPU, 2 of 4 processors", "avx512_vnni",
    "performance on 4 processors", "cpu (2) 2400 of 3000 MHz", "48.0 °C", "8000.0 MB, available 6000.0 MB",
    "ONNX Runtime 1.20.0", "libsdst 0.1.0 (avx2)",
    # setup, stages, closed loop
    "sdst-nano-m, onnx/fp32, onnxruntime, cached session, cpu, 1 thread; 1280x720, target 100 px, rendered clip",
    "capture", "not in total", "crop", "search network", "correlation + head", "decode", "glue", "60.0%", "100.0%",
    "median 3.992 ms (95 % 3.936-4.041)", "jitter 0.831 ms", "247.1 FPS", "300 frames in 5 rounds after 20 of warm-up",
    "outside the network (crop, decode, glue) 10.0%",
    # other parts
    "first update() 8.0 ms", "from the process to its first box 480.0 ms", "3 of 300 frames dropped at 30 FPS",
    "update() of 8 targets", "4.000 ms of 8", "stage timers add +0.25%", "x 1.100; throttling: cpu0 fell",
    "peak RSS 120.0 MB, PSS 95.0 MB", "GPU 300.0 MB (MemAvailable of the host)", "9,000 mW, idle 5,000 mW, by INA3221",
    "the carrier board is not in it", "36.00 mJ a frame", "VDD_CPU_GPU_CV", "success AUC 0.600",
    "house rule: made up for a test",
    # side by side, peers
    "mJ a frame", "OpenCV 4.12.0", "not installed: this OpenCV has no legacy module",
)  # fmt: skip


@both
def test_full_reports_say_all_figures(write: Write) -> None:
    text = write(made_up_report())
    assert [figure for figure in FIGURES if figure not in text] == []
    assert "not measured: " not in text


@both
def test_what_is_missing_says_why(write: Write) -> None:
    text = write(minimal_report())
    for part in PARTS:
        assert f"not measured: made-up reason of {part}" in text
    assert not re.search(r"\bNone\b|\bnan\b", text)
    for name in ("board", "clocks", "temperatures", "memory", "power sensor", "peers"):
        assert re.search(rf"{name}\W+not measured", text), name


@both
def test_zero_and_missing_are_told_apart(write: Write) -> None:
    bundle = made_up_bundle()
    assert bundle.memory is not None
    memory = replace(bundle.memory, gpu_bytes=None, gpu_source="", growth_bytes=0, pss_bytes=None)
    text = write(made_up_report(replace(bundle, memory=memory)))
    assert "PSS not measured, growth from opening the bundle on 0.0 kB" in text
    assert "GPU not measured" in text


@both
def test_frames_of_memory_have_no_capture(write: Write) -> None:
    text = write(made_up_report(made_up_bundle(closed_loop=replace(made_up_closed_loop(), capture=None))))
    assert re.search(r"capture\W+not measured: it takes a --source", text)


@both
def test_engines_that_run_the_network_as_one_have_one_stage_of_it(write: Write) -> None:
    loop = made_up_closed_loop()
    stages = {"crop": loop.stages["crop"], "network": same(3.5), "decode": same(0.1), "glue": same(0.1)}
    text = write(made_up_report(made_up_bundle(closed_loop=replace(loop, stages=stages))))
    assert re.search(r"network\W+3.500", text)
    assert "correlation + head" not in text


def _line(text: str, start: str) -> int:
    return next(index for index, line in enumerate(text.splitlines()) if line.startswith(start))


@both
def test_first_lines_warn_of_another_root_and_of_an_early_end(write: Write) -> None:
    text = write(partial_report(sysroot="folder/of/a/board"))
    root = "Host and sensors were read under folder/of/a/board"
    stopped = "Not complete: interrupted during camera of m onnx/fp32."
    figures = next(index for index, line in enumerate(text.splitlines()) if "update()" in line)
    assert _line(text, root) < _line(text, stopped) < figures
    assert _line(text, root) <= 2  # behind the heading in Markdown
    assert "the figures below are no device's" in text


@both
def test_complete_reports_of_this_machine_have_no_warning(write: Write) -> None:
    assert "Not complete" not in write(made_up_report())
    assert "no device's" not in write(made_up_report())


@both
def test_boards_say_their_versions_and_power_mode(write: Write) -> None:
    report = made_up_report(host=made_up_jetson(), device="jetson", reached_by="ssh user@board")
    text = write(report)
    for expected in (
        "jetson, reached by ssh user@board", "NVIDIA Made-up Board (tegra234, p0000-0000+p0000-0005)",
        "6.2 (L4T 36.4.3); Orin, SM 8.7", "15W; jetson_clocks --show: not measured (it needs root)",
        "schedutil on 6 processors", "gpu 306 of 625 MHz", "CUDA 12.6, TensorRT 10.3.0",
    ):  # fmt: skip
        assert expected in text


def test_boards_that_do_not_tell_their_power_mode_say_so() -> None:
    host = made_up_jetson()
    assert host.jetson is not None
    text = terminal(made_up_report(host=replace(host, jetson=replace(host.jetson, power_mode="", jetpack="", l4t=""))))
    assert "not measured (L4T not measured)" in text
    assert re.search(r"power mode +not measured;", text)


@both
def test_only_several_bundles_stand_side_by_side(write: Write) -> None:
    assert "side by side" in write(made_up_report())
    assert "side by side" not in write(made_up_report(made_up_bundle()))


@both
def test_partly_measured_parts_keep_their_reason(write: Write) -> None:
    bundle = made_up_bundle(not_measured={"sustained": "interrupted after 12 s", "dla": "nobody asked it"})
    text = write(made_up_report(bundle))
    assert "throttling: cpu0 fell from 2400 to 2100 MHz; but: interrupted after 12 s" in text
    assert re.search(r"dla\W+not measured: nobody asked it", text)


@both
def test_sustained_runs_say_which_sensor_was_lost(write: Write) -> None:
    bundle = made_up_bundle()
    assert bundle.sustained is not None
    run = replace(bundle.sustained, lost="clocks: denied", throttling="", fps=30.0)
    text = write(made_up_report(replace(bundle, sustained=run)))
    assert "60 s (30 FPS)" in text
    assert "throttling: not measured: no clocks were read; lost in the run: clocks: denied" in text


@both
def test_building_engines_is_told_where_any_was_built(write: Write) -> None:
    bundle = made_up_bundle()
    assert bundle.start is not None
    assert "building" not in write(made_up_report(bundle))
    text = write(made_up_report(replace(bundle, start=replace(bundle.start, load_ms=9000.0, build_ms=8000.0))))
    assert "load 9,000.0 ms, of which building engines 8,000.0 ms" in text


@both
def test_reports_of_no_bundle_and_no_peer_can_be_written(write: Write) -> None:
    text = write(replace(made_up_report(), bundles=(), peers=Peers(frames_from="rendered clips", results=())))
    assert "trackers that took turns" in text


ODD = "odd [red]name[/red] | <b>&amp;</b> *x* `y` :smile:\nnext\x1b[31m line"


def odd_report() -> BenchReport:
    bundle: BundleReport = made_up_bundle(ODD, not_measured={"camera": ODD})
    setup = replace(bundle.setup, bundle=ODD)
    return made_up_report(
        replace(bundle, setup=setup, camera=None), made_up_bundle(), command=ODD, stopped=ODD, complete=False
    )


def test_odd_names_stay_as_they_are_on_a_terminal() -> None:
    text = terminal(odd_report())
    assert r"odd [red]name[/red] | <b>&amp;</b> *x* `y` :smile:\nnext\x1b[31m line" in text
    assert "\x1b" not in text


def test_odd_names_break_no_table_of_markdown() -> None:
    text = markdown(odd_report())
    assert "\x1b" not in text
    tables = [line for line in text.splitlines() if line.startswith("| ")]
    columns: list[int] = []
    for line in tables:
        columns.append(len(re.findall(r"(?<!\\)\|", line)))
    starts = [index for index, line in enumerate(tables) if set(line) <= set("|-: ")]
    for start, end in zip(starts, [*(index - 1 for index in starts[1:]), len(tables)], strict=True):
        assert set(columns[start - 1 : end]) == {columns[start]}
    assert r"odd \[red\]name\[/red\] \| \<b\>\&amp;\</b\> \*x\* \`y\` :smile:\\nnext\\x1b\[31m line" in text


def test_markdown_leaves_names_of_rails_alone() -> None:
    assert "| VDD_CPU_GPU_CV | no | 600 | 4,000 |" in markdown(made_up_report())


def test_tables_have_as_many_cells_as_columns() -> None:
    for report in (made_up_report(), minimal_report(), partial_report()):
        tables: list[Any] = [item for section in report_sections(report) for item in section.items]
        for table in (item for item in tables if hasattr(item, "columns")):
            assert {len(row) for row in table.rows} == {len(table.columns)}
            assert all(cell for row in table.rows for cell in row)


def test_reports_of_one_host_say_clocks_of_each_kind_once() -> None:
    clocks = {**{f"cpu{index}": 1000.0 + index for index in range(64)}, "gpu": 306.0}
    text = terminal(made_up_report(host=made_up_host(clocks_mhz=clocks, clocks_max_mhz={})))
    assert "cpu (64) 1000-1063 MHz, gpu 306 MHz" in text


def test_counts_agree_with_their_noun() -> None:
    assert [count_text(count, "frame") for count in (0, 1, 1200)] == ["0 frames", "1 frame", "1,200 frames"]

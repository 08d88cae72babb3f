"""The bench's page: the figures of the report, whatever the names are, however long the series, whatever is missing."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from sdst_bench.report.model import BenchReport
from sdst_bench.report.parts import Sample
from sdst_edge.workflows.bench.page import page_text
from sdst_edge.workflows.bench.page.lines import Line, named_lines
from sdst_edge.workflows.bench.page.scatter import Rival, scatter_figure
from sdst_edge.workflows.bench.page.series import envelope, finite_points, histogram, time_scale
from sdst_edge.workflows.pages.axis import Axis, LogAxis
from tests.html_page import NASTY, Page
from tests.made_up_bench import (
    made_up_bundle,
    made_up_closed_loop,
    made_up_jetson,
    made_up_report,
    minimal_report,
    partial_report,
    series,
)


def floats(*values: float) -> Any:
    return np.array(values, np.float64)


def figures_of(page: Page) -> list[str]:
    return [item["aria-label"] or "" for item in page.all("svg", "plot")]


def test_the_page_shows_what_was_measured_where() -> None:
    report = made_up_report(host=made_up_jetson(), device="jetson", reached_by="ssh me@board")
    page = Page(page_text(report))
    for text in (
        "m onnx/fp32, s onnx/int8", "NVIDIA Made-up Board", "JetPack 6.2", "power mode 15W", "governor schedutil",
        "TensorRT 10.3.0", "reached by ssh me@board", "sdst-edge bench m/ s/ --peers", "2026-01-02T03:04:05+00:00",
        "36.00 mJ", "120.0 MB",
    ):  # fmt: skip
        assert text in page.text, text
    assert not page.all("p", "warning")


def test_tables_hold_the_figures() -> None:
    page = Page(page_text(made_up_report()))
    loop = made_up_closed_loop()
    rows = {row[0]: row[1:] for table in page.tables for row in table}
    assert [row[0] for row in page.tables[0][1:]] == ["m onnx/fp32", "s onnx/int8"]
    assert rows["total"][0] == f"{made_up_closed_loop(2.0, seed=1).total.p50:.3f}"
    assert f"{loop.total.p50:.3f}" in page.tables[0][1]
    assert "KCF, OpenCV 4.12.0" in rows
    assert rows["VDD_IN"] == ["yes", "5,000", "9,000"]


def test_each_plot_says_in_words_what_it_shows() -> None:
    page = Page(page_text(made_up_report(made_up_bundle())))
    starts = (
        "Histogram of update()", "update() of 300 frames", "latency at 30 FPS of 297 frames", "Several targets",
        "Sustained: p50 of update(), ms: from 4.008 to 4.48 ms", "Sustained: clocks", "Sustained: temperature",
        "Sustained: power", "Success AUC against latency",
    )  # fmt: skip
    assert len(figures_of(page)) == len(starts)
    for label, start in zip(figures_of(page), starts, strict=True):
        assert label.startswith(start)
    assert page.text.count("search network") == 2  # legend and table


def test_several_bundles_share_plots() -> None:
    page = Page(page_text(made_up_report()))
    labels = figures_of(page)
    assert sum(label.startswith("Several targets") for label in labels) == 1
    assert sum(label.startswith("Histogram") for label in labels) == 2
    scatter = next(label for label in labels if label.startswith("Success AUC against latency: bundles"))
    assert "1: m onnx/fp32: 3.99 ms, AUC 0.600; 2: s onnx/int8: 2.00 ms, AUC 0.600" in scatter
    stages = [item["style"] for item in page.all("i", "part") if "style" in item]
    assert stages[:5] == ["width:4.05%", "width:48.57%", "width:24.29%", "width:1.62%", "width:2.43%"]


def test_what_is_missing_reads_not_measured_with_its_reason() -> None:
    page = Page(page_text(minimal_report()))
    for part in ("closed_loop", "camera", "power", "accuracy"):
        assert f"not measured: made-up reason of {part}" in page.text
    assert not page.all("figure")
    assert not page.all("dl", "figures")


def test_heading_says_nothing_of_a_processor_that_is_not_known() -> None:
    host = made_up_jetson()
    host = replace(host, environment=replace(host.environment, cpu="not known"))
    assert "not known" not in page_text(made_up_report(host=host))


def test_single_missing_figures_read_not_measured() -> None:
    page = Page(page_text(made_up_report(made_up_bundle(power=None, not_measured={"power": "no sensor"}))))
    assert "not measured: no sensor" in page.text
    assert len(page.all("dd", "missing")) == 1


def test_partial_and_foreign_figures_are_marked_on_top() -> None:
    page = Page(page_text(partial_report(sysroot="fake/root")))
    assert len(page.all("p", "warning")) == 2
    assert "interrupted during camera of m onnx/fp32" in page.text
    assert "read under fake/root" in page.text
    assert page.text.index("no device's") < page.text.index("Side by side")


def test_names_and_reasons_are_text_and_never_markup() -> None:
    setup = replace(
        made_up_bundle().setup,
        bundle=NASTY,
        family=NASTY,
        variant=NASTY,
        engine=NASTY,
        session=NASTY,
        frames_from=NASTY,
    )
    loop = made_up_closed_loop()
    loop = replace(loop, stages={**loop.stages, NASTY: loop.total})
    host = made_up_jetson()
    host = replace(host, board=replace(host.board, model=NASTY), governors={NASTY: 1}, clocks_mhz={NASTY: 1.0})
    host = replace(host, environment=replace(host.environment, cpu=NASTY, engines={NASTY: NASTY}), tensorrt=NASTY)
    bundle = made_up_bundle(
        NASTY, setup=setup, closed_loop=loop, camera=None, not_measured={"camera": NASTY, NASTY: NASTY}
    )
    assert bundle.sustained is not None
    assert bundle.power is not None
    sample = Sample(
        seconds=1.0,
        frames=1,
        frame_p50_ms=1.0,
        clocks_mhz={NASTY: 1.0},
        temperatures_c={NASTY: 1.0, "b": 2.0},
        power_mw={},
    )
    rails = tuple(replace(rail, name=NASTY) for rail in bundle.power.rails)
    bundle = replace(
        bundle,
        sustained=replace(bundle.sustained, samples=(sample,), throttling=NASTY),
        power=replace(bundle.power, rails=rails, source=NASTY, total_of=NASTY),
    )
    report = made_up_report(bundle, replace(bundle, name=NASTY + "2"), command=NASTY, created=NASTY, reached_by=NASTY)
    report = replace(report, host=host, sysroot=NASTY, complete=False, stopped=NASTY, device=NASTY)
    assert report.peers is not None
    report = replace(report, peers=replace(report.peers, frames_from=NASTY, absent={NASTY: NASTY}))
    text = page_text(report)
    page, plain = Page(text), Page(page_text(made_up_report(host=made_up_jetson())))
    assert len(page.all("script")) == 1
    assert not page.all("b", "&")
    assert text.count("alert(") == text.count("&lt;script&gt;alert(&#x27;1&#x27;)")
    assert {tag for tag, _ in page.starts} == {tag for tag, _ in plain.starts}


def test_the_page_asks_for_no_other_file() -> None:
    text = page_text(made_up_report())
    addresses = [
        value for _, attributes in Page(text).starts for name, value in attributes.items() if name in ("src", "href")
    ]
    assert addresses == ["data:,", "#host"]
    assert not re.search(r"url\(|@import|https?:", text)


@pytest.mark.parametrize(
    "times",
    [
        (4.0,),
        (4.0,) * 50,
        (0.0, 4.0),
        (4.0, float("nan"), float("inf"), 5.0),
        series(4.0, 10_000),
        (*series(4.0, 500), 900.0),
    ],
    ids=["one frame", "all the same", "from zero", "not finite", "long", "a stall"],
)
def test_any_series_is_drawn(times: tuple[float, ...]) -> None:
    finite = tuple(time for time in times if np.isfinite(time))
    loop = replace(made_up_closed_loop(times_ms=finite), total_ms=times)
    text = page_text(made_up_report(made_up_bundle(closed_loop=loop)))
    assert not re.search(r"\b(nan|inf)\b", re.sub(r"<style>.*?</style>", "", text, flags=re.DOTALL))
    labels = figures_of(Page(text))
    assert f"over {len(finite):,} frames" in labels[0]
    assert f"of {len(finite):,} frames in order" in labels[1]
    assert len(text) < 100_000


def test_series_without_a_figure_have_no_plot() -> None:
    bundle = made_up_bundle(closed_loop=replace(made_up_closed_loop(), total_ms=()))
    assert bundle.sustained is not None
    sample = Sample(seconds=1.0, frames=0, frame_p50_ms=None, clocks_mhz={}, temperatures_c={}, power_mw={})
    bundle = replace(bundle, sustained=replace(bundle.sustained, samples=(sample,)))
    labels = figures_of(Page(page_text(made_up_report(bundle, peers=None))))
    assert [label.split()[0] for label in labels] == ["latency", "Several"]


def test_a_report_without_bundles_is_a_page() -> None:
    report = replace(made_up_report(), bundles=(), peers=None, complete=False, stopped="no bundle opened")
    assert "No bundle" in Page(page_text(report)).text


def test_two_bundles_of_a_thousand_frames_stay_small() -> None:
    bundles = [
        made_up_bundle(name, closed_loop=made_up_closed_loop(times_ms=series(4.0, 1000, seed=seed)))
        for seed, name in enumerate(("a", "b"))
    ]
    assert len(page_text(made_up_report(*bundles)).encode()) < 300_000


def test_a_long_series_keeps_its_stalls() -> None:
    values = np.full(10_000, 4.0)
    values[[123, 7000]] = 90.0, 0.5
    points = envelope(np.arange(1.0, 10_001), values, 300)
    assert len(points) <= 600
    assert (124.0, 90.0) in points
    assert (7001.0, 0.5) in points
    assert points == sorted(points)
    assert envelope(floats(1, 2), floats(5, 6), 300) == [(1, 5), (2, 6)]


def test_values_that_are_not_finite_are_left_out() -> None:
    places, values = finite_points((1.0, float("nan"), 3.0, float("-inf")))
    assert (places.tolist(), values.tolist()) == ([1, 3], [1, 3])


def test_a_long_tail_makes_the_axis_logarithmic() -> None:
    assert isinstance(time_scale(floats(4, 4, 4, 40)), LogAxis)
    assert isinstance(time_scale(floats(4, 4, 4, 8)), Axis)
    assert isinstance(time_scale(floats(0, 4, 4, 40)), Axis)
    assert time_scale(floats(4, 5)).start == 0
    assert time_scale(floats(4, 5), from_zero=False).start == 4


@pytest.mark.parametrize("largest", [8.0, 4000.0])
def test_each_value_is_in_one_bin(largest: float) -> None:
    values = floats(*np.linspace(4, 5, 99), largest)
    edges, counts = histogram(values, time_scale(values), 20)
    assert counts.sum() == 100
    assert (edges[0], edges[-1]) == (4, largest)
    assert counts[-1] == 1
    edges, counts = histogram(floats(4, 4), Axis(5), 20)
    assert counts.tolist() == [2]


def test_lines_that_are_the_same_are_one() -> None:
    samples = [(float(second), {"cpu0": 1.0, "cpu1": 1.0, "gpu": float(second)}) for second in range(3)]
    assert named_lines(samples) == [
        Line(name="cpu0, cpu1", points=((0, 1), (1, 1), (2, 1))),
        Line(name="gpu", points=((0, 0), (1, 1), (2, 2))),
    ]


def test_many_processors_are_two_lines() -> None:
    samples = [(float(second), {f"cpu{index}": 100.0 * index + second for index in range(12)}) for second in range(2)]
    assert named_lines([(second, {**values, "gpu": 7.0}) for second, values in samples]) == [
        Line(name="lowest of cpu0 … cpu11", points=[(0, 0), (1, 1)]),
        Line(name="highest of cpu0 … cpu11", points=[(0, 1100), (1, 1101)]),
        Line(name="gpu", points=[(0, 7), (1, 7)]),
    ]


def test_numbers_of_marks_do_not_overlap() -> None:
    rivals = [Rival(name=f"b{index}", latency_ms=4.0 + 0.02 * index, success_auc=0.6) for index in range(9)]
    text = scatter_figure("toy", rivals)
    found = re.findall(r'class="rank" x="([\d.]+)" y="([\d.]+)"', text)
    places = [(float(x), float(y)) for x, y in found]
    assert len(places) == 9
    for index, (x, y) in enumerate(places):
        assert all(abs(x - u) >= 12 or abs(y - v) >= 12 for u, v in places[:index])


@pytest.mark.parametrize("count", [0, 1])
def test_a_scatter_needs_two_trackers(count: int) -> None:
    none = Rival(name="b", latency_ms=float("nan"), success_auc=0.5)
    assert scatter_figure("toy", [none, *[Rival(name="a", latency_ms=4.0, success_auc=0.6)] * count]) == ""


def test_peers_are_told_from_bundles() -> None:
    report: BenchReport = made_up_report()
    page = Page(page_text(report))
    assert len(page.all("circle", "ours")) == 2 + 2  # compared with each other, and with peers
    assert len(page.all("path", "peer")) == 1
    assert "MOSSE" in page.text

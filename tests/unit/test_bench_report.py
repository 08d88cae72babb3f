"""Shares, rates and tables of a report whose numbers are known."""

from __future__ import annotations

import io
import json

import pytest
from rich.console import Console

from sdst_bench.environment import Environment
from sdst_bench.latency_report import LatencyReport, Memory, Setup, Start, latency_tables
from sdst_bench.stats import Summary


def same(value: float) -> Summary:
    return Summary(p50=value, p90=value, p99=value, max=value, mean=value)


def report(*, peak: int | None = 200_000_000) -> LatencyReport:
    return LatencyReport(
        setup=Setup(
            bundle="n3",
            family="nanotrack-v3",
            variant="onnx/fp32",
            engine="onnxruntime",
            session="baked",
            device="cpu",
            threads=1,
            size_wh=(1280, 720),
            frames=300,
            warmup=20,
            target_px=100.0,
        ),
        start=Start(load_ms=50.0, first_init_ms=4.0, init_p50_ms=3.0, first_update_ms=2.5),
        stages={"crop": same(0.2), "search": same(1.2), "head": same(0.5), "decode": same(0.05), "glue": same(0.05)},
        total=Summary(p50=2.5, p90=3.0, p99=4.0, max=5.0, mean=2.0),
        memory=Memory(peak_rss_bytes=peak, growth_bytes=peak, clip_bytes=88_473_600),
        environment=Environment(
            cpu="Some CPU",
            cores=4,
            cores_usable=2,
            governor="not known",
            board="Some Board",
            system="Linux 6 x86_64",
            python="3.11.0",
            numpy="2.0.0",
            onnxruntime="1.20.0",
            libsdst="0.1.0",
            isa="avx2",
            int8="avx512_vnni",
        ),
    )


def text_of(latency: LatencyReport) -> str:
    out = io.StringIO()
    console = Console(file=out, width=200)
    for item in latency_tables(latency):
        console.print(item)
    return out.getvalue()


def test_report_shares_tell_means_from_medians() -> None:
    latency = report()
    assert latency.outside_share_mean == pytest.approx(0.3 / 2.0)
    assert latency.outside_share_p50 == pytest.approx(0.3 / 2.5)


def test_report_rates_follow_from_the_total() -> None:
    latency = report()
    assert latency.fps == pytest.approx(500.0)
    assert latency.jitter_ms == pytest.approx(1.5)


def test_to_plain_is_json_with_all_figures() -> None:
    plain = json.loads(json.dumps(report().to_plain(), allow_nan=False))
    assert plain["stages"]["crop"]["p50"] == 0.2
    assert plain["setup"]["size_wh"] == [1280, 720]
    assert {"fps", "jitter_ms", "outside_share_mean", "outside_share_p50", "memory", "environment"} <= set(plain)


def test_latency_tables_name_stages_shares_and_machine() -> None:
    text = text_of(report())
    for expected in ("crop", "search network", "correlation + head", "decode", "glue", "total", "15.0%", "12.0%"):
        assert expected in text
    for expected in ("500.0 FPS", "first update() 2.50 ms", "peak RSS 200.0 MB", "Some CPU, Some Board", "avx2"):
        assert expected in text


def test_latency_tables_say_not_known_when_the_host_does_not_tell() -> None:
    assert "peak RSS not known" in text_of(report(peak=None))

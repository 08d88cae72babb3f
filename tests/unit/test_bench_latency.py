"""Timing a toy bundle: what is counted and how it adds up, never how fast it is."""

from __future__ import annotations

from pathlib import Path

import pytest

from sdst_bench.latency import measure
from sdst_runtime.errors import ConfigError, ManifestError


def test_measure_times_every_stage_of_every_frame(toy_bundle: Path) -> None:
    report = measure(toy_bundle, frames=40, warmup=3, size_wh=(320, 240))
    assert list(report.stages) == ["crop", "search", "head", "decode", "glue"]
    assert (report.setup.frames, report.setup.warmup, report.setup.size_wh) == (40, 3, (320, 240))
    assert sum(stage.mean for stage in report.stages.values()) == pytest.approx(report.total.mean)
    assert all(stage.p50 > 0 for stage in report.stages.values())
    assert report.total.p50 <= report.total.p90 <= report.total.p99 <= report.total.max
    assert 0 < report.outside_share_mean < 1
    assert report.start.load_ms > 0
    assert report.start.first_update_ms > 0


@pytest.mark.parametrize("session", ["baked", "split"])
def test_measure_names_the_session_that_ran(session: str, toy_bundle: Path) -> None:
    report = measure(toy_bundle, session=session, frames=1, warmup=0, size_wh=(128, 96))  # type: ignore[arg-type]
    assert report.setup.session == session


@pytest.mark.parametrize(
    "numbers", [{"frames": 0}, {"warmup": -1}, {"threads": 0}, {"size_wh": (32, 32)}, {"size_wh": (40_000, 20_000)}]
)
def test_measure_refuses_numbers_out_of_range(numbers: dict[str, int], toy_bundle: Path) -> None:
    with pytest.raises(ConfigError):
        measure(toy_bundle, **{"frames": 1, **numbers})  # type: ignore[arg-type]


def test_measure_refuses_a_folder_that_is_no_bundle(tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match="does not exist"):
        measure(tmp_path, frames=1)

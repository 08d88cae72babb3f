"""A report against an earlier one: what is a regression, what cannot be judged, what is refused."""

from __future__ import annotations

import io
import json
import re
from dataclasses import replace

import numpy as np
import pytest
from rich.console import Console

from sdst_bench import stats
from sdst_bench.report.comparing import Change, ReportComparison, compare_reports, parse_share
from sdst_bench.report.comparing_sections import comparison_markdown, comparison_tables
from sdst_bench.report.model import BenchReport
from sdst_runtime.errors import ConfigError
from sdst_runtime.strict import to_plain
from tests.made_up_bench import (
    made_up_bundle,
    made_up_closed_loop,
    made_up_host,
    made_up_jetson,
    made_up_report,
    minimal_report,
    same,
    series,
)


def report_of(times_ms: tuple[float, ...]) -> BenchReport:
    return made_up_report(made_up_bundle(closed_loop=made_up_closed_loop(times_ms=times_ms)))


@pytest.fixture(autouse=True)
def few_resamples(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ends of intervals are coarser, and tests ten times as fast."""
    monkeypatch.setattr(stats, "RESAMPLES", 100)


OLD = report_of(series(4.0))


def median_of(compared: ReportComparison) -> Change:
    (bundle,) = compared.bundles
    assert bundle.median_ms is not None
    return bundle.median_ms


def terminal(compared: ReportComparison) -> str:
    out = io.StringIO()
    console = Console(file=out, width=300, highlight=False, markup=False, emoji=False)
    for item in comparison_tables(compared):
        console.print(item)
    return out.getvalue()


def test_a_report_against_itself_passes_without_any_allowance() -> None:
    compared = compare_reports(OLD, OLD, 0.0)
    median = median_of(compared)
    assert compared.passed
    assert compared.bundles[0].verdict == "within"
    assert median.ratio == 1.0
    assert median.interval is not None
    assert median.interval.low <= 1.0 <= median.interval.high
    assert compared.hosts == compared.only_old == compared.only_new == ()


def test_ratios_are_those_of_the_medians() -> None:
    compared = compare_reports(report_of((4.0,) * 300), report_of((5.0,) * 300), 0.1)
    median = median_of(compared)
    assert (median.old, median.new, median.ratio) == (4.0, 5.0, 1.25)
    assert median.interval is not None
    assert (median.interval.low, median.interval.high) == (1.25, 1.25)


@pytest.mark.parametrize(
    ("new_ms", "limit", "verdict"),
    [
        (4.6, 0.1, "regressed"),
        (4.2, 0.1, "within"),
        (4.6, 0.2, "within"),
        (3.0, 0.0, "within"),
        (8.0, 0.5, "regressed"),
    ],
)
def test_the_limit_decides(new_ms: float, limit: float, verdict: str) -> None:
    compared = compare_reports(OLD, report_of(series(new_ms, seed=3)), limit)
    assert compared.bundles[0].verdict == verdict
    assert compared.passed == (verdict == "within")


def test_the_limit_itself_is_allowed() -> None:
    assert compare_reports(report_of((4.0,) * 300), report_of((5.0,) * 300), 0.25).passed


def test_what_noise_explains_is_no_regression() -> None:
    """Drift in the old run: its median may lie anywhere in it, so that 15 % above it proves nothing."""
    drifting = tuple(np.linspace(3.0, 6.0, 300).tolist())
    compared = compare_reports(report_of(drifting), report_of((4.5 * 1.15,) * 300), 0.1)
    median = median_of(compared)
    assert median.ratio == pytest.approx(1.15)
    assert median.interval is not None
    assert median.interval.low < 1 < median.interval.high
    assert compared.passed


def test_the_rule_is_stated() -> None:
    compared = compare_reports(OLD, OLD, 0.1)
    assert "more than 1.1 times the old one" in compared.rule
    for text in (terminal(compared), comparison_markdown(compared)):
        assert "more than 1.1 times the old one, and the 95 % interval of that ratio" in text


def test_what_was_not_measured_is_not_passed() -> None:
    for old, new in ((OLD, minimal_report()), (minimal_report(), OLD), (report_of(series(4.0, 1)), minimal_report())):
        compared = compare_reports(old, new, 0.1)
        assert compared.bundles[0].verdict == "not measured"
        assert not compared.passed
        assert compared.bundles[0].success_auc is None
        assert re.search(r"update\(\) p50, ms +not measured +not measured +not measured", terminal(compared))


def test_without_a_limit_nothing_is_judged() -> None:
    compared = compare_reports(OLD, report_of(series(40.0)), None)
    assert compared.passed
    assert compared.bundles[0].verdict == "not judged"
    assert median_of(compared).ratio == pytest.approx(10.0, rel=0.01)
    assert "nothing is judged" in terminal(compared)


def test_other_figures_are_compared_and_do_not_decide() -> None:
    before = made_up_bundle()
    assert before.memory is not None
    assert before.power is not None
    assert before.accuracy is not None
    after = replace(
        before,
        memory=replace(before.memory, peak_rss_bytes=180_000_000),
        power=replace(before.power, frame_mj=72.0),
        accuracy=replace(before.accuracy, success_auc=0.55),
    )
    compared = compare_reports(made_up_report(before), made_up_report(after), 0.1)
    (bundle,) = compared.bundles
    assert bundle.peak_rss_bytes == Change(old=120e6, new=180e6, ratio=1.5)
    assert bundle.frame_mj == Change(old=36.0, new=72.0, ratio=2.0)
    assert bundle.success_auc == Change(old=0.6, new=0.55, ratio=None)
    assert compared.passed
    text = terminal(compared)
    assert re.search(r"peak RSS +120.0 MB +180.0 MB +x 1.500 +–", text)
    assert re.search(r"success AUC +0.600 +0.550 +-0.050 +–", text)


def test_figures_that_mean_something_else_are_not_compared() -> None:
    before = made_up_bundle()
    assert before.camera is not None
    assert before.power is not None
    assert before.accuracy is not None
    after = replace(
        before,
        camera=replace(before.camera, fps=60.0),
        power=replace(before.power, total_of="the sum of all rails"),
        accuracy=replace(before.accuracy, sequences=2),
    )
    (bundle,) = compare_reports(made_up_report(before), made_up_report(after), 0.1).bundles
    assert bundle.camera_ms is bundle.frame_mj is bundle.success_auc is None


def test_data_sets_may_lie_elsewhere() -> None:
    before = made_up_bundle()
    assert before.accuracy is not None
    after = replace(before, accuracy=replace(before.accuracy, dataset="elsewhere/"))
    (bundle,) = compare_reports(made_up_report(before), made_up_report(after), 0.1).bundles
    assert bundle.success_auc is not None


def test_other_setups_are_no_baseline() -> None:
    new = made_up_bundle()
    new = replace(new, setup=replace(new.setup, threads=2, size_wh=(640, 480)))
    with pytest.raises(ConfigError, match=r"'m onnx/fp32' has threads 1 and 2; .*_wh \(1280, 720\) and \(640, 480\)"):
        compare_reports(OLD, made_up_report(new), 0.1)
    compared = compare_reports(OLD, made_up_report(new), None)
    assert [change.name for change in compared.bundles[0].setup] == ["threads", "size_wh"]
    assert "Warning: the setups are not the same." in terminal(compared)


def test_a_bundle_may_be_elsewhere_and_have_grown() -> None:
    new = made_up_bundle()
    new = replace(new, setup=replace(new.setup, bundle="other/m", bundle_bytes=5_000_000))
    assert compare_reports(made_up_report(made_up_bundle()), made_up_report(new), 0.0).passed


def test_bundles_of_one_report_alone_are_listed() -> None:
    old = made_up_report(made_up_bundle("a"), made_up_bundle("b"))
    new = made_up_report(made_up_bundle("c"), made_up_bundle("a"))
    compared = compare_reports(old, new, 0.1)
    assert [bundle.name for bundle in compared.bundles] == ["a"]
    assert (compared.only_old, compared.only_new) == (("b",), ("c",))
    assert "Only in the old one, not compared: b." in terminal(compared)
    assert "Only in the new one, not compared: c." in terminal(compared)


def test_reports_without_a_bundle_in_common_are_refused() -> None:
    with pytest.raises(ConfigError, match="'a' in the old one, 'b' in the new one"):
        compare_reports(made_up_report(made_up_bundle("a")), made_up_report(made_up_bundle("b")), 0.1)
    with pytest.raises(ConfigError, match="none in the new one"):
        compare_reports(OLD, replace(OLD, bundles=()), 0.1)


def test_other_hosts_are_warned_of() -> None:
    host = made_up_jetson()
    assert host.jetson is not None
    faster = replace(host, jetson=replace(host.jetson, power_mode="MAXN"))
    compared = compare_reports(replace(OLD, host=host), replace(OLD, host=faster), 0.1)
    assert [(item.name, item.old, item.new) for item in compared.hosts] == [("jetson.power_mode", "15W", "MAXN")]
    assert compared.passed
    for text in (terminal(compared), comparison_markdown(compared)):
        assert "Warning: the hosts are not the same" in text
        assert re.search(r"jetson.power_mode\W+15W\W+MAXN", text)


def test_what_a_host_tells_of_a_moment_is_no_difference() -> None:
    warm = made_up_host(temperatures_c={"package": 80.0}, clocks_mhz={"cpu0": 800.0}, memory_available_bytes=1)
    assert compare_reports(OLD, replace(OLD, host=warm), 0.1).hosts == ()


def test_another_kind_of_host_differs_in_many_things() -> None:
    compared = compare_reports(OLD, replace(OLD, host=made_up_jetson(), sysroot="folder", device="jetson"), 0.1)
    names = {item.name for item in compared.hosts}
    assert {"device", "sysroot", "board.model", "gpus.0.name", "clocks_max_mhz", "environment.system"} <= names
    assert re.search(r"board.soc +not measured +tegra234", terminal(compared))


def test_comparisons_are_plain_json() -> None:
    plain = json.loads(json.dumps(to_plain(compare_reports(OLD, OLD, 0.1)), allow_nan=False))
    assert plain["bundles"][0]["verdict"] == "within"
    assert plain["bundles"][0]["median_ms"]["interval"]["low"] <= 1.0


def test_odd_names_are_shown_as_they_are() -> None:
    odd = made_up_report(made_up_bundle("odd [red] | \n name"))
    compared = compare_reports(odd, odd, 0.1)
    assert r"odd [red] | \n name: within" in terminal(compared)
    assert r"## odd \[red\] \| \\n name: within" in comparison_markdown(compared)


def test_old_figures_of_zero_have_no_ratio() -> None:
    loop = replace(made_up_closed_loop(), total=same(0.0), total_ms=(0.0, 0.0))
    old = made_up_report(made_up_bundle(closed_loop=loop))
    compared = compare_reports(old, OLD, 0.1)
    assert compared.bundles[0].verdict == "not measured"
    assert median_of(compared).ratio is None


@pytest.mark.parametrize(
    ("text", "share"),
    [("10%", 0.1), ("0.1", 0.1), (" 10 % ", 0.1), ("0", 0.0), ("0%", 0.0), ("1", 1.0), ("150%", 1.5), ("1e-2", 0.01)],
)
def test_shares_are_read(text: str, share: float) -> None:
    assert parse_share(text) == pytest.approx(share, abs=0)


@pytest.mark.parametrize("text", ["", "%", "ten", "-1%", "-0.1", "nan", "nan%", "inf", "10%%", "0,1", "1e999%"])
def test_what_is_no_share_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="is no share, expected one such as 10%"):
        parse_share(text)


def test_percents_without_their_sign_are_asked_about() -> None:
    with pytest.raises(ConfigError, match="'10' would be 1000%; write 10%, or a share"):
        parse_share("10")

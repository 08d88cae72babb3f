"""The bench's page in a browser, as people open it: from the disk, on a desk and on a phone, by day and by night."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from sdst_bench.report.model import BenchReport
from sdst_edge.workflows.bench.page import page_text
from tests.e2e.browsing import (
    CONTRAST_GRAPHICS,
    CONTRAST_TEXT,
    DESK,
    PAPER,
    PHONE,
    assert_silent,
    contrast,
    drawn_letters_px,
    elements,
    open_page,
    print_media,
    rgb,
    style,
)
from tests.made_up_bench import made_up_bundle, made_up_jetson, made_up_report, minimal_report, partial_report

if TYPE_CHECKING:
    from selenium.webdriver import Chrome

LONG = "a_very_long_name_" * 20

#: Bundles of all that lines and parts have colours for.
SIX = made_up_report(*(made_up_bundle(f"bundle {index}", median_ms=1.0 + index) for index in range(6)))


def show(
    browser: Chrome, folder: Path, report: BenchReport, size: tuple[int, int] = DESK, scheme: str = "light"
) -> Path:
    """Opens the page of a report from the disk."""
    page = folder / "report.html"
    page.write_text(page_text(report), encoding="utf-8")
    open_page(browser, page, size, scheme)
    return page


def test_the_page_loads_in_silence_and_asks_for_nothing(browser: Chrome, tmp_path: Path) -> None:
    assert_silent(browser, show(browser, tmp_path, made_up_report()))


def test_a_name_in_the_report_runs_no_script(browser: Chrome, tmp_path: Path) -> None:
    nasty = "<script>document.title = 'owned'</script><img src=x onerror=\"document.title = 'owned'\">"
    bundle = made_up_bundle(nasty, camera=None, not_measured={"camera": nasty})
    assert_silent(
        browser, show(browser, tmp_path, made_up_report(bundle, command=nasty, stopped=nasty, complete=False))
    )
    assert browser.title == f"{nasty} on Made-up CPU"
    assert elements(browser, "h1")[0].text == nasty
    assert elements(browser, "img") == []


@pytest.mark.parametrize("width", [320, 390, 1280])
@pytest.mark.parametrize(
    "report",
    [
        made_up_report(host=made_up_jetson(), device="jetson"),
        minimal_report(),
        partial_report(sysroot=LONG),
        made_up_report(made_up_bundle(LONG, camera=None, not_measured={"camera": LONG}), command=LONG),
    ],
    ids=["full", "minimal", "partial", "long names"],
)
def test_the_page_is_never_wider_than_the_screen(
    browser: Chrome, tmp_path: Path, report: BenchReport, width: int
) -> None:
    show(browser, tmp_path, report, (width, 844))
    assert browser.execute_script("return document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_plots_are_drawn_and_named(browser: Chrome, tmp_path: Path, size: tuple[int, int]) -> None:
    show(browser, tmp_path, made_up_report(), size)
    pictures = elements(browser, "svg.plot[role=img]")
    assert len(pictures) == 1 + 1 + 2 * 7 + 1  # accuracy and targets, seven of each bundle, peers
    for picture in pictures:
        assert picture.get_attribute("aria-label")
        assert picture.rect["width"] > 250
        assert picture.rect["height"] > 150
        assert min(float(px[:-2]) for px in drawn_letters_px(browser, picture)) >= 10


def test_figures_are_seen_without_scrolling(browser: Chrome, tmp_path: Path) -> None:
    show(browser, tmp_path, made_up_report(made_up_bundle()))
    shown = elements(browser, ".figures dd")
    assert [item.text for item in shown] == ["3.992 ms", "4.822 ms", "247.1", "120.0 MB", "36.00 mJ", "0.600"]
    assert all(item.rect["y"] + item.rect["height"] <= DESK[1] for item in shown)
    histogram = elements(browser, "svg.plot")[0].rect
    assert histogram["y"] + histogram["height"] <= DESK[1]


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_bars_are_proportional_to_the_times(browser: Chrome, tmp_path: Path, size: tuple[int, int]) -> None:
    report = made_up_report()
    show(browser, tmp_path, report, size)
    tracks = elements(browser, ".stacks")[0].find_elements("css selector", ".track")
    ticks = elements(browser, ".stacks")[0].find_element("css selector", ".ticks").rect
    for track, bundle in zip(tracks, report.bundles, strict=True):
        assert bundle.closed_loop is not None
        parts = track.find_elements("css selector", ".part")
        width = sum(part.rect["width"] for part in parts)
        assert abs(width - ticks["width"] * bundle.closed_loop.total.mean / 5) < 2  # the axis ends at 5 ms
        assert len(parts) == 5


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_and_marks_stand_out(browser: Chrome, tmp_path: Path, scheme: str) -> None:
    show(browser, tmp_path, made_up_report(*SIX.bundles, complete=False, stopped="x"), scheme=scheme)
    page = rgb(style(browser, "body", "background-color"))
    assert (sum(page) > 600) == (scheme == "light")
    texts = (
        "h1", "h2", "h3", ".facts", ".facts a", ".figures dt", ".figures dd", ".rows dt", ".rows dd", "figcaption",
        ".keys", ".ticks span", ".rivals", "tbody td", ".stacks .value",
    )  # fmt: skip
    for selector in texts:
        assert contrast(rgb(style(browser, selector, "color")), page) >= CONTRAST_TEXT, selector
    for selector in (".plot .x", ".plot .label", ".plot .rank", ".plot .name"):
        assert contrast(rgb(style(browser, selector, "fill")), page) >= CONTRAST_TEXT, selector
    quiet = rgb(style(browser, "thead th", "background-color"))
    for selector in ("thead th", ".warning"):
        assert contrast(rgb(style(browser, selector, "color")), quiet) >= CONTRAST_TEXT
    for index in range(6):
        for selector, name in ((f".part-{index}", "background-color"), (f".plot .line-{index}", "stroke")):
            assert contrast(rgb(style(browser, selector, name)), page) >= CONTRAST_GRAPHICS, selector
    for selector in (".plot .bar", ".plot .ours", ".plot .peer"):
        assert contrast(rgb(style(browser, selector, "fill")), page) >= CONTRAST_GRAPHICS, selector


def test_lines_differ_in_more_than_colour(browser: Chrome, tmp_path: Path) -> None:
    show(browser, tmp_path, SIX)
    looks = {style(browser, f".plot polyline.line-{index}", "stroke-dasharray") for index in range(6)}
    assert len(looks) == 6


def test_paper_shows_all_of_it_in_black_on_white(browser: Chrome, tmp_path: Path) -> None:
    show(browser, tmp_path, made_up_report(), PAPER, scheme="dark")
    print_media(browser, "dark")
    assert rgb(style(browser, "body", "background-color")) == (255, 255, 255)
    assert sum(rgb(style(browser, "tbody td", "color"))) < 150
    assert browser.execute_script("return document.documentElement.scrollWidth") <= PAPER[0]
    for table, frame in zip(elements(browser, "table"), elements(browser, ".scroll"), strict=True):
        assert table.rect["width"] <= frame.rect["width"] + 1
    assert style(browser, ".part-0", "print-color-adjust") == "exact"


def test_a_keyboard_reaches_tables_that_scroll(browser: Chrome, tmp_path: Path) -> None:
    show(browser, tmp_path, made_up_report(), PHONE)
    frame = elements(browser, ".scroll")[0]
    assert frame.get_attribute("tabindex") == "0"
    assert frame.get_attribute("aria-label") == elements(browser, "h3")[0].text
    assert browser.execute_script("return arguments[0].scrollWidth > arguments[0].clientWidth", frame)

"""The report's page in a browser, as people open it: from the disk, on a desk and on a phone, by day and by night."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from sdst_edge.evaluation.result import EvaluationResult, Skipped
from sdst_edge.workflows.report.page import page_text
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
from tests.made_up_evaluation import lasot_like, made_up

if TYPE_CHECKING:
    from selenium.webdriver import Chrome

LONG = "a_very_long_name_" * 20


def show(
    browser: Chrome, folder: Path, result: EvaluationResult, size: tuple[int, int] = DESK, scheme: str = "light"
) -> None:
    """Opens the page of a result from the disk."""
    page = folder / "report.html"
    text = page_text(result, command="sdst-edge eval bundle data --attributes", json_name="result.json")
    page.write_text(text, encoding="utf-8")
    open_page(browser, page, size, scheme)


def column(browser: Chrome, table: int, index: int) -> list[str]:
    rows = elements(browser, "table.sortable tbody")[table].find_elements("css selector", "tr")
    return [row.find_elements("css selector", "th, td")[index].text for row in rows]


def test_the_page_loads_in_silence_and_asks_for_nothing(browser: Chrome, tmp_path: Path) -> None:
    show(browser, tmp_path, lasot_like(30))
    assert_silent(browser, tmp_path / "report.html")


def test_a_name_in_the_data_runs_no_script(browser: Chrome, tmp_path: Path) -> None:
    nasty = "<script>document.title = 'owned'</script><img src=x onerror=\"document.title = 'owned'\">"
    show(browser, tmp_path, made_up({nasty: (0.2, ("FM", nasty)), "b": (0.6, ())}, tracker=nasty))
    assert browser.title == f"{nasty} on data/toy"
    assert elements(browser, "h1")[0].text == nasty
    assert elements(browser, "img") == []


def test_the_weakest_attribute_is_seen_without_scrolling(browser: Chrome, tmp_path: Path) -> None:
    show(browser, tmp_path, lasot_like(280, skipped=(Skipped(name="kite-9", reason="no boxes"),)))
    heading, first = elements(browser, ".weakness h2")[0], elements(browser, ".bars li")[0]
    assert heading.text == "Weakest: FM, fast motion"
    assert first.text.startswith("FM fast motion")
    assert "weak" in first.get_attribute("class").split()
    bars = elements(browser, ".bars li")
    assert len(bars) == 14
    for item in (heading, *bars):
        assert item.is_displayed()
        assert 0 <= item.rect["y"] <= item.rect["y"] + item.rect["height"] <= DESK[1]
    colors = {name: style(browser, f".bars li{name} .bar", "background-color") for name in (".weak", ":not(.weak)")}
    assert colors[".weak"] != colors[":not(.weak)"]


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_bars_are_proportional_to_the_scores(browser: Chrome, tmp_path: Path, size: tuple[int, int]) -> None:
    result = lasot_like(280)
    show(browser, tmp_path, result, size)
    overall = result.overall["success_auc"]
    assert overall
    line = elements(browser, ".bars li .overall")[0].rect
    left = elements(browser, ".bars li .bar")[0].rect["x"]
    px_per_unit = (line["x"] + line["width"] / 2 - left) / overall
    for row in elements(browser, ".bars li"):
        name = row.find_element("css selector", "b").text
        score = result.attributes[name].scores["success_auc"]
        assert score
        width_px = row.find_element("css selector", ".bar").rect["width"]
        assert abs(width_px - px_per_unit * score) < 1
        assert row.find_element("css selector", ".value").text == f"{score:.3f}"


def test_a_click_on_a_header_sorts(browser: Chrome, tmp_path: Path) -> None:
    show(browser, tmp_path, made_up({"c-2": (0.3, ("FM",)), "c-10": (None, ()), "b": (0.9, ()), "a": (0.5, ("SV",))}))
    assert column(browser, 1, 0) == ["c-2", "a", "b", "c-10"]
    name, score = elements(browser, "table.sortable")[1].find_elements("css selector", "thead button")[:2]
    score.click()
    assert column(browser, 1, 1) == ["0.900", "0.500", "0.300", "–"]
    score.click()
    assert column(browser, 1, 1) == ["0.300", "0.500", "0.900", "–"]
    name.click()
    assert column(browser, 1, 0) == ["a", "b", "c-2", "c-10"]
    sorted_by = elements(browser, "table.sortable th[aria-sort]")
    assert [header.text.split()[0] for header in sorted_by] == ["success", "sequence"]  # one in each table


def test_sorting_needs_no_mouse(browser: Chrome, tmp_path: Path) -> None:
    from selenium.webdriver.common.keys import Keys

    show(browser, tmp_path, lasot_like(12))
    reached = []
    for _ in range(40):
        browser.switch_to.active_element.send_keys(Keys.TAB)
        focused = browser.switch_to.active_element
        reached.append(focused.text.replace("\n", " "))
        if reached[-1] == "frames":
            break
    assert [name for name in reached if name in ("attribute", "sequence", "frames")] == [
        "attribute",
        "sequence",
        "frames",
    ]
    assert focused.value_of_css_property("outline-style") == "solid"
    assert focused.find_element("xpath", "..").get_attribute("aria-sort") is None
    focused.send_keys(Keys.ENTER)
    assert focused.find_element("xpath", "..").get_attribute("aria-sort") == "ascending"
    assert focused == browser.switch_to.active_element


@pytest.mark.parametrize(
    "result",
    [
        lasot_like(280),
        made_up({LONG: (0.2, ("FM", LONG)), "b": (0.6, ("SV",))}, tracker=LONG, dataset=LONG, rule_text=LONG),
    ],
    ids=["lasot", "long names"],
)
@pytest.mark.parametrize("width", [320, 390, 1280])
def test_the_page_is_never_wider_than_the_screen(
    browser: Chrome, tmp_path: Path, result: EvaluationResult, width: int
) -> None:
    show(browser, tmp_path, result, (width, 844))
    assert browser.execute_script("return document.documentElement.scrollWidth") <= width
    for bar in elements(browser, ".bars li"):
        assert bar.rect["x"] + bar.rect["width"] <= width


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_curves_are_drawn_and_named(browser: Chrome, tmp_path: Path, size: tuple[int, int]) -> None:
    result = lasot_like(30)
    show(browser, tmp_path, result, size)
    pictures = elements(browser, "svg[role=img]")
    assert len(pictures) == len(result.curves) == 3
    for picture, line in zip(pictures, elements(browser, "svg polyline"), strict=True):
        assert picture.rect["width"] > 250
        assert picture.rect["height"] > 150
        assert line.rect["width"] > 200
        assert picture.get_attribute("aria-label").startswith(("Success", "Precision", "Normalised precision"))
        assert "toy tracker" in picture.get_attribute("aria-label")
        letters = [float(px[:-2]) for px in drawn_letters_px(browser, picture)]
        assert min(letters) >= 10


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_and_bars_stand_out(browser: Chrome, tmp_path: Path, scheme: str) -> None:
    show(browser, tmp_path, lasot_like(280, skipped=(Skipped(name="a", reason="b"),)), scheme=scheme)
    page = rgb(style(browser, "body", "background-color"))
    assert (sum(page) > 600) == (scheme == "light")
    texts = (
        "h1", ".facts", ".facts strong", ".facts a", ".figures dt", ".figures dd", ".weakness h2", ".weakness p",
        ".bars .heads", ".bars .name span", ".bars .weak b", ".bars .weak .change", ".bars li:not(.weak) .change",
        ".bars .count", ".bars .ticks", ".bars .keys", "figcaption", "tbody td", "tbody td.weak", "tfoot td",
        ".skipped",
    )  # fmt: skip
    for selector in texts:
        assert contrast(rgb(style(browser, selector, "color")), page) >= CONTRAST_TEXT, selector
    for selector in (".plot .x", ".plot .label"):
        assert contrast(rgb(style(browser, selector, "fill")), page) >= CONTRAST_TEXT, selector
    quiet = rgb(style(browser, "thead th", "background-color"))
    assert contrast(rgb(style(browser, "thead button", "color")), quiet) >= CONTRAST_TEXT
    for selector in (".bars .weak .bar", ".bars li:not(.weak) .bar", ".bars .overall"):
        assert contrast(rgb(style(browser, selector, "background-color")), page) >= CONTRAST_GRAPHICS, selector
    assert contrast(rgb(style(browser, ".plot .line", "stroke")), page) >= CONTRAST_GRAPHICS


def test_paper_shows_all_rows_in_black_on_white(browser: Chrome, tmp_path: Path) -> None:
    show(browser, tmp_path, lasot_like(280), PAPER, scheme="dark")
    print_media(browser, "dark")
    assert rgb(style(browser, "body", "background-color")) == (255, 255, 255)
    assert sum(rgb(style(browser, "tbody td", "color"))) < 150
    assert browser.execute_script("return document.documentElement.scrollWidth") <= PAPER[0]
    table = elements(browser, "table.sortable")[1].rect
    frame = elements(browser, ".scroll")[1].rect
    assert frame["height"] >= table["height"] > 280 * 15

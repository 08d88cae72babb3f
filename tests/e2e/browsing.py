"""A page in a browser, as people open it from the disk: for tests of all pages."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from selenium.webdriver import Chrome
    from selenium.webdriver.remote.webelement import WebElement

FLAGS = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip

DESK, PHONE = (1280, 800), (390, 844)

#: A4 between margins of 1 cm, at 96 px an inch.
PAPER = (718, 1046)

#: WCAG 2.2, success criteria 1.4.3 and 1.4.11: text, and parts of graphics that one must tell apart.
CONTRAST_TEXT, CONTRAST_GRAPHICS = 4.5, 3.0


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chrome]:
    """A Chromium without a window; skips where it or its driver is absent."""
    selenium = pytest.importorskip("selenium.webdriver", reason="needs selenium, which is not installed")
    names = ("chromium", "chromium-browser", "google-chrome")
    binary, driver = next(filter(None, map(shutil.which, names)), None), shutil.which("chromedriver")
    if binary is None or driver is None:
        pytest.skip("needs Chromium or Chrome, and chromedriver, on the PATH")
    options = selenium.ChromeOptions()
    options.binary_location = binary
    for flag in (*FLAGS, f"--user-data-dir={tmp_path_factory.mktemp('profile')}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    chrome = selenium.Chrome(options=options, service=selenium.ChromeService(driver))
    yield chrome
    chrome.quit()


def open_page(browser: Chrome, page: Path, size: tuple[int, int] = DESK, scheme: str = "light") -> None:
    """Opens a page from the disk on a screen."""
    screen = {"width": size[0], "height": size[1], "deviceScaleFactor": 1, "mobile": size == PHONE}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", screen)
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "screen", "features": features})
    browser.get_log("browser")  # forgets what an earlier page wrote
    browser.get(page.as_uri())


def print_media(browser: Chrome, scheme: str) -> None:
    """Shows the open page as it goes to a printer."""
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print", "features": features})


def assert_silent(browser: Chrome, page: Path) -> None:
    """The page that was just opened wrote nothing to the console and asked for no other file."""
    assert browser.get_log("browser") == []
    events = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
    sent = [event["params"] for event in events if event["method"] == "Network.requestWillBeSent"]
    urls = [request["request"]["url"] for request in sent if request["documentURL"] == page.as_uri()]
    assert [url for url in urls if not url.startswith("data:")] == [page.as_uri()]  # the browser has others


def elements(browser: Chrome, selector: str) -> list[WebElement]:
    """All that match a CSS selector."""
    return browser.find_elements("css selector", selector)


def style(browser: Chrome, selector: str, name: str) -> str:
    """What the browser made of a property of the first element that matches."""
    return elements(browser, selector)[0].value_of_css_property(name)


def drawn_letters_px(browser: Chrome, picture: WebElement) -> list[str]:
    """Sizes of the letters of a scaled picture, on the screen."""
    script = """
        const scale = arguments[0].getBoundingClientRect().width / arguments[0].viewBox.baseVal.width;
        return Array.from(arguments[0].querySelectorAll("text"),
                          (text) => `${scale * parseFloat(getComputedStyle(text).fontSize)}px`);
    """
    letters: list[str] = browser.execute_script(script, picture)
    return letters


def rgb(color: str) -> tuple[int, ...]:
    """Of an opaque CSS colour, 0 to 255 each."""
    red, green, blue, *alpha = (float(part) for part in re.findall(r"[\d.]+", color))
    assert alpha in ([], [1.0]), color
    return round(red), round(green), round(blue)


def contrast(one: tuple[int, ...], other: tuple[int, ...]) -> float:
    """Contrast ratio of two sRGB colours, 1 to 21; WCAG 2.2."""

    def luminance(color: tuple[int, ...]) -> float:
        shares = [level / 255 for level in color]
        linear = [share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4 for share in shares]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)

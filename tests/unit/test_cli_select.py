"""Picking a box with the mouse, with a stand-in for OpenCV's window."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import pytest

from sdst_edge.cli.select import select_box
from sdst_runtime.errors import BackendUnavailable, BoxError

FRAME = np.zeros((48, 64, 3), np.uint8)


@pytest.fixture
def screen(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    monkeypatch.setenv("DISPLAY", ":0")
    monkeypatch.setattr(cv2, "destroyAllWindows", lambda: None)
    return monkeypatch


def drawn(box: tuple[int, int, int, int]) -> Any:
    return lambda title, frame, **options: box


def test_select_box_gives_what_the_user_drew(screen: pytest.MonkeyPatch) -> None:
    screen.setattr(cv2, "selectROI", drawn((3, 4, 10, 12)))
    assert select_box(FRAME) == (3.0, 4.0, 10.0, 12.0)


def test_select_box_is_an_error_when_none_was_drawn(screen: pytest.MonkeyPatch) -> None:
    screen.setattr(cv2, "selectROI", drawn((0, 0, 0, 0)))
    with pytest.raises(BoxError, match=r"no box was drawn.*--box x,y,w,h"):
        select_box(FRAME)


def test_select_box_names_the_option_when_opencv_has_no_windows(screen: pytest.MonkeyPatch) -> None:
    def headless(*arguments: object, **options: object) -> None:
        raise cv2.error("The function is not implemented")

    screen.setattr(cv2, "selectROI", headless)
    with pytest.raises(BackendUnavailable, match=r"--box x,y,w,h.*pip install opencv-python"):
        select_box(FRAME)


def test_select_box_names_the_option_when_there_is_no_screen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    with pytest.raises(BackendUnavailable, match=r"needs a screen.*--box x,y,w,h"):
        select_box(FRAME)

"""Boxes and sizes as the command line takes them."""

from __future__ import annotations

import math

import pytest
import typer

from sdst_edge.cli.parsing import parse_box, parse_numbers, parse_size


@pytest.mark.parametrize(
    ("text", "box"),
    [
        ("1,2,3,4", (1.0, 2.0, 3.0, 4.0)),
        (" 1.5, -2 ,3e1,4", (1.5, -2.0, 30.0, 4.0)),
    ],
)
def test_parse_box_gives_four_numbers(text: str, box: tuple[float, ...]) -> None:
    assert parse_box(text) == box


def test_parse_box_leaves_nan_to_the_tracker() -> None:
    assert math.isnan(parse_box("nan,1,2,3")[0])


@pytest.mark.parametrize("text", ["", "1,2,3", "1,2,3,4,5", "1 2 3 4", "a,b,c,d", "1;2;3;4"])
def test_parse_box_is_a_usage_error_when_there_are_not_four_numbers(text: str) -> None:
    with pytest.raises(typer.BadParameter, match="expected four numbers x,y,w,h"):
        parse_box(text)


@pytest.mark.parametrize(("text", "size"), [("1280x720", (1280, 720)), ("64X48", (64, 48))])
def test_parse_size_gives_width_and_height(text: str, size: tuple[int, int]) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["", "1280", "1280x", "0x720", "-1x5", "1280x720x3", "1280.5x720"])
def test_parse_size_is_a_usage_error_when_it_is_no_size(text: str) -> None:
    with pytest.raises(typer.BadParameter, match="expected WIDTHxHEIGHT"):
        parse_size(text)


def test_parse_numbers_gives_those_between_commas() -> None:
    assert parse_numbers("0.25, 1,2e-1", "--widths") == (0.25, 1.0, 0.2)


@pytest.mark.parametrize("text", ["", "wide", "0.5;1", "0.5,,1"])
def test_parse_numbers_is_a_usage_error_when_there_is_something_else(text: str) -> None:
    with pytest.raises(typer.BadParameter, match="expected numbers with commas between them"):
        parse_numbers(text, "--widths")

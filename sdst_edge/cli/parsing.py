"""Texts of the command line to values; a text of the wrong form is wrong usage (exit status 2)."""

from __future__ import annotations

import typer

__all__ = ["parse_box", "parse_counts", "parse_names", "parse_numbers", "parse_seeds", "parse_size"]


def parse_box(text: str) -> tuple[float, float, float, float]:
    """The box in ``x,y,w,h``: 0-based image pixels. Whether it can be tracked is for the tracker to say.

    Raises:
        typer.BadParameter: there are not four numbers.
    """
    try:
        x, y, w, h = (float(item) for item in text.split(","))
    except ValueError:
        raise typer.BadParameter(
            f"{text!r} is no box, expected four numbers x,y,w,h: left, top, width and height in pixels, "
            "such as 120,80,64,48",
            param_hint="'--box'",
        ) from None
    return x, y, w, h


def parse_counts(text: str, option: str) -> tuple[int, ...]:
    """The numbers in ``N,N``, each once and at least 1; none for ``0``.

    Args:
        text: that was given.
        option: for which.

    Raises:
        typer.BadParameter: there is something else.
    """
    if text.strip() == "0":
        return ()
    try:
        counts = tuple(int(item) for item in text.split(","))
    except ValueError:
        counts = ()
    if not counts or min(counts) < 1 or len(set(counts)) != len(counts):
        raise typer.BadParameter(
            f"{text!r}, expected whole numbers from 1 on, each once, such as 1,2,4, or 0", param_hint=f"'{option}'"
        )
    return counts


def parse_names(text: str | None, option: str = "--sequences") -> tuple[str, ...] | None:
    """The names in ``NAME,NAME``; None for None.

    Args:
        text: that was given.
        option: for which.

    Raises:
        typer.BadParameter: a name is empty.
    """
    if text is None:
        return None
    names = tuple(name.strip() for name in text.split(","))
    if not all(names):
        raise typer.BadParameter(f"{text!r}, expected names with commas between them", param_hint=f"'{option}'")
    return names


def parse_numbers(text: str, option: str) -> tuple[float, ...]:
    """The numbers in ``F,F``.

    Args:
        text: that was given.
        option: for which.

    Raises:
        typer.BadParameter: there is something else.
    """
    try:
        return tuple(float(item) for item in text.split(","))
    except ValueError:
        raise typer.BadParameter(
            f"{text!r}, expected numbers with commas between them, such as 0.25,0.5,1", param_hint=f"'{option}'"
        ) from None


def parse_seeds(text: str) -> tuple[int, ...]:
    """The seeds in ``N,N``, each once and at least 0.

    Raises:
        typer.BadParameter: there is something else.
    """
    try:
        seeds = tuple(int(item) for item in text.split(","))
    except ValueError:
        seeds = ()
    if not seeds or min(seeds) < 0 or len(set(seeds)) != len(seeds):
        raise typer.BadParameter(
            f"{text!r}, expected whole numbers from 0 on, each once, such as 0,1,2", param_hint="'--seeds'"
        )
    return seeds


def parse_size(text: str) -> tuple[int, int]:
    """The width and height in ``WIDTHxHEIGHT``, px, each at least 1.

    Raises:
        typer.BadParameter: there are not two whole numbers above zero.
    """
    try:
        width, height = (int(item) for item in text.lower().split("x"))
    except ValueError:
        width = height = 0
    if min(width, height) < 1:
        raise typer.BadParameter(
            f"{text!r} is no frame size, expected WIDTHxHEIGHT in pixels, such as 1280x720", param_hint="'--size'"
        )
    return width, height

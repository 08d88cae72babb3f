"""How all plots look, and how they are written. Needs matplotlib."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from sdst_edge.workflows.output_files import replacing
from sdst_runtime.errors import BackendUnavailable

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["BAR", "GRID", "LOST", "MARK", "TRACKERS", "WEAK", "WEAK_TEXT", "png_figure", "short_name"]

#: Blue against vermilion is told apart with any kind of colour vision.
BAR, WEAK, WEAK_TEXT, LOST, MARK, GRID = "#7092b4", "#d55e00", "#ad4b00", "#fbe3d2", "#1b1f24", "#d8dde3"

#: Colour, dashes and marker of one tracker after the other; none is told by its colour alone.
TRACKERS = (
    ("#3a6ea5", "-", "o"),
    ("#d55e00", "--", "s"),
    ("#009e73", "-.", "^"),
    ("#cc79a7", ":", "D"),
    ("#1b1f24", (0, (6, 1, 1, 1, 1, 1)), "v"),
)

DPI = 160

#: Longer names are cut.
NAME_CHARACTERS = 48


@contextmanager
def png_figure(path: Path, size_inch: tuple[float, float]) -> Iterator[Figure]:
    """A figure that is written when the block ends: the same bytes each time, whatever the user's matplotlibrc says.

    Raises:
        BackendUnavailable: matplotlib is not installed.
    """
    try:
        from matplotlib import style
        from matplotlib.figure import Figure
        from matplotlib.layout_engine import ConstrainedLayoutEngine
    except ImportError as error:
        needed = f"plots need {error.name}, which is not installed: pip install 'sdst-edge[plots]'"
        raise BackendUnavailable(needed) from None
    with style.context("default"), replacing(path) as part, warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph", category=UserWarning)  # letters that the font lacks
        figure = Figure(figsize=size_inch, dpi=DPI, layout=ConstrainedLayoutEngine(w_pad=0.08, h_pad=0.06))
        yield figure
        figure.savefig(part, format="png", metadata={"Software": None})


def short_name(name: str, characters: int = NAME_CHARACTERS) -> str:
    """A name that any font takes, and that leaves room for the plot."""
    name = name.encode(errors="replace").decode()  # names of files may hold what is no letter
    return name if len(name) <= characters else f"{name[: characters - 1]}…"

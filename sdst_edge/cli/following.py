"""One object followed through a source of frames, for the command ``track``."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import typer
from numpy.typing import NDArray

from sdst_edge.cli.console import Bar, print_json
from sdst_edge.cli.parsing import parse_box
from sdst_edge.cli.select import select_box
from sdst_runtime.errors import ConfigError

if TYPE_CHECKING:
    from sdst_edge.workflows.track import TrackedFrame
    from sdst_runtime import FrameSource, Tracker

__all__ = ["Outputs", "Summary", "follow", "print_summary", "require_one_target", "require_other_files"]

Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outputs:
    """What is written while an object is followed.

    Attributes:
        video: annotated, None for none.
        csv: a table of boxes, None for none.
        jsonl: whether each frame is a line of JSON on stdout.
    """

    video: Path | None
    csv: Path | None
    jsonl: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """What happened.

    Attributes:
        frames: how many, the first included.
        found: in how many the target was found, the first included.
        fps: updates over the time spent in ``update()``; None when there was only the first frame.
        missing: frames that the source promised and that did not come.
        dropped: live frames that a newer one replaced before they were taken.
        video: that was written, or None.
        csv: that was written, or None.
    """

    frames: int
    found: int
    fps: float | None
    missing: int
    dropped: int
    video: str | None
    csv: str | None


def require_one_target(box: str | None, select: bool) -> Box | None:
    """The box of ``--box``, or None when it is to be selected.

    Raises:
        typer.BadParameter: both are given, or neither, or the box has the wrong form.
    """
    if (box is not None) == select:
        raise typer.BadParameter(
            "the target is given either by --box x,y,w,h or by --select", param_hint="'--box' / '--select'"
        )
    return None if box is None else parse_box(box)


def require_other_files(outputs: Outputs, source: str) -> None:
    """Keeps a source from being written over.

    Raises:
        ConfigError: an output is the source.
    """
    from sdst_edge.workflows.output_files import is_same_file

    for path in (outputs.video, outputs.csv):
        if path is not None and os.path.isfile(source) and is_same_file(path, Path(source)):
            raise ConfigError(f"{path} is the source itself, which would be lost; give the output another name")


def follow(tracker: Tracker, source: FrameSource, box_xywh: Box | None, outputs: Outputs, bar: Bar) -> Summary:
    """Follows the target from its box in the first frame, or from the one that the user selects in it.

    Raises:
        SdstError: of the source, the tracker, or an output; nothing half-written is left.
    """
    from sdst_edge.workflows.track import track_video

    frames: Iterator[NDArray[np.uint8]] = iter(source)
    if box_xywh is None and (first := next(frames, None)) is not None:
        box_xywh, frames = select_box(first), chain([first], frames)
    done = track_video(
        tracker,
        frames,
        box_xywh or (0.0, 0.0, 0.0, 0.0),  # no first frame: track_video says so
        fps=source.fps,
        video_out=outputs.video,
        csv_out=outputs.csv,
        on_result=_on_result(source.frame_count, outputs.jsonl, bar),
    )
    fps = (done.frames - 1) / done.update_seconds if done.update_seconds > 0 else None
    video, csv = (None if path is None else str(path) for path in (outputs.video, outputs.csv))
    lost = {"missing": source.missing, "dropped": source.dropped}
    return Summary(frames=done.frames, found=done.found, fps=fps, video=video, csv=csv, **lost)


def print_summary(summary: Summary, *, as_json: bool, as_note: bool) -> None:
    """Writes the summary to stdout as JSON or text, or to stderr when stdout belongs to the boxes."""
    if as_json:
        print_json(summary)
        return
    speed = "" if summary.fps is None else f", {summary.fps:.1f} FPS in update()"
    dropped = f"; {_frames(summary.dropped)} replaced by newer ones" if summary.dropped else ""
    lines = [f"{_frames(summary.frames)}, target found in {summary.found}{speed}{dropped}"]
    lines += [f"wrote {path}" for path in (summary.video, summary.csv) if path is not None]
    typer.echo("\n".join(lines), err=as_note)


def _frames(count: int) -> str:
    return "1 frame" if count == 1 else f"{count} frames"


def _on_result(total: int | None, jsonl: bool, bar: Bar) -> Callable[[TrackedFrame], None]:
    def on_result(tracked: TrackedFrame) -> None:
        if jsonl:
            line = {"frame": tracked.number, "box_xywh": tracked.box_xywh, "score": tracked.score}
            typer.echo(json.dumps({**line, "found": tracked.found}, allow_nan=False))  # flushes
        bar(tracked.number, total, f"frame {tracked.number}")

    return on_result

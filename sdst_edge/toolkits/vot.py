"""A bundle as a tracker of the VOT toolkit: a TraX server, ``python -m sdst_edge.toolkits.vot BUNDLE``.

It needs ``trax`` (``pip install vot-trax``; the toolkit brings it). An entry of the workspace's ``trackers.ini``::

    [n3]
    label = n3
    protocol = trax
    command = /path/to/venv/bin/python -m sdst_edge.toolkits.vot /path/to/n3

The toolkit starts the command in a folder of its own, so paths are absolute. Regions are rectangles, to which it turns
polygons and masks by itself; several targets share one session.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import trax
from trax.image import Image
from trax.region import Rectangle, Region

from sdst_edge.datasets.frame_files import FileFrames
from sdst_runtime.bundle import Bundle
from sdst_runtime.errors import SdstError
from sdst_runtime.loading import open_session
from sdst_runtime.tracker import Tracker

__all__ = ["main", "serve"]


def serve(bundle: Bundle, *, session: Any = "auto", threads: int = 1, variant: str | None = None) -> None:
    """Answers the toolkit on stdin and stdout, or on its socket, until it says that it is done.

    Args:
        bundle: opened.
        session: how templates are kept, as :func:`sdst_runtime.load` takes it.
        threads: that the network may use.
        variant: of the bundle, None for its default.

    Raises:
        SdstError: a picture cannot be read, or the tracker refuses a box; the toolkit is told the reason.
    """
    engine = open_session(bundle, session, threads, variant)
    formats = [Region.RECTANGLE], [Image.PATH]
    with trax.Server(*formats, tracker_name=bundle.manifest.name, multiobject=True) as server:
        trackers: list[Tracker] = []
        while True:
            request = server.wait()
            if request.type not in ("initialize", "frame"):
                return
            frame = FileFrames(Path(), (request.image["color"].path(),))[0]
            if request.type == "initialize":
                for tracker in trackers:
                    tracker.close()
                trackers = []
            status = [_status(*tracker.update(frame)[:2]) for tracker in trackers]
            for region, _ in request.objects or ():
                tracker = Tracker(engine, bundle.manifest.tracker)
                box_xywh = region.bounds()
                tracker.init(frame, box_xywh)
                trackers.append(tracker)
                status.append(_status(box_xywh, 1.0))
            server.status(status)


def _status(box_xywh: Sequence[float], score: float) -> tuple[Any, dict[str, float]]:
    return Rectangle.create(*box_xywh), {"confidence": score}


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the server; returns the exit status: 0 done, 1 failed. Messages go to stderr, stdout is the protocol's."""
    parser = argparse.ArgumentParser(
        prog="python -m sdst_edge.toolkits.vot", description="TraX server for the VOT toolkit"
    )
    parser.add_argument("bundle", help="folder that sdst-edge export wrote")
    parser.add_argument("--session", default="auto", choices=("auto", "baked", "split"))
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--variant", help="of the bundle; its default otherwise")
    options = parser.parse_args(arguments)
    try:
        serve(Bundle.open(options.bundle), session=options.session, threads=options.threads, variant=options.variant)
    except SdstError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

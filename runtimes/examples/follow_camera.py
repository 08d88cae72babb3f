"""A robot's loop: keep one object in the middle of the picture.

    python follow_camera.py n3/ 0 120,80,60,90
    python follow_camera.py n3/ rtsp://camera/stream 120,80,60,90

Prints what a controller steers by, a line per frame: how far the object is right of and below the middle, as a share of
half the picture, and how large it is, as a share of its size at the start. Stops when the object was lost for a second.
"""

from __future__ import annotations

import sys

import sdst_runtime

LOST_SECONDS = 1.0
DEFAULT_FPS = 30.0  # of a source that does not say


def follow(bundle: str, address: str, box_xywh: tuple[float, ...]) -> None:
    """Follows the object that ``box_xywh`` (image px, 0-based) holds in the source's first frame."""
    with sdst_runtime.open_source(address) as source, sdst_runtime.load(bundle, threads=1) as tracker:
        width, height = source.size_wh
        patience = LOST_SECONDS * (source.fps or DEFAULT_FPS)
        lost = 0
        tracker.init(next(source), box_xywh)
        for frame in source:
            (x, y, w, h), score, found = tracker.update(frame)
            lost = 0 if found else lost + 1
            if lost > patience:
                print("lost")
                return
            right = (x + w / 2) / (width / 2) - 1
            down = (y + h / 2) / (height / 2) - 1
            size = (w * h / (box_xywh[2] * box_xywh[3])) ** 0.5
            print(f"right {right:+.3f}  down {down:+.3f}  size {size:.2f}  score {score:.2f}", flush=True)


if __name__ == "__main__":
    try:
        follow(sys.argv[1], sys.argv[2], tuple(float(value) for value in sys.argv[3].split(",")))
    except (IndexError, ValueError):
        sys.exit("usage: follow_camera.py BUNDLE SOURCE X,Y,W,H")
    except sdst_runtime.SdstError as error:
        sys.exit(f"error: {error}")

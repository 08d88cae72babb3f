"""A bundle as a tracker of the GOT-10k toolkit (``pip install got10k``), for all experiments that it has.

::

    from got10k.experiments import ExperimentGOT10k
    from sdst_edge.toolkits.got10k import Got10kTracker

    with Got10kTracker("n3/") as tracker:
        experiment = ExperimentGOT10k("GOT-10k", subset="val")
        experiment.run(tracker)
        experiment.report([tracker.name])
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

import cv2
import numpy as np
from got10k.trackers import Tracker as ToolkitTracker
from got10k.utils.viz import show_frame
from numpy.typing import ArrayLike, NDArray

from sdst_edge.datasets.frame_files import FileFrames
from sdst_runtime.loading import load

__all__ = ["Got10kTracker"]


class Got10kTracker(ToolkitTracker):  # type: ignore[misc]  # the toolkit has no types
    """What the toolkit's experiments ask for. Boxes are its own: x, y, w, h as in the data set's files."""

    def __init__(self, bundle: str | Path, *, name: str = "", origin: float = 1.0, **options: Any) -> None:
        """A tracker that is ready to run.

        Args:
            bundle: folder that ``sdst-edge export`` wrote.
            name: of the folders of results; the bundle's own by default.
            origin: coordinate of a picture's left and top edge in the data set's files: 1 for GOT-10k, OTB, LaSOT and
                UAV123, 0 for TrackingNet and VOT.
            options: ``session``, ``threads`` and ``variant``, as :func:`sdst_runtime.load` takes them.

        Raises:
            SdstError: as :func:`sdst_runtime.load` does.
        """
        self._tracker = load(bundle, **options)
        self._shift = np.array((origin, origin, 0.0, 0.0))
        super().__init__(name=name or Path(bundle).resolve().name, is_deterministic=True)

    def init(self, image: Any, box: ArrayLike) -> None:
        """Takes a target.

        Args:
            image: of Pillow, RGB.
            box: (4,) in the toolkit's coordinates.
        """
        self._init(_bgr(image), box)

    def update(self, image: Any) -> NDArray[np.float64]:
        """The target's box in the next image of Pillow: (4,) in the toolkit's coordinates."""
        return self._update(_bgr(image))

    def track(
        self, img_files: Sequence[str], box: ArrayLike, visualize: bool = False
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Follows the target through picture files.

        They are decoded as ``sdst-edge eval`` decodes them, so that both give the same boxes. The toolkit's own loop
        goes through Pillow, whose pixels may differ by a grey level, and would time the conversion too.

        Args:
            img_files: paths of N pictures.
            box: (4,) of the target in the first one, in the toolkit's coordinates.
            visualize: show what is tracked in a window.

        Returns:
            Boxes (N, 4), the given one first, and seconds (N,) of each call, without the decoding.
        """
        frames = FileFrames(Path(), tuple(img_files))
        boxes = np.empty((len(frames), 4))
        seconds = np.empty(len(frames))
        boxes[0] = box
        for index in range(len(frames)):
            frame = frames[index]
            start = time.perf_counter()
            if index == 0:
                self._init(frame, box)
            else:
                boxes[index] = self._update(frame)
            seconds[index] = time.perf_counter() - start
            if visualize:
                show_frame(cv2.cvtColor(frame, cv2.COLOR_BGR2RGB), boxes[index])
        return boxes, seconds

    def close(self) -> None:
        """Frees the tracker."""
        self._tracker.close()

    def __enter__(self) -> Got10kTracker:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _init(self, frame: NDArray[np.uint8], box: ArrayLike) -> None:
        self._tracker.init(frame, (np.asarray(box, dtype=np.float64) - self._shift).tolist())

    def _update(self, frame: NDArray[np.uint8]) -> NDArray[np.float64]:
        return np.asarray(self._tracker.update(frame).box_xywh + self._shift)


def _bgr(image: Any) -> NDArray[np.uint8]:
    return np.ascontiguousarray(np.asarray(image, dtype=np.uint8)[:, :, ::-1])

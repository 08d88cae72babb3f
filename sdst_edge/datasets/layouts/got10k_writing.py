"""Sequences written in the GOT-10k layout."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from sdst_edge.datasets.boxfile import write_boxes
from sdst_edge.datasets.layouts.got10k import ABSENCE, GROUNDTRUTH, ORIGIN
from sdst_edge.datasets.sequence import Sequence
from sdst_runtime.errors import DatasetError

__all__ = ["write_got10k_sequence"]


def write_got10k_sequence(folder: Path, sequence: Sequence) -> None:
    """Writes a sequence in the layout of GOT-10k, frames as JPEG of quality 95.

    Args:
        folder: to make; its name is the sequence's name when it is read.
        sequence: frames are taken one by one. Where its target is absent, an empty box is written.

    Raises:
        DatasetError: the folder exists already, or cannot be written.
    """
    import cv2

    try:
        folder.mkdir(parents=True)
    except OSError as error:
        raise DatasetError(f"{folder} cannot be made: {error}; choose a folder that does not exist yet") from None
    for index in range(len(sequence)):
        path = folder / f"{index + 1:08d}.jpg"
        if not cv2.imwrite(str(path), sequence.frames[index], [cv2.IMWRITE_JPEG_QUALITY, 95]):
            raise DatasetError(f"{path} cannot be written")
    boxes_xywh = np.where(sequence.visible[:, None], sequence.boxes_xywh, 0.0)
    write_boxes(folder / GROUNDTRUTH, boxes_xywh, origin=ORIGIN)
    absent = "".join(f"{int(not flag)}\n" for flag in sequence.visible.tolist())
    (folder / ABSENCE).write_text(absent, encoding="utf-8")

"""Sequences of frames with boxes: readers of data sets, and rendered clips. No torch in here."""

from __future__ import annotations

from sdst_edge.datasets.dataset import Dataset, Skipped
from sdst_edge.datasets.frame_files import FileFrames
from sdst_edge.datasets.layouts import LAYOUTS, Layout
from sdst_edge.datasets.layouts.got10k import read_got10k
from sdst_edge.datasets.layouts.got10k_writing import write_got10k_sequence
from sdst_edge.datasets.opening import open_dataset
from sdst_edge.datasets.rendered import render_clip
from sdst_edge.datasets.sequence import Frames, Sequence

__all__ = [
    "LAYOUTS",
    "Dataset",
    "FileFrames",
    "Frames",
    "Layout",
    "Sequence",
    "Skipped",
    "open_dataset",
    "read_got10k",
    "render_clip",
    "write_got10k_sequence",
]

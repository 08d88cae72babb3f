"""The sequences of a data set that a command is asked for."""

from __future__ import annotations

from collections.abc import Sequence as Items
from dataclasses import replace
from pathlib import Path

from sdst_edge.datasets.dataset import Dataset
from sdst_edge.datasets.opening import open_dataset

__all__ = ["open_chosen"]


def open_chosen(
    root: Path,
    layout: str = "auto",
    names: Items[str] | None = None,
    *,
    skip_broken: bool = False,
    require_frames: bool = True,
) -> Dataset:
    """The data set, or of it the sequences that are wanted: others may be broken.

    Args:
        root: as :func:`~sdst_edge.datasets.open_dataset` takes it.
        layout: likewise.
        names: of the wanted sequences; None for all.
        skip_broken: list wanted sequences that are broken in ``skipped`` instead of raising.
        require_frames: whether they need frames.

    Raises:
        DatasetError: no data set is there, or a wanted sequence is missing or broken.
    """
    dataset = open_dataset(root, layout, skip_broken=skip_broken or names is not None, require_frames=require_frames)
    if names is None:
        return dataset
    broken = {item.name for item in dataset.skipped} if skip_broken else set()
    chosen = dataset.subset(name for name in names if name not in broken)
    return replace(chosen, skipped=tuple(item for item in dataset.skipped if item.name in names))

"""Pairs the field's way, for ``pair_loader.py``: crops of 511 px as JPEG files, read and warped one sample at a time.

The practice of SiamFC's and PySOT's training code, written anew: around every annotated target a square crop is kept in
which the template's side is ``template_size`` px; for a pair two of them are decoded, cut out by ``warpAffine`` at a
drawn place and scale, recoloured, made float planes, and stacked by PyTorch's ``DataLoader``.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from sdst_edge.datasets import Sequence
from sdst_edge.training.recipe import Augmentation
from sdst_runtime.config import TrackerConfig
from sdst_runtime.errors import DatasetError
from sdst_runtime.kernels import frame_mean

__all__ = ["CROP_PX", "OpenCvPairs", "opencv_loader", "write_crops"]

#: Side of the crops on disk.
CROP_PX = 511

Sample = tuple[Tensor, Tensor, Tensor]


@dataclass(frozen=True, slots=True, kw_only=True)
class Crop:
    """A crop on disk.

    Attributes:
        path: of the JPEG file.
        size_wh: of the target in its middle, px of the crop.
    """

    path: str
    size_wh: tuple[float, float]


class OpenCvPairs(Dataset[Sample]):
    """Pairs by number; every number is another draw."""

    def __init__(self, clips: list[list[Crop]], config: TrackerConfig, rule: Augmentation, length: int) -> None:
        """Pairs.

        Args:
            clips: of each target its crops.
            config: sizes of the two inputs.
            rule: how far pairs stray.
            length: how many numbers there are.
        """
        self._clips = clips
        self._config = config
        self._rule = rule
        self._length = length

    def __len__(self) -> int:
        return self._length

    def __getitem__(self, index: int) -> Sample:
        """(3, T, T) and (3, N, N) float32, and the target's x1, y1, x2, y2 from the search centre, network px."""
        rng, rule, config = np.random.default_rng(index), self._rule, self._config
        clip = self._clips[int(rng.integers(len(self._clips)))]
        template, search = (clip[int(number)] for number in rng.integers(len(clip), size=2))
        scale = 2.0 ** rng.uniform(-rule.scale_octaves, rule.scale_octaves)
        shift_x, shift_y = rng.uniform(-rule.shift_px, rule.shift_px, 2).tolist()
        z = _cut(_read(template), config.template_size, 1.0, (0.0, 0.0))
        x = _cut(_read(search), config.search_size, scale, (shift_x, shift_y))
        w, h = search.size_wh
        box = np.array((-shift_x - w / 2, -shift_y - h / 2, w / 2 - shift_x, h / 2 - shift_y)) / scale
        if rng.uniform() < rule.flip:
            z, x = z[:, ::-1], x[:, ::-1]
            box = box[[2, 1, 0, 3]] * (-1.0, 1.0, -1.0, 1.0)
        return _planes(z, rule, rng), _planes(x, rule, rng), torch.from_numpy(box.astype(np.float32))


def opencv_loader(pairs: OpenCvPairs, batch_size: int, workers: int, device: torch.device) -> Iterable[list[Tensor]]:
    """Batches of pairs, stacked by PyTorch."""
    return DataLoader(
        pairs,
        batch_size=batch_size,
        num_workers=workers,
        multiprocessing_context="fork" if workers else None,
        worker_init_fn=_start_worker,
        pin_memory=device.type == "cuda",
    )


def write_crops(folder: Path, sequences: Iterable[Sequence], config: TrackerConfig) -> list[list[Crop]]:
    """Writes a crop of every visible target, JPEG of OpenCV's own quality; returns them by sequence.

    Raises:
        DatasetError: a file cannot be written.
    """
    import cv2

    clips: list[list[Crop]] = []
    for number, sequence in enumerate(sequences):
        clip: list[Crop] = []
        for index in np.flatnonzero(sequence.visible).tolist():
            frame, (x, y, w, h) = sequence.frames[index], sequence.boxes_xywh[index].tolist()
            margin = config.crop.context_amount * (w + h)
            per_px = math.sqrt((w + margin) * (h + margin)) / config.template_size  # image px per px of the crop
            first = (x + w / 2 - per_px * (CROP_PX - 1) / 2, y + h / 2 - per_px * (CROP_PX - 1) / 2)
            pixels = _warped(frame, per_px, first, CROP_PX, frame_mean(frame))
            path = str(folder / f"{number:06d}-{index:06d}.jpg")
            if not cv2.imwrite(path, pixels):
                raise DatasetError(f"{path} cannot be written; choose another place with --folder")
            clip.append(Crop(path=path, size_wh=(w / per_px, h / per_px)))
        if clip:
            clips.append(clip)
    return clips


def _read(crop: Crop) -> NDArray[np.uint8]:
    import cv2

    pixels = cv2.imread(crop.path)
    if pixels is None:
        raise DatasetError(f"{crop.path} cannot be read; it was written a moment ago")
    return np.asarray(pixels, dtype=np.uint8)


def _cut(crop: NDArray[np.uint8], out_px: int, scale: float, shift: tuple[float, float]) -> NDArray[np.uint8]:
    middle, half = (CROP_PX - 1) / 2, scale * (out_px - 1) / 2
    return _warped(crop, scale, (middle + shift[0] - half, middle + shift[1] - half), out_px, (0, 0, 0))


def _warped(
    picture: NDArray[np.uint8], step: float, first_xy: tuple[float, float], out_px: int, border: tuple[int, ...]
) -> NDArray[np.uint8]:
    import cv2

    back = np.array([[step, 0.0, first_xy[0]], [0.0, step, first_xy[1]]])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return np.asarray(
        cv2.warpAffine(picture, back, (out_px, out_px), flags=flags, borderMode=cv2.BORDER_CONSTANT, borderValue=border)
    )


def _planes(pixels: NDArray[np.uint8], rule: Augmentation, rng: np.random.Generator) -> Tensor:
    gain = (1 + rng.uniform(-rule.gain, rule.gain)) * (1 + rng.uniform(-rule.tint, rule.tint, 3))
    values = pixels * gain.astype(np.float32)
    values += np.float32(rng.uniform(-rule.offset, rule.offset))
    return torch.from_numpy(np.ascontiguousarray(values.transpose(2, 0, 1)))


def _start_worker(number: int) -> None:  # noqa: ARG001 (torch passes it)
    import cv2

    cv2.setNumThreads(0)

"""Frames of a rendered clip, drawn from a scene when they are asked for."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sdst_edge.datasets.rendered.pose import Pose, to_box_xywh
from sdst_edge.datasets.rendered.sprite import Sprite, draw

__all__ = ["RenderedFrames"]

#: Of a smeared target: one picture of it every so many px, but not more than so many.
_PX_PER_EXPOSURE, _MOST_EXPOSURES = 2.0, 24


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RenderedFrames:
    """Frames of a clip, drawn at each access: the same index gives the same pixels.

    Attributes:
        size_wh: of the frames, px.
        ground: (H', W', 3) uint8, what the camera pans over.
        camera_xy: (N, 2), top left corner of the view on the ground, px.
        target: sprite and its poses in the picture; in front of the distractors.
        distractors: sprites and their poses in the picture.
        light: (N, 2), gain and offset of the pixels.
        noise: uint8 tile around 128, larger than the frames.
        noise_xy: (N, 2) top left corner in the tile.
        blur_px: sigma of the blur of the whole picture, 0 for none.
        occluder: sprite in front of the target, and its poses; None: nothing ever hides the target.
        smear_px: (N, 2), how the target moves while the shutter is open, half of it before its pose and half after;
            None: not at all.
    """

    size_wh: tuple[int, int]
    ground: NDArray[np.uint8]
    camera_xy: NDArray[np.intp]
    target: tuple[Sprite, list[Pose]]
    distractors: tuple[tuple[Sprite, list[Pose]], ...]
    light: NDArray[np.float64]
    noise: NDArray[np.uint8]
    noise_xy: NDArray[np.intp]
    blur_px: float
    occluder: tuple[Sprite, list[Pose]] | None = None
    smear_px: NDArray[np.float64] | None = None

    def __len__(self) -> int:
        return len(self.camera_xy)

    def __getitem__(self, index: int, /) -> NDArray[np.uint8]:
        """The frame at ``index``, newly drawn: (H, W, 3) uint8 BGR."""
        import cv2

        canvas = _view(self.ground, self.camera_xy[index], self.size_wh).copy()
        for sprite, poses in self.distractors:
            draw(canvas, sprite, poses[index])
        canvas = self._with_target(canvas, index)
        if self.occluder is not None:
            draw(canvas, self.occluder[0], self.occluder[1][index])
        if self.blur_px > 0:
            canvas = np.asarray(cv2.GaussianBlur(canvas, (3, 3), self.blur_px), dtype=np.uint8)
        grain = _view(self.noise, self.noise_xy[index], self.size_wh)
        gain, offset = self.light[index].tolist()
        return np.asarray(cv2.addWeighted(canvas, gain, grain, 1.0, offset - 128.0), dtype=np.uint8)

    def silhouette(self, index: int) -> NDArray[np.uint8]:
        """How much of each pixel the target covers at ``index``, also where it is hidden: (H, W) uint8, 255 = all.

        A smeared target is taken in the middle of the exposure.
        """
        return _coverage(self.target, index, self.size_wh)

    def is_hidden(self, index: int) -> bool:
        """Whether the occluder is in front of all of the target that is in the picture at ``index``."""
        if self.occluder is None or not self._is_behind_box(index):
            return False
        in_front = _coverage(self.occluder, index, self.size_wh)
        return bool((in_front[self.silhouette(index) > 0] == 255).all())

    def _is_behind_box(self, index: int) -> bool:
        """Whether the occluder's box holds the target's: cheap, and needed for hiding it."""
        assert self.occluder is not None
        boxes = [to_box_xywh(sprite.outline, poses[index]) for sprite, poses in (self.occluder, self.target)]
        (x, y, w, h), (left, top, width, height) = boxes
        return x <= left and y <= top and left + width <= x + w and top + height <= y + h

    def _with_target(self, canvas: NDArray[np.uint8], index: int) -> NDArray[np.uint8]:
        """The canvas with the target drawn into it: once, or at each place of its smear and then averaged."""
        import cv2

        sprite, poses = self.target
        dx, dy = (0.0, 0.0) if self.smear_px is None else self.smear_px[index].tolist()
        exposures = min(_MOST_EXPOSURES, math.ceil(math.hypot(dx, dy) / _PX_PER_EXPOSURE) + 1)
        if exposures == 1:
            draw(canvas, sprite, poses[index])
            return canvas
        total = np.zeros(canvas.shape, dtype=np.float32)
        for share in np.linspace(-0.5, 0.5, exposures).tolist():
            exposed = canvas.copy()
            pose = poses[index]
            draw(exposed, sprite, pose._replace(x=pose.x + share * dx, y=pose.y + share * dy))
            cv2.accumulate(exposed, total)
        return np.asarray(np.rint(total / np.float32(exposures)), dtype=np.uint8)


def _coverage(placed: tuple[Sprite, list[Pose]], index: int, size_wh: tuple[int, int]) -> NDArray[np.uint8]:
    canvas = np.full((size_wh[1], size_wh[0], 3), 255, dtype=np.uint8)
    sprite, poses = placed
    solid = tuple(np.dstack([np.zeros_like(t[..., :3]), t[..., 3]]) for t in sprite.textures)
    black = Sprite(outline=sprite.outline, textures=solid, shadow=sprite.shadow)
    draw(canvas, black, poses[index], shadow=False)
    return np.asarray(255 - canvas[..., 0], dtype=np.uint8)


def _view(picture: NDArray[np.uint8], corner_xy: NDArray[np.intp], size_wh: tuple[int, int]) -> NDArray[np.uint8]:
    x, y = int(corner_xy[0]), int(corner_xy[1])
    width, height = size_wh
    view: NDArray[np.uint8] = picture[y : y + height, x : x + width]
    return view

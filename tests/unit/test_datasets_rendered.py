"""Rendered clips: the same from the same seed, and boxes that are those of the pixels."""

from __future__ import annotations

import numpy as np
import pytest

from sdst_edge.datasets import render_clip
from sdst_edge.datasets.rendered import RenderedFrames
from sdst_edge.datasets.rendered.motion import smooth_signal
from sdst_edge.datasets.rendered.pose import Pose, to_image, to_plane
from sdst_edge.evaluation import iou
from sdst_runtime.errors import ConfigError
from tests.tolerances import ABS_SILHOUETTE_PX, ABS_SILHOUETTE_RIM_PX, REL_F32

SIZE_WH = (320, 180)


def pixels_box(covered: np.ndarray) -> np.ndarray:
    """Tight (x1, y1, x2, y2) of a mask."""
    rows, columns = np.flatnonzero(covered.any(axis=1)), np.flatnonzero(covered.any(axis=0))
    return np.array([columns[0], rows[0], columns[-1] + 1, rows[-1] + 1], dtype=float)


@pytest.mark.parametrize("seed", range(3))
def test_render_clip_gives_the_box_of_the_silhouette(seed: int) -> None:
    clip = render_clip(seed, frames=60, size_wh=(640, 360))
    assert isinstance(clip.frames, RenderedFrames)
    for index in (0, 20, 59):
        x, y, w, h = clip.boxes_xywh[index]
        drawn = pixels_box(clip.frames.silhouette(index) >= 128)
        assert np.abs(drawn - (x, y, x + w, y + h)).max() <= ABS_SILHOUETTE_PX
        touched = pixels_box(clip.frames.silhouette(index) > 0)
        assert (touched[:2] > (x - ABS_SILHOUETTE_RIM_PX, y - ABS_SILHOUETTE_RIM_PX)).all()
        assert (touched[2:] < (x + w + ABS_SILHOUETTE_RIM_PX, y + h + ABS_SILHOUETTE_RIM_PX)).all()


def test_render_clip_keeps_the_target_inside_and_moving() -> None:
    for seed in range(6):
        boxes = render_clip(seed, frames=90, size_wh=SIZE_WH).boxes_xywh
        assert (boxes[:, :2] >= 0).all()
        assert (boxes[:, :2] + boxes[:, 2:] <= SIZE_WH).all()
        centers = boxes[:, :2] + boxes[:, 2:] / 2
        assert np.ptp(centers, axis=0).max() > np.sqrt(boxes[0, 2:].prod())
        sides = np.sqrt(boxes[:, 2:].prod(axis=1))
        assert sides.max() > 1.05 * sides.min()
        assert iou(boxes[1:], boxes[:-1]).min() > 0.2


def test_render_clip_is_the_same_for_the_same_seed_in_any_order() -> None:
    one, two = (render_clip(7, frames=5, size_wh=SIZE_WH) for _ in range(2))
    assert np.array_equal(one.boxes_xywh, two.boxes_xywh)
    last = two.frames[4]
    assert all(np.array_equal(one.frames[index], two.frames[index]) for index in range(4))
    assert np.array_equal(one.frames[4], last)


def test_render_clip_differs_between_seeds() -> None:
    one, two = (render_clip(seed, frames=1, size_wh=SIZE_WH) for seed in (7, 8))
    assert np.abs(one.frames[0].astype(int) - two.frames[0]).mean() > 5


def test_render_clip_gives_frames_as_trackers_take_them() -> None:
    clip = render_clip(0, frames=2, size_wh=(130, 100), distractors=0)
    frame = clip.frames[1]
    assert frame.shape == (100, 130, 3)
    assert frame.dtype == np.uint8
    assert frame.flags.c_contiguous
    assert clip.visible.all()


def test_render_clip_draws_distractors_without_touching_the_target() -> None:
    clip = render_clip(2, frames=1, size_wh=SIZE_WH, distractors=8)
    assert isinstance(clip.frames, RenderedFrames)
    alone = clip.frames.silhouette(0) == 255
    without = RenderedFrames(
        **{name: getattr(clip.frames, name) for name in RenderedFrames.__slots__ if name != "distractors"},
        distractors=(),
    )
    with_them, without_them = clip.frames[0], without[0]
    inner = alone[2:-2, 2:-2] & alone[:-4, 2:-2] & alone[4:, 2:-2] & alone[2:-2, :-4] & alone[2:-2, 4:]  # off the blur
    assert inner.any()
    assert np.array_equal(with_them[2:-2, 2:-2][inner], without_them[2:-2, 2:-2][inner])
    assert not np.array_equal(with_them, without_them)


@pytest.mark.parametrize(
    "arguments", [{"seed": -1}, {"frames": 0}, {"size_wh": (640, 60)}, {"distractors": -1}], ids=str
)
def test_render_clip_refuses_arguments_out_of_range(arguments: dict[str, object]) -> None:
    with pytest.raises(ConfigError, match="rendered clip"):
        render_clip(**{"seed": 0, **arguments})  # type: ignore[arg-type]


def test_to_plane_inverts_to_image() -> None:
    pose = Pose(x=50.25, y=40.5, radius_px=20.0, angle_rad=0.7, stretch=1.1, wobble=0.07, wobble_phase=2.0)
    columns, rows = np.arange(100, dtype=np.float32) + 0.5, np.arange(80, dtype=np.float32) + 0.5
    u, v = to_plane(columns, rows, pose)
    points = to_image(np.stack([u.ravel(), v.ravel()], axis=1).astype(np.float64), pose)  # (H * W, 2)
    expected = np.stack(np.meshgrid(columns, rows), axis=-1).reshape(-1, 2)
    assert np.abs(points - expected).max() <= REL_F32 * 100


def test_smooth_signal_stays_between_its_bounds_and_is_smooth() -> None:
    signal = smooth_signal(np.random.default_rng(0), 400, 20.0, -2.0, 3.0)
    assert signal.shape == (400,)
    assert -2.0 <= signal.min() < -0.5
    assert 1.5 < signal.max() <= 3.0
    assert np.abs(np.diff(signal)).max() < 5.0 / 20.0
    assert np.abs(np.diff(signal, n=2)).max() < 2 * 5.0 / 20.0**2 * 2

"""Pairs: cut by the tracker's own crop, strayed and recoloured as said, the same for the same seed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from sdst_edge.datasets import Sequence, render_clip
from sdst_edge.models import build
from sdst_edge.training import Augmentation, PairSource
from sdst_edge.training.targets import make_targets, search_scale
from sdst_runtime.core import NativeTracker, State
from sdst_runtime.errors import DatasetError
from tests.tolerances import ABS_TARGET_ROUND_TRIP_PX, REL_F32

Box = tuple[float, float, float, float]

CONFIG = build("sdst-nano-s").config
PLAIN = Augmentation(shift_px=0.0, scale_octaves=0.0, aspect_octaves=0.0, gain=0.0, tint=0.0, offset=0.0, flip=0.0)


class StatesKept(PairSource):
    """Keeps the state and the true box of each search region."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.kept: list[tuple[State, Box]] = []

    def _stray_state(self, box_xywh: Box) -> State:
        state = super()._stray_state(box_xywh)
        self.kept.append((state, box_xywh))
        return state


@pytest.fixture(scope="module")
def clip() -> Sequence:
    """Two frames, so that a pair is one and the other."""
    return render_clip(0, frames=31, size_wh=(240, 160)).held([0, 30])


def test_batch_without_augmentation_is_what_the_tracker_hands_to_its_network(clip: Sequence) -> None:
    batch = PairSource([clip], CONFIG, PLAIN, seed=0).batch(4)
    inputs = []
    for first, second in ((0, 1), (1, 0)):
        tracker = NativeTracker(CONFIG)
        z = tracker.template_input(clip.frames[first], tuple(clip.boxes_xywh[first].tolist()))[0].copy()
        x, y, w, h = clip.boxes_xywh[second].tolist()
        tracker.set_state(x + w / 2, y + h / 2, w, h)
        inputs.append((z, tracker.search_input(clip.frames[second])[0].copy(), (w, h)))
    for z, x, box in zip(*batch, strict=True):
        matches = [size for z_own, x_own, size in inputs if np.array_equal(z, z_own) and np.array_equal(x, x_own)]
        assert len(matches) == 1
        w, h = matches[0]
        scale, _ = search_scale(CONFIG, w, h)
        half = np.array([w, h, -w, -h]) / 2 * scale
        assert box.tolist() == pytest.approx((-half).tolist(), rel=REL_F32)  # motionless: centred


def test_batch_strays_no_farther_than_it_may(clip: Sequence) -> None:
    rule = replace(PLAIN, shift_px=20.0, scale_octaves=0.5)
    boxes = PairSource([clip], CONFIG, rule, seed=0).batch(64).boxes_xyxy
    centers = (boxes[:, :2] + boxes[:, 2:]) / 2
    assert 15.0 < np.abs(centers).max() <= 20.0 * (1 + REL_F32)
    areas = (boxes[:, 2:] - boxes[:, :2]).prod(axis=1)
    assert areas.max() / areas.min() > 2**0.5


@pytest.mark.parametrize("context", ["square", "rectangular"])
def test_batch_gives_the_box_that_the_decoder_finds_the_target_at(clip: Sequence, context: str) -> None:
    config = replace(
        CONFIG, window_influence=0.0, penalty_k=0.0, size_lr=1.0, crop=replace(CONFIG.crop, context=context)
    )
    source = StatesKept([clip], config, replace(Augmentation(), flip=0.0), seed=0)
    targets = make_targets(torch.from_numpy(source.batch(16).boxes_xyxy), config)
    score = torch.where(targets.positive, 40.0, -40.0).to(torch.float32)
    for index, (state, box_xywh) in enumerate(source.kept):
        tracker = NativeTracker(config)
        tracker.template_input(clip.frames[0], box_xywh)
        tracker.set_state(*state)
        tracker.search_input(clip.frames[0])
        found = tracker.decode(score[index : index + 1].numpy(), targets.ltrb[index : index + 1].numpy())
        assert np.abs(np.array(found.box_xywh) - box_xywh).max() <= ABS_TARGET_ROUND_TRIP_PX


def test_batch_is_the_same_for_the_same_seed(clip: Sequence) -> None:
    one, two, other = (PairSource([clip], CONFIG, Augmentation(), seed=seed).batch(3) for seed in (4, 4, 5))
    assert all(np.array_equal(a, b) for a, b in zip(one, two, strict=True))
    assert not np.array_equal(one.x, other.x)


def test_batch_mirrors_frames_before_they_are_cut(clip: Sequence) -> None:
    mirrored = Sequence(
        name="mirrored",
        frames=tuple(np.ascontiguousarray(clip.frames[index][:, ::-1]) for index in range(2)),
        boxes_xywh=clip.boxes_xywh * (-1, 1, 1, 1) + np.array([240 - clip.boxes_xywh[:, 2], *np.zeros((3, 2))]).T,
        visible=clip.visible,
    )
    flipped = PairSource([clip], CONFIG, replace(PLAIN, flip=1.0), seed=0).batch(3)
    expected = PairSource([mirrored], CONFIG, PLAIN, seed=0).batch(3)
    assert np.array_equal(flipped.z, expected.z)
    assert np.array_equal(flipped.x, expected.x)


def test_batch_recolors_within_the_range_of_pixels(clip: Sequence) -> None:
    rule = replace(PLAIN, gain=0.5, tint=0.2, offset=60.0)
    batch = PairSource([clip], CONFIG, rule, seed=0).batch(8)
    mean = np.array(CONFIG.normalization.mean)[:, None, None]
    std = np.array(CONFIG.normalization.std)[:, None, None]
    pixels = batch.x * std + mean
    assert pixels.min() >= -255 * REL_F32
    assert pixels.max() <= 255 * (1 + REL_F32)
    assert np.ptp(pixels.mean(axis=(1, 2, 3))) > 10


def test_pair_source_leaves_out_sequences_without_two_visible_frames(clip: Sequence) -> None:
    once = replace(clip, name="once", visible=np.array([True, False]))
    PairSource([once, clip], CONFIG, PLAIN, seed=0).batch(2)
    with pytest.raises(DatasetError, match="of 1 sequences none"):
        PairSource([once], CONFIG, PLAIN, seed=0)

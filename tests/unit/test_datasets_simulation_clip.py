"""Simulated clips: lazy, seeded, coherent in time, and labelled with what their boxes confirm."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from sdst_edge.datasets.attributes import derive_frames
from sdst_edge.datasets.region import Rectangle
from sdst_edge.datasets.sequence import Sequence
from sdst_edge.datasets.simulation import EFFECTS, SimulatedFrames, simulate_clip
from sdst_runtime.errors import ConfigError, DatasetError
from tests.painted_target import Box, painted_clip

SIZE_WH = (320, 240)
COUNT = 60


class CountedFrames:
    """Frames that note which of them were asked for."""

    def __init__(self, sequence: Sequence) -> None:
        self.frames, self.asked = sequence.frames, []  # type: ignore[var-annotated]

    def __len__(self) -> int:
        return len(self.frames)

    def __getitem__(self, index: int, /) -> np.ndarray:
        self.asked.append(index)
        return self.frames[index]


@pytest.fixture(scope="module")
def clip() -> Sequence:
    boxes: list[Box] = [(100.0 + index // 2, 90.0 + index // 3, 46.0, 40.0) for index in range(COUNT)]
    return painted_clip(boxes, SIZE_WH)


@pytest.mark.parametrize("attribute", EFFECTS)
def test_simulate_clip_is_labelled_with_its_attribute(attribute: str, clip: Sequence) -> None:
    simulated = simulate_clip(clip, attribute, seed=3)
    shown = simulated.frame_attributes[attribute]
    assert simulated.name == f"painted-{attribute}"
    assert simulated.attributes == (attribute,)
    assert shown.any()
    assert attribute == "LR" or not shown[0]
    assert clip.attributes is None
    assert clip.visible.all()


@pytest.mark.parametrize("attribute", EFFECTS)
def test_simulate_clip_is_seeded_and_lazy(attribute: str, clip: Sequence) -> None:
    counted = CountedFrames(clip)
    lazy = replace(clip, frames=counted)
    one, two, other = (simulate_clip(lazy, attribute, seed=seed) for seed in (3, 3, 4))
    assert counted.asked == []
    assert np.array_equal(one.boxes_xywh, two.boxes_xywh)
    peak = int(one.frame_attributes[attribute].argmax()) + 1
    last = two.frames[peak]
    assert counted.asked == [peak]
    assert np.array_equal(one.frames[peak - 1], two.frames[peak - 1])
    assert np.array_equal(one.frames[peak], last)
    assert other.frames[peak].shape != last.shape or not np.array_equal(other.frames[peak], last)


@pytest.mark.parametrize("attribute", ["SV", "ARC", "FM", "LR", "FOC", "OV"])
def test_boxes_and_flags_confirm_the_attribute(attribute: str, clip: Sequence) -> None:
    for seed in range(3):
        simulated = simulate_clip(clip, attribute, seed=seed)
        assert derive_frames(simulated)[attribute].any()
        if attribute in ("FOC", "OV"):
            assert not simulated.visible[simulated.frame_attributes[attribute]].any()
        else:
            assert simulated.visible.all()


@pytest.mark.parametrize("attribute", ["BC", "FM"])
def test_what_has_no_room_is_not_labelled(attribute: str) -> None:
    full = painted_clip([(5.0, 5.0, 230.0, 170.0)] * 20)
    simulated = simulate_clip(full, attribute)
    assert not simulated.frame_attributes[attribute].any()
    assert simulated.attributes is None


def test_clutter_is_labelled_where_a_copy_is_in_the_picture(clip: Sequence) -> None:
    near_edge = painted_clip([(2.0, 60.0, 100.0, 60.0)] * COUNT)
    for seed in range(3):
        simulated = simulate_clip(near_edge, "BC", seed=seed)
        for index in np.flatnonzero(simulated.frame_attributes["BC"]).tolist()[::5]:
            changed = (simulated.frames[index] != near_edge.frames[index]).any(axis=2)
            assert changed.sum() > 0.05 * 100 * 60


#: What comes with an attribute by its nature: a cut box is smaller and of another shape, as is a turned long one.
INHERENT = {"OV": {"SV", "ARC", "LR"}, "ROT": {"ARC"}, "VC": {"ARC"}}


@pytest.mark.parametrize("attribute", EFFECTS)
def test_no_other_attribute_comes_by_accident(attribute: str, clip: Sequence) -> None:
    for seed in range(3):
        derived = derive_frames(simulate_clip(clip, attribute, seed=seed))
        held = {name for name, flags in derived.items() if flags.any()}
        assert held <= {attribute} | INHERENT.get(attribute, set())


@pytest.mark.parametrize("attribute", sorted(EFFECTS.keys() - {"FM", "FOC", "OV", "LR"}))
def test_boxes_move_smoothly(attribute: str, clip: Sequence) -> None:
    boxes = simulate_clip(clip, attribute, seed=1).boxes_xywh
    centers = boxes[:, :2] + boxes[:, 2:] / 2
    steps = np.linalg.norm(np.diff(centers, axis=0), axis=1)
    assert steps.max() < np.sqrt(46 * 40)
    sides = np.abs(np.diff(np.log(boxes[:, 2:]), axis=0))
    assert sides.max() < 0.25


def test_an_occluder_moves_on_from_frame_to_frame(clip: Sequence) -> None:
    still = painted_clip([(140.0, 100.0, 46.0, 40.0)] * COUNT, SIZE_WH)
    simulated = simulate_clip(still, "FOC", seed=0)
    changed = [(simulated.frames[index] != still.frames[index]).any(axis=2) for index in range(5, 55, 5)]
    middles = np.array([np.argwhere(mask).mean(axis=0) for mask in changed if mask.any()])
    assert len(middles) == 8  # the course is frames 7 to 47
    steps = np.diff(middles, axis=0)
    assert np.linalg.norm(steps, axis=1).max() < 50
    axis = int(np.abs(steps.sum(axis=0)).argmax())
    assert (np.sign(steps[:, axis]) == np.sign(steps[0, axis])).all()


def test_simulate_clip_keeps_absence_and_paints_on_where_the_target_was(clip: Sequence) -> None:
    visible = clip.visible.copy()
    visible[:2] = visible[30:40] = False
    boxes = np.where(visible[:, None], clip.boxes_xywh, np.nan)
    with_gap = replace(clip, boxes_xywh=boxes, visible=visible)
    simulated = simulate_clip(with_gap, "SV", seed=0)
    assert simulated.visible.tolist() == visible.tolist()
    assert np.isfinite(simulated.boxes_xywh[visible]).all()
    assert isinstance(simulated.frames, SimulatedFrames)
    assert simulated.frames.boxes_xywh[35].tolist() == clip.boxes_xywh[29].tolist()
    assert simulated.frames.boxes_xywh[0].tolist() == clip.boxes_xywh[2].tolist()
    assert not np.array_equal(simulated.frames[32], clip.frames[32])
    hiding = simulate_clip(with_gap, "FOC", seed=0).frame_attributes["FOC"]
    assert not hiding[:2].any()


def test_simulate_clip_keeps_other_labels_and_drops_shapes(clip: Sequence) -> None:
    flags = np.zeros(COUNT, dtype=bool)
    flags[0] = True
    regions = tuple(Rectangle(*box) for box in clip.boxes_xywh.tolist())
    labelled = replace(clip, attributes=("DEF",), frame_attributes={"OV": flags, "IV": flags}, regions=regions)
    simulated = simulate_clip(labelled, "OV", seed=0)
    assert simulated.attributes == ("DEF", "OV")
    assert simulated.frame_attributes["IV"].tolist() == flags.tolist()
    assert simulated.frame_attributes["OV"][0]
    assert simulated.frame_attributes["OV"].sum() > 1
    assert simulated.regions is None


def test_simulate_clip_keeps_flags_of_frames_true(clip: Sequence) -> None:
    nothing = np.zeros(COUNT, dtype=bool)
    flagged = replace(clip, frame_attributes={"absence": nothing, "cut": nothing})
    hidden, turned = simulate_clip(flagged, "FOC", seed=0), simulate_clip(flagged, "ROT", seed=0)
    assert hidden.frame_attributes["absence"].tolist() == (~hidden.visible).tolist()
    assert hidden.frame_attributes["cut"].tolist() == nothing.tolist()
    assert set(turned.frame_attributes) == {"absence", "cut", "ROT"}
    assert not turned.frame_attributes["cut"].any()
    gone = simulate_clip(flagged, "OV", seed=0)
    at_edge = gone.boxes_xywh[:, :2].min(axis=1) <= 0
    at_edge |= (gone.boxes_xywh[:, :2] + gone.boxes_xywh[:, 2:] >= SIZE_WH).any(axis=1)
    assert gone.frame_attributes["cut"].tolist() == (at_edge & gone.visible).tolist()
    assert gone.frame_attributes["cut"].any()
    assert not nothing.any()


@pytest.mark.parametrize("attribute", EFFECTS)
def test_simulate_clip_takes_short_clips(attribute: str, clip: Sequence) -> None:
    for count in (1, 2, 3, 5):
        simulated = simulate_clip(clip.held(range(count)), attribute, seed=0)
        assert len(simulated) == count
        assert all(simulated.frames[index].ndim == 3 for index in range(count))
        if count == 1 and attribute != "LR":
            assert simulated.attributes is None
        else:
            assert simulated.attributes == (attribute,)


def test_low_resolution_gives_smaller_pictures_of_one_size(clip: Sequence) -> None:
    simulated = simulate_clip(clip, "LR", seed=0)
    assert simulated.size_wh is not None
    assert {simulated.frames[index].shape[1::-1] for index in (0, 30, 59)} == {simulated.size_wh}
    assert simulated.frame_attributes["LR"].all()


def test_simulate_clip_refuses_what_cannot_be(clip: Sequence) -> None:
    with pytest.raises(ConfigError, match="HUE"):
        simulate_clip(clip, "HUE")
    with pytest.raises(ConfigError, match="seed -1"):
        simulate_clip(clip, "FM", seed=-1)
    with pytest.raises(ConfigError, match="strength"):
        simulate_clip(clip, "FM", strength=2.0)
    with pytest.raises(DatasetError, match="never visible"):
        simulate_clip(replace(clip, visible=np.zeros(COUNT, dtype=bool)), "FM")

"""The challenges that data sets label their sequences with, what they mean, and in which order each set lists them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

__all__ = ["ATTRIBUTES", "FLAGGED", "SEQUENCE_LABELS", "VOT_TAGS", "Attribute"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Attribute:
    """A challenge.

    Attributes:
        name: as it is written in tables, such as ``FM``.
        title: in full.
        meaning: one line; where data sets mean different things, all of them.
        kind: ``boxes``: follows from the boxes; ``flags``: follows from flags that the data set gives a frame;
            ``hand``: only people can tell.
    """

    name: str
    title: str
    meaning: str
    kind: Literal["boxes", "flags", "hand"]


_ROWS: tuple[tuple[str, str, Literal["boxes", "flags", "hand"], str], ...] = (
    ("IV", "illumination variation", "hand", "the light on the target changes"),
    ("POC", "partial occlusion", "flags", "part of the target is hidden"),
    ("DEF", "deformation", "hand", "the target changes its shape"),
    ("MB", "motion blur", "hand", "target or camera move so fast that the target is smeared"),
    ("CM", "camera motion", "hand", "the camera moves abruptly"),
    ("ROT", "rotation", "hand", "the target turns in the picture"),
    ("BC", "background clutter", "hand", "the background looks like the target"),
    ("VC", "viewpoint change", "hand", "the target is seen from another side"),
    ("SV", "scale variation", "boxes", "the box's area is under half or over twice the first one's"),
    ("FOC", "full occlusion", "flags", "the target is hidden altogether"),
    ("FM", "fast motion", "boxes", "the target moves by more than its own size (OTB, UAV123: 20 px) in a frame"),
    ("OV", "out of view", "flags", "the target has left the picture (OTB, UAV123: some part of it has)"),
    ("LR", "low resolution", "boxes", "the box covers under 1000 px (OTB, UAV123: 400 px)"),
    ("ARC", "aspect ratio change", "boxes", "width over height is under half or over twice the first box's"),
    ("OCC", "occlusion", "hand", "the target is hidden in part or altogether"),
    ("IPR", "in-plane rotation", "hand", "the target turns in the picture's plane"),
    ("OPR", "out-of-plane rotation", "hand", "the target turns out of the picture's plane"),
    ("SOB", "similar object", "hand", "something of the same kind or shape is near the target"),
    ("motion_change", "motion change", "hand", "the target changes speed or direction"),
    ("absence", "absence", "flags", "the target is hidden altogether or has left the picture"),
    ("cut", "cut by the picture", "flags", "the target sticks out of the picture"),
)

#: All known ones by name: LaSOT's 14 in the order of its label files, then what others add.
ATTRIBUTES: Mapping[str, Attribute] = {
    name: Attribute(name=name, title=title, meaning=meaning, kind=kind) for name, title, kind, meaning in _ROWS
}

#: By the layout's name: what the set's makers decided for each sequence, in the order of their label files. Fan et al.,
#: LaSOT, IJCV 2021; Wu et al., Object Tracking Benchmark, TPAMI 2015; Mueller et al., UAV123, ECCV 2016.
SEQUENCE_LABELS: Mapping[str, tuple[str, ...]] = {
    "lasot": ("IV", "POC", "DEF", "MB", "CM", "ROT", "BC", "VC", "SV", "FOC", "FM", "OV", "LR", "ARC"),
    "otb": ("IV", "SV", "OCC", "DEF", "MB", "FM", "IPR", "OPR", "OV", "BC", "LR"),
    "uav123": ("SV", "ARC", "LR", "FM", "FOC", "POC", "OV", "BC", "IV", "VC", "CM", "SOB"),
}

#: VOT's tags of a frame, to the names in use here; a change of motion has no counterpart in other sets.
VOT_TAGS: Mapping[str, str] = {
    "camera_motion": "CM",
    "illum_change": "IV",
    "occlusion": "OCC",
    "size_change": "SV",
    "motion_change": "motion_change",
}

#: Named in ``Sequence.frame_attributes``, these are flags from which the same attribute of the sequence is derived, as
#: others are from its boxes: LaSOT's full_occlusion.txt and out_of_view.txt, GOT-10k's cover.
FLAGGED = ("POC", "FOC", "OV")

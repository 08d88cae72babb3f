"""From where on a change, a step or a size counts as a challenge: every data set says that in its own way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["DEFINITIONS", "LASOT", "OTB", "UAV123", "Definitions", "definitions_for"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Definitions:
    """When attributes hold that follow from boxes. All bounds are strict: at the bound, none holds.

    Attributes:
        name: for the command line, such as ``lasot``.
        title: as the data set's makers write it.
        derives: what the data set has of SV, ARC, FM and LR, in its order.
        max_ratio: SV, ARC: area, or width over height, are outside [1 / max_ratio, max_ratio] times the first ones.
        max_step_px: FM: the centre moves by more, px a frame; None: by more than sqrt(w h) of the previous box.
        min_area_px: LR: the box covers less, px^2.
    """

    name: str
    title: str
    derives: tuple[str, ...]
    max_ratio: float = 2.0
    max_step_px: float | None
    min_area_px: float


#: Fan et al., LaSOT: A High-quality Large-scale Single Object Tracking Benchmark, IJCV 2021, its list of attributes.
LASOT = Definitions(
    name="lasot", title="LaSOT", derives=("SV", "FM", "LR", "ARC"), max_step_px=None, min_area_px=1000.0
)

#: Wu et al., Object Tracking Benchmark, TPAMI 2015: t_s = 2, t_m = 20, t_r = 400. It has no ARC.
OTB = Definitions(name="otb", title="OTB", derives=("SV", "FM", "LR"), max_step_px=20.0, min_area_px=400.0)

#: Mueller et al., A Benchmark and Simulator for UAV Tracking, ECCV 2016.
UAV123 = Definitions(
    name="uav123", title="UAV123", derives=("SV", "ARC", "LR", "FM"), max_step_px=20.0, min_area_px=400.0
)

#: By name.
DEFINITIONS: Mapping[str, Definitions] = {item.name: item for item in (LASOT, OTB, UAV123)}


def definitions_for(layout: str) -> Definitions:
    """The data set's own ones by the name of its layout; LaSOT's for sets that define none."""
    return DEFINITIONS.get(layout, LASOT)

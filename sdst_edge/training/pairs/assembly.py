"""Batches whose pairs are cut one by one, with libsdst, where they were planned."""

from __future__ import annotations

from collections.abc import Sequence as Items

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sdst_edge.training.crops.color import box_blur, gray, recolor
from sdst_edge.training.crops.cutting import cut
from sdst_edge.training.pairs.augment import AS_IT_IS, Color, Variation
from sdst_edge.training.pairs.batch import Crops, PairBatch
from sdst_edge.training.pairs.handover import Room, private_room
from sdst_edge.training.pairs.planning import PairPlan
from sdst_runtime.config import TrackerConfig

__all__ = ["crops_bytes", "cut_pairs", "labels"]


def cut_pairs(plans: Items[PairPlan], configs: Items[TrackerConfig], room: Room = private_room) -> PairBatch:
    """The batch of some pairs, on the CPU.

    Args:
        plans: at least one.
        configs: of the views that the pairs were planned for.
        room: for the crops.
    """
    views = tuple(_view(plans, number, config, room) for number, config in enumerate(configs))
    return PairBatch(views=views, **labels(plans))


def crops_bytes(config: TrackerConfig) -> int:
    """Bytes of a pair's crops for one view."""
    return 3 * (config.template_size**2 + config.search_size**2)


def labels(plans: Items[PairPlan]) -> dict[str, Tensor]:
    """What a batch says about its pairs beside their crops: the fields of :class:`PairBatch` by name."""
    return {
        "boxes_image": torch.tensor([plan.box_image for plan in plans], dtype=torch.float32),
        "positive": torch.tensor([plan.positive for plan in plans]),
        "annotated": torch.tensor([plan.annotated for plan in plans]),
        "attributes": torch.tensor([plan.attributes for plan in plans], dtype=torch.float32).view(len(plans), -1),
        "index": torch.tensor([plan.global_index for plan in plans], dtype=torch.int64),
    }


def _view(plans: Items[PairPlan], number: int, config: TrackerConfig, room: Room) -> Crops:
    z, x = (room((len(plans), side, side, 3)) for side in (config.template_size, config.search_size))
    templates, searches = z.numpy(), x.numpy()
    for row, plan in enumerate(plans):
        variation = plan.variations[number]
        crop = cut(plan.templates[number], plan.template_windows[number], config.template_size, variation.mirrored)
        templates[row] = _colored(crop, variation, variation.template_color)
        crop = cut(plan.searches[number], plan.search_windows[number], config.search_size, variation.mirrored)
        crop = _colored(crop, variation, variation.search_color)
        searches[row] = crop if variation.blur_side == 1 else box_blur(crop, variation.blur_side)
    return Crops(z=z, x=x, scale=torch.tensor([plan.scales[number] for plan in plans], dtype=torch.float32))


def _colored(crop: NDArray[np.uint8], variation: Variation, color: Color) -> NDArray[np.uint8]:
    if color != AS_IT_IS:
        crop = recolor(crop, np.array(color.gain_bgr, dtype=np.float32), color.offset)
    return gray(crop) if variation.gray else crop

"""One forward pass of a tracker network, with what its trunk gave on the way."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from sdst_edge.models.base import Maps
from sdst_edge.models.composed import ComposedTracker
from sdst_edge.models.trunks.neck import ProjectedTrunk
from tests.parity.golden_network import image

__all__ = ["NetworkRun", "run_network"]


@dataclass(frozen=True)
class NetworkRun:
    """What the network gave for the two images of the reference.

    Attributes:
        template: as ``model.template`` returns it.
        search: as ``model.search`` returns it.
        outputs: as ``model.tail`` returns them.
        backbone: feature maps of the template, and of the search region.
        trunk: likewise, behind the projections.
    """

    model: ComposedTracker
    template: Maps
    search: Maps
    outputs: Maps
    backbone: tuple[Maps, Maps]
    trunk: tuple[Maps, Maps]


def run_network(model: ComposedTracker) -> NetworkRun:
    """Runs template, search and head, each once."""
    trunk = model.trunk
    assert isinstance(trunk, ProjectedTrunk)
    backbone_maps, trunk_maps = _recorded(trunk.backbone), _recorded(trunk)
    config = model.config
    with torch.inference_mode():
        template = model.template(torch.from_numpy(image(0, config.template_size)))
        search = model.search(torch.from_numpy(image(1, config.search_size)))
        outputs = model.head(template, search)
    assert len(backbone_maps) == len(trunk_maps) == 2
    return NetworkRun(
        model,
        template,
        search,
        outputs,
        backbone=(backbone_maps[0], backbone_maps[1]),
        trunk=(trunk_maps[0], trunk_maps[1]),
    )


def _recorded(module: nn.Module) -> list[Maps]:
    """A list that grows by what a module returns, whenever it runs."""
    returned: list[Maps] = []

    def record(_module: nn.Module, _inputs: tuple[Tensor, ...], maps: Maps) -> None:
        returned.append(maps)

    module.register_forward_hook(record)
    return returned

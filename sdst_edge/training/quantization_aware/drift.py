"""How far a network that is run rounded is from a float one, over the same pairs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import torch
from torch import Tensor

from sdst_edge.models.base import Maps, SiameseModel
from sdst_edge.training.pairs.batch import PairBatch, normalized
from sdst_edge.training.quantization_aware.quantizer import Quantizer
from sdst_edge.training.recipe.quantization import Quantization

__all__ = ["calibrated", "drift"]


def calibrated(network: SiameseModel, table: Quantization, batches: Iterable[PairBatch]) -> Quantizer:
    """A quantizer whose ranges hold all that a network gives for some pairs: post-training quantisation by min-max.

    Args:
        network: put into eval mode.
        table: its ``range_decay`` and ``freeze_ranges`` do not matter.
        batches: at least one; their first view is the network's.
    """
    network.eval()
    quantizer = Quantizer(network, table)
    quantizer.observing = "extremes"
    with torch.inference_mode(), quantizer.applied(network):
        for z, x in _inputs(network, batches):
            network(z, x)
    quantizer.observing = "no"
    return quantizer


def drift(
    network: SiameseModel, quantizer: Quantizer, reference: SiameseModel, batches: Iterable[PairBatch]
) -> Mapping[str, float]:
    """By output, ``|rounded - float| / |float|`` over all cells of all pairs.

    Args:
        network: run rounded; put into eval mode.
        quantizer: of the network, with ranges.
        reference: run as it is; put into eval mode.
        batches: at least one; their first view is the networks'.
    """
    network.eval()
    reference.eval()
    apart: list[Tensor] = []
    whole: list[Tensor] = []
    with torch.inference_mode():
        for z, x in _inputs(reference, batches):
            wanted: Maps = reference(z, x)
            with quantizer.applied(network):
                got: Maps = network(z, x)
            apart.append(_squares([ours - theirs for ours, theirs in zip(got, wanted, strict=True)]))
            whole.append(_squares(wanted))
    ratio = (torch.stack(apart).sum(dim=0) / torch.stack(whole).sum(dim=0)).sqrt()
    return dict(zip(reference.config.outputs, ratio.tolist(), strict=True))


def _squares(maps: Iterable[Tensor]) -> Tensor:
    return torch.stack([item.double().square().sum() for item in maps])


def _inputs(network: SiameseModel, batches: Iterable[PairBatch]) -> Iterator[tuple[Tensor, Tensor]]:
    rule = network.config.normalization
    for batch in batches:
        crops = batch.views[0]
        yield normalized(crops.z, rule), normalized(crops.x, rule)

"""SiamFC++ (MegviiDetection/video_analyst): depthwise correlation, and a head of points with a quality score.

Xu et al., SiamFC++, 2020. Two towers without padding read a correlation each; the one of scores predicts target and
centre-ness, the other the distances to the four sides. The two families differ in their trunk and in the depth of the
towers; constants are those of the VOT configurations.

Half-pixel habits of the original: a target starts at ``x + (w - 1) / 2`` and is reported at ``cx - (w - 1) / 2``, a box
counts the pixels at both its ends, and the points are symmetric about the middle of the search input's middle pixel.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from sdst_edge.models.composed import Branch, ComposedTracker, Matcher
from sdst_edge.models.layers import Concatenated, ConvNorm, Crop
from sdst_edge.models.registry import family
from sdst_edge.models.scaling import Scaling
from sdst_edge.models.trackers.siamfcpp_keys import ALEXNET, GOOGLENET
from sdst_edge.models.trunks.alexnet import alexnet
from sdst_edge.models.trunks.googlenet import googlenet
from sdst_runtime.config import CropRule, Normalization, TrackerConfig

__all__ = ["Distances", "siamfcpp_alexnet", "siamfcpp_googlenet"]

STRIDE = 8
CHANNELS = 256  # of both trunks' features, and in the head


class Distances(nn.Module):
    """Distances from a map: ``exp(scale x + bias)`` strides, with one learned scale and bias."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.tensor(1.0))
        self.bias = nn.Parameter(torch.tensor(0.0))

    def forward(self, x: Tensor) -> Tensor:
        """(B, 4, H, W) to the same shape, network px."""
        return torch.exp(self.scale * x + self.bias) * STRIDE


def _config(
    *,
    response_size: int,
    penalty_k: float,
    window_influence: float,
    size_lr: float,
    normalization: Normalization | None = None,
) -> TrackerConfig:
    return TrackerConfig(
        template_size=127,
        search_size=303,
        response_size=response_size,
        stride_px=STRIDE,
        score_kind="logit-centerness",
        point_origin_px=-(response_size - 1) / 2 * STRIDE,
        window_influence=window_influence,
        penalty_k=penalty_k,
        size_lr=size_lr,
        init_center_offset_px=-0.5,
        size_offset_px=1.0,
        box_offset_px=0.5,
        found_threshold=0.25,  # target and centre-ness of one half each
        crop=CropRule(context_amount=0.5, search_scale=303 / 127, rounding="none", interpolation="opencv-warp"),
        normalization=normalization or Normalization(),
    )


ALEXNET_CONFIG = _config(response_size=17, penalty_k=0.08, window_influence=0.21, size_lr=0.58)
GOOGLENET_CONFIG = _config(
    response_size=19,
    penalty_k=0.06721247775471334,
    window_influence=0.2444928917567117,
    size_lr=0.5093639624865886,
    normalization=Normalization(channel_order="rgb", mean=(127.5, 127.5, 127.5), std=(127.5, 127.5, 127.5)),
)


def _network(config: TrackerConfig, trunk: nn.Module, scaling: Scaling, *, norms: tuple[bool, ...]) -> ComposedTracker:
    """Matchers and towers; depth changes the number of the towers' layers.

    Args:
        config: of the tracker.
        trunk: gives the features.
        scaling: of the head.
        norms: whether a batch norm follows, per layer of a published tower. A layer takes one cell on each side: what
            is missing is cropped off the response, what is too many is padded, so that the maps keep their size.
    """
    channels = scaling.channels(CHANNELS)
    layers = scaling.layers(norms)

    def matcher() -> Matcher:
        kernel, search = (ConvNorm(channels, channels, 3, padding=0, bias=True) for _ in range(2))
        missing = len(norms) - len(layers)
        return Matcher("depthwise", kernel=kernel, search=search, after=Crop(missing) if missing > 0 else None)

    def tower() -> nn.Sequential:
        return nn.Sequential(
            *(
                ConvNorm(channels, channels, 3, padding=0 if i < len(norms) else 1, bias=True, norm=norm, act="relu")
                for i, norm in enumerate(layers)
            )
        )

    def predict(outputs: int) -> ConvNorm:
        layer = ConvNorm(channels, outputs, bias=True)
        nn.init.normal_(layer.conv.weight, std=1e-4)  # untrained correlations are large, and their exp overflows
        return layer

    return ComposedTracker(
        config,
        trunk=trunk,
        matchers={"score": matcher(), "ltrb": matcher()},
        branches={
            "score": Branch(["score"], tower(), Concatenated(target=predict(1), centerness=predict(1))),
            "ltrb": Branch(["ltrb"], tower(), predict(4), Distances()),
        },
    )


@family("siamfcpp-alexnet", title="SiamFC++ (AlexNet)", published=ALEXNET)
def siamfcpp_alexnet(width: float = 1.0, depth: float = 1.0) -> ComposedTracker:
    """AlexNet and towers of three layers. Options as in :class:`Scaling`."""
    scaling = Scaling(width, depth)
    return _network(ALEXNET_CONFIG, alexnet(scaling), scaling, norms=(False, False, True))


@family("siamfcpp-googlenet", title="SiamFC++ (GoogLeNet)", published=GOOGLENET)
def siamfcpp_googlenet(width: float = 1.0, depth: float = 1.0) -> ComposedTracker:
    """Inception v3 and towers of two layers. Options as in :class:`Scaling`."""
    scaling = Scaling(width, depth)
    return _network(GOOGLENET_CONFIG, googlenet(scaling), scaling, norms=(False, False))

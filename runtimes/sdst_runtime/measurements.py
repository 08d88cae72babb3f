"""What was measured of a variant when its bundle was written, as the manifest keeps it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

__all__ = ["Accuracy", "Calibration", "CalibrationMethod", "Drift", "LayerError", "Parity", "Quantization"]

CalibrationMethod: TypeAlias = Literal["min-max", "entropy", "percentile"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Parity:
    """How far two implementations are apart on the same inputs.

    Attributes:
        reference: what the variant was compared with, such as ``torch 2.13.0`` or ``onnx/fp32``.
        inputs: how many pairs of template and search inputs.
        max_rel_error: per output, ``max |a - b| / max |b|`` over all inputs.
    """

    reference: str
    inputs: int
    max_rel_error: Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """How far a variant's decoded results are from the fp32 variant's, both given the same crops and the same state.

    Attributes:
        source: of the crops: name of the data set.
        pairs: of template and search crops.
        mean_score_difference: of the scores, 0..1.
        max_score_difference: likewise, of the worst pair.
        mean_iou: of the boxes with those of the fp32 variant.
        min_iou: likewise, of the worst pair.
    """

    source: str
    pairs: int
    mean_score_difference: float
    max_score_difference: float
    mean_iou: float
    min_iou: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Accuracy:
    """What a variant scores on sequences, and what the fp32 variant scores on the same.

    Attributes:
        source: name of the data set.
        rules: that were scored by, such as ``house``.
        sequences: how many.
        frames: how many in all.
        success_auc: of this variant, 0..1.
        reference_success_auc: of the fp32 variant.
        mean_iou: of this variant's boxes with those of the fp32 variant, each following on its own.
        mean_score_difference: between the two, over all frames.
    """

    source: str
    rules: str
    sequences: int
    frames: int
    success_auc: float
    reference_success_auc: float
    mean_iou: float
    mean_score_difference: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """The crops that the ranges of activations were taken from.

    Attributes:
        source: name of the data set, or ``random`` where the user asked for that.
        sequences: how many.
        templates: crops of templates.
        searches: crops of search regions.
        method: how ranges are taken from what was seen.
    """

    source: str
    sequences: int
    templates: int
    searches: int
    method: CalibrationMethod


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerError:
    """What quantising one layer alone costs.

    Attributes:
        layer: role of its graph and name of its node, such as ``search/Conv_3``.
        error: largest over the output maps of ``|a - b| / |b|``, norms over all crops compared.
    """

    layer: str
    error: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantization:
    """How a variant was quantised; weights are int8, symmetric, with a scale per channel.

    Attributes:
        activations: ``uint8``: asymmetric; ``int8``: symmetric, zero point 0, as TensorRT wants them.
        calibration: of the activations.
        float_layers: that were left in float, named as in :class:`LayerError`.
        sensitivity: by layer, the worst first.
    """

    activations: Literal["uint8", "int8"]
    calibration: Calibration
    float_layers: tuple[str, ...] = ()
    sensitivity: tuple[LayerError, ...] = ()

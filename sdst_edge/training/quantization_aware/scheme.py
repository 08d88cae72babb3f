"""Which numbers go into which integers, for each INT8 variant of a bundle.

=========================  ====================  =====================
..                         ``int8-ort``          ``int8-qdq``
=========================  ====================  =====================
weights                    s8, symmetric, a scale for each output channel
what a layer takes         u8, asymmetric        s8, symmetric
what a layer gives         u8, asymmetric        as it is, till taken
operands of correlations   u8, and s8 kernels    float
=========================  ====================  =====================

Float in both are squeeze-and-excite and the last layers before the tracker's maps. Residual sums are left as they come:
what they take is rounded where a layer gave it, what they give where a layer takes it. Template and search have ranges
of their own, also where a bundle keeps their trunk once and takes ranges of both together.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sdst_edge.training.quantization_aware.rounding import S8, U8, Grid
from sdst_edge.training.recipe.quantization import QuantizedVariant

__all__ = ["SCHEMES", "Scheme"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scheme:
    """Grids of a variant.

    Attributes:
        activations: of tensors, a range for each.
        rounds_outputs: whether what layers give is rounded, too, so that it can be computed in integers: behind the
            activation where that is fused, else before it.
        kernel: of the template's operands of correlations; None where correlations stay float. The search operand
            has the grid of ``activations`` where kernels have one.
    """

    activations: Grid
    rounds_outputs: bool
    kernel: Grid | None


SCHEMES: Mapping[QuantizedVariant, Scheme] = {
    "int8-ort": Scheme(activations=U8, rounds_outputs=True, kernel=S8),
    "int8-qdq": Scheme(activations=S8, rounds_outputs=False, kernel=None),
}

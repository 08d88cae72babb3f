"""What any head says, in one form: a logit and a box for each of A candidates in each cell.

Points and response maps have A = 1 (response maps no boxes), anchors have as many as the configuration lists.
"""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor

__all__ = ["Prediction"]


class Prediction(NamedTuple):
    """On an S x S grid of a tracker configuration.

    Attributes:
        logit: (B, A, S, S): of the target against the ground; its sigmoid is the score. Of two logits their
            difference, so the KL of two-class softmaxes is that of these.
        ltrb: (B, A, 4, S, S): distances from the cell's point to the four sides of the box, network px of the
            configuration; None where the head has no boxes. A side may be negative where a box lies beside its point.
    """

    logit: Tensor
    ltrb: Tensor | None

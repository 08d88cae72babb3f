"""What all families of anchors have in common: five boxes per cell, and scores that were trained alike."""

from __future__ import annotations

__all__ = ["ANCHORS", "FOUND_SCORE"]

#: Width and height, px: 64 x 64 px of area at height over width 0.33, 0.5, 1, 2 and 3, cut to whole cells of 8 px.
ANCHORS = ((104.0, 32.0), (88.0, 40.0), (64.0, 64.0), (40.0, 80.0), (32.0, 96.0))

#: The best anchor on a target comes close to 1; PySOT's long-term configuration takes a target for lost below this
#: (``CONFIDENCE_LOW``), on the network of SiamRPN++.
FOUND_SCORE = 0.8

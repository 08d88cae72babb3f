"""Challenges that sequences hold: read from the makers' labels, or derived from boxes and flags.

``held_attributes`` says what a sequence holds, for scores by attribute; ``derive_frames`` and ``derive_pairs`` what a
frame or a pair of frames holds, since a sequence with fast motion is not fast all the time.
"""

from __future__ import annotations

from sdst_edge.datasets.attributes.definitions import (
    DEFINITIONS,
    LASOT,
    OTB,
    UAV123,
    Definitions,
    definitions_for,
)
from sdst_edge.datasets.attributes.derive import derive_frames, derive_pair, derive_pairs, derive_sequence
from sdst_edge.datasets.attributes.file import describe_sequence, read_labels
from sdst_edge.datasets.attributes.held import (
    Source,
    held_attributes,
    held_frames,
    labelled_attributes,
    listing_order,
)
from sdst_edge.datasets.attributes.index import AttributeIndex
from sdst_edge.datasets.attributes.measures import Measures, measure
from sdst_edge.datasets.attributes.names import ATTRIBUTES, FLAGGED, SEQUENCE_LABELS, VOT_TAGS, Attribute
from sdst_edge.datasets.attributes.survey import AttributeCount, AttributeSurvey

__all__ = [
    "ATTRIBUTES",
    "DEFINITIONS",
    "FLAGGED",
    "LASOT",
    "OTB",
    "SEQUENCE_LABELS",
    "UAV123",
    "VOT_TAGS",
    "Attribute",
    "AttributeCount",
    "AttributeIndex",
    "AttributeSurvey",
    "Definitions",
    "Measures",
    "Source",
    "definitions_for",
    "derive_frames",
    "derive_pair",
    "derive_pairs",
    "derive_sequence",
    "describe_sequence",
    "held_attributes",
    "held_frames",
    "labelled_attributes",
    "listing_order",
    "measure",
    "read_labels",
]

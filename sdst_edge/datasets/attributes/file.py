"""The JSON file of a data set's attributes: per sequence, what was labelled, what was computed, and both together.

::

    {"<sequence>": {"attributes": {"SV": "labelled+computed", "FM": "labelled", "LR": "computed"},
                    "labelled": {"source": "...", "names": ["FM", "SV"]},
                    "computed": {"source": "...", "flags": {"SV": true, ...}, "measures": {"min_area_px": 961.0, ...}}}}

``labelled`` is missing where the data set has no labels for the sequence; where it labels frames,
``fraction_of_frames_tagged`` stands in it too. A list of attributes to score by is another thing: there labels win
over what is computed, see :func:`~sdst_edge.datasets.attributes.held.held_attributes`.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from sdst_edge.datasets.attributes.definitions import Definitions
from sdst_edge.datasets.attributes.derive import derive_sequence
from sdst_edge.datasets.attributes.held import labelled_attributes
from sdst_edge.datasets.attributes.measures import Measures, measure
from sdst_edge.datasets.attributes.names import FLAGGED
from sdst_edge.datasets.sequence import Sequence
from sdst_runtime.errors import DatasetError

__all__ = ["describe_sequence", "read_labels"]


def read_labels(path: Path) -> dict[str, tuple[str, ...]]:
    """The labelled attributes of each sequence in a file of attributes; sequences without labels are not in it.

    Raises:
        DatasetError: the file is missing, or not of this form; names the sequence.
    """
    expected = "expected the JSON that `sdst-edge attributes --output` writes"
    try:
        records = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise DatasetError(f"{path} does not exist; {expected}") from None
    except (OSError, ValueError, RecursionError) as error:
        raise DatasetError(f"{path} cannot be read: {error}; {expected}") from None
    if not isinstance(records, dict):
        raise DatasetError(f"{path} holds no table of sequences; {expected}")
    labels: dict[str, tuple[str, ...]] = {}
    for sequence, record in records.items():
        if not isinstance(record, dict):
            raise DatasetError(f"{path}: {sequence} is no table; {expected}")
        if "labelled" not in record:
            continue
        names = record["labelled"].get("names") if isinstance(record["labelled"], dict) else None
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            raise DatasetError(f"{path}: labelled.names of {sequence} is no list of names; {expected}")
        labels[sequence] = tuple(names)
    return labels


def describe_sequence(sequence: Sequence, definitions: Definitions, title: str) -> dict[str, Any]:
    """The record of a sequence in the file: plain JSON values.

    Args:
        sequence: any.
        definitions: by which to compute.
        title: of the data set, to say whose labels they are.
    """
    flags = derive_sequence(sequence, definitions)
    computed = {name for name, flag in flags.items() if flag}
    labelled = labelled_attributes(sequence)
    sources = {
        name: "+".join(word for word, names in (("labelled", labelled), ("computed", computed)) if name in names)
        for name in sorted(labelled | computed)
    }
    record: dict[str, Any] = {"attributes": sources}
    tags = {name: tagged for name, tagged in sequence.frame_attributes.items() if name not in FLAGGED}
    if sequence.attributes is not None or tags:
        record["labelled"] = {"source": f"{title}, labels of the data set", "names": sorted(labelled)}
    if tags:
        record["labelled"]["fraction_of_frames_tagged"] = {
            name: round(float(tagged.mean()), 3) for name, tagged in tags.items()
        }
    source = f"boxes and flags, {definitions.title} definitions"
    record["computed"] = {"source": source, "flags": flags, "measures": _rounded(measure(sequence))}
    return record


def _rounded(measures: Measures) -> dict[str, float | int | None]:
    """As tables need them: areas to a tenth, all else to a thousandth."""
    return {
        name: round(value, 1 if name == "min_area_px" else 3) if isinstance(value, float) else value
        for name, value in asdict(measures).items()
    }

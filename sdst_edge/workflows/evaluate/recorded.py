"""Boxes that some tracker left: nothing is run, they are found and scored."""

from __future__ import annotations

from collections.abc import Sequence as Items
from pathlib import Path

from sdst_edge.datasets.sequence import Sequence
from sdst_edge.workflows.evaluate.tally import Tally
from sdst_runtime.errors import DatasetError

__all__ = ["missing_results", "score_recorded"]

SHOWN_NAMES = 20


def missing_results(folder: Path, tally: Tally, *, skip_broken: bool) -> list[str]:
    """Names of the sequences without results.

    Args:
        folder: of a tracker's results.
        tally: that is to score them.
        skip_broken: whether some may be missing.

    Raises:
        DatasetError: all are missing, or some that may not be; lists them.
    """
    sequences = tally.dataset.sequences
    missing = [item for item in sequences if not tally.way.has(folder, item)]
    if missing and len(missing) == len(sequences):
        raise DatasetError(_nothing_text(folder, tally, missing[0]))
    if missing and not skip_broken:
        raise DatasetError(_some_text(folder, [item.name for item in missing], len(sequences)))
    return [item.name for item in missing]


def score_recorded(folder: Path, tally: Tally, missing: Items[str]) -> None:
    """Scores the results of all sequences but the missing ones.

    Args:
        folder: of a tracker's results.
        tally: takes the scores.
        missing: see :func:`missing_results`.

    Raises:
        DatasetError: a result file is broken, and nothing is to be skipped.
    """
    left_out = set(missing)
    for sequence in tally.dataset.sequences:
        if sequence.name in left_out:
            tally.skip(sequence.name, DatasetError(f"{folder} holds no result of it"))
        else:
            tally.score(folder, sequence)


def _nothing_text(folder: Path, tally: Tally, first: Sequence) -> str:
    start = f"{folder} is no bundle, which holds a manifest.json, and holds no results of {tally.dataset.name}; "
    inside = (path for pattern in ("*", "*/*") for path in sorted(folder.glob(pattern)) if path.is_dir())
    found = next((path for path in inside if tally.way.has(path, first)), None)
    if found is not None:
        return f"{start}{found} does: give that folder"
    return f"{start}expected {tally.way.expected(first.name)}, and so on"


def _some_text(folder: Path, names: list[str], count: int) -> str:
    more = f" and {len(names) - SHOWN_NAMES} more" if len(names) > SHOWN_NAMES else ""
    return (
        f"{folder} holds no result of {len(names)} of {count} sequences: {', '.join(names[:SHOWN_NAMES])}{more}; "
        "add them, or leave them out with --skip-broken"
    )

"""Trackers that are run: over what is not finished yet, in one process or several."""

from __future__ import annotations

from collections.abc import Sequence as Items
from contextlib import closing
from functools import partial
from pathlib import Path

from sdst_edge.datasets.sequence import Sequence
from sdst_edge.evaluation.run import Trackable
from sdst_edge.workflows.evaluate.model import Model, open_tracker
from sdst_edge.workflows.evaluate.scheduling import run_all
from sdst_edge.workflows.evaluate.tally import Tally
from sdst_edge.workflows.evaluate.ways import Work
from sdst_runtime.errors import BoxError, DatasetError, FrameError, SdstError

__all__ = ["run_unfinished", "score_finished"]


def score_finished(folder: Path, tally: Tally, sequences: Items[Sequence]) -> list[Sequence]:
    """Scores the sequences whose results are there; returns the others.

    Args:
        folder: of the tracker's results.
        tally: takes the scores.
        sequences: to look for.
    """
    unfinished = []
    for sequence in sequences:
        if tally.way.finished(folder, sequence):
            tally.score(folder, sequence)
        else:
            unfinished.append(sequence)
    return unfinished


def run_unfinished(model: Model, folder: Path, tally: Tally, sequences: Items[Sequence], workers: int) -> None:
    """Runs a tracker over sequences, and scores each when it is done.

    Args:
        model: to run.
        folder: for the results.
        tally: takes the scores.
        sequences: to run on.
        workers: processes side by side, >= 1.

    Raises:
        SdstError: of the first sequence that failed, unless it is broken and to be skipped; running ones are ended.
    """
    work = partial(_work, tally.way.work(folder))
    with closing(run_all(partial(open_tracker, model), work, sequences, workers)) as done:
        for position, error in done:
            if error is None:
                tally.score(folder, sequences[position])
            elif isinstance(error, DatasetError):
                tally.skip(sequences[position].name, error)
            else:
                raise error


def _work(work: Work, tracker: Trackable, sequence: Sequence) -> None:
    """The work, with errors that say where they happened."""
    try:
        work(tracker, sequence)
    except DatasetError:
        raise
    except (BoxError, FrameError) as error:
        raise DatasetError(f"sequence {sequence.name}: {error}") from None
    except SdstError as error:
        raise SdstError(f"sequence {sequence.name}: {error}") from None
    except OSError as error:
        raise SdstError(f"{error.filename} cannot be written: {error.strerror}") from None

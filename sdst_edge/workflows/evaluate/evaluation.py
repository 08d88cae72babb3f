"""From a model and a data set to figures: runs what is not there yet, scores all of it, writes it down."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import TypeAlias

from sdst_edge.evaluation.result import EvaluationResult
from sdst_edge.workflows.chosen import open_chosen
from sdst_edge.workflows.evaluate.choosing import choose_way
from sdst_edge.workflows.evaluate.model import open_tracker
from sdst_edge.workflows.evaluate.recorded import missing_results, score_recorded
from sdst_edge.workflows.evaluate.request import Request
from sdst_edge.workflows.evaluate.running import run_unfinished, score_finished
from sdst_edge.workflows.evaluate.store import RunRecord, Store, holds_run
from sdst_edge.workflows.evaluate.tables import attributes_csv, sequences_csv
from sdst_edge.workflows.evaluate.tally import OnProgress, Tally
from sdst_runtime.errors import BackendUnavailable

__all__ = ["run_evaluation"]

#: Called with a remark for people.
OnNote: TypeAlias = Callable[[str], None]


def run_evaluation(
    request: Request, on_progress: OnProgress | None = None, on_note: OnNote | None = None
) -> EvaluationResult:
    """Evaluates a model on a data set.

    Sequences that ``out`` holds the results of already are not run again. After an error or an interrupt, those that
    are finished stay there.

    Args:
        request: what to evaluate.
        on_progress: told of each sequence.
        on_note: told what could not be written, and why.

    Raises:
        ConfigError: an option that cannot be, or ``out`` is in the way.
        DatasetError: the data set or a result file is broken, or no sequence is left.
        SdstError: of the tracker, or a file cannot be written.
    """
    way_of = choose_way(request.protocol, request.rule)
    dataset = open_chosen(
        request.dataset,
        request.layout,
        request.sequences,
        skip_broken=request.skip_broken,
        require_frames=not request.recorded,
    )
    tally = Tally(
        way_of(dataset.layout.name),
        dataset,
        attributes=request.attributes or request.out is not None,
        skip_broken=request.skip_broken,
        on_progress=on_progress,
    )
    with ExitStack() as held:
        store, result = (_evaluate_recorded if request.recorded else _evaluate_run)(request, tally, held)
        if store is not None:
            _write_files(store, result, request.command, on_note)
    return result


def _evaluate_recorded(request: Request, tally: Tally, held: ExitStack) -> tuple[Store | None, EvaluationResult]:
    folder = request.model.path
    missing = missing_results(folder, tally, skip_broken=request.skip_broken)
    store = _open_store(request, tally, held)
    tally.tell()
    score_recorded(folder, tally, missing)
    return store, tally.result(request.model.name, workers=1)


def _evaluate_run(request: Request, tally: Tally, held: ExitStack) -> tuple[Store | None, EvaluationResult]:
    runnable = [item for item in tally.dataset.sequences if tally.attempt(tally.way.check, item)]
    store = _open_store(request, tally, held)
    if store is None:
        folder = Path(held.enter_context(tempfile.TemporaryDirectory(prefix="sdst-eval-"))) / request.model.name
    else:
        folder = store.boxes
    tally.tell()
    unfinished = score_finished(folder, tally, runnable)
    workers = max(1, min(request.workers, len(unfinished)))
    if store is not None:
        workers = store.note_workers(workers)
    run_unfinished(request.model, folder, tally, unfinished, request.workers)
    return store, tally.result(request.model.name, workers=workers)


def _open_store(request: Request, tally: Tally, held: ExitStack) -> Store | None:
    """The store until ``held`` is closed; None where nothing is kept."""
    if request.out is None:
        return None
    model, dataset = request.model, tally.dataset
    if not request.recorded and (request.overwrite or not holds_run(request.out)):
        with open_tracker(model):
            pass  # a model that cannot be opened begins nothing, and replaces nothing
    record = RunRecord(
        model=model.identity(),
        variant=model.variant,
        session=model.session,
        threads=model.threads,
        protocol=tally.way.name,
        dataset=str(dataset.root.resolve()),
        layout=dataset.layout.name,
    )
    return held.enter_context(Store.open(request.out, record, overwrite=request.overwrite))


def _write_files(store: Store, result: EvaluationResult, command: str, on_note: OnNote | None) -> None:
    store.write("result.json", json.dumps(result.to_plain(), indent=2, ensure_ascii=False, allow_nan=False) + "\n")
    store.write("result.csv", sequences_csv(result))
    store.write("attributes.csv", attributes_csv(result))
    from sdst_edge.workflows.report import write_report

    try:
        write_report(result, store.folder, command=command, json_name="result.json")
    except BackendUnavailable as error:
        if on_note is not None:
            on_note(str(error))

"""What a search found, written into the bundle."""

from __future__ import annotations

from dataclasses import replace

from sdst_edge.workflows.output_files import replacing
from sdst_edge.workflows.tune.search import TuneResult
from sdst_runtime.bundle import Bundle
from sdst_runtime.manifest import MANIFEST_NAME, Manifest

__all__ = ["tuned_manifest", "write_tuned"]


def tuned_manifest(manifest: Manifest, result: TuneResult, dataset: str) -> Manifest:
    """The manifest with the best parameters, and with what they reach in ``accuracy``.

    Args:
        manifest: of the bundle.
        result: of the search.
        dataset: name of the set that it was tuned on.
    """
    figure = {result.metric: result.score, "sequences": result.sequences}
    if result.passes != result.sequences:
        figure["passes"] = result.passes
    accuracy = {**manifest.accuracy, f"{dataset}, tuned on it, {result.rule} rule": figure}
    return replace(manifest, tracker=result.best.applied(manifest.tracker), accuracy=accuracy)


def write_tuned(bundle: Bundle, result: TuneResult, dataset: str) -> Manifest:
    """Writes :func:`tuned_manifest` in place of the bundle's; an interrupt leaves the old one.

    Raises:
        OSError: the folder cannot be written.
    """
    manifest = tuned_manifest(bundle.manifest, result, dataset)
    with replacing(bundle.path / MANIFEST_NAME) as part:
        part.write_text(manifest.dumps(), encoding="utf-8")
    return manifest

"""Bundles in memory with a variant whose kernels are inputs, beside the fp32 variant for ONNX Runtime."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from sdst_edge.datasets import Sequence, render_clip
from sdst_edge.evaluation.metrics import iou
from sdst_edge.models import SiameseModel, TorchSession
from sdst_export.draft import Draft
from sdst_export.float_graphs import FloatGraphs
from sdst_export.fp32 import count_graph_macs, make_fp32
from sdst_export.variant_files import VariantFiles
from sdst_runtime.bundle import Bundle
from sdst_runtime.loading import open_session
from sdst_runtime.manifest import Manifest, Precision, Provenance
from sdst_runtime.session import Session
from sdst_runtime.tracker import Tracker
from sdst_runtime.whole_session import open_whole

__all__ = ["Make", "draft_bundle", "largest_error", "mean_engines_iou", "with_variant"]

Make = Callable[[FloatGraphs, Precision], VariantFiles]


def draft_bundle(model: SiameseModel) -> tuple[Draft, FloatGraphs]:
    """A bundle with the fp32 variant, and the graphs that it was made of."""
    graphs = FloatGraphs.of(model, model.family or "toy")
    made = make_fp32(graphs, model)
    manifest = Manifest(
        name=graphs.family,
        family=graphs.family,
        tracker=graphs.config,
        correlations=graphs.correlations,
        mask=graphs.mask,
        variants={made.name: made.variant},
        default_variant=made.name,
        parameters=0,
        macs=count_graph_macs(graphs),
        tools={},
        provenance=Provenance(source="random weights"),
    )
    return Draft(manifest, made.files), graphs


def with_variant(model: SiameseModel, make: Make, precision: Precision) -> Bundle:
    """A bundle of a network with one more variant."""
    draft, graphs = draft_bundle(model)
    draft.add(make(graphs, precision))
    return draft.bundle()


def largest_error(session: Session, model: SiameseModel) -> float:
    """Of the maps of a session beside torch's, for two targets in turn and every search size, relative."""
    reference, errors = TorchSession(model), [0.0]
    crops = [_pixels(model.config.template_shape, seed) for seed in range(2)]
    templates, wanted = [session.embed(z) for z in crops], [reference.embed(z) for z in crops]
    for config in filter(None, (model.config, model.config.for_small_target())):
        x = _pixels(config.search_shape, 9)
        for index in (0, 1, 0):
            got, want = session.match(templates[index], x), reference.match(wanted[index], x)
            pairs = zip(got, want, strict=True)
            errors += [float(np.abs(ours - theirs).max() / np.abs(theirs).max()) for ours, theirs in pairs]
    return max(errors)


def mean_engines_iou(bundle: Bundle, variant: str, accelerator: str, frames: int) -> float:
    """Of a variant's boxes on a rendered clip with those of ONNX Runtime in float32, each following on its own."""
    clip = render_clip(3, frames=frames, size_wh=(320, 240))
    with open_session(bundle, variant="onnx/fp32") as reference:
        want = _follow(reference, bundle, clip)
    with open_whole(bundle, variant=variant, accelerator=accelerator) as session:
        got = _follow(session, bundle, clip)
    assert np.ptp(want[:, :2], axis=0).max() > 1  # it moved
    return float(iou(got, want).mean())


def _follow(session: Session, bundle: Bundle, clip: Sequence) -> NDArray[np.float64]:
    """(frames, 4): boxes xywh, the first as given."""
    with Tracker(session, bundle.manifest.tracker) as tracker:
        first = clip.boxes_xywh[0]
        tracker.init(clip.frames[0], tuple(first))
        boxes = [tracker.update(clip.frames[index]).box_xywh for index in range(1, len(clip.frames))]
    return np.array([first, *boxes])


def _pixels(shape: tuple[int, ...], seed: int) -> NDArray[np.float32]:
    return np.random.default_rng(seed).uniform(-1, 1, shape).astype(np.float32)  # as toys normalise pixels

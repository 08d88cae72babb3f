"""Students that come with the package: bundle and checkpoint of a name are one network, and small files."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from sdst_edge.models import TorchSession, load_checkpoint
from sdst_edge.weights import WEIGHTS, shipped_weights
from sdst_runtime import Bundle, open_session, shipped_students
from sdst_runtime.shipped import STUDENTS
from tests.tolerances import REL_NETWORK_F32

#: Of any file: what a repository and a wheel can carry.
MOST_BYTES = 3_000_000
#: Of all files of an INT8 variant.
MOST_INT8_BYTES = 1_000_000

#: What `sdst-edge tune` writes into a bundle, and into no checkpoint.
TUNED = ("penalty_k", "window_influence", "size_lr")


@pytest.fixture(params=shipped_students() or [None])
def student(request: pytest.FixtureRequest) -> str:
    """The name of a shipped student."""
    if request.param is None:
        pytest.fail(f"no student is shipped: {STUDENTS} holds no bundle; docs/training.md says how they are made")
    return str(request.param)


def test_every_bundle_has_its_checkpoint() -> None:
    assert shipped_weights() == shipped_students() != ()


def test_files_are_small(student: str) -> None:
    files = [path for path in (STUDENTS / student).rglob("*") if path.is_file() and "engines" not in path.parts]
    assert files
    for path in (*files, WEIGHTS / f"{student}.safetensors"):
        assert path.stat().st_size < MOST_BYTES, path.name
    manifest = Bundle.open(STUDENTS / student).manifest
    graphs = [graph for item in manifest.variants.values() for graph in item.graphs.values()]
    named = {entry.file for graph in graphs for entry in (graph, graph.weights) if entry is not None}
    assert {path.relative_to(STUDENTS / student).as_posix() for path in files} == named | {"manifest.json"}


def test_int8_takes_less_than_a_megabyte_and_is_calibrated_on_frames(student: str) -> None:
    variant = Bundle.open(STUDENTS / student).manifest.variants["onnx/int8-ort"]
    assert sum({graph.file: graph.size_bytes for graph in variant.graphs.values()}.values()) < MOST_INT8_BYTES
    assert variant.quantization is not None
    assert variant.quantization.calibration.source != "random", "calibrated on noise, it cannot track"


def test_bundle_and_checkpoint_say_the_same_of_themselves(student: str) -> None:
    manifest, checkpoint = Bundle.open(student).manifest, load_checkpoint(Path(student))
    assert manifest.family == checkpoint.family == student
    assert manifest.provenance == checkpoint.provenance
    assert manifest.parameters == sum(item.numel() for item in checkpoint.model.parameters())
    tuned = {name: getattr(manifest.tracker, name) for name in TUNED}
    assert manifest.tracker == replace(checkpoint.model.config, **tuned)


def test_weights_are_trained_ones(student: str) -> None:
    assert "untrained" not in load_checkpoint(Path(student)).provenance.notes


def test_bundle_computes_what_its_checkpoint_does(student: str) -> None:
    bundle, model = Bundle.open(student), load_checkpoint(Path(student)).model
    random, config = np.random.default_rng(0), bundle.manifest.tracker
    z = random.standard_normal(config.template_shape).astype(np.float32)
    x = random.standard_normal(config.search_shape).astype(np.float32)
    with torch.inference_mode():
        theirs = TorchSession(model)
        want = [item.copy() for item in theirs.match(theirs.embed(z), x)]
    session = open_session(bundle, variant="onnx/fp32")
    template = session.embed(z)
    for ours, reference in zip(session.match(template, x), want, strict=True):
        assert np.abs(ours - reference).max() <= REL_NETWORK_F32 * np.abs(reference).max()
    template.close()
    session.close()

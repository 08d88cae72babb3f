"""What a bundle and a checkpoint say of themselves."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from sdst_edge.cli.describe import CheckpointFacts, print_checkpoint, print_manifest
from sdst_runtime.manifest import Macs, Provenance
from tests.toy_bundle import toy_graphs, toy_manifest


def test_print_manifest_shows_sizes_precision_files_and_parity(capsys: pytest.CaptureFixture[str]) -> None:
    print_manifest(toy_manifest(toy_graphs()), Path("toy"), as_json=False)
    out = capsys.readouterr().out
    for expected in (
        "40 x 40 px",
        "72 x 72 px",
        "9 x 9 cells, stride 8 px",
        "depthwise (kernel_dw), pixelwise (kernel_pw)",
        "template 0.0 M",
        "not measured",
        "tests/toy_bundle.py",
        "onnx/fp32 (default)",
        "fp32",
        "baked",
        "against numpy, 1 inputs",
        "together",
    ):
        assert expected in out


def test_print_manifest_shows_what_was_measured(capsys: pytest.CaptureFixture[str]) -> None:
    figures = {"val, house rule": {"success_auc": 0.65432, "sequences": 20}}
    print_manifest(replace(toy_manifest(toy_graphs()), accuracy=figures), Path("toy"), as_json=False)
    assert "val, house rule: success_auc 0.654, sequences 20" in capsys.readouterr().out


def test_print_manifest_as_json_is_the_manifest(capsys: pytest.CaptureFixture[str]) -> None:
    manifest = toy_manifest(toy_graphs())
    print_manifest(manifest, Path("toy"), as_json=True)
    assert capsys.readouterr().out == manifest.dumps()


def test_print_checkpoint_shows_family_and_provenance(capsys: pytest.CaptureFixture[str]) -> None:
    facts = CheckpointFacts(
        file="n3.safetensors",
        family="sdst-nano-s",
        options={"width": 0.5},
        parameters=1234567,
        macs=Macs(template=1_000_000, search=20_500_000, head=3_000_000),
        provenance=Provenance(source="weights.pth", sha256="ab" * 32, importer="x"),
    )
    print_checkpoint(facts, as_json=False)
    out = capsys.readouterr().out
    for expected in (
        "n3.safetensors",
        "sdst-nano-s",
        "width 0.5",
        "1,234,567",
        "search 20.5 M",
        "weights.pth",
        "ab" * 32,
    ):
        assert expected in out
    print_checkpoint(facts, as_json=True)
    assert json.loads(capsys.readouterr().out)["parameters"] == 1234567

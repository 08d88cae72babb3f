"""What a bundle and a checkpoint say of themselves."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from sdst_edge.cli.describe import CheckpointFacts, print_checkpoint, print_manifest
from sdst_runtime.manifest import Graph, GraphRole, Macs, Manifest, Provenance, WeightsFile
from sdst_runtime.measurements import Accuracy, Calibration, Drift, LayerError, Quantization
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


def measured(sensitivity: int, float_layers: int) -> Manifest:
    """A manifest with an int8 variant of which everything was measured."""
    manifest = toy_manifest(toy_graphs())
    quantization = Quantization(
        activations="uint8",
        calibration=Calibration(source="train", sequences=12, templates=48, searches=96, method="entropy"),
        float_layers=tuple(f"search/Conv_{number}" for number in range(float_layers)),
        sensitivity=tuple(
            LayerError(layer=f"head/Conv_{number}", error=0.5 / 2**number) for number in range(sensitivity)
        ),
    )
    drift = Drift(
        source="train",
        pairs=24,
        mean_score_difference=0.0123,
        max_score_difference=0.2,
        mean_iou=0.9321,
        min_iou=0.71,
    )
    accuracy = Accuracy(
        source="val",
        rules="house",
        sequences=20,
        frames=2203,
        success_auc=0.6712,
        reference_success_auc=0.6796,
        mean_iou=0.876,
        mean_score_difference=0.034,
    )
    variant = replace(
        manifest.variants["onnx/fp32"], precision="int8", quantization=quantization, drift=drift, accuracy=accuracy
    )
    return replace(manifest, target="cpu-x86", variants={**manifest.variants, "onnx/int8-ort": variant})


def test_print_manifest_shows_what_quantising_costs(capsys: pytest.CaptureFixture[str]) -> None:
    print_manifest(measured(sensitivity=7, float_layers=2), Path("toy"), as_json=False)
    out = capsys.readouterr().out
    for expected in (
        "target        cpu-x86",
        "onnx/int8-ort\n  activations   uint8",
        "train, entropy: 48 templates and 96 search regions of 12 sequences",
        "2: search/Conv_0, search/Conv_1",
        "head/Conv_0 0.500, head/Conv_1 0.250, head/Conv_2 0.125, head/Conv_3 0.062, head/Conv_4 0.031; 2 more with",
        "train, 24 pairs of crops: score 0.012 (at most 0.200), IoU 0.932 (at least 0.710)",
        "val, house rules, 20 sequences, 2203 frames: success AUC 0.6712, fp32 0.6796 (-0.0084)",
        "IoU with fp32 0.876, score 0.034 apart",
    ):
        assert expected in out


def test_print_manifest_cuts_long_lists_of_layers(capsys: pytest.CaptureFixture[str]) -> None:
    print_manifest(measured(sensitivity=0, float_layers=9), Path("toy"), as_json=False)
    out = capsys.readouterr().out
    assert "9: search/Conv_0, search/Conv_1, search/Conv_2, search/Conv_3, search/Conv_4, ...\n" in out
    assert "worst layers" not in out
    print_manifest(measured(sensitivity=0, float_layers=0), Path("toy"), as_json=False)
    assert "float layers  none" in capsys.readouterr().out


def test_print_manifest_shows_engines_and_files_of_weights(capsys: pytest.CaptureFixture[str]) -> None:
    manifest = toy_manifest(toy_graphs())
    graphs = manifest.variants["onnx/fp32"].graphs
    weights = WeightsFile(file="ncnn/fp16/match.bin", sha256=64 * "0", size_bytes=1_500_000)
    match = replace(graphs["search"], file="ncnn/fp16/match.param", size_bytes=20_000, weights=weights)
    shared: dict[GraphRole, Graph] = {"template": match, "match": match}
    variant = replace(manifest.variants["onnx/fp32"], engine="ncnn", precision="fp16", session="whole", graphs=shared)
    print_manifest(replace(manifest, variants={**manifest.variants, "ncnn/fp16": variant}), Path("toy"), as_json=False)
    out = capsys.readouterr().out
    for expected in ("ncnn/fp16", "whole", "match 0.02 + 1.50 MB (.param, .bin) (the same file)", "together 1.52 MB"):
        assert expected in out


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

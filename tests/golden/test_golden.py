"""Did a byte change that a device would see? ``make golden`` writes the files anew; review the diff."""

from __future__ import annotations

import json
import os
import zlib
from pathlib import Path
from typing import Any

import numpy as np

from sdst_runtime.config import TrackerConfig
from sdst_runtime.core import NativeTracker
from sdst_runtime.kernels import crop_u8
from sdst_runtime.manifest import Correlation, Graph, Macs, Manifest, Parity, Placeholder, Provenance, Tensor, Variant

FOLDER = Path(__file__).parent
CONFIG = TrackerConfig(
    template_size=64, search_size=128, response_size=9, stride_px=16, score_kind="logit", point_origin_px=-64,
    window_influence=0.4, penalty_k=0.1, size_lr=0.4,
)  # fmt: skip


def _check(name: str, text: str) -> None:
    path = FOLDER / name
    if os.environ.get("SDST_UPDATE_GOLDEN"):
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8"), f"{name} changed; if that is meant: make golden, and review"


def _frame() -> np.ndarray[Any, np.dtype[np.uint8]]:
    return np.random.default_rng(7).integers(0, 256, (120, 160, 3), dtype=np.uint8)


def test_crops_are_the_same_bytes() -> None:
    frame = _frame()
    cases = [
        {"center_xy": (80.0, 60.0), "size_wh": (50.0, 50.0), "out_wh": (63, 63)},
        {"center_xy": (80.25, 60.75), "size_wh": (90.5, 90.5), "out_wh": (63, 63)},
        {"center_xy": (3.0, 5.0), "size_wh": (64.0, 64.0), "out_wh": (32, 32)},
        {"center_xy": (150.0, 118.0), "size_wh": (71.0, 43.0), "out_wh": (127, 80)},
        {"center_xy": (-90.0, 60.0), "size_wh": (40.0, 40.0), "out_wh": (20, 20)},
        {"center_xy": (80.0, 60.0), "size_wh": (48.0, 48.0), "out_wh": (48, 48)},
    ]
    lines = [
        f"{zlib.crc32(crop_u8(frame, border=(10, 20, 30), **case).tobytes()):08x} {json.dumps(case)}" for case in cases
    ]
    _check("crops.txt", "\n".join(lines) + "\n")


def test_decoding_follows_the_same_boxes() -> None:
    generator = np.random.default_rng(11)
    tracker = NativeTracker(CONFIG)
    tracker.template_input(_frame(), (60.0, 40.0, 30.0, 40.0))
    lines = []
    for _ in range(12):
        tracker.search_input(_frame())
        score = generator.normal(0, 2, (1, 9, 9)).astype(np.float32)
        ltrb = generator.uniform(8, 40, (4, 9, 9)).astype(np.float32)
        result = tracker.decode(score, ltrb)
        box = " ".join(f"{value:.6f}" for value in result.box_xywh)
        lines.append(f"{box} {result.score:.6f} {int(result.found)} {result.best_index} {result.penalized_score:.6f}")
    _check("decoding.txt", "\n".join(lines) + "\n")


def test_manifest_is_written_the_same() -> None:
    def graph(role: str) -> Graph:
        tensor = Tensor(name="x", shape=(1, 3, 64, 64), dtype="float32")
        return Graph(
            file=f"onnx/fp32/{role}.onnx", sha256="0" * 64, size_bytes=1000, inputs=(tensor,), outputs=(tensor,)
        )

    kernel = Placeholder(name="kernel_a", offset=100, length=64, shape=(4, 4, 1, 1), dtype="float32")
    head = Graph(
        file="onnx/fp32/head.onnx", sha256="0" * 64, size_bytes=1000, inputs=(), outputs=(), placeholders=(kernel,)
    )
    variant = Variant(
        engine="onnxruntime",
        precision="fp32",
        session="baked",
        graphs={"template": graph("template"), "search": graph("search"), "head": head},
        parity=Parity(reference="torch", inputs=4, max_rel_error={"score": 1e-6}),
    )
    manifest = Manifest(
        name="golden",
        family="sdst-nano-s",
        tracker=CONFIG,
        correlations=(Correlation(kind="pixelwise", kernel="kernel_a", search="search_a", response="response_a"),),
        variants={"onnx/fp32": variant},
        default_variant="onnx/fp32",
        parameters=1,
        macs=Macs(template=1, search=2, head=3),
        tools={"sdst-edge": "0"},
        provenance=Provenance(source="golden"),
    )
    assert Manifest.loads(manifest.dumps()) == manifest
    _check("manifest.json", manifest.dumps())

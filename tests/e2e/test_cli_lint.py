"""What export writes for a target passes the lint for it, and not for another."""

from __future__ import annotations

import json
from pathlib import Path

from tests.e2e.cli_process import run, succeed


def test_our_export_passes_for_its_target_alone(student: Path, tmp_path: Path) -> None:
    bundle = tmp_path / "bundle"
    succeed("export", student, "-o", bundle, "--target", "jetson-orin-jp6", "--precision", "fp32,fp16")
    done = run("lint", bundle, "--target", "jetson-orin-jp6", "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    report = json.loads(done.stdout)
    assert {item["severity"] for item in report["findings"]} <= {"note"}
    assert list(report["graphs"]) == ["onnx/fp32", "onnx/fp16"]
    for graphs in report["graphs"].values():
        assert graphs[:3] == ["template", "search", "tail"]
        assert "correlate_matmul" in graphs

    phone = run("lint", bundle, "--target", "android-vulkan", "--variant", "onnx/fp16")
    assert (phone.returncode, phone.stderr) == (1, "")
    assert "variant-engine" in phone.stdout

"""What export writes for a target passes the lint for it."""

from __future__ import annotations

import json
from pathlib import Path

from tests.e2e.cli_process import run, succeed


def test_our_export_passes_for_its_target(student: Path, tmp_path: Path) -> None:
    bundle = tmp_path / "bundle"
    succeed("export", student, "-o", bundle, "--target", "jetson-orin-jp6", "--precision", "fp32")
    done = run("lint", bundle, "--target", "jetson-orin-jp6", "--variant", "onnx/fp32", "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    report = json.loads(done.stdout)
    assert {item["severity"] for item in report["findings"]} <= {"note"}
    graphs = report["graphs"]["onnx/fp32"]
    assert graphs[:3] == ["template", "search", "tail"]
    assert "correlate_matmul" in graphs

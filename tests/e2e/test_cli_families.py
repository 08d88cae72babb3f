"""Families and untrained students as a user makes them."""

from __future__ import annotations

import json
from pathlib import Path

from tests.e2e.cli_process import fail, succeed


def test_families_are_listed_with_what_they_cost() -> None:
    listed = {item["family"]: item for item in json.loads(succeed("families", "--json"))}
    item = listed["nanotrack-v3"]
    assert item["macs"] == {"template": 16165376, "search": 67819520, "head": 36232384, "correlations": 3836928}
    assert (item["template_size"], item["search_size"], item["scales"]) == (127, 255, 1)
    assert (item["output_kind"], item["importable"]) == ("points", True)
    assert item["engines"] == ["onnxruntime", "tensorrt", "openvino", "ncnn"]
    assert item["correlations"] == ["pixelwise", "depthwise"] * 2
    assert listed["sdst-nano-s"]["importable"] is False

    rows = {
        row.split()[0]: " ".join(row.split())
        for row in succeed("families", "--width", "0.35").splitlines()
        if row.split()
    }
    assert set(listed) < set(rows)
    assert "127, 255 pixelwise x 2, depthwise x 2 points yes" in rows["nanotrack-v3"]
    assert "127, 255 x 3 full response" in rows["siamfc-alexnet"]
    assert "0.541 M" not in rows["nanotrack-v3"]


def test_new_makes_a_student(tmp_path: Path) -> None:
    student, again = tmp_path / "student.safetensors", tmp_path / "again.safetensors"
    text = succeed("new", "siamrpn-alexnet", "--width", "0.1", "-o", student)
    for expected in ("siamrpn-alexnet", "width 0.1", "random weights, seed 0", "it cannot track"):
        assert expected in text
    made = json.loads(succeed("new", "siamrpn-alexnet", "--width", "0.1", "--seed", "0", "-o", again, "--json"))
    assert student.read_bytes() == again.read_bytes()
    assert made["options"] == {"width": 0.1}
    assert made["macs"]["head"] < made["macs"]["search"] < 6383e6 * 0.1


def test_new_refuses_another_ending_and_a_width_out_of_range(tmp_path: Path) -> None:
    assert "expected .safetensors" in fail("new", "siamrpn-alexnet", "-o", tmp_path / "a.pth")
    told = fail("new", "siamrpn-alexnet", "--width", "9", "-o", tmp_path / "a.safetensors")
    assert "family siamrpn-alexnet: width is 9.0, expected a number in [0.05, 4]" in told
    assert not list(tmp_path.iterdir())


def test_import_auto_names_the_family(shared: Path, tmp_path: Path) -> None:
    made = tmp_path / "a.safetensors"
    imported = json.loads(succeed("import", "auto", shared / "weights" / "nanotrack_v2.pth", "-o", made, "--json"))
    assert imported["family"] == imported["provenance"]["importer"] == "nanotrack-v2"
    assert "safetensors file" in fail("import", "auto", made, "-o", tmp_path / "b.safetensors")

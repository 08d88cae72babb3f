"""The C++ example follows as the Python runtime does: its TensorRT and its CUDA are made up, see ``cpp_example``."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import sdst_runtime
from sdst_runtime.manifest import MANIFEST_NAME
from tests.correlate_graphs import build_correlate_bundle
from tests.e2e.cpp_example import FAKES, SOURCES, build_example, compiler, run_example
from tests.tolerances import ABS_CPP_EXAMPLE_PX
from tests.toy_bundle import FOLDER, bright_frame
from tests.toys import TOYS

FRAMES = np.stack([bright_frame((80 + 3 * i, 60 + 2 * i)) for i in range(6)])
BOX = (70.0, 50.0, 20.0, 20.0)
BOX_TEXT = ",".join(map(str, BOX))
ROLES = ("template", "search", "correlate_conv", "tail")
FORMS = ("correlate_conv", "correlate_matmul", "correlate_taps")

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example, with engines whose graphs run in this process."""
    pytest.importorskip("onnx", reason="the toy bundle's graphs are made with the onnx package")
    return build_example(tmp_path_factory.mktemp("cpp"))


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    """A bundle with correlate graphs, which may be written to."""
    return build_correlate_bundle(tmp_path / "bundle")


@pytest.mark.parametrize("toy", ["points", "anchors", "response", "small", "masks"])
def test_it_follows_as_the_python_runtime_does(program: Path, tmp_path: Path, toy: str) -> None:
    bundle = build_correlate_bundle(tmp_path / "bundle", TOYS[toy])
    done = run_example(program, bundle, FRAMES, BOX_TEXT)
    assert done.status == 0, done.stderr
    rows = np.array([[float(value) for value in line.split()] for line in done.lines])
    with sdst_runtime.load(bundle, session="split", engine="onnxruntime") as tracker:
        tracker.init(FRAMES[0], BOX)
        expected = [tracker.update(frame) for frame in FRAMES[1:]]
    assert rows[:, 0].tolist() == [1, 2, 3, 4, 5]
    np.testing.assert_allclose(rows[:, 1:5], [item.box_xywh for item in expected], rtol=0, atol=ABS_CPP_EXAMPLE_PX)
    np.testing.assert_allclose(rows[:, 5], [item.score for item in expected], rtol=0, atol=ABS_CPP_EXAMPLE_PX)
    assert rows[:, 6].tolist() == [float(item.found) for item in expected]
    assert ("run search_small" in done.calls) == (toy == "small")


def test_engines_are_built_once_and_the_template_runs_once_per_target(program: Path, bundle: Path) -> None:
    first = run_example(program, bundle, FRAMES, BOX_TEXT)
    assert first.builds() == [f"build {role}" for role in ROLES]
    runs = [call for call in first.calls if call.startswith("run")]
    frame = [f"run {role}" for role in ROLES[1:]]
    assert runs == ["run template", *frame, "run template", *5 * frame]  # to warm up, then for the target
    opened = [f"open {role}" for role in ROLES]
    assert run_example(program, bundle, FRAMES, BOX_TEXT).calls == [*opened, *runs]
    assert run_example(program, bundle, FRAMES, BOX_TEXT, "--rebuild").calls == first.calls
    elsewhere = run_example(program, bundle, FRAMES, BOX_TEXT, "--engines", str(bundle.parent / "elsewhere"))
    assert elsewhere.calls == first.calls


def test_timings_of_one_engine_serve_the_next_unless_they_are_of_another_gpu(program: Path, bundle: Path) -> None:
    run_example(program, bundle, FRAMES, BOX_TEXT)
    timings = bundle / "engines" / "cpp" / FOLDER / "timings"
    assert timings.read_bytes() == b"tttt"  # one for each engine
    timings.write_bytes(b"of another")
    assert run_example(program, bundle, FRAMES, BOX_TEXT, "--rebuild").status == 0
    assert timings.read_bytes() == b"tttt"


@pytest.mark.parametrize(("precision", "permitted"), [("fp16", " fp16"), ("int8", " fp16 int8")])
def test_tensorrt_8_is_permitted_what_the_variant_has(
    program: Path, bundle: Path, precision: str, permitted: str
) -> None:
    _change(bundle, lambda manifest: manifest["variants"][FOLDER].update(precision=precision))
    done = run_example(program, bundle, FRAMES, BOX_TEXT)
    assert done.builds() == [f"build {role}{permitted}" for role in ROLES]


def test_the_first_form_of_the_correlation_that_builds_is_taken(program: Path, bundle: Path) -> None:
    done = run_example(program, bundle, FRAMES, BOX_TEXT, refused=FORMS[:1])
    assert done.status == 0, done.stderr
    assert "correlation: matmul" in done.stderr
    assert not run_example(program, bundle, FRAMES, BOX_TEXT, refused=FORMS[:1]).builds()  # a refusal is remembered
    done = run_example(program, bundle, FRAMES, BOX_TEXT, "--rebuild", refused=FORMS)
    assert done.status == 1
    assert "error: no form of the correlation can be used" in done.stderr
    assert done.stderr.count("correlate_taps.onnx: it has no such layer") == 1


def test_an_engine_that_does_not_fit_is_refused_before_it_is_opened(program: Path, bundle: Path) -> None:
    run_example(program, bundle, FRAMES, BOX_TEXT)
    engine = bundle / "engines" / "cpp" / FOLDER / "template.engine"
    done = run_example(program, bundle, FRAMES, BOX_TEXT, gpu="Other")
    assert (done.status, done.calls) == (1, [])
    assert f'{engine} was built for gpu "Toy sm_72", here it is "Other sm_72"; build it again with' in done.stderr
    engine.write_bytes(engine.read_bytes() + b" ")
    done = run_example(program, bundle, FRAMES, BOX_TEXT)
    assert (done.status, done.calls) == (1, [])
    assert "is not what its sidecar says: it was changed" in done.stderr
    sidecar = engine.with_name("template.engine.json")
    sidecar.write_text("{", encoding="utf-8")
    assert "build it again with --rebuild" in run_example(program, bundle, FRAMES, BOX_TEXT).stderr
    assert run_example(program, bundle, FRAMES, BOX_TEXT, "--rebuild").status == 0


def test_engines_that_cannot_be_written_are_told(program: Path, bundle: Path) -> None:
    (bundle / "engines").write_text("a file where the folder should be", encoding="utf-8")
    done = run_example(program, bundle, FRAMES, BOX_TEXT)
    assert done.status == 1
    assert "template.engine cannot be written" in done.stderr


def test_bundles_that_it_cannot_run_are_told(program: Path, bundle: Path) -> None:
    text = (bundle / MANIFEST_NAME).read_text(encoding="utf-8")

    def said(change: Any, *arguments: str) -> str:
        (bundle / MANIFEST_NAME).write_text(text, encoding="utf-8")
        _change(bundle, change)
        done = run_example(program, bundle, FRAMES, BOX_TEXT, *arguments)
        assert done.status == 1
        assert done.stderr.startswith("error: ")
        assert not done.calls
        return done.stderr

    def drop_correlations(manifest: Any) -> None:
        for role in FORMS:
            del manifest["variants"][FOLDER]["graphs"][role]

    assert "format_version is 2, this program reads 1" in said(lambda m: m.update(format_version=2))
    assert "no variant onnx/fp16; the bundle has onnx/fp32" in said(lambda _: None, "--variant", "onnx/fp16")
    assert "tracker has magic, which this program does not know" in said(lambda m: m["tracker"].update(magic=1))
    assert "tracker.size_smoothing is thrice" in said(lambda m: m["tracker"].update(size_smoothing="thrice"))
    assert "key 'penalty_k' not found" in said(lambda m: m["tracker"].pop("penalty_k"))
    assert "template.onnx: its input is not z alone" in said(lambda m: m["tracker"].update(template_size=48))
    made_for = "variant onnx/fp32 is made for onnxruntime; export the bundle with a TensorRT target"
    assert made_for in said(lambda m: m["variants"][FOLDER].update(engine="onnxruntime"))
    assert "has no correlate_conv graph; export the bundle with a TensorRT target" in said(drop_correlations)
    (bundle / FOLDER / "tail.onnx").write_bytes(b"changed")
    assert "tail.onnx has SHA-256" in said(lambda _: None)


def test_arguments_boxes_and_sources_that_cannot_be_are_told(program: Path, bundle: Path) -> None:
    assert "usage: sdst-follow" in run_example(program, bundle, FRAMES, "1,2,3").stderr
    assert "usage: sdst-follow" in run_example(program, bundle, FRAMES, "1,2,3,4,5").stderr
    assert "box that does not meet" in run_example(program, bundle, FRAMES, "900,900,10,10").stderr
    assert "has no frame" in run_example(program, bundle, FRAMES[:0], BOX_TEXT).stderr
    missing = run_example(program, bundle.parent / "none", FRAMES, BOX_TEXT).stderr
    assert "manifest.json cannot be read; a bundle is a folder" in missing


@pytest.mark.parametrize("major", [10, 11])
def test_the_tensorrt_part_has_the_names_of_newer_versions(major: int) -> None:
    """Names and types only, as ``include/`` declares them: nothing is linked, nothing runs."""
    include = [f"-I{FAKES / 'include'}", f"-I{SOURCES / 'src'}", f"-I{SOURCES.parents[1] / 'core' / 'include'}"]
    command = [compiler(), "-std=c++17", "-fsyntax-only", "-Wall", "-Wextra", "-Wconversion", "-Werror", *include]
    for source in ("tensorrt_builder.cpp", "tensorrt_backend.cpp"):
        arguments = [*command, f"-DNV_TENSORRT_MAJOR={major}", str(SOURCES / "src" / source)]
        done = subprocess.run(arguments, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr[:4000]


def _change(bundle: Path, change: Any) -> None:
    manifest = json.loads((bundle / MANIFEST_NAME).read_text(encoding="utf-8"))
    change(manifest)
    (bundle / MANIFEST_NAME).write_text(json.dumps(manifest), encoding="utf-8")

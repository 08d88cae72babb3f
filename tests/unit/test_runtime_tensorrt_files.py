"""Engines on disk: found again, refused where they do not fit, and written whole or not at all."""

from __future__ import annotations

import errno
import hashlib
import json
import os
from pathlib import Path
from typing import Any

import pytest

from sdst_runtime.bundle import Bundle
from sdst_runtime.errors import DeviceError
from sdst_runtime.tensorrt import BuildOptions, EngineSet, TensorRTOptions, engine_files, prepare_engines
from tests.tensorrt_workplace import Workplace, toy_for_tensorrt
from tests.toys import SMALL


@pytest.fixture
def work(monkeypatch: pytest.MonkeyPatch) -> Workplace:
    return Workplace.install(monkeypatch)


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    return toy_for_tensorrt(tmp_path)


def _sets(bundle: Path) -> list[Path]:
    return sorted(path.parent for path in (bundle / "engines").glob("*/engines.json"))


def _snapshot(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def _change(folder: Path, **values: Any) -> None:
    path = folder / "engines.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **values}))


def _prepare(bundle: Path, **options: Any) -> tuple[EngineSet, Path]:
    return prepare_engines(bundle, options=TensorRTOptions(**options), on_progress=lambda *_: None)


def test_sidecar_says_what_the_engines_are_for_and_how_they_were_built(bundle: Path, work: Workplace) -> None:
    work.open(bundle).close()
    (folder,) = _sets(bundle)
    assert folder.name.startswith("onnx-fp32-orin-sm87-trt10.3.0-")
    sidecar = json.loads((folder / "engines.json").read_text())
    assert sidecar["place"] == {"gpu": "Orin", "compute_capability": "8.7", "tensorrt": "10.3.0"}
    assert (sidecar["driver"], sidecar["cuda"], sidecar["variant"]) == ("12.6", "12.6", "onnx/fp32")
    assert sidecar["options"]["workspace_mib"] == 512
    assert sidecar["correlation"] == {"search": "conv"}
    for role, engine in sidecar["engines"].items():
        data = (folder / f"{role}.engine").read_bytes()
        assert (engine["sha256"], engine["size_bytes"]) == (hashlib.sha256(data).hexdigest(), len(data))
        graph = (bundle / "onnx" / "fp32" / f"{role}.onnx").read_bytes()
        assert engine["onnx_sha256"] == hashlib.sha256(graph).hexdigest()
    Bundle.open(bundle)  # which the engines are no part of


def test_engines_are_built_once(bundle: Path, work: Workplace) -> None:
    work.open(bundle).close()
    builds = len(work.fake.options)
    work.open(bundle).close()
    assert len(work.fake.options) == builds
    work.open(bundle, rebuild=True).close()
    assert len(work.fake.options) == 2 * builds
    assert len(_sets(bundle)) == 1


@pytest.mark.parametrize(
    ("moved", "message"),
    [
        (
            {"gpu": "Thor"},
            r"built for Orin \(compute capability 8.7\) with TensorRT 10.3.0, here are Thor \(.*\) with .* 10.3.0",
        ),
        (
            {"version": "10.16.1.11"},
            r"with TensorRT 10.3.0, here are Orin \(compute capability 8.7\) with TensorRT 10.16.1.11",
        ),
    ],
)
def test_engines_of_another_place_are_refused_before_tensorrt_sees_them(
    moved: dict[str, str], message: str, bundle: Path, work: Workplace
) -> None:
    work.open(bundle).close()
    before = _snapshot(bundle)
    work.move(**moved)
    with pytest.raises(DeviceError, match=f"{message}; build them here: sdst-edge engine {bundle} --variant onnx/fp32"):
        work.open(bundle)
    assert _snapshot(bundle) == before
    assert not work.gpu.live
    built, folder = _prepare(bundle)  # as the command does
    assert folder.name.startswith(f"onnx-fp32-{built.place.slug}-")
    assert len(_sets(bundle)) == 2
    assert _snapshot(bundle).items() >= before.items()
    work.open(bundle).close()


def test_folder_that_was_renamed_is_refused_too(bundle: Path, work: Workplace) -> None:
    work.open(bundle).close()
    (folder,) = _sets(bundle)
    place = {"gpu": "Xavier", "compute_capability": "7.2", "tensorrt": "10.3.0"}
    _change(folder, place=place)
    with pytest.raises(DeviceError, match=r"built for Xavier \(compute capability 7.2\)"):
        work.open(bundle)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda folder: (folder / "tail.engine").write_bytes(b"x"), "tail.engine is not what its sidecar says"),
        (lambda folder: (folder / "tail.engine").unlink(), "tail.engine cannot be read: No such file"),
        (lambda folder: (folder / "engines.json").write_text("{"), r"engines.json cannot be read: .*build them here"),
        (lambda folder: _change(folder, more=1), r"engines.json has an unknown key 'more'"),
    ],
)
def test_damaged_engines_are_refused(damage: Any, message: str, bundle: Path, work: Workplace) -> None:
    work.open(bundle).close()
    damage(_sets(bundle)[0])
    with pytest.raises(DeviceError, match=message):
        work.open(bundle)
    work.open(bundle, rebuild=True).close()
    work.open(bundle).close()


def test_engine_outside_of_its_folder_is_refused(bundle: Path, work: Workplace) -> None:
    work.open(bundle).close()
    (folder,) = _sets(bundle)
    engines = json.loads((folder / "engines.json").read_text())["engines"]
    engines["tail"]["file"] = "../tail.engine"
    _change(folder, engines=engines)
    with pytest.raises(DeviceError, match=r"names the engine '../tail.engine', expected a file beside it"):
        work.open(bundle)


def test_session_takes_what_was_built_with_any_options(bundle: Path, work: Workplace) -> None:
    _prepare(bundle, build=BuildOptions(workspace_mib=64))
    with work.open(bundle) as session:
        assert session.engines.options.workspace_mib == 64
    assert len(_sets(bundle)) == 1
    with work.open(bundle, build=BuildOptions(workspace_mib=32)) as session:
        assert session.engines.options.workspace_mib == 32
    assert len(_sets(bundle)) == 2


def test_engines_of_other_graphs_are_let_be(tmp_path: Path, work: Workplace) -> None:
    cache = tmp_path / "cache"
    first = toy_for_tensorrt(tmp_path / "a")
    second = toy_for_tensorrt(tmp_path / "b", SMALL)
    for bundle in (first, second, first):
        work.open(bundle, cache=cache).close()
    assert len(list(cache.glob("*/engines.json"))) == 2
    assert not (first / "engines").exists()


def test_folder_of_engines_can_be_named_by_the_environment(bundle: Path, work: Workplace, tmp_path: Path) -> None:
    work.monkeypatch.setenv("SDST_ENGINES", str(tmp_path / "from-environment"))
    work.open(bundle).close()
    work.open(bundle, cache=tmp_path / "from-options").close()
    assert not (bundle / "engines").exists()
    assert all(
        len(list((tmp_path / name).glob("*/engines.json"))) == 1 for name in ("from-environment", "from-options")
    )


def test_nothing_is_built_where_that_is_forbidden(bundle: Path, work: Workplace) -> None:
    with pytest.raises(
        DeviceError, match=r"has no engines for Orin .* with TensorRT 10.3.0; build them: sdst-edge engine"
    ):
        work.open(bundle, build_missing=False)
    assert not (bundle / "engines").exists()


@pytest.mark.parametrize(
    ("level", "gpu", "capability", "runs"),
    [
        ("ampere-plus", "Thor", (11, 0), True),
        ("ampere-plus", "Xavier", (7, 2), False),
        ("same-compute-capability", "Orin Nano", (8, 7), True),
        ("same-compute-capability", "RTX", (8, 6), False),
    ],
)
def test_engines_for_more_gpus_run_on_those(
    level: Any, gpu: str, capability: tuple[int, int], runs: bool, bundle: Path, work: Workplace
) -> None:
    folder = _prepare(bundle, build=BuildOptions(hardware=level))[1]
    sidecar = EngineSet.read(folder)
    work.gpu.capability = capability
    work.move(gpu=gpu)
    if runs:
        with work.open(bundle) as session:
            assert session.engines == sidecar
    else:
        with pytest.raises(DeviceError, match=r"the engines in .* were built for Orin"):
            work.open(bundle)


def test_no_space_left_is_told_and_old_engines_stay(bundle: Path, work: Workplace) -> None:
    work.open(bundle).close()
    before = _snapshot(bundle)

    def full(path: Path, data: bytes) -> None:
        if path.name == "tail.engine":
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        engine_files.write_file(path, data)

    work.monkeypatch.setattr("sdst_runtime.tensorrt.building.write_file", full)
    with pytest.raises(
        DeviceError, match=r"no space is left for engines in .*--cache DIR, or SDST_ENGINES=DIR; engines that were"
    ):
        work.open(bundle, rebuild=True)
    assert _snapshot(bundle) == before
    assert not work.gpu.live


def test_folder_that_cannot_be_written_is_told_before_anything_is_built(bundle: Path, work: Workplace) -> None:
    (bundle / "engines").write_text("a file where the folder goes")
    with pytest.raises(
        DeviceError, match=r"engines cannot be written to .*engines: .*give another folder: --cache DIR"
    ):
        work.open(bundle)
    assert not work.fake.options
    work.open(bundle, cache=bundle.parent / "elsewhere").close()


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes to read-only folders")
def test_read_only_bundle_is_told(bundle: Path, work: Workplace) -> None:
    bundle.chmod(0o500)
    with pytest.raises(DeviceError, match=r"Permission denied; give another folder: --cache DIR"):
        work.open(bundle)


def test_failed_rename_puts_the_old_set_back(bundle: Path, work: Workplace) -> None:
    work.open(bundle).close()
    before = _snapshot(bundle)
    rename = os.rename

    def fails(source: Any, target: Any) -> None:
        if ".building-" in str(source):
            raise OSError(errno.EIO, "Input/output error")
        rename(source, target)

    work.monkeypatch.setattr(os, "rename", fails)
    with pytest.raises(DeviceError, match="Input/output error"):
        work.open(bundle, rebuild=True)
    assert _snapshot(bundle) == before


def test_engine_that_tensorrt_does_not_take_is_told(bundle: Path, work: Workplace) -> None:
    work.open(bundle).close()
    work.fake.classes["Runtime"].deserialize_cuda_engine = lambda self, plan: None  # type: ignore[attr-defined]
    with pytest.raises(DeviceError, match=r"does not take the engine of onnx/fp32/.*sdst-edge engine BUNDLE --rebuild"):
        work.open(bundle)


def test_engine_with_other_tensors_is_refused(bundle: Path, work: Workplace) -> None:
    work.open(bundle).close()
    work.fake.classes["ICudaEngine"].get_tensor_shape = lambda self, name: (1, 2)  # type: ignore[attr-defined]
    with pytest.raises(DeviceError, match=r"has the tensors .*the manifest says .*--rebuild"):
        work.open(bundle)

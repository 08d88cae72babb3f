"""The wheel holds the four packages and libsdst, and works away from the checkout."""

from __future__ import annotations

import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

from sdst_edge.weights import WEIGHTS
from sdst_runtime.shipped import STUDENTS, shipped_students
from tests.conftest import PROJECT


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("wheel")
    command = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--quiet",
        "--no-deps",
        "--no-build-isolation",
        "--disable-pip-version-check",
        "--wheel-dir",
        str(out),
        str(PROJECT),
    ]
    subprocess.run(command, check=True, capture_output=True, text=True)
    return next(out.glob("*.whl"))


def test_wheel_is_for_any_python_3_of_this_platform(wheel: Path) -> None:
    tag = wheel.stem.split("-", 2)[2]
    assert tag.startswith("py3-none-")
    assert "any" not in tag


def test_wheel_holds_packages_and_library_and_nothing_else(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    tops = {name.split("/", 1)[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == {
        "sdst_edge",
        "sdst_export",
        "sdst_bench",
        "sdst_runtime",
    }
    libraries = [name for name in names if name.endswith((".so", ".dylib", ".dll"))]
    assert len(libraries) == 1
    assert libraries[0].startswith("sdst_runtime/lib/")
    assert {f"{top}/py.typed" for top in ("sdst_edge", "sdst_export", "sdst_bench", "sdst_runtime")} <= set(names)
    assert "sdst_edge/training/recipes/demo.toml" in names
    assert "sdst_export/recipes/jetson-orin-jp6.toml" in names
    assert {f"sdst_edge/workflows/pages/page.{kind}" for kind in ("html", "css", "js")} <= set(names)
    assert {f"sdst_edge/workflows/{page}/page.css" for page in ("report", "bench/page")} <= set(names)
    assert not [name for name in names if "/tests/" in name or name.endswith((".c", ".h", ".pyc"))]


def test_wheel_holds_the_shipped_students(wheel: Path) -> None:
    assert shipped_students(), f"no bundle is shipped in {STUDENTS}; docs/training.md says how they are made"
    shipped = [path for path in (WEIGHTS, *STUDENTS.glob("*")) if path.is_dir()]
    files = [path for folder in shipped for path in folder.rglob("*") if path.is_file() and "engines" not in path.parts]
    sizes = {item.filename: item.file_size for item in zipfile.ZipFile(wheel).infolist()}
    for path in files:
        top = PROJECT if path.is_relative_to(WEIGHTS) else PROJECT / "runtimes"
        assert sizes.get(path.relative_to(top).as_posix()) == path.stat().st_size, path.name


def test_installed_wheel_tracks_outside_of_the_checkout(wheel: Path, toy_bundle: Path, tmp_path: Path) -> None:
    target = tmp_path / "installed"
    zipfile.ZipFile(wheel).extractall(target)
    code = (
        "import numpy as np, sdst_runtime, sdst_edge\n"
        f"assert sdst_runtime.__file__.startswith({str(target)!r})\n"
        "frame = np.zeros((240, 320, 3), np.uint8)\n"
        f"tracker = sdst_edge.load({str(toy_bundle)!r})\n"
        "tracker.init(frame, (100, 80, 60, 50))\n"
        "print(len(tracker.update(frame).box_xywh))\n"
    )
    # -S: without site-packages' .pth files, so that an editable install cannot answer for the wheel
    paths = f"{target}:{sysconfig.get_paths()['purelib']}:{sysconfig.get_paths()['platlib']}"
    result = subprocess.run(
        [sys.executable, "-S", "-c", code],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
        env={"PYTHONPATH": paths, "PATH": "/usr/bin:/bin"},
    )
    assert result.stdout == "4\n", result.stderr

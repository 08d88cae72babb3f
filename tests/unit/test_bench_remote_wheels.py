"""Which file of sdst-edge another machine is given, and where SSH goes."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

import sdst_runtime
from sdst_edge.workflows.bench.remote.board import Board
from sdst_edge.workflows.bench.remote.destination import Destination
from sdst_edge.workflows.bench.remote.wheels import checkout, choose_package, is_older_than_sources, misfit
from sdst_runtime.errors import ConfigError, DeviceError
from tests.conftest import PROJECT

VERSION = sdst_runtime.__version__
MANYLINUX, NATIVE = "py3-none-manylinux_2_17_aarch64", "py3-none-linux_aarch64"


def board(**changes: Any) -> Board:
    """A Jetson Orin with JetPack 6, as far as wheels care: Ubuntu 22.04 has glibc 2.35 and Python 3.10."""
    values: dict[str, Any] = {
        "machine": "aarch64",
        "libc": "glibc",
        "libc_version": "2.35",
        "python": (3, 10),
        "executable": "/usr/bin/python3",
        "packages": (),
        "compiler": "cc",
        "modules": ("venv", "ensurepip"),
        "cache": "/home/user/.cache/sdst-edge",
        "cache_reason": "",
        "termux": False,
    }
    return Board(**{**values, **changes})


def wheel(folder: Path, tag: str, version: str = VERSION, *, age: int = 0) -> Path:
    path = folder / f"sdst_edge-{version}-{tag}.whl"
    path.touch()
    os.utime(path, (1e9 - age, 1e9 - age))
    return path


@pytest.mark.parametrize(
    ("tag", "other", "reason"),
    [
        (MANYLINUX, {}, ""),
        (NATIVE, {}, ""),
        ("py3-none-manylinux2014_aarch64.manylinux_2_17_aarch64", {}, ""),
        ("cp310-abi3-manylinux_2_17_aarch64", {"python": (3, 12)}, ""),
        ("py3-none-any", {"machine": "riscv64", "libc": ""}, ""),
        ("py3-none-linux_x86_64", {}, "it is for x86_64, the machine there is aarch64"),
        (MANYLINUX, {"machine": "armv7l"}, "it is for aarch64, the machine there is armv7l"),
        ("py3-none-manylinux_2_38_aarch64", {}, "it needs glibc 2.38, the machine there has 2.35"),
        (MANYLINUX, {"libc": "musl", "libc_version": ""}, "it is for glibc, the C library there is musl"),
        (NATIVE, {"libc": "bionic"}, "it is for glibc or musl, the C library there is bionic"),
        ("py3-none-musllinux_1_2_aarch64", {}, "it is for musl, the C library there is glibc"),
        ("py3-none-android_24_arm64_v8a", {"libc": "bionic", "libc_version": "34"}, ""),
        (
            "py3-none-android_35_arm64_v8a",
            {"libc": "bionic", "libc_version": "34"},
            "it needs bionic 35, the machine there has 34",
        ),
        ("cp311-cp311-manylinux_2_17_aarch64", {}, "it is for cp311-cp311, the Python there is 3.10"),
        ("py3-none-win_amd64", {}, "it is for win_amd64, the machine there is aarch64 with Linux"),
    ],
)
def test_fit_of_a_wheel(tag: str, other: dict[str, Any], reason: str) -> None:
    assert misfit(Path(f"sdst_edge-{VERSION}-{tag}.whl"), board(**other)) == reason


def test_users_wheel_comes_first_and_must_fit(tmp_path: Path) -> None:
    wheel(tmp_path, MANYLINUX)
    other = wheel(tmp_path, MANYLINUX, "9.9")
    assert choose_package(other, board(), [tmp_path]) == other
    with pytest.raises(DeviceError, match="does not fit: it is for x86_64"):
        choose_package(wheel(tmp_path, "py3-none-linux_x86_64"), board(), [])
    with pytest.raises(ConfigError, match="no such file"):
        choose_package(tmp_path / "absent.whl", board(), [])
    (tmp_path / "a.zip").touch()
    with pytest.raises(ConfigError, match="another kind of file"):
        choose_package(tmp_path / "a.zip", board(), [])
    (tmp_path / "numpy-1.26.0-cp311-cp311-linux_aarch64.whl").touch()
    with pytest.raises(ConfigError, match="no wheel of sdst-edge"):
        choose_package(tmp_path / "numpy-1.26.0-cp311-cp311-linux_aarch64.whl", board(), [])


def test_matching_wheel_of_dist_is_taken(tmp_path: Path) -> None:
    first, second = tmp_path / "a", tmp_path / "b"
    first.mkdir()
    second.mkdir()
    wheel(first, "py3-none-linux_x86_64")
    wheel(first, NATIVE)
    wheel(first, MANYLINUX, "0.0.1")
    expected = wheel(first, MANYLINUX, age=100)
    wheel(second, MANYLINUX)
    assert choose_package(None, board(), [tmp_path / "absent", first, second]) == expected


def test_sdist_is_taken_where_no_wheel_fits_and_a_compiler_is_there(tmp_path: Path) -> None:
    wheel(tmp_path, "py3-none-linux_x86_64")
    sdist = tmp_path / f"sdst_edge-{VERSION}.tar.gz"
    sdist.touch()
    assert choose_package(None, board(), [tmp_path]) == sdist
    with pytest.raises(DeviceError, match=r"no C compiler to build .*: sudo apt install gcc libc6-dev there"):
        choose_package(None, board(compiler=""), [tmp_path])
    with pytest.raises(DeviceError, match="pkg install clang"):
        choose_package(None, board(compiler="", libc="bionic", termux=True), [tmp_path])


def test_nothing_that_fits_is_told_with_what_is_there(tmp_path: Path) -> None:
    name = wheel(tmp_path, "py3-none-linux_x86_64").name
    with pytest.raises(DeviceError, match="no wheel of sdst-edge") as caught:
        choose_package(None, board(), [tmp_path])
    assert str(caught.value) == (
        f"no wheel of sdst-edge {VERSION} for aarch64 and no sdist in {tmp_path}; there are {name} (it is for x86_64, "
        "the machine there is aarch64); run make build in the checkout, or give --wheel FILE"
    )


def test_checkout_is_this_one() -> None:
    assert checkout() == PROJECT


@pytest.mark.parametrize(
    ("text", "words", "shown"),
    [
        ("user@board", ["--", "user@board"], "user@board"),
        ("board", ["--", "board"], "board"),
        ("pi@board.local:2222", ["-p", "2222", "--", "pi@board.local"], "pi@board.local:2222"),
        ("ssh://u@b:22/", ["-p", "22", "--", "u@b"], "u@b:22"),
        ("u@[fe80::1%eth0]:22", ["-p", "22", "--", "u@fe80::1%eth0"], "u@[fe80::1%eth0]:22"),
        ("u@::1", ["--", "u@::1"], "u@::1"),
        ("::1", ["--", "::1"], "::1"),
    ],
)
def test_destination(text: str, words: list[str], shown: str) -> None:
    destination = Destination.of(text)
    assert (destination.words, str(destination)) == (words, shown)


def test_package_that_is_older_than_a_source_is_found(tmp_path: Path) -> None:
    built, source = wheel(tmp_path, NATIVE), tmp_path / "runtimes" / "core" / "src" / "crop.c"
    source.parent.mkdir(parents=True)
    source.touch()
    (source.parent / "notes.pdf").touch()
    os.utime(source, (1e9 - 1, 1e9 - 1))
    assert not is_older_than_sources(built, tmp_path)
    os.utime(source, (1e9 + 1, 1e9 + 1))
    assert is_older_than_sources(built, tmp_path)

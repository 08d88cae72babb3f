"""Which file of sdst-edge the other machine is given."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import sdst_edge
import sdst_runtime
from sdst_edge.workflows.bench.remote.board import Board
from sdst_runtime.errors import ConfigError, DeviceError

__all__ = ["checkout", "choose_package", "is_older_than_sources", "misfit"]

#: Names that manylinux tags had before they told glibc's version (PEP 600).
_OLD_NAMES = {"manylinux1": "manylinux_2_5", "manylinux2010": "manylinux_2_12", "manylinux2014": "manylinux_2_17"}

#: Machines by Android's names for them (PEP 738).
_ANDROID = {"arm64_v8a": "aarch64", "armeabi_v7a": "armv7l", "x86_64": "x86_64", "x86": "i686"}

_NAME = re.compile(r"sdst_edge-(?P<version>[^-]+)(-\d[^-]*)?-(?P<python>[^-]+)-(?P<abi>[^-]+)-(?P<platform>[^-]+)\.whl")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wheel:
    """A wheel's name, read (binary distribution format, PyPA)."""

    version: str
    pythons: Sequence[str]
    abis: Sequence[str]
    platforms: Sequence[str]

    @classmethod
    def of(cls, path: Path) -> _Wheel:
        found = _NAME.fullmatch(path.name)
        if found is None:
            raise ConfigError(f"{path} is no wheel of sdst-edge, expected sdst_edge-VERSION-py3-none-PLATFORM.whl")
        tags = {name: found[name].split(".") for name in ("python", "abi", "platform")}
        return cls(version=found["version"], pythons=tags["python"], abis=tags["abi"], platforms=tags["platform"])


def checkout() -> Path | None:
    """The source tree that this package runs from; None where it is installed."""
    root = Path(sdst_edge.__file__).resolve().parents[1]
    return root if (root / "pyproject.toml").is_file() and (root / "runtimes" / "core").is_dir() else None


def is_older_than_sources(package: Path, root: Path) -> bool:
    """Whether a source of the package was changed after its wheel or sdist was built."""
    built = package.stat().st_mtime
    sources = (path for room in ("sdst_edge", "runtimes", "benchmarks") for path in (root / room).rglob("*.[pch]*"))
    return any(path.suffix in (".py", ".c", ".h") and path.stat().st_mtime > built for path in sources)


def choose_package(wheel: Path | None, board: Board, folders: Iterable[Path]) -> Path:
    """The wheel, or else the sdist, that the other machine is given.

    Args:
        wheel: that the user named; None for what is in ``folders``.
        board: that gets it.
        folders: to look in, first one first.

    Raises:
        ConfigError: the user's wheel is not there, or is none.
        DeviceError: the user's wheel does not fit, nothing that fits is there, or an sdist cannot be built there.
    """
    if wheel is not None:
        if wheel.suffix != ".whl" or not wheel.is_file():
            raise ConfigError(
                f"--wheel {wheel} is no wheel: {'another kind of' if wheel.is_file() else 'no such'} file"
            )
        if reason := misfit(wheel, board):
            raise DeviceError(f"--wheel {wheel} does not fit: {reason}")
        return wheel
    places = [folder for folder in folders if folder.is_dir()]
    refused: list[str] = []
    for path in _newest(places, f"sdst_edge-{sdst_runtime.__version__}-*.whl"):
        if not (reason := misfit(path, board)):
            return path
        refused.append(f"{path.name} ({reason})")
    for path in _newest(places, f"sdst_edge-{sdst_runtime.__version__}.tar.gz"):
        _require_build_tools(path, board)
        return path
    found = f"; there are {', '.join(refused)}" if refused else ""
    raise DeviceError(
        f"no wheel of sdst-edge {sdst_runtime.__version__} for {board.machine} and no sdist in "
        f"{', '.join(map(str, places)) or 'dist/'}{found}; run make build in the checkout, or give --wheel FILE"
    )


def misfit(path: Path, board: Board) -> str:
    """Why a wheel does not fit the machine; empty where it does.

    Raises:
        ConfigError: its name is none of a wheel.
    """
    wheel = _Wheel.of(path)
    if not any(_fits_python(python, abi, board) for python in wheel.pythons for abi in wheel.abis):
        return f"it is for {'.'.join(wheel.pythons)}-{'.'.join(wheel.abis)}, the Python there is {board.python_version}"
    reasons = [_platform_misfit(platform, board) for platform in wheel.platforms]
    return "" if "" in reasons else reasons[0]


def _fits_python(python: str, abi: str, board: Board) -> bool:
    if not (found := re.fullmatch(r"(py|cp)3(\d*)", python)):
        return False
    kind, minor = found[1], int(found[2] or 0)
    older = kind == "py" or abi == "abi3"
    return minor <= board.python[1] if older else minor == board.python[1]


def _platform_misfit(platform: str, board: Board) -> str:
    if platform == "any":
        return ""
    for old, new in _OLD_NAMES.items():
        platform = re.sub(rf"^{old}_", f"{new}_", platform)
    found = re.fullmatch(r"(manylinux|musllinux|android|linux)(?:_(\d+))?(?:_(\d+))?_([a-z]\w*)", platform)
    if not found:
        return f"it is for {platform}, the machine there is {board.machine} with Linux"
    kind, machine = found[1], _ANDROID.get(found[4], found[4]) if found[1] == "android" else found[4]
    if machine != board.machine:
        return f"it is for {machine}, the machine there is {board.machine}"
    libc = {"manylinux": "glibc", "musllinux": "musl", "android": "bionic"}.get(kind, "")
    if (libc and libc != board.libc) or (kind == "linux" and board.libc == "bionic"):
        return f"it is for {libc or 'glibc or musl'}, the C library there is {board.libc or 'not known'}"
    needs = tuple(int(number) for number in (found[2], found[3]) if number)
    if needs and board.libc_version and needs > _version(board.libc_version):
        return f"it needs {libc} {'.'.join(map(str, needs))}, the machine there has {board.libc_version}"
    return ""


def _version(text: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", text))


def _newest(folders: Sequence[Path], pattern: str) -> Iterator[Path]:
    """Files of the first folder that has any come first, those that tell glibc's version before those that do not."""
    for folder in folders:
        yield from sorted(folder.glob(pattern), key=lambda path: ("-linux_" in path.name, -path.stat().st_mtime))


def _require_build_tools(sdist: Path, board: Board) -> None:
    """CMake and Ninja come by pip, a compiler does not."""
    if not board.compiler:
        needed = board.install(debian="gcc libc6-dev", termux="clang")
        raise DeviceError(
            f"no wheel for {board.machine} is here, and the machine there has no C compiler to build {sdist.name}: "
            f"{needed} there, or give --wheel FILE"
        )

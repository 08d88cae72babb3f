"""Targets: what a bundle for a device is made of, one TOML recipe each.

A recipe's keys are the attributes of :class:`Target`, without its name, which is the file's. Recipes of one's own are
named by their path: ``--target robot/board.toml``.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, get_args

from sdst_edge.training.recipe.files import parse_toml
from sdst_runtime.errors import ConfigError
from sdst_runtime.manifest import CorrelationForm, EngineName, Precision, SessionKind
from sdst_runtime.measurements import CalibrationMethod
from sdst_runtime.strict import from_plain
from sdst_runtime.suggestions import closest

__all__ = ["ENGINES", "Note", "Target", "TensorRTRange", "list_targets", "load_target", "parse_version"]

#: Every family is exported to each of these engines (``benchmarks/export_matrix.py`` shows it).
ENGINES: tuple[EngineName, ...] = get_args(EngineName)

_RECIPES: Final = Path(__file__).parent / "recipes"
#: Kind of session by engine, where an engine has one kind only.
_SESSIONS: Final[dict[EngineName, SessionKind]] = {"tensorrt": "split", "openvino": "whole", "ncnn": "whole"}
_OPSETS: Final = (13, 25)  # per-channel Q/DQ came with 13; 25 is the newest that any engine here is known to parse


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """Something to know of a target, and where that is from."""

    text: str
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TensorRTRange:
    """The versions that a target may have, as ``major.minor``, both ends included."""

    lowest: str
    highest: str

    def __post_init__(self) -> None:
        if parse_version(self.lowest) > parse_version(self.highest):
            raise ConfigError(f"tensorrt.lowest is {self.lowest}, above tensorrt.highest, which is {self.highest}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A device and its engine.

    Attributes:
        name: of the recipe, such as ``jetson-orin-jp6``.
        title: the device in words.
        engine: that runs the network there.
        runtime: what drives the engine: our Python package, or a C++ program on libsdst.
        opset: of the ONNX graphs.
        precisions: of the variants to write.
        default_variant: that the bundle names as its default, such as ``onnx/fp16``.
        session: how the template is kept.
        threads: of the engine, to begin with; at least 1.
        correlation_forms: the first that the engine takes is used.
        calibration: how ranges of activations are taken, where there is an int8 variant.
        verified: what of this was run on the device.
        tensorrt: versions that the device may have; of a TensorRT target.
        dla: whether the device has a deep learning accelerator.
        notes: what is known, and what is not.
    """

    name: str
    title: str
    engine: EngineName
    runtime: Literal["python", "cpp"]
    opset: int
    precisions: tuple[Precision, ...]
    default_variant: str
    session: SessionKind
    threads: int
    correlation_forms: tuple[CorrelationForm, ...]
    calibration: CalibrationMethod
    verified: str
    tensorrt: TensorRTRange | None = None
    dla: bool = False
    notes: tuple[Note, ...] = ()

    def __post_init__(self) -> None:
        for name, given in (("precisions", self.precisions), ("correlation_forms", self.correlation_forms)):
            if not given or len(set(given)) != len(given):
                raise ConfigError(f"{name} is {list(given)}, expected at least one, and each once")
        if not _OPSETS[0] <= self.opset <= _OPSETS[1]:
            raise ConfigError(f"opset is {self.opset}, expected a number from {_OPSETS[0]} to {_OPSETS[1]}")
        if self.threads < 1:
            raise ConfigError(f"threads is {self.threads}, expected at least 1")
        if (self.tensorrt is None) == (self.engine == "tensorrt"):
            raise ConfigError(f"tensorrt is {self.tensorrt}, expected versions for engine 'tensorrt' and for no other")
        kind = _SESSIONS.get(self.engine)
        if kind is not None and self.session != kind:
            raise ConfigError(f"session is {self.session!r}, but {self.engine} has {kind!r} sessions only")
        if kind is None and self.session == "whole":
            raise ConfigError(f"session is 'whole', expected 'baked' or 'split' for engine {self.engine!r}")


def list_targets() -> tuple[str, ...]:
    """Names of the targets that come with the package, in alphabetical order."""
    return tuple(sorted(path.stem for path in _RECIPES.glob("*.toml")))


def load_target(name: str) -> Target:
    """The target of that name.

    Args:
        name: one of :func:`list_targets`, or the path of a recipe, which ends in ``.toml``.

    Raises:
        ConfigError: there is none, it cannot be read, or it holds an unknown key or a wrong value.
    """
    path = Path(name) if name.endswith(".toml") else _RECIPES / f"{name}.toml"
    if not name.endswith(".toml") and name not in list_targets():
        known = list_targets()
        meant = closest(name, known)
        raise ConfigError(
            f"target {name!r} does not exist{f'; did you mean {meant!r}?' if meant else ''}; targets are "
            f"{', '.join(known)}, or the path of a recipe (.toml)"
        )
    label = f"target {path}" if name.endswith(".toml") else f"target {name}"
    table = parse_toml(_read(path), label)
    if "name" in table:
        raise ConfigError(f"{label}: name is given by the file; take the key away")
    try:
        return from_plain(Target, {"name": path.stem, **table}, where=f"{label}: ", error=ConfigError)
    except ConfigError as error:
        text = str(error)
        raise ConfigError(text if text.startswith(label) else f"{label}: {text}") from None


def parse_version(text: str) -> tuple[int, int]:
    """Major and minor of a version of TensorRT: (10, 3) of ``10.3`` and of ``10.3.0``.

    Raises:
        ConfigError: it is no such version.
    """
    try:
        major, minor = (int(part) for part in text.split(".")[:2])
    except ValueError:
        raise ConfigError(f"tensorrt version is {text!r}, expected major.minor, such as '10.3'") from None
    return major, minor


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"target {path} cannot be read: {error.strerror}") from None
    except ValueError as error:  # no UTF-8, or a NUL in the name
        raise ConfigError(f"target {str(path)!r} cannot be read: {error}") from None

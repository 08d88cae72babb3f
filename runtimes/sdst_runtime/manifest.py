"""The manifest of a bundle: all that a device must know about a tracker, as strict JSON.

The runtime reads this file and nothing else. A bundle is a folder::

    manifest.json
    onnx/fp32/template.onnx      a variant: one file per graph
    onnx/fp32/search.onnx
    onnx/fp32/head.onnx          holds the correlation kernels as initializers, to be written over per target
    onnx/fp32/tail.onnx          head without the correlations, when libsdst computes them
    ncnn/fp16/match.param        search and head in one, for engines that take kernels as inputs; weights beside it
    ncnn/fp16/match.bin
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any, Final, Literal, TypeAlias

from sdst_runtime.config import TrackerConfig
from sdst_runtime.errors import ConfigError, ManifestError
from sdst_runtime.measurements import Accuracy, Drift, Parity, Quantization
from sdst_runtime.strict import from_plain, to_plain

__all__ = [
    "FORMAT_VERSION",
    "MANIFEST_NAME",
    "Correlation",
    "CorrelationForm",
    "CorrelationKind",
    "EngineName",
    "Graph",
    "GraphRole",
    "Macs",
    "Manifest",
    "Mask",
    "Parity",
    "Placeholder",
    "Precision",
    "Provenance",
    "SessionKind",
    "Tensor",
    "Variant",
    "WeightsFile",
]

FORMAT_VERSION: Final = 1
MANIFEST_NAME = "manifest.json"
_MAX_BYTES = 16 << 20  # of a manifest; one is some 10 KiB

GraphRole: TypeAlias = Literal[
    "trunk",
    "template",
    "search",
    "head",
    "tail",
    "correlate_conv",
    "correlate_matmul",
    "correlate_taps",
    "match",
    "search_small",
    "head_small",
    "tail_small",
    "correlate_small_conv",
    "correlate_small_matmul",
    "correlate_small_taps",
    "match_small",
    "mask",
]
EngineName: TypeAlias = Literal["onnxruntime", "tensorrt", "openvino", "ncnn"]
Precision: TypeAlias = Literal["fp32", "fp16", "int8"]
SessionKind: TypeAlias = Literal["baked", "split", "whole"]
CorrelationKind: TypeAlias = Literal["full", "depthwise", "up-channel", "pixelwise"]
CorrelationForm: TypeAlias = Literal["conv", "taps", "matmul"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tensor:
    """An input or output of a graph: ``shape`` is static, ``dtype`` a NumPy name such as ``float32``.

    ``uint8`` is for the crops that graphs of ONNX Runtime begin with, see :attr:`Variant.reads_bytes`.
    """

    name: str
    shape: tuple[int, ...]
    dtype: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Placeholder:
    """An initializer of the head whose bytes are written over with a target's correlation kernel.

    An int8 kernel is quantised for each target: a scale for each item of its first axis, the largest magnitude there
    over 127, zero point 0. So no value is clipped, whatever the target.

    Attributes:
        name: of the initializer; also that of the template graph's output that goes there.
        offset: of its first byte in the ``.onnx`` file.
        length: bytes.
        shape: of the kernel.
        dtype: NumPy name of what is stored in the file: ``float32``, ``float16`` or ``int8``.
        scale_offset: where the float32 scales of an int8 kernel begin, as many as its first side; else null.
    """

    name: str
    offset: int
    length: int
    shape: tuple[int, ...]
    dtype: str
    scale_offset: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightsFile:
    """A second file of a graph, for engines that keep structure and weights apart; paths as in :class:`Graph`."""

    file: str
    sha256: str
    size_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Graph:
    """One graph of a variant; ``file`` is relative to the bundle, with forward slashes.

    Attributes:
        file: of the graph: ``.onnx``, OpenVINO's ``.xml``, or ncnn's ``.param``.
        sha256: of that file.
        size_bytes: of that file.
        inputs: in the graph's order.
        outputs: in the graph's order.
        placeholders: of a head or mask that kernels are baked into.
        weights: OpenVINO's or ncnn's ``.bin``; null where the graph is one file.
        dims: what symbolic dimensions of the file are fixed to when it is loaded. Where template and search begin with
            the same layers, these are in one file, loaded with the sides of the one and of the other.
    """

    file: str
    sha256: str
    size_bytes: int
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]
    placeholders: tuple[Placeholder, ...] = ()
    weights: WeightsFile | None = None
    dims: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Correlation:
    """A cross-correlation at the cut between template and search.

    Attributes:
        kind: of search features (N, C, H, W) with a kernel. ``full``: kernel (1, C, h, w), response (N, 1, H', W');
            ``depthwise``: kernel (C, 1, h, w), response (N, C, H', W'); ``up-channel``: kernel (K, C, h, w), response
            (N, K, H', W'); ``pixelwise``: kernel (K, C, 1, 1), response (N, K, H, W).
        kernel: name of the template graph's output.
        search: name of the search graph's output.
        response: name of the tail graph's input.
        padding: cells on each side, of a ``depthwise`` one; others have none.
    """

    kind: CorrelationKind
    kernel: str
    search: str
    response: str
    padding: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Mask:
    """A graph that is run after decoding, for the chosen cell alone (SiamMask).

    Its inputs are the search features of its correlation, others that the search graph gives, and ``cell``, int64 (2,):
    row and column. Its output ``mask`` is (1, 1, side, side) logits over a template-sized square about the cell.

    Attributes:
        correlation: of the mask branch; its kernel is a placeholder of the mask graph.
        threshold: a probability above it is the target, 0..1.
    """

    correlation: Correlation
    threshold: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """One way to run the tracker: graphs of one precision for one engine.

    Attributes:
        engine: that the graphs were made for. TensorRT builds its engines from ONNX graphs, on the device.
        precision: of the weights.
        session: how the template is kept by default.
        graphs: by role. ``search_small`` and its kin are what a small target runs (``TrackerConfig.small_target``).
            ``trunk``, where it is there, runs before ``template``, in the file of the search graph.
            ``correlate_conv`` and its kin are the correlations alone, in the forms that TensorRT may choose from.
        correlation_form: how head or match spell their correlations.
        parity: measured when the bundle was written.
        quantization: of an int8 variant.
        drift: from the fp32 variant, on single pairs of crops; null where it was not measured.
        accuracy: on sequences beside the fp32 variant; null where it was not measured.
    """

    engine: EngineName
    precision: Precision
    session: SessionKind
    graphs: Mapping[GraphRole, Graph]
    parity: Parity
    correlation_form: CorrelationForm = "conv"
    quantization: Quantization | None = None
    drift: Drift | None = None
    accuracy: Accuracy | None = None

    @property
    def reads_bytes(self) -> bool:
        """Whether graphs begin with a crop's bytes (B, H, W, 3), BGR, and not with normalised floats (B, 3, H, W).

        All of a variant's graphs that take a crop do, or none.
        """
        return any(tensor.dtype == "uint8" for graph in self.graphs.values() for tensor in graph.inputs)


@dataclass(frozen=True, slots=True, kw_only=True)
class Macs:
    """Multiply-accumulates of the convolutions, linear layers and correlations, per call."""

    template: int
    search: int
    head: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """Where the weights come from.

    Attributes:
        source: file name of the original checkpoint, or the recipe that trained it.
        sha256: of that file, or empty when there is none.
        importer: what read it, such as ``nanotrack-v3``.
        notes: free text: licence, training data, command.
    """

    source: str
    sha256: str = ""
    importer: str = ""
    notes: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """``manifest.json`` of a bundle; attributes are its keys.

    Attributes:
        format_version: of this file; readers refuse any other.
        name: of the tracker, for people.
        family: such as ``nanotrack-v3``.
        tracker: sizes, crop rule, normalisation and tracker parameters.
        correlations: at the cut, in the order of the template graph's outputs; the mask's comes last there.
        variants: by folder, such as ``onnx/fp32``.
        default_variant: key of ``variants``.
        parameters: number of weights of the network, batch-norm folded or not as in the checkpoint.
        macs: of the three graphs.
        tools: name to version of what wrote the bundle.
        provenance: of the weights.
        mask: of a tracker that can segment its target.
        target: that the bundle was exported for, such as ``jetson-orin-jp6``; null for none in particular.
        accuracy: measured scores by data set and rule, empty when none were measured.
    """

    format_version: Literal[1] = FORMAT_VERSION
    name: str
    family: str
    tracker: TrackerConfig
    correlations: tuple[Correlation, ...]
    variants: Mapping[str, Variant]
    default_variant: str
    parameters: int
    macs: Macs
    tools: Mapping[str, str]
    provenance: Provenance
    mask: Mask | None = None
    target: str | None = None
    accuracy: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.default_variant not in self.variants:
            raise ManifestError(
                f"manifest: default_variant is {self.default_variant!r}, the variants are {', '.join(self.variants)}"
            )
        for key, variant in self.variants.items():
            for role, graph in variant.graphs.items():
                where = f"manifest.variants.{key}.graphs.{role}"
                _check_relative(f"{where}.file", graph.file)
                if graph.weights is not None:
                    _check_relative(f"{where}.weights.file", graph.weights.file)

    @classmethod
    def read(cls, path: Path) -> Manifest:
        """The manifest at ``path``, checked for version, keys, types and ranges.

        Raises:
            ManifestError: it is missing, no JSON, of another version, or holds a wrong key or value.
        """
        try:
            size = path.stat().st_size
            if not path.is_file() or size > _MAX_BYTES:
                raise ManifestError(
                    f"{path} is no file of at most {_MAX_BYTES} bytes, as a manifest is; export the bundle again"
                )
            text = path.read_text(encoding="utf-8")
        except FileNotFoundError:
            raise ManifestError(f"{path} does not exist; a bundle is a folder that holds a {MANIFEST_NAME}") from None
        except (OSError, UnicodeDecodeError) as error:
            raise ManifestError(f"{path} cannot be read: {error}") from None
        return cls.loads(text, name=str(path))

    @classmethod
    def loads(cls, text: str, *, name: str = "manifest") -> Manifest:
        """The manifest in ``text``; ``name`` is what messages call it. Raises as :meth:`read`."""
        try:
            plain = json.loads(text, parse_constant=_refuse_constant)
        except (ValueError, RecursionError) as error:
            raise ManifestError(f"{name} is no valid JSON: {error}; export the bundle again") from None
        version = plain.get("format_version") if isinstance(plain, dict) else None
        if type(version) is not int or version != FORMAT_VERSION:
            raise ManifestError(
                f"{name} has format_version {version!r}, this runtime reads {FORMAT_VERSION}; "
                "update sdst-edge, or export the bundle again with this version"
            )
        try:
            return from_plain(cls, plain, where="manifest", error=ManifestError)
        except (ManifestError, ConfigError) as error:
            raise ManifestError(f"{name}: {error}") from None

    def dumps(self) -> str:
        """JSON text with a stable order of keys and a newline at its end."""
        return json.dumps(to_plain(self), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def _check_relative(where: str, file: str) -> None:
    parts = PurePosixPath(file).parts
    if not parts or file.startswith("/") or ".." in parts or any(char in file for char in "\\:\0"):
        raise ManifestError(f"{where} is {file!r}, expected a path inside the bundle")


def _refuse_constant(text: str) -> float:
    raise ValueError(f"{text} is no JSON number ({math.nan!r} and infinities are not allowed)")

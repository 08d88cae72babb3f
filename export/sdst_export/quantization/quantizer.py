"""From float graphs and real crops to an int8 variant.

Ranges of activations are found once, in :class:`Quantizer`; any mix of quantised and float layers is then made of them
in a moment. Layers are called by the role of their graph and the name of their node, such as ``search/Conv_3``. Where
a variant has both, the tail is the head without its correlations: its layers have no names of their own, and are as
the head's. Layers that template and search have in common in one file are called by ``search``.

Where the scheme takes bytes, a first layer of patches that is quantised reads those of the crop (:mod:`.byte_input`). A
variant takes either bytes or floats: where such a layer is float in one file, it is quantised like any other in the
next.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from onnxruntime.quantization import TensorsData

from sdst_export.calibration import CalibrationSet
from sdst_export.float_graphs import FloatGraphs
from sdst_export.graph_files import describe
from sdst_export.placeholders import serialize
from sdst_export.quantization.byte_input import Patches, begin_with_bytes, describe_bytes, find_patches
from sdst_export.quantization.feeds import FloatRun
from sdst_export.quantization.insertion import insert_pairs
from sdst_export.quantization.ranges import find_ranges
from sdst_export.quantization.scheme import Scheme
from sdst_export.quantization.variant_parity import compare_variant
from sdst_export.quantization.work import FileWork, plan_work
from sdst_export.variant_files import VariantFiles
from sdst_runtime.errors import ConfigError
from sdst_runtime.manifest import Graph, GraphRole, Parity, Variant
from sdst_runtime.measurements import CalibrationMethod, Quantization

__all__ = ["Quantizer", "quantizable_layers", "quantize"]


def quantize(
    graphs: FloatGraphs,
    scheme: Scheme,
    calibration: CalibrationSet,
    *,
    method: CalibrationMethod = "min-max",
    float_layers: Collection[str] = (),
) -> VariantFiles:
    """An int8 variant; arguments and errors as in :class:`Quantizer`, which makes several in less time."""
    return Quantizer(graphs, scheme, calibration, method).make(float_layers)


def quantizable_layers(graphs: FloatGraphs, scheme: Scheme) -> tuple[str, ...]:
    """Names of the layers that a scheme quantises, in the order of the graphs."""
    return tuple(layer for work in plan_work(graphs, scheme) for layer in work.layers)


class Quantizer:
    """Makes int8 variants of one network, which differ in the layers that stay float.

    Attributes:
        layers: that can be quantised.
    """

    def __init__(
        self, graphs: FloatGraphs, scheme: Scheme, calibration: CalibrationSet, method: CalibrationMethod = "min-max"
    ) -> None:
        """Nothing is measured yet.

        Args:
            graphs: of the network.
            scheme: how to quantise.
            calibration: crops of this tracker, of each search size it has.
            method: how ranges are taken from what is seen.

        Raises:
            ConfigError: the crops are not this tracker's.
        """
        self._graphs, self._scheme, self._calibration, self._method = graphs, scheme, calibration, method
        self._run = FloatRun(graphs, calibration)
        self._work = plan_work(graphs, scheme)
        self.layers = tuple(layer for work in self._work for layer in work.layers)
        self._ranges: dict[str, TensorsData] = {}
        crops = [work for work in self._work if scheme.takes_bytes and work.takes_crop]
        self._patches = {work.file.name: (work, find_patches(work.file)) for work in crops}

    def make(self, float_layers: Collection[str] = ()) -> VariantFiles:
        """A variant in which these layers stay float, compared with the float graphs.

        Args:
            float_layers: some of :attr:`layers`; not all.

        Raises:
            ConfigError: a layer is unknown, or none is left to quantise.
            ParityError: the variant gives no numbers, or has nothing to do with the float graphs.
        """
        self._check(float_layers)
        scheme, patches = self._scheme, self._byte_patches(float_layers)
        entries: dict[GraphRole, Graph] = {}
        contents: dict[str, bytes] = {}
        for work in self._work:
            data, described = self._write(work, float_layers, patches.get(work.file.name))
            entries |= described
            contents[f"{scheme.variant}/{work.file.name}.onnx"] = data
        variant = Variant(
            engine=scheme.engine,
            precision="int8",
            session=scheme.session,
            graphs=entries,
            parity=Parity(reference="onnx/fp32", inputs=0, max_rel_error={}),
            quantization=Quantization(
                activations=scheme.activations,
                calibration=self._calibration.facts(self._method),
                float_layers=tuple(layer for layer in self.layers if layer in float_layers),
            ),
        )
        made = VariantFiles(name=scheme.variant, variant=variant, files=contents)
        parity = compare_variant(self._graphs, made, self._run)
        return replace(made, variant=replace(variant, parity=parity))

    def _check(self, float_layers: Collection[str]) -> None:
        known = f"the layers are {', '.join(self.layers)}"
        if unknown := sorted(set(float_layers) - set(self.layers)):
            raise ConfigError(
                f"float_layers: {unknown[0]!r} is no layer that {self._scheme.variant} quantises; {known}"
            )
        if not set(self.layers) - set(float_layers):
            raise ConfigError(f"float_layers: no layer is left to quantise in {self._scheme.variant}; {known}")

    def _byte_patches(self, float_layers: Collection[str]) -> dict[str, Patches]:
        """First layers that read bytes, by file: those of all graphs that begin with a crop, or none."""
        found = {
            name: patches
            for name, (work, patches) in self._patches.items()
            if patches is not None and patches.node in work.quantized(float_layers)
        }
        return found if len(found) == len(self._patches) else {}

    def _write(
        self, work: FileWork, float_layers: Collection[str], patches: Patches | None
    ) -> tuple[bytes, dict[GraphRole, Graph]]:
        """One file, and what the manifest says of it."""
        file, nodes = work.file, work.quantized(float_layers)
        ranges = self._ranges_of(work) if nodes else None
        model, scales = insert_pairs(file.model, file.kernels, nodes, ranges, self._scheme)
        if patches is not None:
            model, file = begin_with_bytes(model, patches, self._graphs.config.normalization), describe_bytes(file)
        data, placeholders = serialize(model, scales)
        return data, describe(file, data, self._scheme.variant, placeholders)

    def _ranges_of(self, work: FileWork) -> TensorsData:
        name = work.file.name
        if name not in self._ranges:
            found = find_ranges(
                work.file.model,
                work.feeds(self._run),
                self._method,
                kinds=self._scheme.kinds,
                symmetric=self._scheme.is_symmetric,
            )
            self._ranges[name] = found
        return self._ranges[name]

"""The variants beside fp32: made, tried in the sessions that will run them, and held against fp32."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from sdst_edge.datasets import Dataset, open_dataset
from sdst_export.accuracy import Followed, Validation, follow_validation, measure_accuracy, measure_drift
from sdst_export.calibration import CalibrationSet, collect, random_calibration
from sdst_export.draft import Draft
from sdst_export.float_graphs import FloatGraphs
from sdst_export.fp16 import FP16, make_fp16
from sdst_export.mixing import Trial, find_mix, try_mix
from sdst_export.ncnn_export import make_ncnn
from sdst_export.openvino_export import make_openvino
from sdst_export.openvino_int8 import OPENVINO_SCHEME, make_openvino_int8
from sdst_export.options import RANDOM, ExportOptions
from sdst_export.plan import FP32, Plan, precision_of
from sdst_export.progress import Progress, part
from sdst_export.quantization import SCHEMES, Quantizer
from sdst_export.sensitivity import measure_sensitivity
from sdst_export.slow_layers import find_slow_layers
from sdst_export.variant_files import VariantFiles
from sdst_runtime.manifest import EngineName
from sdst_runtime.measurements import LayerError

__all__ = ["Data", "make_variants"]

_LOG = logging.getLogger(__name__)

SENSITIVITY_PAIRS = 8  # of crops, spread over all; a few say as much as many
DRIFT_PAIRS = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Data:
    """What variants are calibrated and scored on.

    Attributes:
        calibrate: sequences; :data:`RANDOM` for noise; None for none.
        validation: sequences; None for none.
        max_drop: of success AUC that int8 may have; None for any.
    """

    calibrate: Dataset | str | None
    validation: Validation | None
    max_drop: float | None

    @classmethod
    def open(cls, options: ExportOptions) -> Data:
        """The data of the options; pictures are not read yet.

        Raises:
            DatasetError: a data set is missing or broken, or has nothing to score.
        """
        calibrate = options.calibrate
        return cls(
            calibrate=calibrate if calibrate is None or calibrate == RANDOM else open_dataset(Path(calibrate)),
            validation=None if options.validate is None else Validation.open(options.validate),
            max_drop=options.max_drop,
        )


def make_variants(draft: Draft, graphs: FloatGraphs, plan: Plan, data: Data, report: Progress) -> None:
    """Adds the plan's variants to a draft that holds fp32.

    Args:
        draft: gets the variants, and what was measured of them.
        graphs: of the network.
        plan: what to make.
        data: to calibrate and score on.
        report: of progress.

    Raises:
        DatasetError: frames cannot be read, or are of no use.
        ConfigError: the network cannot be had in a precision or for an engine; the message says why.
        ParityError: a variant does not compute what the network does.
        BackendUnavailable: an engine is not installed.
    """
    names = [name for name in plan.engines if name != FP32]
    work = _Work(draft, graphs, plan, data)
    work.read_data(part(report, 0.0, 0.2))
    for number, name in enumerate(names):
        start, measured, end = (0.2 + 0.8 * (number + share) / len(names) for share in (0.0, 0.8, 1.0))
        draft.add(_with_session(work.make(name, part(report, start, measured, name)), plan))
        work.measure(name, part(report, measured, end, name))


class _Work:
    """What making and measuring variants needs, and keeps from one to the next."""

    def __init__(self, draft: Draft, graphs: FloatGraphs, plan: Plan, data: Data) -> None:
        self._draft, self._graphs, self._plan, self._data = draft, graphs, plan, data
        self._crops: CalibrationSet | None = None
        self._reference: Followed | None = None

    def read_data(self, report: Progress) -> None:
        """Cuts crops to calibrate on, and lets fp32 follow the sequences that variants are scored on."""
        data = self._data
        if isinstance(data.calibrate, str):
            self._crops = random_calibration(self._graphs.config)
        elif data.calibrate is not None:
            found, progress = data.calibrate, part(report, 0.0, 0.5, "calibrate")
            self._crops = collect(self._draft.bundle(), found.sequences, found.name, on_progress=progress)
        if data.validation is not None:
            progress = part(report, 0.5, 1.0, "validate")
            self._reference = follow_validation(self._draft.bundle(), FP32, data.validation, _sequences(progress))

    def make(self, name: str, report: Progress) -> VariantFiles:
        """The variant of that name."""
        engine: EngineName = self._plan.engines[name]
        report("convert", 0.0)
        if name == FP16:
            return make_fp16(self._graphs, engine=engine, session=self._plan.session, calibration=self._crops)
        if name == OPENVINO_SCHEME.variant:
            assert self._crops is not None  # which the plan asks for
            return make_openvino_int8(self._graphs, self._crops, method=self._plan.method)
        if engine == "openvino":
            return make_openvino(self._graphs, precision_of(name))
        if engine == "ncnn":
            return make_ncnn(self._graphs, precision_of(name))
        return self._quantized(name.removeprefix("onnx/"), report)

    def measure(self, name: str, report: Progress) -> None:
        """Compares a variant of the draft with fp32, on the data that there are."""
        bundle, crops = self._draft.bundle(), self._crops
        if crops is not None and crops.source != RANDOM:
            report("compare crops", 0.0)
            drift = measure_drift(bundle, name, FP32, crops.spread(DRIFT_PAIRS), crops.source)
            self._draft.measured(name, drift=drift)
        if self._data.validation is not None and self._reference is not None:
            accuracy = measure_accuracy(bundle, name, self._reference, self._data.validation, _sequences(report))
            self._draft.measured(name, accuracy=accuracy)

    def _quantized(self, scheme: str, report: Progress) -> VariantFiles:
        """The int8 variant, with the layers in float that must be, and what each layer costs."""
        assert self._crops is not None  # which the plan asks for
        quantizer = Quantizer(self._graphs, SCHEMES[scheme], self._crops, self._plan.method)
        if self._crops.source == RANDOM:  # what a layer costs on noise is of no use
            return quantizer.make()
        share = 1.0 if self._data.max_drop is None else 0.3
        pairs = self._crops.spread(SENSITIVITY_PAIRS)
        progress = part(report, 0.0, share, "sensitivity")
        errors = measure_sensitivity(self._draft, quantizer.make, quantizer.layers, pairs, progress)
        made = quantizer.make(self._float_layers(quantizer, errors, part(report, share, 1.0)))
        assert made.variant.quantization is not None
        quantization = replace(made.variant.quantization, sensitivity=errors)
        return replace(made, variant=replace(made.variant, quantization=quantization))

    def _float_layers(self, quantizer: Quantizer, errors: tuple[LayerError, ...], report: Progress) -> frozenset[str]:
        """Those that have to be for the drop that is allowed, and those that are faster so.

        Times decide here, so that two exports may choose different mixes; without a drop to keep to, none is timed.
        """
        max_drop, validation, reference = self._data.max_drop, self._data.validation, self._reference
        if max_drop is None or validation is None or reference is None:
            return frozenset()

        slow = find_slow_layers(self._draft, quantizer.make, quantizer.layers, part(report, 0.0, 0.2, "time"))

        def attempt(layers: frozenset[str]) -> Trial:
            kept = layers | slow
            return try_mix(self._draft, quantizer.make(kept), kept, reference, validation)

        order = [item.layer for item in errors if item.layer not in slow]
        mix = find_mix(order, attempt, max_drop, on_progress=part(report, 0.2, 1.0, "mix"))
        _LOG.log(logging.INFO if mix.met else logging.WARNING, "%s", mix.explain())
        return mix.chosen.float_layers


def _with_session(made: VariantFiles, plan: Plan) -> VariantFiles:
    """The variant with templates kept as the target wants it, where the engine has a choice."""
    if made.variant.engine != "onnxruntime":
        return made
    return replace(made, variant=replace(made.variant, session=plan.session))


def _sequences(report: Progress) -> Callable[[int, int, str], None]:
    """Progress over sequences as progress by shares."""
    return lambda done, count, name: report(name, done / max(count, 1))

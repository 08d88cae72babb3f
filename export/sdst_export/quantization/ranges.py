"""What values the tensors of a graph take on real inputs, by ONNX Runtime's calibrators."""

from __future__ import annotations

import tempfile
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from itertools import chain, groupby, islice
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import onnx
from numpy.typing import NDArray
from onnxruntime.quantization import CalibrationDataReader, CalibrationMethod, TensorsData, create_calibrator

from sdst_export.quantization.quiet import quiet
from sdst_runtime import measurements
from sdst_runtime.errors import DatasetError

__all__ = ["Feeds", "find_ranges"]

#: Inputs of a graph by name.
Feeds: TypeAlias = Mapping[str, NDArray[np.float32]]

_METHODS: dict[measurements.CalibrationMethod, CalibrationMethod] = {
    "min-max": CalibrationMethod.MinMax,
    "entropy": CalibrationMethod.Entropy,
    "percentile": CalibrationMethod.Percentile,
}
_HARD_SWISH_ZERO = np.float32(-3.0)
_AT_ONCE = 4  # inputs whose tensors are held


def find_ranges(
    model: onnx.ModelProto,
    feeds: Iterable[Feeds],
    method: measurements.CalibrationMethod,
    *,
    kinds: Collection[str],
    symmetric: bool,
) -> TensorsData:
    """Ranges by tensor, as ONNX Runtime's quantiser takes them.

    Args:
        model: float32. Not modified.
        feeds: at least one.
        method: how a range is taken from what was seen.
        kinds: of operators whose inputs and outputs are looked at.
        symmetric: whether ranges are to be symmetric about 0.

    Raises:
        DatasetError: there are no feeds, or they are so unlike each other that no histogram holds them.
    """
    chunks = _chunks(feeds)
    first = next(chunks, None)
    if first is None:
        raise DatasetError("there are no crops to calibrate a graph on; calibrate on more frames")
    with tempfile.TemporaryDirectory(prefix="sdst-calibration-") as folder:
        path = Path(folder) / "model.onnx"
        onnx.save(model, path)
        with quiet():
            calibrator = create_calibrator(
                path,
                sorted(kinds),
                augmented_model_path=str(Path(folder) / "augmented.onnx"),
                calibrate_method=_METHODS[method],
                extra_options={"symmetric": symmetric},
            )
        for chunk in chain((first,), chunks):
            with _explained(method), quiet():
                calibrator.collect_data(_Reader(chunk))
        with _explained(method), quiet():
            ranges: TensorsData = calibrator.compute_data()
    if not symmetric:
        _leave_out_dead_values(model, ranges)
    return ranges


def _leave_out_dead_values(model: onnx.ModelProto, ranges: TensorsData) -> None:
    """Ends ranges where nothing is left of what lies below, in place: all below -3 is 0 behind a hard-swish."""
    readers: dict[str, set[str]] = {item.name: {""} for item in model.graph.output}
    for node in model.graph.node:
        for name in node.input:
            readers.setdefault(name, set()).add(node.op_type)
    for name, kinds in readers.items():
        if kinds == {"HardSwish"} and name in ranges:
            found = ranges[name]
            found.lowest = np.maximum(found.lowest, _HARD_SWISH_ZERO)
            found.highest = np.maximum(found.highest, found.lowest)


def _chunks(feeds: Iterable[Feeds]) -> Iterator[list[Feeds]]:
    """A few at once, of the same shapes, for calibrators stack them; a file of two graphs is fed in two sizes."""
    for _, group in groupby(feeds, key=lambda feed: {name: array.shape for name, array in feed.items()}):
        while chunk := list(islice(group, _AT_ONCE)):
            yield chunk


@contextmanager
def _explained(method: str) -> Iterator[None]:
    """Says what to do where a histogram has bins as fine as the first crops had them, as far as later ones reach."""
    try:
        yield
    except (MemoryError, ValueError) as error:
        raise DatasetError(f"{method} finds no ranges on these crops: {error}; use min-max") from None


class _Reader(CalibrationDataReader):  # type: ignore[misc]
    """Feeds one after the other."""

    def __init__(self, feeds: Iterable[Feeds]) -> None:
        self._feeds: Iterator[Feeds] = iter(feeds)

    def get_next(self) -> dict[str, Any] | None:
        """The next one, None after the last."""
        feed = next(self._feeds, None)
        return None if feed is None else dict(feed)

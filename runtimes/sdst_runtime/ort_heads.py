"""The two ways in which ONNX Runtime keeps a target: a head of its own, or its kernels beside a shared tail.

``baked``: the kernels' bytes are written over the placeholders of the serialised head, and a session is built from it
for this target. On x86 a correlation whose kernel is a constant runs several times faster than one whose kernel is an
input. ``SessionOptions.add_initializer`` cannot do this: kernels are repacked from the file's values before it acts.

``split``: libsdst computes the correlations, a graph that all targets share does the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from sdst_runtime.bundle import Bundle
from sdst_runtime.consistency import correlation_response_shape
from sdst_runtime.errors import SdstError
from sdst_runtime.manifest import Correlation
from sdst_runtime.native import address, library, native_error
from sdst_runtime.ort_graph import OrtGraph, OrtOptions

__all__ = ["Arrays", "BakedHead", "Head", "OrtTemplate", "SplitHead"]

Arrays = dict[str, NDArray[np.float32]]


class OrtTemplate:
    """What is kept for one target.

    Attributes:
        owner: the session that made it, and the only one that takes it.
        run: from the session's search features to its maps.
    """

    __slots__ = ("_size_bytes", "owner", "run")

    def __init__(self, owner: object, run: Callable[[], None], size_bytes: int) -> None:
        self.owner = owner
        self.run = run
        self._size_bytes = size_bytes

    @property
    def size_bytes(self) -> int:
        """Bytes of the correlation kernels, 0 after :meth:`close`."""
        return self._size_bytes

    def close(self) -> None:
        """Frees kernels and graph; a closed template cannot be matched. Closing twice is allowed."""
        self.run = _refuse_closed
        self._size_bytes = 0


class Head(Protocol):
    """One of the two ways: makes what runs from search features to maps, for one target."""

    def __init__(self, bundle: Bundle, variant: str | None, options: OrtOptions, arrays: Arrays) -> None:
        """Loads what all targets share.

        Args:
            bundle: with the graphs.
            variant: name, or None for the default one.
            options: threads and providers.
            arrays: search features and output maps of the session by name; read and written where they are.
        """
        ...

    def prepare(self, kernels: Mapping[str, NDArray[np.float32]]) -> Callable[[], None]:
        """A function that runs the head with these kernels, run once already.

        Args:
            kernels: outputs of the template graph by name. Not kept.
        """
        ...


class BakedHead:
    """A head session per target, its kernels baked in as constants.

    NanoTrack v3 measured: 2.7 ms to build it and 3 MiB of memory per target. With more than one thread every target
    also has a pool of its own, asleep between its calls.
    """

    def __init__(self, bundle: Bundle, variant: str | None, options: OrtOptions, arrays: Arrays) -> None:
        """See :class:`Head`."""
        self._graph = bundle.variant(variant).graphs["head"]
        self._model = bundle.graph_bytes(variant, "head")
        self._options = options
        self._arrays = arrays

    def prepare(self, kernels: Mapping[str, NDArray[np.float32]]) -> Callable[[], None]:
        """See :class:`Head`. Builds a session: 2 to 3 ms for NanoTrack v3."""
        model = bytearray(self._model)
        for placeholder in self._graph.placeholders:
            raw = kernels[placeholder.name].astype("<f4", copy=False).tobytes()  # ONNX stores little-endian
            model[placeholder.offset : placeholder.offset + placeholder.length] = raw
        head = OrtGraph(bytes(model), self._graph, self._options, self._arrays)
        head.run()
        return head.run


class SplitHead:
    """libsdst's correlations in front of a tail graph that all targets share."""

    def __init__(self, bundle: Bundle, variant: str | None, options: OrtOptions, arrays: Arrays) -> None:
        """See :class:`Head`."""
        chosen = bundle.variant(variant)
        kernel_shapes = {tensor.name: tensor.shape for tensor in chosen.graphs["template"].outputs}
        self._correlations = bundle.manifest.correlations
        self._arrays = dict(arrays)
        for correlation in self._correlations:
            search = arrays[correlation.search].shape
            shape = correlation_response_shape(correlation, kernel_shapes[correlation.kernel], search)
            self._arrays[correlation.response] = np.zeros(shape, np.float32)
        model = bundle.graph_bytes(variant, "tail")
        self._tail = OrtGraph(model, chosen.graphs["tail"], options, self._arrays)

    def prepare(self, kernels: Mapping[str, NDArray[np.float32]]) -> Callable[[], None]:
        """See :class:`Head`. Copies the kernels."""
        calls = tuple(self._bind(item, kernels[item.kernel].copy()) for item in self._correlations)
        run_tail = self._tail.run

        def run() -> None:
            for function, arguments, _ in calls:
                if status := function(*arguments):
                    raise native_error(status, function.__name__)
            run_tail()

        run()
        return run

    def _bind(self, correlation: Correlation, kernel: NDArray[np.float32]) -> _Call:
        search, response = self._arrays[correlation.search], self._arrays[correlation.response]
        _, channels, height, width = search.shape
        if correlation.kind == "depthwise":
            function = library().sdst_xcorr_depthwise_f32
            sizes = (channels, height, width, *kernel.shape[2:], correlation.padding)
        else:
            function = library().sdst_xcorr_pixelwise_f32
            sizes = (channels, height * width, kernel.shape[0])
        arguments = (address(search), address(kernel), *sizes, address(response))
        return _Call(function, arguments, (search, kernel, response))


class _Call(NamedTuple):
    """A C function with its arguments ready, and the arrays whose addresses are among them."""

    function: Any
    arguments: tuple[int, ...]
    kept: tuple[NDArray[np.float32], ...]


def _refuse_closed() -> None:
    raise SdstError("the template is closed; call init() to take a target again")

"""The two ways in which ONNX Runtime keeps a target: a head of its own, or its kernels beside a shared tail.

``baked``: the kernels' bytes are written over the placeholders of the serialised head, and a session is built from it
for this target. On x86 a correlation whose kernel is a constant runs several times faster than one whose kernel is an
input. ``SessionOptions.add_initializer`` cannot do this: kernels are repacked from the file's values before it acts.

``split``: libsdst computes the correlations, a graph that all targets share does the rest.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from sdst_runtime.consistency import correlation_response_shape
from sdst_runtime.manifest import Correlation, GraphRole
from sdst_runtime.native import address, library, native_error
from sdst_runtime.ort_graph import Arrays
from sdst_runtime.ort_variant import OrtVariant

__all__ = ["BakedHead", "Head", "Run", "SplitHead"]

Run: TypeAlias = Callable[[], None]


class Head(Protocol):
    """One of the two ways: makes what runs from search features to maps, for one target."""

    def __init__(self, variant: OrtVariant, role: GraphRole, arrays: Arrays) -> None:
        """Loads what all targets share.

        Args:
            variant: with the graphs.
            role: of the graph that gives the maps.
            arrays: search features and output maps by name; read and written where they are.
        """
        ...

    def prepare(self, kernels: Arrays) -> Run:
        """A function that runs the head with these kernels, run once already.

        Args:
            kernels: float32 by name, as the template graph gives them. Kept, and not to be changed.
        """
        ...


class BakedHead:
    """A head session per target, its kernels baked in as constants.

    NanoTrack v3 measured: 2.7 ms to build it and 3 MiB of memory per target. With more than one thread every target
    also has a pool of its own, asleep between its calls.
    """

    def __init__(self, variant: OrtVariant, role: GraphRole, arrays: Arrays) -> None:
        """See :class:`Head`."""
        self._variant, self._role, self._arrays = variant, role, arrays

    def prepare(self, kernels: Arrays) -> Run:
        """See :class:`Head`. Builds a session: 2 to 3 ms for NanoTrack v3."""
        head = self._variant.bake(self._role, self._arrays, kernels)
        head.run()
        return head.run


class SplitHead:
    """libsdst's correlations in front of a tail graph that all targets share."""

    def __init__(self, variant: OrtVariant, role: GraphRole, arrays: Arrays) -> None:
        """See :class:`Head`."""
        kernel_shapes = {tensor.name: tensor.shape for tensor in variant.graph("template").outputs}
        self._correlations = variant.bundle.manifest.correlations
        self._arrays = dict(arrays)
        for item in self._correlations:
            shape = correlation_response_shape(item, kernel_shapes[item.kernel], arrays[item.search].shape)
            self._arrays[item.response] = np.zeros(shape, np.float32)
        self._tail = variant.load(role, self._arrays)

    def prepare(self, kernels: Arrays) -> Run:
        """See :class:`Head`."""
        calls = tuple(call for item in self._correlations for call in self._bind(item, kernels[item.kernel]))
        run_tail = self._tail.run

        def run() -> None:
            for function, arguments, _ in calls:
                if status := function(*arguments):
                    raise native_error(status, function.__name__)
            run_tail()

        run()
        return run

    def _bind(self, correlation: Correlation, kernel: NDArray[np.float32]) -> list[_Call]:
        """One call per item of the batch."""
        batch = zip(self._arrays[correlation.search], self._arrays[correlation.response], strict=True)
        return [_call(correlation, search, kernel, response) for search, response in batch]


class _Call(NamedTuple):
    """A C function with its arguments ready, and the arrays whose addresses are among them."""

    function: Any
    arguments: tuple[int, ...]
    kept: tuple[NDArray[np.float32], ...]


def _call(
    correlation: Correlation,
    search: NDArray[np.float32],  # (C, H, W)
    kernel: NDArray[np.float32],
    response: NDArray[np.float32],  # (channels, H', W')
) -> _Call:
    channels, height, width = search.shape
    sides: tuple[int, ...]
    if correlation.kind == "depthwise":
        function = library().sdst_xcorr_depthwise_f32
        sides = (channels, height, width, *kernel.shape[2:], correlation.padding)
    elif correlation.kind == "pixelwise":
        function = library().sdst_xcorr_pixelwise_f32
        sides = (channels, height * width, kernel.shape[0])
    else:  # full, or up-channel: one kernel, or many
        function = library().sdst_xcorr_full_f32
        sides = (channels, kernel.shape[0], height, width, *kernel.shape[2:])
    arguments = (address(search), address(kernel), *sides, address(response))
    return _Call(function, arguments, (search, kernel, response))

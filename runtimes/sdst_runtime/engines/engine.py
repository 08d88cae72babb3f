"""What a session asks of an engine: graphs that read and write the caller's arrays."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from numpy.typing import NDArray

from sdst_runtime.manifest import Graph

__all__ = ["BoundGraph", "Engine", "first_line"]


class BoundGraph(Protocol):
    """A loaded graph with its inputs and outputs bound to arrays."""

    def run(self) -> None:
        """Runs the graph once: reads the input arrays as they are now, writes the output arrays.

        Raises:
            SdstError: the engine failed.
        """
        ...

    def bind_input(self, name: str, array: NDArray[Any]) -> None:
        """Lets an input read another array from now on; it is kept, and checked by the caller."""
        ...


class Engine(Protocol):
    """A library that runs graphs, with its options."""

    @property
    def threads(self) -> int:
        """Threads that one graph may use."""
        ...

    def load(self, model: bytes, weights: bytes | None, graph: Graph, arrays: Mapping[str, NDArray[Any]]) -> BoundGraph:
        """Loads a graph and binds it.

        Args:
            model: the graph's file.
            weights: its second file, None where there is none.
            graph: what the manifest says of it.
            arrays: by name, among them each input and output, of its shape and dtype, C-contiguous. Kept.

        Raises:
            BackendUnavailable: the library is not installed.
            DeviceError: it does not find the device that it is to run on.
            ManifestError: it cannot load the graph, or the graph is not what the manifest says.
        """
        ...


def first_line(error: Exception) -> str:
    """The first line of an error's text, or its kind: engines' texts run to pages."""
    return next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)

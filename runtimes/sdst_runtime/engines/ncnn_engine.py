"""ncnn on the CPU or on a GPU by Vulkan: structure in ``.param`` (text), weights in ``.bin``.

ncnn knows no batch. The lines of a graph's inputs say what shape one item has (``Input x 0 1 x 0=w 1=h 2=c``); an array
that holds several goes through the graph item by item, beside the one item of the other inputs (SiamFC's scales).

Inputs are copied into ncnn's own memory, 30 us for a search region. It can borrow an array, but two things then go
wrong: on Vulkan, channels whose bytes are no multiple of 16 arrive shifted (15 x 15 cells come out as noise), and a
first layer that works in place ends the process.
"""

from __future__ import annotations

import importlib
import math
import os
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from sdst_runtime.errors import BackendUnavailable, ConfigError, DeviceError, ManifestError, SdstError
from sdst_runtime.manifest import Graph, Precision
from sdst_runtime.ort_graph import OrtOptions

__all__ = ["NcnnEngine", "NcnnGraph", "import_ncnn", "vulkan_devices"]

_HALF: Final = ("use_fp16_packed", "use_fp16_storage", "use_fp16_arithmetic")
_BRAIN: Final = ("use_bf16_packed", "use_bf16_storage")
_SIDES: Final = ("2", "11", "1", "0")  # of an Input layer, channels first, as an array has them
_NO_ERROR: Final = 0


class NcnnEngine:
    """ncnn with its options.

    Attributes:
        threads: that one graph may use on the CPU.
        gpu: number of the Vulkan device, None for the CPU.
    """

    def __init__(self, *, threads: int = 1, gpu: int | None = None, precision: Precision = "fp32") -> None:
        """Nothing is loaded yet, but the GPU must be there.

        Args:
            threads: that one graph may use, >= 1.
            gpu: number of a Vulkan device, None for the CPU.
            precision: of the variant; float32 ones compute in float32. float16 ones in float16 where the device does.

        Raises:
            BackendUnavailable: ncnn is not installed.
            ConfigError: a number of threads, or of a GPU, that cannot be.
            DeviceError: there is no Vulkan device of that number.
        """
        self.threads = OrtOptions(threads=threads).threads  # the same rule for every engine
        self.gpu = gpu
        self._half = precision == "fp16"
        self._runtime = import_ncnn()
        if gpu is not None:
            _check_gpu(gpu)

    def load(self, model: bytes, weights: bytes | None, graph: Graph, arrays: Mapping[str, NDArray[Any]]) -> NcnnGraph:
        """See :class:`sdst_runtime.engines.engine.Engine`; the graph is run once, on what the arrays hold."""
        text = _text(model, graph)
        shapes = _input_shapes(text, graph)
        net = self._runtime.Net()
        self._set_options(net)
        with _quiet_stderr():  # ncnn describes GPUs there, and what it does not like about a file
            failed = net.load_param_mem(text) != _NO_ERROR or _load_weights(net, weights or b"") != _NO_ERROR
        if failed:
            raise ManifestError(
                f"ncnn {self._runtime.__version__} cannot load {graph.file}; export the bundle again, or update ncnn"
            )
        names = {tensor.name for tensor in graph.outputs}
        if missing := sorted(names - {str(name) for name in net.output_names()}):
            raise ManifestError(f"{graph.file} has no output {missing[0]!r}; export the bundle again")
        return NcnnGraph(self._runtime, net, graph, shapes, arrays)

    def _set_options(self, net: Any) -> None:
        net.opt.num_threads = self.threads
        net.opt.openmp_blocktime = 0  # threads sleep while they wait: on a robot other programs want those cores
        net.opt.use_vulkan_compute = self.gpu is not None
        for name in (*_BRAIN, *(() if self._half else _HALF)):
            if hasattr(net.opt, name):  # bfloat16 has come later than float16
                setattr(net.opt, name, False)
        if self.gpu is not None:
            net.set_vulkan_device(self.gpu)


class NcnnGraph:
    """A loaded graph; :meth:`NcnnEngine.load` makes it."""

    def __init__(
        self,
        runtime: ModuleType,
        net: Any,
        graph: Graph,
        shapes: Mapping[str, tuple[int, ...]],
        arrays: Mapping[str, NDArray[Any]],
    ) -> None:
        """Binds the graph to arrays and runs it once, which shows the shapes of its outputs.

        Args:
            runtime: ncnn.
            net: loaded.
            graph: what the manifest says of it.
            shapes: of one item of each input.
            arrays: by name. Kept.
        """
        self._net, self._file = net, graph.file
        self._shapes = shapes
        self._mats = {name: runtime.Mat(np.zeros(shape, np.float32)).clone() for name, shape in shapes.items()}
        self._views = {name: np.asarray(mat) for name, mat in self._mats.items()}
        self._items: dict[str, NDArray[Any]] = {}
        for tensor in graph.inputs:
            self.bind_input(tensor.name, arrays[tensor.name])
        self._count = max(len(items) for items in self._items.values())
        self._outputs = [(tensor.name, arrays[tensor.name]) for tensor in graph.outputs]
        self._rows: list[tuple[str, NDArray[Any]]] = []  # outputs by item, of the shape that ncnn gives them
        self._first_run()

    def bind_input(self, name: str, array: NDArray[Any]) -> None:
        """See :class:`sdst_runtime.engines.engine.BoundGraph`."""
        self._items[name] = array.reshape(-1, *self._shapes[name])

    def run(self) -> None:
        """See :class:`sdst_runtime.engines.engine.BoundGraph`."""
        for index in range(self._count):
            extractor = self._extractor(index)
            for name, rows in self._rows:
                np.copyto(rows[index], self._extract(extractor, name))

    def _first_run(self) -> None:
        extractor = self._extractor(0)
        for name, array in self._outputs:
            shape = self._extract(extractor, name).shape
            if math.prod(shape) * self._count != array.size:
                raise ManifestError(
                    f"{self._file}: {name} is {shape}, the manifest says {array.shape}; export the bundle again"
                )
            self._rows.append((name, array.reshape(self._count, *shape)))

    def _extractor(self, index: int) -> Any:
        extractor = self._net.create_extractor()
        for name, items in self._items.items():
            np.copyto(self._views[name], items[index if len(items) > 1 else 0])
            extractor.input(name, self._mats[name])
        return extractor

    def _extract(self, extractor: Any, name: str) -> NDArray[Any]:
        code, mat = extractor.extract(name)
        if code != _NO_ERROR or mat.empty():
            raise SdstError(
                f"{self._file} failed in ncnn with code {code}; if there is memory left for it, export the bundle again"
            )
        return np.asarray(mat)


def import_ncnn() -> ModuleType:
    """The package ``ncnn``.

    Raises:
        BackendUnavailable: it is not installed, or cannot be loaded.
    """
    try:
        return importlib.import_module("ncnn")
    except ImportError as error:
        raise BackendUnavailable(f"ncnn cannot be imported ({error}); pip install 'sdst-edge[ncnn]'") from None


def vulkan_devices() -> tuple[str, ...]:
    """Names of the Vulkan devices, in the order of their numbers.

    Raises:
        BackendUnavailable: ncnn is not installed.
        DeviceError: it finds none, or was built without Vulkan.
    """
    runtime = import_ncnn()
    if not hasattr(runtime, "get_gpu_count"):
        raise DeviceError(f"ncnn {runtime.__version__} was built without Vulkan; install another build, or use the CPU")
    with _quiet_stderr():
        count = runtime.get_gpu_count()
    if count == 0:
        raise DeviceError(
            "ncnn finds no Vulkan device; install the GPU's Vulkan driver (mesa-vulkan-drivers for Mesa's), or use the "
            "CPU"
        )
    return tuple(_gpu_name(runtime.get_gpu_info(index)) for index in range(count))


def _check_gpu(gpu: int) -> None:
    if isinstance(gpu, bool) or not isinstance(gpu, int) or gpu < 0:
        raise ConfigError(f"gpu is {gpu!r}, expected the number of a Vulkan device, from 0")
    devices = vulkan_devices()
    if gpu >= len(devices):
        names = ", ".join(f"{index}: {name}" for index, name in enumerate(devices))
        raise DeviceError(f"ncnn finds no Vulkan device {gpu}; it finds {names}")


def _gpu_name(info: Any) -> str:
    name = info.device_name
    return str(name() if callable(name) else name)


def _text(model: bytes, graph: Graph) -> str:
    try:
        return model.decode("utf-8")
    except UnicodeDecodeError:
        raise ManifestError(f"{graph.file} is no text, as an ncnn structure is; export the bundle again") from None


def _input_shapes(text: str, graph: Graph) -> dict[str, tuple[int, ...]]:
    """What one item of each input is, channels first."""
    found: dict[str, tuple[int, ...]] = {}
    for line in text.splitlines():
        words = line.split()
        if words[:1] == ["Input"] and len(words) > 5:
            sides = dict(word.split("=", 1) for word in words[5:] if "=" in word)
            found[words[4]] = tuple(int(sides[key]) for key in _SIDES if sides.get(key, "").isdigit())
    for tensor in graph.inputs:
        size = math.prod(found.get(tensor.name, ()))
        if not found.get(tensor.name) or size < 1 or math.prod(tensor.shape) % size:
            raise ManifestError(
                f"{graph.file}: input {tensor.name} is {found.get(tensor.name, 'not there')}, the manifest says "
                f"{tensor.shape}; export the bundle again"
            )
    if len(found) != len(graph.inputs):
        raise ManifestError(
            f"{graph.file}: inputs are {', '.join(found)}, the manifest says "
            f"{', '.join(tensor.name for tensor in graph.inputs)}; export the bundle again"
        )
    return found


def _load_weights(net: Any, weights: bytes) -> int:
    """Loads weights through a file: from memory ncnn would use them where they are, and read past their end."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "weights.bin"
        path.write_bytes(weights)
        return int(net.load_model(str(path)))


@contextmanager
def _quiet_stderr() -> Iterator[None]:
    """Drops what is written to the process's standard error; ncnn offers no other way to be quiet."""
    try:
        kept = os.dup(2)
    except OSError:  # closed, as a service's may be: nothing is to be seen anyway
        yield
        return
    if sys.stderr is not None:
        sys.stderr.flush()
    try:
        sink = os.open(os.devnull, os.O_WRONLY)
        os.dup2(sink, 2)
        os.close(sink)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)

"""A session on engines that take a target's kernels as inputs: one graph per frame, from search region to maps.

The kernels are copied into the graph's inputs when another target's turn comes: some 60 KiB for NanoTrack v3, 10 us.
While one target is followed, nothing is copied and nothing is allocated here.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from types import TracebackType
from typing import NoReturn

import numpy as np
from numpy.typing import NDArray

from sdst_runtime.bundle import Bundle
from sdst_runtime.config import TrackerConfig
from sdst_runtime.consistency import ROLES, search_configs, session_roles
from sdst_runtime.engines.engine import Engine
from sdst_runtime.engines.ncnn_engine import NcnnEngine
from sdst_runtime.engines.openvino_engine import OpenVinoEngine
from sdst_runtime.errors import ConfigError, ManifestError, SdstError
from sdst_runtime.kernel_template import KernelTemplate
from sdst_runtime.manifest import GraphRole, SessionKind
from sdst_runtime.ort_graph import empty_arrays, require_array
from sdst_runtime.session import Outputs, Template

__all__ = ["WholeSession", "open_whole"]

_WARM_UP_RUNS = 2
_ACCELERATOR = re.compile(r"vulkan(?::(\d{1,4}))?")


def open_whole(
    bundle: Bundle, *, variant: str | None = None, threads: int = 1, accelerator: str | None = None
) -> WholeSession:
    """A session on the engine that a variant was made for.

    Args:
        bundle: checked by :meth:`Bundle.open`.
        variant: of OpenVINO or ncnn; None for the bundle's default.
        threads: that the network may use on the CPU, >= 1.
        accelerator: for OpenVINO one of its devices: ``CPU``, ``GPU``, ``NPU``; for ncnn ``cpu``, ``vulkan``, or
            ``vulkan:1`` for the second GPU. None for the CPU.

    Raises:
        BackendUnavailable: the engine is not installed.
        DeviceError: the accelerator is not there.
        ConfigError: an option that cannot be, or the variant is for another engine.
        ManifestError: no such variant, or the engine cannot load one of its graphs.
    """
    chosen = bundle.variant(variant)
    engine: Engine
    if chosen.engine == "openvino":
        engine = OpenVinoEngine(threads=threads, device=accelerator or "CPU", precision=chosen.precision)
    elif chosen.engine == "ncnn":
        engine = NcnnEngine(threads=threads, gpu=_gpu(accelerator), precision=chosen.precision)
    else:
        raise ConfigError(f"this variant is for {chosen.engine}; kernels are inputs in openvino's and ncnn's only")
    return WholeSession(bundle, engine, variant)


class WholeSession:
    """The graphs of one variant, loaded and run once. Not for two threads at once.

    Attributes:
        kind: how a target's template is kept: as inputs of the graph that is run for every frame.
        threads: that one graph may use on the CPU.
    """

    kind: SessionKind = "whole"
    _current: _Match  # the graph of the last search region, which is _x; gone once the session is closed
    _matches: tuple[_Match, ...]  # empty once the session is closed

    def __init__(self, bundle: Bundle, engine: Engine, variant: str | None = None) -> None:
        """Loads the graphs, those for small targets too, and runs each, so that no first frame pays for it.

        Args:
            bundle: checked by :meth:`Bundle.open`.
            engine: that the variant was made for, with its options.
            variant: None for the bundle's default.

        Raises:
            BackendUnavailable: the engine is not installed.
            ManifestError: no such variant, a graph is missing, or the engine cannot load one.
        """
        graphs, config = bundle.variant(variant).graphs, bundle.manifest.tracker
        if missing := [role for role in session_roles(bundle.manifest, "whole") if role not in graphs]:
            raise ManifestError(
                f"{bundle.path} has no {missing[0]} graph, which a whole session runs; use the variant's own kind, "
                f"{bundle.variant(variant).session}, or export the bundle again"
            )
        self.threads = engine.threads
        template = graphs["template"]
        self._kernels = empty_arrays(template.outputs)
        self._z = np.zeros(config.template_shape, np.float32)
        self._run_template: Callable[[], None] = engine.load(
            bundle.graph_bytes(variant, "template"),
            bundle.weights_bytes(variant, "template"),
            template,
            {template.inputs[0].name: self._z, **self._kernels},
        ).run
        sizes = zip(ROLES["whole"], search_configs(config), strict=False)
        self._matches = tuple(_Match(bundle, engine, variant, (role, each)) for (role,), each in sizes)
        self._x = self._z  # no search region yet
        self._warm_up()

    def embed(self, z: NDArray[np.float32]) -> KernelTemplate:
        """Runs the template branch.

        Args:
            z: (1, 3, template_size, template_size) float32, C-contiguous. Not kept.

        Raises:
            SdstError: ``z`` has another shape, type or layout, the session is closed, or the engine failed.
        """
        require_array("template input", z, self._z.shape)
        np.copyto(self._z, z)
        self._run_template()
        return KernelTemplate(self, {name: kernel.copy() for name, kernel in self._kernels.items()})

    def match(self, template: Template, x: NDArray[np.float32]) -> Outputs:
        """Runs search branch, correlations and head.

        Args:
            template: of this session, not closed.
            x: ``TrackerConfig.search_shape``, or that of ``for_small_target()``; float32, C-contiguous. Read during
                the call only, but the array is kept alive until a call with another one: pass the same one every time,
                it is then not looked at again.

        Returns:
            Maps that stay valid until the next call of this session.

        Raises:
            SdstError: ``x`` has another shape, type or layout, template or session is closed, the template is another
                session's, or the engine failed.
        """
        if x is not self._x:
            self._take(x)
        if not isinstance(template, KernelTemplate) or template.owner is not self:
            raise SdstError("the template belongs to another session; embed with this one")
        current = self._current
        current.use(template)
        current.run()
        return current.outputs

    def segment(self, template: Template, cell: tuple[int, int]) -> NDArray[np.float32]:  # noqa: ARG002 (the protocol)
        """Raises, as there are no mask graphs for these engines.

        Raises:
            ConfigError: whatever the arguments.
        """
        raise ConfigError("this variant has no mask branch; masks are in variants for onnxruntime")

    def close(self) -> None:
        """Frees the graphs; templates made before can only be closed. Closing twice is allowed."""
        if self._matches:
            self._run_template = _refuse_closed
            self._matches = ()
            self._x = self._z  # which nobody else has
            del self._current

    def __enter__(self) -> WholeSession:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _take(self, x: NDArray[np.float32]) -> None:
        """Lets the graph of the array's shape read it."""
        if not self._matches:
            _refuse_closed()
        shape = getattr(x, "shape", None)
        match = next((item for item in self._matches if item.x.shape == shape), self._matches[0])
        match.take(x)
        self._current, self._x = match, x

    def _warm_up(self) -> None:
        for match in reversed(self._matches):  # the ordinary size is the last
            for _ in range(_WARM_UP_RUNS):
                template = self.embed(self._z)
                self.match(template, match.x)
                template.close()


class _Match:
    """The graph of one shape of search input.

    Attributes:
        x: the array that the graph reads.
        run: runs the graph once.
        outputs: maps in the order of ``TrackerConfig.outputs``.
    """

    def __init__(
        self, bundle: Bundle, engine: Engine, variant: str | None, size: tuple[GraphRole, TrackerConfig]
    ) -> None:
        """Loads the graph.

        Args:
            bundle: checked.
            engine: that runs it.
            variant: None for the bundle's default.
            size: role of the graph, and the configuration of its search region.
        """
        role, config = size
        graph = bundle.variant(variant).graphs[role]
        maps = empty_arrays(graph.outputs)
        kernels = {item.kernel for item in bundle.manifest.correlations}
        self.x = np.zeros(config.search_shape, np.float32)
        self.outputs: Outputs = tuple(maps[name] for name in config.outputs)
        self._kernels = empty_arrays([tensor for tensor in graph.inputs if tensor.name in kernels])
        self._x_name = next(tensor.name for tensor in graph.inputs if tensor.name not in kernels)
        self._used: KernelTemplate | None = None  # whose kernels the inputs hold
        self._graph = engine.load(
            bundle.graph_bytes(variant, role),
            bundle.weights_bytes(variant, role),
            graph,
            {self._x_name: self.x, **self._kernels, **maps},
        )
        self.run = self._graph.run

    def take(self, x: NDArray[np.float32]) -> None:
        """Lets the graph read another array from now on.

        Raises:
            SdstError: it has another shape, type or layout.
        """
        if x is not self.x:
            require_array("search input", x, self.x.shape)
            self._graph.bind_input(self._x_name, x)
            self.x = x

    def use(self, template: KernelTemplate) -> None:
        """Lets the graph correlate with that target from now on.

        Raises:
            SdstError: the template is closed.
        """
        kernels = template.kernels
        if template is not self._used:
            for name, array in self._kernels.items():
                np.copyto(array, kernels[name])
            self._used = template


def _refuse_closed() -> NoReturn:
    raise SdstError("the session is closed; open it again")


def _gpu(accelerator: str | None) -> int | None:
    """The number of a Vulkan device, None for the CPU."""
    if accelerator is None or accelerator.lower() == "cpu":
        return None
    found = _ACCELERATOR.fullmatch(accelerator.lower())
    if found is None:
        raise ConfigError(
            f"accelerator is {accelerator!r}, expected 'cpu', 'vulkan', or 'vulkan:1' for the second GPU of ncnn"
        )
    return int(found[1] or 0)

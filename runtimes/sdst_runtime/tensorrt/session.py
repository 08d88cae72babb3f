"""A session on TensorRT. Not verified on hardware: its flow is tested with a stand-in for TensorRT and CUDA."""

from __future__ import annotations

import logging
import threading
from types import TracebackType

import numpy as np
from numpy.typing import NDArray

from sdst_runtime.bundle import Bundle
from sdst_runtime.consistency import search_configs
from sdst_runtime.crop_rule import Normalization
from sdst_runtime.errors import SdstError
from sdst_runtime.manifest import GraphRole, SessionKind
from sdst_runtime.ort_graph import require_array
from sdst_runtime.session import Outputs, Template
from sdst_runtime.tensorrt.binding import import_tensorrt
from sdst_runtime.tensorrt.building import Workshop
from sdst_runtime.tensorrt.chain import SearchChain
from sdst_runtime.tensorrt.cuda import CudaBackend, open_cuda
from sdst_runtime.tensorrt.engine import EngineLoader, LoadedEngine
from sdst_runtime.tensorrt.engine_files import read_engine
from sdst_runtime.tensorrt.memory import Block, size_of, tensor_memory, tensors_of
from sdst_runtime.tensorrt.options import BuildProgress, TensorRTOptions
from sdst_runtime.tensorrt.pieces import Pieces
from sdst_runtime.tensorrt.template import TensorRTTemplate

__all__ = ["TensorRTSession"]

_WARM_UP_RUNS = 2  # the first takes up what TensorRT puts off until then
_log = logging.getLogger(__name__)


class TensorRTSession:
    """The engines of one variant, loaded and run once.

    A session belongs to one thread: the one that opened it, until another one calls :meth:`adopt`. Between calls no
    CUDA context is left on any thread.

    Attributes:
        kind: ``split``: kernels stay beside the graphs.
        engines: what runs, and how it was built.
        notes: what a user may want to know, such as why there is no CUDA graph.
    """

    kind: SessionKind = "split"
    threads = 1

    def __init__(
        self,
        bundle: Bundle,
        *,
        variant: str | None = None,
        options: TensorRTOptions | None = None,
        on_progress: BuildProgress | None = None,
    ) -> None:
        """Finds or builds the engines, loads them and runs each.

        Args:
            bundle: checked by :meth:`Bundle.open`.
            variant: of ONNX graphs, with a graph of the correlations; None for the bundle's default.
            options: None for the defaults.
            on_progress: shows how far builds are; None: they are logged.

        Raises:
            BackendUnavailable: TensorRT, or a binding of CUDA, is not installed.
            DeviceError: there is no GPU; the engines that are there were built for another one; or they cannot be
                built, written or loaded.
            ConfigError: TensorRT cannot run the variant, or does not have an option.
            ManifestError: there is no such variant.
        """
        options = TensorRTOptions() if options is None else options
        self._pieces = Pieces.of(bundle, variant)
        self._thread = threading.get_ident()
        self._templates: set[TensorRTTemplate] = set()
        self._active: TensorRTTemplate | None = None  # whose kernels are in their place
        self._chains: tuple[SearchChain, ...] = ()
        self._embedders: tuple[LoadedEngine, ...] = ()
        self._loaded: dict[GraphRole, LoadedEngine] = {}
        trt = import_tensorrt()
        self._cuda: CudaBackend | None = None
        cuda = self._cuda = open_cuda(options.cuda, options.device)
        try:
            with cuda.current():
                shop = Workshop(trt=trt, cuda=cuda, pieces=self._pieces, options=options, on_progress=on_progress)
                self.engines, folder = shop.engines()
                loader = EngineLoader(trt)
                for role, engine in self.engines.engines.items():
                    self._loaded[role] = loader.load(read_engine(folder, engine), self._pieces.graphs[role])
                self._bind(cuda)
                self.notes = (*self.engines.notes, *self._warm_up(options.cuda_graph))
        except BaseException:
            self.close()
            raise
        for note in self.notes:
            _log.info("%s", note)

    @property
    def memory_bytes(self) -> int:
        """What the engines' contexts hold on the device, apart from weights, as far as TensorRT tells."""
        return sum(engine.memory_bytes or 0 for engine in self._loaded.values())

    @property
    def captured(self) -> bool:
        """Whether a frame is one CUDA graph."""
        return bool(self._chains) and all(chain.captured for chain in self._chains)

    def embed(self, z: NDArray[np.float32]) -> TensorRTTemplate:
        """Runs the template branch, and keeps its kernels on the device.

        Args:
            z: (1, 3, template_size, template_size) float32, C-contiguous. Not kept.

        Raises:
            SdstError: ``z`` has another shape, type or layout, the session is closed or another thread's, or it failed.
        """
        cuda = self._enter()
        require_array("template input", z, self._z.shape)
        self._active = None
        np.copyto(self._z, z)
        with cuda.current():
            cuda.upload(self._z_address, self._z)
            for engine in self._embedders:
                engine.enqueue(cuda.stream)
            address = cuda.allocate(self._block.size_bytes)
            try:
                for tensor in self._kernels:
                    kept = address + self._block.offsets[tensor.name]
                    cuda.copy(kept, self._places[tensor.name], size_of(tensor))
                cuda.wait()
            except BaseException:
                cuda.free(address)
                raise
        template = TensorRTTemplate(self, address, self._block.size_bytes, self._release)
        self._templates.add(template)
        self._active = template
        return template

    def match(self, template: Template, x: NDArray[np.float32]) -> Outputs:
        """Runs search branch, correlations and tail.

        Args:
            template: of this session, not closed.
            x: ``TrackerConfig.search_shape``, or that of ``for_small_target()``; float32, C-contiguous. Not kept.

        Returns:
            Maps that stay valid until the next call of this session.

        Raises:
            SdstError: ``x`` has another shape, type or layout, the template is closed or another session's, the session
                is closed or another thread's, or it failed.
        """
        cuda = self._enter()
        if not isinstance(template, TensorRTTemplate) or template.owner is not self:
            raise SdstError("the template belongs to another session; embed with this session")
        chain = self._chain(x)
        with cuda.current():
            if template is not self._active:
                self._place(cuda, template.address)
                self._active = template
            chain.run(x)
        return chain.outputs

    def adopt(self) -> None:
        """Makes the session the calling thread's, while no other thread uses it: as a worker does that it was made for.

        Raises:
            SdstError: the session is closed.
        """
        if self._cuda is None:
            raise SdstError("the session is closed; open it again")
        self._thread = threading.get_ident()

    def close(self) -> None:
        """Frees everything on the device, templates too. Closing twice is allowed.

        Raises:
            SdstError: it is called in another thread than the session's.
        """
        if self._cuda is None:
            return
        cuda = self._enter()
        self._cuda = None
        try:
            with cuda.current():
                for chain in self._chains:
                    chain.close()
                for engine in self._loaded.values():
                    engine.close()
                self._z = np.zeros(0, np.float32)
        finally:
            self._chains, self._embedders, self._active = (), (), None
            self._loaded.clear()
            self._templates.clear()
            cuda.close()

    def __enter__(self) -> TensorRTSession:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _bind(self, cuda: CudaBackend) -> None:
        """Gives every tensor its place."""
        pieces, graphs, loaded = self._pieces, self._pieces.graphs, self._loaded
        first: tuple[GraphRole, ...] = ("trunk", "template") if "trunk" in loaded else ("template",)
        tensors = tensors_of(graphs[role] for role in first)
        memory = tensor_memory(cuda, tensors.values())
        self._embedders = tuple(loaded[role] for role in first)
        for engine in self._embedders:
            engine.bind(memory)
        (z,) = graphs[first[0]].inputs
        self._z, self._z_address = cuda.pinned(z.shape), memory[z.name]
        self._kernels = graphs["template"].outputs
        self._block = Block.of(self._kernels)
        self._places = {tensor.name: memory[tensor.name] for tensor in self._kernels}
        chains = []
        for roles, config in zip(pieces.sizes, search_configs(pieces.bundle.manifest.tracker), strict=True):
            correlate = roles.correlate[self.engines.correlation[roles.search]]
            steps = [(loaded[role], graphs[role]) for role in (roles.search, correlate, roles.tail)]
            chains.append(SearchChain(cuda, steps, self._places, config))
        self._chains = tuple(chains)

    def _warm_up(self, capture: bool) -> list[str]:
        """Runs everything, so that no first frame pays for it; returns what is to be told."""
        noise, notes = _Noise(self._pieces.bundle.manifest.tracker.normalization), []
        template = self.embed(noise.crop(self._z.shape))
        for chain in self._chains:
            x, other = noise.crop(chain.shape), noise.crop(chain.shape)
            for _ in range(_WARM_UP_RUNS):
                chain.run(x)
            if not all(np.isfinite(output).all() for output in chain.outputs):
                notes.append("maps of a noisy picture are not finite: is the range of float16 exceeded?")
            if capture and (note := chain.capture(x, other)) is not None:
                notes.append(note)
        template.close()
        return list(dict.fromkeys(notes))

    def _enter(self) -> CudaBackend:
        if self._cuda is None:
            raise SdstError("the session is closed; open it again")
        if threading.get_ident() != self._thread:
            raise SdstError(
                f"the session belongs to another thread, this is {threading.current_thread().name}; open it in the "
                "thread that tracks, or call its adopt() there first"
            )
        return self._cuda

    def _chain(self, x: NDArray[np.float32]) -> SearchChain:
        shape = getattr(x, "shape", None)
        chain = next((chain for chain in self._chains if chain.shape == shape), self._chains[0])
        require_array("search input", x, chain.shape)
        return chain

    def _place(self, cuda: CudaBackend, address: int) -> None:
        for tensor in self._kernels:
            cuda.copy(self._places[tensor.name], address + self._block.offsets[tensor.name], size_of(tensor))

    def _release(self, template: TensorRTTemplate, address: int) -> None:
        """Frees a template's kernels; those of a closed session are gone already."""
        if self._cuda is None:
            return
        cuda = self._enter()
        if template is self._active:
            self._active = None
        self._templates.discard(template)
        with cuda.current():
            cuda.free(address)


class _Noise:
    """Crops of noisy pictures, as a tracker would normalise them."""

    def __init__(self, rule: Normalization) -> None:
        self._numbers = np.random.default_rng(0)
        self._mean, self._std = (np.array(item, np.float32)[:, None, None] for item in (rule.mean, rule.std))

    def crop(self, shape: tuple[int, ...]) -> NDArray[np.float32]:
        pixels = 255 * self._numbers.random(shape, np.float32)
        return np.asarray((pixels - self._mean) / self._std, np.float32)

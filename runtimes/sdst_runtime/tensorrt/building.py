"""The engines of a variant: found beside the bundle, or built there. Not verified on hardware."""

from __future__ import annotations

import hashlib
import logging
import os
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType

from sdst_runtime.errors import DeviceError
from sdst_runtime.manifest import CorrelationForm, GraphRole
from sdst_runtime.search_roles import SearchRoles
from sdst_runtime.tensorrt.binding import EngineRefused
from sdst_runtime.tensorrt.builder import EngineBuilder, GraphSource, is_strongly_typed
from sdst_runtime.tensorrt.correlation_check import MAX_CORRELATION_ERROR, correlation_error
from sdst_runtime.tensorrt.cuda import CudaBackend
from sdst_runtime.tensorrt.engine import EngineLoader
from sdst_runtime.tensorrt.engine_files import (
    SIDECAR,
    EngineFile,
    EngineSet,
    Place,
    read_timings,
    write_file,
    writing_set,
)
from sdst_runtime.tensorrt.options import BuildOptions, BuildProgress, TensorRTOptions
from sdst_runtime.tensorrt.pieces import Pieces, find_set

__all__ = ["CACHE_VARIABLE", "ENGINES", "Workshop"]

ENGINES = "engines"  # in the bundle's folder
CACHE_VARIABLE = "SDST_ENGINES"

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Workshop:
    """All that it takes to find or build the engines of a variant.

    Attributes:
        trt: the package ``tensorrt``.
        cuda: the GPU; methods are to be called within its ``current()``.
        pieces: the variant's graphs.
        options: where engines are, and how they are built.
        on_progress: called as the builds go on; None: each is logged as a warning, since it is minutes that pass.
    """

    trt: ModuleType
    cuda: CudaBackend
    pieces: Pieces
    options: TensorRTOptions
    on_progress: BuildProgress | None = None

    @property
    def root(self) -> Path:
        """Folder of engines: that of the options, that of the environment, or one in the bundle's."""
        if self.options.cache is not None:
            return self.options.cache
        named = os.environ.get(CACHE_VARIABLE)
        return Path(named) if named else self.pieces.bundle.path / ENGINES

    @property
    def place(self) -> Place:
        """This GPU, with this TensorRT."""
        gpu = self.cuda.device
        return Place(gpu=gpu.name, compute_capability=gpu.compute_capability, tensorrt=str(self.trt.__version__))

    def engines(self, *, elsewhere_is_error: bool = True) -> tuple[EngineSet, Path]:
        """The set that fits, with its folder: one that is there, or one that is built now.

        Args:
            elsewhere_is_error: whether sets that were all built for another GPU or TensorRT are; else one for this
                place is built beside them.

        Raises:
            DeviceError: those that are there were built for another GPU or TensorRT; or none is there and none is to
                be built; or it cannot be built or written.
        """
        if not self.options.rebuild:
            try:
                found = find_set(self.root, self.pieces, self.place, self.options.build)
            except DeviceError:
                if elsewhere_is_error:
                    raise
                found = None
            if found is not None:
                return found
            if not self.options.build_missing:
                raise DeviceError(
                    f"{self.root} has no engines for {self.place}; build them: sdst-edge engine "
                    f"{self.pieces.bundle.path} --variant {self.pieces.name}"
                )
        return self._build(self.options.build or BuildOptions())

    def _build(self, options: BuildOptions) -> tuple[EngineSet, Path]:
        name = self.pieces.set_name(self.place, options)
        with writing_set(self.root, name) as folder:
            run = _Run(shop=self, folder=folder, options=options)
            built = run.build()
            write_file(folder / SIDECAR, built.dumps().encode())
        with suppress(OSError):  # it saves time, no more
            write_file(self.root / f"timings-{self.place.slug}", run.builder.timings)
        return built, self.root / name


@dataclass(slots=True, kw_only=True)
class _Run:
    """One build of a set, on the way."""

    shop: Workshop
    folder: Path
    options: BuildOptions
    engines: dict[GraphRole, EngineFile] = field(default_factory=dict)
    correlation: dict[GraphRole, CorrelationForm] = field(default_factory=dict)
    refused: dict[GraphRole, str] = field(default_factory=dict)
    builder: EngineBuilder = field(init=False)
    loader: EngineLoader = field(init=False)

    def __post_init__(self) -> None:
        shop = self.shop
        self.builder = EngineBuilder(shop.trt, self.options, read_timings(shop.root, shop.place))
        self.loader = EngineLoader(shop.trt)

    def build(self) -> EngineSet:
        pieces = self.shop.pieces
        for role in pieces.fixed:
            self._keep(role, self._plan(role))
        for roles in pieces.sizes:
            self._build_correlation(roles)
        self._tell(1.0, "engines built")
        device = self.shop.cuda.device
        return EngineSet(
            variant=pieces.name,
            precision=pieces.variant.precision,
            place=self.shop.place,
            driver=device.driver,
            cuda=device.runtime,
            strongly_typed=is_strongly_typed(self.shop.trt),
            options=self.options,
            engines=self.engines,
            correlation=self.correlation,
            refused=self.refused,
            notes=tuple(self.builder.notes),
        )

    def _build_correlation(self, roles: SearchRoles) -> None:
        """The first form that is built, and computes what libsdst does."""
        forms = self.shop.pieces.forms[roles.search]
        for form, role in forms.items():
            try:
                plan = self._plan(role)
                self._check(role, plan)
            except EngineRefused as error:
                self.refused[role] = str(error)
                continue
            self._keep(role, plan)
            self.correlation[roles.search] = form
            return
        reasons = "; ".join(self.refused[role] for role in forms.values())
        raise EngineRefused(f"no form of the correlation can be had ({', '.join(forms)}): {reasons}")

    def _check(self, role: GraphRole, plan: bytes) -> None:
        graph, manifest = self.shop.pieces.graphs[role], self.shop.pieces.bundle.manifest
        try:
            engine = self.loader.load(plan, graph)
            error = correlation_error(self.shop.cuda, engine, graph, manifest.correlations)
            engine.close()
        except DeviceError as failure:
            raise EngineRefused(f"{graph.file} was built, but does not run: {failure}") from None
        if error > MAX_CORRELATION_ERROR:
            raise EngineRefused(
                f"{graph.file} was built, but its responses are {error:.2g} of the largest off those of libsdst, "
                f"expected at most {MAX_CORRELATION_ERROR}"
            )

    def _plan(self, role: GraphRole) -> bytes:
        pieces = self.shop.pieces
        source = GraphSource(
            model=pieces.bundle.graph_bytes(pieces.name, role),
            graph=pieces.graphs[role],
            precision=pieces.variant.precision,
        )
        self._tell(self._share(0.0), role)
        show = self.shop.on_progress
        if show is None:
            return self.builder.build(source)
        return self.builder.build(source, lambda share: show(self._share(share), role))

    def _keep(self, role: GraphRole, plan: bytes) -> None:
        file = f"{role}.engine"
        write_file(self.folder / file, plan)
        self.engines[role] = EngineFile(
            file=file,
            sha256=hashlib.sha256(plan).hexdigest(),
            size_bytes=len(plan),
            onnx_sha256=self.shop.pieces.graphs[role].sha256,
        )

    def _share(self, of_this: float) -> float:
        pieces = self.shop.pieces
        return (len(self.engines) + of_this) / (len(pieces.fixed) + len(pieces.sizes))

    def _tell(self, share: float, what: str) -> None:
        if self.shop.on_progress is not None:
            self.shop.on_progress(share, what)
        else:
            text = "building TensorRT's engines for %s, once: %s (%.0f %%)"
            _log.warning(text, self.shop.place, what, 100 * share)

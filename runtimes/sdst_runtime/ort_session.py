"""A session on ONNX Runtime; see :mod:`sdst_runtime.ort_graph` for what was measured and chosen."""

from __future__ import annotations

from collections.abc import Sequence
from types import TracebackType
from typing import Any, NoReturn, TypeAlias

import numpy as np
from numpy.typing import NDArray

from sdst_runtime.bundle import Bundle
from sdst_runtime.consistency import ROLES, search_configs, session_roles
from sdst_runtime.errors import ConfigError, ManifestError, SdstError
from sdst_runtime.manifest import SessionKind, Variant
from sdst_runtime.ort_crop import CropInput
from sdst_runtime.ort_graph import CPU_PROVIDERS, OrtOptions, Provider, empty_arrays
from sdst_runtime.ort_heads import BakedHead, Head, Run, SplitHead
from sdst_runtime.ort_mask import OrtMask
from sdst_runtime.ort_search import OrtSearch
from sdst_runtime.ort_template import OrtTemplate, crop_tensor, load_template
from sdst_runtime.ort_variant import OrtVariant
from sdst_runtime.session import Outputs, Template

__all__ = ["Features", "OrtSession"]

Features: TypeAlias = tuple[NDArray[np.float32], ...]

_KINDS: tuple[SessionKind, ...] = ("baked", "split")
_WARM_UP_RUNS = 2  # the first plans the memory, the second is the first that uses the plan


class OrtSession:
    """The graphs of one variant, loaded and run once. Not for two threads at once.

    Attributes:
        kind: how a target's template is kept.
        threads: that one graph may use.
        reads_bytes: whether the graphs begin with bytes, see :class:`sdst_runtime.session.Session`.
    """

    _run_template: Run
    _run_search: Run  # this and the next four belong to the search size of the last search
    _x: NDArray[Any]
    _index: int
    _features: Features
    _outputs: Outputs
    _searches: tuple[OrtSearch, ...]  # empty once the session is closed

    def __init__(
        self,
        bundle: Bundle,
        *,
        kind: SessionKind | None = None,
        variant: str | None = None,
        threads: int = 1,
        providers: Sequence[Provider] | str = CPU_PROVIDERS,
    ) -> None:
        """Loads the graphs and runs each, so that no first frame pays for it.

        Graphs for small targets are among them, so that what is wrong with them is told here too: for LightTrack they
        take 34 MiB of 108 and 0.1 s. The mask graph is loaded for each target whose mask is asked for.

        Args:
            bundle: checked by :meth:`Bundle.open`.
            kind: None for the variant's default.
            variant: None for the bundle's default.
            threads: that one graph may use, >= 1.
            providers: names of ONNX Runtime's execution providers in order of preference, or one name.

        Raises:
            BackendUnavailable: ONNX Runtime, a provider or libsdst is missing.
            ConfigError: an option that cannot be.
            ManifestError: no such variant, a graph is missing, or ONNX Runtime cannot load one.
        """
        chosen = bundle.variant(variant)
        self.kind = _choose_kind(bundle, chosen, kind)
        self.threads, self.reads_bytes = threads, chosen.reads_bytes
        options = OrtOptions(
            threads=threads, providers=(providers,) if isinstance(providers, str) else tuple(providers)
        )
        graphs = OrtVariant(bundle=bundle, name=variant, options=options)
        template, config = graphs.graph("template"), bundle.manifest.tracker
        self._kernels = empty_arrays(template.outputs)
        self._z = CropInput("template input", crop_tensor(graphs), config.template_shape, config.normalization)
        self._run_template = load_template(graphs, self._z.array, self._kernels)
        head_type: type[Head] = BakedHead if self.kind == "baked" else SplitHead
        sizes = zip(ROLES[self.kind], search_configs(config), strict=False)
        self._searches = tuple(OrtSearch(graphs, (search, head), each, head_type) for (search, head), each in sizes)
        features = self._searches[0].named_features
        self._mask = OrtMask(graphs, features, config.response_size) if bundle.manifest.mask is not None else None
        self._matched: Template | None = None  # whose features the search graph has left
        self._use(0)
        self._warm_up()

    def embed(self, z: NDArray[Any]) -> OrtTemplate:
        """Runs the template branch and readies the head for its kernels. The maps of the last match become invalid.

        With two search sizes it is not known yet which one the target needs: its head is made by the first match.

        Args:
            z: (1, 3, template_size, template_size) float32, or (1, template_size, template_size, 3) uint8 where bytes
                are read; C-contiguous. Not kept.

        Raises:
            SdstError: ``z`` has another shape, type or layout, the session is closed, or ONNX Runtime failed.
        """
        np.copyto(self._z.array, self._z.readable(z))
        self._run_template()
        template = OrtTemplate(
            self, {name: kernel.copy() for name, kernel in self._kernels.items()}, len(self._searches)
        )
        if len(self._searches) == 1:
            template.heads[0] = self._searches[0].head.prepare(template.kernels)
        return template

    def match(self, template: Template, x: NDArray[Any]) -> Outputs:
        """Runs the search branch and the head: :meth:`head` of :meth:`search`."""
        return self.head(template, self.search(x))

    def search(self, x: NDArray[Any]) -> Features:
        """Runs the search branch.

        Args:
            x: ``TrackerConfig.search_shape``, or that of ``for_small_target()``, float32, or uint8 of its
                :func:`~sdst_runtime.byte_crops.byte_shape` where bytes are read; C-contiguous. Read during the call
                only, but the array is kept alive until a call with another one: pass the same one every time, it is
                then not looked at again.

        Returns:
            Features that stay valid until the next call, for :meth:`head` of this session.

        Raises:
            SdstError: ``x`` has another shape, type or layout, the session is closed, or ONNX Runtime failed.
        """
        if x is not self._x:
            self._take(x)
        self._matched = None
        self._run_search()
        return self._features

    def head(self, template: Template, features: Features) -> Outputs:
        """Runs the correlations and what follows them.

        Args:
            template: of this session, not closed.
            features: what the last :meth:`search` of this session returned.

        Returns:
            Maps that stay valid until the next call of this session.

        Raises:
            SdstError: the template is closed or another session's, the session is closed, or ONNX Runtime failed.
        """
        if not isinstance(template, OrtTemplate) or template.owner is not self or features is not self._features:
            if not self._features:
                _refuse_closed()
            raise SdstError(
                "the template or the features belong to another session or to an earlier search; "
                "embed and search with this session"
            )
        run = template.heads[self._index]
        if run is None:  # the first match of this size
            template.heads[self._index] = self._searches[self._index].head.prepare(template.kernels)
        else:
            run()
        self._matched = template
        return self._outputs

    def segment(self, template: Template, cell: tuple[int, int]) -> NDArray[np.float32]:
        """Runs the mask branch on the features of the last match, which was of this template.

        The first call for a target builds its graph.

        Args:
            template: of the last :meth:`match` or :meth:`head` of this session, not closed.
            cell: row and column in the output maps.

        Returns:
            Logits (1, 1, side, side) that stay valid until the next call of this session.

        Raises:
            ConfigError: the bundle has no mask branch, or the cell is outside of the maps.
            ManifestError: ONNX Runtime cannot load the mask graph.
            SdstError: the last match was another template's, template or session is closed, or ONNX Runtime failed.
        """
        if not self._searches:
            _refuse_closed()
        if self._mask is None:
            raise ConfigError("this bundle has no mask branch; a tracker that segments has manifest.mask")
        if not isinstance(template, OrtTemplate) or template is not self._matched:
            raise SdstError("the session's last match was not of this template; segment right after its match()")
        self._mask.place(cell)
        if template.segment is None:
            template.segment = self._mask.prepare(template.kernels)
        template.segment()
        return self._mask.logits

    def close(self) -> None:
        """Frees the graphs; templates made before can only be closed. Closing twice is allowed."""
        self._run_template = self._run_search = _refuse_closed
        self._searches = self._features = ()
        self._mask = self._matched = None
        self._x = self._z.array  # which nobody else has

    def __enter__(self) -> OrtSession:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _take(self, x: NDArray[Any]) -> None:
        """Lets the search graph of the array's shape read it."""
        if not self._searches:
            _refuse_closed()
        shape = getattr(x, "shape", None)
        index = next((i for i, search in enumerate(self._searches) if search.takes(shape)), 0)
        self._searches[index].take(x)
        self._use(index)

    def _use(self, index: int) -> None:
        search = self._searches[index]
        self._index, self._x = index, search.x
        self._run_search, self._features, self._outputs = search.run, search.features, search.outputs

    def _warm_up(self) -> None:
        for search in reversed(self._searches):  # the ordinary size is the last
            for _ in range(_WARM_UP_RUNS):
                template = self.embed(self._z.array)
                self.match(template, search.x)
                template.close()


def _choose_kind(bundle: Bundle, variant: Variant, kind: SessionKind | None) -> SessionKind:
    chosen = variant.session if kind is None else kind
    if chosen not in _KINDS:
        raise ConfigError(f"session kind is {chosen!r}, expected one of {', '.join(_KINDS)} in ONNX Runtime")
    if missing := [role for role in session_roles(bundle.manifest, chosen) if role not in variant.graphs]:
        raise ManifestError(
            f"{bundle.path} has no {missing[0]} graph, which a {chosen} session runs; "
            f"use the variant's own kind, {variant.session}, or export the bundle again"
        )
    return chosen


def _refuse_closed(*_: object, **__: object) -> NoReturn:
    raise SdstError("the session is closed; open it again")

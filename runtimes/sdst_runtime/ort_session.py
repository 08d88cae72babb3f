"""A session on ONNX Runtime; see :mod:`sdst_runtime.ort_graph` for what was measured and chosen."""

from __future__ import annotations

from collections.abc import Sequence
from types import TracebackType
from typing import NoReturn, TypeAlias

import numpy as np
from numpy.typing import NDArray

from sdst_runtime.bundle import Bundle
from sdst_runtime.consistency import ROLES
from sdst_runtime.errors import ConfigError, ManifestError, SdstError
from sdst_runtime.manifest import SessionKind, Variant
from sdst_runtime.ort_graph import CPU_PROVIDERS, OrtGraph, OrtOptions, empty_arrays, require_array
from sdst_runtime.ort_heads import BakedHead, Head, OrtTemplate, SplitHead
from sdst_runtime.session import Outputs, Template

__all__ = ["Features", "OrtSession"]

Features: TypeAlias = tuple[NDArray[np.float32], ...]

_WARM_UP_RUNS = 2  # the first plans the memory, the second is the first that uses the plan


class OrtSession:
    """The graphs of one variant, loaded and run once. Not for two threads at once.

    Attributes:
        kind: how a target's template is kept.
        threads: that one graph may use.
    """

    def __init__(
        self,
        bundle: Bundle,
        *,
        kind: SessionKind | None = None,
        variant: str | None = None,
        threads: int = 1,
        providers: Sequence[str] = CPU_PROVIDERS,
    ) -> None:
        """Loads the graphs and runs each, so that no first frame pays for it.

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
        self.threads = threads
        options = OrtOptions(
            threads=threads, providers=(providers,) if isinstance(providers, str) else tuple(providers)
        )
        template, search = chosen.graphs["template"], chosen.graphs["search"]
        self._x_name, self._x_shape = search.inputs[0].name, search.inputs[0].shape
        self._kernels, features = empty_arrays(template.outputs), empty_arrays(search.outputs)
        maps = empty_arrays(chosen.graphs[ROLES[self.kind][-1]].outputs)
        self._z, self._x = np.zeros(template.inputs[0].shape, np.float32), np.zeros(self._x_shape, np.float32)
        self._features, self._outputs = tuple(features.values()), tuple(maps.values())
        arrays = {template.inputs[0].name: self._z, **self._kernels}
        template_graph = OrtGraph(bundle.graph_bytes(variant, "template"), template, options, arrays)
        arrays = {self._x_name: self._x, **features}
        search_graph = OrtGraph(bundle.graph_bytes(variant, "search"), search, options, arrays)
        head_type: type[Head] = BakedHead if self.kind == "baked" else SplitHead
        head = head_type(bundle, variant, options, {**features, **maps})
        self._run_template, self._run_search = template_graph.run, search_graph.run
        self._bind_search, self._prepare_head = search_graph.bind_input, head.prepare
        self._warm_up()

    def embed(self, z: NDArray[np.float32]) -> OrtTemplate:
        """Runs the template branch and readies the head for its kernels. The maps of the last match become invalid.

        Args:
            z: (1, 3, template_size, template_size) float32, C-contiguous. Not kept.

        Raises:
            SdstError: ``z`` has another shape, type or layout, the session is closed, or ONNX Runtime failed.
        """
        require_array("template input", z, self._z.shape)
        np.copyto(self._z, z)
        self._run_template()
        run = self._prepare_head(self._kernels)
        return OrtTemplate(self, run, sum(kernel.nbytes for kernel in self._kernels.values()))

    def match(self, template: Template, x: NDArray[np.float32]) -> Outputs:
        """Runs the search branch and the head: :meth:`head` of :meth:`search`."""
        return self.head(template, self.search(x))

    def search(self, x: NDArray[np.float32]) -> Features:
        """Runs the search branch.

        Args:
            x: (1, 3, search_size, search_size) float32, C-contiguous. Read during the call only, but the array is
                kept alive until a call with another one: pass the same one every time, it is then not looked at again.

        Returns:
            Features that stay valid until the next call, for :meth:`head` of this session.

        Raises:
            SdstError: ``x`` has another shape, type or layout, the session is closed, or ONNX Runtime failed.
        """
        if x is not self._x:
            require_array("search input", x, self._x_shape)
            self._bind_search(self._x_name, x)
            self._x = x
        self._run_search()
        return self._features

    def head(self, template: Template, features: Features) -> Outputs:
        """Runs the correlations and what follows them.

        Args:
            template: of this session, not closed.
            features: what :meth:`search` of this session returned.

        Returns:
            Maps that stay valid until the next call of this session.

        Raises:
            SdstError: the template is closed or another session's, the session is closed, or ONNX Runtime failed.
        """
        if not isinstance(template, OrtTemplate) or template.owner is not self or features is not self._features:
            if not self._features:
                _refuse_closed()
            raise SdstError("the template or the features belong to another session; embed and search with this one")
        template.run()
        return self._outputs

    def close(self) -> None:
        """Frees the graphs; templates made before can only be closed. Closing twice is allowed."""
        self._run_template = self._run_search = _refuse_closed
        self._bind_search = self._prepare_head = _refuse_closed
        self._features = ()
        self._x = self._z

    def __enter__(self) -> OrtSession:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _warm_up(self) -> None:
        for _ in range(_WARM_UP_RUNS):
            template = self.embed(self._z)
            self.match(template, self._x)
            template.close()


def _choose_kind(bundle: Bundle, variant: Variant, kind: SessionKind | None) -> SessionKind:
    chosen = variant.session if kind is None else kind
    if chosen not in ROLES:
        raise ConfigError(f"session kind is {kind!r}, expected one of {', '.join(ROLES)}")
    if missing := [role for role in ROLES[chosen] if role not in variant.graphs]:
        raise ManifestError(
            f"{bundle.path} has no {missing[0]} graph, which a {chosen} session runs; "
            f"use the variant's own kind, {variant.session}, or export the bundle again"
        )
    return chosen


def _refuse_closed(*_: object, **__: object) -> NoReturn:
    raise SdstError("the session is closed; open it again")

"""The float32 graphs of a network, from which every variant is made."""

from __future__ import annotations

import copy

import onnx

from sdst_edge.models.base import SiameseModel
from sdst_edge.models.folding import fold
from sdst_export.cut import Cut
from sdst_export.graphs import OPSET, trace
from sdst_export.simplify import simplify
from sdst_runtime.config import TrackerConfig
from sdst_runtime.consistency import ROLES
from sdst_runtime.errors import ConfigError
from sdst_runtime.manifest import Correlation, CorrelationForm, GraphRole, Mask, SessionKind
from sdst_runtime.search_roles import SEARCH_ROLES

__all__ = ["FloatGraphs"]

_CORRELATE: dict[GraphRole, CorrelationForm] = {
    role: form for roles in SEARCH_ROLES for form, role in roles.correlate.items()
}


class FloatGraphs:
    """A folded network, traced when a graph is asked for: simplified, static shapes, float32.

    Kernels are inputs here, of every graph that takes them; :mod:`sdst_export.placeholders` makes constants of them.

    Attributes:
        network: folded, in eval mode.
        family: name in the registry.
        config: what the tracker around the network does.
        correlations: of the boxes, with the names that search features have in the graphs.
        mask: of a network that segments.
        opset: of the graphs.
        form: in which correlations are spelled where no other is asked for.
        correlation_macs: multiply-accumulates of the boxes' correlations per frame.
    """

    def __init__(
        self, model: SiameseModel, family: str, form: CorrelationForm | None = None, *, opset: int = OPSET
    ) -> None:
        """A network's graphs; none is traced yet.

        Args:
            model: in eval mode, on the CPU. Not modified.
            family: name in the registry.
            form: of the correlations, None for the network's own.
            opset: of the graphs.
        """
        self.opset = opset
        self.network = copy.deepcopy(model)
        fold(self.network)
        self.family = family
        self.config: TrackerConfig = model.config
        self.form: CorrelationForm = form or model.correlation_form
        self._cuts: dict[CorrelationForm, Cut] = {}
        self._models: dict[tuple[GraphRole, CorrelationForm], onnx.ModelProto] = {}
        cut = self.cut()
        self.correlations: tuple[Correlation, ...] = cut.correlations
        self.correlation_macs = cut.correlation_macs
        self.mask: Mask | None = None
        if cut.mask is not None and model.mask is not None:
            self.mask = Mask(correlation=cut.mask, threshold=model.mask.threshold)

    @classmethod
    def of(cls, model: SiameseModel, family: str) -> FloatGraphs:
        """The graphs with correlations in the network's own form."""
        return cls(model, family)

    def cut(self, form: CorrelationForm | None = None) -> Cut:
        """The network in pieces, correlations spelled in that form or in the default one."""
        form = form or self.form
        if form not in self._cuts:
            self._cuts[form] = Cut(self.network, form)
        return self._cuts[form]

    def model(self, role: GraphRole, form: CorrelationForm | None = None) -> onnx.ModelProto:
        """The graph of a role. Not to be modified.

        Args:
            role: one of :meth:`roles`, or of a correlation by itself, which fixes the form.
            form: of its correlations, None for the default one.

        Raises:
            ConfigError: the network has no such graph.
        """
        form = _CORRELATE.get(role) or form or self.form
        cut = self.cut(form)
        if role not in cut.pieces:
            raise ConfigError(f"{self.family} has no {role} graph; it has {', '.join(cut.pieces)}")
        if not cut.pieces[role].kernels and "correlate" not in role:
            form = self.form  # it looks the same in every form
        if (role, form) not in self._models:
            self._models[role, form] = simplify(trace(self.network, cut.pieces[role], self.opset))
        return self._models[role, form]

    def kernels(self, role: GraphRole) -> tuple[str, ...]:
        """Names of the inputs that are correlation kernels."""
        return tuple(self.cut(_CORRELATE.get(role)).pieces[role].kernels)

    def roles(self, kind: SessionKind) -> tuple[GraphRole, ...]:
        """Roles of the graphs that a session of that kind runs, in the order in which a bundle lists them."""
        sizes = ROLES[kind][: 1 if self.config.small_target is None else 2]
        mask: tuple[GraphRole, ...] = () if self.mask is None or kind == "whole" else ("mask",)
        return ("template", *(role for roles in sizes for role in roles), *mask)

    def onnx_roles(self) -> tuple[GraphRole, ...]:
        """Roles of the graphs that ONNX Runtime may run, baked or split, in the order in which a bundle lists them."""
        sizes = SEARCH_ROLES[: 1 if self.config.small_target is None else 2]
        mask: tuple[GraphRole, ...] = () if self.mask is None else ("mask",)
        return ("template", *(role for roles in sizes for role in (roles.search, roles.head, roles.tail)), *mask)

    def correlate_roles(self) -> tuple[GraphRole, ...]:
        """Roles of the correlations by themselves, in every form."""
        sizes = SEARCH_ROLES[: 1 if self.config.small_target is None else 2]
        return tuple(role for roles in sizes for role in roles.correlate.values())

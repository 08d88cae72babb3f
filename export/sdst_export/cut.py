"""A network taken apart at its correlations: what each graph of a bundle computes, and from what.

::

    template   z                  -> kernel_*            once per target
    search     x                  -> search_*            once per frame
    head       kernel_*, search_* -> score, ltrb         where they are baked, the kernels become placeholders later
    tail       response_*         -> score, ltrb         head without the correlations
    match      x, kernel_*        -> score, ltrb         search and head in one
    correlate  kernel_*, search_* -> response_*          head without the tail, in three forms
    mask       kernel_*, search_*, cell -> mask          for one cell, after decoding

``search_small``, ``head_small`` and so on are the same functions on the larger search region of small targets.
Features that two correlations share are given once, under the name that the first of them has.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

import torch
from torch import Tensor

from sdst_edge.models.base import Maps, SiameseModel
from sdst_edge.models.correlation import correlate_kernel, kernel_layout
from sdst_export.macs import correlation_macs
from sdst_runtime.manifest import Correlation, CorrelationForm, GraphRole
from sdst_runtime.search_roles import SEARCH_ROLES, SearchRoles

__all__ = ["Cut", "Named", "Piece"]

Named: TypeAlias = Mapping[str, Tensor]


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """What one graph computes.

    Attributes:
        function: from inputs by name to the outputs in their order.
        inputs: examples in the order of the graph's inputs, and of their shapes.
        outputs: names.
        kernels: inputs that become placeholders.
    """

    function: Callable[[Named], Maps]
    inputs: Named
    outputs: Sequence[str]
    kernels: Sequence[str] = ()


class Cut:
    """A network in pieces.

    Attributes:
        correlations: those of the boxes, with the names that search features have in the graphs.
        mask: the mask branch's, likewise; None where there is none.
        pieces: by role, in the order in which a bundle lists its graphs.
        correlation_macs: multiply-accumulates of the boxes' correlations per frame, however they are spelled.
    """

    def __init__(self, model: SiameseModel, form: CorrelationForm) -> None:
        """Runs the network on zeros, to see which features are shared and what shapes there are.

        Args:
            model: folded, in eval mode, on the CPU.
            form: of the correlations.
        """
        self._model, self._form = model, form
        with torch.no_grad():
            features = model.search(torch.zeros(model.config.search_shape))
        first: dict[int, str] = {}  # name by identity of the tensor
        names = [first.setdefault(id(item), name) for name, item in zip(model.search_outputs, features, strict=True)]
        self._name = dict(zip(model.search_outputs, names, strict=True))  # in the model to in the graphs
        self._channels = {name: item.shape[1] for name, item in zip(names, features, strict=True)}
        self.correlations = tuple(self._renamed(item) for item in model.correlations)
        self.mask = None if model.mask is None else self._renamed(model.mask.correlation)
        with torch.no_grad():
            self.pieces: Mapping[GraphRole, Piece] = self._pieces()
        kernels, responses = self.pieces["head"].inputs, self.pieces["tail"].inputs
        self.correlation_macs = sum(
            correlation_macs(kernels[item.kernel].shape, responses[item.response].shape) for item in self.correlations
        )

    def _pieces(self) -> dict[GraphRole, Piece]:
        config, small = self._model.config, self._model.config.for_small_target()
        z = {"z": torch.zeros(config.template_shape)}
        every = self.correlations if self.mask is None else (*self.correlations, self.mask)
        kernels = dict(zip((item.kernel for item in every), self._template(z), strict=True))
        template = Piece(function=self._template, inputs=z, outputs=list(kernels))
        known: Named = {}
        pieces: dict[GraphRole, Piece] = {"template": template}
        for roles, each in zip(SEARCH_ROLES, (config, small), strict=True):
            if each is not None:
                region, tensors = self._region(roles, each.search_shape, kernels)
                pieces |= region
                known = known or tensors
        if self.mask is not None:
            pieces["mask"] = self._mask_piece(self.mask, known)
        return pieces

    def _region(
        self, roles: SearchRoles, shape: tuple[int, ...], kernels: Named
    ) -> tuple[dict[GraphRole, Piece], Named]:
        """The pieces for one shape of search input, and examples of all tensors there."""
        x = {"x": torch.zeros(shape)}
        features = dict(zip(self._channels, self._search(x), strict=True))
        known = {**kernels, **features}
        known |= self._responses(known)
        tail_inputs = _once(self._name.get(name, name) for name in self._model.tail_inputs)
        box_kernels = [item.kernel for item in self.correlations]
        read = {*tail_inputs, *(item.search for item in self.correlations)}
        head_inputs = [*box_kernels, *(name for name in features if name in read)]
        outputs, boxes = list(self._model.config.outputs), _select(kernels, box_kernels)
        operands = _select(known, [*box_kernels, *_once(item.search for item in self.correlations)])
        correlate = Piece(
            function=self._correlate_all,
            inputs=operands,
            outputs=[item.response for item in self.correlations],
            kernels=box_kernels,
        )
        pieces: dict[GraphRole, Piece] = {
            roles.search: Piece(function=self._search, inputs=x, outputs=list(features)),
            roles.head: Piece(
                function=self._head, inputs=_select(known, head_inputs), outputs=outputs, kernels=box_kernels
            ),
            roles.tail: Piece(function=self._tail, inputs=_select(known, tail_inputs), outputs=outputs),
            roles.match: Piece(function=self._match, inputs={**x, **boxes}, outputs=outputs, kernels=box_kernels),
            roles.correlate[self._form]: correlate,
        }
        return pieces, known

    def _mask_piece(self, correlation: Correlation, known: Named) -> Piece:
        branch = self._model.mask
        assert branch is not None
        reads = [self._name[name] for name in branch.reads]

        def mask(named: Named) -> Maps:
            response = self._correlate(correlation, named)
            return (branch(response, *(named[name] for name in reads), cell=named["cell"]),)

        cell = torch.zeros(2, dtype=torch.int64)
        inputs = _select({**known, "cell": cell}, _once([correlation.kernel, correlation.search, *reads, "cell"]))
        return Piece(function=mask, inputs=inputs, outputs=["mask"], kernels=[correlation.kernel])

    def _template(self, named: Named) -> Maps:
        every = zip(self._model.all_correlations, self._model.template(named["z"]), strict=True)
        return tuple(kernel_layout(item, features, self._channels[self._name[item.search]]) for item, features in every)

    def _search(self, named: Named) -> Maps:
        features = zip(self._model.search_outputs, self._model.search(named["x"]), strict=True)
        return tuple(item for name, item in features if self._name[name] == name)

    def _head(self, named: Named) -> Maps:
        return self._tail({**named, **self._responses(named)})

    def _match(self, named: Named) -> Maps:
        return self._head({**named, **dict(zip(self._channels, self._search(named), strict=True))})

    def _correlate_all(self, named: Named) -> Maps:
        return tuple(self._responses(named).values())

    def _tail(self, named: Named) -> Maps:
        return self._model.tail(*(named[self._name.get(name, name)] for name in self._model.tail_inputs))

    def _responses(self, named: Named) -> dict[str, Tensor]:
        return {item.response: self._correlate(item, named) for item in self.correlations}

    def _correlate(self, correlation: Correlation, named: Named) -> Tensor:
        return correlate_kernel(correlation, named[correlation.kernel], named[correlation.search], self._form)

    def _renamed(self, correlation: Correlation) -> Correlation:
        return replace(correlation, search=self._name[correlation.search])


def _once(names: Iterable[str]) -> list[str]:
    """The names in their order, each once."""
    return list(dict.fromkeys(names))


def _select(tensors: Named, names: Iterable[str]) -> dict[str, Tensor]:
    return {name: tensors[name] for name in names}

"""A network run with the rounding of an INT8 variant, and the ranges of its tensors."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, Literal, TypeAlias

import torch
from torch import Tensor, nn

from sdst_edge.models.base import Maps, SiameseModel
from sdst_edge.training.quantization_aware.rounding import Grid, decayed, round_activations, round_weights, widened
from sdst_edge.training.quantization_aware.scheme import SCHEMES
from sdst_edge.training.quantization_aware.units import Folded, Unit, find_units, folded
from sdst_edge.training.recipe.quantization import Quantization
from sdst_edge.training.students.student import trial

__all__ = ["Observing", "Quantizer"]

#: What happens to ranges: ``mean``: they follow batches by a running mean; ``extremes``: they grow to hold all that is
#: seen, and nothing is rounded meanwhile, as in post-training quantisation; ``no``: they stay.
Observing: TypeAlias = Literal["mean", "extremes", "no"]


class Quantizer(nn.Module):
    """Ranges of a network's tensors, one for each place and graph: template and search are quantised apart.

    Ranges are buffers, so a run that is resumed goes on with them. The network is no part of it: :meth:`applied` takes
    any copy of it. Residual sums take what they add as it comes; the export may round it once more.

    Attributes:
        observing: what happens to ranges while the network is run.

    Args:
        network: is run once on zeros to find the places; not changed.
        table: of the recipe.

    Raises:
        ConfigError: a module that is to stay float does not exist, or the network cannot be folded.
    """

    def __init__(self, network: SiameseModel, table: Quantization) -> None:
        super().__init__()
        self.observing: Observing = "no"
        self._decay = table.range_decay
        self._scheme = SCHEMES[table.variant]
        self._units = find_units(network, table.float_modules)
        self._finding = True
        device, config = next(network.parameters()).device, network.config
        z, x = (torch.zeros(shape, device=device) for shape in (config.template_shape, config.search_shape))
        with trial(network, seed=0), self.applied(network):
            network(z, x)
        self._finding = False

    @property
    def ranges(self) -> dict[str, Tensor]:
        """By place, such as ``search/trunk.0/output``: (2,) smallest and largest value, NaN before any was seen."""
        return {name.replace("|", "."): bounds for name, bounds in self.named_buffers()}

    @contextmanager
    def applied(self, network: SiameseModel, taken: list[Tensor] | None = None) -> Iterator[None]:
        """Runs a network rounded, whoever calls it, as long as the context lasts.

        Merged and rounded weights are computed once in it: weights and ``observing`` must not change meanwhile.

        Args:
            network: of the family and options that the quantizer was made for, folded or not.
            taken: is given each tensor before it is rounded.
        """
        run = _Run(self.put, taken, rounds_weights=self.observing != "extremes")
        with ExitStack() as stack:
            for unit in self._units:
                module = network.get_submodule(unit.name)
                stack.enter_context(_replaced(module, "forward", self._forward_of(unit, module, run)))
            for name, wrap in (("template", self._template), ("search", self._search), ("tail", _tail)):
                stack.enter_context(_replaced(network, name, wrap(network, run)))
            yield

    def put(self, place: str, x: Tensor, grid: Grid) -> Tensor | None:
        """A tensor on the grid of its place; None where the place has none.

        Args:
            place: see :attr:`ranges`.
            x: any shape.
            grid: the integers.
        """
        name = place.replace(".", "|")  # a buffer's name holds no dot
        if self._finding:
            self.register_buffer(name, torch.full((2,), torch.nan, device=x.device))
            return x
        bounds = self._buffers.get(name)
        if bounds is None:  # a copy of something that was rounded before
            return None
        if self.observing == "extremes":
            bounds.copy_(widened(bounds, x))
            return x
        if self.observing == "mean":
            bounds.copy_(decayed(bounds, x, self._decay))
        return round_activations(x, bounds, grid)

    def _forward_of(self, unit: Unit, module: nn.Module, run: _Run) -> Callable[[Tensor], Tensor]:
        grid = self._scheme.activations
        output = unit.output if self._scheme.rounds_outputs else "float"

        def forward(x: Tensor) -> Tensor:
            if unit.is_float:
                made = run.weights(unit, module)
                return made.activation(made.convolve(x, made.weight))  # type: ignore[no-any-return]
            x = run.rounded(f"{unit.name}/input", x, grid)
            made = run.weights(unit, module)
            y = made.convolve(x, made.weight)
            if output == "rounded before activation":
                y = run.rounded(f"{unit.name}/output", y, grid)
            y = made.activation(y)
            return run.rounded(f"{unit.name}/output", y, grid) if output == "rounded" else y

        return forward

    def _template(self, network: SiameseModel, run: _Run) -> Callable[[Tensor], Maps]:
        compute, kernel = network.template, self._scheme.kernel

        def template(z: Tensor) -> Maps:
            run.begin("template")
            maps = compute(z)
            if kernel is None:
                return maps
            named = zip(network.all_correlations, maps, strict=True)
            return tuple(run.rounded(item.kernel, features, kernel, again=True) for item, features in named)

        return template

    def _search(self, network: SiameseModel, run: _Run) -> Callable[[Tensor], Maps]:
        compute, grid = network.search, self._scheme.activations
        operands = {item.search for item in network.all_correlations} if self._scheme.kernel else set()

        def search(x: Tensor) -> Maps:
            run.begin("search")
            named = zip(network.search_outputs, compute(x), strict=True)
            return tuple(run.rounded(name, item, grid) if name in operands else item for name, item in named)

        return search


class _Run:
    """What is known while a network is run: which graph, which tensors are on their grid, which weights are made.

    Args:
        put: of the quantizer.
        taken: is given what is put on a grid.
        rounds_weights: whether units compute with rounded weights.
    """

    def __init__(
        self,
        put: Callable[[str, Tensor, Grid], Tensor | None],
        taken: list[Tensor] | None,
        *,
        rounds_weights: bool,
    ) -> None:
        self._put, self._taken, self._rounds_weights = put, taken, rounds_weights
        self._graph = "template"
        self._known: dict[int, tuple[Tensor, Tensor]] = {}  # by id of a tensor, which is kept so that the id stays its
        self._weights: dict[str, Folded] = {}

    def begin(self, graph: str) -> None:
        """Another graph; tensors of the one before are forgotten."""
        self._graph = graph
        self._known.clear()

    def graph_is(self, graph: str) -> None:
        """Goes on in another graph, which takes tensors of the one before."""
        self._graph = graph

    def rounded(self, place: str, x: Tensor, grid: Grid, *, again: bool = False) -> Tensor:
        """A tensor on its grid; one that is on it stays, unless ``again``, and one that was put there before is."""
        if not again and id(x) in self._known:
            return self._known[id(x)][1]
        y = self._put(f"{self._graph}/{place}", x, grid)
        if y is None:
            return x
        if self._taken is not None:
            self._taken.append(x)
        self._known[id(x)], self._known[id(y)] = (x, y), (y, y)
        return y

    def weights(self, unit: Unit, module: nn.Module) -> Folded:
        """Merged, and rounded but for a float unit."""
        if unit.name not in self._weights:
            made = folded(module)
            if self._rounds_weights and not unit.is_float:
                made = made._replace(weight=round_weights(made.weight))
            self._weights[unit.name] = made
        return self._weights[unit.name]


def _tail(network: SiameseModel, run: _Run) -> Callable[..., Maps]:
    compute = network.tail

    def tail(*maps: Tensor) -> Maps:
        run.graph_is("tail")
        return compute(*maps)

    return tail


@contextmanager
def _replaced(module: nn.Module, name: str, method: Callable[..., Any]) -> Iterator[None]:
    """A method of one object replaced, as long as the context lasts."""
    assert name not in vars(module)
    vars(module)[name] = method
    try:
        yield
    finally:
        del vars(module)[name]

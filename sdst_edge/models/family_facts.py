"""What a family is like, found out from its network, of which no weight is made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sdst_edge.models.counting import MacCounts, count_macs
from sdst_edge.models.registry import blueprint, families
from sdst_runtime.config import OutputKind
from sdst_runtime.manifest import CorrelationKind

__all__ = ["FamilyFacts", "family_facts"]


@dataclass(frozen=True, slots=True, kw_only=True)
class FamilyFacts:
    """A family at some width and depth.

    Attributes:
        family: its name.
        title: for people.
        template_size: side of the template input, network px.
        search_size: side of the search input, network px.
        scales: search inputs per frame.
        correlations: kinds at the cut, in the order of the network.
        output_kind: what the network predicts.
        importable: whether the authors' checkpoints can be imported, at width and depth 1.
        parameters: number of weights, batch norms among them, their running statistics not.
        macs: multiply-accumulates.
    """

    family: str
    title: str
    template_size: int
    search_size: int
    scales: int
    correlations: tuple[CorrelationKind, ...]
    output_kind: OutputKind
    importable: bool
    parameters: int
    macs: MacCounts


def family_facts(name: str, /, **options: Any) -> FamilyFacts:
    """The facts of a family; arguments and errors as of :func:`build`."""
    model = blueprint(name, **options)
    item, config = families()[name], model.config
    parameters = sum(weight.numel() for weight in model.parameters())
    return FamilyFacts(
        family=name,
        title=item.title,
        template_size=config.template_size,
        search_size=config.search_size,
        scales=config.scales,
        correlations=tuple(correlation.kind for correlation in model.correlations),
        output_kind=config.output_kind,
        importable=item.published is not None,
        parameters=parameters,
        macs=count_macs(model),
    )

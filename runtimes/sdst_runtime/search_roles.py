"""What the graphs of one size of the search region are called."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from sdst_runtime.manifest import CorrelationForm, GraphRole

__all__ = ["SEARCH_ROLES", "SearchRoles"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchRoles:
    """Roles of the graphs of one search size.

    Attributes:
        search: the search branch.
        head: the correlations and what follows them.
        tail: the head without the correlations.
        match: search and head in one.
        correlate: the correlations alone, by their form.
    """

    search: GraphRole
    head: GraphRole
    tail: GraphRole
    match: GraphRole
    correlate: Mapping[CorrelationForm, GraphRole]


#: The ordinary size, and that of small targets.
SEARCH_ROLES: Final = (
    SearchRoles(
        search="search",
        head="head",
        tail="tail",
        match="match",
        correlate={"conv": "correlate_conv", "matmul": "correlate_matmul", "taps": "correlate_taps"},
    ),
    SearchRoles(
        search="search_small",
        head="head_small",
        tail="tail_small",
        match="match_small",
        correlate={
            "conv": "correlate_small_conv",
            "matmul": "correlate_small_matmul",
            "taps": "correlate_small_taps",
        },
    ),
)

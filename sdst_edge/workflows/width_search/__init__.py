"""A student for a frame-time budget: family options on a grid, timed untrained, trained briefly, halved."""

from __future__ import annotations

from sdst_edge.workflows.width_search.candidates import Candidate, make_grid
from sdst_edge.workflows.width_search.markdown import width_markdown
from sdst_edge.workflows.width_search.reward import keep_better_half, reward
from sdst_edge.workflows.width_search.search import SearchRequest, run_width_search
from sdst_edge.workflows.width_search.table import WidthRow, WidthTable

__all__ = [
    "Candidate",
    "SearchRequest",
    "WidthRow",
    "WidthTable",
    "keep_better_half",
    "make_grid",
    "reward",
    "run_width_search",
    "width_markdown",
]

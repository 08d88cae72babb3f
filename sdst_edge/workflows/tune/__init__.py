"""Searching the numbers around the network that suit a data set, by running the tracker again and again."""

from __future__ import annotations

from sdst_edge.workflows.tune.parameters import Parameters
from sdst_edge.workflows.tune.record import write_tuned
from sdst_edge.workflows.tune.search import TuneOptions, TuneResult, tune

__all__ = ["Parameters", "TuneOptions", "TuneResult", "tune", "write_tuned"]

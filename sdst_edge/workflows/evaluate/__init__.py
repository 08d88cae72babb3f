"""``sdst-edge eval``: a model on a data set, in processes side by side, resumable, with files to keep."""

from __future__ import annotations

from sdst_edge.workflows.evaluate.evaluation import run_evaluation
from sdst_edge.workflows.evaluate.model import Model, find_model
from sdst_edge.workflows.evaluate.request import Request

__all__ = ["Model", "Request", "find_model", "run_evaluation"]

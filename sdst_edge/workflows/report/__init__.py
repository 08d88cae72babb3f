"""From an evaluation to what people look at: one HTML page, and plots as PNG."""

from __future__ import annotations

from sdst_edge.workflows.report.comparison import write_comparison
from sdst_edge.workflows.report.files import ReportPaths, write_report

__all__ = ["ReportPaths", "write_comparison", "write_report"]

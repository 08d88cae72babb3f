"""The HTML page of a report of the bench."""

from __future__ import annotations

from sdst_edge.workflows.bench.page.page import page_text

__all__ = ["page_text"]

"""Did what programs may read of a bench report change? ``make golden`` writes the schema anew; review the diff."""

from __future__ import annotations

import json
import os
from pathlib import Path

from sdst_bench.report.schema import report_schema

PUBLISHED = Path(__file__).parents[2] / "docs" / "bench-report.schema.json"


def test_published_schema_is_that_of_the_classes() -> None:
    text = json.dumps(report_schema(), indent=2, ensure_ascii=False) + "\n"
    if os.environ.get("SDST_UPDATE_GOLDEN"):
        PUBLISHED.write_text(text, encoding="utf-8")
    assert text == PUBLISHED.read_text(encoding="utf-8"), "the schema changed; if meant: make golden, review"

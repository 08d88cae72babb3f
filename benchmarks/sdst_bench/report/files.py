"""Reports as JSON files."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from sdst_bench.report.consistency import inconsistencies
from sdst_bench.report.layout import one_line
from sdst_bench.report.model import SCHEMA_VERSION, BenchReport
from sdst_runtime.errors import ConfigError
from sdst_runtime.strict import from_plain, to_plain

__all__ = ["read_report", "report_json"]

#: Of figures in the JSON: clocks tell no more.
DIGITS = 6

#: Larger than any report: that of a day at 60 FPS.
MOST_BYTES = 64_000_000

AGAIN = "measure again with sdst-edge bench"


def report_json(report: BenchReport) -> str:
    """A report as JSON: keys in the classes' order, lists of numbers in one line.

    Numbers have six digits that count. Letters that UTF-8 lacks, as in names of files, are escaped.
    """
    text = json.dumps(_short(to_plain(report)), indent=2, ensure_ascii=False, allow_nan=False)
    text = re.sub(r"\[\n\s+([^\[\]{}\"]+?)\n\s+\]", lambda found: f"[{' '.join(found[1].split())}]", text)
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def read_report(path: Path) -> BenchReport:
    """The report in a file, checked: it has this version's layout, and its figures fit each other.

    Raises:
        ConfigError: there is none, it cannot be read, is no report, of another version, or its figures contradict
            each other.
    """
    plain = _read_json(path)
    version = plain.get("schema_version") if isinstance(plain, dict) else None
    if type(version) is not int:
        raise ConfigError(f"{path} is no report of the bench: it has no schema_version; {AGAIN} --json")
    if version != SCHEMA_VERSION:
        fix = "read it with the sdst-edge that wrote it or a newer one" if version > SCHEMA_VERSION else AGAIN
        raise ConfigError(
            f"{path} has schema_version {version}, {'newer' if version > SCHEMA_VERSION else 'older'} than "
            f"{SCHEMA_VERSION}, the one that this version reads; {fix}"
        )
    report = from_plain(BenchReport, plain, where=f"{path}: ", error=ConfigError)
    if found := inconsistencies(report):
        more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
        raise ConfigError(f"{path} was changed after it was measured: {one_line(found[0])}{more}; {AGAIN}")
    return report


def _read_json(path: Path) -> object:
    try:
        if path.is_file() and (size := path.stat().st_size) > MOST_BYTES:
            raise ConfigError(
                f"{path} has {size / 1e6:.0f} MB, a report has at most {MOST_BYTES / 1e6:.0f} MB: give another file"
            )
        return json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(
            f"{path} cannot be read: {error.strerror}; give the JSON of an earlier sdst-edge bench"
        ) from error
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"{path} is no JSON: {error}; give the JSON of an earlier sdst-edge bench") from error


def _short(value: Any) -> Any:
    if isinstance(value, float):
        return float(f"{value:.{DIGITS}g}")
    if isinstance(value, dict):
        return {key: _short(item) for key, item in value.items()}
    return [_short(item) for item in value] if isinstance(value, list) else value

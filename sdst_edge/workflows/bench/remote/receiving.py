"""Reports from the other machine, as lines of JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields, replace

from sdst_bench.report.model import SCHEMA_VERSION, BenchReport, BundleReport
from sdst_edge.workflows.bench.recording import OnReport
from sdst_edge.workflows.bench.remote.connection import Connection, OnLine
from sdst_runtime.errors import DeviceError
from sdst_runtime.strict import from_plain

__all__ = ["Receiver"]

#: How a report's line begins; what a login or a library wrote without an end of line may stand before it.
_START = '{"schema_version":'

_PARTS = tuple(item.name for item in fields(BundleReport) if item.name not in ("name", "setup", "not_measured"))


class Receiver:
    """Takes what a bench writes there.

    Attributes:
        report: the newest one; None before the first.
        error: what the bench there gave as the reason of its end; empty where it gave none.
    """

    def __init__(self, connection: Connection, command: str, bundles: Mapping[str, str], on_report: OnReport) -> None:
        """Of one run.

        Args:
            connection: to the machine, which has its name.
            command: for the report; empty to leave it as it is there.
            bundles: paths there to the paths that the user gave.
            on_report: called with every report.
        """
        self.report: BenchReport | None = None
        self.error = ""
        self._machine = connection.name
        self._reached_by = connection.reached_by
        self._command = command
        self._bundles = bundles
        self._on_report = on_report

    def take_line(self, line: str, on_progress: OnLine) -> None:
        """Reads a line of stdout: a whole report, and texts that something there wrote, which are handed on.

        Raises:
            DeviceError: it begins as a report does and is none.
        """
        text, start, rest = line.partition(_START)
        if text.strip():
            on_progress(f"{self._machine}: {text.rstrip()}")
        if not start:
            return
        before, self.report = self.report, self._read(start + rest)
        self._on_report(self.report)
        for text in _news(before, self.report):
            on_progress(f"{self._machine}: {text}")

    def take_error(self, line: str, on_progress: OnLine) -> None:
        """Reads a line of stderr: the reason of the end is kept, the rest is handed on."""
        if line.startswith("error: "):
            self.error = line.removeprefix("error: ")
        elif line.strip():
            on_progress(f"{self._machine}: {line}")

    def _read(self, line: str) -> BenchReport:
        try:
            plain = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise DeviceError(f"{self._machine} sent a report that is no JSON: {error}; measure again") from error
        if plain.get("schema_version") != SCHEMA_VERSION:
            raise DeviceError(
                f"{self._machine} sent a report of schema_version {plain.get('schema_version')}, this machine reads "
                f"{SCHEMA_VERSION}; give a --wheel of the version that is installed here"
            )
        try:
            report = from_plain(BenchReport, plain, where=f"{self._machine}: ", error=DeviceError)
        except DeviceError as error:
            raise DeviceError(
                f"{error}; is sdst-edge there of the version that is installed here? See --wheel"
            ) from None
        bundles = tuple(self._with_path_here(bundle) for bundle in report.bundles)
        return replace(report, bundles=bundles, reached_by=self._reached_by, command=self._command or report.command)

    def _with_path_here(self, bundle: BundleReport) -> BundleReport:
        there = bundle.setup.bundle
        here = self._bundles.get(there, there)
        name = here + bundle.name.removeprefix(there) if bundle.name.startswith(there) else bundle.name
        return replace(bundle, name=name, setup=replace(bundle.setup, bundle=here))


def _news(before: BenchReport | None, report: BenchReport) -> list[str]:
    """What a report has that the last one had not."""
    known = {bundle.name: _measured(bundle) for bundle in before.bundles} if before else {}
    news: list[str] = []
    for bundle in report.bundles:
        if new := _measured(bundle) - known.get(bundle.name, set()):
            listed = ", ".join(part.replace("_", " ") for part in _PARTS if part in new)
            news.append(f"{bundle.name}: {listed} measured")
    return news


def _measured(bundle: BundleReport) -> set[str]:
    return {part for part in _PARTS if getattr(bundle, part)}

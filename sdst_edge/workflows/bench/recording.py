"""A report that grows part by part, so that whatever ends a run leaves what was measured by then."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, TypeAlias, cast

from sdst_bench.not_measured import Interrupted, NotMeasured
from sdst_bench.report.model import BenchReport, BundleReport, Peers

__all__ = ["OnReport", "Recording"]

#: Called with the report so far whenever a part is done, and at the end.
OnReport: TypeAlias = Callable[[BenchReport], None]


class Recording:
    """The report so far.

    Attributes:
        report: what is measured by now; not complete until :meth:`finish`.
    """

    def __init__(self, report: BenchReport, on_report: OnReport) -> None:
        self.report = report
        self._on_report = on_report
        self._part = "the checks"

    def add(self, bundle: BundleReport) -> None:
        """A bundle of which parts will follow, and tells the report."""
        self._tell(replace(self.report, bundles=(*self.report.bundles, bundle)))

    def measure(self, index: int, name: str, work: Callable[[], Any], *, doing: str) -> None:
        """Runs a part of a bundle, and keeps what it returns, or the reason why it cannot be measured.

        Args:
            index: of the bundle.
            name: field of :class:`BundleReport` that it fills.
            work: the part.
            doing: what it does, for the text of a run that stops here.
        """
        with self.part(doing):
            try:
                value = work()
            except NotMeasured as absent:
                self.leave_out(index, **{name: str(absent)})
            except Interrupted as stop:
                self.keep(index, **{name: stop.partial})
                raise
            else:
                self.keep(index, **{name: value})

    def keep(self, index: int, **values: Any) -> None:
        """Fills fields of a bundle's report, and tells the report."""
        bundles = list(self.report.bundles)
        bundles[index] = replace(bundles[index], **values)
        self._tell(replace(self.report, bundles=tuple(bundles)))

    def leave_out(self, index: int, **reasons: str) -> None:
        """Says why fields of a bundle's report stay empty."""
        self.keep(index, not_measured={**self.report.bundles[index].not_measured, **reasons})

    def keep_peers(self, work: Callable[[], Peers], *, doing: str) -> Peers:
        """Runs the comparison with peers, keeps and returns it."""
        with self.part(doing):
            try:
                peers = work()
            except Interrupted as stop:
                self._tell(replace(self.report, peers=cast(Peers, stop.partial)))
                raise
            self._tell(replace(self.report, peers=peers))
        return peers

    @contextmanager
    def part(self, doing: str) -> Iterator[None]:
        """What goes on, for the text of a run that stops here."""
        self._part = doing
        yield

    def finish(self) -> BenchReport:
        """Marks the report as complete, and tells it for the last time."""
        self._tell(replace(self.report, complete=True, stopped=""))
        return self.report

    def stop(self, error: str = "") -> None:
        """Says in which part it stopped, interrupted or by an error, and tells it for the last time."""
        stopped = f"{self._part}: {error}" if error else f"interrupted during {self._part}"
        self._tell(replace(self.report, stopped=stopped))

    def _tell(self, report: BenchReport) -> None:
        self.report = report
        self._on_report(report)

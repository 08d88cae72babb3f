"""Runs a bench, and writes its report as it grows."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from sdst_edge.cli.bench_requests import BenchOptions, local_request, remote_request
from sdst_edge.cli.console import note, print_json, print_rich, stage_bars
from sdst_edge.cli.interrupts import interrupts_held, terminating_interrupts
from sdst_edge.workflows.output_files import replacing
from sdst_runtime.errors import ConfigError, SdstError

if TYPE_CHECKING:
    from sdst_bench.report.model import BenchReport

__all__ = ["BenchOutputs", "measure_and_write", "print_schema"]


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchOutputs:
    """Where a report goes.

    Attributes:
        folder: for its files; None for none.
        as_json: whether stdout gets JSON.
        stream: whether stdout gets every state of the report as a line of JSON, for the machine that asked for it.
        baseline: report to compare with; None for none.
        max_regression: share, as the user wrote it; None where no slowness is an error.
    """

    folder: Path | None
    as_json: bool
    stream: bool
    baseline: Path | None
    max_regression: str | None


def print_schema() -> None:
    """The schema of the report's JSON, on stdout."""
    from sdst_bench.report.schema import report_schema

    print_json(report_schema())


def measure_and_write(options: BenchOptions, outputs: BenchOutputs, command: str) -> None:
    """Measures here or there, or takes an earlier report, and writes what came of it.

    A run that ends early leaves what it has measured; then the error or the interrupt goes on.

    Raises:
        typer.BadParameter: a text of the wrong form.
        typer.Exit: slower than the baseline by more than is allowed.
        SdstError: it cannot be measured.
    """
    from sdst_bench.report.comparing import compare_reports, parse_share
    from sdst_bench.report.comparing_sections import comparison_markdown, comparison_tables
    from sdst_bench.report.files import read_report

    if outputs.max_regression is not None and outputs.baseline is None:
        raise typer.BadParameter(
            "it is a share of --compare OLD.json, which is missing", param_hint="'--max-regression'"
        )
    if options.report is not None and options.passed:
        raise typer.BadParameter(
            f"{options.passed[0]} says what to measure, and {options.report} was measured before; "
            "give bundles, or leave it out"
        )
    limit = None if outputs.max_regression is None else parse_share(outputs.max_regression)
    old = None if outputs.baseline is None else read_report(outputs.baseline)
    report = read_report(options.report) if options.report is not None else _measure(options, outputs, command)
    _write(report, outputs)
    if old is not None:
        comparison = compare_reports(old, report, limit)
        if outputs.as_json:
            note(comparison_markdown(comparison))
        else:
            print_rich("", *comparison_tables(comparison))
        if not comparison.passed:
            raise typer.Exit(1)


def _measure(options: BenchOptions, outputs: BenchOutputs, command: str) -> BenchReport:
    from sdst_edge.workflows.bench.run import run_bench

    so_far: list[BenchReport] = []

    def keep(report: BenchReport) -> None:
        so_far[:] = [report]
        _write_growing(report, outputs)

    request = local_request(options, command)  # what is wrong with words is told before anything is sent
    if outputs.folder is not None:
        _require_folder(outputs.folder)  # and what is wrong with the folder before anybody waits
    with terminating_interrupts(), _kept(so_far, outputs), stage_bars(hidden=outputs.stream, timing=True) as bars:
        return _measure_there(options, command, keep) if options.is_remote else run_bench(request, keep, bars)


@contextmanager
def _kept(so_far: list[BenchReport], outputs: BenchOutputs) -> Iterator[None]:
    """Writes what there is of a report whose run ends early: after an interrupt also one without any figures."""
    try:
        yield
    except BaseException as error:
        if so_far and (so_far[0].bundles or isinstance(error, KeyboardInterrupt)):
            with interrupts_held():
                _write(so_far[0], outputs)
        raise


def _write_growing(report: BenchReport, outputs: BenchOutputs) -> None:
    """The state of a report while it grows: for the machine that asked, and on the disk."""
    from sdst_bench.report.files import report_json

    if outputs.stream:
        typer.echo(json.dumps(json.loads(report_json(report))))
    if outputs.folder is not None and report.bundles:
        _write_text(outputs.folder / "report.json", report_json(report))


def _measure_there(options: BenchOptions, command: str, keep: Callable[[BenchReport], None]) -> BenchReport:
    """The report of another machine; its progress and its errors are lines on stderr."""
    from sdst_edge.workflows.bench.remote import RemoteStopped, run_remote

    try:
        return run_remote(remote_request(options, command), keep, note)
    except RemoteStopped as stopped:
        if stopped.report is not None:
            keep(stopped.report)
        if stopped.by_user:
            raise KeyboardInterrupt from None
        raise


def _write(report: BenchReport, outputs: BenchOutputs) -> None:
    """To stdout first, which is there when a disk is not; then to the folder, also when stdout is not there."""
    from sdst_bench.report.files import report_json
    from sdst_bench.report.tables import report_tables

    try:
        if outputs.as_json:
            typer.echo(report_json(report))
        elif not outputs.stream:
            print_rich(*report_tables(report))
    finally:
        if outputs.folder is not None:
            _write_files(report, outputs.folder)


def _write_files(report: BenchReport, folder: Path) -> None:
    """All files of a report; one without any figures does not take the place of an earlier one."""
    from sdst_bench.report.files import report_json
    from sdst_bench.report.markdown import report_markdown
    from sdst_edge.workflows.bench.page import page_text

    if report.bundles or not (folder / "report.json").exists():
        _write_text(folder / "report.json", report_json(report))
        _write_text(folder / "report.md", report_markdown(report))
        _write_text(folder / "report.html", page_text(report))


def _require_folder(folder: Path) -> None:
    """Makes the folder, where it is not there.

    Raises:
        ConfigError: it cannot be, or nothing can be written into it.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(f"--out {folder} cannot be a folder: {error.strerror}; choose another") from None
    if not os.access(folder, os.W_OK | os.X_OK):
        raise ConfigError(f"--out {folder} is a folder that you may not write to; choose another")


def _write_text(path: Path, text: str) -> None:
    """A whole file or none, so that a full disk and an interrupt leave the one before."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with interrupts_held(), replacing(path) as part:
            part.write_text(text.rstrip("\n") + "\n", encoding="utf-8", errors="replace")
    except OSError as error:
        raise SdstError(
            f"{path} cannot be written: {error.strerror or error}; what was measured is on stdout; make room, or "
            "choose another --out"
        ) from None

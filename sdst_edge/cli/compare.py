"""``sdst-edge compare``: evaluations side by side."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sdst_edge.cli.console import note, print_json, print_rich
from sdst_edge.cli.options import JsonOption
from sdst_edge.cli.scores import figure_table
from sdst_runtime.errors import ConfigError

if TYPE_CHECKING:
    from rich.console import RenderableType

    from sdst_edge.evaluation.compare import Comparison, Contrast, Difference
    from sdst_edge.evaluation.result import EvaluationResult
    from sdst_edge.evaluation.rules.rule import Metric

__all__ = ["EXAMPLE", "compare"]

#: After the figures of both trackers; the last for an asterisk.
DIFFERENCE_COLUMNS = ("difference", "95\N{NO-BREAK SPACE}% from", "to", "")

EXAMPLE = "sdst-edge compare results/n2/result.json results/n3/result.json"


def compare(
    results: Annotated[
        list[Path], typer.Argument(help="Two or more result.json of `sdst-edge eval`; the first is the baseline.")
    ],
    metric: Annotated[
        str | None, typer.Option(metavar="KEY", help="Compare attributes by this one.", show_default="the headline")
    ] = None,
    common: Annotated[bool, typer.Option("--common", help="Compare on the sequences that all have.")] = False,
    out: Annotated[Path | None, typer.Option(help="Folder for plots of all of them; needs the extra plots.")] = None,
    resamples: Annotated[int, typer.Option(min=1, help="Samples of the bootstrap.")] = 10_000,
    seed: Annotated[int, typer.Option(min=0, help="Of the bootstrap.")] = 0,
    as_json: JsonOption = False,
) -> None:
    """Put evaluations side by side: differences overall and per attribute, with bootstrap intervals over sequences.

    An asterisk marks a difference whose 95 % interval leaves out 0, over enough sequences to tell.
    """
    from sdst_edge.evaluation.bootstrap import Bootstrap
    from sdst_edge.evaluation.compare import compare_results
    from sdst_edge.evaluation.result import EvaluationResult

    evaluations = _named_apart([EvaluationResult.read(path) for path in results], results)
    bootstrap = Bootstrap(resamples=resamples, seed=seed)
    compared = compare_results(evaluations, metric=metric, bootstrap=bootstrap, common=common)
    if compared.left_out:
        note(f"left out {len(compared.left_out)} sequences that not all have: {', '.join(compared.left_out)}")
    if out is not None:
        from sdst_edge.workflows.evaluate.store import holds_run
        from sdst_edge.workflows.report import write_comparison

        if holds_run(out):
            raise ConfigError(f"{out} holds an evaluation, whose plots would be lost; choose another folder")
        write_comparison(evaluations, out)
    if as_json:
        print_json(compared)
    else:
        print_rich(*_tables(compared))


def _named_apart(evaluations: list[EvaluationResult], paths: list[Path]) -> list[EvaluationResult]:
    """The same under different names: where trackers share one, as before and after tuning, those of their folders."""
    trackers = [item.tracker for item in evaluations]
    for names in (trackers, [path.resolve().parent.name for path in paths], list(map(str, paths))):
        if len(set(names)) == len(names):
            return [replace(item, tracker=name) for item, name in zip(evaluations, names, strict=True)]
    return evaluations  # a file that is given twice


def _tables(compared: Comparison) -> list[RenderableType]:
    from sdst_edge.evaluation.compare import FEWEST_CLEAR

    shown: list[RenderableType] = []
    for contrast in compared.contrasts:
        shown += [f"{contrast.tracker} against {compared.baseline}", _overall_table(compared, contrast)]
        if contrast.attributes:
            shown.append(_attribute_table(compared, contrast))
    data = f"{compared.sequences} sequences of {compared.dataset} ({compared.layout}, {compared.protocol})"
    drawn = f"{compared.bootstrap.resamples} resamples, seed {compared.bootstrap.seed}"
    interval = f"95 % interval of the difference: percentiles of a paired bootstrap over sequences, {drawn}"
    mark = f"* leaves out 0, over {FEWEST_CLEAR} sequences or more"
    return [*shown, data, f"{interval}; {mark}", compared.rule_text]


def _overall_table(compared: Comparison, contrast: Contrast) -> RenderableType:
    table = figure_table(["overall"], [compared.baseline, contrast.tracker, *DIFFERENCE_COLUMNS])
    for metric in compared.metrics:
        table.add_row(metric.label, *_cells(metric, contrast.overall[metric.key]))
    return table


def _attribute_table(compared: Comparison, contrast: Contrast) -> RenderableType:
    """The attributes on which the tracker gains least, or loses most, first."""
    metric = next(item for item in compared.metrics if item.key == compared.metric)
    columns = ["sequences", compared.baseline, contrast.tracker, *DIFFERENCE_COLUMNS]
    table = figure_table([f"{metric.label} by attribute"], columns)
    sign = 1.0 if metric.higher_is_better else -1.0
    rows = sorted(
        contrast.attributes.items(),
        key=lambda row: float("inf") if row[1].difference is None else sign * row[1].difference,
    )
    for name, item in rows:
        table.add_row(name, str(item.sequences), *_cells(metric, item))
    return table


def _cells(metric: Metric, item: Difference) -> tuple[str, ...]:
    from sdst_edge.workflows.report.numbers import change_text, score_text

    figures = (score_text(metric, item.baseline), score_text(metric, item.value))
    changes = (change_text(metric, change) for change in (item.difference, item.low, item.high))
    return (*figures, *changes, "*" if item.clear else "")

"""``sdst-edge attributes``: which challenges a data set holds."""

from __future__ import annotations

import json
from contextlib import nullcontext
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sdst_edge.cli.console import note, print_json, print_rich, progress_bar
from sdst_edge.cli.options import DatasetArgument, JsonOption, LayoutOption, SkipBrokenOption
from sdst_edge.cli.scores import figure_table

if TYPE_CHECKING:
    from collections.abc import Sequence as Items

    from rich.console import RenderableType

    from sdst_edge.datasets import Dataset
    from sdst_edge.datasets.attributes import AttributeCount, AttributeSurvey, Definitions

__all__ = ["EXAMPLE", "attributes"]

EXAMPLE = "sdst-edge attributes data/LaSOT --output lasot-attributes.json"


class DefinitionsChoice(str, Enum):
    """Whose bounds decide what boxes tell."""

    AUTO = "auto"
    LASOT = "lasot"
    OTB = "otb"
    UAV123 = "uav123"


def attributes(
    dataset: DatasetArgument,
    layout: LayoutOption = "auto",
    definitions: Annotated[
        DefinitionsChoice,
        typer.Option(help="Whose definitions of SV, ARC, FM and LR; auto: the data set's own, LaSOT's if it has none."),
    ] = DefinitionsChoice.AUTO,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="JSON file to write: labels, flags and measures a sequence.")
    ] = None,
    skip_broken: SkipBrokenOption = False,
    as_json: JsonOption = False,
) -> None:
    """Count the challenging attributes of a data set: labelled by its makers, and computed from boxes and flags.

    "sequences" counts as eval does: where the makers labelled an attribute, their labels decide; else what is computed.
    """
    from sdst_edge.datasets import open_dataset
    from sdst_edge.datasets.attributes import DEFINITIONS, AttributeSurvey, definitions_for, describe_sequence
    from sdst_edge.workflows.output_files import replacing, require_other_than_data

    if output is not None:
        require_other_than_data(output, dataset)
    opened = open_dataset(dataset, layout, skip_broken=skip_broken, require_frames=False)
    auto = definitions is DefinitionsChoice.AUTO
    chosen = definitions_for(opened.layout.name) if auto else DEFINITIONS[definitions.value]
    survey = AttributeSurvey(opened.layout.name, chosen)
    records: dict[str, Any] = {}
    with nullcontext() if output is None else replacing(output) as part, progress_bar("attributes") as bar:
        for number, sequence in enumerate(opened.sequences, start=1):
            survey.add(sequence)
            records[sequence.name] = describe_sequence(sequence, chosen, opened.layout.title)
            bar(number, len(opened.sequences), sequence.name)
        if part is not None:
            part.write_text(json.dumps(records, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    for name, reason in opened.skipped:
        note(f"skipped {name}: {reason}")
    if as_json:
        print_json(_summary(opened, survey, chosen))
    else:
        print_rich(_table(survey.counts()), _caption(opened, survey, chosen))


def _summary(opened: Dataset, survey: AttributeSurvey, definitions: Definitions) -> dict[str, Any]:
    return {
        "dataset": opened.name,
        "layout": opened.layout.name,
        "definitions": definitions.name,
        "sequences": survey.sequences,
        "frames": survey.frames,
        "attributes": survey.counts(),
        "skipped": [{"name": name, "reason": reason} for name, reason in opened.skipped],
    }


def _table(counts: Items[AttributeCount]) -> RenderableType:
    table = figure_table(["attribute", ""], ["sequences", "labelled", "computed", "frames", "share of frames"])
    for count in counts:
        computed = "" if count.computed is None else str(count.computed)
        frames = "" if count.frames is None else f"{count.frames:,}"
        share = "" if count.share is None else f"{count.share:.1%}"
        table.add_row(count.name, count.title, str(count.sequences), str(count.labelled), computed, frames, share)
    return table


def _caption(opened: Dataset, survey: AttributeSurvey, definitions: Definitions) -> str:
    skipped = f", {len(opened.skipped)} skipped" if opened.skipped else ""
    counted = f"{survey.sequences:,} sequences{skipped}, {survey.frames:,} frames, layout {opened.layout.title}"
    return (
        f"{opened.name}: {counted}; computed by the definitions of {definitions.title}. "
        "Empty: not computed, or not known for frames."
    )

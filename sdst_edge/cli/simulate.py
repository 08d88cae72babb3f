"""``sdst-edge simulate``: challenging attributes put into a clip, and shown."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sdst_edge.cli.console import print_json, print_rich, progress_bar
from sdst_edge.cli.options import JsonOption, LayoutOption
from sdst_edge.cli.scores import figure_table

if TYPE_CHECKING:
    from rich.console import RenderableType

    from sdst_edge.workflows.simulate import SimulatedClip

__all__ = ["EXAMPLE", "simulate"]

EXAMPLE = "sdst-edge simulate data/val/ --attributes FM,FOC,OV -o sheet.png"


def simulate(
    source: Annotated[
        Path | None, typer.Argument(help="Data set, or the folder of one sequence.", show_default=False)
    ] = None,
    rendered: Annotated[
        int | None, typer.Option(min=0, metavar="SEED", help="Instead of a source: the rendered clip of this seed.")
    ] = None,
    output: Annotated[Path, typer.Option("--output", "-o", help="Contact sheet to write, .png or .jpg.")] = Path(
        "sheet.png"
    ),
    attributes: Annotated[
        str | None, typer.Option(metavar="A,B,...", help="LaSOT's names, such as FM,FOC.", show_default="all 14")
    ] = None,
    layout: LayoutOption = "auto",
    sequence: Annotated[
        str | None, typer.Option(metavar="NAME", help="Of the data set.", show_default="its first")
    ] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="Of what is put into a source.", show_default="0")] = None,
    strength: Annotated[
        float | None,
        typer.Option(help="More than 0, up to 1, of what is put into a source.", show_default="1: up to the hardest"),
    ] = None,
    frames: Annotated[int, typer.Option(min=2, max=40, help="Of each clip on the sheet.")] = 7,
    write: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Folder to make: the clips in the GOT-10k layout, to evaluate.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Put challenging attributes into a clip, one at a time, and show them on a sheet: a row for each attribute.

    Boxes move with the pixels. They are orange in frames that show the attribute, green in others; a frame without the
    target is red. Without --write nothing but the sheet is written.
    """
    from sdst_edge.workflows.chosen import open_chosen
    from sdst_edge.workflows.output_files import require_other_than_data
    from sdst_edge.workflows.simulate import rendered_clips, simulated_clips, write_clips, write_sheet

    chosen = _names(attributes)
    if (source is None) == (rendered is None):
        raise typer.BadParameter("expected either a source or --rendered SEED", param_hint="'SOURCE'")
    if rendered is None:
        assert source is not None  # for mypy: one of both is given
        require_other_than_data(output, source)
        original = open_chosen(source, layout, None if sequence is None else [sequence]).sequences[0]
        clips = simulated_clips(original, chosen, seed=seed or 0, strength=1.0 if strength is None else strength)
    elif (sequence, seed, strength, layout) != (None, None, None, "auto"):
        raise typer.BadParameter(
            "--layout, --sequence, --seed and --strength are for a source", param_hint="'--rendered'"
        )
    else:
        clips = rendered_clips(rendered, chosen)
    write_sheet(output, clips, columns=frames)
    if write is not None:
        with progress_bar("write") as bar:
            write_clips(write, clips, bar)
    if as_json:
        print_json({"sheet": str(output), "folder": None if write is None else str(write), "clips": _rows(clips)})
    else:
        print_rich(_table(clips), f"sheet {output}", *([] if write is None else [f"clips {write}"]))


def _names(text: str | None) -> tuple[str, ...]:
    from sdst_edge.workflows.simulate import SIMULATED

    if text is None:
        return SIMULATED
    names = tuple(dict.fromkeys(name.strip().upper() for name in text.split(",")))
    if unknown := [name for name in names if name not in SIMULATED]:
        raise typer.BadParameter(
            f"{unknown[0]!r} cannot be simulated, expected names of {', '.join(SIMULATED)}", param_hint="'--attributes'"
        )
    return names


def _rows(clips: list[SimulatedClip]) -> list[dict[str, str | int]]:
    return [
        {
            "attribute": clip.attribute,
            "name": clip.sequence.name,
            "frames": len(clip.sequence),
            "shown": clip.shown_frames,
            "absent": clip.absent_frames,
        }
        for clip in clips
    ]


def _table(clips: list[SimulatedClip]) -> RenderableType:
    from sdst_edge.datasets.attributes import ATTRIBUTES

    table = figure_table(["clip", "attribute", ""], ["frames", "that show it", "target absent"])
    for clip in clips:
        counts = (len(clip.sequence), clip.shown_frames, clip.absent_frames)
        table.add_row(
            clip.sequence.name, clip.attribute, ATTRIBUTES[clip.attribute].title, *(f"{count:,}" for count in counts)
        )
    return table

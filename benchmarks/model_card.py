"""The tables and pictures of a model card: our bundles beside other trackers on one data set, and what they cost.

    python benchmarks/model_card.py sdst-nano-m/ --data data/val --others n3.safetensors --vit vit.onnx
        --nano-backbone nano-backbone.onnx --nano-head nano-head.onnx --update docs/model-card.md

Every tracker follows every sequence once, from its first box; its boxes are kept under ``--work``, not made again, and
scored as ``sdst-edge eval`` scores recorded boxes, by the house rule. Frame times are those of ``sdst-edge bench
--peer Nano``: the tracker and OpenCV's Nano in turns on the same frames, one thread each; OpenCV's own trackers take
turns with Nano and our first variant, with which all are compared. Checkpoints are exported in float32.

Parts (``--part``, all by default): ``scores`` (overall, by sequence, by attribute), ``starts`` (memory and time before
the first box), ``files``, ``failures`` (rendered clips of challenges, followed by our first variant, and pictures of
the worst). ``--update`` puts them between the markers of a page, which are looked at before anything is run; after a
run of all parts the command, too. Run it on a quiet machine: others' work distorts the frame times, ratios included.
"""

from __future__ import annotations

import argparse
import os
import shlex
import sys
import tempfile
from contextlib import ExitStack, suppress
from datetime import date
from pathlib import Path
from typing import Any

from sdst_bench.environment import probe_environment
from sdst_bench.measuring.clip import Clip
from sdst_bench.measuring.cold_start import measure_cold_start
from sdst_bench.measuring.track_memory import measure_track_memory
from sdst_bench.not_measured import NotMeasured
from sdst_bench.peers import PeerChoice, check_peers
from sdst_edge.cli.console import note, print_json, print_rich
from sdst_edge.cli.errors import exit_status
from sdst_edge.datasets import render_clip
from sdst_edge.evaluation.run import check_runnable
from sdst_edge.workflows.card_tables import (
    CardRow,
    StartRow,
    attributes_part,
    check_names,
    failures_part,
    files_part,
    overall_part,
    sequences_part,
    starts_part,
)
from sdst_edge.workflows.chosen import open_chosen
from sdst_edge.workflows.failures import CLIP_FRAMES, ChallengeRuns, failure_png, failures_of, follow_challenges
from sdst_edge.workflows.generated_parts import check_markers, update_page
from sdst_edge.workflows.lineup import REFERENCE, Entrant, Lineup, bundle_entrants, other_entrant, peer_entrant
from sdst_edge.workflows.output_files import video_file
from sdst_runtime import Bundle, load

#: Parts that can be asked for, and the markers that each fills.
PARTS = {
    "scores": ("overall", "sequences", "attributes"),
    "starts": ("starts",),
    "files": ("files",),
    "failures": ("failures",),
}
PEERS = ("Nano", "ViT", "KCF", "CSRT", "MOSSE")

VIDEO_SIZE_WH, VIDEO_SEED, VIDEO_FRAMES, VIDEO_FPS = (1280, 720), 11, 150, 30.0
_FOOTAGE = f"a rendered video of {VIDEO_SIZE_WH[0]}x{VIDEO_SIZE_WH[1]}, {VIDEO_FRAMES} frames, MPEG-4"

SEEDS = tuple(range(1001, 1007))
SHOWN, PICTURE_BYTES = 4, 150_000


def main() -> int:
    """Exit status: 0 done, 1 failed, 2 wrong usage."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "bundles", nargs="+", type=Path, help="ours, or the name of a shipped student; the first one leads"
    )
    parser.add_argument("--variant", action="append", help="of ours, such as onnx/int8-ort; may be repeated")
    parser.add_argument("--weights", nargs="*", type=Path, default=[], help="checkpoints that are shipped, for 'files'")
    parser.add_argument("--others", nargs="*", type=Path, default=[], help="bundles or checkpoints of other trackers")
    parser.add_argument("--data", type=Path, help="data set with known boxes, for 'scores'")
    parser.add_argument("--sequences", type=_names, metavar="NAME,NAME", help="only these")
    parser.add_argument("--peer", action="append", help=f"of OpenCV; may be repeated (default: {', '.join(PEERS)})")
    for name in ("nano-backbone", "nano-head", "vit", "peers-python"):
        parser.add_argument(f"--{name}", type=Path, help="as `sdst-edge bench` has it")
    parser.add_argument("--untimed", action="store_true", help="no frame times: scores alone")
    parser.add_argument("--work", type=Path, help="folder for boxes and exports, to go on from (default: none is kept)")
    parser.add_argument("--part", action="append", choices=PARTS, help="only this one; may be repeated")
    parser.add_argument("--pictures", type=Path, help="folder for pictures of failures (default: none are made)")
    parser.add_argument("--update", type=Path, metavar="PAGE", help="Markdown page whose generated parts are replaced")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON; 'failures' has none")
    options = parser.parse_args()
    options.part = tuple(options.part or PARTS)
    if "scores" in options.part and options.data is None:
        parser.error("'scores' needs --data; or ask for other parts with --part")
    status, _ = exit_status(lambda: run(options))
    return status


def run(options: argparse.Namespace) -> None:
    """Makes the parts, prints them, and puts them into the page."""
    if options.update is not None:
        check_markers(options.update, [*(name for part in options.part for name in PARTS[part]), "command"])
    ours = [entrant for folder in options.bundles for entrant in bundle_entrants(folder, _variants(options))]
    figures: dict[str, Any] = {}
    parts: dict[str, str] = {}
    if "files" in options.part:
        figures["files"] = files = _files(options)
        parts["files"] = files_part(files)
    if "scores" in options.part:
        figures["trackers"], figures["absent"] = rows, absent = _scores(options, ours)
        missing = [f"{name} is not in these tables: {reason}." for name, reason in absent.items()]
        parts["overall"] = "\n\n".join([overall_part(rows, REFERENCE), _made_by(), *missing])
        parts |= {"sequences": sequences_part(rows), "attributes": attributes_part(rows)}
    if "starts" in options.part:
        figures["starts"] = starts = _starts(ours)
        parts["starts"] = "\n\n".join([starts_part(starts, _FOOTAGE), _made_by()])
    if "failures" in options.part:
        parts["failures"] = _failures(options, ours[0])
    if set(options.part) == set(PARTS):  # else it would not be the command of all that the page holds
        parts["command"] = f"```sh\n{_command()}\n```"
    if options.json:
        print_json({**figures, "command": _command(), "environment": probe_environment()})
    else:
        print_rich("\n\n".join(parts.values()))
    if options.update is not None:
        update_page(options.update, parts)
        note(f"{options.update}: {', '.join(parts)} replaced; {_open_tokens(options.update)}")


def _scores(options: argparse.Namespace, ours: list[Entrant]) -> tuple[list[CardRow], dict[str, str]]:
    """Of all trackers, and why some are not among them."""
    dataset = open_chosen(options.data, names=options.sequences)
    for sequence in dataset.sequences:
        check_runnable(sequence)
    choice = PeerChoice(
        names=tuple(options.peer or PEERS),
        nano_backbone=options.nano_backbone,
        nano_head=options.nano_head,
        vit=options.vit,
        peers_python=options.peers_python,
    )
    check_peers(choice)
    with ExitStack() as stack:
        work = options.work or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="sdst-card-")))
        entrants = [*ours, *(other_entrant(path, work / "exports") for path in options.others)]
        entrants += [peer_entrant(name, choice) for name in choice.wanted]
        lineup = Lineup(dataset, work, choice, note)
        check_names(entrant.name for entrant in entrants)  # before hours of work, not after
        return lineup.rows(entrants, timed=not options.untimed), lineup.absent


def _starts(ours: list[Entrant]) -> list[StartRow]:
    """Memory and time before the first box, each variant in processes of its own."""
    rows = []
    with tempfile.TemporaryDirectory(prefix="sdst-card-") as folder:
        video = Path(folder) / "clip.mp4"
        clip = render_clip(VIDEO_SEED, frames=VIDEO_FRAMES, size_wh=VIDEO_SIZE_WH)
        with video_file(video, VIDEO_FPS) as file:
            for index in range(len(clip)):
                file.write(clip.frames[index])
        x, y, w, h = clip.boxes_xywh[0].tolist()
        for entrant in ours:
            assert entrant.request is not None
            note(f"{entrant.name}: memory and start")
            start, memory = measure_cold_start(entrant.request, Clip([clip.frames[0]], [(x, y, w, h)]))
            track_bytes = None
            with suppress(NotMeasured):
                track_bytes = measure_track_memory(entrant.request, video, (x, y, w, h))
            rows.append(
                StartRow(
                    name=entrant.name,
                    track_bytes=track_bytes,
                    runtime_bytes=memory.peak_rss_bytes,
                    first_box_ms=start.process_to_first_box_ms,
                )
            )
    return rows


def _files(options: argparse.Namespace) -> list[tuple[str, int]]:
    """What is shipped, in bytes; engines that a device has built are not."""
    files = [(path.name, path.stat().st_size) for path in options.weights]
    for bundle in map(Bundle.open, options.bundles):
        folder = bundle.path.resolve()
        inside = [path for path in sorted(folder.rglob("*")) if path.is_file()]
        named = {path.relative_to(folder).as_posix(): path.stat().st_size for path in inside}
        files += [(f"{folder.name}/{name}", size) for name, size in named.items() if not name.startswith("engines/")]
    return files


def _failures(options: argparse.Namespace, entrant: Entrant) -> str:
    """Table and pictures, which are written beside it."""
    request = entrant.request
    assert request is not None
    with load(request.bundle, variant=request.variant, engine=request.engine) as tracker:
        runs = follow_challenges(tracker, SEEDS, lambda name: note(f"{entrant.name}: rendered clips of {name}"))
    base = Path() if options.update is None else options.update.parent
    shown = [] if options.pictures is None else _write_pictures(options.pictures, runs)
    pictures = [(item, Path(os.path.relpath(path, base)).as_posix()) for item, path in shown]
    seeds = f"seeds {SEEDS[0]} to {SEEDS[-1]}"
    clips = f"{entrant.name}: {len(SEEDS)} rendered clips a challenge ({seeds}, {CLIP_FRAMES} frames each)"
    return failures_part(runs, pictures, clips)


def _write_pictures(folder: Path, runs: list[ChallengeRuns]) -> list[tuple[ChallengeRuns, Path]]:
    """The worst, each with its picture; those of an earlier run, which may have been others, are removed."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = {item.attribute: folder / f"{item.attribute.lower()}.png" for item in runs}
    for path in paths.values():
        path.unlink(missing_ok=True)
    shown = [(item, paths[item.attribute]) for item in failures_of(runs, SHOWN)]
    for item, path in shown:
        path.write_bytes(failure_png(item.worst, PICTURE_BYTES))
    return shown


def _variants(options: argparse.Namespace) -> tuple[str, ...] | None:
    return tuple(options.variant) if options.variant else None


def _names(text: str) -> tuple[str, ...]:
    names = tuple(name.strip() for name in text.split(","))
    if not all(names):
        raise argparse.ArgumentTypeError(f"{text!r}, expected names with commas between them")
    return names


def _made_by() -> str:
    environment = probe_environment()
    return (
        f"{date.today()}, one thread; {environment.cpu}, int8 instructions: {environment.int8}; {environment.system}; "
        f"ONNX Runtime {environment.onnxruntime}, libsdst {environment.libsdst} ({environment.isa})."
    )


def _command() -> str:
    """As it was given, without the folders of this machine, an option a line."""
    words = [shlex.quote(_without_folder(text)) for text in sys.argv[1:]]
    lines = "".join(f" \\\n    {word}" if word.startswith("--") else f" {word}" for word in words)
    return f"python benchmarks/model_card.py{lines}"


def _without_folder(text: str) -> str:
    option, equals, value = text.partition("=")
    if option.startswith("--") and os.path.isabs(value):
        return f"{option}{equals}{Path(value).name}"
    return Path(text).name if os.path.isabs(text) else text


def _open_tokens(page: Path) -> str:
    count = page.read_text(encoding="utf-8").count("FIGURE(")
    return f"{count} FIGURE(...) are left to be filled in by hand" if count else "no FIGURE(...) is left"


if __name__ == "__main__":
    sys.exit(main())

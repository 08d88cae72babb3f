"""Options of ``sdst-edge bench`` to what its workflow takes."""

from __future__ import annotations

import sys
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from sdst_edge.cli.options import EngineChoice, SessionChoice, named
from sdst_edge.cli.parsing import parse_box, parse_counts, parse_names, parse_size

if TYPE_CHECKING:
    from sdst_bench.peers import PeerChoice
    from sdst_edge.workflows.bench.remote import RemoteRequest
    from sdst_edge.workflows.bench.request import BenchRequest

__all__ = ["BenchOptions", "local_request", "remote_request"]

#: What is done where the command is given, whatever machine measures.
HERE = {
    *("bundles", "device", "host", "wheel", "ssh_option", "serial", "remote_python"),
    *("out", "as_json", "compare", "max_regression", "schema", "stream"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchOptions:
    """Options of the command that say what is measured and where, by the names of its parameters.

    Attributes:
        passed: words of the command line that another machine is given, so that it measures the same.
    """

    bundles: list[Path] | None
    device: str
    variant: list[str] | None
    engine: EngineChoice | None
    accelerator: str | None
    session: SessionChoice
    threads: int
    size: str
    source: str | None
    box: str | None
    frames: int | None
    seconds: float
    fps: float | None
    targets: str
    sustained: float | None
    power: float
    accuracy: Path | None
    layout: str
    sequences: str | None
    peers: bool
    peer: list[str] | None
    peers_python: Path | None
    nano_backbone: Path | None
    nano_head: Path | None
    vit: Path | None
    host: str | None
    wheel: Path | None
    ssh_option: list[str] | None
    serial: str | None
    remote_python: str
    sysroot: Path
    stream: bool
    passed: tuple[str, ...]

    @classmethod
    def of(cls, context: typer.Context) -> BenchOptions:
        """Those of the command that runs."""
        names = {item.name for item in fields(cls)} - {"passed"}
        values: dict[str, Any] = {name: context.params[name] for name in names}
        return cls(**{**values, "device": values["device"].value, "passed": tuple(_passed(context))})

    @property
    def report(self) -> Path | None:
        """The report to show, where the one argument is no bundle but a report of an earlier run."""
        match self.bundles:
            case [path] if path.suffix == ".json" and path.name != "manifest.json":
                return path
        return None

    @property
    def is_remote(self) -> bool:
        """Whether another machine measures; an Android device that runs this, or was asked to, is that machine."""
        is_there = self.stream or hasattr(sys, "getandroidapilevel")
        return self.host is not None or (self.device == "android" and not is_there)


def _passed(context: typer.Context) -> list[str]:
    """The options that the user gave, as words again."""
    words: list[str] = []
    for parameter in context.command.params:
        name = parameter.name
        source = None if name is None else context.get_parameter_source(name)
        if name is None or name in HERE or source is None or source.name != "COMMANDLINE":
            continue
        value = context.params[name]
        for item in value if isinstance(value, (list, tuple)) else (value,):
            words += [parameter.opts[0]] if item is True else [parameter.opts[0], str(getattr(item, "value", item))]
    return words


def local_request(options: BenchOptions, command: str) -> BenchRequest:
    """What is measured, by this machine where it is no other one.

    Raises:
        typer.BadParameter: a text of the wrong form, or an option of another machine where there is none.
        ConfigError: options that do not go together.
    """
    from sdst_bench.host.sysroot import Sysroot
    from sdst_bench.measuring.subject import SubjectRequest
    from sdst_edge.workflows.bench.request import BenchRequest, Footage, Scoring

    _require_what_belongs_together(options)
    variants: list[str] | list[None] = options.variant or [None]
    subjects = [
        SubjectRequest(
            bundle=str(bundle),
            variant=variant,
            session=options.session.value,
            engine=named(options.engine) or _engine_of(options),
            accelerator=options.accelerator,
            threads=options.threads,
        )
        for bundle in _bundles(options)
        for variant in variants
    ]
    box = None if options.box is None else parse_box(options.box)
    names = parse_names(options.sequences)
    scoring = (
        None if options.accuracy is None else Scoring(dataset=options.accuracy, layout=options.layout, sequences=names)
    )
    return BenchRequest(
        subjects=subjects,
        device=options.device,
        footage=Footage(source=options.source, box_xywh=box, size_wh=parse_size(options.size)),
        frames=options.frames,
        seconds=options.seconds,
        fps=options.fps,
        targets=parse_counts(options.targets, "--targets"),
        sustained_seconds=options.sustained,
        power_seconds=options.power,
        scoring=scoring,
        peers=_peers(options),
        sysroot=Sysroot(options.sysroot),
        command=command,
    )


def remote_request(options: BenchOptions, command: str) -> RemoteRequest:
    """What another machine measures.

    Raises:
        typer.BadParameter: there is no bundle.
    """
    from sdst_edge.workflows.bench.remote import RemoteRequest

    return RemoteRequest(
        bundles=tuple(_bundles(options)),
        device=options.device,
        arguments=options.passed,
        host=options.host,
        serial=options.serial,
        wheel=options.wheel,
        python=options.remote_python,
        ssh_options=tuple(options.ssh_option or ()),
        command=command,
    )


def _require_what_belongs_together(options: BenchOptions) -> None:
    if not options.is_remote:
        _require_nothing_of_another_machine(options)
        if not options.sysroot.is_dir():
            raise typer.BadParameter(f"{options.sysroot} is no folder", param_hint="'--sysroot'")
    for option, is_given in (("--sequences", options.sequences is not None), ("--layout", options.layout != "auto")):
        if is_given and options.accuracy is None:
            raise typer.BadParameter("it is for --accuracy DATASET, which is missing", param_hint=f"'{option}'")


def _require_nothing_of_another_machine(options: BenchOptions) -> None:
    """Nobody shall take this machine's figures for a board's."""
    named = {"--serial": options.serial, "--wheel": options.wheel, "--ssh-option": options.ssh_option}
    if options.remote_python != "python3":
        named["--remote-python"] = options.remote_python
    for option, value in named.items():
        if value:
            raise typer.BadParameter(
                "it is for another machine, and none is named; add --host user@board, or --device android",
                param_hint=f"'{option}'",
            )


def _bundles(options: BenchOptions) -> list[Path]:
    if not options.bundles:
        raise typer.BadParameter("no bundle is given, expected the folder of one", param_hint="'BUNDLE...'")
    return options.bundles


def _engine_of(options: BenchOptions) -> Any:
    """A Jetson's GPU is reached by TensorRT, unless the user says otherwise."""
    return "tensorrt" if options.device == "jetson" and options.accelerator is None else None


def _peers(options: BenchOptions) -> PeerChoice | None:
    from sdst_bench.peers import PeerChoice

    if options.peers or options.peer:
        return PeerChoice(
            names=tuple(options.peer) if options.peer else None,
            nano_backbone=options.nano_backbone,
            nano_head=options.nano_head,
            vit=options.vit,
            peers_python=options.peers_python,
            threads=options.threads,
        )
    for name in ("nano_backbone", "nano_head", "vit", "peers_python"):
        if getattr(options, name) is not None:
            option = f"--{name.replace('_', '-')}"
            raise typer.BadParameter(f"{option} is for peers, which are not asked for; add --peers", param_hint=option)
    return None

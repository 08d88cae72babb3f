"""Layers that take longer quantised than in float.

Large maps of few channels gain little from int8 arithmetic and pay for every rounding around an activation function
that the engine cannot fuse. NanoTrack v3 on an EPYC with VNNI takes 0.98 of the float network's time with all of its
layers quantised, and 0.81 with its first five in float. A layer by itself says little, for it is converted to and from
float at both ends; so neighbours are tried together, in the order in which they are run. The first layer of a graph is
converted at one end only, and is tried alone as well: one of three channels may be faster so. Patches that read bytes
(:mod:`sdst_export.quantization.byte_input`) mostly are not.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from itertools import groupby

from sdst_export.draft import Draft
from sdst_export.network_time import time_networks
from sdst_export.progress import Progress
from sdst_export.sensitivity import MakeMix
from sdst_export.variant_files import VariantFiles
from sdst_runtime.errors import ParityError

__all__ = ["find_slow_layers"]

_BLOCK = 5  # layers that are tried together
_GAIN = 0.97  # of the time before; what differs less is noise
_PER_FRAME = ("search", "head")  # roles whose time is measured


def find_slow_layers(
    draft: Draft, make: MakeMix, layers: Collection[str], on_progress: Progress | None = None
) -> frozenset[str]:
    """The layers without which a quantised variant is faster on this machine; none for an engine of another one.

    Blocks of neighbours are left in float one after the other, and stay so where that makes the network faster than it
    was with the blocks before. Where nothing is left of a network with everything quantised, there is no time to begin
    with, and no layer is found.

    Args:
        draft: of the bundle. Not modified.
        make: the quantiser.
        layers: all that it can quantise, those of one graph in the order in which they are run.
        on_progress: called with each block before it is tried, and the share done.
    """
    kept = frozenset[str]()
    try:
        current = make(kept)
    except ParityError:
        return kept
    if current.variant.engine == "tensorrt":
        return kept
    blocks = _blocks(layers)
    for number, block in enumerate(blocks):
        if on_progress is not None:
            on_progress(f"time without {block[0]}", number / len(blocks))
        wider = kept | frozenset(block)
        if wider == kept or len(wider) == len(layers):  # all of them are the float network
            continue
        try:
            candidate = make(wider)
        except ParityError:
            continue
        if _ratio(draft, candidate, current) < _GAIN:
            current, kept = candidate, wider
    return kept


def _blocks(layers: Collection[str]) -> list[list[str]]:
    blocks = []
    for role, group in groupby(layers, key=lambda layer: layer.split("/")[0]):
        if role in _PER_FRAME:
            found = list(group)
            several = [found[start : start + _BLOCK] for start in range(0, len(found), _BLOCK)]
            blocks += [several[0], found[:1], *several[1:]]
    return blocks


def _ratio(draft: Draft, candidate: VariantFiles, current: VariantFiles) -> float:
    """The candidate's time over the current one's, side by side."""
    trial = Draft(draft.manifest, draft.files)
    other = _renamed(candidate, f"{candidate.name}-candidate")
    trial.add(current)
    trial.add(other)
    return time_networks(trial.bundle(), (current.name, other.name))[other.name].ratio


def _renamed(made: VariantFiles, name: str) -> VariantFiles:
    def moved(file: str) -> str:
        return name + file.removeprefix(made.name)

    graphs = {role: replace(graph, file=moved(graph.file)) for role, graph in made.variant.graphs.items()}
    files = {moved(file): data for file, data in made.files.items()}
    return VariantFiles(name=name, variant=replace(made.variant, graphs=graphs), files=files)

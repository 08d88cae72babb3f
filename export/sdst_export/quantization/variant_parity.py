"""A variant of another precision against the float graphs, run by the real session, both ways."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sdst_export.calibration import CropPair
from sdst_export.float_graphs import FloatGraphs
from sdst_export.quantization.feeds import FloatRun
from sdst_export.variant_files import VariantFiles
from sdst_runtime.bundle import Bundle
from sdst_runtime.errors import ParityError
from sdst_runtime.manifest import Macs, Manifest, Parity, Provenance, SessionKind
from sdst_runtime.ort_session import OrtSession

__all__ = ["compare_variant", "open_alone"]

_PAIRS = 4
_MAX_ERROR = 1.0  # of the largest magnitude: nothing of the float map is left


def compare_variant(graphs: FloatGraphs, made: VariantFiles, run: FloatRun, *, max_error: float = _MAX_ERROR) -> Parity:
    """The largest difference to the float graphs, relative to the largest magnitude of each output.

    Args:
        graphs: of the network.
        made: the variant; its own ``parity`` is not looked at.
        run: the float graphs on the same crops.
        max_error: that is allowed; a quantised map may be off by much at one cell and still be of use.

    Returns:
        Errors of ``baked.score``, ``split.score``, ``baked_small.score``, ``mask`` and so on, of what there is.

    Raises:
        ParityError: an output is no number, the same on all crops and cells where the float one is not, or off by more
            than allowed.
    """
    pairs = run.calibration.spread(_PAIRS)
    kinds: list[SessionKind] = ["split", "baked"] if "head" in made.variant.graphs else ["split"]
    got = {kind: list(_outputs(graphs, made, kind, pairs)) for kind in kinds}
    errors: dict[str, float] = {}
    for kind in reversed(kinds):
        for name in graphs.config.outputs:
            for suffix in sorted({run.suffix(pair) for pair in pairs}):
                of_size = [i for i, pair in enumerate(pairs) if run.suffix(pair) == suffix]
                ours = [got[kind][i][name] for i in of_size]
                errors[f"{kind}{suffix}.{name}"] = _error(ours, [run.maps(pairs[i])[name] for i in of_size])
    if graphs.mask is not None:
        theirs = [run.mask(pair, _cell(graphs)) for pair in pairs]
        errors["mask"] = _error([maps["mask"] for maps in got[kinds[-1]]], theirs)
    for name, error in errors.items():
        if not error <= max_error:
            raise ParityError(f"{made.name}: {name} {_complaint(error, max_error)}")
    return Parity(reference="onnx/fp32", inputs=len(pairs), max_rel_error=errors)


def _complaint(error: float, max_error: float) -> str:
    what = f"is off by {error:.3g} of its largest magnitude, expected at most {max_error:g},"
    if not math.isfinite(error):
        what = "is no number, or one value throughout where the float one is not,"
    return (
        f"{what} on the crops it was made with; leave this variant out, or, of int8, calibrate on other frames or "
        "leave layers in float"
    )


def _error(got: list[NDArray[np.float32]], want: list[NDArray[np.float32]]) -> float:
    """Infinite where what was got is not finite, or one value throughout, unlike what is wanted."""
    ours, theirs = np.stack(got), np.stack(want)
    if not np.isfinite(ours).all() or (np.ptp(ours) == 0) > (np.ptp(theirs) == 0):
        return float("inf")
    return float(np.abs(ours - theirs).max() / max(float(np.abs(theirs).max()), float(np.finfo(np.float32).tiny)))


def _outputs(
    graphs: FloatGraphs, made: VariantFiles, kind: SessionKind, pairs: tuple[CropPair, ...]
) -> Iterator[dict[str, NDArray[np.float32]]]:
    """Copies of the maps of each pair, and of a mask where there is one."""
    with open_alone(graphs, made, kind) as session:
        for pair in pairs:
            with closing(session.embed(pair.z)) as template:
                maps = session.match(template, pair.x)
                found = {name: item.copy() for name, item in zip(graphs.config.outputs, maps, strict=True)}
                if graphs.mask is not None:
                    found["mask"] = session.segment(template, _cell(graphs)).copy()
            yield found


def _cell(graphs: FloatGraphs) -> tuple[int, int]:
    """Row and column, which differ, so that none can pass for the other."""
    side = graphs.config.response_size
    return side // 2, side // 3


@contextmanager
def open_alone(graphs: FloatGraphs, made: VariantFiles, kind: SessionKind) -> Iterator[OrtSession]:
    """A session of a variant that is in no bundle yet."""
    manifest = Manifest(
        name=graphs.family,
        family=graphs.family,
        tracker=graphs.config,
        correlations=graphs.correlations,
        variants={made.name: made.variant},
        default_variant=made.name,
        parameters=0,
        macs=Macs(template=0, search=0, head=0),
        tools={},
        provenance=Provenance(source="a variant in the making"),
        mask=graphs.mask,
    )
    with OrtSession(Bundle(Path("(variant in the making)"), manifest, made.files), kind=kind) as session:
        yield session

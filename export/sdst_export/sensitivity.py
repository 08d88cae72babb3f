"""What quantising each layer alone costs, measured in the session that will run it.

Nothing is simulated: a variant is made with every layer but one in float, run on crops by the engine's own int8
kernels, and its output maps are held against the float variant's. That shows what the engine does, saturation and fused
nodes included, for about the price of a simulation: the ranges of activations are known by then, and a mix is made of
them in a fraction of a second.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import closing
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from sdst_export.accuracy.drift import Crops
from sdst_export.accuracy.running import engine_here
from sdst_export.draft import Draft
from sdst_export.progress import Progress
from sdst_export.variant_files import VariantFiles
from sdst_runtime.bundle import Bundle
from sdst_runtime.errors import ConfigError, DatasetError, ParityError
from sdst_runtime.loading import open_session
from sdst_runtime.measurements import LayerError
from sdst_runtime.session import Outputs

__all__ = ["MakeMix", "measure_sensitivity"]

#: Makes a quantised variant in which these layers stay float.
MakeMix: TypeAlias = Callable[[frozenset[str]], VariantFiles]


def measure_sensitivity(
    draft: Draft,
    make: MakeMix,
    layers: Sequence[str],
    pairs: Collection[Crops],
    on_progress: Progress | None = None,
) -> tuple[LayerError, ...]:
    """The error at the output maps that each layer causes by itself, the worst first.

    Args:
        draft: holds the reference, its default variant. Not modified.
        make: the quantiser.
        layers: all that it can quantise, named as it names them.
        pairs: of crops, at least one; a few say as much as many.
        on_progress: called with each layer before it is measured, and the share done.

    Returns:
        Per layer the largest error over the output maps, ``|a - b| / |b|`` with norms over all pairs; ties in the order
        of the layers.

    Raises:
        DatasetError: there are no pairs.
        ConfigError: there are no layers, or the quantiser refuses one.
        ParityError: one layer alone leaves nothing of the maps.
    """
    if not pairs:
        raise DatasetError("there are no pairs of crops to measure sensitivity on; give at least one")
    if not layers:
        raise ConfigError("there are no layers to quantise; the network has none that the scheme knows")
    reference = draft.manifest.default_variant
    wanted = [tuple(item.copy() for item in maps) for maps in _maps(draft.bundle(), reference, pairs)]
    errors = []
    for number, layer in enumerate(layers):
        if on_progress is not None:
            on_progress(layer, number / len(layers))
        try:
            made = make(frozenset(layers) - {layer})
            error = _relative_error(_maps(_with(draft, made), made.name, pairs), wanted)
        except ParityError as refusal:
            raise ParityError(f"with only {layer} quantised, {refusal}") from None
        errors.append(LayerError(layer=layer, error=error))
    return tuple(sorted(errors, key=lambda item: -item.error))


def _with(draft: Draft, made: VariantFiles) -> Bundle:
    trial = Draft(draft.manifest, draft.files)
    trial.add(made)
    return trial.bundle()


def _maps(bundle: Bundle, variant: str, pairs: Collection[Crops]) -> Iterator[Outputs]:
    """Of each pair, in the session's memory until the next."""
    with closing(open_session(bundle, variant=variant, engine=engine_here(bundle, variant))) as session:
        for pair in pairs:
            with closing(session.embed(pair.z)) as template:
                yield session.match(template, pair.x)


def _relative_error(got: Iterator[Outputs], wanted: Sequence[Outputs]) -> float:
    """The largest over the maps of ``|a - b| / |b|``, norms over all pairs.

    Raises:
        ParityError: a is no number, or b is 0 and a is not.
    """
    errors = np.zeros(len(wanted[0]))
    sizes = np.zeros(len(wanted[0]))
    for maps, trusted in zip(got, wanted, strict=True):
        errors += [_square(a - b) for a, b in zip(maps, trusted, strict=True)]
        sizes += [_square(b) for b in trusted]
    with np.errstate(divide="ignore"):
        ratios = np.divide(errors, sizes, out=np.zeros_like(errors), where=(errors != 0) | (sizes != 0))
    error = float(np.sqrt(ratios.max()))
    if not math.isfinite(error):
        raise ParityError("the maps are no numbers, or are where the float ones are zero; leave that layer in float")
    return error


def _square(values: NDArray[np.float32]) -> float:
    return float(np.square(values, dtype=np.float64).sum())

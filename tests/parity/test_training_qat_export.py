"""Rounding in torch foretells what the exported INT8 variant does: the same network, ranges and inputs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from sdst_edge.models import SiameseModel
from sdst_edge.training.quantization_aware.quantizer import Quantizer
from sdst_edge.training.recipe import Quantization, QuantizedVariant
from sdst_export.calibration import CalibrationSet, CropPair
from sdst_export.float_graphs import FloatGraphs
from sdst_export.quantization import SCHEMES, quantize
from sdst_export.quantization.variant_parity import open_alone
from sdst_export.variant_files import VariantFiles
from tests.parity.toy_networks import toy
from tests.tolerances import REL_FORETOLD_DRIFT

Maps = list[NDArray[np.float32]]


def pairs_of(model: SiameseModel, first_seed: int, count: int) -> tuple[CropPair, ...]:
    config = model.config
    made = []
    for seed in range(first_seed, first_seed + count):
        random = np.random.default_rng(seed)
        z, x = (random.normal(size=shape).astype(np.float32) for shape in (config.template_shape, config.search_shape))
        made.append(CropPair(z=z, x=x))
    return tuple(made)


def in_torch(model: SiameseModel, pairs: tuple[CropPair, ...]) -> Iterator[Maps]:
    with torch.inference_mode():
        for pair in pairs:
            yield [item.numpy() for item in model(torch.from_numpy(pair.z), torch.from_numpy(pair.x))]


def in_onnx_runtime(graphs: FloatGraphs, made: VariantFiles, pairs: tuple[CropPair, ...]) -> Iterator[Maps]:
    with open_alone(graphs, made, made.variant.session) as session:
        for pair in pairs:
            with closing(session.embed(pair.z)) as template:
                yield [item.copy() for item in session.match(template, pair.x)]


def drift(got: list[Maps], want: list[Maps], output: int) -> float:
    apart = sum(float(np.square(a[output] - b[output], dtype=np.float64).sum()) for a, b in zip(got, want, strict=True))
    return (apart / sum(float(np.square(b[output], dtype=np.float64).sum()) for b in want)) ** 0.5


@pytest.mark.parametrize("name", ["toy-points", "toy-anchors"])
@pytest.mark.parametrize("variant", ["int8-ort", "int8-qdq"])
def test_rounding_in_torch_foretells_the_drift_of_the_exported_variant(variant: QuantizedVariant, name: str) -> None:
    model = toy(name)
    calibration = CalibrationSet(source="random", sequences=0, pairs=pairs_of(model, 0, 8))
    quantizer = Quantizer(model, Quantization(variant=variant))
    quantizer.observing = "extremes"
    with quantizer.applied(model):
        list(in_torch(model, calibration.pairs))
    quantizer.observing = "no"
    pairs = pairs_of(model, 100, 6)
    exact = list(in_torch(model, pairs))
    with quantizer.applied(model):
        foretold = list(in_torch(model, pairs))
    graphs = FloatGraphs.of(model, name)
    exported = list(in_onnx_runtime(graphs, quantize(graphs, SCHEMES[variant], calibration), pairs))
    for output in range(len(model.config.outputs)):
        expected = drift(foretold, exact, output)
        assert expected > 0
        assert drift(exported, exact, output) == pytest.approx(expected, rel=REL_FORETOLD_DRIFT)
        assert drift(exported, foretold, output) < 0.9 * expected

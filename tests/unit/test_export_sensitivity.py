"""What quantising one layer alone costs, with a stand-in quantiser that scales what a layer gives by a known factor."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sdst_export.draft import Draft
from sdst_export.sensitivity import measure_sensitivity
from sdst_export.variant_files import VariantFiles
from sdst_runtime.errors import ConfigError, DatasetError, ParityError
from tests.tolerances import REL_NETWORK_F32
from tests.toy_variants import crop_pairs, toy_draft, toy_variant
from tests.toys import POINTS

pytest.importorskip("onnxruntime", reason="graphs are run by ONNX Runtime")

LAYERS = ("head/ltrb", "head/score", "search/features")
FACTORS = {"head/ltrb": 0.99, "head/score": 1.25, "search/features": 1.0}


class Quantiser:
    """Scales every layer that is not to stay float."""

    def __init__(self, draft: Draft, factors: dict[str, float]) -> None:
        self._draft, self._factors = draft, factors
        self.quantised: list[set[str]] = []

    def __call__(self, float_layers: frozenset[str]) -> VariantFiles:
        chosen = set(LAYERS) - float_layers
        self.quantised.append(chosen)
        weights = {}
        for output, (weight, bias) in POINTS.weights.items():
            if f"head/{output}" in chosen:
                factor = np.float32(self._factors[f"head/{output}"])
                weights[output] = factor * weight, factor * bias
        return toy_variant(self._draft, "onnx/int8-toy", weights)


@pytest.fixture
def draft(toy_bundle: Path) -> Draft:
    return toy_draft(toy_bundle)


def test_layers_are_sorted_by_the_error_that_each_causes_alone(draft: Draft) -> None:
    quantiser = Quantiser(draft, FACTORS)
    table = measure_sensitivity(draft, quantiser, LAYERS, crop_pairs())
    assert [item.layer for item in table] == ["head/score", "head/ltrb", "search/features"]
    assert [item.error for item in table] == pytest.approx([0.25, 0.01, 0.0], rel=REL_NETWORK_F32, abs=REL_NETWORK_F32)
    assert quantiser.quantised == [{layer} for layer in LAYERS]
    assert list(draft.manifest.variants) == ["onnx/fp32"]  # the draft is left as it was


def test_errors_are_relative_to_all_pairs_together(draft: Draft) -> None:
    pairs = crop_pairs(2)
    table = measure_sensitivity(draft, Quantiser(draft, FACTORS), ["head/score"], pairs)
    assert table[0].error == pytest.approx(0.25, rel=REL_NETWORK_F32)


def test_progress_names_the_layer_that_is_next(draft: Draft) -> None:
    told: list[tuple[str, float]] = []
    measure_sensitivity(draft, Quantiser(draft, FACTORS), LAYERS, crop_pairs(1), lambda *what: told.append(what))
    assert told == [(layer, number / 3) for number, layer in enumerate(LAYERS)]


def test_a_layer_that_gives_no_numbers_is_named(draft: Draft) -> None:
    broken = Quantiser(draft, FACTORS | {"head/score": np.nan})
    with pytest.raises(ParityError, match="only head/score quantised, the maps are no numbers"):
        measure_sensitivity(draft, broken, LAYERS, crop_pairs(1))


def test_no_pairs_and_no_layers_are_errors(draft: Draft) -> None:
    with pytest.raises(DatasetError, match="no pairs"):
        measure_sensitivity(draft, Quantiser(draft, FACTORS), LAYERS, [])
    with pytest.raises(ConfigError, match="no layers"):
        measure_sensitivity(draft, Quantiser(draft, FACTORS), [], crop_pairs(1))


def test_a_quantiser_that_refuses_a_layer_is_told_of_it(draft: Draft) -> None:
    def refuse(float_layers: frozenset[str]) -> VariantFiles:
        raise ParityError("nothing is left of the score")

    with pytest.raises(ParityError, match="with only head/ltrb quantised, nothing is left of the score"):
        measure_sensitivity(draft, refuse, LAYERS, crop_pairs(1))

"""Layers that are faster in float, among made-up times."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from sdst_export import slow_layers
from sdst_export.draft import Draft
from sdst_export.network_time import NetworkTime, time_networks
from sdst_export.slow_layers import find_slow_layers
from sdst_export.variant_files import VariantFiles
from sdst_runtime import ort_crop
from sdst_runtime.bundle import Bundle
from sdst_runtime.errors import ParityError
from sdst_runtime.measurements import Calibration, Quantization
from tests.toy_bundle import build_toy_bundle
from tests.toy_variants import toy_draft, toy_variant

LAYERS = [*(f"template/{i}" for i in range(6)), *(f"search/{i}" for i in range(12)), *(f"head/{i}" for i in range(7))]
CALIBRATION = Calibration(source="toys", sequences=1, templates=1, searches=1, method="min-max")


@pytest.fixture
def draft(toy_bundle: Path) -> Draft:
    return toy_draft(toy_bundle)


def quantiser(draft: Draft, engine: str = "onnxruntime") -> Callable[[frozenset[str]], VariantFiles]:
    def make(float_layers: frozenset[str]) -> VariantFiles:
        assert float_layers < set(LAYERS)
        quantization = Quantization(
            activations="uint8", calibration=CALIBRATION, float_layers=tuple(sorted(float_layers))
        )
        return toy_variant(draft, "onnx/int8-toy", {}, precision="int8", quantization=quantization, engine=engine)

    return make


def times(monkeypatch: pytest.MonkeyPatch, gains: dict[str, float]) -> None:
    """Lets each layer that stays float change the time of 100 by so much."""

    def time_networks(bundle: Bundle, variants: Sequence[str]) -> dict[str, NetworkTime]:
        found = {}
        for name in variants:
            quantization = bundle.manifest.variants[name].quantization
            assert quantization is not None
            found[name] = 100 + sum(gains.get(layer, 0.0) for layer in quantization.float_layers)
        first = found[variants[0]]
        return {name: NetworkTime(median_ms=value, ratio=value / first) for name, value in found.items()}

    monkeypatch.setattr(slow_layers, "time_networks", time_networks)


def test_blocks_stay_float_where_that_is_faster(draft: Draft, monkeypatch: pytest.MonkeyPatch) -> None:
    times(monkeypatch, {"search/1": -10, "search/6": 5, "head/5": -8, "head/0": -1, "template/0": -50})
    slow = find_slow_layers(draft, quantiser(draft), LAYERS)
    assert slow == {*(f"search/{i}" for i in range(5)), "head/5", "head/6"}


def test_the_first_layer_stays_float_alone_where_its_neighbours_had_better_not(
    draft: Draft, monkeypatch: pytest.MonkeyPatch
) -> None:
    times(monkeypatch, {"search/0": -10, "search/1": 12, "head/0": -1})
    assert find_slow_layers(draft, quantiser(draft), LAYERS) == {"search/0"}


def test_none_stays_float_where_int8_is_faster(draft: Draft, monkeypatch: pytest.MonkeyPatch) -> None:
    times(monkeypatch, dict.fromkeys(LAYERS, 1.0))
    told: list[tuple[str, float]] = []
    assert find_slow_layers(draft, quantiser(draft), LAYERS, lambda *what: told.append(what)) == frozenset()
    firsts = ["search/0", "search/0", "search/5", "search/10", "head/0", "head/0", "head/5"]  # once alone
    assert told == [(f"time without {first}", number / 7) for number, first in enumerate(firsts)]


def test_something_stays_quantised(draft: Draft, monkeypatch: pytest.MonkeyPatch) -> None:
    times(monkeypatch, dict.fromkeys(LAYERS, -5.0))
    frame = [layer for layer in LAYERS if not layer.startswith("template")]

    def make(float_layers: frozenset[str]) -> VariantFiles:
        assert float_layers < set(frame)
        return quantiser(draft)(float_layers)

    assert find_slow_layers(draft, make, frame) == set(frame) - {"head/5", "head/6"}


def test_a_block_that_cannot_be_left_out_is_passed_over(draft: Draft, monkeypatch: pytest.MonkeyPatch) -> None:
    times(monkeypatch, {"search/1": -10, "search/6": -10})
    make = quantiser(draft)

    def refuse(float_layers: frozenset[str]) -> VariantFiles:
        if "search/1" in float_layers:
            raise ParityError("nothing is left of the score")
        return make(float_layers)

    assert find_slow_layers(draft, refuse, LAYERS) == {f"search/{i}" for i in range(5, 10)}


def test_a_network_that_is_nothing_when_all_is_quantised_is_not_timed(draft: Draft) -> None:
    def refuse(float_layers: frozenset[str]) -> VariantFiles:
        raise ParityError("nothing is left of the score")

    assert find_slow_layers(draft, refuse, LAYERS) == frozenset()  # which layers must be float is for the search to say


def test_tensorrts_engines_are_not_timed_here(draft: Draft, monkeypatch: pytest.MonkeyPatch) -> None:
    times(monkeypatch, dict.fromkeys(LAYERS, -5.0))
    assert find_slow_layers(draft, quantiser(draft, "tensorrt"), LAYERS) == frozenset()


def test_graphs_of_bytes_are_timed_on_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("onnxruntime", reason="graphs are run by ONNX Runtime")

    def refuse(*_: object) -> None:
        raise AssertionError("floats were turned back into bytes")

    monkeypatch.setattr(ort_crop, "fill_bytes", refuse)
    bundle = Bundle.open(build_toy_bundle(tmp_path / "bytes", as_bytes=True))
    assert time_networks(bundle, ["onnx/fp32"], turns=1)["onnx/fp32"].median_ms > 0


def test_real_sessions_are_timed_side_by_side(draft: Draft) -> None:
    pytest.importorskip("onnxruntime", reason="graphs are run by ONNX Runtime")
    assert find_slow_layers(draft, quantiser(draft), LAYERS[6:10]) == frozenset()  # one block is all there is
    assert find_slow_layers(draft, quantiser(draft), LAYERS[6:13]) < set(LAYERS)
    assert list(draft.manifest.variants) == ["onnx/fp32"]

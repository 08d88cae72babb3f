"""The search for layers to leave float, among made-up networks whose drops and times are known."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import pytest

from sdst_edge.datasets import Sequence
from sdst_export.accuracy import Validation, follow_validation
from sdst_export.mixing import MAX_TRIALS, Mix, Trial, find_mix, try_mix
from sdst_export.network_time import time_networks
from sdst_runtime.errors import ConfigError, ParityError
from sdst_runtime.measurements import Accuracy
from tests.tolerances import ABS_METRIC
from tests.toy_bundle import FOLDER, bright_frame
from tests.toy_variants import toy_draft, toy_variant

LAYERS = [f"search/{number}" for number in range(64)]  # the most sensitive first


def trial(float_layers: Iterable[str], drop: float, time_ratio: float | None = None) -> Trial:
    accuracy = Accuracy(
        source="made up",
        rules="house",
        sequences=1,
        frames=2,
        success_auc=0.7 - drop,
        reference_success_auc=0.7,
        mean_iou=1.0,
        mean_score_difference=0.0,
    )
    return Trial(float_layers=frozenset(float_layers), accuracy=accuracy, time_ratio=time_ratio)


def network(costs: dict[str, float]) -> Callable[[frozenset[str]], Trial]:
    """Quantising a layer costs accuracy; each float layer costs a hundredth of the time."""

    def attempt(float_layers: frozenset[str]) -> Trial:
        drop = sum(cost for layer, cost in costs.items() if layer not in float_layers)
        return trial(float_layers, drop, 0.3 + 0.01 * len(float_layers))

    return attempt


def names(*numbers: int) -> frozenset[str]:
    return frozenset(LAYERS[number] for number in numbers)


def test_all_is_quantised_where_that_costs_little() -> None:
    mix = find_mix(LAYERS, network({LAYERS[0]: 0.004}), 0.01)
    assert mix.met
    assert mix.chosen.float_layers == frozenset()
    assert len(mix.trials) == 1
    assert mix.chosen.drop == pytest.approx(0.004, abs=ABS_METRIC)
    assert mix.explain() == (
        "0 of 64 layers stay float: success AUC drops by 0.0040, 0.30 of the float network's time (1 mix tried)"
    )


@pytest.mark.parametrize("worst", [1, 2, 3, 7, 30, 62])
def test_the_worst_layers_stay_float_and_no_more(worst: int) -> None:
    mix = find_mix(LAYERS, network(dict.fromkeys(LAYERS[:worst], 0.02)), 0.01, max_trials=30)
    assert mix.chosen.float_layers == names(*range(worst))


def test_layers_that_do_no_harm_among_others_are_given_back() -> None:
    mix = find_mix(LAYERS, network({LAYERS[0]: 0.05, LAYERS[9]: 0.05}), 0.01, max_trials=30)
    assert mix.chosen.float_layers == names(0, 9)
    bisected = next(item for item in mix.trials if item.float_layers == names(*range(10)))
    assert bisected.drop <= 0.01


def test_the_search_ends_after_so_many_trials() -> None:
    costs = {LAYERS[0]: 0.05, LAYERS[21]: 0.05}
    mix = find_mix(LAYERS, network(costs), 0.01)
    assert len(mix.trials) == MAX_TRIALS
    assert mix.met
    tried = [item.float_layers for item in mix.trials]
    assert len(set(tried)) == len(tried)
    short = find_mix(LAYERS, network(costs), 0.01, max_trials=2)
    assert [len(item.float_layers) for item in short.trials] == [0, 7]


def test_the_fastest_that_holds_is_chosen_not_the_last() -> None:
    def attempt(float_layers: frozenset[str]) -> Trial:
        return trial(float_layers, 0.0 if float_layers else 0.5, 0.9 if len(float_layers) < 7 else 0.5)

    mix = find_mix(LAYERS, attempt, 0.01)
    assert [len(item.float_layers) for item in mix.trials] == [0, 7, 2, 1]
    assert mix.chosen.float_layers == names(*range(7))


def test_noise_of_times_does_not_choose() -> None:
    def attempt(float_layers: frozenset[str]) -> Trial:
        return trial(float_layers, 0.0 if float_layers else 0.5, 0.51 if len(float_layers) < 7 else 0.5)

    assert find_mix(LAYERS, attempt, 0.01).chosen.float_layers == names(0)


def test_without_times_the_fewest_float_layers_are_chosen() -> None:
    def attempt(float_layers: frozenset[str]) -> Trial:
        return trial(float_layers, 0.0 if len(float_layers) >= 3 else 0.1)

    mix = find_mix(LAYERS, attempt, 0.01, max_trials=30)
    assert len(mix.chosen.float_layers) == 3
    assert "time" not in mix.explain()


def test_layers_that_stay_float_in_any_case_are_counted() -> None:
    mix = find_mix(LAYERS[2:], lambda layers: trial(layers | names(0, 1), 0.0, 0.5), 0.01)
    assert mix.explain().startswith("2 of 64 layers stay float")


def test_where_nothing_holds_the_closest_is_told() -> None:
    mix = find_mix(LAYERS, network(dict.fromkeys(LAYERS, 0.02)), 0.01)
    assert not mix.met
    assert mix.chosen.float_layers == names(*range(63))
    assert mix.explain().startswith("no mix keeps the drop of success AUC within 0.01 (9 mixes tried); the closest")
    assert "drops by 0.0200, 63 of 64 layers stay float" in mix.explain()


def test_mixes_that_have_nothing_to_do_with_the_network_do_not_hold() -> None:
    def attempt(float_layers: frozenset[str]) -> Trial:
        if LAYERS[1] not in float_layers:
            raise ParityError("nothing is left of the score")
        return trial(float_layers, 0.0, 0.5)

    mix = find_mix(LAYERS, attempt, 0.01)
    assert mix.chosen.float_layers == names(1)
    with pytest.raises(ParityError, match="nothing is left"):
        find_mix(LAYERS, attempt, 0.01, max_trials=1)


def test_a_mix_that_scores_better_than_the_reference_holds() -> None:
    assert find_mix(LAYERS, network({LAYERS[0]: -0.02}), 0.0).met


def test_progress_tells_what_is_tried() -> None:
    told: list[tuple[str, float]] = []
    find_mix(LAYERS, network({LAYERS[0]: 0.02}), 0.01, max_trials=4, on_progress=lambda *what: told.append(what))
    assert told == [(f"try {count} float layers", share) for count, share in [(0, 0), (7, 0.25), (2, 0.5), (1, 0.75)]]


@pytest.mark.parametrize(("layers", "max_drop", "max_trials"), [([], 0.01, 1), (["a"], 1.5, 1), (["a"], 0.01, 0)])
def test_options_out_of_their_range_are_errors(layers: list[str], max_drop: float, max_trials: int) -> None:
    with pytest.raises(ConfigError, match="expected at least one layer"):
        find_mix(layers, network({}), max_drop, max_trials=max_trials)


def test_a_mix_is_measured_in_its_real_session(toy_bundle: Path) -> None:
    pytest.importorskip("onnxruntime", reason="graphs are run by ONNX Runtime")
    draft = toy_draft(toy_bundle)
    boxes = np.array([(50 + 4 * i, 50, 20, 20) for i in range(3)], np.float64)
    frames = [bright_frame((x + 10, y + 10)) for x, y, _, _ in boxes]
    clip = Sequence(name="clip", frames=frames, boxes_xywh=boxes, visible=np.ones(3, bool))
    validation = Validation(source="clips", sequences=[clip])
    reference = follow_validation(draft.bundle(), FOLDER, validation)
    measured = try_mix(draft, toy_variant(draft, "onnx/int8-toy", {}), frozenset({"a"}), reference, validation)
    assert measured.float_layers == {"a"}
    assert measured.drop == 0.0
    assert measured.time_ratio is not None
    assert measured.time_ratio > 0
    assert list(draft.manifest.variants) == [FOLDER]


def test_networks_are_timed_in_one_run(toy_bundle: Path) -> None:
    pytest.importorskip("onnxruntime", reason="graphs are run by ONNX Runtime")
    draft = toy_draft(toy_bundle)
    draft.add(toy_variant(draft, "onnx/other", {}, session="split"))
    times = time_networks(draft.bundle(), [FOLDER, "onnx/other"], turns=1)
    assert list(times) == [FOLDER, "onnx/other"]
    assert times[FOLDER].ratio == 1.0
    assert all(time.median_ms > 0 and time.ratio > 0 for time in times.values())


def test_what_a_mix_says_of_itself_when_it_is_slower() -> None:
    chosen = trial(["a"], 0.001, 1.2)
    assert "1.20 of the float network's time" in Mix(chosen=chosen, layers=2, max_drop=0.01, trials=(chosen,)).explain()

"""Sizes of the families against those measured on the original modules, and against exported graphs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest
import torch

from sdst_edge.models import families, family_facts, save_checkpoint, untrained_checkpoint
from sdst_edge.models.key_mapping import weights_of
from sdst_edge.models.registry import blueprint
from sdst_export import export_bundle
from sdst_runtime.errors import ConfigError


@dataclass(frozen=True, kw_only=True)
class Original:
    """Measured on the original modules; the last digit is rounded.

    Attributes:
        parameters: in millions; None where the count has weights that are never run.
        template: MACs in millions, as the original splits them: SiamRPN's kind makes its kernels in the head.
        together: MACs in millions of the template and one search, correlations not counted.
        tolerance: half the last digit, or its sum over two rounded figures, in millions.
    """

    parameters: float | None
    template: float | None
    together: float
    tolerance: float


ORIGINALS = {
    "siamfc-alexnet": Original(parameters=2.336, template=460, together=460 + 3 * 2720, tolerance=20),
    "siamrpn-alexnet": Original(parameters=6.251, template=None, together=711 + 6463, tolerance=1),
    "siamrpnpp-mobilenetv2": Original(parameters=11.150, template=None, together=858 + 6979, tolerance=1),
    "siamrpnpp-resnet50": Original(parameters=53.951, template=None, together=10650 + 48790, tolerance=10),
    "dasiamrpn-vot": Original(parameters=22.633, template=993.7, together=990 + 5560, tolerance=10),
    "dasiamrpn-otb": Original(parameters=22.633, template=993.7, together=990 + 5560, tolerance=10),
    "dasiamrpn-big": Original(parameters=90.436, template=3732, together=3730 + 21030, tolerance=10),
    "siamfcpp-alexnet": Original(parameters=9.655, template=729, together=729 + 8557, tolerance=1),
    "lighttrack-mobile": Original(parameters=1.969, template=83.2, together=83.2 + 510.6, tolerance=0.1),
    "nanotrack-v1": Original(parameters=None, template=11.5, together=11.5 + 68, tolerance=0.55),
    "nanotrack-v2": Original(parameters=None, template=None, together=11.8 + 77, tolerance=0.55),
    "nanotrack-v3": Original(parameters=None, template=None, together=14.7 + 106, tolerance=0.55),
}


@pytest.mark.parametrize("family", ORIGINALS)
def test_parameters_and_macs_are_those_of_the_original(family: str) -> None:
    original, facts = ORIGINALS[family], family_facts(family)
    together = (facts.macs.template + facts.macs.search + facts.macs.head) / 1e6
    assert abs(together - original.together) <= original.tolerance
    if original.template is not None:
        assert abs(facts.macs.template / 1e6 - original.template) <= original.tolerance
    if original.parameters is not None:
        assert round(facts.parameters / 1e6, 3) == original.parameters


def test_correlations_are_counted_apart() -> None:
    big = family_facts("dasiamrpn-big")
    assert round(big.macs.correlations / 1e9, 3) == 0.089
    assert big.correlations == ("up-channel", "up-channel")
    # One map of 17 x 17 values, each 6 x 6 x 256 products, at three scales.
    assert family_facts("siamfc-alexnet").macs.correlations == 3 * 17 * 17 * 6 * 6 * 256
    # 16 x 16 cells times 64 ones of the template, 48 channels.
    assert family_facts("nanotrack-v1").macs.correlations == 256 * 64 * 48
    # The same for 96 channels, and 15 x 15 values of 4 x 4 products in 96 channels; both twice.
    assert family_facts("nanotrack-v3").macs.correlations == 2 * (256 * 64 * 96 + 225 * 16 * 96)


@pytest.mark.parametrize("family", ["sdst-nano-s", "nanotrack-v3"])
def test_macs_are_those_of_the_exported_graphs(tmp_path: Path, family: str) -> None:
    made = untrained_checkpoint(family, width=0.25)
    save_checkpoint(made.model, tmp_path / "a.safetensors", made.provenance)
    manifest = export_bundle(tmp_path / "a.safetensors", tmp_path / "bundle")
    facts = family_facts(family, width=0.25)
    assert facts.parameters == manifest.parameters
    assert facts.macs.template == manifest.macs.template
    assert facts.macs.search == manifest.macs.search
    assert facts.macs.head + facts.macs.correlations == manifest.macs.head


@pytest.mark.parametrize("family", list(families()))
def test_every_family_has_students(family: str) -> None:
    published, student = family_facts(family), family_facts(family, width=0.35, depth=0.5)
    assert student.parameters < 0.5 * published.parameters
    assert student.macs.search < 0.5 * published.macs.search
    assert (student.search_size, student.output_kind) == (published.search_size, published.output_kind)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"width": 0}, r"family nanotrack-v1: width is 0, expected a number in \[0.05, 4\]"),
        ({"width": "wide"}, "family nanotrack-v1: width is 'wide'"),
        ({"depth": True}, "family nanotrack-v1: depth is True"),
        ({"depth": float("nan")}, "family nanotrack-v1: depth is nan"),
        ({"height": 2}, "family nanotrack-v1 has no option 'height', it takes width and depth"),
    ],
)
def test_facts_raise_when_an_option_is_wrong(options: dict[str, object], told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        family_facts("nanotrack-v1", **options)


def test_blueprint_has_the_names_and_shapes_of_the_network() -> None:
    made, drawn = weights_of(untrained_checkpoint("nanotrack-v1").model), weights_of(blueprint("nanotrack-v1"))
    assert {key: value.shape for key, value in made.items()} == {key: value.shape for key, value in drawn.items()}


def test_untrained_networks_are_equal_for_equal_seeds() -> None:
    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    one, same, other = (weights_of(untrained_checkpoint("sdst-nano-s", seed=seed).model) for seed in (3, 3, 4))
    assert torch.equal(torch.rand(1), expected), "the random numbers of the caller go on as they were"
    assert all(torch.equal(one[key], same[key]) for key in one)
    assert any(not torch.equal(one[key], other[key]) for key in one)


def test_siammask_runs_its_mask_head_for_one_cell_and_not_for_all() -> None:
    facts = family_facts("siammask-resnet50")
    together = (facts.macs.template + facts.macs.search + facts.macs.head) / 1e6
    of_all_cells = 25 * 25 * 256 * (256 + 63 * 63) / 1e6  # two 1x1 convolutions, which the original runs everywhere
    assert round(facts.parameters / 1e6, 3) == 21.482
    assert abs(together + of_all_cells - (3370 + 16640)) <= 10

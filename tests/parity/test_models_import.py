"""Published checkpoints: every key is accounted for, and the family is found by them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import torch

from sdst_edge.models import build, import_checkpoint, importable_families, load_checkpoint, save_checkpoint
from sdst_edge.models.detection import choose_family, fits
from sdst_edge.models.key_mapping import weights_of
from sdst_edge.models.registry import blueprint, families
from sdst_runtime.errors import CheckpointError
from tests.parity.foreign_files import Runs, foreign_state

FAMILIES = importable_families()
SMALL_FAMILIES = ("fear-xs", "lighttrack-mobile", "nanotrack-v1", "nanotrack-v2", "nanotrack-v3", "siamfc-alexnet")
SAME_NETWORK = {"dasiamrpn-otb": "dasiamrpn-vot"}


def published_file(family: str, path: Path, **entries: object) -> Path:
    """A checkpoint of a family as its authors would have written it, with further entries in its state dict."""
    torch.save(foreign_state(build(family), family) | entries, path)
    return path


def shapes_only(family: str) -> dict[str, torch.Tensor]:
    """A published state dict whose tensors take no memory."""
    state = foreign_state(blueprint(family), family)
    return {key: torch.zeros(()).expand(value.shape) for key, value in state.items()}


@pytest.mark.parametrize("family", FAMILIES)
def test_mapping_hits_each_of_our_weights_once(family: str) -> None:
    published = families()[family].published
    assert published is not None
    ours = [module for module in published.values() if module is not None]
    assert len(ours) == len(set(ours))
    weights = set(weights_of(blueprint(family)))
    modules = {key.rpartition(".")[0] for key in weights}
    assert set(ours) <= weights | modules
    assert weights == {key for key in weights if key in ours or key.rpartition(".")[0] in ours}


@pytest.mark.parametrize("family", FAMILIES)
def test_family_is_found_by_its_weights(family: str) -> None:
    state = shapes_only(family)
    chosen, remark = choose_family(state, "checkpoint.pth")
    assert chosen == SAME_NETWORK.get(family, family)
    assert bool(remark) == family.startswith(("dasiamrpn-otb", "dasiamrpn-vot"))
    best, *_ = fits(state)
    assert best.is_exact
    assert best.agreeing == len(weights_of(blueprint(family)))


@pytest.mark.parametrize(
    ("file_name", "chosen", "told"),
    [
        ("SiamRPNOTB.model", "dasiamrpn-otb", "as the file's name says"),
        ("siamrpn-vot.pth", "dasiamrpn-vot", "as the file's name says"),
        ("weights.pth", "dasiamrpn-vot", "does not tell which"),
        ("vot_or_otb.pth", "dasiamrpn-vot", "does not tell which"),
    ],
)
def test_file_name_tells_families_of_one_network_apart(file_name: str, chosen: str, told: str) -> None:
    state = shapes_only("dasiamrpn-vot")
    family, remark = choose_family(state, file_name)
    assert family == chosen
    assert told in remark
    assert "dasiamrpn-vot" in remark
    assert "dasiamrpn-otb" in remark


def test_unknown_weights_say_what_is_nearest() -> None:
    state = shapes_only("siamrpnpp-resnet50")
    expected = len(weights_of(blueprint("siamrpnpp-resnet50")))
    without_head = {key: value for key, value in state.items() if not key.startswith("rpn_head.rpn4")}
    missing = len([key for key in state if key not in without_head and not key.endswith("num_batches_tracked")])
    with pytest.raises(CheckpointError) as caught:
        choose_family({**without_head, "extra.weight": torch.zeros(1)}, "a.pth")
    nearest = f"nearest is siamrpnpp-resnet50: {expected - missing} of its {expected} weights are there"
    assert nearest in str(caught.value)
    assert "1 others are left over" in str(caught.value)


def test_weights_of_something_else_say_so() -> None:
    with pytest.raises(CheckpointError, match="no weight has a name of theirs"):
        choose_family({"transformer.weight": torch.zeros(1)}, "a.pth")


@pytest.mark.parametrize("family", SMALL_FAMILIES)
def test_import_returns_the_weights_and_where_they_come_from(tmp_path: Path, family: str) -> None:
    model = build(family)
    path = tmp_path / "their.pth"
    state = foreign_state(model, family)
    torch.save({"state_dict": {f"module.{key}": value for key, value in state.items()}, "epoch": 3}, path)
    imported = import_checkpoint("auto", path)
    want, got = weights_of(model), weights_of(imported.model)
    assert want.keys() == got.keys()
    assert all(torch.equal(want[key], got[key]) for key in want)
    assert imported.family == imported.provenance.importer == family
    assert imported.provenance.source == "their.pth"
    assert len(imported.provenance.sha256) == 64
    assert not imported.model.training
    save_checkpoint(imported.model, tmp_path / "ours.safetensors", imported.provenance)
    loaded = load_checkpoint(tmp_path / "ours.safetensors")
    assert loaded.provenance == imported.provenance
    assert all(torch.equal(value, weights_of(loaded.model)[key]) for key, value in want.items())


def test_import_lists_what_does_not_fit(tmp_path: Path) -> None:
    state = foreign_state(build("nanotrack-v1"), "nanotrack-v1")
    del state["backbone.features.4.conv.0.weight"]
    state["ban_head.surprise.weight"] = torch.zeros(1)
    state["ban_head.cls_logits.0.bias"] = torch.zeros(3)
    torch.save(state, tmp_path / "a.pth")
    with pytest.raises(CheckpointError) as caught:
        import_checkpoint("nanotrack-v1", tmp_path / "a.pth")
    message = str(caught.value)
    assert "1 missing: trunk.4.expand.conv.weight" in message
    assert "1 left over: ban_head.surprise.weight" in message
    assert "branches.score.predict.bias torch.float32 (3,) for (2,)" in message
    assert "it fits" not in message


def test_import_says_which_other_family_fits(tmp_path: Path) -> None:
    path = published_file("nanotrack-v2", tmp_path / "a.pth")
    with pytest.raises(CheckpointError, match=r"left over: ban_head.cls_pw_tower.*; it fits nanotrack-v2$"):
        import_checkpoint("nanotrack-v3", path)


def test_import_auto_names_the_file_that_fits_nothing(tmp_path: Path) -> None:
    path = published_file("nanotrack-v1", tmp_path / "a.pth", surprise=torch.zeros(1))
    with pytest.raises(CheckpointError, match=rf"^{re.escape(str(path))} fits no family .*nearest is nanotrack-v1"):
        import_checkpoint("auto", path)


@pytest.mark.parametrize("family", ["nanotrack-v9", "sdst-nano-s", ""])
def test_import_raises_when_family_has_no_importer(tmp_path: Path, family: str) -> None:
    with pytest.raises(CheckpointError, match=r"nanotrack-v1, nanotrack-v2, nanotrack-v3.*'auto' finds out"):
        import_checkpoint(family, tmp_path / "a.pth")


def test_import_executes_nothing_when_pickle_is_hostile(tmp_path: Path) -> None:
    target = tmp_path / "executed"
    torch.save({"state_dict": Runs(open, str(target), "w")}, tmp_path / "a.pth")
    for family in ("auto", "nanotrack-v1"):
        with pytest.raises(CheckpointError, match=r"holds \w+\.open, which is no weight and could run code"):
            import_checkpoint(family, tmp_path / "a.pth")
    assert not target.exists()


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (torch.zeros(1).expand(10**6, 10**6, 1, 1), r"of another shape or type: \S+ torch.float32 \(1000000, 1000000"),
        (torch.zeros(16, 3, 3, 3, dtype=torch.int8), r"of another shape or type: \S+ torch.int8 \(16, 3, 3, 3\)"),
        (torch.zeros(16, 3, 3, 3, dtype=torch.complex64), r"of another shape or type: \S+ torch.complex64"),
        (torch.full((16, 3, 3, 3), torch.nan), "with NaN or infinite values: trunk.0.conv.weight"),
        (torch.full((16, 3, 3, 3), torch.inf), "with NaN or infinite values: trunk.0.conv.weight"),
    ],
)
def test_import_raises_when_a_weight_is_of_another_kind(tmp_path: Path, value: torch.Tensor, told: str) -> None:
    path = published_file("nanotrack-v1", tmp_path / "a.pth", **{"backbone.features.0.0.weight": value})
    with pytest.raises(CheckpointError, match=f"weights 1 {told}"):
        import_checkpoint("nanotrack-v1", path)


def test_core_ml_file_is_fear_and_nothing_else(shared: Path, tmp_path: Path) -> None:
    path = shared / "weights" / "FEAR-XS-NoEmbs.mlmodel"
    imported = import_checkpoint("auto", path)
    assert imported.family == imported.provenance.importer == "fear-xs"
    with pytest.raises(CheckpointError, match="a Core ML file, which is read as fear-xs and not as nanotrack-v1"):
        import_checkpoint("nanotrack-v1", path)
    with (tmp_path / "large.mlmodel").open("wb") as file:
        file.truncate(1 << 30)
    with pytest.raises(CheckpointError, match="1,073,741,824 bytes, expected at most"):
        import_checkpoint("auto", tmp_path / "large.mlmodel")

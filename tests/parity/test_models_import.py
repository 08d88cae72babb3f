"""Published checkpoints: every key is accounted for, nothing in them is executed, every damage is one clear error."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest
import torch

from sdst_edge.models import (
    SiameseModel,
    build,
    import_checkpoint,
    importable_families,
    load_checkpoint,
    save_checkpoint,
)
from sdst_edge.models.key_mapping import weights_of
from sdst_edge.models.registry import families
from sdst_runtime.errors import CheckpointError

FAMILIES = ["nanotrack-v1", "nanotrack-v2", "nanotrack-v3"]


def foreign_state(model: SiameseModel, family: str) -> dict[str, torch.Tensor]:
    """Our weights under the original's names, by the mapping table read backwards."""
    original = {ours: theirs for theirs, ours in families()[family].published.items() if ours is not None}
    state = {}
    for key, value in model.state_dict().items():
        module, _, leaf = key.rpartition(".")
        is_linear = ".fc." in original[module] and leaf == "weight"
        state[f"{original[module]}.{leaf}"] = value[:, :, 0, 0] if is_linear else value
    state |= {"neck.downsample.0.weight": torch.zeros(64, 64, 1, 1), "neck.downsample.1.weight": torch.zeros(64)}
    return state


@pytest.fixture(params=FAMILIES)
def family(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_mapping_hits_each_of_our_modules_once(family: str) -> None:
    ours = [module for module in families()[family].published.values() if module is not None]
    assert len(ours) == len(set(ours))
    assert set(ours) == {key.rpartition(".")[0] for key in weights_of(build(family))}


def test_import_returns_the_weights_and_where_they_come_from(tmp_path: Path, family: str) -> None:
    model = build(family)
    state = {f"module.{key}": value for key, value in foreign_state(model, family).items()}
    # Training loops leave such things beside the weights: numbers of NumPy, the optimizer's state.
    extra = {"epoch": 3, "best": np.float64(0.5), "last": np.float32(0.25), "optimizer": {"state": {}, "groups": [1]}}
    path = tmp_path / "their.pth"
    torch.save({"state_dict": state, **extra}, path)
    imported = import_checkpoint(family, path)
    want, got = weights_of(model), weights_of(imported.model)
    assert want.keys() == got.keys()
    assert all(torch.equal(want[key], got[key]) for key in want)
    assert imported.family == imported.provenance.importer == family
    assert imported.provenance.source == "their.pth"
    assert len(imported.provenance.sha256) == 64
    assert not imported.model.training


def test_imported_checkpoint_can_be_saved_and_loaded(tmp_path: Path, family: str) -> None:
    torch.save(foreign_state(build(family), family), tmp_path / "their.pth")
    imported = import_checkpoint(family, tmp_path / "their.pth")
    save_checkpoint(imported.model, tmp_path / "ours.safetensors", imported.provenance)
    loaded = load_checkpoint(tmp_path / "ours.safetensors")
    assert loaded.provenance == imported.provenance
    want, got = weights_of(imported.model), weights_of(loaded.model)
    assert all(torch.equal(want[key], got[key]) for key in want)


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
    assert "score.predict.bias torch.float32 (3,) for (2,)" in message
    assert "looks like" not in message


def test_import_says_which_family_it_looks_like(tmp_path: Path) -> None:
    torch.save(foreign_state(build("nanotrack-v2"), "nanotrack-v2"), tmp_path / "a.pth")
    with pytest.raises(CheckpointError, match=r"left over: ban_head.cls_pw_tower.*; it looks like nanotrack-v2$"):
        import_checkpoint("nanotrack-v3", tmp_path / "a.pth")


@pytest.mark.parametrize("family", ["nanotrack-v9", "sdst-nano", ""])
def test_import_raises_when_family_has_no_importer(tmp_path: Path, family: str) -> None:
    assert importable_families() == tuple(FAMILIES)
    with pytest.raises(CheckpointError, match="nanotrack-v1, nanotrack-v2, nanotrack-v3"):
        import_checkpoint(family, tmp_path / "a.pth")


@pytest.mark.parametrize("share", [0.0, 0.01, 0.5, 0.99])
def test_import_raises_when_file_is_truncated(tmp_path: Path, share: float) -> None:
    path = tmp_path / "a.pth"
    torch.save(foreign_state(build("nanotrack-v1"), "nanotrack-v1"), path)
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    with pytest.raises(CheckpointError, match="damaged, or no PyTorch checkpoint"):
        import_checkpoint("nanotrack-v1", path)


def test_import_raises_when_path_is_missing_or_a_folder(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="does not exist"):
        import_checkpoint("nanotrack-v1", tmp_path / "none.pth")
    with pytest.raises(CheckpointError, match="damaged, or no PyTorch checkpoint"):
        import_checkpoint("nanotrack-v1", tmp_path)


@pytest.mark.parametrize("content", [b"hello, I am text\n", b"\x80\x02.", b"\x00" * 100, pickle.dumps([1, 2, 3])])
def test_import_raises_when_file_is_no_checkpoint(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.pth").write_bytes(content)
    with pytest.raises(CheckpointError, match=r"a\.pth is damaged, or no PyTorch checkpoint") as caught:
        import_checkpoint("nanotrack-v1", tmp_path / "a.pth")
    assert "weights_only" not in str(caught.value)  # torch advises to turn it off


@pytest.mark.parametrize(
    "content",
    [
        [1, 2, 3],
        {"epoch": 3},
        {"state_dict": {"a": 1}},
        {"state_dict": []},
        {},
        {1: torch.zeros(1)},
        torch.zeros(3),
        "text",
        None,
    ],
)
def test_import_raises_when_content_is_no_state_dict(tmp_path: Path, content: object) -> None:
    torch.save(content, tmp_path / "a.pth")
    with pytest.raises(CheckpointError, match="without weights, expected a state dict"):
        import_checkpoint("nanotrack-v1", tmp_path / "a.pth")


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (torch.zeros(1).expand(10**6, 10**6, 1, 1), r"torch.float32 \(1000000, 1000000, 1, 1\)"),  # 4 bytes in the file
        (torch.zeros(16, 3, 3, 3, device="meta"), r"torch.float32 \(16, 3, 3, 3\)"),
        (torch.zeros(16, 3, 3, 3).to_sparse(), r"torch.float32 \(16, 3, 3, 3\)"),
        (torch.zeros(16, 3, 3, 3, dtype=torch.complex64), r"torch.complex64 \(16, 3, 3, 3\)"),
        (torch.zeros(16, 3, 3, 3).to(torch.float8_e4m3fn), r"torch.float8_e4m3fn \(16, 3, 3, 3\)"),
    ],
)
def test_import_raises_when_a_tensor_is_of_another_kind(tmp_path: Path, value: torch.Tensor, told: str) -> None:
    state = foreign_state(build("nanotrack-v1"), "nanotrack-v1")
    torch.save({**state, "backbone.features.0.0.weight": value}, tmp_path / "a.pth")
    with pytest.raises(CheckpointError, match=rf"1 of another shape or type: trunk.0.conv.weight {told}"):
        import_checkpoint("nanotrack-v1", tmp_path / "a.pth")


def test_import_raises_when_a_weight_is_there_twice(tmp_path: Path) -> None:
    state = foreign_state(build("nanotrack-v1"), "nanotrack-v1")
    key = next(iter(state))
    torch.save({**state, f"module.{key}": state[key] + 1}, tmp_path / "a.pth")
    with pytest.raises(CheckpointError, match=r"holds weights twice, with and without 'module\.'"):
        import_checkpoint("nanotrack-v1", tmp_path / "a.pth")


class Hostile:
    """A pickle of it creates a file when it is loaded without care."""

    def __init__(self, target: Path) -> None:
        self.target = target

    def __reduce__(self) -> tuple[object, tuple[str, str]]:
        return open, (str(self.target), "w")


@pytest.mark.parametrize("zipped", [True, False])
def test_import_executes_nothing_when_pickle_is_hostile(tmp_path: Path, zipped: bool) -> None:
    target = tmp_path / "executed"
    torch.save({"state_dict": Hostile(target)}, tmp_path / "a.pth", _use_new_zipfile_serialization=zipped)
    with pytest.raises(CheckpointError, match=r"holds \w+\.open, which is no weight and is not loaded"):
        import_checkpoint("nanotrack-v1", tmp_path / "a.pth")
    assert not target.exists()


def test_import_leaves_the_list_of_allowed_names_as_it_was(tmp_path: Path) -> None:
    before = set(torch.serialization.get_safe_globals())
    torch.save(foreign_state(build("nanotrack-v1"), "nanotrack-v1"), tmp_path / "a.pth")
    import_checkpoint("nanotrack-v1", tmp_path / "a.pth")
    assert set(torch.serialization.get_safe_globals()) == before

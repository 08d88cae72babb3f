"""Files of other projects: weights come out, nothing in them is run, and every damage is one clear line."""

from __future__ import annotations

import functools
import os
import pickle
import struct
import subprocess
import sys
import tracemalloc
import types
import zipfile
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from sdst_edge.models.foreign import pickles, state_dicts, torch_files
from sdst_edge.models.foreign.state_dicts import read_state_dict
from sdst_runtime.errors import CheckpointError
from tests.parity.foreign_files import Runs, storage_reference, write_pickle, write_zip

WEIGHTS = {"conv.weight": torch.arange(24.0).reshape(2, 3, 2, 2), "norm.bias": torch.ones(3), "steps": torch.tensor(7)}


@pytest.fixture(params=[True, False], ids=["zip", "legacy"])
def zipped(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


def save(content: object, path: Path, *, zipped: bool = True, protocol: int = 2) -> Path:
    torch.save(content, path, _use_new_zipfile_serialization=zipped, pickle_protocol=protocol)
    return path


def refuse(path: Path, match: str | None = None) -> str:
    """The message with which a file is refused: one line that starts with its path."""
    with pytest.raises(CheckpointError, match=match) as caught:
        read_state_dict(path)
    message = str(caught.value)
    assert message.startswith(str(path))
    assert "\n" not in message
    assert len(message) < len(str(path)) + 400
    return message


def assert_weights(got: dict[str, torch.Tensor]) -> None:
    assert got.keys() == WEIGHTS.keys()
    assert all(torch.equal(got[key], value) and got[key].dtype == value.dtype for key, value in WEIGHTS.items())


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
@pytest.mark.parametrize(
    "wrap",
    [
        lambda state: state,
        OrderedDict,
        lambda state: {"state_dict": state, "epoch": 3},
        lambda state: {"model_state_dict": state},
        lambda state: {"state_dict": {"state_dict": state}},
        lambda state: {f"module.{key}": value for key, value in state.items()},
        lambda state: {f"module.feature_extractor.{key}": value for key, value in state.items()},
        lambda state: {key: torch.nn.Parameter(value, requires_grad=False) for key, value in state.items()},
        lambda state: {
            "state_dict": {f"model.{key}": value for key, value in state.items()} | {"metrics.total": torch.zeros(1)},
            "pytorch-lightning_version": "1.9.0",
        },
    ],
)
def test_weights_come_out_of_their_wrappers(
    tmp_path: Path, zipped: bool, protocol: int, wrap: Callable[[dict[str, torch.Tensor]], object]
) -> None:
    assert_weights(read_state_dict(save(wrap(WEIGHTS), tmp_path / "a.pth", zipped=zipped, protocol=protocol)))


def test_state_dict_of_a_module_comes_out(tmp_path: Path, zipped: bool) -> None:
    module = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3), torch.nn.BatchNorm2d(4))
    got = read_state_dict(save(module.state_dict(), tmp_path / "a.pth", zipped=zipped))  # has _metadata
    assert all(torch.equal(got[key], value) for key, value in module.state_dict().items())


def test_views_and_shared_values_come_out(tmp_path: Path, zipped: bool) -> None:
    base = torch.arange(12.0).reshape(3, 4)
    state = {"whole": base, "turned": base.T, "part": base[1:, 2], "empty": torch.zeros(0, 3), "one": base[2, 3]}
    got = read_state_dict(save(state, tmp_path / "a.pth", zipped=zipped))
    assert all(torch.equal(got[key], value) for key, value in state.items())


@pytest.mark.parametrize(
    "dtype", [torch.float64, torch.float16, torch.bfloat16, torch.int8, torch.bool, torch.complex64]
)
def test_plain_types_keep_theirs(tmp_path: Path, zipped: bool, dtype: torch.dtype) -> None:
    state = {"a": torch.tensor([0, 1, 1]).to(dtype)}
    got = read_state_dict(save(state, tmp_path / "a.pth", zipped=zipped))
    assert got["a"].dtype == dtype
    assert torch.equal(got["a"], state["a"])


def test_state_dicts_of_python_2_come_out(tmp_path: Path) -> None:
    """An OrderedDict as a list of lists, texts without an encoding, and torch 0.3's way to make a tensor."""
    tensor = b"ctorch._utils\n_rebuild_tensor\n(" + storage_reference("7", count=4) + b"K\x01K\x03\x85K\x01\x85tR"
    content = b"\x80\x02ccollections\nOrderedDict\n]](U\x08a.weight" + tensor + b"ea\x85R."
    path = write_pickle(tmp_path / "SiamRPNVOT.model", content, zipped=False, keys=["7"])
    with path.open("ab") as file:
        file.write(struct.pack("<q4f", 4, 1, 2, 3, 4))
    assert read_state_dict(path)["a.weight"].tolist() == [2, 3, 4]


@pytest.fixture
def omegaconf(monkeypatch: pytest.MonkeyPatch) -> types.ModuleType:
    """A package that is there when a file is written."""
    module = types.ModuleType("omegaconf")
    monkeypatch.setitem(sys.modules, "omegaconf", module)
    return module


def test_classes_of_other_packages_are_not_made(
    tmp_path: Path, omegaconf: types.ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a Lightning checkpoint keeps beside its weights."""
    calls = []

    class DictConfig:
        def __init__(self, **values: object) -> None:
            self.values = values

        def __setstate__(self, state: object) -> None:
            calls.append(state)

    DictConfig.__module__, DictConfig.__qualname__ = "omegaconf", "DictConfig"
    omegaconf.DictConfig = DictConfig  # type: ignore[attr-defined]
    content = {
        "state_dict": {f"model.{key}": value for key, value in WEIGHTS.items()},
        "pytorch-lightning_version": "1.9.0",
        "hyper_parameters": DictConfig(lr=0.1, path=Path("data"), best=np.float64(0.5), kinds={1, 2}),
        "callbacks": {DictConfig: {"best": np.float32(0.25), "scores": np.zeros(3)}},
        "optimizer": {"state": {0: {"step": 1}}, (1, 2): "dropped"},
    }
    for protocol in (2, 4):
        path = save(content, tmp_path / "a.ckpt", protocol=protocol)
        monkeypatch.delitem(sys.modules, "omegaconf", raising=False)
        assert_weights(read_state_dict(path))
        monkeypatch.setitem(sys.modules, "omegaconf", omegaconf)
    assert not calls


@pytest.mark.parametrize("place", ["alone", "as the weights", "as a weight", "beside the weights"])
@pytest.mark.parametrize("protocol", [2, 4])
@pytest.mark.parametrize(
    ("function", "named"),
    [
        (os.system, "system"),
        (eval, "eval"),
        (exec, "exec"),
        (open, "open"),
        (subprocess.Popen, "Popen"),
        (torch.load, "torch.serialization.load"),
        (functools.partial(os.system), "system"),
    ],
)
def test_nothing_is_run_when_a_pickle_is_hostile(
    tmp_path: Path, zipped: bool, place: str, protocol: int, function: Any, named: str
) -> None:
    target = tmp_path / "executed"
    argument = {"Popen": ["touch", str(target)], "system": f"touch {target}", "open": (str(target), "w")}.get(
        named, f"__import__('pathlib').Path({str(target)!r}).touch()"
    )
    runs = Runs(function, *argument) if isinstance(argument, tuple) else Runs(function, argument)
    content = {
        "alone": runs,
        "as the weights": {"state_dict": runs},
        "as a weight": {**WEIGHTS, "more": runs},
        "beside the weights": {"state_dict": WEIGHTS, "hyper_parameters": runs},
    }[place]
    path = save(content, tmp_path / "a.pth", zipped=zipped, protocol=protocol)
    message = refuse(path, "could run code; nothing in it was run")
    assert named in message
    assert not target.exists()


@pytest.mark.parametrize(
    "instructions", [b"(cposix\nsystem\nX\x04\x00\x00\x00trueo.", b"(X\x04\x00\x00\x00trueiposix\nsystem\n."]
)
def test_old_ways_to_call_are_refused_too(tmp_path: Path, zipped: bool, instructions: bytes) -> None:
    refuse(write_pickle(tmp_path / "a.pth", b"\x80\x02" + instructions, zipped=zipped), "holds posix.system")


def test_names_that_are_no_names_are_not_repeated(tmp_path: Path, zipped: bool) -> None:
    content = b"\x80\x02cos\nsystem \x1b[31m\n."
    assert "\x1b" not in refuse(write_pickle(tmp_path / "a.pth", content, zipped=zipped), "damaged")


@pytest.mark.parametrize("share", [0.0, 0.01, 0.3, 0.6, 0.9, 0.999])
def test_truncated_file_is_refused(tmp_path: Path, zipped: bool, share: float) -> None:
    path = save(WEIGHTS, tmp_path / "a.pth", zipped=zipped)
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    refuse(path, "is damaged")


def test_any_flipped_byte_is_refused_or_harmless(tmp_path: Path, zipped: bool) -> None:
    path = save(WEIGHTS, tmp_path / "a.pth", zipped=zipped)
    data = path.read_bytes()
    for position in range(0, len(data), max(1, len(data) // 400)):
        path.write_bytes(data[:position] + bytes([data[position] ^ 0xFF]) + data[position + 1 :])
        try:
            read_state_dict(path)
        except CheckpointError as error:
            assert "\n" not in str(error)  # noqa: PT017


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "damaged, or no PyTorch checkpoint"),
        (b"hello, I am text\n", "damaged, or no PyTorch checkpoint"),
        (b"\x00" * 1000, "damaged, or no PyTorch checkpoint"),
        (b"\x80\x02.", "damaged, or no PyTorch checkpoint"),
        (pickle.dumps([1, 2, 3]), "does not start as one"),
        (b"PK\x03\x04 cut off", "damaged, or no PyTorch checkpoint"),
        (b"<!DOCTYPE html><html>", "web page"),
        (b"version https://git-lfs.github.com/spec/v1\n", "Git LFS"),
        (b"\x1f\x8b\x08\x00", "gzip"),
        (b"\x00" * 257 + b"ustar\x0000" + b"\x00" * 248, "tar archive"),
    ],
)
def test_other_file_is_refused(tmp_path: Path, content: bytes, told: str) -> None:
    (tmp_path / "a.pth").write_bytes(content)
    refuse(tmp_path / "a.pth", told)


def test_missing_file_folder_and_other_endings_are_refused(tmp_path: Path) -> None:
    refuse(tmp_path / "none.pth", "does not exist")
    refuse(tmp_path, "is no file")
    os.mkfifo(tmp_path / "pipe.pth")
    refuse(tmp_path / "pipe.pth", "is no file")
    for suffix, told in ((".onnx", "ONNX graph"), (".safetensors", "safetensors file")):
        (tmp_path / f"a{suffix}").write_bytes(b"\x08\x07")
        refuse(tmp_path / f"a{suffix}", told)


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
        None,
    ],
)
def test_content_without_weights_is_refused(tmp_path: Path, content: object) -> None:
    refuse(save(content, tmp_path / "a.pth"), "without weights, expected a state dict")


@pytest.mark.parametrize("name", ["two\nlines", "\x1b[31mred", "a" * 1000])
def test_names_that_would_garble_a_message_are_refused(tmp_path: Path, zipped: bool, name: str) -> None:
    path = save({**WEIGHTS, name: torch.zeros(1)}, tmp_path / "a.pth", zipped=zipped)
    refuse(path, "some names in it are no weight's")


def test_weights_with_and_without_prefix_are_refused(tmp_path: Path) -> None:
    path = save({"a": torch.zeros(1), "module.a": torch.ones(1)}, tmp_path / "a.pth")
    refuse(path, r"holds weights twice, with and without 'module\.'")


@pytest.mark.parametrize(
    "value",
    [
        torch.zeros(2, 2).to_sparse(),
        torch.zeros(2, 2, device="meta"),
        torch.zeros(2, 2).to(torch.float8_e4m3fn),
        "a text",
    ],
)
def test_entry_that_is_no_plain_tensor_is_refused(tmp_path: Path, value: object) -> None:
    path = save({**WEIGHTS, "odd": value}, tmp_path / "a.pth")
    refuse(path, r"holds 1 entries that are no plain tensors: odd \(a \w")


def test_quantised_tensor_is_refused(tmp_path: Path) -> None:
    call = b"ctorch._utils\n_rebuild_qtensor\n(" + storage_reference("0", count=1, kind="QInt8Storage") + b"K\x00))tR"
    path = write_pickle(tmp_path / "a.pth", b"\x80\x02}X\x01\x00\x00\x00a" + call + b"s.", zipped=True)
    refuse(path, "without weights")


def tensor_of(shape: bytes, strides: bytes, offset: bytes = b"K\x00") -> bytes:
    """A pickled state dict of one tensor, over a storage that is said to have 4 TB."""
    call = b"ctorch._utils\n_rebuild_tensor_v2\n(" + storage_reference("0", count=2**40) + offset + shape + strides
    return b"\x80\x02}X\x01\x00\x00\x00a" + call + b"\x89}tRs."


@pytest.mark.parametrize(
    ("shape", "strides", "offset"),
    [
        (b"J\xff\xff\xff\x7fJ\xff\xff\xff\x7f\x86", b"K\x01K\x01\x86", b"K\x00"),  # more values than there are
        (b"K\x02\x85", b"K\x01\x85", b"K\x00"),
        (b"K\x01\x85", b"K\x01\x85", b"K\x01"),
        (b"J\xff\xff\xff\xff\x85", b"K\x01\x85", b"K\x00"),  # -1
        (b"K\x01\x85", b"J\xff\xff\xff\xff\x85", b"K\x00"),
        (b"K\x01\x85", b"K\x01\x85", b"J\xff\xff\xff\xff"),
        (b"K\x01\x85", b")", b"K\x00"),
        (b"N", b"N", b"N"),
        (b"(" + b"K\x01" * 9 + b"t", b"(" + b"K\x01" * 9 + b"t", b"K\x00"),  # nine dimensions
        (b"\x8a\x09" + b"\xff" * 8 + b"\x00\x85", b"K\x00\x85", b"K\x00"),  # 2 ** 64 - 1
    ],
)
def test_tensor_beyond_its_values_is_refused(tmp_path: Path, shape: bytes, strides: bytes, offset: bytes) -> None:
    data = tensor_of(shape, strides, offset)
    refuse(write_zip(tmp_path / "a.pth", {"data.pkl": data, "data/0": b"\x00" * 4}), "is damaged: a tensor")


def test_truth_values_for_numbers_are_refused_or_harmless(tmp_path: Path) -> None:
    data = tensor_of(b"\x88\x88\x86", b"\x88\x88\x86", b"\x89")
    path = write_zip(tmp_path / "a.pth", {"data.pkl": data, "data/0": b"\x00" * 4})
    assert read_state_dict(path)["a"].shape == (1, 1)


def test_expanded_tensor_takes_no_memory(tmp_path: Path) -> None:
    data = tensor_of(b"J\xff\xff\xff\x07J\xff\xff\xff\x07\x86", b"K\x00K\x00\x86")
    path = write_zip(tmp_path / "a.pth", {"data.pkl": data, "data/0": b"\x00" * 4})
    assert read_state_dict(path)["a"].shape == (2**27 - 1, 2**27 - 1)


def test_legacy_storage_beyond_the_file_is_refused(tmp_path: Path) -> None:
    data = tensor_of(b"K\x01\x85", b"K\x01\x85")
    for count in (2**60, -(2**60), 2):
        path = write_pickle(tmp_path / "a.pth", data, zipped=False, keys=["0"])
        with path.open("ab") as file:
            file.write(struct.pack("<q", count) + b"\x00" * 4)
        refuse(path, "is damaged")


def test_archive_that_unpacks_to_more_is_refused(tmp_path: Path) -> None:
    bomb = {"data.pkl": pickle.dumps({}, 2), "data/0": bytes(50 << 20)}
    refuse(write_zip(tmp_path / "a.pth", bomb, compression=zipfile.ZIP_DEFLATED), "unpacks to more than its size")


def test_archive_that_promises_more_is_refused_without_memory(tmp_path: Path) -> None:
    path = save(WEIGHTS, tmp_path / "a.pth")
    data = bytearray(path.read_bytes())
    entry = data.rindex(b"PK\x01\x02")
    data[entry + 20 : entry + 28] = struct.pack("<2I", 2**31, 2**31)  # sizes of the last entry, packed and not
    path.write_bytes(data)
    tracemalloc.start()
    refuse(path, "unpacks to more than its size")
    assert tracemalloc.get_traced_memory()[1] < 10e6
    tracemalloc.stop()


def test_archive_with_a_huge_directory_is_refused_without_memory(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "a.pth", {f"{i:0200d}": b"" for i in range(10_000)} | {"data.pkl": b"."})
    tracemalloc.start()
    refuse(path, "bytes read at once")
    assert tracemalloc.get_traced_memory()[1] < 10e6
    tracemalloc.stop()


def test_archive_with_too_many_or_equal_names_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with zipfile.ZipFile(tmp_path / "a.pth", "w") as archive:
        archive.writestr("archive/data.pkl", b"\x80\x02}.")
        with pytest.warns(UserWarning, match="Duplicate name"):
            archive.writestr("archive/data.pkl", b"\x80\x02}.")
    refuse(tmp_path / "a.pth", "holds 2 entries of 1 names")
    monkeypatch.setattr(torch_files, "MAX_ENTRIES", 3)
    refuse(save(WEIGHTS, tmp_path / "b.pth"), "entries of")


@pytest.mark.parametrize(
    "entries", [{"a": b""}, {"data.pkl": b"", "x/data.pkl": b""}, {"byteorder": b"big", "data.pkl": b"."}]
)
def test_archive_of_another_kind_is_refused(tmp_path: Path, entries: dict[str, bytes]) -> None:
    refuse(write_zip(tmp_path / "a.pth", entries))


def test_broken_values_are_refused(tmp_path: Path) -> None:
    path = save(WEIGHTS, tmp_path / "a.pth")
    data = bytearray(path.read_bytes())
    data[data.index(struct.pack("<2f", 22, 23))] ^= 1
    path.write_bytes(data)
    refuse(path, r"is damaged: 'data/0' in it is missing or broken")


def test_very_large_file_is_refused_at_once(tmp_path: Path) -> None:
    for size, told in ((state_dicts.MAX_BYTES + 1, "2,147,483,649 bytes, more than"), (2 << 30, "damaged")):
        with (tmp_path / "a.pth").open("wb") as file:
            file.truncate(size)  # takes no place on the disk
        refuse(tmp_path / "a.pth", told)


@pytest.mark.parametrize(
    "content",
    [
        b"]" * 100_000 + b"a" * 99_999,  # lists in lists
        b")" + b"\x85" * 100_000,  # tuples in tuples
        b"})" + b"\x85" * 100_000 + b"Ns",  # as a key: to hash it overflows the stack
        b"}" + b"comegaconf\nA\n)R" + b"\x85comegaconf\nA\nq\x000h\x00" * 20_000 + b"Ns",
        b"}q\x00X\x0a\x00\x00\x00state_dicth\x00s",  # a dict in itself
        b"]q\x00h\x00a",  # a list in itself
        b"}X\x01\x00\x00\x00a" + b"ctorch._utils\n_rebuild_parameter\n(" * 5_000 + b"N" + b"tR" * 5_000 + b"s",
    ],
)
def test_nested_and_cyclic_content_is_refused(tmp_path: Path, zipped: bool, content: bytes) -> None:
    refuse(write_pickle(tmp_path / "a.pth", b"\x80\x02" + content + b".", zipped=zipped))


@pytest.mark.parametrize(
    "content",
    [
        b"X\xff\xff\xff\xff",  # texts of a length that is not there
        b"\x8d" + b"\xff" * 8,
        b"T\xff\xff\xff\xff",
        b"\x8b\xff\xff\xff\x7f",
        b"\x8a\xff" + b"\x01" * 255 + b".",  # a number too large for anything
        b"h\x00.",  # never remembered
        b"R.",
        b"t.",
        b"NNR.",
        b"(NN.",
        b"}(Nu.",
        b"I1\n.",  # protocol 0
        b"\x82\x01.",  # an extension registry
        b"c" + b"a" * 300 + b"\nb\n.",
        b"",
    ],
)
def test_broken_pickle_is_refused(tmp_path: Path, zipped: bool, content: bytes) -> None:
    refuse(write_pickle(tmp_path / "a.pth", b"\x80\x02" + content, zipped=zipped), "is damaged|without weights")


def test_endless_pickle_is_refused(tmp_path: Path, zipped: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pickles, "MAX_STEPS", 1000)
    path = write_pickle(tmp_path / "a.pth", b"\x80\x02" + b"N0" * 1000 + b".", zipped=zipped)
    refuse(path, "a pickle of over 1,000 instructions")


def test_dict_of_one_list_is_made_once() -> None:
    """Each call is one instruction; thousands of them on one long list would take minutes."""
    items = b"](" + b"X\x01\x00\x00\x00aN\x86" + b"eq\x00"
    twice = b"0(" + b"ccollections\nOrderedDict\nh\x00\x85R" * 2 + b"l."
    assert pickles.read_pickle(b"\x80\x02" + items + twice).value == [{"a": None}, {}]

"""Whatever stands in a manifest: it is read, or refused with a ManifestError; nothing else happens."""

from __future__ import annotations

import json
import math
import shutil
import string
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sdst_runtime.bundle import Bundle
from sdst_runtime.consistency import check_consistency
from sdst_runtime.errors import ManifestError
from sdst_runtime.manifest import Manifest
from tests.toy_bundle import FOLDER, toy_graphs, toy_manifest
from tests.toys import TOYS

#: Manifests of all kinds of trackers.
PLAIN: list[dict[str, Any]] = [json.loads(toy_manifest(toy_graphs(toy), toy).dumps()) for toy in TOYS.values()]

SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.sampled_from([0, -1, 10**30, 10**400, 0.0, -0.0, 1e308, 1e-308, math.inf, -math.inf, math.nan]),
    st.floats(),
    st.text(max_size=20),
    st.sampled_from(["..", "/", "a\0b", "\ud800", "onnx/fp32", "float32", "kernel_dw"]),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(string.ascii_letters, max_size=8), inner, max_size=4)
    ),
    max_leaves=8,
)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Paths of all values inside a JSON value."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [place for key, item in items for place in [(*path, key), *places(item, (*path, key))]]


def read(text: str) -> Manifest | None:
    """The manifest, if it is one that a bundle may have."""
    try:
        manifest = Manifest.loads(text)
        check_consistency(manifest)
    except ManifestError:
        return None
    return manifest


@st.composite
def mutated(draw: st.DrawFn) -> str:
    """A toy's manifest with a few values replaced, removed, added or taken from elsewhere in it."""
    whole = json.loads(json.dumps(draw(st.sampled_from(PLAIN))))
    for _ in range(draw(st.integers(1, 3))):
        path = draw(st.sampled_from(places(whole)))
        at = whole
        for step in path[:-1]:
            at = at[step]
        action = draw(st.sampled_from(["replace", "remove", "add", "move"]))
        if action == "remove":
            del at[path[-1]]
        elif action == "add" and isinstance(at, dict):
            at[draw(st.text(max_size=8))] = draw(VALUES)
        elif action == "move" and places(whole):
            source = whole
            for step in draw(st.sampled_from(places(whole))):
                source = source[step]
            at[path[-1]] = json.loads(json.dumps(source))
        else:
            at[path[-1]] = draw(VALUES)
    return json.dumps(whole)


@given(mutated())
@settings(max_examples=400, deadline=None)
def test_loads_reads_or_refuses_when_values_are_changed(text: str) -> None:
    manifest = read(text)
    if manifest is not None:
        assert Manifest.loads(manifest.dumps()) == manifest


@given(VALUES.map(json.dumps) | st.text() | st.binary().map(lambda data: data.decode("latin-1")))
@settings(max_examples=200, deadline=None)
def test_loads_refuses_whatever_is_no_manifest(text: str) -> None:
    assert read(text) is None


@given(st.sampled_from(PLAIN), st.integers(min_value=0), st.integers(0, 7))
@settings(max_examples=200, deadline=None)
def test_loads_reads_or_refuses_when_a_bit_of_the_text_flips(plain: dict[str, Any], position: int, bit: int) -> None:
    data = bytearray(json.dumps(plain).encode())
    data[position % len(data)] ^= 1 << bit
    read(data.decode("latin-1"))


@given(st.sampled_from(["template", "search", "head", "tail"]), st.integers(min_value=0), st.integers(1, 255))
@settings(max_examples=60, deadline=None)
def test_open_refuses_when_a_byte_of_a_graph_changes(toy_bundle: Path, role: str, position: int, change: int) -> None:
    with TemporaryDirectory() as temporary:
        folder = shutil.copytree(toy_bundle, f"{temporary}/bundle")
        path = Path(folder) / FOLDER / f"{role}.onnx"
        data = bytearray(path.read_bytes())
        data[position % len(data)] ^= change
        path.write_bytes(bytes(data))
        with pytest.raises(ManifestError, match=f"{role}.onnx has SHA-256"):
            Bundle.open(folder)

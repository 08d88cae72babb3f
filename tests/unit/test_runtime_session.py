"""The session on ONNX Runtime: right numbers in both ways, targets that do not disturb each other, clear errors."""

from __future__ import annotations

import hashlib
import json
import shutil
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from sdst_runtime.bundle import Bundle
from sdst_runtime.errors import BackendUnavailable, ConfigError, ManifestError, SdstError
from sdst_runtime.loading import open_session
from sdst_runtime.ort_session import OrtSession
from sdst_runtime.session import Outputs
from tests.tolerances import REL_NETWORK_F32
from tests.toy_bundle import FOLDER, expected_maps

pytest.importorskip("onnxruntime", reason="graphs are run by ONNX Runtime")

Map = NDArray[np.float32]
KINDS = ("baked", "split")


def random_input(seed: int, size: int) -> Map:
    return np.random.default_rng(seed).uniform(0, 255, (1, 3, size, size)).astype(np.float32)


def template_input(seed: int) -> Map:
    return random_input(seed, 40)


def search_input(seed: int) -> Map:
    return random_input(seed + 1000, 72)


def assert_maps(outputs: Outputs, z: Map, x: Map) -> None:
    for got, expected in zip(outputs, expected_maps(z, x), strict=True):
        assert got.shape == expected.shape
        assert got.dtype == np.float32
        assert np.abs(got - expected).max() <= REL_NETWORK_F32 * np.abs(expected).max()


@pytest.fixture(params=KINDS)
def session(request: pytest.FixtureRequest, toy_bundle: Path) -> OrtSession:
    return open_session(toy_bundle, request.param)


def test_match_gives_the_maps_of_the_network(session: OrtSession) -> None:
    z, x = template_input(0), search_input(0)
    assert_maps(session.match(session.embed(z), x), z, x)


def test_match_is_head_of_search(session: OrtSession) -> None:
    z, x = template_input(0), search_input(0)
    template = session.embed(z)
    assert_maps(session.head(template, session.search(x)), z, x)


def test_match_reads_the_same_array_anew(session: OrtSession) -> None:
    template, x = session.embed(template_input(0)), search_input(0)
    session.match(template, x)
    x[:] = search_input(1)
    assert_maps(session.match(template, x), template_input(0), search_input(1))


def test_match_takes_another_array_and_the_first_again(session: OrtSession) -> None:
    template, first, second = session.embed(template_input(0)), search_input(0), search_input(1)
    for x in (first, second, first, second.copy()):
        assert_maps(session.match(template, x), template_input(0), x)


def test_embed_does_not_keep_its_input(session: OrtSession) -> None:
    z = template_input(0)
    template = session.embed(z)
    z[:] = 0
    assert_maps(session.match(template, search_input(0)), template_input(0), search_input(0))


def test_templates_share_a_session_without_disturbing_each_other(session: OrtSession) -> None:
    x = search_input(5)
    templates = {seed: session.embed(template_input(seed)) for seed in range(4)}
    templates[2].close()
    templates[4] = session.embed(template_input(4))
    for seed in (0, 3, 4, 1, 0):
        assert_maps(session.match(templates[seed], x), template_input(seed), x)


def test_size_bytes_counts_the_kernels_until_close(session: OrtSession) -> None:
    template = session.embed(template_input(0))
    assert template.size_bytes == 4 * (3 * 9 + 25 * 3)
    template.close()
    template.close()
    assert template.size_bytes == 0


def test_match_refuses_a_closed_template(session: OrtSession) -> None:
    template = session.embed(template_input(0))
    template.close()
    with pytest.raises(SdstError, match="the template is closed; call init"):
        session.match(template, search_input(0))


def test_session_refuses_all_but_close_when_closed(session: OrtSession) -> None:
    template = session.embed(template_input(0))
    features = session.search(search_input(0))
    session.close()
    session.close()
    for call in (
        lambda: session.embed(template_input(0)),
        lambda: session.search(search_input(0)),
        lambda: session.match(template, search_input(0)),
        lambda: session.head(template, features),
    ):
        with pytest.raises(SdstError, match="the session is closed; open it again"):
            call()
    template.close()


def test_head_refuses_what_belongs_to_another_session(toy_bundle: Path) -> None:
    one, other = open_session(toy_bundle), open_session(toy_bundle)
    mine, theirs = one.embed(template_input(0)), other.embed(template_input(0))
    with pytest.raises(SdstError, match="belong to another session"):
        one.match(theirs, search_input(0))
    with pytest.raises(SdstError, match="belong to another session"):
        one.head(mine, other.search(search_input(0)))


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (np.zeros((1, 3, 70, 72), np.float32), r"float32 \(1, 3, 70, 72\), the graph wants float32 \(1, 3, 72, 72\)"),
        (np.zeros((3, 72, 72), np.float32), "the graph wants"),
        (np.zeros((1, 3, 72, 72), np.float64), "search input is float64"),
        (np.zeros((1, 72, 72, 3), np.float32).transpose(0, 3, 1, 2), "not C-contiguous"),
        ([[0.0]], "search input is list"),
    ],
)
def test_match_refuses_another_input_and_works_on(session: OrtSession, x: Any, message: str) -> None:
    template, good = session.embed(template_input(0)), search_input(0)
    with pytest.raises(SdstError, match=message):
        session.match(template, x)
    with pytest.raises(SdstError, match="template input is"):
        session.embed(x)
    assert_maps(session.match(template, good), template_input(0), good)


def test_kind_is_the_default_of_the_variant_when_none_is_named(toy_bundle: Path) -> None:
    bundle = Bundle.open(toy_bundle)
    assert OrtSession(bundle).kind == "baked"
    assert open_session(bundle, "auto").kind == "baked"
    assert OrtSession(bundle, kind="split").kind == "split"


def test_open_session_takes_one_provider_by_name(toy_bundle: Path) -> None:
    open_session(toy_bundle, providers="CPUExecutionProvider").close()


def test_two_threads_give_the_same_maps(toy_bundle: Path) -> None:
    with open_session(toy_bundle, threads=2) as session:
        assert_maps(
            session.match(session.embed(template_input(0)), search_input(0)), template_input(0), search_input(0)
        )


@pytest.mark.parametrize("threads", [0, -1, 1.5, True, "2", None, 10**9])
def test_open_session_refuses_threads(toy_bundle: Path, threads: Any) -> None:
    with pytest.raises(ConfigError, match=r"threads is .*, expected a whole number"):
        open_session(toy_bundle, threads=threads)


def test_open_session_refuses_an_unknown_kind_variant_or_provider(toy_bundle: Path) -> None:
    with pytest.raises(ConfigError, match="session is 'fast', expected one of auto, baked, split"):
        open_session(toy_bundle, "fast")  # type: ignore[arg-type]
    with pytest.raises(ManifestError, match="no variant 'onnx/int8'"):
        open_session(toy_bundle, variant="onnx/int8")
    with pytest.raises(BackendUnavailable, match=r"has no NoSuchProvider; it has .*CPUExecutionProvider"):
        open_session(toy_bundle, providers=("CPUExecutionProvider", "NoSuchProvider"))
    with pytest.raises(ConfigError, match="providers is empty"):
        open_session(toy_bundle, providers=())


def test_open_session_names_the_package_when_onnx_runtime_is_missing(
    toy_bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(BackendUnavailable, match="pip install onnxruntime"):
        open_session(toy_bundle)


def test_open_session_names_the_graph_that_a_kind_lacks(toy_bundle: Path, tmp_path: Path) -> None:
    folder = replaced(toy_bundle, tmp_path, lambda graphs: graphs.pop("tail"))
    with pytest.raises(ManifestError, match="no tail graph, which a split session runs; use the variant's own kind"):
        open_session(folder, "split")


def damage(role: str, data: bytes) -> Any:
    """A change of the manifest after which a damaged graph passes its checks, as if it had been exported so."""

    def change(graphs: dict[str, Any]) -> bytes:
        graphs[role].update(size_bytes=len(data), sha256=hashlib.sha256(data).hexdigest())
        return data

    return change


def replaced(toy_bundle: Path, tmp_path: Path, change: Any, role: str = "") -> Path:
    folder = Path(shutil.copytree(toy_bundle, tmp_path / "copy"))
    manifest = json.loads((folder / "manifest.json").read_text())
    data = change(manifest["variants"][FOLDER]["graphs"])
    if role:
        (folder / FOLDER / f"{role}.onnx").write_bytes(data)
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return folder


@pytest.mark.parametrize("role", ["template", "search", "tail"])
def test_open_session_refuses_a_damaged_graph(
    toy_bundle: Path, tmp_path: Path, role: str, capfd: pytest.CaptureFixture[str]
) -> None:
    folder = replaced(toy_bundle, tmp_path, damage(role, b"\x08\x08 no graph at all"), role)
    with pytest.raises(ManifestError, match=rf"cannot load onnx/fp32/{role}.onnx: .*; export the bundle again"):
        open_session(folder, "split")
    captured = capfd.readouterr()
    assert (captured.out, captured.err) == ("", "")


def test_open_session_refuses_a_damaged_head_before_the_first_target(toy_bundle: Path, tmp_path: Path) -> None:
    data = bytearray((toy_bundle / FOLDER / "head.onnx").read_bytes())
    data[:40] = bytes(40)
    folder = replaced(toy_bundle, tmp_path, damage("head", bytes(data)), "head")
    with pytest.raises(ManifestError, match=r"cannot load onnx/fp32/head.onnx"):
        open_session(folder, "baked")


def test_open_session_refuses_a_graph_that_is_not_what_the_manifest_says(toy_bundle: Path, tmp_path: Path) -> None:
    def rename(graphs: dict[str, Any]) -> None:
        graphs["search"]["inputs"][0]["name"] = "picture"

    with pytest.raises(ManifestError, match=r"search.onnx: inputs are .*'x'.*, the manifest says .*'picture'"):
        open_session(replaced(toy_bundle, tmp_path, rename))

"""What the exporter writes for TensorRT, run by its session on the stand-in: graphs, names and shapes go together."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sdst_edge.models import registry, save_checkpoint
from sdst_export import ExportOptions, export_bundle
from sdst_runtime.bundle import Bundle
from sdst_runtime.consistency import search_configs
from sdst_runtime.loading import load, open_session
from sdst_runtime.manifest import Provenance
from sdst_runtime.ort_session import OrtSession
from sdst_runtime.tensorrt import TensorRTSession
from sdst_runtime.tensorrt.pieces import FORMS
from tests.parity.onnx_bundle import relative_error
from tests.parity.toy_networks import BUILDERS, toy
from tests.tensorrt_workplace import Workplace
from tests.tolerances import REL_NETWORK_F32, REL_TOY_FP16
from tests.toy_bundle import bright_frame

TOYS = ("toy-response", "toy-small", "toy-mask")


@pytest.fixture(scope="module")
def export(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Bundle]]:
    """From a toy network to its bundle for TensorRT, exported once; the toys are families meanwhile."""
    folder = tmp_path_factory.mktemp("toys")
    done: dict[str, Bundle] = {}

    def bundle(name: str) -> Bundle:
        if name not in done:
            save_checkpoint(toy(name), folder / f"{name}.safetensors", Provenance(source="random weights"))
            options = ExportOptions(precisions=("fp32", "fp16"), engines=("tensorrt",))
            export_bundle(folder / f"{name}.safetensors", folder / name, options)
            done[name] = Bundle.open(folder / name)
        return done[name]

    with pytest.MonkeyPatch.context() as patch:
        for name, builder in BUILDERS.items():
            patch.setitem(registry._FAMILIES, name, registry.Family(name=name, title=name, builder=builder))
        yield bundle


@pytest.mark.parametrize("name", TOYS)
@pytest.mark.parametrize("variant", ["onnx/fp32", "onnx/fp16"])
def test_every_form_gives_the_maps_of_onnx_runtime(
    name: str, variant: str, export: Callable[[str], Bundle], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundle = export(name)
    pixels = np.random.default_rng(0)
    config = bundle.manifest.tracker
    z = pixels.standard_normal(config.template_shape, np.float32)
    limit = REL_NETWORK_F32 if variant == "onnx/fp32" else REL_TOY_FP16
    for i, form in enumerate(FORMS):
        work = Workplace.install(monkeypatch)
        work.fake.unreadable = _Refusing(bundle, FORMS[:i])
        with (
            work.open(bundle.path, variant=variant, cache=tmp_path / form) as session,
            OrtSession(bundle, kind="split", variant=variant) as reference,
        ):
            assert set(session.engines.correlation.values()) == {form}
            template, wanted = session.embed(z), reference.embed(z)
            for each in search_configs(config):
                x = pixels.standard_normal(each.search_shape, np.float32)
                for got, want in zip(session.match(template, x), reference.match(wanted, x), strict=True):
                    assert relative_error(got, want) <= limit
        assert not work.gpu.live


class _Refusing:
    """Refuses graphs of some forms of the correlations, which are told by their bytes."""

    def __init__(self, bundle: Bundle, forms: tuple[str, ...]) -> None:
        self._refused = {
            bundle.graph_bytes(name, role)
            for name, variant in bundle.manifest.variants.items()
            for role in variant.graphs
            if role.startswith("correlate") and role.endswith(forms or ("nothing",))
        }

    def __call__(self, model: Any) -> str | None:
        return "not this form" if model.SerializeToString() in self._refused else None


def test_opened_by_its_variant_it_is_tensorrts(
    export: Callable[[str], Bundle], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SDST_ENGINES", str(tmp_path))
    Workplace.install(monkeypatch)
    bundle = export("toy-small")
    told: list[str] = []
    with open_session(bundle, on_build=lambda share, what: told.append(what)) as session:
        assert isinstance(session, TensorRTSession)
    assert told[-1] == "engines built"
    with load(bundle) as tracker:
        tracker.init(bright_frame((80.0, 60.0)), (70, 50, 20, 20))
        assert len(tracker.update(bright_frame((82.0, 61.0))).box_xywh) == 4

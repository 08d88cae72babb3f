"""The torch session: same numbers as the network, and the manners that the Session protocol asks for."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from sdst_edge.models import TorchSession, build
from sdst_runtime.errors import ConfigError, SdstError
from sdst_runtime.session import MaskSession, Session
from tests.parity.toy_networks import TOYS, toy
from tests.tolerances import REL_NETWORK_F32

Z = np.random.default_rng(0).normal(size=(1, 3, 128, 128)).astype(np.float32)
X = np.random.default_rng(1).normal(size=(1, 3, 224, 224)).astype(np.float32)


@pytest.fixture
def session() -> TorchSession:
    torch.manual_seed(0)
    return TorchSession(build("sdst-nano-s", width=0.5))


def test_match_returns_what_the_network_computes() -> None:
    torch.manual_seed(0)
    model = build("sdst-nano-s", width=0.5)
    session: Session = TorchSession(model)
    outputs = session.match(session.embed(Z), X)
    with torch.inference_mode():
        expected = model.eval()(torch.from_numpy(Z), torch.from_numpy(X))
    for got, want in zip(outputs, expected, strict=True):
        assert got.dtype == np.float32
        assert got.flags.c_contiguous
        assert np.abs(got - want.numpy()).max() <= REL_NETWORK_F32 * np.abs(want.numpy()).max()


def test_one_session_serves_two_templates(session: TorchSession) -> None:
    first, second = session.embed(Z), session.embed(Z[:, :, ::-1].copy())
    before = session.match(first, X)
    other = session.match(second, X)
    again = session.match(first, X)
    for a, b, c in zip(before, again, other, strict=True):
        assert np.array_equal(a, b)
        assert not np.array_equal(a, c)


def test_match_raises_when_template_was_closed(session: TorchSession) -> None:
    template = session.embed(Z)
    assert template.size_bytes > 0
    template.close()
    template.close()
    assert template.size_bytes == 0
    with pytest.raises(SdstError, match="template was closed"):
        session.match(template, X)


def test_session_raises_when_closed(session: TorchSession) -> None:
    session.close()
    session.close()
    with pytest.raises(SdstError, match="session was closed"):
        session.embed(Z)


@pytest.mark.parametrize("z", [X, Z[0], Z.astype(np.float64)])
def test_embed_raises_when_input_has_another_shape_or_type(session: TorchSession, z: np.ndarray) -> None:
    with pytest.raises(SdstError, match=r"expected float32 \(1, 3, 128, 128\)"):
        session.embed(z)


def pixels(shape: tuple[int, ...], seed: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


@pytest.mark.parametrize("name", TOYS)
def test_match_returns_the_maps_of_the_configuration(name: str) -> None:
    model = toy(name)
    session = TorchSession(model)
    template = session.embed(pixels(model.config.template_shape, 0))
    for config in filter(None, (model.config, model.config.for_small_target())):
        maps = session.match(template, pixels(config.search_shape, 1))
        assert [item.shape for item in maps] == list(config.outputs.values())
        assert all(item.dtype == np.float32 and item.std() > 0 for item in maps)


def test_match_raises_when_input_has_neither_search_size() -> None:
    session = TorchSession(toy("toy-small"))
    template = session.embed(pixels((1, 3, 32, 32), 0))
    with pytest.raises(SdstError, match=r"expected float32 \(1, 3, 64, 64\) or \(1, 3, 80, 80\)"):
        session.match(template, pixels((1, 3, 72, 72), 1))


def test_segment_returns_the_mask_of_a_cell_in_the_last_match() -> None:
    model = toy("toy-mask")
    session: MaskSession = TorchSession(model)
    z, x = pixels((1, 3, 32, 32), 0), pixels((1, 3, 64, 64), 1)
    template = session.embed(z)
    session.match(template, pixels((1, 3, 64, 64), 2))
    session.match(template, x)
    with torch.inference_mode():
        branches = model.template(torch.from_numpy(z)), model.search(torch.from_numpy(x))
        want = model.segment(*branches, torch.tensor([3, 9])).numpy()
    got = session.segment(template, (3, 9))
    assert got.flags.c_contiguous
    assert np.array_equal(got, want)
    assert not np.array_equal(session.segment(template, (9, 3)), want)


def test_segment_raises_when_another_template_was_matched_last() -> None:
    session = TorchSession(toy("toy-mask"))
    first, second = session.embed(pixels((1, 3, 32, 32), 0)), session.embed(pixels((1, 3, 32, 32), 1))
    with pytest.raises(SdstError, match="or there was none; call match"):
        session.segment(first, (0, 0))
    session.match(first, pixels((1, 3, 64, 64), 2))
    with pytest.raises(SdstError, match="the last match was of another template"):
        session.segment(second, (0, 0))


def test_segment_raises_when_network_has_no_mask_branch(session: TorchSession) -> None:
    template = session.embed(Z)
    session.match(template, X)
    with pytest.raises(ConfigError, match="sdst-nano-s has no mask branch"):
        session.segment(template, (0, 0))

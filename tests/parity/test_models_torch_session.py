"""The torch session: same numbers as the network, and the manners that the Session protocol asks for."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from sdst_edge.models import TorchSession, build
from sdst_runtime.errors import SdstError
from sdst_runtime.session import Session
from tests.tolerances import REL_NETWORK_F32

Z = np.random.default_rng(0).normal(size=(1, 3, 128, 128)).astype(np.float32)
X = np.random.default_rng(1).normal(size=(1, 3, 256, 256)).astype(np.float32)


@pytest.fixture
def session() -> TorchSession:
    torch.manual_seed(0)
    return TorchSession(build("sdst-nano", width=0.5))


def test_match_returns_what_the_network_computes() -> None:
    torch.manual_seed(0)
    model = build("sdst-nano", width=0.5)
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

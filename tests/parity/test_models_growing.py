"""Growing: the larger network answers as the smaller one did, and its copies can learn to differ."""

from __future__ import annotations

import copy

import pytest
import torch

from sdst_edge.models import SiameseModel, build
from sdst_edge.models.composed import ComposedTracker
from sdst_edge.models.growing import grow
from sdst_edge.models.repconv import RepConv
from sdst_runtime.errors import ConfigError
from tests.parity.test_models_sdst_nano import with_random_statistics
from tests.tolerances import REL_NETWORK_F32

SMALL = {"width": 0.5, "depth": 0.5}


def small_one(family: str = "sdst-nano-s", **options: float) -> SiameseModel:
    torch.manual_seed(0)
    model = build(family, **(SMALL | options))
    with_random_statistics(model)
    return model.eval()


def answers(model: SiameseModel) -> tuple[torch.Tensor, ...]:
    generator = torch.Generator().manual_seed(3)
    z, x = (torch.randn(2, 3, side, side, generator=generator) for side in (128, 224))
    with torch.inference_mode():
        return tuple(model(z, x))


@pytest.mark.parametrize(
    ("family", "options"),
    [
        ("sdst-nano-s", {}),
        ("sdst-nano-s", {"width": 1.0}),
        ("sdst-nano-s", {"width": 0.75}),
        ("sdst-nano-s", {"depth": 2.0}),
        ("sdst-nano-m", {"width": 1.25, "depth": 3.0}),
        ("sdst-nano-l", {"depth": 1.0}),
    ],
)
def test_a_grown_network_answers_as_before(family: str, options: dict[str, float]) -> None:
    small, large = small_one("sdst-nano-s"), build(family, **(SMALL | options)).eval()
    before = copy.deepcopy(small.state_dict())
    grow(small, large)
    for ours, theirs in zip(answers(large), answers(small), strict=True):
        assert theirs.std() > 0
        assert float((ours - theirs).abs().max() / theirs.abs().max()) <= REL_NETWORK_F32
    assert all(torch.equal(value, before[key]) for key, value in small.state_dict().items())


def test_copies_of_a_channel_learn_to_differ() -> None:
    large = build("sdst-nano-s", width=1.0, depth=0.5)
    assert isinstance(large, ComposedTracker)
    grow(small_one(), large)
    first = large.get_parameter("trunk.0.conv.weight")
    assert torch.equal(first[:8], first[8:])
    large.train()
    score, ltrb = large(torch.randn(2, 3, 128, 128), torch.randn(2, 3, 224, 224))
    (score.mean() + ltrb.log().mean()).backward()
    assert first.grad is not None
    assert not torch.allclose(first.grad[:8], first.grad[8:])


def test_a_new_layer_is_about_the_identity_while_training_and_learns() -> None:
    torch.manual_seed(0)
    before, new = RepConv(8, 8), RepConv(8, 8)
    new.become_identity(before)
    x = before(torch.randn(16, 8, 14, 14))
    y = new(x)
    assert float((y - x).detach().abs().mean() / x.detach().abs().mean()) < 0.2
    y.square().mean().backward()
    gradient = new.get_parameter("square.norm.weight").grad
    assert gradient is not None
    assert gradient.abs().max() > 0


@pytest.mark.parametrize(
    ("small", "large", "message"),
    [
        ("sdst-nano-s", build("sdst-nano-s", width=0.25), "of 8 channels in the place of 16"),
        ("sdst-nano-s", build("sdst-nano-s", depth=0.5), "with fewer layers"),
        ("sdst-nano-s", build("nanotrack-v3"), "cannot be grown to one"),
        ("nanotrack-v3", build("nanotrack-v3"), "cannot be grown to one"),
    ],
)
def test_what_cannot_be_grown_is_told(small: str, large: SiameseModel, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        grow(build(small), large)

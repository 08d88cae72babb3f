"""Sources that nobody annotated: which pairs say so, on every way to the network, and what a recipe needs for them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch

from sdst_edge.models import build
from sdst_edge.training.losses.term import Term
from sdst_edge.training.pairs.loader import PairLoader
from sdst_edge.training.pairs.sampling import Draw, Sampler
from sdst_edge.training.pairs.sources import open_sources
from sdst_edge.training.recipe import (
    Distillation,
    Loading,
    ModelSpec,
    Peer,
    Recipe,
    RenderedPool,
    Source,
    TeacherSpec,
    load_recipe,
)
from sdst_runtime.errors import ConfigError
from tests.pair_recipes import recipe_of

SPEC = TeacherSpec(checkpoint="unused.safetensors")
POOL = Source(rendered=RenderedPool(clips=3, frames=2, frame_step=20, size_wh=(128, 96), distractors=1))
SHARES: dict[str, Any] = {
    "negative_share": 0.4,
    "distractor_share": 0.3,
    "attributes": ("POC", "LR"),
    "attribute_share": 0.5,
    "simulation_share": 0.5,
}
COUNT = 400


@pytest.fixture
def recipe(tmp_path: Path) -> Recipe:
    """Of rendered clips, and of photos."""
    random = np.random.default_rng(0)
    for number in range(4):
        picture = random.integers(0, 256, size=(96, 128, 3), dtype=np.uint8)
        assert cv2.imwrite(str(tmp_path / f"{number}.png"), picture)
    return with_sources(POOL, Source(path=str(tmp_path), layout="photos"))


def with_sources(*sources: Source) -> Recipe:
    plain = recipe_of(POOL, **SHARES)
    data = replace(plain.data, sources=sources)
    return replace(plain, data=data, distillation=Distillation(general=(SPEC,)))


def places(draw: Draw) -> tuple[int, int]:
    """Numbers of the sources of template and search region."""
    return draw.template.source, draw.search.source


# --- pairs


def test_the_layout_says_whether_a_source_is_annotated() -> None:
    assert not Source(path="x", layout="photos").annotated
    assert all(Source(path="x", layout=layout).annotated for layout in ("auto", "pictures", "coco", "got10k", "none"))
    assert POOL.annotated


def test_pairs_with_either_side_from_photos_are_not_annotated(recipe: Recipe) -> None:
    drawn = Sampler(recipe, open_sources(recipe.data)).draws(0, COUNT)
    kinds = {(places(draw), draw.positive) for draw in drawn}
    assert kinds == {((0, 0), True), ((1, 1), True), *(((z, x), False) for z in (0, 1) for x in (0, 1))}
    assert all(draw.annotated == (places(draw) == (0, 0)) for draw in drawn)
    assert all(draw.template.box_xywh == draw.search.box_xywh for draw in drawn if draw.positive and 1 in places(draw))
    shown = [(draw.template.clip // 4, draw.search.clip // 4) for draw in drawn if places(draw) == (1, 1)]
    assert {one == other for one, other in shown} == {False, True}
    negative = [draw for draw in drawn if places(draw) == (1, 1) and not draw.positive]
    assert all(draw.template.clip // 4 != draw.search.clip // 4 for draw in negative)  # of two photos


def test_what_is_drawn_does_not_depend_on_the_annotation(recipe: Recipe) -> None:
    sources = open_sources(recipe.data)
    others = replace(sources, items=tuple(replace(item, annotated=True) for item in sources.items))
    drawn, wanted = (Sampler(recipe, each).draws(0, COUNT) for each in (sources, others))
    assert [replace(draw, annotated=True) for draw in drawn] == wanted
    assert all(draw.annotated for draw in wanted)


@pytest.mark.parametrize("workers", [0, 1])
@pytest.mark.parametrize("augment_on", ["workers", "device"])
def test_batches_say_which_pairs_are_annotated(recipe: Recipe, workers: int, augment_on: Any) -> None:
    recipe = replace(recipe, loading=Loading(workers=workers, ahead=1, augment_on=augment_on))
    drawn = Sampler(recipe, open_sources(recipe.data)).draws(0, 24)
    with PairLoader(recipe, (build("sdst-nano-s").config,), batch_size=12) as loader:
        batches = [next(loader) for _ in range(2)]
    assert torch.cat([batch.annotated for batch in batches]).tolist() == [draw.annotated for draw in drawn]
    assert {draw.annotated for draw in drawn} == {False, True}
    assert all(batch.annotated.dtype == torch.bool for batch in batches)


def test_a_loss_among_some_pairs_concerns_no_other_even_where_it_is_not_finite() -> None:
    total = torch.tensor([1.0, torch.nan, 3.0], requires_grad=True)
    term = Term(total, torch.tensor([1.0, 5.0, 2.0]), 7.0)
    some = term.among(torch.tensor([True, False, True]))
    assert (some.total.tolist(), some.weight.tolist(), some.factor) == ([1.0, 0.0, 3.0], [1.0, 0.0, 2.0], 7.0)
    assert some.mean().item() == pytest.approx(4 / 3)
    (gradient,) = torch.autograd.grad(some.mean(), total)
    assert gradient[1] == 0
    assert term.among(torch.zeros(3, dtype=torch.bool)).mean() == 0


# --- recipes

PHOTOS = Source(path="photos", layout="photos")


@pytest.mark.parametrize(
    "table",
    [
        None,
        Distillation(),
        Distillation(peer=Peer(model=ModelSpec(family="sdst-nano-s"))),
        Distillation(general=(SPEC,), general_weight=0.0),
        Distillation(specialised={"LR": SPEC}),  # the gate has no annotation to judge by
        Distillation(specialised={"LR": SPEC}, gate=False, specialised_weight=0.0),
    ],
)
def test_photos_without_a_teacher_are_an_error(table: Distillation | None) -> None:
    taught = with_sources(POOL, PHOTOS)
    with pytest.raises(ConfigError, match=r"^recipe: data\.sources\[1\], photos, is not annotated .layout photos."):
        replace(taught, distillation=table)
    assert replace(with_sources(POOL), distillation=table).data.sources == (POOL,)


@pytest.mark.parametrize("table", [{"general": (SPEC,)}, {"specialised": {"LR": SPEC}, "gate": False}])
def test_photos_with_a_teacher_are_a_recipe(table: dict[str, Any]) -> None:
    recipe = replace(with_sources(PHOTOS), distillation=Distillation(**table))
    assert not recipe.data.sources[0].annotated


def test_a_file_names_photos_by_their_layout(tmp_path: Path) -> None:
    path = tmp_path / "student.toml"
    text = (
        '[model]\nfamily = "sdst-nano-s"\n[optimization]\nsteps = 1\n[[data.sources]]\npath = "x"\nlayout = "photos"\n'
    )
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=r"name one in distillation\.general, or leave the source out"):
        load_recipe(path)
    path.write_text(text + '[[distillation.general]]\nfamily = "nanotrack-v3"\nonnx = "a.onnx"\n', encoding="utf-8")
    assert not load_recipe(path).data.sources[0].annotated

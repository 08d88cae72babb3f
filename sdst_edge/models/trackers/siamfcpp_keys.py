"""Where each module of a video_analyst checkpoint of SiamFC++ goes in ours.

Original names: r is regression, c classification; z_k is the template, x the search region.
"""

from __future__ import annotations

from sdst_edge.models.key_mapping import Modules
from sdst_edge.models.trunks.alexnet_keys import alexnet_keys
from sdst_edge.models.trunks.googlenet_keys import googlenet_keys

__all__ = ["ALEXNET", "GOOGLENET"]


def _conv_norm(original: str, ours: str, *, norm: bool = True) -> Modules:
    modules: Modules = {f"{original}.conv": f"{ours}.conv"}
    return {**modules, f"{original}.bn": f"{ours}.norm"} if norm else modules


def _head(norms: tuple[bool, ...]) -> Modules:
    """Matchers, towers and predictions; ``norms`` says which layers of a tower have a batch norm."""
    modules: Modules = {"head.si": "branches.ltrb.transform.scale", "head.bi": "branches.ltrb.transform.bias"}
    for short, tower, ours in (("c", "cls", "score"), ("r", "bbox", "ltrb")):
        modules |= _conv_norm(f"{short}_z_k", f"matchers.{ours}.kernel")
        modules |= _conv_norm(f"{short}_x", f"matchers.{ours}.search")
        for i, norm in enumerate(norms):
            modules |= _conv_norm(f"head.{tower}_p5_conv{i + 1}", f"branches.{ours}.tower.{i}", norm=norm)
    return {
        **modules,
        **_conv_norm("head.cls_score_p5", "branches.score.predict.layers.target"),
        **_conv_norm("head.ctr_score_p5", "branches.score.predict.layers.centerness"),
        **_conv_norm("head.bbox_offsets_p5", "branches.ltrb.predict"),
    }


ALEXNET: Modules = {
    **alexnet_keys("basemodel.", [(f"conv{i}.conv", f"conv{i}.bn") for i in (1, 2, 3, 4, 5)]),
    **_head(norms=(False, False, True)),
}
GOOGLENET: Modules = {**googlenet_keys("basemodel."), **_head(norms=(False, False))}

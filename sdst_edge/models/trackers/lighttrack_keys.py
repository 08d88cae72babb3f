"""Where each module of the published LightTrack-Mobile checkpoint goes in ours.

``features.blocks.S.B`` is block B of stage S; our trunk counts blocks through all stages, behind its stem.
"""

from __future__ import annotations

from sdst_edge.models.key_mapping import Modules

__all__ = ["RELEASED"]

BLOCKS_OF_STAGES = (1, 2, 4, 4, 3)
WITHOUT_EXPANSION = {
    "conv_dw": "depthwise.conv",
    "bn1": "depthwise.norm",
    "se.conv_reduce": "excite.squeeze",
    "se.conv_expand": "excite.excite",
    "conv_pw": "project.conv",
    "bn2": "project.norm",
}
WITH_EXPANSION = {
    "conv_pw": "expand.conv",
    "bn1": "expand.norm",
    "conv_dw": "depthwise.conv",
    "bn2": "depthwise.norm",
    "se.conv_reduce": "excite.squeeze",
    "se.conv_expand": "excite.excite",
    "conv_pwl": "project.conv",
    "bn3": "project.norm",
}


def _trunk() -> Modules:
    modules: Modules = {"features.conv_stem": "trunk.0.conv", "features.bn1": "trunk.0.norm"}
    places = [(stage, block) for stage, blocks in enumerate(BLOCKS_OF_STAGES) for block in range(blocks)]
    for position, (stage, block) in enumerate(places, start=1):
        parts = WITHOUT_EXPANSION if stage == 0 else WITH_EXPANSION
        for original, ours in parts.items():
            modules[f"features.blocks.{stage}.{block}.{original}"] = f"trunk.{position}.{ours}"
    return modules


def _tower(original: str, ours: str, layers: int) -> Modules:
    modules: Modules = {}
    for i in range(layers):
        modules[f"{original}.{i}.conv1"] = f"{ours}.{i}.depthwise.conv"
        modules[f"{original}.{i}.pointwise"] = f"{ours}.{i}.pointwise.conv"
        modules[f"{original}.{i}.BN"] = f"{ours}.{i}.pointwise.norm"
    return modules


RELEASED: Modules = {
    **_trunk(),
    "neck.BN_z": "matchers.shared.kernel",
    "neck.BN_x": "matchers.shared.search",
    "feature_fusor.pw_corr.CA_layer.fc1": "matchers.shared.after.gate.squeeze",
    "feature_fusor.pw_corr.CA_layer.fc2": "matchers.shared.after.gate.excite",
    "feature_fusor.adj_layer": "matchers.shared.after.adjust",
    **_tower("head.cls_tower", "branches.score.tower", layers=6),
    **_tower("head.reg_tower", "branches.ltrb.tower", layers=8),
    "head.cls_perd.cls_pred": "branches.score.predict",
    "head.reg_pred.bbox_pred": "branches.ltrb.predict",
}

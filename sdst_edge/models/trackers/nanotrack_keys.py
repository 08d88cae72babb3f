"""Where each module of a published NanoTrack checkpoint goes in ours.

A checkpoint names a weight ``<module>.<leaf>``. The tables below map modules; leaves (``weight``, ``bias``,
``running_mean``, ``running_var``) keep their names. None marks modules that the published network declares and never
runs: an adjust layer behind the trunk. ``features.N`` is our ``trunk.N``.
"""

from __future__ import annotations

from sdst_edge.models.key_mapping import Modules

__all__ = ["V1", "V2", "V3"]


def _trunk(blocks: int) -> Modules:
    modules: Modules = {
        "backbone.features.0.0": "trunk.0.conv",
        "backbone.features.0.1": "trunk.0.norm",
        "neck.downsample.0": None,
        "neck.downsample.1": None,
    }
    without_expansion = {
        "0": "depthwise.conv",
        "1": "depthwise.norm",
        "3.fc.0": "excite.squeeze",
        "3.fc.2": "excite.excite",
        "4": "project.conv",
        "5": "project.norm",
    }
    with_expansion = {
        "0": "expand.conv",
        "1": "expand.norm",
        "3": "depthwise.conv",
        "4": "depthwise.norm",
        "5.fc.0": "excite.squeeze",
        "5.fc.2": "excite.excite",
        "7": "project.conv",
        "8": "project.norm",
    }
    for block in range(1, blocks + 1):
        parts = without_expansion if block == 1 else with_expansion
        has_excite = block not in (2, 3)
        for original, ours in parts.items():
            if has_excite or not ours.startswith("excite"):
                modules[f"backbone.features.{block}.conv.{original}"] = f"trunk.{block}.{ours}"
    return modules


def _conv_norm(original: str, ours: str) -> Modules:
    return {f"{original}.0": f"{ours}.conv", f"{original}.1": f"{ours}.norm"}


def _gate(original: str, ours: str) -> Modules:
    return {f"{original}.fc1": f"{ours}.squeeze", f"{original}.fc2": f"{ours}.excite"}


def _tower(original: str, ours: str, layers: int) -> Modules:
    """Towers of v1 and v2: depthwise, pointwise, norm, ReLU6 in one flat list."""
    modules: Modules = {}
    for i in range(layers):
        modules[f"{original}.{4 * i}"] = f"{ours}.{i}.depthwise.conv"
        modules[f"{original}.{4 * i + 1}"] = f"{ours}.{i}.pointwise.conv"
        modules[f"{original}.{4 * i + 2}"] = f"{ours}.{i}.pointwise.norm"
    return modules


def _tower_v3(original: str, ours: str) -> Modules:
    """Towers of v3: depthwise, norm, ReLU6, pointwise, norm in one flat list; ours starts with the reduction."""
    modules: Modules = {}
    for i in range(6):
        modules |= _separable(original, ours=f"{ours}.{i + 1}", first=5 * i)
    return modules


def _separable(original: str, *, ours: str, first: int) -> Modules:
    return {
        f"{original}.{first}": f"{ours}.depthwise.conv",
        f"{original}.{first + 1}": f"{ours}.depthwise.norm",
        f"{original}.{first + 3}": f"{ours}.pointwise.conv",
        f"{original}.{first + 4}": f"{ours}.pointwise.norm",
    }


def _v1() -> Modules:
    return {
        **_trunk(blocks=8),
        **_gate("ban_head.corr_pw.CA_layer", "matchers.shared.after"),
        **_tower("ban_head.cls_tower", "branches.score.tower", layers=3),
        **_tower("ban_head.bbox_tower", "branches.ltrb.tower", layers=4),
        "ban_head.cls_logits.0": "branches.score.predict",
        "ban_head.bbox_pred.0": "branches.ltrb.predict",
    }


def _v2() -> Modules:
    modules: Modules = {
        **_trunk(blocks=8),
        **_tower("ban_head.cls_pw_tower", "branches.score.tower", layers=6),
        **_tower("ban_head.bbox_pw_tower", "branches.ltrb.tower", layers=6),
        "ban_head.cls_pred.0": "branches.score.predict",
        "ban_head.bbox_pred.0": "branches.ltrb.predict",
    }
    for original, ours in (("cls", "score"), ("reg", "ltrb")):
        modules |= _gate(f"ban_head.corr_pw_{original}.CA_layer", f"matchers.{ours}.after")
        modules |= _conv_norm(f"ban_head.corr_pw_{original}.conv_kernel", f"matchers.{ours}.kernel")
        modules |= _conv_norm(f"ban_head.corr_pw_{original}.conv_search", f"matchers.{ours}.search")
    return modules


def _v3() -> Modules:
    modules: Modules = {
        **_trunk(blocks=9),
        **_tower_v3("ban_head.cls_tower", "branches.score.tower"),
        **_tower_v3("ban_head.bbox_tower", "branches.ltrb.tower"),
        "ban_head.cls_logits.0": "branches.score.predict",
        "ban_head.bbox_pred.0": "branches.ltrb.predict",
    }
    for original, ours in (("cls", "score"), ("reg", "ltrb")):
        pixelwise, depthwise = f"matchers.{ours}_pixelwise", f"matchers.{ours}_depthwise"
        modules[f"ban_head.down_{original}.0"] = f"branches.{ours}.tower.0"
        modules |= _gate(f"ban_head.corr_pw_{original}.CA_layer", f"{pixelwise}.after.gate")
        modules |= _separable(f"ban_head.corr_pw_{original}.conv", ours=f"{pixelwise}.after.shrink", first=0)
        for matcher, short in ((pixelwise, "pw"), (depthwise, "dw")):
            modules |= _conv_norm(f"ban_head.corr_{short}_{original}.conv_kernel", f"{matcher}.kernel")
            modules |= _conv_norm(f"ban_head.corr_{short}_{original}.conv_search", f"{matcher}.search")
    return modules


V1, V2, V3 = _v1(), _v2(), _v3()

"""Where each module of the published FEAR-XS checkpoint goes in ours.

The checkpoint is one of PyTorch Lightning: the reader takes off the ``model.`` before its keys. None marks what the
published network declares and never runs: stages of the trunk behind stride 16, and its classifier.
"""

from __future__ import annotations

from sdst_edge.models.key_mapping import Modules

__all__ = ["COREML_CONVOLUTIONS", "RELEASED"]

BACKBONE = "encoder.model.backbone.stages"
WITHOUT_EXPANSION = ("dw", "pwl")
WITH_EXPANSION = ("pw", "dw", "pwl")
OURS = {"pw": "expand", "dw": "depthwise", "pwl": "project"}

#: Blocks of FBNet-C with the convolutions that each has, in the order of our trunk behind its stem.
RUN = {
    "xif1_0": WITHOUT_EXPANSION,
    "xif2_0": WITH_EXPANSION,
    "xif2_2": WITHOUT_EXPANSION,
    "xif2_3": WITHOUT_EXPANSION,
    **{f"xif3_{i}": WITH_EXPANSION for i in range(4)},
    **{f"xif4_{i}": WITH_EXPANSION for i in range(8)},
}
NEVER_RUN = (*(f"xif5_{i}.{part}" for i in range(5) for part in WITH_EXPANSION), "xif6_0")


def _trunk() -> Modules:
    modules: Modules = {
        f"{BACKBONE}.xif0_0.conv": "trunk.stages.0.conv",
        f"{BACKBONE}.xif0_0.bn": "trunk.stages.0.norm",
        "encoder.model.head.conv": None,
        "neck.downsample.0": "trunk.neck.conv",
        "neck.downsample.1": "trunk.neck.norm",
    }
    for position, (block, parts) in enumerate(RUN.items(), start=1):
        for part in parts:
            ours = f"trunk.stages.{position}.{OURS[part]}"
            modules[f"{BACKBONE}.{block}.{part}.conv"] = f"{ours}.conv"
            modules[f"{BACKBONE}.{block}.{part}.bn"] = f"{ours}.norm"
    for part in NEVER_RUN:
        modules |= {f"{BACKBONE}.{part}.conv": None, f"{BACKBONE}.{part}.bn": None}
    return modules


def _layer(original: str, ours: str, first: int = 0) -> Modules:
    """A separable convolution and its norm, at two neighbouring places of a list."""
    return {
        f"{original}.{first}.depthwise": f"{ours}.depthwise.conv",
        f"{original}.{first}.pointwise": f"{ours}.pointwise.conv",
        f"{original}.{first + 1}": f"{ours}.pointwise.norm",
    }


def _head() -> Modules:
    modules: Modules = {
        "connect_model.adjust": "branches.ltrb.transform.scale",
        "connect_model.bias": "branches.ltrb.transform.bias",
    }
    for short, original, ours in (("cls", "cls", "score"), ("reg", "bbox", "ltrb")):
        modules |= _layer(f"connect_model.{short}_encode.matrix11_s", f"matchers.{ours}.search")
        modules |= _layer(f"connect_model.{short}_dw.enc", f"matchers.{ours}.after")
        for i in range(2):
            modules |= _layer(f"connect_model.{original}_tower", f"branches.{ours}.tower.{i}", first=3 * i)
        modules[f"connect_model.{original}_pred.depthwise"] = f"branches.{ours}.tower.2.conv"
        modules[f"connect_model.{original}_pred.pointwise"] = f"branches.{ours}.predict"
    return modules


def _coreml_convolutions() -> tuple[str, ...]:
    """Our convolutions in the order of the published Core ML file, which is that of their execution."""

    def layer(ours: str) -> tuple[str, str]:
        return f"{ours}.depthwise.conv", f"{ours}.pointwise.conv"

    def branch(ours: str) -> tuple[str, ...]:
        towers = (name for i in range(2) for name in layer(f"branches.{ours}.tower.{i}"))
        return *towers, f"branches.{ours}.tower.2.conv", f"branches.{ours}.predict"

    trunk = (
        f"trunk.stages.{position}.{OURS[part]}.conv"
        for position, parts in enumerate(RUN.values(), start=1)
        for part in parts
    )
    return (
        "trunk.stages.0.conv",
        *trunk,
        "trunk.neck.conv",
        *layer("matchers.score.search"),
        *layer("matchers.ltrb.search"),
        *layer("matchers.score.after"),
        *layer("matchers.ltrb.after"),
        *branch("ltrb"),
        *branch("score"),
    )


RELEASED: Modules = {**_trunk(), **_head()}
COREML_CONVOLUTIONS = _coreml_convolutions()

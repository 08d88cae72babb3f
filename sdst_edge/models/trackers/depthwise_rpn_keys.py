"""Where the modules of PySOT's depthwise correlation heads go in ours."""

from __future__ import annotations

from sdst_edge.models.key_mapping import Modules

__all__ = ["anchor_heads", "depthwise_head"]


def depthwise_head(original: str, *, matcher: str, tower: str, predict: str) -> Modules:
    """The table of one head.

    Args:
        original: such as ``rpn_head.cls``.
        matcher: ours, such as ``matchers.score``.
        tower: our 1x1 convolution behind the response, such as ``branches.score.tower``.
        predict: our last convolution.
    """
    return {
        f"{original}.conv_kernel.0": f"{matcher}.kernel.conv",
        f"{original}.conv_kernel.1": f"{matcher}.kernel.norm",
        f"{original}.conv_search.0": f"{matcher}.search.conv",
        f"{original}.conv_search.1": f"{matcher}.search.norm",
        f"{original}.head.0": f"{tower}.conv",
        f"{original}.head.1": f"{tower}.norm",
        f"{original}.head.3": predict,
    }


def anchor_heads(original: str, *, matcher: str = "matchers.{}", branch: str = "branches.{}") -> Modules:
    """The table of a pair of heads: scores and deltas.

    Args:
        original: ``rpn_head``, or one of several in it.
        matcher: ours, with braces for the name of the output.
        branch: likewise.
    """
    modules: Modules = {}
    for theirs, ours in (("cls", "score"), ("loc", "deltas")):
        place = branch.format(ours)
        modules |= depthwise_head(
            f"{original}.{theirs}",
            matcher=matcher.format(ours),
            tower=f"{place}.tower",
            predict=f"{place}.predict",
        )
    return modules

"""Whether a target can run a bundle: rules over its graphs, each with the fix, from tables of facts with sources."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sdst_export.lint.finding import Finding, Report

if TYPE_CHECKING:
    from sdst_export.targets import Target
    from sdst_runtime.bundle import Bundle

__all__ = ["Finding", "Report", "lint"]


def lint(bundle: Bundle, target: Target, *, variant: str | None = None, dla: bool = False) -> Report:
    """What keeps a target from running a bundle, or from running it well.

    Args:
        bundle: opened, so that its files are what its manifest says.
        target: that is to run it.
        variant: name; None for all that are made for the target.
        dla: whether the graphs are to run on the target's deep learning accelerator.

    Raises:
        ManifestError: there is no such variant.
        ModuleNotFoundError: onnx is not installed.
    """
    from sdst_export.lint import run

    return run.lint(bundle, target, variant=variant, dla=dla)

"""The demo: a small tracker follows an object in a clip that is rendered here, measured, with files to look at.

It is the student that comes with the package, or one that is trained from nothing first.
"""

from __future__ import annotations

from sdst_edge.workflows.demo.report import DemoReport
from sdst_edge.workflows.demo.run import CLIP_SEED, STUDENT, run_demo, run_training_demo

__all__ = ["CLIP_SEED", "STUDENT", "DemoReport", "run_demo", "run_training_demo"]

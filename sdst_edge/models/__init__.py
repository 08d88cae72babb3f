"""Tracker networks: families by name, their parts, and their checkpoints. Needs torch."""

from __future__ import annotations

from sdst_runtime.errors import BackendUnavailable

try:
    import safetensors as _safetensors  # noqa: F401
    import torch as _torch  # noqa: F401
except ImportError as error:
    raise BackendUnavailable(
        f"networks need {error.name}, which is not installed: pip install 'sdst-edge[train]'"
    ) from None

from sdst_edge.models import trackers as trackers  # registers the families
from sdst_edge.models.base import SiameseModel
from sdst_edge.models.checkpoint import Checkpoint, load_checkpoint, save_checkpoint, untrained_checkpoint
from sdst_edge.models.checkpoint_import import import_checkpoint
from sdst_edge.models.counting import MacCounts
from sdst_edge.models.detection import importable_families
from sdst_edge.models.family_facts import FamilyFacts, family_facts
from sdst_edge.models.folding import fold
from sdst_edge.models.registry import Family, build, families
from sdst_edge.models.torch_session import TorchSession

__all__ = [
    "Checkpoint",
    "Family",
    "FamilyFacts",
    "MacCounts",
    "SiameseModel",
    "TorchSession",
    "build",
    "families",
    "family_facts",
    "fold",
    "import_checkpoint",
    "importable_families",
    "load_checkpoint",
    "save_checkpoint",
    "untrained_checkpoint",
]

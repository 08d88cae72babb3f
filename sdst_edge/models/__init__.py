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

from sdst_edge.models import dasiamrpn as dasiamrpn  # registers its families, as the next lines do
from sdst_edge.models import fear as fear
from sdst_edge.models import lighttrack as lighttrack
from sdst_edge.models import nanotrack as nanotrack
from sdst_edge.models import sdst_nano as sdst_nano
from sdst_edge.models import siamfc as siamfc
from sdst_edge.models import siamfcpp as siamfcpp
from sdst_edge.models import siammask as siammask
from sdst_edge.models import siamrpn as siamrpn
from sdst_edge.models import siamrpnpp as siamrpnpp
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

"""Fixtures that several folders of tests use."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.toy_bundle import toy_bundle
from tests.toy_clip import subject

__all__ = ["nanotrack_bundles", "shared", "subject", "toy_bundle"]

# Thread pools that wait for busy cores cost more than the threads bring: networks here take milliseconds.
os.environ.setdefault("OMP_NUM_THREADS", "1")
# Tests leave nothing in the home folder: those of the index of data sets name a place of their own.
os.environ["SDST_CACHE_DIR"] = ""
# A shell without job control has what it starts in the background ignore interrupts, and so would all that tests start.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

PROJECT = Path(__file__).resolve().parents[1]
SHARED = PROJECT.parent / "shared"


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of data, weights and golden numbers beside the project; skips where it is absent."""
    if not (SHARED / "reference").is_dir():
        pytest.skip("needs ../shared (sequences, third-party weights, golden numbers), which is not here")
    return SHARED


@pytest.fixture(scope="session")
def nanotrack_bundles(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """From a family's name, such as ``nanotrack-v3``, to a bundle of its published weights, exported once."""
    from sdst_edge.models import import_checkpoint, save_checkpoint
    from sdst_export import export_bundle

    folder = tmp_path_factory.mktemp("nanotrack")

    def bundle(family: str) -> Path:
        out = folder / family
        if not out.exists():
            weights = shared / "weights" / f"{family.replace('-', '_')}.pth"
            checkpoint = folder / f"{family}.safetensors"
            imported = import_checkpoint(family, weights)
            save_checkpoint(imported.model, checkpoint, provenance=imported.provenance)
            export_bundle(checkpoint, out)
        return out

    return bundle

"""Simulation against derivation on real sequences: what was put in is found again by the definitions."""

from __future__ import annotations

from pathlib import Path

import pytest

from sdst_edge.datasets import read_got10k
from sdst_edge.datasets.attributes import derive_frames
from sdst_edge.datasets.simulation import simulate_clip


@pytest.mark.parametrize("attribute", ["SV", "ARC", "FM", "LR", "FOC", "OV"])
def test_derivation_confirms_what_was_simulated(attribute: str, shared: Path) -> None:
    sequences = read_got10k(shared / "data" / "tracking" / "val")
    assert len(sequences) == 20
    for seed, sequence in enumerate(sequences):
        simulated = simulate_clip(sequence, attribute, seed=seed)
        shown = simulated.frame_attributes[attribute]
        assert shown[1:].any()
        assert (derive_frames(simulated)[attribute] == shown).all()
        assert attribute in (simulated.attributes or ())
        gone = sequence.visible & ~simulated.visible
        assert gone.any() == (attribute in ("FOC", "OV"))

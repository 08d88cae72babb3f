"""Public names are pinned: taking one away is a decision, not an accident."""

from __future__ import annotations

import pytest

import sdst_edge
import sdst_runtime


@pytest.mark.parametrize("package", [sdst_edge, sdst_runtime])
def test_all_names_resolve(package: object) -> None:
    for name in package.__all__:  # type: ignore[attr-defined]
        assert getattr(package, name) is not None


def test_sdst_edge_offers_the_short_way() -> None:
    assert sdst_edge.__all__ == ["TrackResult", "Tracker", "load"]
    assert sdst_edge.load is sdst_runtime.load
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        _ = sdst_edge.nonsense


def test_sdst_runtime_keeps_its_names() -> None:
    kept = {
        "Bundle",
        "Manifest",
        "Session",
        "Template",
        "TrackResult",
        "Tracker",
        "TrackerConfig",
        "load",
        "open_session",
        "open_source",
        "SdstError",
        "BoxError",
        "FrameError",
        "ManifestError",
        "SourceError",
        "BackendUnavailable",
    }
    assert kept <= set(sdst_runtime.__all__)
